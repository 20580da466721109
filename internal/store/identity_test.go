package store_test

import (
	"testing"

	"latchkey/internal/store/storetest"
)

func TestIdentities_OnSQLite(t *testing.T) { storetest.Identities(t, openSQLite) }

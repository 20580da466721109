package store_test

import (
	"testing"

	"latchkey/internal/store/storetest"
)

func TestProvision_OnSQLite(t *testing.T) { storetest.Provision(t, openSQLite) }

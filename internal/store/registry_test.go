package store_test

import (
	"testing"

	"latchkey/internal/store/storetest"
)

func TestRegistry_OnSQLite(t *testing.T) { storetest.Registry(t, openSQLite) }

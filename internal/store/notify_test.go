package store_test

import (
	"testing"

	"latchkey/internal/store/storetest"
)

func TestNotify_OnSQLite(t *testing.T) { storetest.Notify(t, openSQLite) }

package store_test

import (
	"testing"

	"latchkey/internal/store/storetest"
)

func TestEngine_OnSQLite(t *testing.T) { storetest.Engine(t, openSQLite) }

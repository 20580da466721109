package store_test

import (
	"testing"

	"latchkey/internal/store/storetest"
)

func TestMigrations_OnSQLite(t *testing.T) { storetest.Migrations(t, openSQLite) }

func TestMigrations_OnPostgres(t *testing.T) { storetest.Migrations(t, openPostgres) }

package store_test

import (
	"testing"

	"latchkey/internal/store"
	"latchkey/internal/store/pgtest"
	"latchkey/internal/store/storetest"
)

func openPostgres(t *testing.T) *store.Store { return openURL(t, pgtest.Migrated(t)) }

func openURL(t testing.TB, url string) *store.Store {
	t.Helper()
	s, err := store.Open(t.Context(), store.Options{URL: url})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func TestStore_OnPostgres(t *testing.T) { storetest.Run(t, openPostgres) }

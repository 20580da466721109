package store_test

import (
	"path/filepath"
	"testing"

	"latchkey/internal/store"
	"latchkey/internal/store/storetest"
)

func TestTokens_OnSQLite(t *testing.T) {
	storetest.Tokens(t, func(t *testing.T) *store.Store {
		s, err := store.Open(t.Context(), store.Options{Path: filepath.Join(t.TempDir(), "latchkey.db")})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		})
		return s
	})
}

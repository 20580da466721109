package store_test

import (
	"path/filepath"
	"testing"

	"latchkey/internal/store"
	"latchkey/internal/store/storetest"
)

func TestSignIns_OnSQLite(t *testing.T) {
	storetest.SignIns(t, func(t *testing.T) *store.Store {
		st, err := store.Open(t.Context(), store.Options{Path: filepath.Join(t.TempDir(), "latchkey.db")})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := st.Close(); err != nil {
				t.Error(err)
			}
		})
		return st
	})
}

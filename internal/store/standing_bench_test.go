package store_test

import (
	"testing"

	"latchkey/internal/actor"
	"latchkey/internal/store"
	"latchkey/internal/store/storetest"
)

// BenchmarkInTx is the cost of an empty transaction of each kind of caller: what finding out
// who acts adds to every change.
func BenchmarkInTx(b *testing.B) {
	s := openFile(b, demoFile(b))
	pat, err := s.Text(b.Context(), `SELECT id FROM tokens WHERE kind = 'workspace' AND deleted_at IS NULL AND expires_at IS NULL LIMIT 1`)
	if err != nil {
		b.Fatal(err)
	}
	eli, err := s.Text(b.Context(), `SELECT id FROM members WHERE email = 'editor@acme.example'`)
	if err != nil {
		b.Fatal(err)
	}
	for name, by := range map[string]actor.Caller{
		"server": actor.System(""),
		"token":  {Ref: actor.Ref{Kind: actor.Token, ID: pat}},
		"member": storetest.SignIn(b, s, eli).Caller(),
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if err := s.InTx(b.Context(), by, func(*store.Tx) error { return nil }); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

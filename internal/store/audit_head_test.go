package store_test

import (
	"context"
	"crypto/ed25519"
	"database/sql"
	"errors"
	"testing"
	"time"

	"latchkey/internal/access"
	"latchkey/internal/account"
	"latchkey/internal/actor"
	"latchkey/internal/audit"
	"latchkey/internal/store"
)

func TestAuditHeads(t *testing.T) {
	for name, test := range map[string]func(*testing.T, *headBed){
		"are kept and only grow":               keepsSignedHeads,
		"are not signed for a rewritten chain": signsNoForgery,
		"stay if they lead to the next key":    prunesSignedHeads,
		"of a key end with the next one":       rotatesKeys,
	} {
		t.Run(name, func(t *testing.T) {
			engines(t, func(t *testing.T, s *store.Store) {
				b := &headBed{Store: s, t: t}
				b.organization()
				test(t, b)
			})
		})
	}
}

// headBed is a store with an organization.
type headBed struct {
	*store.Store
	t     *testing.T
	ahead time.Duration // of the service's clock
}

// organization makes one with an Admin.
func (b *headBed) organization() {
	b.t.Helper()
	b.inTx(func(ctx context.Context, tx *store.Tx) error {
		o := account.Organization{ID: "acme", Name: "Acme", Plan: access.PlanEnterprise, CreatedAt: time.UnixMilli(1)}
		return errors.Join(tx.InsertOrganization(ctx, o), tx.InsertMember(ctx, account.Member{ID: "ada", Organization: "acme",
			Email: "ada@acme.example",
			Name:  "Ada", Role: access.RoleAdmin, Status: account.Active, CreatedAt: tx.Now(), UpdatedAt: tx.Now()}, ""))
	})
}

func (b *headBed) inTx(fn func(ctx context.Context, tx *store.Tx) error) {
	b.t.Helper()
	if err := b.InTx(b.t.Context(), actor.System(""), func(tx *store.Tx) error { return fn(b.t.Context(), tx) }); err != nil {
		b.t.Fatal(err)
	}
}

// everything is the whole log, oldest first.
func (b *headBed) everything() []audit.Event {
	b.t.Helper()
	events, err := b.EventsAfter(b.t.Context(), 0, 1000)
	if err != nil {
		b.t.Fatal(err)
	}
	return events
}

// dropTriggers takes away what keeps tables from being changed, as somebody who owns them can.
func (b *headBed) dropTriggers() {
	b.t.Helper()
	statements := []string{`DROP TRIGGER IF EXISTS audit_events_no_update`,
		`DROP TRIGGER IF EXISTS audit_events_no_delete`, `DROP TRIGGER IF EXISTS audit_heads_no_delete`}
	if b.Shared() {
		statements = []string{`ALTER TABLE audit_events DISABLE TRIGGER USER`, `ALTER TABLE audit_heads DISABLE TRIGGER USER`}
		b.t.Cleanup(func() { // the next test gets the same tables
			for _, table := range []string{"audit_events", "audit_heads"} {
				if err := b.Exec(context.Background(), `ALTER TABLE `+table+` ENABLE TRIGGER USER`); err != nil {
					b.t.Error(err)
				}
			}
		})
	}
	for _, statement := range statements {
		if err := b.Exec(b.t.Context(), statement); err != nil {
			b.t.Fatal(err)
		}
	}
}

// newKey returns a key that signs heads.
func newKey(t *testing.T) audit.Key {
	t.Helper()
	k, err := audit.NewKey()
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// signing is the log with a key.
func (b *headBed) signing(k audit.Key, retention time.Duration) *audit.Service {
	return audit.New(audit.Deps{Store: store.AuditLog(b.Store), Catalogue: access.BuiltIn(), Retention: retention,
		Now: func() time.Time { return time.Now().Add(b.ahead) }, Signer: audit.NewSigner(k, nil, nil)})
}

// covered checks the signed heads with a public key.
func (b *headBed) covered(k audit.Key) (audit.Covered, error) {
	return audit.CheckHeads(b.t.Context(), b.Store, audit.Trust{Keys: []ed25519.PublicKey{k.Public()}, Required: true})
}

func (b *headBed) mustSign(s *audit.Service) {
	b.t.Helper()
	if err := s.SignHead(b.t.Context()); err != nil {
		b.t.Fatal(err)
	}
}

func keepsSignedHeads(t *testing.T, b *headBed) {
	key := newKey(t)
	s := b.signing(key, 0)
	b.mustSign(s)
	for round := 1; round <= 3; round++ {
		writeEvents(t, b.Store, 10)
		b.mustSign(s)
		b.mustSign(s)                 // without new events
		b.mustSign(b.signing(key, 0)) // nor by another node
	}
	if c, err := b.covered(key); err != nil || c.Heads != 3 || c.Unsigned != 0 || c.Last.Seq != 30 {
		t.Errorf("%+v, %v; want three heads", c, err)
	}
	writeEvents(t, b.Store, 1)
	if c, err := b.covered(key); err != nil || c.Unsigned != 1 {
		t.Errorf("with an event behind them: %+v, %v", c, err)
	}
	if c, err := b.covered(newKey(t)); err == nil {
		t.Errorf("with another key: %+v", c)
	}
	for _, statement := range []string{`DELETE FROM audit_heads WHERE seq = 20`, `DELETE FROM audit_heads`,
		`UPDATE audit_heads SET seq = 21 WHERE seq = 20`,
		`INSERT INTO audit_heads SELECT * FROM audit_heads WHERE seq = 20`} {
		if err := b.Exec(t.Context(), statement); err == nil {
			t.Errorf("%s: accepted", statement)
		}
	}
}

// forge changes an event behind the server's back and writes the chain again from there.
func (b *headBed) forge(seq int64) {
	b.t.Helper()
	b.dropTriggers()
	b.rechain(func(e *audit.Event) {
		if e.Seq == seq {
			e.ActorName = "Eve"
		}
	})
}

// rechain changes events and computes all hashes again, as somebody can who owns the tables.
func (b *headBed) rechain(change func(e *audit.Event)) {
	b.t.Helper()
	events, prev := b.everything(), audit.Genesis()
	b.inTx(func(ctx context.Context, tx *store.Tx) error {
		for _, e := range events {
			change(&e)
			e.PrevHash = prev
			e.Hash = e.Sum()
			prev = e.Hash
			if err := tx.Exec(ctx, `UPDATE audit_events SET clock_at = $1, actor_name = $2, prev_hash = $3, hash = $4 WHERE seq = $5`,
				sql.NullInt64{Int64: e.Clock.UnixMilli(), Valid: !e.Clock.IsZero()}, e.ActorName, e.PrevHash, e.Hash, e.Seq); err != nil {
				return err
			}
		}
		return tx.Exec(ctx, `UPDATE audit_head SET hash = $1`, prev)
	})
}

func signsNoForgery(t *testing.T, b *headBed) {
	key := newKey(t)
	s := b.signing(key, time.Hour)
	writeEvents(t, b.Store, 20)
	b.mustSign(s)
	b.forge(5)
	if _, err := audit.Verify(t.Context(), b, 1); err != nil {
		t.Fatalf("the chain shows it by itself: %v", err)
	}
	if c, err := b.covered(key); err == nil {
		t.Errorf("not found: %+v", c)
	}
	// Without its heads a node that has signed before still knows.
	b.inTx(func(ctx context.Context, tx *store.Tx) error { return tx.Exec(ctx, `DELETE FROM audit_heads`) })
	writeEvents(t, b.Store, 1)
	if err := s.SignHead(t.Context()); err == nil {
		t.Error("a forged chain is signed")
	}
	b.ahead = 2 * time.Hour
	if err := s.Prune(t.Context()); err == nil || len(b.everything()) != 21 {
		t.Errorf("a forged chain is pruned: %v, %d events", err, len(b.everything()))
	}
}

func prunesSignedHeads(t *testing.T, b *headBed) {
	first, second := newKey(t), newKey(t)
	s := b.signing(first, time.Hour)
	writeEvents(t, b.Store, 10)
	b.mustSign(s)
	if _, err := audit.NewSigner(first, nil, nil).Rotate(t.Context(), store.AuditLog(b.Store), second, time.Now()); err != nil {
		t.Fatal(err)
	}
	writeEvents(t, b.Store, 5)
	s = b.signing(second, time.Hour)
	b.ahead = 2 * time.Hour
	if err := s.Prune(t.Context()); err != nil {
		t.Fatal(err)
	}
	b.mustSign(s)
	heads, _, err := b.SignedHeads(t.Context(), 0, 100)
	if err != nil || len(heads) != 2 || heads[0].Next == nil || heads[1].Seq != 17 {
		t.Errorf("%d heads are left, %v: %+v", len(heads), err, heads)
	}
	for _, key := range []audit.Key{first, second} {
		if c, err := b.covered(key); err != nil || c.Unsigned != 0 || c.Last.Key != second.ID() {
			t.Errorf("after pruning: %+v, %v", c, err)
		}
	}
	b.mustSign(b.signing(second, 0)) // after a restart
}

func rotatesKeys(t *testing.T, b *headBed) {
	first, second := newKey(t), newKey(t)
	writeEvents(t, b.Store, 10)
	old := b.signing(first, 0)
	b.mustSign(old)
	h, err := audit.NewSigner(first, nil, nil).Rotate(t.Context(), store.AuditLog(b.Store), second, time.Now())
	if err != nil || h.Seq != 11 || h.Key != second.ID() {
		t.Fatalf("%+v, %v", h, err)
	}
	if log := b.everything(); log[10].Action != audit.Rotated || log[10].Target.Type != audit.TargetAuditLog {
		t.Errorf("the event is %+v", log[10])
	}
	writeEvents(t, b.Store, 1)
	if err := old.SignHead(t.Context()); err == nil {
		t.Error("a node with the old key still signs")
	}
	b.mustSign(b.signing(second, 0))
	for _, key := range []audit.Key{first, second} {
		if c, err := b.covered(key); err != nil || c.Unsigned != 0 || c.Last.Key != second.ID() {
			t.Errorf("%+v, %v", c, err)
		}
	}
}

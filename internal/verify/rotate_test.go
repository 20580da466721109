package verify_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"testing"
	"time"

	"latchkey/internal/access"
	"latchkey/internal/actor"
	"latchkey/internal/change"
	"latchkey/internal/fault"
	"latchkey/internal/store"
	"latchkey/internal/store/pgtest"
	"latchkey/internal/token"
	"latchkey/internal/verify"
)

// TestRotate_AnswersAsTheModelDoes rotates, suspends, deletes and uses tokens at random while the clock runs,
// and compares after each step the answer about every secret that there ever was with a model: from memory,
// from the database, and in a transaction.
func TestRotate_AnswersAsTheModelDoes(t *testing.T) {
	steps := 120
	if testing.Short() {
		steps = 40
	}
	for seed := range uint64(3) {
		t.Run(fmt.Sprintf("seed %d", seed), func(t *testing.T) {
			m := newRotationModel(newWorld(t), seed)
			if seed%2 == 1 {
				m.must(m.verify.Load(m.ctx))
			}
			m.run(steps, m.sources())
		})
	}
}

// TestRotate_AnswersAsTheModelDoesOnEveryNode does so on PostgreSQL, where a second node hears of the changes
// and a third one has lost the feed.
func TestRotate_AnswersAsTheModelDoesOnEveryNode(t *testing.T) {
	at := store.Options{URL: pgtest.Migrated(t)}
	m := newRotationModel(newWorldOn(t, at), 7)
	other, err := store.Open(m.ctx, at)
	m.must(err)
	lease := change.NewLease(time.Now)
	follows := m.newAuthority(verify.Deps{Store: other, Lease: lease, Log: slog.New(slog.DiscardHandler)})
	feed := other.Feed(store.FeedOptions{Follower: follows, Lease: lease, Log: slog.New(slog.DiscardHandler)})
	ctx, cancel := context.WithCancel(m.ctx)
	ended := make(chan struct{})
	go func() { defer close(ended); feed.Run(ctx) }()
	t.Cleanup(func() { cancel(); <-ended; m.must(other.Close()) })
	for begin := time.Now(); !lease.Holds(); time.Sleep(time.Millisecond) {
		if time.Since(begin) > 10*time.Second {
			t.Fatal("the feed does not come up")
		}
	}
	m.must(follows.Load(m.ctx))
	alone := m.newAuthority(verify.Deps{Store: other, Lease: change.NewLease(time.Now)})

	sources := m.sources()
	sources["a node without a feed"] = refusalBy(t, alone)
	sources["a node that follows"] = func(s *modelSecret) verify.Refusal { // a moment later
		want, got := s.want(m.now()), verify.Refusal(0)
		for range 200 {
			if got = refusalOf(t, follows, s.secret); got == want {
				break
			}
			time.Sleep(10 * time.Millisecond)
		}
		return got
	}
	m.run(40, sources)
}

// rotationModel is what the tokens of a world should do.
type rotationModel struct {
	*world
	r       *rand.Rand
	tokens  []*modelToken
	secrets []*modelSecret
	cold    *verify.Authority
}

type modelToken struct {
	id        string
	end       time.Time
	suspended bool
	deleted   bool
	length    time.Duration
	current   *modelSecret
	previous  *modelSecret // nil if there is none that may work
}

type modelSecret struct {
	of       *modelToken
	secret   string
	used     bool
	replaced bool
	ownEnd   time.Time // of a replaced one: without the rotation
	end      time.Time // of a replaced one
	ended    bool      // by somebody
}

func (s *modelSecret) want(now time.Time) verify.Refusal {
	end := s.of.end
	if s.replaced {
		end = soonest(end, s.end)
	}
	switch {
	case s.of.deleted:
		return verify.Revoked
	case s.ended, s.replaced && token.ExpiredAt(end, now):
		return verify.Rotated
	case token.ExpiredAt(end, now):
		return verify.Expired
	case s.of.suspended:
		return verify.Suspended
	}
	return 0
}

func soonest(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

func newRotationModel(w *world, seed uint64) *rotationModel {
	return &rotationModel{world: w, r: rand.New(rand.NewPCG(seed, 11)), cold: w.newAuthority(verify.Deps{})}
}

// sources are ways to ask for the refusal of a secret.
func (m *rotationModel) sources() map[string]func(*modelSecret) verify.Refusal {
	return map[string]func(*modelSecret) verify.Refusal{
		"memory":      refusalBy(m.t, m.verify),
		"no memory":   func(s *modelSecret) verify.Refusal { m.cold.Forget(); return refusalOf(m.t, m.cold, s.secret) },
		"transaction": m.inTransaction,
	}
}

func refusalBy(t testing.TB, a *verify.Authority) func(*modelSecret) verify.Refusal {
	return func(s *modelSecret) verify.Refusal { return refusalOf(t, a, s.secret) }
}

// inTransaction is how a transaction refuses the holder of the secret.
func (m *rotationModel) inTransaction(s *modelSecret) verify.Refusal {
	ref := actor.Ref{Kind: actor.Token, ID: s.of.id, Digest: token.Digest(s.secret)}
	err := m.store.InTx(m.ctx, actor.Caller{Ref: ref}, func(*store.Tx) error { return nil })
	var refused *verify.Refused
	if err != nil && !errors.As(err, &refused) {
		m.t.Fatal(err)
	}
	if err == nil {
		return 0
	}
	return refused.Refusal
}

func (m *rotationModel) run(steps int, sources map[string]func(*modelSecret) verify.Refusal) {
	for i := range steps {
		did := m.step()
		for _, s := range m.secrets {
			if !s.used && m.r.IntN(3) > 0 {
				continue // asking uses a secret, and a rotation differs as long as it is unused
			}
			for name, ask := range sources {
				if name == "transaction" && m.r.IntN(4) > 0 {
					continue
				}
				want := s.want(m.now())
				if got := ask(s); got != want {
					m.t.Fatalf("step %d, %s: %s says %v of a secret of %s, want %v: %+v", i, did, name, got, s.of.id, want, *s)
				}
				if want == 0 && name != "transaction" {
					s.used = true
				}
			}
		}
		if i%10 == 0 {
			m.verify.Sweep()
			m.must(m.verify.Flush(m.ctx))
		}
	}
}

func (m *rotationModel) step() string {
	m.pass(time.Duration(m.r.IntN(90)) * time.Minute)
	m.prove()
	if len(m.tokens) < 3 || m.r.IntN(12) == 0 {
		m.generate()
		return "generated"
	}
	tok := pick(m.r, m.tokens)
	switch m.r.IntN(9) {
	case 0, 1, 2, 3:
		return m.rotate(tok)
	case 4:
		return m.rotateSelf(pick(m.r, m.secrets))
	case 5:
		return m.endPrevious(tok)
	case 6, 7:
		return m.suspendOrResume(tok)
	}
	if m.r.IntN(3) > 0 {
		return "time passed"
	}
	_, err := m.world.tokens.Delete(m.ctx, m.admin.Caller(), tok.id)
	if (err == nil) == tok.deleted {
		m.t.Fatalf("deleting: %v", err)
	}
	tok.deleted = true
	return "deleted"
}

func (m *rotationModel) generate() {
	made := m.organizationToken()
	if m.r.IntN(2) == 0 {
		made = m.service(m.main, access.Policy{})
	}
	tok := &modelToken{id: made.ID}
	if m.r.IntN(2) == 0 {
		tok.length = time.Duration(1+m.r.IntN(40)) * time.Hour
		tok.end = m.now().Add(tok.length)
		// What cannot be chosen when it is generated: an end within the hour.
		rotated, err := m.world.tokens.Rotate(m.ctx, m.admin.Caller(), made.ID, token.Rotation{ExpiresAt: tok.end})
		m.must(err)
		old := &modelSecret{of: tok, secret: made.Secret.Reveal(), replaced: true, end: m.now(), ended: true}
		m.secrets = append(m.secrets, old)
		made.Secret = rotated.Secret
	}
	tok.current = &modelSecret{of: tok, secret: made.Secret.Reveal()}
	m.tokens, m.secrets = append(m.tokens, tok), append(m.secrets, tok.current)
}

func (m *rotationModel) rotate(tok *modelToken) string {
	overlap := pick(m.r, []time.Duration{0, time.Minute, time.Hour, 24 * time.Hour, token.MaxOverlap})
	in := token.Rotation{Overlap: overlap, SameLength: m.r.IntN(2) == 0}
	if !in.SameLength && m.r.IntN(2) == 0 {
		in.ExpiresAt = m.now().Add(time.Duration(1+m.r.IntN(50)) * time.Hour)
	}
	done, err := m.world.tokens.Rotate(m.ctx, m.admin.Caller(), tok.id, in)
	late := token.ExpiredAt(tok.end, m.now().Add(-token.RotatableFor))
	if (err != nil) != (tok.deleted || late) {
		m.t.Fatalf("rotating: %v, %+v", err, *tok)
	}
	if err == nil {
		m.turned(tok, done, in, time.Time{})
	}
	return fmt.Sprintf("rotated: %+v, %v", in, err)
}

func (m *rotationModel) rotateSelf(s *modelSecret) string {
	tok := s.of
	ref := actor.Ref{Kind: actor.Token, ID: tok.id, Digest: token.Digest(s.secret)}
	done, err := m.world.tokens.RotateSelf(m.ctx, actor.Caller{Ref: ref}, time.Hour)
	already := s != tok.current && tok.current.used
	switch {
	case s.want(m.now()) != 0:
		if !fault.Is(err, fault.Unauthenticated) {
			m.t.Fatalf("rotating itself by a dead secret: %v", err)
		}
	case already != errors.Is(err, token.ErrAlreadyRotated) || !already && err != nil:
		m.t.Fatalf("rotating itself: %v, %+v", err, *tok)
	case err == nil:
		until := time.Time{}
		if s != tok.current {
			until = s.end
		}
		m.turned(tok, done, token.Rotation{Overlap: time.Hour, SameLength: true}, until)
	}
	return fmt.Sprintf("rotated itself: %v", err)
}

// turned does to the model what a rotation does.
func (m *rotationModel) turned(tok *modelToken, done token.Rotated, in token.Rotation, until time.Time) {
	now, old := m.now(), tok.current
	end := in.ExpiresAt
	if in.SameLength && !tok.end.IsZero() {
		end = now.Add(tok.length)
	}
	p := tok.previous
	live := p != nil && !p.ended && !token.ExpiredAt(p.end, now)
	old.replaced, old.ownEnd = true, tok.end
	if live && !old.used {
		old.end, old.ended = now, true
	} else {
		if live {
			p.ended = true
		}
		p = old
	}
	p.end = soonest(soonest(soonest(now.Add(in.Overlap), p.ownEnd), end), until)
	p.ended = !p.end.After(now)
	tok.end, tok.length, tok.previous = end, end.Sub(now), p
	tok.current = &modelSecret{of: tok, secret: done.Secret.Reveal()}
	m.secrets = append(m.secrets, tok.current)
	if done.Hint != token.Hint(tok.current.secret) || !done.ExpiresAt.Equal(tok.end) || done.Previous.Hint != token.Hint(p.secret) ||
		!p.ended && !done.Previous.EndsAt.Equal(p.end) {
		m.t.Fatalf("rotated to %+v\nprevious %+v, want %+v", done.Token, done.Previous, *p)
	}
}

func (m *rotationModel) endPrevious(tok *modelToken) string {
	_, err := m.world.tokens.EndPrevious(m.ctx, m.admin.Caller(), tok.id)
	p := tok.previous
	ends := p != nil && !p.ended && !token.ExpiredAt(p.end, m.now()) && !tok.deleted
	if ends != (err == nil) {
		m.t.Fatalf("ending the previous secret: %v, %+v", err, p)
	}
	if ends {
		p.end, p.ended = m.now(), true
	}
	return "previous ended"
}

func (m *rotationModel) suspendOrResume(tok *modelToken) string {
	var err error
	may := !tok.deleted
	if tok.suspended {
		_, err = m.world.tokens.Resume(m.ctx, m.admin.Caller(), tok.id)
	} else {
		may = may && !token.ExpiredAt(tok.end, m.now())
		_, err = m.world.tokens.Suspend(m.ctx, m.admin.Caller(), tok.id, "model")
	}
	if may != (err == nil) {
		m.t.Fatalf("suspending or resuming: %v, %+v", err, *tok)
	}
	if may {
		tok.suspended = !tok.suspended
	}
	return "suspension"
}

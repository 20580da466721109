package verify

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"latchkey/internal/access"
	"latchkey/internal/change"
	"latchkey/internal/fault"
	"latchkey/internal/policy"
	"latchkey/internal/token"
)

// Deps is what an authority is made of. Store and Catalogue are required.
type Deps struct {
	Store     Store
	Catalogue *access.Catalogue
	Now       func() time.Time // time.Now when nil
	Log       *slog.Logger     // slog.Default when nil
	Lease     *change.Lease    // till when memory may be trusted; nil: for ever
	// Observe, when set, is told how each verification ended and how long it took.
	Observe func(err error, took time.Duration)
}

// Authority verifies tokens. It is safe for concurrent use. Wire its Apply to the store
// before the first transaction, run Run in the background, and Close it before the store.
type Authority struct {
	store     Store
	now       func() time.Time
	log       *slog.Logger
	index     index
	complete  atomic.Bool // every live token is in the index
	standings standings
	powers    powers
	uses      recorder
	changing  sync.Mutex // changes to tokens are read and applied one after another
	flushing  sync.Mutex
	asking    chan struct{} // bounds look-ups of unknown tokens
	lease     *change.Lease
	observe   func(err error, took time.Duration)
	emptied   chan struct{} // wakes Run when the memory was emptied
}

// maxAsking is how many unknown tokens are looked up in the database at a time. It is
// more than the database serves at a time, so honest look-ups only queue.
const maxAsking = 64

// New makes an authority with an empty memory. It works at once, asking the database;
// [Authority.Load] fills the memory.
func New(d Deps) *Authority {
	a := &Authority{store: d.Store, now: d.Now, log: d.Log, powers: powers{catalogue: d.Catalogue}, uses: newRecorder(),
		asking: make(chan struct{}, maxAsking), lease: d.Lease, observe: d.Observe, emptied: make(chan struct{}, 1)}
	if a.now == nil {
		a.now = time.Now
	}
	if a.log == nil {
		a.log = slog.Default()
	}
	return a
}

// Verify returns the token with the secret. The error is a [*Refused], or fault.Unavailable
// or another fault of the database when it had to be asked and could not answer.
//
// A token in memory costs one SHA-256, no lock and no allocation. A malformed secret costs
// neither unless imported tokens exist, whose secrets have any shape. An unknown one costs
// one look-up in the database, which tells revoked from never seen. Without a lease that
// holds, the database is asked about every token.
func (a *Authority) Verify(ctx context.Context, secret string) (Verified, error) {
	return a.observed(ctx, secret, true)
}

// Recall is Verify for a presenter that has failed too often: once the memory is complete,
// it does not ask the database about an unknown token, so a revoked one is Unknown too.
// Tokens that are good for something are accepted as by Verify.
func (a *Authority) Recall(ctx context.Context, secret string) (Verified, error) {
	return a.observed(ctx, secret, false)
}

func (a *Authority) observed(ctx context.Context, secret string, ask bool) (Verified, error) {
	if a.observe == nil {
		return a.verify(ctx, secret, ask)
	}
	began := time.Now()
	v, err := a.verify(ctx, secret, ask)
	a.observe(err, time.Since(began))
	return v, err
}

func (a *Authority) verify(ctx context.Context, secret string, ask bool) (Verified, error) {
	now := a.now()
	if !a.lease.HoldsAt(now) {
		return a.askAfresh(ctx, token.Digest(secret))
	}
	wellFormed := token.WellFormed(secret)
	complete := a.complete.Load()
	if !wellFormed && complete && a.index.legacy.Load() == 0 {
		return Verified{}, &Refused{Refusal: Malformed}
	}
	digest := token.Digest(secret)
	if e := a.index.find(&digest); e != nil {
		return a.check(ctx, e, now)
	}
	// Complete before and after the search is complete during it.
	complete = complete && a.complete.Load()
	switch {
	case complete && !wellFormed:
		return Verified{}, &Refused{Refusal: Malformed}
	case complete && !ask:
		return Verified{}, &Refused{Refusal: Unknown}
	}
	return a.ask(ctx, digest, complete)
}

// check is what is left once the token is known: its end, and how its holder stands.
func (a *Authority) check(ctx context.Context, e *entry, now time.Time) (Verified, error) {
	if e.expired(now) {
		return Verified{}, refuse(Expired, e)
	}
	st := e.standing.state.Load()
	if st == nil {
		var err error
		if st, err = a.loadState(ctx, e.standing); err != nil {
			return Verified{}, err
		}
	}
	if st.refusal != 0 {
		return Verified{}, refuse(st.refusal, e)
	}
	return Verified{entry: e, state: st, at: now.UnixMilli()}, nil
}

// ask looks a digest up in the database. When the index is complete and the database busy
// with others that are unknown, it is not worth the wait: the answer would be the same.
func (a *Authority) ask(ctx context.Context, digest [32]byte, complete bool) (Verified, error) {
	select {
	case a.asking <- struct{}{}:
	default:
		if complete {
			return Verified{}, &Refused{Refusal: Unknown}
		}
		select {
		case a.asking <- struct{}{}:
		case <-ctx.Done():
			return Verified{}, fault.NewUnavailable(ctx.Err())
		}
	}
	defer func() { <-a.asking }()
	generation := a.index.now()
	r, err := a.store.RecordOfDigest(ctx, digest)
	switch {
	case fault.Is(err, fault.NotFound):
		return Verified{}, &Refused{Refusal: Unknown}
	case err != nil:
		return Verified{}, err
	}
	e := newEntry(r, a.standings.acquire(r.Holder()))
	if r.Deleted {
		a.standings.release(e.standing)
		return Verified{}, refuse(Revoked, e)
	}
	return a.check(ctx, a.keepEntry(e, generation), a.now())
}

// askAfresh asks the database for everything about a token, whatever is in memory. The
// entry is kept: it finds its uses there, and all is forgotten before memory is trusted again.
func (a *Authority) askAfresh(ctx context.Context, digest [32]byte) (Verified, error) {
	select {
	case a.asking <- struct{}{}:
	case <-ctx.Done():
		return Verified{}, fault.NewUnavailable(ctx.Err())
	}
	defer func() { <-a.asking }()
	generation := a.index.now()
	r, err := a.store.RecordOfDigest(ctx, digest)
	switch {
	case fault.Is(err, fault.NotFound):
		return Verified{}, &Refused{Refusal: Unknown}
	case err != nil:
		return Verified{}, err
	}
	e := newEntry(r, a.standings.acquire(r.Holder()))
	if r.Deleted {
		a.standings.release(e.standing)
		return Verified{}, refuse(Revoked, e)
	}
	e = a.keepEntry(e, generation)
	now := a.now()
	if e.expired(now) {
		return Verified{}, refuse(Expired, e)
	}
	st, err := a.readState(ctx, e.standing.holder)
	switch {
	case err != nil:
		return Verified{}, err
	case st.refusal != 0:
		return Verified{}, refuse(st.refusal, e)
	}
	return Verified{entry: e, state: st, at: now.UnixMilli()}, nil
}

// loadState reads how a holder stands, once however many ask at the same time. Who waited
// for a reading that began too early finds nothing kept and reads again.
func (a *Authority) loadState(ctx context.Context, s *standing) (*state, error) {
	s.loading.Lock()
	defer s.loading.Unlock()
	if st := s.state.Load(); st != nil {
		return st, nil
	}
	generation := a.standings.now()
	st, err := a.readState(ctx, s.holder)
	if err == nil {
		a.standings.keep(s, st, generation)
	}
	return st, err
}

func (a *Authority) readState(ctx context.Context, h Holder) (*state, error) {
	found, err := a.store.TokenStanding(ctx, h)
	switch {
	case fault.Is(err, fault.NotFound):
		return &state{refusal: Revoked}, nil
	case err != nil:
		return nil, err
	}
	if refusal := found.refusal(h); refusal != 0 {
		return &state{refusal: refusal}, nil
	}
	st := &state{role: found.Role, organization: found.Organization, workspace: found.Workspace,
		owner: found.Owner, email: found.Email, kind: [1]string{string(h.Kind)}, place: [1]string{h.Workspace}, person: [1]string{h.Owner}}
	for _, l := range found.Layers {
		if l.Kind == policy.OfGroup {
			st.groups = append(st.groups, l.Group)
		}
	}
	if st.power, err = a.powers.of(h, found); err != nil {
		return nil, fmt.Errorf("verify: %w", err)
	}
	return st, nil
}

// belongs reports whether the owner is in the workspace: an Admin is in every one, a
// baseline alone puts nobody into one.
func (s Standing) belongs() bool {
	if s.Role == access.RoleAdmin {
		return true
	}
	for _, l := range s.Layers {
		if l.Kind != policy.Baseline {
			return true
		}
	}
	return false
}

package verify

import (
	"context"
	"log/slog"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"latchkey/internal/access"
	"latchkey/internal/change"
	"latchkey/internal/fault"
	"latchkey/internal/token"
)

// Deps is what an [Authority] needs. Store and Catalogue are required.
type Deps struct {
	Store     Store
	Catalogue *access.Catalogue
	Now       func() time.Time // time.Now if nil
	Log       *slog.Logger     // slog.Default if nil
	Lease     *change.Lease    // how long memory may be trusted; nil on a single node
	// Observe, if not nil, is called with the error of each verification and the time it took.
	Observe func(err error, took time.Duration)
}

// Authority verifies tokens. It is safe for concurrent use. Connect its Apply method to the store
// before the first transaction, run Run in the background, and call Close before the store is
// closed.
type Authority struct {
	store     Store
	now       func() time.Time
	log       *slog.Logger
	index     index
	complete  atomic.Bool // every live token is in the index
	standings standings
	powers    powers
	recorder  recorder
	watch     watch
	changing  sync.Mutex // held while changes to tokens are read and applied
	flushing  sync.Mutex
	asking    chan struct{} // bounds look-ups of unknown tokens
	lease     *change.Lease
	observe   func(err error, took time.Duration)
	emptied   chan struct{} // wakes Run after the memory was emptied
}

// maxAsking is how many unknown tokens are looked up in the database at a time. It is more than
// the database serves at a time, so legitimate look-ups only wait in a queue.
const maxAsking = 64

// New returns an authority with an empty memory. It works at once by asking the database;
// [Authority.Load] fills the memory.
func New(d Deps) *Authority {
	a := &Authority{store: d.Store, now: d.Now, log: d.Log, powers: powers{catalogue: d.Catalogue},
		asking: make(chan struct{}, maxAsking), lease: d.Lease, observe: d.Observe, emptied: make(chan struct{}, 1)}
	if a.now == nil {
		a.now = time.Now
	}
	if a.log == nil {
		a.log = slog.Default()
	}
	return a
}

// Verify returns the token with the secret. The error is a [*Refused], or [fault.Unavailable] or
// another fault of the database if it had to be asked and could not answer.
//
// A token in memory costs one SHA-256 and a look-up in a map. A malformed secret costs neither,
// unless there are imported tokens, whose secrets have any format. An unknown secret costs one
// look-up in the database, which knows whether it was revoked or never existed. While the lease
// does not hold, the database is asked about every token.
//
// Verify is for a client whose address is unknown, so it refuses every token with allowed addresses.
func (a *Authority) Verify(ctx context.Context, secret string) (Verified, error) {
	return a.observed(ctx, secret, use{mayAsk: true})
}

// VerifyFrom is like Verify, for a client with an address. It is invalid if it is unknown.
func (a *Authority) VerifyFrom(ctx context.Context, secret string, from netip.Addr) (Verified, error) {
	return a.observed(ctx, secret, use{from: from, mayAsk: true})
}

// VerifyAnywhere is like Verify, but accepts a token from every address. It is for callers who compare the
// client's address with [Verified.AllowedIPs] themselves, and for revoking a token.
func (a *Authority) VerifyAnywhere(ctx context.Context, secret string) (Verified, error) {
	return a.observed(ctx, secret, use{anywhere: true, mayAsk: true})
}

// RecallFrom is like VerifyFrom, for a client that has failed too often. Once the memory is complete, it
// does not ask the database about an unknown token, so it reports a revoked one as Unknown too.
// It accepts the same tokens as VerifyFrom.
func (a *Authority) RecallFrom(ctx context.Context, secret string, from netip.Addr) (Verified, error) {
	return a.observed(ctx, secret, use{from: from})
}

// Recognize accepts a token that VerifyFrom accepts by what is in memory alone, and leaves no trace of that. The
// caller calls Recognized if it accepts the token. If ok is false, VerifyFrom must decide.
func (a *Authority) Recognize(secret string, from netip.Addr) (v Verified, ok bool) {
	now := a.now()
	if a.trust(now) == untrusted {
		return Verified{}, false
	}
	e := a.index.find(token.Digest(secret)) // no secret of another form has the digest of a token
	if e == nil || e.usage.marks.Load()&fresh != 0 {
		return Verified{}, false
	}
	st := e.standing.state.Load()
	if st == nil || e.refusal(st, use{from: from}, now) != 0 {
		return Verified{}, false
	}
	return Verified{entry: e, state: st, at: now.UnixMilli()}, true
}

// Recognized records that a token which Recognize has returned was accepted: as VerifyFrom does, which began at
// some time, and as Used does.
func (a *Authority) Recognized(v Verified, began time.Time, from netip.Addr, agent string) {
	if a.observe != nil {
		a.observe(nil, time.Since(began))
	}
	a.Used(v, from, agent)
}

// use is the circumstances under which a secret was presented.
type use struct {
	from     netip.Addr // of the client; invalid if it is unknown
	anywhere bool       // whether every address is accepted
	mayAsk   bool       // whether the database may be asked about an unknown token
}

func (a *Authority) observed(ctx context.Context, secret string, u use) (Verified, error) {
	if a.observe == nil {
		return a.verify(ctx, secret, u)
	}
	began := time.Now()
	v, err := a.verify(ctx, secret, u)
	a.observe(err, time.Since(began))
	return v, err
}

// trust is how far the memory can be trusted at one moment.
type trust uint8

const (
	untrusted trust = iota // the lease does not hold: what is in memory may be stale
	partial                // the tokens in memory are live; others may be live too
	complete               // the tokens in memory are live and no others are
)

func (a *Authority) trust(now time.Time) trust {
	switch {
	case !a.lease.HoldsAt(now):
		return untrusted
	case !a.complete.Load():
		return partial
	}
	return complete
}

func (a *Authority) verify(ctx context.Context, secret string, u use) (Verified, error) {
	now := a.now()
	memory := a.trust(now)
	if memory == untrusted {
		return a.ask(ctx, token.Digest(secret), u, untrusted)
	}
	wellFormed := token.WellFormed(secret)
	if !wellFormed && memory == complete && a.index.legacy.Load() == 0 {
		return Verified{}, &Refused{Refusal: Malformed}
	}
	digest := token.Digest(secret)
	if e := a.index.find(digest); e != nil {
		return a.check(ctx, e, u, now, memory)
	}
	if !a.complete.Load() { // it may have been emptied before find
		memory = partial
	}
	switch {
	case memory == complete && !wellFormed:
		return Verified{}, &Refused{Refusal: Malformed}
	case memory == complete && !u.mayAsk:
		return Verified{}, &Refused{Refusal: Unknown}
	}
	return a.ask(ctx, digest, u, memory)
}

// ask looks a token up in the database. The token is kept in memory, where its uses are recorded.
// What is kept while memory is untrusted is discarded before it is trusted again.
func (a *Authority) ask(ctx context.Context, digest [32]byte, u use, memory trust) (Verified, error) {
	if err := a.enter(ctx, memory); err != nil {
		return Verified{}, err
	}
	defer func() { <-a.asking }()
	generation := a.index.now()
	r, err := a.store.RecordOfDigest(ctx, digest)
	switch {
	case fault.Is(err, fault.NotFound):
		return Verified{}, &Refused{Refusal: Unknown}
	case err != nil:
		return Verified{}, err
	case r.Deleted:
		return Verified{}, refuse(Revoked, r)
	case r.Ended:
		return Verified{}, refuse(Rotated, r)
	}
	return a.check(ctx, a.keep(r, generation, memory), u, a.now(), memory)
}

// enter waits until another look-up may begin. If the memory is complete and the database is busy
// with other unknown tokens, it refuses the token instead, because an unknown one is refused
// anyway.
func (a *Authority) enter(ctx context.Context, memory trust) error {
	select {
	case a.asking <- struct{}{}:
		return nil
	default:
	}
	if memory == complete {
		return &Refused{Refusal: Unknown}
	}
	select {
	case a.asking <- struct{}{}:
		return nil
	case <-ctx.Done():
		return fault.NewUnavailable(ctx.Err())
	}
}

// check accepts or refuses a live token, by its expiry, by the state of its holder, and by the client's address.
func (a *Authority) check(ctx context.Context, e *entry, u use, now time.Time, memory trust) (Verified, error) {
	var st *state
	if !e.expired(now) { // else it does not matter, and the database may be asked in vain
		var err error
		if st, err = a.stateOf(ctx, e.standing, memory); err != nil {
			return Verified{}, err
		}
	}
	switch why := e.refusal(st, u, now); why {
	case 0:
	case Elsewhere:
		a.count(e, 1, 1)
		return Verified{}, refuseFrom(u.from, e.record())
	default:
		a.count(e, 1, 1)
		return Verified{}, refuse(why, e.record())
	}
	if e.usage.marks.Load()&fresh != 0 {
		if err := a.begin(ctx, e); err != nil {
			return Verified{}, err
		}
	}
	return Verified{entry: e, state: st, at: now.UnixMilli()}, nil
}

// refusal returns why a live token is refused, or 0. st is the state of its holder; it is not looked at if the token has
// expired.
func (e *entry) refusal(st *state, u use, now time.Time) Refusal {
	switch {
	case e.expired(now):
		return e.outlived()
	case st.refusal != 0:
		return st.refusal
	case st.limit != nil && !u.anywhere && !st.limit.Allows(u.from):
		return Elsewhere
	}
	return 0
}

// begin notes the first use of a secret that came with a rotation, before it is accepted: from then on
// the rotation cannot be repeated. If that cannot be noted, the secret is accepted and the next use tries
// again, because verification must not depend on a database that can be written.
func (a *Authority) begin(ctx context.Context, e *entry) error {
	err := a.store.UseSecret(ctx, e.digest)
	switch {
	case fault.Is(err, fault.NotFound):
		return refuse(Rotated, e.record())
	case err != nil:
		a.log.ErrorContext(ctx, "verify: cannot note the first use of a rotated token, accepting it", "error", err)
		return nil
	}
	e.usage.unmark(fresh)
	return nil
}

// stateOf returns what a holder's tokens may do.
func (a *Authority) stateOf(ctx context.Context, s *standing, memory trust) (*state, error) {
	if memory == untrusted {
		return a.readState(ctx, s.holder)
	}
	if st := s.state.Load(); st != nil {
		return st, nil
	}
	return a.loadState(ctx, s)
}

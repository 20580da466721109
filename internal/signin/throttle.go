package signin

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	"latchkey/internal/actor"
	"latchkey/internal/audit"
	"latchkey/internal/fault"
)

// Limits on failed attempts: the failure that reaches Failures within Window blocks the
// key for Block. All are counted in the database, so that nodes share them.
//
// Three keys count each attempt:
//
//   - account and address together: what a person who mistypes runs into;
//   - the address alone, over all accounts: one place that tries many accounts;
//   - the account alone, over all addresses: many places that try one account.
//
// The last one could lock a person out for as long as somebody cares to fail elsewhere.
// Therefore it does not count for an address from which that account has signed in
// within [Acquaintance]: there the first two keys hold, which nobody elsewhere can fill.
// Sessions that are running are never throttled.
//
// An account is the e-mail as typed, whether it exists or not, so a block tells nothing.
const (
	PairFailures    = 5
	PairWindow      = 15 * time.Minute
	PairBlock       = 15 * time.Minute
	AddressFailures = 30
	AddressWindow   = 15 * time.Minute
	AddressBlock    = 15 * time.Minute
	AccountFailures = 20
	AccountWindow   = time.Hour
	AccountBlock    = time.Hour
	Acquaintance    = 30 * 24 * time.Hour
)

// Attempt is what is recorded under one key.
type Attempt struct {
	Key         string
	Failures    int // 0: remembered for a success
	Start       time.Time
	BlockedTill time.Time // zero or past: not blocked
}

// counter is one key that counts an attempt, with its limit.
type counter struct {
	key      string
	failures int
	window   time.Duration
	block    time.Duration
	why      string // it blocks, as the audit log says it
}

// told is the key that remembers the block of which the audit log tells.
func (c counter) told() string { return attemptKey("told", c.key) }

// attempt is one try to prove a password: the keys that it counts under.
type attempt struct {
	pair, address, account counter
	known                  string // key that remembers the account's sign-ins from this address
	isKnown                bool
	stopped                stop // zero while nothing blocks it
}

// stop is a block that an attempt ran into.
type stop struct {
	by   counter
	till time.Time
	told bool // the audit log tells of this block
}

// newAttempt derives the keys; email is cleaned already.
func newAttempt(email string, origin actor.Origin) attempt {
	from := network(origin.IP)
	return attempt{
		pair: counter{attemptKey("pair", email, from), PairFailures, PairWindow, PairBlock,
			"too many failed attempts for this account from this address"},
		address: counter{attemptKey("address", from), AddressFailures, AddressWindow, AddressBlock,
			"too many failed attempts from this address"},
		account: counter{attemptKey("account", email), AccountFailures, AccountWindow, AccountBlock,
			"too many failed attempts for this account from many addresses"},
		known: attemptKey("known", email, from),
	}
}

// counters lists what counts, always in the same order: transactions that lock the same rows
// in different orders could wait for each other for ever.
func (a attempt) counters() []counter {
	if a.isKnown {
		return []counter{a.address, a.pair}
	}
	return []counter{a.address, a.account, a.pair}
}

// keys lists all that is recorded of it.
func (a attempt) keys() []string {
	keys := []string{a.known}
	for _, c := range []counter{a.address, a.account, a.pair} {
		keys = append(keys, c.key, c.told())
	}
	return keys
}

// attemptKey is a digest: the table tells nobody at a glance who tried from where.
func attemptKey(kind string, parts ...string) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s %q", kind, parts))
	return hex.EncodeToString(sum[:])
}

// network returns the address that counts, see [actor.Network]. A text that is no address
// counts as itself.
func network(ip string) string {
	addr, ok := actor.ParseAddress(ip)
	if !ok {
		return ip
	}
	return actor.Network(addr).String()
}

// reserve counts the attempt as failed before the password is looked at; a success takes
// that back (see [attempt.succeeded]). Counting afterwards would let a burst of parallel
// attempts pass before the first one counts. A blocked attempt is Throttled: it costs one
// read and no hash, and only the first of a block a write (see [Service.tellStopped]).
func (s *Service) reserve(ctx context.Context, a *attempt) error {
	now := s.store.Now()
	records, err := s.store.Attempts(ctx, a.keys()...)
	if err != nil {
		return err
	}
	for _, r := range records {
		if r.Key == a.known && now.Before(r.Start.Add(Acquaintance)) {
			a.isKnown = true
		}
	}
	if err := a.blocked(records, now); err != nil {
		return err
	}
	return s.store.InTx(ctx, actor.System(""), func(tx Tx) error {
		now := tx.Now()
		for _, c := range a.counters() {
			counted, err := tx.Throttle.CountAttempt(ctx, c.key, c.failures, now.Add(-c.window), now.Add(c.block))
			if err != nil {
				return err
			}
			if !counted {
				return a.blockedMeanwhile(ctx, tx)
			}
		}
		return nil
	})
}

// blockedMeanwhile is for an attempt that a parallel one overtook between check and count.
func (a *attempt) blockedMeanwhile(ctx context.Context, tx Tx) error {
	records, err := tx.Throttle.Attempts(ctx, a.keys()...)
	if err != nil {
		return err
	}
	if err := a.blocked(records, tx.Now()); err != nil {
		return err
	}
	return throttled(time.Second)
}

// blocked is Throttled with the longest wait if any key that counts is blocked at now, and
// notes which.
func (a *attempt) blocked(records []Attempt, now time.Time) error {
	till := map[string]time.Time{}
	for _, r := range records {
		till[r.Key] = r.BlockedTill
	}
	a.stopped = stop{}
	for _, c := range a.counters() {
		if end := till[c.key]; end.After(now) && end.After(a.stopped.till) {
			a.stopped = stop{c, end, till[c.told()].Equal(end)}
		}
	}
	if a.stopped.till.IsZero() {
		return nil
	}
	return throttled(a.stopped.till.Sub(now))
}

// tellStopped records the first attempt that a block stops, as the event that is made, and
// returns refused, which is the answer. Those that follow leave nothing until the block ends:
// whoever is blocked decides how many they are.
func (s *Service) tellStopped(ctx context.Context, a attempt, refused error, event func(context.Context, Tx) (audit.Event, error)) error {
	if a.stopped.till.IsZero() || a.stopped.told {
		return refused
	}
	text, err := json.Marshal(struct {
		Reason       string `json:"reason"`
		BlockedUntil string `json:"blockedUntil"`
	}{a.stopped.by.why, audit.FormatTime(a.stopped.till)})
	if err != nil {
		return err
	}
	ctx = context.WithoutCancel(ctx)
	err = s.store.InTx(ctx, actor.System(""), func(tx Tx) error {
		first, err := tx.Throttle.TellBlock(ctx, a.stopped.by.told(), a.stopped.till)
		if err != nil || !first {
			return err
		}
		e, err := event(ctx, tx)
		if err != nil {
			return err
		}
		return tx.AppendEvent(ctx, e.Changed("", string(text)))
	})
	if err != nil && !fault.Is(err, fault.NotFound) {
		return err
	}
	return refused
}

func throttled(wait time.Duration) error {
	minutes := int((wait + time.Minute - 1) / time.Minute)
	text := fmt.Sprintf("Too many attempts. Try again in %d minutes.", minutes)
	if minutes <= 1 {
		text = "Too many attempts. Try again in a minute."
	}
	return fault.NewThrottled(text, wait)
}

// succeeded clears the account's counters, takes back what was counted against the address
// (its other failures stay: else somebody with one good account could try others without
// end) and remembers the address as one of the account's.
func (a attempt) succeeded(ctx context.Context, tx Tx) error {
	if err := tx.Throttle.ForgiveAttempt(ctx, a.address.key, a.address.failures); err != nil {
		return err
	}
	if err := tx.Throttle.ClearAttempts(ctx, a.account.key, a.pair.key); err != nil {
		return err
	}
	return tx.Throttle.RememberKey(ctx, a.known)
}

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

// Limits on failed attempts: the failure that reaches Failures within Window blocks the key
// for Block. Attempts are counted in the database, so that nodes share the counts.
//
// Three keys count each attempt:
//
//   - account and address together, for a person who mistypes;
//   - the address alone, for one place that tries many accounts;
//   - the account alone, for many places that try one account.
//
// With the last one alone, an attacker elsewhere could keep a person locked out. So it does not
// apply to an address from which that account has signed in within [Acquaintance]: there only
// the first two keys apply, which attempts from elsewhere do not fill. Live sessions are never
// throttled.
//
// An account is the email as typed, whether it exists or not, so that a block reveals nothing.
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

// Attempt is the record of one key.
type Attempt struct {
	Key          string
	Failures     int // 0: recorded after a success
	Start        time.Time
	BlockedUntil time.Time // zero or past: not blocked
}

// counter is one key that counts an attempt, with its limit.
type counter struct {
	key      string
	failures int
	window   time.Duration
	block    time.Duration
	why      string // reason for the block in the audit log
}

// blocks reports whether a block until end holds at now. No block is longer than c's: one that seems to
// be is from before the clock was set back.
func (c counter) blocks(end, now time.Time) bool {
	return end.After(now) && !end.After(now.Add(c.block))
}

// recordKey returns the key that records which block is in the audit log.
func (c counter) recordKey() string { return attemptKey("told", c.key) }

// attempt is one attempt to enter a password, with the keys that count it.
type attempt struct {
	pair, address, account counter
	acquaintance           string // key that records the account's sign-ins from this address
	isKnown                bool
	stopped                stop // zero if nothing blocks it
}

// stop is a block that an attempt ran into.
type stop struct {
	by       counter
	until    time.Time
	recorded bool // the audit log has this block
}

// newAttempt returns an attempt with its keys; email must be normalized.
func newAttempt(email string, origin actor.Origin) attempt {
	from := origin.Network()
	return attempt{
		pair: counter{attemptKey("pair", email, from), PairFailures, PairWindow, PairBlock,
			"too many failed attempts for this account from this address"},
		address: counter{attemptKey("address", from), AddressFailures, AddressWindow, AddressBlock,
			"too many failed attempts from this address"},
		account: counter{attemptKey("account", email), AccountFailures, AccountWindow, AccountBlock,
			"too many failed attempts for this account from many addresses"},
		acquaintance: attemptKey("known", email, from),
	}
}

// counters returns the counters that apply, always in the same order: transactions that lock
// the same rows in different orders could deadlock.
func (a attempt) counters() []counter {
	if a.isKnown {
		return []counter{a.address, a.pair}
	}
	return []counter{a.address, a.account, a.pair}
}

// keys returns the keys of all records of the attempt.
func (a attempt) keys() []string {
	keys := []string{a.acquaintance}
	for _, c := range []counter{a.address, a.account, a.pair} {
		keys = append(keys, c.key, c.recordKey())
	}
	return keys
}

// attemptKey returns a digest, so that the table does not show at a glance who tried from
// where.
func attemptKey(kind string, parts ...string) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s %q", kind, parts))
	return hex.EncodeToString(sum[:])
}

// reserve counts the attempt as failed before the password is checked; a success takes that
// back (see [attempt.succeeded]). Counting afterwards would let a burst of parallel attempts
// pass before the first one counts. A blocked attempt is Throttled: it costs one read and no
// hash, and only the first of a block causes a write (see [Service.recordBlock]).
func (s *Service) reserve(ctx context.Context, a *attempt) error {
	now := s.store.Now()
	records, err := s.store.Attempts(ctx, a.keys()...)
	if err != nil {
		return err
	}
	for _, r := range records {
		if r.Key == a.acquaintance && now.Before(r.Start.Add(Acquaintance)) {
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

// giveBack takes back the failure that [Service.reserve] counted, for an attempt whose password
// was not checked.
func (s *Service) giveBack(ctx context.Context, a attempt) error {
	ctx = context.WithoutCancel(ctx)
	return s.store.InTx(ctx, actor.System(""), func(tx Tx) error { return a.forgive(ctx, tx) })
}

// forgive takes back the failure that was counted for the attempt, and no other.
func (a attempt) forgive(ctx context.Context, tx Tx) error {
	for _, c := range a.counters() {
		if err := tx.Throttle.ForgiveAttempt(ctx, c.key, c.failures); err != nil {
			return err
		}
	}
	return nil
}

// blockedMeanwhile returns the refusal of an attempt that a parallel one overtook between
// check and count.
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

// blocked returns Throttled with the longest wait if any counter is blocked at now, and stores
// which in a.
func (a *attempt) blocked(records []Attempt, now time.Time) error {
	until := map[string]time.Time{}
	for _, r := range records {
		until[r.Key] = r.BlockedUntil
	}
	a.stopped = stop{}
	for _, c := range a.counters() {
		if end := until[c.key]; c.blocks(end, now) && end.After(a.stopped.until) {
			a.stopped = stop{c, end, until[c.recordKey()].Equal(end)}
		}
	}
	if a.stopped.until.IsZero() {
		return nil
	}
	return throttled(a.stopped.until.Sub(now))
}

// recordBlock records the first attempt that a block stops, with the event that event returns,
// and returns refused. Later attempts are not recorded until the block ends: their number is up
// to the attacker.
func (s *Service) recordBlock(ctx context.Context, a attempt, refused error, event func(context.Context, Tx) (audit.Event, error)) error {
	if a.stopped.until.IsZero() || a.stopped.recorded {
		return refused
	}
	text, err := json.Marshal(struct {
		Reason       string `json:"reason"`
		BlockedUntil string `json:"blockedUntil"`
	}{a.stopped.by.why, audit.FormatTime(a.stopped.until)})
	if err != nil {
		return err
	}
	ctx = context.WithoutCancel(ctx)
	err = s.store.InTx(ctx, actor.System(""), func(tx Tx) error {
		first, err := tx.Throttle.RecordBlock(ctx, a.stopped.by.recordKey(), a.stopped.until)
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

// succeeded clears the account's counters, takes back the failure counted for the address, and
// records the address as one of the account's. The address's other failures stay: otherwise
// somebody with one working account could try others without limit.
func (a attempt) succeeded(ctx context.Context, tx Tx) error {
	if err := tx.Throttle.ForgiveAttempt(ctx, a.address.key, a.address.failures); err != nil {
		return err
	}
	if err := tx.Throttle.ClearAttempts(ctx, a.account.key, a.pair.key); err != nil {
		return err
	}
	return tx.Throttle.RememberKey(ctx, a.acquaintance)
}

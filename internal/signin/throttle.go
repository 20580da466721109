package signin

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/netip"
	"time"

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
}

// attempt is one try to prove a password: the keys that it counts under.
type attempt struct {
	pair, address, account counter
	known                  string // key that remembers the account's sign-ins from this address
	isKnown                bool
}

// newAttempt derives the keys; email is cleaned already.
func newAttempt(email string, origin audit.Origin) attempt {
	from := network(origin.IP)
	return attempt{
		pair:    counter{attemptKey("pair", email, from), PairFailures, PairWindow, PairBlock},
		address: counter{attemptKey("address", from), AddressFailures, AddressWindow, AddressBlock},
		account: counter{attemptKey("account", email), AccountFailures, AccountWindow, AccountBlock},
		known:   attemptKey("known", email, from),
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

// attemptKey is a digest: the table tells nobody at a glance who tried from where.
func attemptKey(kind string, parts ...string) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s %q", kind, parts))
	return hex.EncodeToString(sum[:])
}

// network is the address that counts. An IPv6 host usually has a whole /64 to choose its
// address from, so that is one; an IPv4 address counts alone, however it is written.
func network(ip string) string {
	addr, err := netip.ParseAddr(ip)
	if err != nil {
		return ip
	}
	addr = addr.Unmap().WithZone("")
	if addr.Is6() {
		return netip.PrefixFrom(addr, 64).Masked().String()
	}
	return addr.String()
}

// reserve counts the attempt as failed before the password is looked at; a success takes
// that back (see [attempt.succeeded]). Counting afterwards would let a burst of parallel
// attempts pass before the first one counts. A blocked attempt is Throttled: it costs one
// read, and neither a hash nor a write.
func (s *Service) reserve(ctx context.Context, a *attempt) error {
	now := s.store.Now()
	records, err := s.store.Attempts(ctx, a.pair.key, a.address.key, a.account.key, a.known)
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
	return s.store.InTx(ctx, func(tx Tx) error {
		now := tx.Now()
		for _, c := range a.counters() {
			counted, err := tx.CountAttempt(ctx, c.key, c.failures, now.Add(-c.window), now.Add(c.block))
			if err != nil {
				return err
			}
			if !counted {
				return blockedMeanwhile(ctx, tx, *a)
			}
		}
		return nil
	})
}

// blockedMeanwhile is for an attempt that a parallel one overtook between check and count.
func blockedMeanwhile(ctx context.Context, tx Tx, a attempt) error {
	records, err := tx.Attempts(ctx, a.pair.key, a.address.key, a.account.key)
	if err != nil {
		return err
	}
	if err := a.blocked(records, tx.Now()); err != nil {
		return err
	}
	return throttled(time.Second)
}

// blocked is Throttled with the longest wait if any key that counts is blocked at now.
func (a attempt) blocked(records []Attempt, now time.Time) error {
	var wait time.Duration
	for _, r := range records {
		for _, c := range a.counters() {
			if r.Key == c.key {
				wait = max(wait, r.BlockedTill.Sub(now))
			}
		}
	}
	if wait <= 0 {
		return nil
	}
	return throttled(wait)
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
	if err := tx.ForgiveAttempt(ctx, a.address.key, a.address.failures); err != nil {
		return err
	}
	if err := tx.ClearAttempts(ctx, a.account.key, a.pair.key); err != nil {
		return err
	}
	return tx.RememberKey(ctx, a.known)
}

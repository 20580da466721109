package verify

import (
	"hash/maphash"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"latchkey/internal/actor"
)

// Limiter counts failed attempts per address. Each address may fail a number of times at once,
// and once more after each interval. An IPv6 network of 64 bits counts as one address. The counts
// are only in memory, and their number is bounded. A Limiter does not refuse anything itself. It
// is safe for concurrent use.
type Limiter struct {
	burst  int
	every  time.Duration
	now    func() time.Time
	seed   maphash.Seed
	until  atomic.Int64 // in nanoseconds since 1970; no address has to wait after it
	shards [16]struct {
		mu   sync.Mutex
		full map[netip.Addr]time.Time // when an address has all its attempts again
	}
}

// maxAddresses bounds the memory of one shard: 16 × 4096 addresses take about 6 MB.
const maxAddresses = 4096

// NewLimiter returns a limiter that allows burst failures at once and one more after each
// interval. now is the clock.
func NewLimiter(burst int, every time.Duration, now func() time.Time) *Limiter {
	return &Limiter{burst: burst, every: every, now: now, seed: maphash.MakeSeed()}
}

// Fail counts a failed attempt from the address.
func (l *Limiter) Fail(from netip.Addr) {
	from, now := actor.Network(from), l.now()
	s := &l.shards[maphash.Comparable(l.seed, from)%uint64(len(l.shards))]
	s.mu.Lock()
	defer s.mu.Unlock()
	full := s.full[from]
	latest := now.Add(time.Duration(l.burst) * l.every)
	if full.Before(now) || full.After(latest) { // the latter if the clock was set back
		full = now
	}
	full = full.Add(l.every)
	// More failures than the burst do not prolong the wait. Otherwise it would never end for a
	// working client behind the same address as a broken one.
	if full.After(latest) {
		full = latest
	}
	if s.full == nil {
		s.full = map[netip.Addr]time.Time{}
	}
	if _, known := s.full[from]; !known && len(s.full) >= maxAddresses {
		l.evict(s.full, now)
	}
	s.full[from] = full
	if l.wait(full, now) > 0 {
		l.waitUntil(full.UnixNano())
	}
}

// waitUntil sets until to end, unless it is later already.
func (l *Limiter) waitUntil(end int64) {
	for {
		until := l.until.Load()
		if until >= end || l.until.CompareAndSwap(until, end) {
			return
		}
	}
}

// evict removes a quarter of the addresses: first those that have recovered, then any.
func (l *Limiter) evict(full map[netip.Addr]time.Time, now time.Time) {
	for addr, at := range full {
		if !at.After(now) {
			delete(full, addr)
		}
	}
	for addr := range full {
		if len(full) < maxAddresses/4*3 {
			return
		}
		delete(full, addr)
	}
}

// Wait returns how long the address must wait before it may fail again; 0 if it may fail now.
// While no address has to wait, it costs one atomic operation.
func (l *Limiter) Wait(from netip.Addr) time.Duration {
	until := l.until.Load()
	if until == 0 {
		return 0
	}
	now := l.now()
	if now.UnixNano() >= until {
		return 0
	}
	from = actor.Network(from)
	s := &l.shards[maphash.Comparable(l.seed, from)%uint64(len(l.shards))]
	s.mu.Lock()
	defer s.mu.Unlock()
	return l.wait(s.full[from], now)
}

// wait returns the time until an address that has all of its attempts again at full has one
// again. It is 0 if full is later than any failure makes it, because then the clock was set back.
func (l *Limiter) wait(full, now time.Time) time.Duration {
	if !full.After(now) || full.After(now.Add(time.Duration(l.burst)*l.every)) {
		return 0
	}
	return max(0, full.Sub(now)-time.Duration(l.burst-1)*l.every)
}

package verify

import (
	"context"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"latchkey/internal/token"
)

// usage is when and from where one token was used.
type usage struct {
	id      string
	shard   *shard
	current atomic.Pointer[place] // the place of the latest use; never nil
	dirty   atomic.Bool           // used since the last flush, and in its shard's list
	places  []*place              // distinct addresses, the latest to come first; guarded by the shard
}

// place is one address and the last use from there. The invalid address stands for uses
// whose origin is not known.
type place struct {
	addr netip.Addr
	at   atomic.Int64 // milliseconds since 1970 UTC
}

// recorder gathers uses. A token that is used again from the same place costs two atomic
// operations on its own memory; else a lock that one token in 64 shares.
type recorder struct {
	shards [64]shard
}

type shard struct {
	mu    sync.Mutex
	dirty []*usage
	_     [32]byte // a cache line of its own
}

func (r *recorder) shard(e *entry) *shard { return &r.shards[e.digest[31]%64] }

// Used notes that the token was used now from the address, which may be invalid (not
// known). It is kept in memory until the next flush.
func (a *Authority) Used(v Verified, from netip.Addr) {
	e, now := v.entry, a.now().UnixMilli()
	if u := e.use.Load(); u != nil {
		if p := u.current.Load(); p.addr == from {
			if p.at.Load() < now {
				p.at.Store(now)
			}
			// In this order, and the other way round in take and snapshot: no use is lost.
			if u.dirty.Load() {
				return
			}
		}
	}
	a.uses.note(e, from, now)
}

// note is the slow way of Used.
func (r *recorder) note(e *entry, from netip.Addr, now int64) {
	s := r.shard(e)
	s.mu.Lock()
	defer s.mu.Unlock()
	u := e.use.Load()
	if u == nil {
		u = &usage{id: e.id[0], shard: s}
		u.move(from, now)
		e.use.Store(u)
	} else {
		u.move(from, now)
	}
	s.mark(u)
}

// move makes from the current place. The caller holds the shard's lock.
func (u *usage) move(from netip.Addr, now int64) {
	i := slices.IndexFunc(u.places, func(p *place) bool { return p.addr == from })
	var p *place
	if i >= 0 {
		p = u.places[i]
		u.places = slices.Delete(u.places, i, i+1)
	} else {
		p = &place{addr: from}
	}
	p.at.Store(max(now, p.at.Load()))
	u.places = slices.Insert(u.places, 0, p)
	if len(u.places) > MaxAddresses+1 { // one may be the unknown address
		u.places = u.places[:MaxAddresses+1]
	}
	u.current.Store(p)
}

// take empties the lists of all shards.
func (r *recorder) take() []*usage {
	var taken []*usage
	for i := range r.shards {
		s := &r.shards[i]
		s.mu.Lock()
		for _, u := range s.dirty {
			u.dirty.Store(false)
		}
		taken = append(taken, s.dirty...)
		s.dirty = nil
		s.mu.Unlock()
	}
	return taken
}

// restore puts back what could not be saved.
func (r *recorder) restore(taken []*usage) {
	for _, u := range taken {
		u.shard.mu.Lock()
		u.shard.mark(u)
		u.shard.mu.Unlock()
	}
}

// mark puts u on the list. The caller holds the lock.
func (s *shard) mark(u *usage) {
	if !u.dirty.Swap(true) {
		s.dirty = append(s.dirty, u)
	}
}

// snapshot is what to save of u.
func (u *usage) snapshot() Use {
	u.shard.mu.Lock()
	defer u.shard.mu.Unlock()
	use := Use{Token: u.id, From: make([]token.Use, 0, MaxAddresses)}
	var last int64
	for _, p := range u.places {
		at := p.at.Load()
		last = max(last, at)
		if p.addr.IsValid() {
			use.From = append(use.From, token.Use{IP: p.addr.String(), At: time.UnixMilli(at).UTC()})
		}
	}
	slices.SortStableFunc(use.From, func(a, b token.Use) int { return b.At.Compare(a.At) })
	use.From = use.From[:min(len(use.From), MaxAddresses)]
	use.At = time.UnixMilli(last).UTC()
	return use
}

// saveBatch is how many uses one transaction saves, so that other writers wait for it no
// longer than a few milliseconds.
const saveBatch = 500

// Flush saves the uses that were noted since the last Flush. What cannot be saved is kept
// for the next one.
func (a *Authority) Flush(ctx context.Context) error {
	a.flushing.Lock()
	defer a.flushing.Unlock()
	taken := a.uses.take()
	for len(taken) > 0 {
		batch := taken[:min(len(taken), saveBatch)]
		uses := make([]Use, len(batch))
		for i, u := range batch {
			uses[i] = u.snapshot()
		}
		if err := a.store.SaveUses(ctx, uses); err != nil {
			a.uses.restore(taken)
			return err
		}
		taken = taken[len(batch):]
	}
	return nil
}

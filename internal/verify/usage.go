package verify

import (
	"cmp"
	"context"
	"net/netip"
	"slices"
	"strings"
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
	merged  atomic.Bool           // places has what the database had; see Flush
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

// recall adds addresses that are stored: from before this process knew of the token, or
// from other nodes.
func (u *usage) recall(stored []token.Use) {
	u.shard.mu.Lock()
	defer u.shard.mu.Unlock()
	current := u.current.Load()
	others := slices.DeleteFunc(u.places, func(p *place) bool { return p == current })
	for _, old := range stored {
		addr, err := netip.ParseAddr(old.IP)
		if err != nil || addr == current.addr || slices.ContainsFunc(others, func(p *place) bool { return p.addr == addr }) {
			continue
		}
		p := &place{addr: addr}
		p.at.Store(old.At.UnixMilli())
		others = append(others, p)
	}
	slices.SortStableFunc(others, func(a, b *place) int { return cmp.Compare(b.at.Load(), a.at.Load()) })
	u.places = append([]*place{current}, others[:min(len(others), MaxAddresses)]...)
	u.merged.Store(true)
}

// saveBatch is how many uses one transaction saves: other writers wait for it for some
// hundredths of a second, and smaller ones cost more.
const saveBatch = 2000

// Flush saves the uses that were noted since the last Flush. What cannot be saved is kept
// for the next one.
func (a *Authority) Flush(ctx context.Context) error { return a.flush(ctx, 0) }

// flush rests after each batch for that many times as long as the batch took: somebody
// verifies meanwhile.
func (a *Authority) flush(ctx context.Context, rest int) error {
	a.flushing.Lock()
	defer a.flushing.Unlock()
	taken := a.uses.take()
	// Neighbours in the table are saved together: it makes a third of the work.
	slices.SortFunc(taken, func(a, b *usage) int { return strings.Compare(a.id, b.id) })
	for len(taken) > 0 {
		begin := time.Now()
		batch := taken[:min(len(taken), saveBatch)]
		if err := a.save(ctx, batch); err != nil {
			a.uses.restore(taken)
			return err
		}
		taken = taken[len(batch):]
		if rest > 0 && len(taken) > 0 {
			pause(ctx, time.Duration(rest)*time.Since(begin))
		}
	}
	return nil
}

// pause waits, or returns early when ctx ends.
func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// save saves a batch. Addresses from before this process are read once per token; where
// other processes save uses too, each time.
func (a *Authority) save(ctx context.Context, batch []*usage) error {
	var unknown []string
	for _, u := range batch {
		if !u.merged.Load() || a.lease != nil {
			unknown = append(unknown, u.id)
		}
	}
	stored, err := a.store.StoredUses(ctx, unknown)
	if err != nil {
		return err
	}
	uses := make([]Use, len(batch))
	for i, u := range batch {
		if !u.merged.Load() || a.lease != nil {
			u.recall(stored[u.id])
		}
		uses[i] = u.snapshot()
	}
	return a.store.SaveUses(ctx, uses)
}

package verify

import (
	"cmp"
	"context"
	"encoding/binary"
	"hash/maphash"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"latchkey/internal/token"
)

// usage is from where one token was used and when last, beside what its entry holds. It is
// small, as there may be a million. What is not atomic in it is guarded by the token's shard.
type usage struct {
	entry      atomic.Pointer[entry]
	unplacedAt atomic.Int64 // latest use from where nobody knows, in milliseconds since 1970 UTC
	addr       address      // of the latest use; when that was, the entry knows
	others     *[]place     // up to four other addresses, the latest first; nil for most tokens
	placed     bool         // addr is known
	listed     bool         // in the shard's list: used since the last flush
	merged     bool         // has what the database had: see save
}

// id is the token's.
func (u *usage) id() string { return u.entry.Load().id[0] }

// address is an IP address without a zone; of version 4, it is mapped into version 6.
type address [16]byte

// place is one address and the last use from there.
type place struct {
	addr address
	at   int64 // milliseconds since 1970 UTC
}

// use is the place as it is saved.
func (p place) use() token.Use {
	return token.Use{IP: netip.AddrFrom16(p.addr).Unmap().String(), At: time.UnixMilli(p.at).UTC()}
}

// recorder gathers uses. A token that is used again from the same place costs some atomic
// operations on its own memory; else a lock that one token in 64 shares.
type recorder struct {
	seed   maphash.Seed
	shards [64]shard
}

type shard struct {
	mu   sync.Mutex
	list []*usage
	_    [32]byte // a cache line of its own
}

func newRecorder() recorder { return recorder{seed: maphash.MakeSeed()} }

func (r *recorder) shard(e *entry) *shard { return &r.shards[e.digest[31]%64] }

// place is a number for an address, never 0 and never nowhere.
func (r *recorder) place(addr address) uint64 { return maphash.Bytes(r.seed, addr[:]) | 1 }

// nowhere is the place of a token that has only been used from where nobody knows since
// the last flush.
const nowhere uint64 = 2

// Used notes that the token was used, when it was verified, from the address, which may be
// invalid (not known). It is kept in memory until the next flush.
func (a *Authority) Used(v Verified, from netip.Addr) {
	e, now := v.entry, v.at
	if !from.IsValid() {
		a.uses.noteUnplaced(e, now)
		return
	}
	addr := address(from.As16())
	place := a.uses.place(addr)
	if e.usedFrom.Load() == place {
		if e.usedAt.Load() < now {
			e.usedAt.Store(now)
		}
		// In this order, and the other way round in take and snapshot: no use is lost.
		if e.usedFrom.Load() == place {
			return
		}
	}
	a.uses.note(e, addr, place, now)
}

// noteUnplaced leaves the current place as it is: a resource server that asks about a token
// while its holder uses it must not make either of them slow.
func (r *recorder) noteUnplaced(e *entry, now int64) {
	if u := e.use.Load(); u != nil {
		u.unplaced(now)
		if e.usedFrom.Load() != 0 { // in this order, as in Used
			return
		}
	}
	s := r.shard(e)
	s.mu.Lock()
	defer s.mu.Unlock()
	u := e.usage()
	u.unplaced(now)
	if e.usedFrom.CompareAndSwap(0, nowhere) {
		s.add(u)
	}
}

// unplaced notes a use from where nobody knows.
func (u *usage) unplaced(now int64) {
	if u.unplacedAt.Load() < now {
		u.unplacedAt.Store(now)
	}
}

// note is the slow way of Used.
func (r *recorder) note(e *entry, from address, place uint64, now int64) {
	s := r.shard(e)
	s.mu.Lock()
	defer s.mu.Unlock()
	u := e.usage()
	kept := u.entry.Load() // another entry may have taken e's place meanwhile
	kept.usedAt.Store(u.move(from, now, kept.usedAt.Load()))
	e.usedFrom.Store(place)
	s.add(u)
}

// usage is the entry's, made on its first use. The caller holds the shard's lock.
func (e *entry) usage() *usage {
	u := e.use.Load()
	if u == nil {
		u = &usage{}
		u.entry.Store(e)
		e.use.Store(u)
	}
	return u
}

// move makes from the current place and returns when it was used last: now, unless its clock
// is behind another one's. The place till now was used last at then.
func (u *usage) move(from address, now, then int64) int64 {
	if u.placed && u.addr == from {
		return max(now, then)
	}
	others := u.elsewhere()
	if i := slices.IndexFunc(others, func(p place) bool { return p.addr == from }); i >= 0 {
		now = max(now, others[i].at)
		others = slices.Delete(others, i, i+1)
	}
	if u.placed {
		others = slices.Insert(others, 0, place{addr: u.addr, at: then})
	}
	u.addr, u.placed = from, true
	u.keep(others)
	return now
}

// elsewhere is the other places.
func (u *usage) elsewhere() []place {
	if u.others == nil {
		return nil
	}
	return *u.others
}

// keep sets the other places, to as many as count.
func (u *usage) keep(others []place) {
	most := MaxAddresses
	if u.placed {
		most--
	}
	others = others[:min(len(others), most)]
	switch {
	case u.others != nil:
		*u.others = others
	case len(others) > 0:
		first := others
		u.others = &first
	}
}

// add puts u on the list. The caller holds the lock.
func (s *shard) add(u *usage) {
	if !u.listed {
		u.listed, s.list = true, append(s.list, u)
	}
}

// take empties the lists of all shards.
func (r *recorder) take() []*usage {
	var taken []*usage
	for i := range r.shards {
		s := &r.shards[i]
		s.mu.Lock()
		for _, u := range s.list {
			u.listed = false
			u.entry.Load().usedFrom.Store(0)
		}
		taken = append(taken, s.list...)
		s.list = nil
		s.mu.Unlock()
	}
	return taken
}

// restore puts back what could not be saved.
func (r *recorder) restore(taken []*usage) {
	for _, u := range taken {
		s := r.shard(u.entry.Load())
		s.mu.Lock()
		s.add(u)
		s.mu.Unlock()
	}
}

// inherit lets the entry that takes another one's place go on with its uses.
func (r *recorder) inherit(e, old *entry) {
	s := r.shard(e)
	s.mu.Lock()
	defer s.mu.Unlock()
	if u := old.use.Load(); u != nil {
		u.entry.Store(e)
		e.use.Store(u)
		e.usedAt.Store(old.usedAt.Load())
	}
}

// isMerged reports whether u has what the database had.
func (r *recorder) isMerged(u *usage) bool {
	s := r.shard(u.entry.Load())
	s.mu.Lock()
	defer s.mu.Unlock()
	return u.merged
}

// recall adds what is stored: from before this process knew of the token, or from other
// nodes.
func (r *recorder) recall(u *usage, stored Use) {
	s := r.shard(u.entry.Load())
	s.mu.Lock()
	defer s.mu.Unlock()
	if at := u.unplacedAt.Load(); !stored.At.IsZero() && at < stored.At.UnixMilli() {
		// Whoever notes a use at this moment may win: its time is later.
		u.unplacedAt.CompareAndSwap(at, stored.At.UnixMilli())
	}
	others := u.elsewhere()
	for _, old := range stored.From {
		ip, err := netip.ParseAddr(old.IP)
		if err != nil {
			continue
		}
		addr, at := address(ip.As16()), old.At.UnixMilli()
		if u.placed && u.addr == addr { // it stays the current place whatever other nodes have seen since
			// Whoever notes a use at this moment wins, as above.
			usedAt := &u.entry.Load().usedAt
			if seen := usedAt.Load(); seen < at {
				usedAt.CompareAndSwap(seen, at)
			}
			continue
		}
		i := slices.IndexFunc(others, func(p place) bool { return p.addr == addr })
		if i < 0 {
			i, others = len(others), append(others, place{addr: addr})
		}
		others[i].at = max(others[i].at, at)
	}
	slices.SortStableFunc(others, latestFirst)
	u.keep(others)
	u.merged = true
}

func latestFirst(a, b place) int { return cmp.Compare(b.at, a.at) }

// snapshot is what to save of u.
func (r *recorder) snapshot(u *usage) Use {
	s := r.shard(u.entry.Load())
	s.mu.Lock()
	defer s.mu.Unlock()
	var places [MaxAddresses]place
	all := places[:0]
	if u.placed {
		all = append(all, place{addr: u.addr, at: u.entry.Load().usedAt.Load()})
	}
	all = append(all, u.elsewhere()...)
	slices.SortStableFunc(all, latestFirst)
	use := Use{Token: u.id(), From: make([]token.Use, len(all))}
	last := u.unplacedAt.Load()
	for i, p := range all {
		last, use.From[i] = max(last, p.at), p.use()
	}
	use.At = time.UnixMilli(last).UTC()
	return use
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
	sortByID(taken)
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

// sortByID brings neighbours in the table together: to save them so is a third of the work.
func sortByID(uses []*usage) {
	type keyed struct {
		key uint64 // the first bytes of the id: nearly always enough, and close at hand
		use *usage
	}
	sorted := make([]keyed, len(uses))
	for i, u := range uses {
		var first [8]byte
		copy(first[:], u.id())
		sorted[i] = keyed{binary.BigEndian.Uint64(first[:]), u}
	}
	slices.SortFunc(sorted, func(a, b keyed) int {
		if a.key != b.key {
			return cmp.Compare(a.key, b.key)
		}
		return strings.Compare(a.use.id(), b.use.id())
	})
	for i, k := range sorted {
		uses[i] = k.use
	}
}

// pause waits, or returns early when ctx ends.
func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// save saves a batch. What is stored from before this process is read once per token; where
// other processes save uses too, each time.
func (a *Authority) save(ctx context.Context, batch []*usage) error {
	var ask []string
	asked := make([]bool, len(batch))
	for i, u := range batch {
		if asked[i] = a.lease != nil || !a.uses.isMerged(u); asked[i] {
			ask = append(ask, u.id())
		}
	}
	return a.store.SaveUses(ctx, ask, func(stored map[string]Use) []Use {
		uses := make([]Use, len(batch))
		for i, u := range batch {
			if asked[i] {
				a.uses.recall(u, stored[u.id()])
			}
			uses[i] = a.uses.snapshot(u)
		}
		return uses
	})
}

package verify

import (
	"cmp"
	"net/netip"
	"slices"
	"sync"
	"time"

	"latchkey/internal/token"
)

// usage is when and from where one token was last used, and how often it was since that was saved
// last. Times are in milliseconds since 1970 UTC.
type usage struct {
	mu      sync.Mutex
	last    int64   // 0 until the token is accepted
	latest  place   // zero until the token is used from a known address
	earlier []place // the latest first; with latest at most MaxAddresses
	asked   uint32  // requests that came with the token, since the last save
	refused uint32  // those of them that were refused
	listed  bool    // in the recorder's list
	merged  bool    // whether it includes what the database has: see save
}

// place is an address and the last use from there.
type place struct {
	addr netip.Addr
	at   int64
}

// Used records that the token was used, at the time of its verification. from is invalid if the
// address is unknown. The use stays in memory until the next flush.
func (a *Authority) Used(v Verified, from netip.Addr) {
	if v.entry.usage.note(from.Unmap().WithZone(""), v.at) {
		a.recorder.add(v.entry)
	}
}

// note records a use. It reports whether the token must be added to the list of the recorder.
func (u *usage) note(from netip.Addr, at int64) (add bool) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.asked++
	u.last = max(u.last, at)
	switch {
	case !from.IsValid():
	case from == u.latest.addr:
		u.latest.at = max(u.latest.at, at)
	default:
		u.keep(merge([]place{{from, at}}, u.places()))
	}
	add, u.listed = !u.listed, true
	return add
}

// Denied counts that a request whose use was recorded was then refused, because the token may not do
// what it asked for.
func (a *Authority) Denied(v Verified) { a.count(v.entry, 0, 1) }

// count counts requests and refusals of a token without a use.
func (a *Authority) count(e *entry, asked, refused uint32) {
	u := e.usage
	u.mu.Lock()
	u.asked += asked
	u.refused += refused
	add := !u.listed
	u.listed = true
	u.mu.Unlock()
	if add {
		a.recorder.add(e)
	}
}

// places returns the known places. The caller holds the lock.
func (u *usage) places() []place {
	if !u.latest.addr.IsValid() {
		return nil
	}
	return append([]place{u.latest}, u.earlier...)
}

// keep replaces the known places. The caller holds the lock.
func (u *usage) keep(places []place) {
	if len(places) > 0 {
		u.latest, u.earlier = places[0], slices.Clone(places[1:])
	}
}

// merge returns the places of a and b, the latest first and at most MaxAddresses. Among places
// with the same time, those of a come first.
func merge(a, b []place) []place {
	all := slices.Clone(a)
	for _, p := range b {
		i := slices.IndexFunc(all, func(other place) bool { return other.addr == p.addr })
		if i < 0 {
			all = append(all, p)
		} else {
			all[i].at = max(all[i].at, p.at)
		}
	}
	slices.SortStableFunc(all, func(x, y place) int { return cmp.Compare(y.at, x.at) })
	return all[:min(len(all), MaxAddresses)]
}

// recall adds what is stored, which is from before this process had the token or from other
// nodes.
func (u *usage) recall(stored Use) {
	u.include(stored)
	u.mu.Lock()
	defer u.mu.Unlock()
	u.merged = true
}

// include adds other uses of the same token.
func (u *usage) include(stored Use) {
	u.mu.Lock()
	defer u.mu.Unlock()
	var places []place
	for _, old := range stored.From {
		if addr, err := netip.ParseAddr(old.IP); err == nil {
			places = append(places, place{addr, old.At.UnixMilli()})
		}
	}
	u.keep(merge(u.places(), places))
	if !stored.At.IsZero() {
		u.last = max(u.last, stored.At.UnixMilli())
	}
	u.asked += uint32(stored.Requests)
	u.refused += uint32(stored.Refusals)
}

// isMerged reports whether u includes what the database has.
func (u *usage) isMerged() bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.merged
}

// snapshot returns what to save of the token.
func (u *usage) snapshot(e *entry) Use {
	u.mu.Lock()
	defer u.mu.Unlock()
	use := Use{Token: e.id, Organization: e.standing.holder.Organization, Requests: int(u.asked), Refusals: int(u.refused)}
	if u.last != 0 {
		use.At = time.UnixMilli(u.last).UTC()
	}
	for _, p := range u.places() {
		use.From = append(use.From, token.Use{IP: p.addr.String(), At: time.UnixMilli(p.at).UTC()})
	}
	return use
}

// saved subtracts what was saved.
func (u *usage) saved(use Use) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.asked -= uint32(use.Requests)
	u.refused -= uint32(use.Refusals)
}

// list marks the token as listed, and reports whether it was not before.
func (u *usage) list() bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	was := u.listed
	u.listed = true
	return !was
}

// unlist marks the token as not listed.
func (u *usage) unlist() {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.listed = false
}

// recorder lists the tokens with uses to save.
type recorder struct {
	mu   sync.Mutex
	used []*entry
}

// add appends a token that is marked as listed.
func (r *recorder) add(e *entry) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.used = append(r.used, e)
}

// take empties the list. A token that is used from then on is listed again.
func (r *recorder) take() []*entry {
	r.mu.Lock()
	used := r.used
	r.used = nil
	r.mu.Unlock()
	for _, e := range used {
		e.usage.unlist()
	}
	return used
}

// restore puts back tokens whose uses could not be saved.
func (r *recorder) restore(used []*entry) {
	for _, e := range used {
		if e.usage.list() {
			r.add(e)
		}
	}
}

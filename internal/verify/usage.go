package verify

import (
	"cmp"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"latchkey/internal/token"
)

// usage is when and from where one token was last used, and how often it was since that was saved
// last. Times are in milliseconds since 1970 UTC.
type usage struct {
	mu      sync.Mutex
	last    int64                    // 0 until the token is accepted
	latest  place                    // zero until the token is used from a known address
	earlier *[MaxAddresses - 1]place // the latest first, then zero; nil if there is none
	asked   uint32                   // requests that came with the token, since the last save
	refused uint32                   // those of them that were refused
	listed  bool                     // in the recorder's list
	merged  bool                     // whether it includes what the database has: see save
	marks   atomic.Uint32            // of secrets of tokens that were rotated; 0 for others
}

// The marks of a secret.
const (
	fresh   = 1 << iota // its first use is not noted yet
	watched             // two secrets of the token work, and their uses are counted apart: see watch
)

// unmark removes a mark.
func (u *usage) unmark(mark uint32) { u.marks.And(^mark) }

// place is an address and the last use from there. The address is in its form of 16 bytes, which takes
// 8 bytes less than a [netip.Addr]; no client has the address ::, which stands for none.
type place struct {
	addr [16]byte
	at   int64
}

// known reports whether there is an address.
func (p place) known() bool { return p.addr != [16]byte{} }

// Used records that the token was used, at the time of its verification. from is invalid if the
// address is unknown. agent is the user agent if it is known and the token is [Verified.Watched]. The use stays
// in memory until the next flush.
func (a *Authority) Used(v Verified, from netip.Addr, agent string) {
	if v.Watched() && !a.watch.note(v.entry.digest, from, agent, v.at) {
		v.entry.usage.unmark(watched)
	}
	if v.entry.usage.note(from, v.at) {
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
	case !from.IsValid() || from == netip.IPv6Unspecified():
	case from.As16() == u.latest.addr:
		u.latest.at = max(u.latest.at, at)
	default:
		u.keep(merge([]place{{from.As16(), at}}, u.places()))
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
	if !u.latest.known() {
		return nil
	}
	places := []place{u.latest}
	if u.earlier != nil {
		for _, p := range u.earlier {
			if p.known() {
				places = append(places, p)
			}
		}
	}
	return places
}

// keep replaces the known places. The caller holds the lock.
func (u *usage) keep(places []place) {
	if len(places) == 0 {
		return
	}
	u.latest, u.earlier = places[0], nil
	if len(places) > 1 {
		u.earlier = new([MaxAddresses - 1]place)
		copy(u.earlier[:], places[1:])
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
		if addr, err := netip.ParseAddr(old.IP); err == nil && addr != netip.IPv6Unspecified() {
			places = append(places, place{addr.As16(), old.At.UnixMilli()})
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
	use := Use{Token: e.text.id(), Organization: e.standing.holder.Organization, Owner: e.standing.holder.Owner,
		Requests: int(u.asked), Refusals: int(u.refused)}
	if u.last != 0 {
		use.At = time.UnixMilli(u.last).UTC()
	}
	for _, p := range u.places() {
		use.From = append(use.From, token.Use{IP: netip.AddrFrom16(p.addr).Unmap().String(), At: time.UnixMilli(p.at).UTC()})
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

// recorder lists the tokens with uses to save. The list is in parts, because a request would wait while a
// list of millions is copied to grow.
type recorder struct {
	mu   sync.Mutex
	full [][]*entry
	used []*entry
}

// recorderPart is the size of a part.
const recorderPart = 4096

// add appends a token that is marked as listed.
func (r *recorder) add(e *entry) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.used) == recorderPart {
		r.full, r.used = append(r.full, r.used), make([]*entry, 0, recorderPart)
	}
	r.used = append(r.used, e)
}

// take empties the list. A token that is used from then on is listed again.
func (r *recorder) take() []*entry {
	r.mu.Lock()
	parts := append(r.full, r.used)
	r.full, r.used = nil, nil
	r.mu.Unlock()
	used := slices.Concat(parts...)
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

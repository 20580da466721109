package request

import (
	"log/slog"
	"net/http"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"latchkey/internal/actor"
)

// Strangers notes which peers send X-Forwarded-For although no trusted proxy has their address.
// Such a peer may be a proxy that --trusted-proxies does not name: then all its clients count as
// one, and the failures of one lock out the others. Or it is a client that made the header up.
//
// The notes are kept in memory. Strangers trusts nobody and does not change requests.
type Strangers struct {
	trusted []netip.Prefix
	log     *slog.Logger
	now     func() time.Time

	seen sync.Map // netip.Addr → *atomic.Int64: when it was seen last, in Unix milliseconds
	mu   sync.Mutex
}

const (
	// maxStrangers bounds the addresses that are noted of each kind: those in private networks,
	// where proxies usually are, and all others. So clients elsewhere cannot crowd out a proxy.
	maxStrangers = 8
	// strangerLife is how long an address stays noted after it was seen last.
	strangerLife = 24 * time.Hour
)

// NewStrangers returns a Strangers that has noted nobody.
func NewStrangers(trusted []netip.Prefix, log *slog.Logger, now func() time.Time) *Strangers {
	return &Strangers{trusted: trusted, log: log, now: now}
}

// Watch returns a handler that notes the peer of each request and then calls next.
func (s *Strangers) Watch(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if len(r.Header["X-Forwarded-For"]) > 0 {
			s.note(r.RemoteAddr)
		}
		next.ServeHTTP(w, r)
	})
}

// List returns the addresses that were seen lately, those in private networks first.
func (s *Strangers) List() []netip.Addr {
	var list []netip.Addr
	since := s.now().Add(-strangerLife).UnixMilli()
	s.seen.Range(func(addr, at any) bool {
		if at.(*atomic.Int64).Load() > since {
			list = append(list, addr.(netip.Addr))
		}
		return true
	})
	slices.SortFunc(list, func(a, b netip.Addr) int {
		if isNear(a) != isNear(b) {
			if isNear(a) {
				return -1
			}
			return 1
		}
		return a.Compare(b)
	})
	return list
}

func (s *Strangers) note(peer string) {
	addr, ok := actor.ParseAddress(peer)
	if !ok || slices.ContainsFunc(s.trusted, func(p netip.Prefix) bool { return p.Contains(addr) }) {
		return
	}
	now := s.now().UnixMilli()
	if at, known := s.seen.Load(addr); known {
		at.(*atomic.Int64).Store(now)
		return
	}
	if s.add(addr, now) {
		s.log.Warn("X-Forwarded-For is ignored, because --trusted-proxies does not name its sender; "+
			"if it is your proxy, all its clients count as one", "sender", addr.String())
	}
}

// add notes a new address and reports whether there was room. It forgets addresses that were not
// seen for long.
func (s *Strangers) add(addr netip.Addr, now int64) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	same := 0
	s.seen.Range(func(other, at any) bool {
		switch {
		case at.(*atomic.Int64).Load() <= now-strangerLife.Milliseconds():
			s.seen.Delete(other)
		case isNear(other.(netip.Addr)) == isNear(addr):
			same++
		}
		return true
	})
	if same >= maxStrangers {
		return false
	}
	at := &atomic.Int64{}
	at.Store(now)
	_, known := s.seen.LoadOrStore(addr, at)
	return !known
}

// isNear reports whether an address is in a private network or on this machine.
func isNear(addr netip.Addr) bool {
	return addr.IsLoopback() || addr.IsPrivate() || addr.IsLinkLocalUnicast()
}

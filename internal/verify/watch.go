package verify

import (
	"cmp"
	"context"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"latchkey/internal/plaintext"
	"latchkey/internal/token"
)

// MaxSecretPlaces is how many places are kept of each secret of a token that was rotated.
const MaxSecretPlaces = 10

// maxAgent is how much is kept of a user agent, in bytes.
const maxAgent = 120

// SecretUse is when and from where a secret was used since the last time.
type SecretUse struct {
	Digest   [32]byte
	Requests int
	From     []token.SecretUse // newest first, at most MaxSecretPlaces
}

// watch counts the uses of secrets while two of a token work. There are few, so the uses of others pay
// nothing for it but the look at a mark.
type watch struct {
	mu      sync.Mutex
	secrets map[[32]byte]*watchedSecret
}

type watchedSecret struct {
	until int64 // in milliseconds since 1970
	use   SecretUse
}

// expect watches the secret of a record until the other one has ended. It returns whether to mark it.
func (w *watch) expect(r Record) bool {
	if r.WatchUntil.IsZero() {
		return false
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.secrets == nil {
		w.secrets = map[[32]byte]*watchedSecret{}
	}
	s := w.secrets[r.Digest]
	if s == nil {
		s = &watchedSecret{use: SecretUse{Digest: r.Digest}}
		w.secrets[r.Digest] = s
	}
	s.until = r.WatchUntil.UnixMilli()
	return true
}

// note records a use. It reports whether the secret is watched any longer.
func (w *watch) note(digest [32]byte, from netip.Addr, agent string, at int64) bool {
	agent = strings.Clone(plaintext.ClipBytes(plaintext.Bare(agent), maxAgent)) // not the rest of the request
	use := token.SecretUse{Agent: agent, At: time.UnixMilli(at).UTC()}
	if from.IsValid() {
		use.IP = from.Unmap().String()
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	s := w.secrets[digest]
	if s == nil || at >= s.until {
		return false
	}
	s.use.Requests++
	s.use.From = MergePlaces([]token.SecretUse{use}, s.use.From)
	return true
}

// MergePlaces returns the places of a and b, each once with its last use, the newest first and at most
// MaxSecretPlaces.
func MergePlaces(a, b []token.SecretUse) []token.SecretUse {
	all := slices.Clone(a)
	for _, p := range b {
		i := slices.IndexFunc(all, func(o token.SecretUse) bool { return o.IP == p.IP && o.Agent == p.Agent })
		switch {
		case i < 0:
			all = append(all, p)
		case p.At.After(all[i].At):
			all[i].At = p.At
		}
	}
	slices.SortStableFunc(all, func(x, y token.SecretUse) int { return cmp.Compare(y.At.UnixMilli(), x.At.UnixMilli()) })
	return all[:min(len(all), MaxSecretPlaces)]
}

// take returns the uses since the last time, and forgets secrets that are not watched any longer.
func (w *watch) take(now time.Time) []SecretUse {
	w.mu.Lock()
	defer w.mu.Unlock()
	var uses []SecretUse
	for digest, s := range w.secrets {
		if s.use.Requests > 0 {
			uses = append(uses, s.use)
			s.use = SecretUse{Digest: digest}
		}
		if now.UnixMilli() >= s.until {
			delete(w.secrets, digest)
		}
	}
	return uses
}

// restore puts back uses that could not be saved.
func (w *watch) restore(uses []SecretUse) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, u := range uses {
		if s := w.secrets[u.Digest]; s != nil {
			s.use.Requests += u.Requests
			s.use.From = MergePlaces(s.use.From, u.From)
		}
	}
}

// flushSecrets saves the uses of watched secrets.
func (a *Authority) flushSecrets(ctx context.Context) error {
	uses := a.watch.take(a.now())
	if len(uses) == 0 {
		return nil
	}
	err := a.store.SaveSecretUses(ctx, uses)
	if err != nil {
		a.watch.restore(uses)
	}
	return err
}

// entryOf returns the entry of a token that is not deleted, and watches its secret if it must be.
func (a *Authority) entryOf(r Record, s *standing) *entry {
	e := newEntry(r, s)
	if a.watch.expect(r) {
		e.own.marks.Or(watched)
	}
	return e
}

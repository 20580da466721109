package verify

import (
	"slices"
	"sync"
	"sync/atomic"

	"latchkey/internal/access"
)

// standing is what all tokens of one holder share. Its state is nil until somebody needs
// it and again after each change that may bear on it.
type standing struct {
	state   atomic.Pointer[state]
	tokens  int        // how many entries refer to it; guarded by standings.mu
	loading sync.Mutex // held while reading the state, so that one reads and others wait
	holder  Holder
}

// state is what a holder's tokens may do now. It is immutable. What every answer needs comes
// first: see entry.
type state struct {
	refusal      Refusal // other than 0: the tokens are good for nothing
	power        *power
	kind         [1]string // the holder's kind, workspace and owner (ids), in arrays so that
	place        [1]string // response headers can point into them
	person       [1]string
	role         access.Role
	organization string // names
	workspace    string
	owner        string
	email        string
	groups       []string // ids of the groups that give something
}

// standings knows every holder that has a token in the index.
type standings struct {
	// keeping makes "is it still the generation in which I read? then keep it" one step.
	// Those who keep share it; a change takes it alone, for a moment.
	keeping    sync.RWMutex
	generation uint64 // of changes to anything but tokens; guarded by keeping

	mu      sync.Mutex
	all     map[Holder]*standing
	byOwner map[string][]*standing
}

// acquire returns the holder's standing for one more token.
func (r *standings) acquire(h Holder) *standing {
	r.mu.Lock()
	defer r.mu.Unlock()
	s, ok := r.all[h]
	if !ok {
		if r.all == nil {
			r.all, r.byOwner = map[Holder]*standing{}, map[string][]*standing{}
		}
		s = &standing{holder: h}
		r.all[h] = s
		if h.Owner != "" {
			r.byOwner[h.Owner] = append(r.byOwner[h.Owner], s)
		}
	}
	s.tokens++
	return s
}

// release is the end of one token. With the last one the standing is forgotten: nothing
// leads to it any more but requests that have it already.
func (r *standings) release(s *standing) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if s.tokens--; s.tokens > 0 || r.all[s.holder] != s {
		return
	}
	delete(r.all, s.holder)
	owner := s.holder.Owner
	r.byOwner[owner] = slices.DeleteFunc(r.byOwner[owner], func(o *standing) bool { return o == s })
	if len(r.byOwner[owner]) == 0 {
		delete(r.byOwner, owner)
	}
}

// now is the generation to note before reading.
func (r *standings) now() uint64 {
	r.keeping.RLock()
	defer r.keeping.RUnlock()
	return r.generation
}

// keep stores what was read in the generation, unless something has changed since.
func (r *standings) keep(s *standing, st *state, generation uint64) {
	r.keeping.RLock()
	defer r.keeping.RUnlock()
	if r.generation == generation {
		s.state.Store(st)
	}
}

// begin starts a change: whatever is being read now will not be kept. What is in memory
// when it returns is all that can be stale.
func (r *standings) begin() {
	r.keeping.Lock()
	defer r.keeping.Unlock()
	r.generation++
}

// forget drops the states that a change touched. Call begin first.
func (r *standings) forget(c touched) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for owner := range c.owners {
		for _, s := range r.byOwner[owner] {
			s.state.Store(nil)
		}
	}
	if !c.everything && len(c.workspaces) == 0 && len(c.groups) == 0 {
		return
	}
	for _, s := range r.all {
		if c.everything || c.workspaces[s.holder.Workspace] || c.givesTo(s.state.Load()) {
			s.state.Store(nil)
		}
	}
}

// touched is what a change bears on.
type touched struct {
	everything bool
	owners     map[string]bool
	workspaces map[string]bool
	groups     map[string]bool
}

func (c touched) givesTo(st *state) bool {
	return st != nil && slices.ContainsFunc(st.groups, func(g string) bool { return c.groups[g] })
}

// clear forgets every standing. Entries that still refer to one must not be kept.
func (r *standings) clear() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.all, r.byOwner = nil, nil
}

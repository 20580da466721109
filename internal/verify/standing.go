package verify

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"

	"latchkey/internal/access"
	"latchkey/internal/actor"
	"latchkey/internal/fault"
	"latchkey/internal/policy"
)

// standing is what all tokens of one holder share. Its state is nil until it is needed, and again
// after each change that may affect it.
type standing struct {
	holder  Holder
	state   atomic.Pointer[state]
	loading sync.Mutex // held while reading the state, so that one reads and others wait
	tokens  int        // entries that refer to it; guarded by standings.mu
}

// state is what a holder's tokens may do now. It is immutable.
type state struct {
	refusal      Refusal // other than 0: the tokens are refused, and nothing else is set
	power        *power
	limit        *actor.Limit // of the addresses that the tokens may be used from; nil if there is none
	role         access.Role
	organization string // names
	workspace    string
	owner        string
	email        string
	groups       []string // ids of the groups that grant something to the holder
}

// loadState reads what a holder's tokens may do, once for all requests that ask at the same time.
// If there was a change since it began to read, the result is not kept and the next request reads
// again.
func (a *Authority) loadState(ctx context.Context, s *standing) (*state, error) {
	s.loading.Lock()
	defer s.loading.Unlock()
	if st := s.state.Load(); st != nil {
		return st, nil
	}
	generation := a.standings.now()
	st, err := a.readState(ctx, s.holder)
	if err == nil {
		a.standings.keep(s, st, generation)
	}
	return st, err
}

// readState reads from the database what a holder's tokens may do.
func (a *Authority) readState(ctx context.Context, h Holder) (*state, error) {
	found, err := a.store.TokenStanding(ctx, h)
	switch {
	case fault.Is(err, fault.NotFound):
		return &state{refusal: Revoked}, nil
	case err != nil:
		return nil, err
	}
	if refusal := found.refusal(h); refusal != 0 {
		return &state{refusal: refusal}, nil
	}
	st := &state{role: found.Role, organization: found.Organization, workspace: found.Workspace, owner: found.Owner, email: found.Email}
	for _, l := range found.Layers {
		if l.Kind == policy.OfGroup {
			st.groups = append(st.groups, l.Group)
		}
	}
	if st.limit, err = found.limit(h); err != nil {
		return nil, fmt.Errorf("verify: %w", err)
	}
	if st.power, err = a.powers.of(h, found); err != nil {
		return nil, fmt.Errorf("verify: %w", err)
	}
	return st, nil
}

// belongs reports whether the owner is in the workspace. An Admin is in every workspace; a
// baseline alone does not put a member into one.
func (s Standing) belongs() bool {
	if s.Role == access.RoleAdmin {
		return true
	}
	return slices.ContainsFunc(s.Layers, func(l Layer) bool { return l.Kind != policy.Baseline })
}

// standings holds the standing of every holder that has a token in the index.
type standings struct {
	// keeping makes comparing the generation and keeping a state one step. Those who keep a state
	// share it. A change holds it exclusively, for a moment.
	keeping    sync.RWMutex
	generation uint64 // counts changes to anything but tokens; guarded by keeping

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

// release gives up one token's share of a standing. The standing is removed with its last token:
// only requests that already have it still use it.
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

// now returns the current generation. Call it before reading.
func (r *standings) now() uint64 {
	r.keeping.RLock()
	defer r.keeping.RUnlock()
	return r.generation
}

// keep stores a state that was read in the generation, unless something has changed since.
func (r *standings) keep(s *standing, st *state, generation uint64) {
	r.keeping.RLock()
	defer r.keeping.RUnlock()
	if r.generation == generation {
		s.state.Store(st)
	}
}

// begin starts a change. What is being read at this moment will not be kept, so after begin
// returns only what is already in memory can be stale.
func (r *standings) begin() {
	r.keeping.Lock()
	defer r.keeping.Unlock()
	r.generation++
}

// forget discards the states that a change affects. Call begin first.
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
		if c.everything || c.workspaces[s.holder.Workspace] || c.grants(s.state.Load()) {
			s.state.Store(nil)
		}
	}
}

// touched is what a change affects, by id.
type touched struct {
	everything bool
	owners     map[string]bool
	workspaces map[string]bool
	groups     map[string]bool
}

// grants reports whether one of the groups grants something to the state.
func (c touched) grants(st *state) bool {
	return st != nil && slices.ContainsFunc(st.groups, func(g string) bool { return c.groups[g] })
}

// clear removes every standing. Entries that still refer to one must not be kept.
func (r *standings) clear() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.all, r.byOwner = nil, nil
}

package verify_test

import (
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"latchkey/internal/access"
	"latchkey/internal/account"
	"latchkey/internal/policy"
	"latchkey/internal/token"
)

// right is one right of one token. state is even while it is settled: 0 not there,
// 2 there; odd while a change is under way. Each change adds 4, so that two readings that
// are equal had no change between them.
type right struct {
	secret    string
	workspace string
	state     atomic.Uint64
	held      bool // taken away by a change of the whole organization, which gives it back
}

func (r *right) change(to bool, do func()) {
	was := r.state.Load()
	r.state.Store(was | 1)
	do()
	next := (was&^3 + 4)
	if to {
		next |= 2
	}
	r.state.Store(next)
}

// end takes the right away permanently.
func (r *right) end(do func()) { r.change(false, do) }

// TestVerify_NothingThatStartsAfterAChangeSeesTheOldRight is the promise of this package:
// verification runs in many goroutines while rights come and go in every way there is.
func TestVerify_NothingThatStartsAfterAChangeSeesTheOldRight(t *testing.T) {
	w := newWorld(t)
	rounds := 2
	if testing.Short() {
		rounds = 1
	}
	h := &hammer{world: w}
	h.start(4)
	for i := range rounds {
		for _, scenario := range []func(*hammer, int){tokensEnd, tokensRotate, tokensAreRestricted, memberComesAndGoes,
			policiesShrink, groupsChange, workspaceEnds} {
			scenario(h, i)
		}
	}
	h.stop(t)
}

type hammer struct {
	*world
	mu      sync.Mutex
	rights  []*right
	done    atomic.Bool
	wg      sync.WaitGroup
	checked atomic.Int64
	wrong   atomic.Int64
}

// watch makes the verifiers check the right from now on.
func (h *hammer) watch(secret, workspace string, there bool) *right {
	r := &right{secret: secret, workspace: workspace}
	if there {
		r.state.Store(2)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.rights = append(h.rights, r)
	if len(h.rights) > 60 { // old ones no longer change
		h.rights = h.rights[30:]
	}
	return r
}

func (h *hammer) start(goroutines int) {
	for range goroutines {
		h.wg.Go(func() {
			for !h.done.Load() {
				h.mu.Lock()
				rights := h.rights
				h.mu.Unlock()
				if len(rights) == 0 {
					time.Sleep(time.Millisecond)
					continue
				}
				h.check(rights[rand.IntN(len(rights))])
			}
		})
	}
}

func (h *hammer) check(r *right) {
	before := r.state.Load()
	got := h.may(r.secret, r.workspace, editSources)
	if before&1 == 1 || r.state.Load() != before {
		return // a change came between: either answer is right
	}
	h.checked.Add(1)
	if got != (before&2 == 2) {
		h.wrong.Add(1)
	}
}

func (h *hammer) stop(t *testing.T) {
	time.Sleep(20 * time.Millisecond)
	h.done.Store(true)
	h.wg.Wait()
	if h.wrong.Load() > 0 || h.checked.Load() < 1000 {
		t.Errorf("%d of %d answers were wrong", h.wrong.Load(), h.checked.Load())
	}
}

func tokensEnd(h *hammer, _ int) {
	sat := h.service(h.main, everywhere(editSources))
	r := h.watch(sat.Secret.Reveal(), h.main, true)
	time.Sleep(time.Millisecond)
	r.end(func() {
		_, err := h.tokens.Delete(h.ctx, h.admin.Caller(), sat.ID)
		h.must(err)
	})
}

// tokensRotate gives a token a new secret again and again: the old one ends at once, or when somebody ends it.
func tokensRotate(h *hammer, _ int) {
	sat := h.service(h.main, everywhere(editSources))
	r := h.watch(sat.Secret.Reveal(), h.main, true)
	for i := range 4 {
		var done token.Rotated
		rotate := func(overlap time.Duration) {
			var err error
			done, err = h.tokens.Rotate(h.ctx, h.admin.Caller(), sat.ID, token.Rotation{Overlap: overlap, SameLength: true})
			h.must(err)
		}
		old := r
		if i%2 == 0 {
			old.end(func() { rotate(0) })
			r = h.watch(done.Secret.Reveal(), h.main, true)
			continue
		}
		rotate(time.Hour) // both work
		r = h.watch(done.Secret.Reveal(), h.main, true)
		time.Sleep(time.Millisecond)
		old.end(func() {
			_, err := h.tokens.EndPrevious(h.ctx, h.admin.Caller(), sat.ID)
			h.must(err)
		})
	}
}

// tokensAreRestricted changes the allowed addresses of a token and of the organization. The verifiers have none.
func tokensAreRestricted(h *hammer, _ int) {
	sat := h.service(h.main, everywhere(editSources))
	r := h.watch(sat.Secret.Reveal(), h.main, true)
	for range 3 {
		r.change(false, func() { h.restrict(sat, "192.0.2.0/24") })
		r.change(true, func() { h.restrict(sat, "") })
		h.all(false, func() { h.restrictAll("192.0.2.0/24") })
		h.all(true, func() { h.restrictAll("") })
	}
}

// all changes every right that is there, or that the same change took away before.
func (h *hammer) all(to bool, do func()) {
	h.mu.Lock()
	rights := h.rights
	h.mu.Unlock()
	for _, r := range rights {
		if was := r.state.Load(); !to && was&2 == 2 || to && r.held {
			r.held, do = !to, func(next func()) func() { return func() { r.change(to, next) } }(do)
		}
	}
	do()
}

func memberComesAndGoes(h *hammer, i int) {
	m := h.member(named("member", i))
	h.policy(policy.OfMember, h.main, m.ID, everywhere(editSources))
	r := h.watch(h.personal(m, h.main, access.ScopeReadWrite).Secret.Reveal(), h.main, true)
	for range 3 {
		r.change(false, func() {
			_, err := h.accounts.Members.Deactivate(h.ctx, h.admin.Caller(), m.ID)
			h.must(err)
		})
		r.change(true, func() {
			_, err := h.accounts.Members.Reactivate(h.ctx, h.admin.Caller(), m.ID)
			h.must(err)
		})
	}
	r.end(func() {
		_, err := h.accounts.Members.Delete(h.ctx, h.admin.Caller(), account.These(m.ID))
		h.must(err)
	})
}

func policiesShrink(h *hammer, i int) {
	workspace := h.workspace(named("policies", i))
	m := h.member(named("policed", i))
	h.policy(policy.OfMember, workspace, m.ID, nil)
	pat := h.watch(h.personal(m, workspace, access.ScopeReadWrite).Secret.Reveal(), workspace, false)
	sat := h.watch(h.service(workspace, nil).Secret.Reveal(), workspace, false)
	for range 3 {
		both := func(to bool, body access.Policy) {
			sat.change(to, func() {
				pat.change(to, func() { h.policy(policy.Baseline, workspace, "", body) })
			})
		}
		both(true, everywhere(editSources))
		both(false, nil)
		pat.change(true, func() { h.policy(policy.OfMember, workspace, m.ID, everywhere(editSources)) })
		pat.change(false, func() { h.policy(policy.OfMember, workspace, m.ID, nil) })
	}
}

func groupsChange(h *hammer, i int) {
	m := h.member(named("grouped", i))
	h.policy(policy.OfMember, h.main, m.ID, nil)
	g := h.group(named("group", i))
	h.policy(policy.OfGroup, h.main, g, everywhere(editSources))
	r := h.watch(h.personal(m, h.main, access.ScopeReadWrite).Secret.Reveal(), h.main, false)
	add := func() {
		_, err := h.accounts.Groups.AddMembers(h.ctx, h.admin.Caller(), account.These(m.ID), []string{g})
		h.must(err)
	}
	for range 3 {
		r.change(true, add)
		r.change(false, func() {
			_, _, err := h.accounts.Groups.RemoveMembers(h.ctx, h.admin.Caller(), g, account.These(m.ID))
			h.must(err)
		})
	}
	r.change(true, add)
	r.change(false, func() { h.policy(policy.OfGroup, h.main, g, nil) })
	r.change(true, func() { h.policy(policy.OfGroup, h.main, g, everywhere(editSources)) })
	r.end(func() {
		_, err := h.accounts.Groups.Delete(h.ctx, h.admin.Caller(), g)
		h.must(err)
	})
}

func workspaceEnds(h *hammer, i int) {
	name := named("ending", i)
	workspace := h.workspace(name)
	sat := h.watch(h.service(workspace, everywhere(editSources)).Secret.Reveal(), workspace, true)
	owner := account.Member{ID: h.admin.ID, Organization: h.org, Role: access.RoleAdmin}
	pat := h.watch(h.personal(owner, workspace, access.ScopeReadWrite).Secret.Reveal(), workspace, true)
	time.Sleep(time.Millisecond)
	sat.end(func() {
		pat.end(func() {
			_, err := h.accounts.Workspaces.Delete(h.ctx, h.admin.Caller(), workspace, name)
			h.must(err)
		})
	})
}

package verify

import (
	"context"

	"latchkey/internal/change"
)

// Apply removes from memory what a committed transaction changed, or updates it, before it
// returns. The store calls it for every transaction of its own process. The changes of other
// processes must be passed to Apply too, or memory must not be trusted: see [change.Lease]. Apply
// cannot fail: if the database does not answer, it empties the memory.
func (a *Authority) Apply(ctx context.Context, changes []change.Change) {
	c := touched{owners: map[string]bool{}, workspaces: map[string]bool{}, groups: map[string]bool{}}
	var tokens []string
	standings := false
	for _, made := range changes {
		switch made.Kind {
		case change.Token:
			tokens = append(tokens, made.ID)
			continue
		case change.Member:
			c.owners[made.ID] = true
		case change.Group:
			c.groups[made.ID] = true
		case change.Workspace:
			c.workspaces[made.ID] = true
		case change.Organization:
			c.everything = true
		case change.Client:
			continue // of package apiclient
		}
		standings = true
	}
	if standings {
		a.applyStandings(ctx, c)
	}
	if len(tokens) > 0 {
		a.applyTokens(ctx, tokens)
	}
}

// applyStandings discards the states that may be stale. It finds the holders who had something
// from a changed group by their states, and those who have something from it only now in the
// database.
func (a *Authority) applyStandings(ctx context.Context, c touched) {
	a.standings.begin()
	for group := range c.groups {
		members, err := a.store.GroupMembers(ctx, group)
		if err != nil {
			a.log.ErrorContext(ctx, "verify: cannot read the members of a group, forgetting all standings", "error", err)
			c.everything = true
		}
		for _, m := range members {
			c.owners[m] = true
		}
	}
	a.standings.forget(c)
}

// applyTokens adds new tokens to the index and removes deleted ones. Reading and applying
// are one step, so that an older reading is never applied after a newer one.
func (a *Authority) applyTokens(ctx context.Context, ids []string) {
	a.changing.Lock()
	defer a.changing.Unlock()
	records, err := a.store.TokenRecords(ctx, ids)
	if err != nil {
		a.log.ErrorContext(ctx, "verify: cannot read changed tokens, forgetting all", "error", err)
		a.Forget()
		return
	}
	missing := make(map[string]bool, len(ids))
	for _, id := range ids {
		missing[id] = true
	}
	for _, r := range records {
		delete(missing, r.ID)
		a.applyToken(r)
	}
	if len(missing) > 0 {
		// Without its row the digest of a token is unknown.
		a.dropWhere(func(e *entry) bool { return missing[e.text.id()] })
	}
}

func (a *Authority) applyToken(r Record) {
	a.index.mu.Lock()
	defer a.index.mu.Unlock()
	a.index.change(r.Digest)
	var old *entry
	if r.Deleted || r.Ended {
		old = a.index.remove(r.Digest)
	} else {
		old = a.index.put(a.entryOf(r, a.standings.acquire(r.Holder())))
	}
	if old != nil {
		a.standings.release(old.standing)
	}
}

// dropWhere removes the matching tokens from memory. If one of them is presented again, the
// database is asked.
func (a *Authority) dropWhere(match func(*entry) bool) {
	var found [][32]byte
	for e := range a.index.all() {
		if match(e) {
			found = append(found, e.digest)
		}
	}
	a.index.mu.Lock()
	defer a.index.mu.Unlock()
	a.index.change(found...)
	for _, digest := range found {
		if e := a.index.remove(digest); e != nil {
			a.standings.release(e.standing)
		}
	}
}

// keep puts a token that was read from the database into the index, unless a token has changed
// since the generation, and returns the entry to use. An entry that exists is the same or newer, but
// not while memory is untrusted: then it continues only its usage.
func (a *Authority) keep(r Record, generation uint64, memory trust) *entry {
	a.index.mu.Lock()
	defer a.index.mu.Unlock()
	if there := a.index.find(r.Digest); there != nil {
		if memory != untrusted {
			return there
		}
		e := a.entryOf(r, &standing{holder: r.Holder()})
		e.continueUsage(there)
		return e
	}
	if a.index.generation != generation {
		// The record may be stale. It is only for this request, which began before the change.
		return a.entryOf(r, &standing{holder: r.Holder()})
	}
	e := a.entryOf(r, a.standings.acquire(r.Holder()))
	a.index.put(e)
	return e
}

// Forget empties the memory. Verifications then read the database and keep the result.
// [Authority.Load] fills the memory at once.
func (a *Authority) Forget() {
	a.standings.begin()
	a.index.mu.Lock()
	defer a.index.mu.Unlock()
	a.complete.Store(false) // before tokens go: see verify
	a.index.change()
	a.index.loading = nil // a running Load gives up
	a.index.clear()
	a.standings.clear()
	select {
	case a.emptied <- struct{}{}:
	default:
	}
}

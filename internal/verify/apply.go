package verify

import (
	"context"

	"latchkey/internal/change"
)

// Apply takes what a committed transaction changed out of memory, or brings it up to date,
// before it returns. The store calls it for every transaction, in the process that ran it:
// changes that another process makes must be brought here by somebody, or memory must not
// be trusted. It cannot fail: when the database does not answer, everything is forgotten.
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
			continue // not ours
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

// applyStandings forgets the states that may be stale. Those whom a group gives something
// are known by their states; who is in it now, and got something new, the database knows.
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

// applyTokens puts new tokens into the index and takes deleted ones out. Reading and
// applying are one step for all who change tokens: otherwise an older reading could be
// applied after a newer one.
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
		// A row that is gone without a tombstone cannot tell its digest.
		a.dropWhere(func(e *entry) bool { return missing[e.id[0]] })
	}
}

func (a *Authority) applyToken(r Record) {
	var fresh *entry
	if !r.Deleted {
		fresh = newEntry(r, a.standings.acquire(r.Holder()))
	}
	a.index.mu.Lock()
	a.index.change(r.Digest)
	var old *entry
	if fresh == nil {
		old = a.index.remove(&r.Digest)
	} else {
		old = a.index.put(fresh)
	}
	a.index.mu.Unlock()
	if old == nil {
		return
	}
	if fresh != nil {
		a.uses.inherit(fresh, old)
	}
	a.standings.release(old.standing)
}

// dropWhere takes the entries that match out of the index. The database still has its say
// when one of them is presented again.
func (a *Authority) dropWhere(match func(*entry) bool) {
	var found []*entry
	a.index.each(func(e *entry) bool {
		if match(e) {
			found = append(found, e)
		}
		return true
	})
	for _, e := range found {
		a.index.mu.Lock()
		a.index.change(e.digest)
		old := a.index.remove(&e.digest)
		a.index.mu.Unlock()
		if old != nil {
			a.standings.release(old.standing)
		}
	}
}

// keepEntry puts a token that was read on demand into the index, unless a token has
// changed since, and returns the entry to go on with.
func (a *Authority) keepEntry(e *entry, generation uint64) *entry {
	a.index.mu.Lock()
	defer a.index.mu.Unlock()
	if there := a.index.find(&e.digest); there != nil {
		a.standings.release(e.standing)
		return there
	}
	if a.index.generation != generation {
		a.standings.release(e.standing)
		return e
	}
	a.index.put(e)
	return e
}

// Forget empties the memory: from now on the database is asked, and what it says is kept
// again. [Authority.Load] fills the memory at once.
func (a *Authority) Forget() {
	a.standings.begin()
	a.index.mu.Lock()
	defer a.index.mu.Unlock()
	a.complete.Store(false) // before it is true: see Verify
	a.index.change()
	a.index.loading = nil // a running Load gives up
	select {
	case a.emptied <- struct{}{}:
	default:
	}
	a.index.clear()
	// Under the index's lock: an entry that is kept later has a standing of the new registry.
	a.standings.clear()
}

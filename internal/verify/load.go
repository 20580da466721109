package verify

import (
	"context"
	"errors"
)

// loadBatch is how many entries are put into the index at a time.
const loadBatch = 1000

// Load reads every live token into memory. Verification goes on meanwhile, asking the
// database for what is not there yet, and so do changes. After an error the memory is
// incomplete, not wrong. A second Load makes the first one give up.
func (a *Authority) Load(ctx context.Context) error {
	l := &loader{a: a, touched: map[[32]byte]bool{}}
	a.index.mu.Lock()
	a.index.loading = l
	a.index.mu.Unlock()
	err := a.store.LiveTokens(ctx, func(r Record) error {
		l.batch = append(l.batch, l.slab.newEntry(r, a.standings.acquire(r.holder())))
		if len(l.batch) < loadBatch {
			return nil
		}
		return l.put()
	})
	return l.finish(err)
}

// errForgotten ends a Load whose results were forgotten while it ran.
var errForgotten = errors.New("verify: the memory was emptied while loading")

// loader is one Load.
type loader struct {
	a       *Authority
	touched map[[32]byte]bool // what has changed since it began; guarded by the index's mu
	batch   []*entry
	slab    slab
}

// put moves the batch into the index.
func (l *loader) put() error {
	l.a.index.mu.Lock()
	defer l.a.index.mu.Unlock()
	return l.putLocked()
}

// putLocked leaves out tokens that have changed since reading began, and those that are
// there already: they were read later.
func (l *loader) putLocked() error {
	x := &l.a.index
	ours := x.loading == l
	for _, e := range l.batch {
		if !ours || l.touched[e.digest] || x.find(&e.digest) != nil {
			l.a.standings.release(e.standing)
			continue
		}
		x.put(e)
	}
	l.batch = l.batch[:0]
	if !ours {
		return errForgotten
	}
	return nil
}

func (l *loader) finish(err error) error {
	x := &l.a.index
	x.mu.Lock()
	defer x.mu.Unlock()
	if err = errors.Join(err, l.putLocked()); err == nil {
		l.a.complete.Store(true)
	}
	if x.loading == l {
		x.loading = nil
	}
	return err
}

// Complete reports whether every live token is in memory.
func (a *Authority) Complete() bool { return a.complete.Load() }

// Tokens is how many tokens are in memory, and Holders how many groups of tokens with the
// same rights there are among them.
func (a *Authority) Tokens() int {
	a.index.mu.Lock()
	defer a.index.mu.Unlock()
	return a.index.live
}

// Holders is how many holders the tokens in memory have.
func (a *Authority) Holders() int {
	a.standings.mu.Lock()
	defer a.standings.mu.Unlock()
	return len(a.standings.all)
}

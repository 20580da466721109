package verify

import (
	"context"
	"errors"
	"runtime"
	"sync"
)

const (
	loadBatch = 1000 // entries put into the index at a time
	loadParts = 3    // at most this many read side by side: others want to read as well
)

// Load reads every live token into memory, with as many readers as there are processors.
// Verification goes on meanwhile, asking the database for what is not there yet, and so do
// changes. After an error the memory is incomplete, not wrong. A second Load makes the first
// one give up.
func (a *Authority) Load(ctx context.Context) error {
	l := &loader{a: a, touched: map[[32]byte]bool{}}
	a.index.mu.Lock()
	a.index.loading = l
	a.index.mu.Unlock()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var reading sync.WaitGroup
	parts := min(runtime.GOMAXPROCS(0), loadParts)
	for i := range parts {
		reading.Go(func() {
			if err := l.read(ctx, Part{Number: i, Of: parts}); err != nil {
				cancel(err)
			}
		})
	}
	reading.Wait()
	return l.finish(context.Cause(ctx))
}

// errForgotten ends a Load whose results were forgotten while it ran.
var errForgotten = errors.New("verify: the memory was emptied while loading")

// loader is one Load.
type loader struct {
	a       *Authority
	touched map[[32]byte]bool // what has changed since it began; guarded by the index's mu
}

// read puts the live tokens of a part into the index.
func (l *loader) read(ctx context.Context, p Part) error {
	var entries slab
	batch := make([]*entry, 0, loadBatch)
	err := l.a.store.LiveTokens(ctx, p, func(r Record) (err error) {
		if batch = append(batch, entries.newEntry(r, l.a.standings.acquire(r.Holder()))); len(batch) == loadBatch {
			err, batch = l.put(batch), batch[:0]
		}
		return err
	})
	return errors.Join(err, l.put(batch))
}

// put moves a batch into the index. It leaves out tokens that have changed since reading
// began, and those that are there already: they were read later.
func (l *loader) put(batch []*entry) error {
	x := &l.a.index
	x.mu.Lock()
	defer x.mu.Unlock()
	ours := x.loading == l
	for _, e := range batch {
		if !ours || l.touched[e.digest] || x.find(&e.digest) != nil {
			l.a.standings.release(e.standing)
			continue
		}
		x.put(e)
	}
	if !ours {
		return errForgotten
	}
	return nil
}

// finish makes the memory complete unless there was an error or it was forgotten since.
func (l *loader) finish(err error) error {
	x := &l.a.index
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.loading != l {
		return errForgotten
	}
	x.loading = nil
	if err == nil {
		l.a.complete.Store(true)
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

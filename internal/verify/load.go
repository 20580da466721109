package verify

import (
	"context"
	"errors"
	"runtime"
	"sync"
)

// loadParts is the maximum number of readers of a Load, so that others can read as well.
const loadParts = 3

// Load reads every live token into memory, with one reader per processor and at most three.
// Verifications and changes continue meanwhile. After an error the memory is incomplete, but not
// wrong. A second Load ends the first.
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
			b := batch{l: l, records: make([]Record, 0, batchSize)}
			err := a.store.LiveTokens(ctx, Part{Number: i, Of: parts}, b.add)
			if err == nil {
				err = b.flush()
			}
			if err != nil {
				cancel(err)
			}
		})
	}
	reading.Wait()
	return l.finish(context.Cause(ctx))
}

// errForgotten ends a Load when the memory is emptied or another Load begins.
var errForgotten = errors.New("verify: the memory was emptied while loading")

// loader is one Load.
type loader struct {
	a       *Authority
	touched map[[32]byte]bool // tokens that changed since it began; guarded by index.mu
}

// batchSize is how many tokens a reader puts into the index at once. One by one, the readers waited for each other
// for a tenth of the time of a Load.
const batchSize = 256

// batch is what one reader has read and not yet put into the index.
type batch struct {
	l       *loader
	records []Record
}

func (b *batch) add(r Record) error {
	b.records = append(b.records, r)
	if len(b.records) < batchSize {
		return nil
	}
	return b.flush()
}

func (b *batch) flush() error {
	err := b.l.add(b.records)
	b.records = b.records[:0]
	return err
}

// add puts tokens into the index. It leaves out tokens that changed since the Load began, and
// those that are already in the index, because they were read later.
func (l *loader) add(records []Record) error {
	x := &l.a.index
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.loading != l {
		return errForgotten
	}
	for _, r := range records {
		if !l.touched[r.Digest] && x.find(r.Digest) == nil {
			x.put(l.a.entryOf(r, l.a.standings.acquire(r.Holder())))
		}
	}
	return nil
}

// finish makes the memory complete unless there was an error or it was emptied meanwhile.
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

// Tokens returns the number of tokens in memory.
func (a *Authority) Tokens() int {
	a.index.mu.Lock()
	defer a.index.mu.Unlock()
	return a.index.tokens
}

// Holders returns the number of holders that the tokens in memory have.
func (a *Authority) Holders() int {
	a.standings.mu.Lock()
	defer a.standings.mu.Unlock()
	return len(a.standings.all)
}

package verify

import (
	"context"
	"slices"
	"strings"
	"time"
)

// saveBatch is how many uses one transaction saves. Other writers wait a few hundredths of a
// second for it. Smaller batches cost more.
const saveBatch = 2000

// Flush saves the uses since the last Flush. It keeps what it cannot save for the next one.
func (a *Authority) Flush(ctx context.Context) error { return a.flush(ctx, 0) }

// flush pauses after each batch for rest times as long as the batch took, so that verifications
// and other writers have most of the machine.
func (a *Authority) flush(ctx context.Context, rest int) error {
	a.flushing.Lock()
	defer a.flushing.Unlock()
	if err := a.flushSecrets(ctx); err != nil {
		return err
	}
	taken := a.recorder.take()
	// Saving in the order of the table takes a third of the time.
	slices.SortFunc(taken, func(x, y *entry) int { return strings.Compare(x.text.id(), y.text.id()) })
	taken = once(taken)
	for len(taken) > 0 {
		begin := time.Now()
		batch := taken[:min(len(taken), saveBatch)]
		if err := a.save(ctx, batch); err != nil {
			a.recorder.restore(taken)
			return err
		}
		taken = taken[len(batch):]
		if rest > 0 && len(taken) > 0 {
			pause(ctx, time.Duration(rest)*time.Since(begin))
		}
	}
	return nil
}

// once returns sorted entries with one for each token. A token has two if this process forgot it and loaded it
// again between two flushes; the first gets the uses of the other, because a batch must not have a token twice.
func once(sorted []*entry) []*entry {
	kept := sorted[:0]
	for _, e := range sorted {
		if n := len(kept); n > 0 && kept[n-1].text.id() == e.text.id() {
			other := e.usage.snapshot(e)
			e.usage.saved(other)
			kept[n-1].usage.include(other)
			continue
		}
		kept = append(kept, e)
	}
	return kept
}

// pause waits for d, or until ctx ends.
func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// save saves a batch, and counts it off. It reads what is already stored once per token, or each time if other
// processes save uses too, or another secret of the token.
func (a *Authority) save(ctx context.Context, batch []*entry) error {
	var ask []string
	asked := make([]bool, len(batch))
	for i, e := range batch {
		if asked[i] = a.lease != nil || !e.usage.isMerged() || e.usage.marks.Load()&watched != 0; asked[i] {
			ask = append(ask, e.text.id())
		}
	}
	uses := make([]Use, len(batch))
	err := a.store.SaveUses(ctx, ask, func(stored map[string]Use) []Use {
		for i, e := range batch {
			if asked[i] {
				e.usage.recall(stored[e.text.id()])
			}
			uses[i] = e.usage.snapshot(e)
		}
		return uses
	})
	if err != nil {
		return err
	}
	for i, e := range batch {
		e.usage.saved(uses[i])
	}
	return nil
}

package storetest

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"latchkey/internal/audit"
	"latchkey/internal/audit/search"
	"latchkey/internal/fault"
)

func prunesFromCheckpoint(t *testing.T, b *logBed) {
	b.write(2*search.MinStep+40, b.plain)
	time.Sleep(10 * time.Millisecond)
	cut := time.Now()
	time.Sleep(10 * time.Millisecond)
	const left = search.MinStep + 100
	b.write(left, func(i int) audit.Event { return b.plain(i + 100_000) })
	b.index()
	head, err := b.AuditState(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	b.ahead = time.Hour + time.Until(cut)
	if err := b.service(time.Hour).Prune(t.Context()); err != nil {
		t.Fatal(err)
	}
	log := b.everything()
	if len(log) != left+1 || log[0].Target.ID != "group-100000" || log[left].Action != audit.Pruned {
		t.Fatalf("%d events are left, from %s to %s", len(log), log[0].Target.ID, log[len(log)-1].Action)
	}
	state, err := audit.Verify(t.Context(), b, 2)
	if err != nil || state.Checkpoint.Seq != 2*search.MinStep+40 {
		t.Errorf("the chain from %d: %v", state.Checkpoint.Seq, err)
	}
	if err := audit.Compare(t.Context(), b, head.Head); err != nil {
		t.Errorf("against a head from before: %v", err)
	}
	for range 2 {
		for text, want := range map[string]int{"group": left, "": left + 1} {
			found, err := b.service(0).Find(t.Context(), b.admin, audit.Query{Filter: audit.Filter{Text: text}, Limit: 5})
			if err != nil || found.Total != want {
				t.Errorf("%q finds %d, %v; want %d", text, found.Total, err, want)
			}
		}
		b.index()
	}
	if err := b.CheckIndex(t.Context()); err != nil {
		t.Error(err)
	}
}

func prunesTwice(t *testing.T, b *logBed) {
	s := b.service(time.Hour)
	b.write(30, b.plain)
	b.ahead = 2 * time.Hour
	for round, want := range []int{1, 1} { // each leaves the event that signs for it
		if err := s.Prune(t.Context()); err != nil {
			t.Fatal(err)
		}
		if log := b.everything(); len(log) != want || log[0].Action != audit.Pruned {
			t.Fatalf("round %d: %d events are left", round, len(log))
		}
		if _, err := audit.Verify(t.Context(), b, 1); err != nil {
			t.Errorf("round %d: %v", round, err)
		}
	}
	b.ahead = 0
	before := len(b.everything())
	if err := s.Prune(t.Context()); err != nil || len(b.everything()) != before {
		t.Errorf("with nothing to prune: %d events, %v", len(b.everything()), err)
	}
	if err := b.service(0).Prune(t.Context()); err != nil || len(b.everything()) != before {
		t.Errorf("with no retention: %d events, %v", len(b.everything()), err)
	}
}

// prunedMeanwhile is a log that a server prunes right after it was read where it begins.
type prunedMeanwhile struct {
	audit.Source
	prune func()
}

func (p *prunedMeanwhile) EventsAfter(ctx context.Context, seq int64, limit int) ([]audit.Event, error) {
	if p.prune != nil {
		p.prune()
		p.prune = nil
	}
	return p.Source.EventsAfter(ctx, seq, limit)
}

// prunesWhileExported prunes after the first event of an export.
func prunesWhileExported(t *testing.T, b *logBed) {
	for _, indexed := range []bool{false, true} {
		b.write(search.MinStep, b.plain)
		if indexed {
			b.index()
		}
		got := 0
		err := b.service(0).Export(t.Context(), b.admin, audit.Filter{}, func(audit.Event) error {
			if got++; got > 1 {
				return nil
			}
			b.ahead += 2 * time.Hour
			return b.service(time.Hour).Prune(t.Context())
		})
		if !errors.Is(err, audit.ErrPrunedMeanwhile) || !fault.Is(err, fault.Conflict) || got >= search.MinStep {
			t.Errorf("indexed %v: %d of %d events, %v", indexed, got, search.MinStep, err)
		}
	}
}

// prunesWhileFollowed holds that a log which a server prunes is neither taken for one that
// somebody cut nor exported with a gap.
func prunesWhileFollowed(t *testing.T, b *logBed) {
	prune := func() {
		t.Helper()
		b.write(5, b.plain)
		b.ahead += 2 * time.Hour
		if err := b.service(time.Hour).Prune(t.Context()); err != nil {
			t.Fatal(err)
		}
		b.write(5, b.plain)
	}
	b.write(5, b.plain)
	state, err := audit.Verify(t.Context(), &prunedMeanwhile{b, prune}, 1)
	if err != nil || state.Checkpoint.Seq != 10 || state.Head.Seq != 16 {
		t.Errorf("verified from %d to %d: %v", state.Checkpoint.Seq, state.Head.Seq, err)
	}
	log := b.everything()
	exported := audit.Anchor{Seq: log[2].Seq, Hash: log[2].Hash}
	if err := audit.Compare(t.Context(), &prunedMeanwhile{b, prune}, exported); !errors.Is(err, audit.ErrPruned) {
		t.Errorf("compared with what is pruned meanwhile: %v", err)
	}
	var file strings.Builder
	if _, err := audit.WriteFile(t.Context(), &prunedMeanwhile{b, prune}, &file, nil); !errors.Is(err, audit.ErrPrunedMeanwhile) {
		t.Errorf("exported while what comes next is pruned: %v", err)
	}
	if _, err := audit.VerifyFile(strings.NewReader(file.String()), audit.Start()); err == nil {
		t.Error("what was exported until then is taken for a whole file")
	}
	file.Reset()
	head, err := audit.WriteFile(t.Context(), b, &file, nil)
	if err != nil {
		t.Fatal(err)
	}
	if v, err := audit.VerifyFile(strings.NewReader(file.String()), head); err != nil || !v.SeekFound || v.Head.Seq != head.Seq {
		t.Errorf("the file from %d to %d: %v", v.After.Seq, v.Head.Seq, err)
	}
	prune()
	if err := audit.Compare(t.Context(), b, head); !errors.Is(err, audit.ErrPruned) {
		t.Errorf("against a file from before the pruning: %v", err)
	}
}

func readsFromPrunedCursor(t *testing.T, b *logBed) {
	b.write(20, b.plain)
	gone := b.everything()[10].ID
	time.Sleep(1100 * time.Millisecond) // ids tell whole seconds
	b.write(1, b.plain)
	b.ahead = time.Hour + time.Second // what was written in this very millisecond is older as well
	if err := b.service(time.Hour).Prune(t.Context()); err != nil {
		t.Fatal(err)
	}
	found, err := b.service(0).Read(t.Context(), b.admin, audit.Reading{AfterCursor: gone, PerPage: 100})
	if err != nil || len(found.Events) != 1 || found.Events[0].Action != audit.Pruned {
		t.Errorf("%d events after a pruned one, %v", len(found.Events), err)
	}
	for _, never := range []string{"x", "aWgEPTl1tmebfsQzFP4bxwgy80V"} {
		if _, err := b.service(0).Read(t.Context(), b.admin, audit.Reading{AfterCursor: never, PerPage: 100}); !fault.Is(err, fault.Invalid) {
			t.Errorf("a cursor that never was, %q: %v", never, err)
		}
	}
}

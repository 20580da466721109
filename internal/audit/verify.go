package audit

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"
)

// Checkpoint says up to where the log was pruned. The chain is verified from it on: Anchor
// is the last event that is gone.
type Checkpoint struct {
	Anchor
	Time     time.Time // of that event
	SignedBy int64     // number of the event that tells of the pruning
	SignedAt time.Time
}

// State is where the log begins and ends.
type State struct {
	Head       Anchor
	Checkpoint Checkpoint // zero Seq and the hash of [Genesis] when nothing was pruned
}

// Source is a log that can be verified.
type Source interface {
	// AuditState reads where the log begins and ends, as the database says itself.
	AuditState(ctx context.Context) (State, error)
	// EventsAfter lists up to limit events of every organization with numbers greater than
	// seq, in order. The error is a [*Broken] when one of them cannot be read as an event.
	EventsAfter(ctx context.Context, seq int64, limit int) ([]Event, error)
}

// Snapshots is a log of which a moment can be held fast.
type Snapshots interface {
	// AuditSnapshot calls read with the log as it is now, whatever is written or pruned
	// meanwhile. The source is good until read returns, and for one goroutine.
	AuditSnapshot(ctx context.Context, read func(Source) error) error
}

// segment is how many events are checked at a time.
const segment = 2000

// Verify follows the chain from the checkpoint to the end, on as many processors as workers
// says, and reports the state whose chain holds. The error is a [*Broken] for a chain that does
// not. It sees every event that was changed, removed, moved or added behind the program's back;
// that the newest were cut off it sees only as long as the record of the head was not cut
// back as well: compare with an exported head for that.
//
// A server may write and prune meanwhile. What it prunes is missing and yet not broken: then
// the log is followed anew from where it begins now.
func Verify(ctx context.Context, src Source, workers int) (State, error) {
	return unpruned(ctx, src, func(state State) error { return verify(ctx, src, state, workers) })
}

// mostStarts is how often a log is looked at that is pruned meanwhile. Servers prune once a day.
const mostStarts = 5

// unpruned looks at the log, and again when it seems broken and was pruned meanwhile. It returns
// the state that was looked at last.
func unpruned(ctx context.Context, src Source, look func(State) error) (State, error) {
	state, err := src.AuditState(ctx)
	if err != nil {
		return state, err
	}
	for tries := 1; ; tries++ {
		found := look(state)
		var broken *Broken
		if !errors.As(found, &broken) || tries == mostStarts {
			return state, found
		}
		now, err := src.AuditState(ctx)
		if err != nil {
			return state, errors.Join(found, err)
		}
		if now.Checkpoint.Seq == state.Checkpoint.Seq {
			return state, found
		}
		state = now
	}
}

// verify follows the chain from and to where the state says.
func verify(ctx context.Context, src Source, state State, workers int) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	chain, signed := NewChain(state.Checkpoint.Anchor), state.Checkpoint.Seq == 0
	for next := range segments(ctx, src, state, workers) {
		p := <-next
		if p.err != nil {
			return p.err
		}
		if err := p.follow(chain); err != nil {
			return err
		}
		signed = signed || p.signs
	}
	switch last := chain.Last(); {
	case ctx.Err() != nil:
		return ctx.Err()
	case last.Seq < state.Head.Seq:
		return &Broken{Seq: last.Seq + 1, Why: fmt.Sprintf("is missing: %d events were written", state.Head.Seq)}
	case !last.Equal(state.Head):
		return &Broken{Seq: last.Seq, Why: "is not the event that was written last"}
	case !signed:
		return &Broken{Seq: state.Checkpoint.SignedBy, Why: "does not sign for the checkpoint that the log begins with"}
	}
	return nothingBeyond(ctx, src, state.Head)
}

// nothingBeyond checks that no event stands behind the end of the log. A server may append
// meanwhile: then the end moves, and it is looked behind the new one.
func nothingBeyond(ctx context.Context, src Source, head Anchor) error {
	for {
		beyond, err := src.EventsAfter(ctx, head.Seq, 1)
		if err != nil || len(beyond) == 0 {
			return err
		}
		now, err := src.AuditState(ctx)
		if err != nil {
			return err
		}
		if now.Head.Seq <= head.Seq {
			return &Broken{beyond[0].Seq, beyond[0].ID, fmt.Sprintf("was added: the log ends with event %d", head.Seq)}
		}
		head = now.Head
	}
}

// checked is the outcome of checking one segment by itself.
type checked struct {
	err   error
	first Event // zero when the segment is empty
	last  Anchor
	inner error // where the chain within breaks
	signs bool  // the event that signs for the checkpoint is in it and right
}

// follow continues the chain over the segment.
func (p checked) follow(chain *Chain) error {
	if p.first.Seq == 0 {
		return nil
	}
	if err := chain.link(Anchor{p.first.Seq, p.first.PrevHash}, p.first); err != nil {
		return err
	}
	if p.inner != nil {
		return p.inner
	}
	chain.last = p.last
	return nil
}

// segments checks the log's segments in parallel and yields their outcomes in order.
func segments(ctx context.Context, src Source, state State, workers int) <-chan chan checked {
	ordered := make(chan chan checked, max(workers, 1)-1)
	go func() {
		defer close(ordered)
		var running sync.WaitGroup
		defer running.Wait()
		for after := state.Checkpoint.Seq; after < state.Head.Seq; after += segment {
			result := make(chan checked, 1)
			select {
			case ordered <- result:
			case <-ctx.Done():
				return
			}
			size := int(min(segment, state.Head.Seq-after))
			running.Go(func() { result <- check(ctx, src, state.Checkpoint, after, size) })
		}
	}()
	return ordered
}

// check checks the events from after+1 to after+size.
func check(ctx context.Context, src Source, signed Checkpoint, after int64, size int) checked {
	events, err := src.EventsAfter(ctx, after, size)
	var unreadable *Broken
	if errors.As(err, &unreadable) {
		// One before it may be broken as well, and is named then.
		events, err = src.EventsAfter(ctx, after, int(unreadable.Seq-after-1))
	}
	if err != nil || len(events) == 0 && unreadable == nil {
		return checked{err: err}
	}
	if len(events) == 0 {
		return checked{err: unreadable}
	}
	p := checked{first: events[0]}
	chain := NewChain(Anchor{events[0].Seq - 1, events[0].PrevHash})
	for _, e := range events {
		if e.Seq > after+int64(size) {
			break // beyond a gap, which the next segment finds
		}
		if p.inner = chain.Next(e); p.inner != nil {
			return p
		}
		if e.Seq == signed.SignedBy && signed.signedBy(e) {
			p.signs = true
		}
	}
	p.last = chain.Last()
	if unreadable != nil {
		p.inner = unreadable
	}
	return p
}

// pruning is what the event of a pruning says, in JSON.
type pruning struct {
	Seq       int64  `json:"seq"`  // of the last event that is gone
	Hash      string `json:"hash"` // its hash, in hex
	CreatedAt string `json:"createdAt"`
	Events    int64  `json:"events"` // how many are gone with it
	Retention string `json:"retention"`
}

// sign is the text with which an event signs for c.
func (c Checkpoint) sign(events int64, retention time.Duration) (string, error) {
	text, err := json.Marshal(pruning{c.Seq, hex.EncodeToString(c.Hash), FormatTime(c.Time), events, retention.String()})
	return string(text), err
}

// signedBy reports whether e signs for c.
func (c Checkpoint) signedBy(e Event) bool {
	var said pruning
	return e.Target.Type == TargetAuditLog && e.Action == Pruned && json.Unmarshal([]byte(e.After), &said) == nil &&
		said.Seq == c.Seq && said.Hash == hex.EncodeToString(c.Hash)
}

// Compare holds a log against a head that was exported from it before. The error is a
// [*Broken] when the log does not contain it, and [ErrPruned] when that part of it is gone.
func Compare(ctx context.Context, src Source, exported Anchor) error {
	_, err := unpruned(ctx, src, func(state State) error { return compare(ctx, src, state, exported) })
	return err
}

func compare(ctx context.Context, src Source, state State, exported Anchor) error {
	switch {
	case exported.Seq == 0, exported.Equal(state.Checkpoint.Anchor):
		return nil
	case exported.Seq <= state.Checkpoint.Seq:
		return ErrPruned
	case exported.Seq > state.Head.Seq:
		return &Broken{Seq: state.Head.Seq + 1, Why: fmt.Sprintf("is missing: the log was exported up to event %d", exported.Seq)}
	}
	events, err := src.EventsAfter(ctx, exported.Seq-1, 1)
	if err != nil {
		return err
	}
	if len(events) == 0 || !exported.Equal(Anchor{events[0].Seq, events[0].Hash}) {
		return &Broken{Seq: exported.Seq, Why: "is another one than when the log was exported"}
	}
	return nil
}

// ErrPruned says that the log no longer reaches back to where it would have to be compared.
var ErrPruned = errors.New("the log was pruned since, beyond what was exported")

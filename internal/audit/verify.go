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

// Checkpoint says up to where the log was pruned. The chain is verified from there on.
type Checkpoint struct {
	Anchor             // the last event that was pruned
	Time     time.Time // of that event
	SignedBy int64     // number of the event that records the pruning
	SignedAt time.Time // when it was written
}

// State is where the log begins and ends.
type State struct {
	Head       Anchor
	Checkpoint Checkpoint // at [Start] if nothing was pruned
	// Late is set by [Verify]: how many events have no clock time although one before them has it. An older
	// server wrote them while nodes were upgraded one by one; otherwise somebody else did.
	Late int64
}

// Source is a log that can be verified. It is read in short steps, because a database must keep
// everything that was written since a reader began. A server may write and prune between two steps:
// the chain shows whether they fit together.
type Source interface {
	// AuditState returns where the log begins and ends according to the database.
	AuditState(ctx context.Context) (State, error)
	// EventsAfter returns up to limit events with numbers greater than seq, in order, whatever
	// their organization. The error is a [*Broken] if one of them cannot be read as an event.
	EventsAfter(ctx context.Context, seq int64, limit int) ([]Event, error)
	// HashesOf returns the hashes of events by number, without those that are missing.
	HashesOf(ctx context.Context, seqs []int64) (map[int64][]byte, error)
	// SignedHeads returns up to limit signed heads in the order of signing, and where to go on
	// after them; 0 is the beginning.
	SignedHeads(ctx context.Context, after int64, limit int) (heads []SignedHead, last int64, err error)
	// NewestHead returns the newest head that a key has signed, and whether there is one.
	NewestHead(ctx context.Context, key string) (h SignedHead, found bool, err error)
}

// segmentSize is how many events a worker checks at a time.
const segmentSize = 2000

// Verify follows the chain from the checkpoint to the head with several workers, and returns the
// state of the log that it verified. The error is a [*Broken] for a chain that does not hold.
//
// Verify finds every event that was changed, removed, moved or added behind the program's back.
// It does not find that the newest events were cut off if the record of the head was changed to
// match: use [Compare] with an exported head for that.
//
// A server may write and prune meanwhile. If the log was pruned, Verify starts again.
func Verify(ctx context.Context, src Source, workers int) (State, error) {
	var late int64
	state, err := retryIfPruned(ctx, src, func(state State) (err error) {
		late, err = verify(ctx, src, state, workers)
		return err
	})
	state.Late = late
	return state, err
}

// maxTries is how often a log is read that is pruned meanwhile. Servers prune once a day.
const maxTries = 5

// retryIfPruned calls check with the state of the log, and again if the chain seems broken but the
// log was pruned meanwhile. It returns the last state.
func retryIfPruned(ctx context.Context, src Source, check func(State) error) (State, error) {
	state, err := src.AuditState(ctx)
	if err != nil {
		return state, err
	}
	for tries := 1; ; tries++ {
		found := check(state)
		var broken *Broken
		if !errors.As(found, &broken) || tries == maxTries {
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

// verify follows the chain from the checkpoint of state to its head. It returns what State.Late is.
func verify(ctx context.Context, src Source, state State, workers int) (late int64, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	chain, signed := NewChain(state.Checkpoint.Anchor), state.Checkpoint.Seq == 0
	for next := range segments(ctx, src, state, workers) {
		s := <-next
		if s.err != nil {
			return 0, s.err
		}
		if err := s.follow(chain); err != nil {
			return 0, err
		}
		signed = signed || s.signs
	}
	switch last := chain.Last(); {
	case ctx.Err() != nil:
		return 0, ctx.Err()
	case last.Seq < state.Head.Seq:
		return 0, &Broken{Seq: last.Seq + 1, Why: fmt.Sprintf("is missing: %d events were written", state.Head.Seq)}
	case !last.Equal(state.Head):
		return 0, &Broken{Seq: last.Seq, Why: "is not the event that was written last"}
	case !signed:
		return 0, &Broken{Seq: state.Checkpoint.SignedBy, Why: "does not sign for the checkpoint that the log begins with"}
	}
	return chain.versions.late, checkNothingAfter(ctx, src, state.Head)
}

// checkNothingAfter checks that no event follows the head. If a server has appended events
// meanwhile, it checks again after the new head.
func checkNothingAfter(ctx context.Context, src Source, head Anchor) error {
	for {
		after, err := src.EventsAfter(ctx, head.Seq, 1)
		if err != nil || len(after) == 0 {
			return err
		}
		now, err := src.AuditState(ctx)
		if err != nil {
			return err
		}
		if now.Head.Seq <= head.Seq {
			return &Broken{after[0].Seq, after[0].ID, fmt.Sprintf("was added: the log ends with event %d", head.Seq)}
		}
		head = now.Head
	}
}

// segment is a part of the log that was checked by itself.
type segment struct {
	err    error  // why it could not be checked
	first  Event  // zero if the segment has no events
	last   Anchor // its last event
	broken error  // the [*Broken] of the chain within
	signs  bool   // whether the event that signs for the checkpoint is in it

	versions versions
}

// follow continues the chain over the segment.
func (s segment) follow(chain *Chain) error {
	if s.first.Seq == 0 {
		return nil
	}
	if err := chain.link(s.first); err != nil {
		return err
	}
	if s.broken != nil {
		return s.broken
	}
	chain.last = s.last
	chain.versions.add(s.versions)
	return nil
}

// segments checks the segments of the log in parallel. The channels that it sends, in the order
// of the log, each receive one segment.
func segments(ctx context.Context, src Source, state State, workers int) <-chan chan segment {
	ordered := make(chan chan segment, max(workers, 1)-1)
	go func() {
		defer close(ordered)
		var running sync.WaitGroup
		defer running.Wait()
		for after := state.Checkpoint.Seq; after < state.Head.Seq; after += segmentSize {
			result := make(chan segment, 1)
			select {
			case ordered <- result:
			case <-ctx.Done():
				return
			}
			size := int(min(segmentSize, state.Head.Seq-after))
			running.Go(func() { result <- checkSegment(ctx, src, state.Checkpoint, after, size) })
		}
	}()
	return ordered
}

// checkSegment checks the events from after+1 to after+size.
func checkSegment(ctx context.Context, src Source, c Checkpoint, after int64, size int) segment {
	events, err := src.EventsAfter(ctx, after, size)
	var unreadable *Broken
	if errors.As(err, &unreadable) {
		// If one before it is broken as well, that one is the first.
		events, err = src.EventsAfter(ctx, after, int(unreadable.Seq-after-1))
	}
	if err != nil || len(events) == 0 && unreadable == nil {
		return segment{err: err}
	}
	if len(events) == 0 {
		return segment{err: unreadable}
	}
	s := segment{first: events[0]}
	chain := NewChain(Anchor{events[0].Seq - 1, events[0].PrevHash})
	for _, e := range events {
		if e.Seq > after+int64(size) {
			break // after a gap, which the next segment finds
		}
		if s.broken = chain.Next(e); s.broken != nil {
			return s
		}
		if e.Seq == c.SignedBy && c.signedBy(e) {
			s.signs = true
		}
	}
	s.last, s.versions = chain.Last(), chain.versions
	if unreadable != nil {
		s.broken = unreadable
	}
	return s
}

// pruning is the state after a pruning in its event, as JSON.
type pruning struct {
	Seq       int64  `json:"seq"`       // of the last event that was pruned
	Hash      string `json:"hash"`      // its hash, in hexadecimal
	CreatedAt string `json:"createdAt"` // its time
	Events    int64  `json:"events"`    // how many were pruned with it
	Retention string `json:"retention"`
}

// sign returns the JSON with which an event signs for c.
func (c Checkpoint) sign(events int64, retention time.Duration) (string, error) {
	text, err := json.Marshal(pruning{c.Seq, hex.EncodeToString(c.Hash), FormatTime(c.Time), events, retention.String()})
	return string(text), err
}

// signedBy reports whether e signs for c.
func (c Checkpoint) signedBy(e Event) bool {
	var p pruning
	return e.Target.Type == TargetAuditLog && e.Action == Pruned && json.Unmarshal([]byte(e.After), &p) == nil &&
		p.Seq == c.Seq && p.Hash == hex.EncodeToString(c.Hash)
}

// Compare checks that a log still contains the head that was exported from it earlier. The error
// is a [*Broken] if it does not, and [ErrPruned] if that part of the log was pruned.
func Compare(ctx context.Context, src Source, exported Anchor) error {
	_, err := retryIfPruned(ctx, src, func(state State) error { return compare(ctx, src, state, exported) })
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
		return &Broken{Seq: exported.Seq, Why: "is not the event that was exported"}
	}
	return nil
}

var (
	// ErrPruned is the error of [Compare] for a head that was pruned.
	ErrPruned = errors.New("the log was pruned beyond the exported head, so they cannot be compared")
	// ErrPrunedMeanwhile is the error of an export whose next events were pruned since it began.
	ErrPrunedMeanwhile = errors.New("the log was pruned while it was exported; export it again")
)

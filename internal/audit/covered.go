package audit

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"time"
)

// Covered is what [CheckHeads] found: how much of a log is covered by signed heads.
type Covered struct {
	Last     SignedHead // the newest head that a known key signed; zero if there is none
	Heads    int        // how many heads known keys signed
	Unknown  int        // how many were signed by other keys, which proves nothing
	Unsigned int64      // how many events come after Last
}

// maxUnsigned is the time between the first and the last event after the newest signed head, from
// which on a log counts as unsigned. A server signs every minute.
const maxUnsigned = 10 * time.Minute

// Trust says which keys may sign, and what is known of the log from elsewhere.
type Trust struct {
	Keys     []ed25519.PublicKey
	Required bool         // whether there must be a signed head; otherwise a log of a few minutes needs none
	Heads    []SignedHead // heads that were kept outside of the database, in the order of signing
}

// watch checks signed heads against a log.
type watch struct {
	trust    Trust
	keys     map[string]ed25519.PublicKey
	replaced map[string]int64 // by id of a key, the event from which on another one signs
	found    Covered
}

func newWatch(t Trust) *watch {
	w := &watch{trust: t, keys: map[string]ed25519.PublicKey{}, replaced: map[string]int64{}}
	for _, key := range t.Keys {
		w.keys[KeyID(key)] = key
	}
	return w
}

// stored checks a head that the log itself holds. hash is that of its event in the log, or nil if
// there is none. Of an event that was pruned, only the signature is checked.
func (w *watch) stored(h SignedHead, hash []byte, pruned bool) error {
	key, known := w.keys[h.Key]
	if !known {
		w.found.Unknown++
		return nil
	}
	if !h.signedBy(key) {
		return &Broken{Seq: h.Seq, Why: "has a head whose signature is not of key " + h.Key}
	}
	if last, ok := w.replaced[h.Key]; ok && h.Seq > last {
		return &Broken{Seq: h.Seq, Why: fmt.Sprintf("has a head signed with key %s, which was replaced at event %d", h.Key, last)}
	}
	if h.Next != nil {
		// Only the holder of a trusted key can say that, and the server never does by itself.
		w.keys[KeyID(h.Next)], w.replaced[h.Key] = h.Next, h.Seq
	}
	w.found.Heads++
	if h.Seq >= w.found.Last.Seq {
		w.found.Last = h
	}
	if pruned {
		return nil
	}
	return within(h, hash)
}

// kept checks a head that was kept elsewhere. If no keys are known, the place where it was kept is
// trusted instead.
func (w *watch) kept(h SignedHead, hash []byte, pruned bool) error {
	if len(w.keys) > 0 {
		return w.stored(h, hash, pruned)
	}
	if pruned {
		return nil
	}
	return within(h, hash)
}

// within checks that h is of the log, whose event with its number has the hash.
func within(h SignedHead, hash []byte) error {
	switch {
	case hash == nil:
		return &Broken{Seq: h.Seq, Why: fmt.Sprintf("is missing: a head of it was signed on %s", FormatTime(h.Time))}
	case !h.Equal(Anchor{h.Seq, hash}):
		return &Broken{Seq: h.Seq, Why: fmt.Sprintf("is not the event whose head was signed on %s", FormatTime(h.Time))}
	}
	return nil
}

// end checks what comes after the newest signed head: the log ends with head, and the first and
// the last event after it have these times.
func (w *watch) end(head Anchor, first, last time.Time) (Covered, error) {
	w.found.Unsigned = max(0, head.Seq-w.found.Last.Seq)
	switch {
	case w.found.Last.Seq == 0 && w.trust.Required:
		return w.found, errors.New("the log has no head that is signed with the given key" + w.strangers())
	case len(w.keys) == 0 || w.found.Unsigned == 0:
		return w.found, nil
	case last.Sub(first) > maxUnsigned:
		return w.found, &Broken{Seq: w.found.Last.Seq + 1, Why: fmt.Sprintf(
			"is not covered by a signed head, nor is any later one, though %s of events follow%s", last.Sub(first).Round(time.Second), w.strangers())}
	}
	return w.found, nil
}

// strangers says that other keys have signed, which may explain what is missing.
func (w *watch) strangers() string {
	if w.found.Unknown == 0 {
		return ""
	}
	return fmt.Sprintf(" (%d are signed with other keys)", w.found.Unknown)
}

// headsPerQuery is how many signed heads are compared with the log at a time.
const headsPerQuery = 500

// CheckHeads compares the signed heads that a log holds, and those that were kept elsewhere, with
// the log. Call it after [Verify]: it relies on the chain. It finds a chain that was rewritten,
// and events that were cut off behind a signed head, unless its heads were cut off as well: that
// only shows in heads kept elsewhere. The error is a [*Broken], or
// another one if there must be a signed head and is none.
func CheckHeads(ctx context.Context, src Source, t Trust) (found Covered, err error) {
	_, err = retryIfPruned(ctx, src, func(state State) (err error) {
		found, err = checkHeads(ctx, src, state, newWatch(t))
		return err
	})
	return found, err
}

func checkHeads(ctx context.Context, src Source, state State, w *watch) (Covered, error) {
	for after := int64(0); ; {
		heads, last, err := src.SignedHeads(ctx, after, headsPerQuery)
		if err != nil {
			return w.found, err
		}
		if len(heads) == 0 {
			break
		}
		if err := compareHeads(ctx, src, state, heads, w.stored); err != nil {
			return w.found, err
		}
		after = last
	}
	for rest := w.trust.Heads; len(rest) > 0; rest = rest[min(headsPerQuery, len(rest)):] {
		if err := compareHeads(ctx, src, state, rest[:min(headsPerQuery, len(rest))], w.kept); err != nil {
			return w.found, err
		}
	}
	after, err := src.EventsAfter(ctx, max(w.found.Last.Seq, state.Checkpoint.Seq), 1)
	newest, newestErr := src.EventsAfter(ctx, state.Head.Seq-1, 1)
	if err := errors.Join(err, newestErr); err != nil {
		return w.found, err
	}
	if len(after) == 0 || len(newest) == 0 {
		return w.end(state.Head, time.Time{}, time.Time{})
	}
	return w.end(state.Head, after[0].Time, newest[0].Time)
}

// compareHeads calls check for each head, with what the log has of its event.
func compareHeads(
	ctx context.Context, src Source, state State, heads []SignedHead, check func(h SignedHead, hash []byte, pruned bool) error,
) error {
	seqs := make([]int64, len(heads))
	for i, h := range heads {
		seqs[i] = h.Seq
	}
	hashes, err := src.HashesOf(ctx, seqs)
	if err != nil {
		return err
	}
	for _, h := range heads {
		hash, pruned := hashes[h.Seq], h.Seq < state.Checkpoint.Seq
		if h.Seq == state.Checkpoint.Seq {
			hash = state.Checkpoint.Hash
		}
		if err := check(h, hash, pruned); err != nil {
			return err
		}
	}
	return nil
}

// CheckHeads compares the signed heads in a file, and those that were kept elsewhere, with the
// file. The errors are those of the function [CheckHeads]. t.Heads must have been given to
// [VerifyFile] as well.
func (v Verified) CheckHeads(t Trust) (Covered, error) {
	w := newWatch(t)
	for _, list := range []struct {
		heads []SignedHead
		check func(SignedHead, []byte, bool) error
	}{{v.Signed, w.stored}, {t.Heads, w.kept}} {
		for _, h := range list.heads {
			place := v.places[h.Seq]
			if err := list.check(h, place.hash, h.Seq < v.After.Seq); err != nil {
				return w.found, err
			}
		}
	}
	return w.end(v.Head, v.places[max(w.found.Last.Seq, v.After.Seq)].next, v.lastTime())
}

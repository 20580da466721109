package audit

import (
	"context"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"latchkey/internal/actor"
	"latchkey/internal/fault"
)

// errReplaced is the error of a key that another one has replaced.
var errReplaced = errors.New("another key has replaced this one; start the server with the new key file")

// Memory keeps the newest signed head outside of the database, so that a signer knows after a
// restart what it has signed.
type Memory interface {
	// Last returns the head that was kept, and whether there is one.
	Last() (SignedHead, bool, error)
	Keep(h SignedHead) error
}

// Signer signs heads of a log. It signs only what continues the head that was signed last, so
// somebody who rewrites the chain does not get a signature for it. It is safe for concurrent
// use.
type Signer struct {
	key    Key
	memory Memory             // nil for none
	signed func(h SignedHead) // called with each new head

	mu   sync.Mutex
	last SignedHead // signed by this process; zero for none
	kept SignedHead // signed before, by what memory held; zero for none
}

// NewSigner returns a signer. memory may be nil. signed, which may be nil, is called with each new
// head, and with the newest one once after the start; it must not block.
func NewSigner(key Key, memory Memory, signed func(h SignedHead)) *Signer {
	if signed == nil {
		signed = func(SignedHead) {}
	}
	return &Signer{key: key, memory: memory, signed: signed}
}

// Key returns the id of the key.
func (k *Signer) Key() string { return k.key.ID() }

// Trusted returns the public key, for a [Trust].
func (k *Signer) Trusted() []ed25519.PublicKey { return []ed25519.PublicKey{k.key.Public()} }

// head returns the signed head of state, after it followed the chain between it and the head that
// was signed last. It stores nothing. The head is zero if there are no events. recall must have been
// called before state was read.
func (k *Signer) head(ctx context.Context, src Source, state State, now time.Time) (SignedHead, error) {
	if state.Head.Seq == 0 {
		return SignedHead{}, nil
	}
	last, err := k.lastSigned(ctx, src, state)
	if err != nil {
		return SignedHead{}, err
	}
	switch {
	case last.Next != nil:
		return SignedHead{}, errReplaced
	case last.Equal(state.Head):
		return last, nil
	case last.Seq == 0:
		_, err = verify(ctx, src, state, 1)
	case last.Seq > state.Head.Seq:
		err = signedMeanwhile(ctx, src, state.Head, last.Anchor)
	default:
		err = follow(ctx, src, last.Anchor, state.Head)
	}
	if err != nil {
		return SignedHead{}, err
	}
	return k.key.Sign(state.Head, now), nil
}

// signedMeanwhile checks that head leads to a later one that was signed, as happens when a server
// writes and signs after head was read. The record of the head must be as far by now.
func signedMeanwhile(ctx context.Context, src Source, head, signed Anchor) error {
	now, err := src.AuditState(ctx)
	if err != nil {
		return err
	}
	if now.Head.Seq < signed.Seq {
		return &Broken{Seq: signed.Seq, Why: fmt.Sprintf("was signed, but the log ends with event %d", now.Head.Seq)}
	}
	return follow(ctx, src, head, signed)
}

// recall reads what memory holds, before the log is read: a server may sign meanwhile.
func (k *Signer) recall() error {
	if k.memory == nil || k.last.Seq != 0 {
		return nil
	}
	kept, found, err := k.memory.Last()
	if err != nil {
		return err
	}
	k.kept = SignedHead{}
	if found && kept.signedBy(k.key.Public()) { // otherwise it is of a key that this one has replaced
		k.kept = kept
	}
	return nil
}

// lastSigned returns the newest head that the key has signed, after it compared all that it knows
// of with the log. It is zero if the key never signed. The error is a [*Broken] for a log that does
// not continue it.
func (k *Signer) lastSigned(ctx context.Context, src Source, state State) (SignedHead, error) {
	stored, found, err := src.NewestHead(ctx, k.key.ID())
	if err != nil {
		return SignedHead{}, err
	}
	if found && !stored.signedBy(k.key.Public()) {
		return SignedHead{}, &Broken{Seq: stored.Seq, Why: "has a head whose signature is not of key " + k.key.ID()}
	}
	newest, kept := stored, k.last
	if kept.Seq == 0 {
		kept = k.kept
	}
	if kept.Seq > stored.Seq {
		newest = kept
	}
	if newest.Seq == 0 {
		return newest, nil
	}
	err = compareHeads(ctx, src, state, []SignedHead{stored, kept}, func(h SignedHead, hash []byte, pruned bool) error {
		if h.Seq == 0 || pruned && h.Seq < newest.Seq {
			return nil
		}
		return within(h, hash)
	})
	return newest, err
}

// follow checks that the chain leads from one place to another.
func follow(ctx context.Context, src Source, from, to Anchor) error {
	chain := NewChain(from)
	for chain.Last().Seq < to.Seq {
		events, err := src.EventsAfter(ctx, chain.Last().Seq, int(min(1000, to.Seq-chain.Last().Seq)))
		if err != nil {
			return err
		}
		if len(events) == 0 {
			return &Broken{Seq: chain.Last().Seq + 1, Why: fmt.Sprintf("is missing: %d events were written", to.Seq)}
		}
		for _, e := range events {
			if err := chain.Next(e); err != nil {
				return err
			}
		}
	}
	if !chain.Last().Equal(to) {
		return &Broken{Seq: to.Seq, Why: "is not the event that was written last"}
	}
	return nil
}

// keep notes that h is stored.
func (k *Signer) keep(h SignedHead) error {
	k.last = h
	k.signed(h)
	if k.memory == nil {
		return nil
	}
	return k.memory.Keep(h)
}

// SignHead signs the head of the log, if it has events that are not covered yet and the service has
// a signer. The error is a [*Broken] for a log that does not continue the head that was signed last:
// then it is not signed.
func (s *Service) SignHead(ctx context.Context) error {
	k := s.d.Signer
	if k == nil {
		return nil
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if err := k.recall(); err != nil {
		return err
	}
	var h SignedHead
	_, err := retryIfPruned(ctx, s.d.Store, func(state State) (err error) {
		h, err = k.head(ctx, s.d.Store, state, s.d.Now())
		return err
	})
	if err != nil {
		return fmt.Errorf("not signed: %w", err)
	}
	if h.Seq == 0 || h.Seq == k.last.Seq {
		return nil
	}
	err = s.d.Store.InTx(ctx, actor.System(""), func(tx Tx) error {
		stored, found, err := tx.NewestHead(ctx, h.Key)
		if err != nil || found && stored.Seq >= h.Seq {
			return err // another node was faster, or nothing is new since the last start
		}
		return tx.InsertHead(ctx, h)
	})
	if err != nil {
		return err
	}
	return k.keep(h)
}

// signNow signs the head at once, and logs a failure.
func (s *Service) signNow(ctx context.Context) {
	if err := s.SignHead(ctx); err != nil {
		s.d.Log.ErrorContext(ctx, "audit: cannot sign the head of the log", "error", err)
	}
}

// Rotate makes next the key of the log. In one transaction it appends an event and signs the head
// with both keys; the old key also signs the new one, so that those who know the old public key can
// go on verifying. It returns the head of the new key.
func (k *Signer) Rotate(ctx context.Context, store Store, next Key, now time.Time) (h SignedHead, err error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if err := k.recall(); err != nil {
		return h, err
	}
	err = store.InTx(ctx, actor.System(""), func(tx Tx) error {
		before, err := tx.AuditState(ctx)
		if err != nil {
			return err
		}
		if _, err := k.head(ctx, tx, before, now); err != nil {
			return err
		}
		organization, err := tx.LogOwner(ctx)
		if fault.Is(err, fault.NotFound) {
			return errors.New("there is no organization yet, so nothing was signed: remove the key file instead")
		}
		if err != nil {
			return err
		}
		oldKey, oldErr := keyState(k.key)
		newKey, newErr := keyState(next)
		e := Did(actor.OfSystem(organization), Rotated, Target{Type: TargetAuditLog, ID: organization, Name: "Audit log"}).Changed(oldKey, newKey)
		if err := errors.Join(oldErr, newErr, tx.AppendEvent(ctx, e)); err != nil {
			return err
		}
		state, err := tx.AuditState(ctx)
		if err != nil {
			return err
		}
		if err := tx.InsertHead(ctx, k.key.replace(state.Head, now, next.Public())); err != nil {
			return err
		}
		h = next.Sign(state.Head, now)
		return tx.InsertHead(ctx, h)
	})
	return h, err
}

// keyState returns a key in an event, as JSON.
func keyState(k Key) (string, error) {
	text, err := json.Marshal(struct {
		Key       string            `json:"key"`
		PublicKey ed25519.PublicKey `json:"publicKey"`
	}{k.ID(), k.Public()})
	return string(text), err
}

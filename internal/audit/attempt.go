package audit

import (
	"context"
	"encoding/json"
	"errors"
	"sync"
	"time"

	"latchkey/internal/access"
	"latchkey/internal/fault"
)

// Attempt is something that a known token was refused.
type Attempt struct {
	Action       Action // UsedAfterRevocation or AccessDenied
	Organization string
	Kind         access.Kind // of the token: PersonalToken, WorkspaceToken or OrganizationToken
	Token        string      // its id
	Name         string      // its name
	Owner        string      // PersonalToken: the member's id
	Workspace    string
	Reason       string // what it was refused; no secret and nothing that a caller made up
	Origin       Origin
}

// Bounds of what attempts may write. A token that keeps trying the same leaves one event at
// once and then one an hour with the count; all together leave no more than attemptsPerMinute.
const (
	attemptWindow     = time.Hour
	attemptsPerMinute = 120
	mostAttempts      = 10_000 // triples of token, action and reason that are watched at a time
)

// attempts gathers what is to be written.
type attempts struct {
	now func() time.Time

	mu      sync.Mutex
	watched map[attemptKey]*watched
	minute  time.Time // when the present minute began
	written int       // in it
}

// attemptKey tells attempts apart. The reason is a part of it, so that what a token does for
// the first time is not lost in what it does all the time.
type attemptKey struct {
	token  string
	action Action
	reason string
}

func (a Attempt) key() attemptKey { return attemptKey{a.Token, a.Action, a.Reason} }

// watched is one token's attempts of a kind since the last event.
type watched struct {
	latest Attempt
	count  int       // not written yet
	since  time.Time // of the last event; zero before the first
}

func newAttempts(now func() time.Time) *attempts {
	return &attempts{now: now, watched: map[attemptKey]*watched{}}
}

// Refused notes an attempt. It takes a lock for a moment, writes nothing and never fails, so
// that it can be called while a request is answered; [Service.Run] writes what is due within a
// second. What a flood adds is counted, not written. It is kept in memory until then.
func (s *Service) Refused(a Attempt) {
	t := s.attempts
	t.mu.Lock()
	defer t.mu.Unlock()
	key := a.key()
	w := t.watched[key]
	if w == nil {
		if len(t.watched) >= mostAttempts {
			return
		}
		w = &watched{}
		t.watched[key] = w
	}
	w.latest, w.count = a, w.count+1
}

// due takes what is to be written now and forgets tokens that have been quiet for a window.
func (t *attempts) due() []watched {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.now()
	if now.Sub(t.minute) >= time.Minute || now.Before(t.minute) {
		t.minute, t.written = now, 0
	}
	var out []watched
	for key, w := range t.watched {
		switch quiet := now.Sub(w.since) >= attemptWindow || w.since.IsZero(); {
		case !quiet:
		case w.count == 0:
			delete(t.watched, key)
		case t.written < attemptsPerMinute:
			out = append(out, *w)
			w.since, w.count = now, 0
			t.written++
		}
	}
	return out
}

// restore puts back what could not be written.
func (t *attempts) restore(list []watched) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, old := range list {
		if w := t.watched[old.latest.key()]; w != nil {
			w.count += old.count
			w.since = old.since
		}
	}
}

// rest takes all that is not written yet, whether it is due or not.
func (t *attempts) rest() []watched {
	t.mu.Lock()
	defer t.mu.Unlock()
	var out []watched
	for _, w := range t.watched {
		if w.count > 0 {
			out = append(out, *w)
			w.since, w.count = t.now(), 0
		}
	}
	return out
}

// Flush writes the attempts that are due, in one transaction. What cannot be written is kept
// for the next time.
func (s *Service) Flush(ctx context.Context) error { return s.writeAttempts(ctx, s.attempts.due()) }

// Close writes what is left of refused attempts, also what would have waited for the end of
// its hour. Call it when no more requests come.
func (s *Service) Close(ctx context.Context) error { return s.writeAttempts(ctx, s.attempts.rest()) }

func (s *Service) writeAttempts(ctx context.Context, due []watched) error {
	if len(due) == 0 {
		return nil
	}
	err := s.d.Store.InTx(ctx, func(tx Tx) error {
		var failed error
		for _, w := range due {
			failed = errors.Join(failed, w.write(ctx, tx))
		}
		return failed
	})
	if err != nil {
		s.attempts.restore(due)
	}
	return err
}

// write appends the event of the attempts: done by the token, to the token.
func (w watched) write(ctx context.Context, tx Tx) error {
	a := w.latest
	by := Caller{Principal: access.Principal{Kind: a.Kind, ID: a.Token, Owner: a.Owner, Organization: a.Organization}, Name: a.Name, Origin: a.Origin}
	target := Target{Type: TargetServiceToken, ID: a.Token, Name: a.Name, Workspace: a.Workspace}
	if a.Kind == access.PersonalToken {
		target.Type = TargetPersonalToken
		name, email, err := tx.MemberNames(ctx, a.Organization, a.Owner)
		if err != nil && !fault.Is(err, fault.NotFound) {
			return err
		}
		by.Name, by.Email = name, email
	}
	text, err := json.Marshal(struct {
		Reason   string `json:"reason"`
		Attempts int    `json:"attempts"` // since the event before
	}{a.Reason, w.count})
	if err != nil {
		return err
	}
	return tx.AppendEvent(ctx, by.Did(a.Action, target).Changed("", string(text)))
}

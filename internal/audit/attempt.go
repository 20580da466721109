package audit

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"
	"sync"
	"time"

	"latchkey/internal/access"
	"latchkey/internal/actor"
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
	Origin       actor.Origin
}

// Bounds of what attempts may write. A token that keeps trying the same leaves one event at
// once and then one an hour with the count; all together leave no more than attemptsPerMinute.
// Tokens that are good fill no room of those that are not any more, and one token fills little
// of any: whoever holds a token of their own cannot hide what another one is used for.
const (
	attemptWindow     = time.Hour
	attemptsPerMinute = 120
	mostAttempts      = 10_000 // pairs of token and reason that are watched at a time, per action
	mostReasons       = 16     // of a token that are told apart
	attemptsPerTx     = 500

	// otherReasons stands for all that come after mostReasons.
	otherReasons = "one of many other reasons"
)

// attempts gathers what is to be written.
type attempts struct {
	now func() time.Time

	mu      sync.Mutex
	watched map[attemptKey]*watched
	held    map[Action]int     // how many of them
	reasons map[attemptKey]int // of a token and action, without a reason in the key
	noted   int                // how many were ever watched
	minute  time.Time          // when the present minute began
	written int                // in it
	lost    int                // attempts that had no room, since it was said
	said    time.Time
}

// attemptKey tells attempts apart. The reason is a part of it, so that what a token does for
// the first time is not lost in what it does all the time.
type attemptKey struct {
	token  string
	action Action
	reason string
}

func (k attemptKey) anyReason() attemptKey { return attemptKey{k.token, k.action, ""} }

// watched is one token's attempts of a kind since the last event.
type watched struct {
	key    attemptKey
	nth    int // of the token's reasons
	order  int // of all that are watched
	latest Attempt
	count  int       // not written yet
	since  time.Time // of the last event; zero before the first
}

func newAttempts(now func() time.Time) *attempts {
	return &attempts{now: now, watched: map[attemptKey]*watched{}, held: map[Action]int{}, reasons: map[attemptKey]int{}}
}

// Refused notes an attempt. It takes a lock for a moment, writes nothing and never fails, so
// that it can be called while a request is answered; [Service.Run] writes what is due within a
// second. What a flood adds is counted, not written. It is kept in memory until then.
func (s *Service) Refused(a Attempt) { s.attempts.note(a) }

func (t *attempts) note(a Attempt) {
	t.mu.Lock()
	defer t.mu.Unlock()
	key := attemptKey{a.Token, a.Action, a.Reason}
	if t.watched[key] == nil && t.reasons[key.anyReason()] >= mostReasons {
		key.reason = otherReasons
	}
	w := t.watched[key]
	if w == nil {
		if t.held[a.Action] >= mostAttempts {
			t.lost++
			return
		}
		w = &watched{key: key, nth: t.reasons[key.anyReason()], order: t.noted}
		t.watched[key] = w
		t.noted++
		t.held[a.Action]++
		t.reasons[key.anyReason()]++
	}
	w.latest, w.count = a, w.count+1
}

// forget makes room.
func (t *attempts) forget(key attemptKey) {
	delete(t.watched, key)
	t.held[key.action]--
	if t.reasons[key.anyReason()]--; t.reasons[key.anyReason()] == 0 {
		delete(t.reasons, key.anyReason())
	}
}

// due takes what is to be written now and forgets tokens that have been quiet for a window.
func (t *attempts) due() []watched {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.now()
	if now.Sub(t.minute) >= time.Minute || now.Before(t.minute) {
		t.minute, t.written = now, 0
	}
	var ready []*watched
	for key, w := range t.watched {
		switch quiet := now.Sub(w.since) >= attemptWindow || w.since.IsZero(); {
		case !quiet:
		case w.count == 0:
			t.forget(key)
		default:
			ready = append(ready, w)
		}
	}
	out := take(ready, attemptsPerMinute-t.written, now)
	t.written += len(out)
	return out
}

// take takes the most urgent: tokens that are good for nothing any more, then of each token
// what it was refused first, then what waits longest.
func take(ready []*watched, most int, now time.Time) []watched {
	slices.SortFunc(ready, func(a, b *watched) int {
		return cmp.Or(cmp.Compare(a.rank(), b.rank()), cmp.Compare(a.nth, b.nth), cmp.Compare(a.order, b.order))
	})
	ready = ready[:min(len(ready), most)]
	out := make([]watched, len(ready))
	for i, w := range ready {
		out[i] = *w
		w.since, w.count = now, 0
	}
	return out
}

func (w *watched) rank() int {
	if w.key.action == UsedAfterRevocation {
		return 0
	}
	return 1
}

// restore puts back what could not be written.
func (t *attempts) restore(list []watched) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, old := range list {
		if w := t.watched[old.key]; w != nil {
			w.count += old.count
			w.since = old.since
		}
	}
}

// rest takes up to most of what is not written yet, whether it is due or not.
func (t *attempts) rest(most int) []watched {
	t.mu.Lock()
	defer t.mu.Unlock()
	var left []*watched
	for _, w := range t.watched {
		if w.count > 0 {
			left = append(left, w)
		}
	}
	return take(left, most, t.now())
}

// overflow is how many attempts had no room since the last time; 0 within a minute of it,
// unless it is the last time.
func (t *attempts) overflow(last bool) int {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.now()
	if since := now.Sub(t.said); t.lost == 0 || !last && since >= 0 && since < time.Minute {
		return 0
	}
	n := t.lost
	t.lost, t.said = 0, now
	return n
}

// Flush writes the attempts that are due, in one transaction. What cannot be written is kept
// for the next time.
func (s *Service) Flush(ctx context.Context) error {
	s.tellLost(ctx, false)
	return s.writeAttempts(ctx, s.attempts.due())
}

// Close writes what is left of refused attempts, also what would have waited for the end of
// its hour, in several transactions. Call it when no more requests come.
func (s *Service) Close(ctx context.Context) error {
	s.tellLost(ctx, true)
	for {
		batch := s.attempts.rest(attemptsPerTx)
		if err := s.writeAttempts(ctx, batch); err != nil || len(batch) == 0 {
			return err
		}
	}
}

// tellLost says in the server's own log what the audit log will not hold.
func (s *Service) tellLost(ctx context.Context, last bool) {
	if n := s.attempts.overflow(last); n > 0 {
		s.d.Log.WarnContext(ctx, "audit: refused attempts are in no event: too many tokens were refused within the hour", "attempts", n)
	}
}

func (s *Service) writeAttempts(ctx context.Context, due []watched) error {
	if len(due) == 0 {
		return nil
	}
	err := s.d.Store.InTx(ctx, actor.System(""), func(tx Tx) error {
		for _, w := range due {
			if err := w.write(ctx, tx); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		s.attempts.restore(due)
	}
	return err
}

// write appends the event of the attempts: done by the token, to the token.
func (w watched) write(ctx context.Context, tx Tx) error {
	a := w.latest
	by := actor.Standing{Principal: access.Principal{Kind: a.Kind, ID: a.Token, Owner: a.Owner, Organization: a.Organization}, Name: a.Name, Origin: a.Origin}
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
	}{w.key.reason, w.count})
	if err != nil {
		return err
	}
	return tx.AppendEvent(ctx, Did(by, a.Action, target).Changed("", string(text)))
}

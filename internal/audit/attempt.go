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

// Attempt is a use of a token that was refused. The token is or was one of the installation's.
type Attempt struct {
	Action       Action // UsedAfterRevocation or AccessDenied
	Organization string
	Kind         access.Kind // of the token: PersonalToken, WorkspaceToken or OrganizationToken
	Token        string      // its id
	Name         string      // its name
	Owner        string      // id of its member, if it is a PersonalToken
	Workspace    string      // id; empty for none
	Reason       string      // why it was refused; must not contain a secret or text from the client
	Apart        string      // attempts that differ in it leave events of their own; may be empty
	Origin       actor.Origin
}

// Bounds of the events of attempts. A token that is refused again and again for one reason leaves
// an event at once and then one per hour with the count, and all tokens together leave at most
// attemptsPerMinute. Live tokens do not take the room of dead ones, and one token takes little of
// it: so nobody can use a token of their own to hide what another token is used for.
const (
	attemptWindow     = time.Hour
	attemptsPerMinute = 120
	maxSeries         = 10_000 // at a time, for each action
	maxReasons        = 16     // of a token and action, before the others are counted together
	attemptsPerTx     = 500

	// otherReasons is the reason of all attempts beyond maxReasons.
	otherReasons = "one of many other reasons"
)

// attempts collects the attempts that are not written yet.
type attempts struct {
	now func() time.Time

	mu       sync.Mutex
	series   map[seriesKey]*series
	ofAction map[Action]int    // number of series
	ofToken  map[seriesKey]int // number of series of a token and action; the keys have no reason
	added    int               // number of series so far
	minute   time.Time         // when the current minute began
	written  int               // number of events in it
	dropped  int               // number of attempts without room that were not reported yet
	reported time.Time         // when dropped attempts were reported last
}

// seriesKey identifies a series. The reason is a part of it, so that what a token tries for the
// first time is not hidden by what it tries all the time.
type seriesKey struct {
	token  string
	action Action
	reason string
	apart  string
}

func (k seriesKey) withoutReason() seriesKey { return seriesKey{token: k.token, action: k.action} }

// series is the attempts of a token for one reason.
type series struct {
	key    seriesKey
	nth    int // of the token and action
	order  int // of all
	latest Attempt
	count  int       // of attempts that are not written yet
	since  time.Time // when the last event was written; zero if none was
}

func newAttempts(now func() time.Time) *attempts {
	return &attempts{now: now, series: map[seriesKey]*series{}, ofAction: map[Action]int{}, ofToken: map[seriesKey]int{}}
}

// Refused records an attempt in memory, and [Service.Run] writes it. It does not wait for the
// database and never fails, so it can be called while a request is answered. Many attempts of one
// token are written as one event with their count.
func (s *Service) Refused(a Attempt) { s.attempts.add(a) }

func (t *attempts) add(a Attempt) {
	t.mu.Lock()
	defer t.mu.Unlock()
	key := seriesKey{a.Token, a.Action, a.Reason, a.Apart}
	if t.series[key] == nil && t.ofToken[key.withoutReason()] >= maxReasons {
		key.reason, key.apart = otherReasons, ""
	}
	s := t.series[key]
	if s == nil {
		if t.ofAction[a.Action] >= maxSeries {
			t.dropped++
			return
		}
		s = &series{key: key, nth: t.ofToken[key.withoutReason()], order: t.added}
		t.series[key] = s
		t.added++
		t.ofAction[a.Action]++
		t.ofToken[key.withoutReason()]++
	}
	s.latest, s.count = a, s.count+1
}

// remove removes a series.
func (t *attempts) remove(key seriesKey) {
	delete(t.series, key)
	t.ofAction[key.action]--
	if t.ofToken[key.withoutReason()]--; t.ofToken[key.withoutReason()] == 0 {
		delete(t.ofToken, key.withoutReason())
	}
}

// takeDue takes what is to be written now, and removes the series without attempts in the window.
func (t *attempts) takeDue() []series {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.now()
	if now.Sub(t.minute) >= time.Minute || now.Before(t.minute) {
		t.minute, t.written = now, 0
	}
	var due []*series
	for key, s := range t.series {
		since := now.Sub(s.since) // less than 0 if the clock was set back
		switch over := since >= attemptWindow || since < 0 || s.since.IsZero(); {
		case !over:
		case s.count == 0:
			t.remove(key)
		default:
			due = append(due, s)
		}
	}
	taken := take(due, attemptsPerMinute-t.written, now)
	t.written += len(taken)
	return taken
}

// takeAny takes up to n series with attempts that are not written yet, due or not.
func (t *attempts) takeAny(n int) []series {
	t.mu.Lock()
	defer t.mu.Unlock()
	var left []*series
	for _, s := range t.series {
		if s.count > 0 {
			left = append(left, s)
		}
	}
	return take(left, n, t.now())
}

// take takes the n most urgent: dead tokens first, then the first reasons of each token, then
// the oldest series. It returns copies and resets the counts.
func take(list []*series, n int, now time.Time) []series {
	slices.SortFunc(list, func(a, b *series) int {
		return cmp.Or(cmp.Compare(a.rank(), b.rank()), cmp.Compare(a.nth, b.nth), cmp.Compare(a.order, b.order))
	})
	list = list[:min(len(list), n)]
	taken := make([]series, len(list))
	for i, s := range list {
		taken[i] = *s
		s.since, s.count = now, 0
	}
	return taken
}

func (s *series) rank() int {
	if s.key.action == UsedAfterRevocation {
		return 0
	}
	return 1
}

// putBack puts back what could not be written.
func (t *attempts) putBack(taken []series) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, old := range taken {
		if s := t.series[old.key]; s != nil {
			s.count += old.count
			s.since = old.since
		}
	}
}

// takeDropped returns how many attempts were dropped since the last report, once a minute: 0
// before, unless this is the last report.
func (t *attempts) takeDropped(last bool) int {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.now()
	if since := now.Sub(t.reported); t.dropped == 0 || !last && since >= 0 && since < time.Minute {
		return 0
	}
	n := t.dropped
	t.dropped, t.reported = 0, now
	return n
}

// Flush writes the attempts that are due, in one transaction. What cannot be written is kept for
// the next call.
func (s *Service) Flush(ctx context.Context) error {
	s.reportDropped(ctx, false)
	return s.writeAttempts(ctx, s.attempts.takeDue())
}

// Close writes all attempts that are left, due or not, in several transactions, and signs the head
// of the log. Call it when no more requests come.
func (s *Service) Close(ctx context.Context) error {
	s.reportDropped(ctx, true)
	defer s.signNow(ctx)
	for {
		batch := s.attempts.takeAny(attemptsPerTx)
		if err := s.writeAttempts(ctx, batch); err != nil || len(batch) == 0 {
			return err
		}
	}
}

// reportDropped says in the server's own log which attempts are not in the audit log.
func (s *Service) reportDropped(ctx context.Context, last bool) {
	if n := s.attempts.takeDropped(last); n > 0 {
		s.d.Log.WarnContext(ctx, "audit: refused attempts are not in the log: too many tokens were refused within the hour", "attempts", n)
	}
}

// writeAttempts writes an event for each of due, in one transaction.
func (s *Service) writeAttempts(ctx context.Context, due []series) error {
	if len(due) == 0 {
		return nil
	}
	err := s.d.Store.InTx(ctx, actor.System(""), func(tx Tx) error {
		for _, one := range due {
			if err := one.write(ctx, tx); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		s.attempts.putBack(due)
	}
	return err
}

// write appends the event of the attempts, of which the token is both the actor and the target.
func (s series) write(ctx context.Context, tx Tx) error {
	a := s.latest
	by := actor.Standing{Principal: access.Principal{Kind: a.Kind, ID: a.Token, Owner: a.Owner, Organization: a.Organization},
		Name: a.Name, Origin: a.Origin}
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
		Attempts int    `json:"attempts"` // since the last event
	}{s.key.reason, s.count})
	if err != nil {
		return err
	}
	return tx.AppendEvent(ctx, Did(by, a.Action, target).Changed("", string(text)))
}

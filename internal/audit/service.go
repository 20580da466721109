package audit

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"time"

	"github.com/segmentio/ksuid"

	"latchkey/internal/access"
	"latchkey/internal/actor"
	"latchkey/internal/fault"
)

// Deps is what a [Service] needs. Store and Catalogue are required.
type Deps struct {
	Store     Store
	Catalogue *access.Catalogue
	Now       func() time.Time // time.Now if nil
	Log       *slog.Logger     // for background work; slog.Default if nil
	Retention time.Duration    // how long events are kept; 0 is forever
	Signer    *Signer          // signs heads; nil if nobody does
}

// Service reads the log for those who may read it, records refused attempts, and indexes and
// prunes the log. It is safe for concurrent use. It does not write the events of changes: each is
// written with its change.
type Service struct {
	d        Deps
	attempts *attempts
}

// New returns a service.
func New(d Deps) *Service {
	if d.Now == nil {
		d.Now = time.Now
	}
	if d.Log == nil {
		d.Log = slog.Default()
	}
	return &Service{d: d, attempts: newAttempts(d.Now)}
}

// May returns nil if the caller may read the log: Admins and organization tokens may, on plans
// that include it. Unauthenticated for tokens of another level, Denied for everybody else. The
// methods that read the log call it themselves.
func (s *Service) May(ctx context.Context, by actor.Standing) error {
	d := access.Decide(s.d.Catalogue, by.Principal, access.ReadAuditLog, access.Resource{Organization: by.Organization})
	if err := d.Err("The organization"); err != nil {
		return err
	}
	plan, err := s.d.Store.AuditPlan(ctx, by.Organization)
	if err == nil && !plan.Has(access.FeatureAuditLog) {
		return fault.NewDenied(access.UpgradeText)
	}
	return err
}

// Find returns a page of the log of the caller's organization. Invalid for a filter that cannot be
// applied; otherwise the errors of [Service.May].
func (s *Service) Find(ctx context.Context, by actor.Standing, q Query) (Found, error) {
	if err := s.May(ctx, by); err != nil {
		return Found{}, err
	}
	q.Organization = by.Organization
	if err := q.Check(); err != nil {
		return Found{}, err
	}
	found, err := s.d.Store.FindEvents(ctx, q)
	if err != nil {
		return Found{}, err
	}
	found.Tokens, err = s.tokens(ctx, by.Organization, found.Events...)
	return found, err
}

// tokens returns the tokens that were used in events.
func (s *Service) tokens(ctx context.Context, organization string, events ...Event) (map[string]TokenName, error) {
	var ids []string
	for _, e := range events {
		if e.TokenID != "" && !slices.Contains(ids, e.TokenID) {
			ids = append(ids, e.TokenID)
		}
	}
	if len(ids) == 0 {
		return nil, nil
	}
	return s.d.Store.TokenNames(ctx, organization, ids)
}

// Existing returns which of the ids belong to members, groups, workspaces, policies and service tokens
// that still exist, in one query for a page of events. The errors are those of [Service.May].
func (s *Service) Existing(ctx context.Context, by actor.Standing, ids []string) (Existing, error) {
	if err := s.May(ctx, by); err != nil || len(ids) == 0 {
		return nil, err
	}
	return s.d.Store.Existing(ctx, by.Organization, ids)
}

// Event returns an event of the caller's organization, and the token that was used, which is zero
// for none. NotFound if there is no such event, also if it was pruned; otherwise the errors of
// [Service.May].
func (s *Service) Event(ctx context.Context, by actor.Standing, id string) (Event, TokenName, error) {
	if err := s.May(ctx, by); err != nil {
		return Event{}, TokenName{}, err
	}
	e, err := s.d.Store.EventByID(ctx, by.Organization, id)
	if err != nil {
		return Event{}, TokenName{}, err
	}
	tokens, err := s.tokens(ctx, by.Organization, e)
	return e, tokens[e.TokenID], err
}

// Export calls fn for all events that the filter chooses, oldest first, in constant memory. It
// returns the error of fn, which ends it, the errors of [Service.Find], or Conflict if events that are
// still to come are pruned meanwhile.
func (s *Service) Export(ctx context.Context, by actor.Standing, f Filter, fn func(Event) error) error {
	if err := s.May(ctx, by); err != nil {
		return err
	}
	f.Organization = by.Organization
	if err := f.Check(); err != nil {
		return err
	}
	s.signNow(ctx)
	err := s.d.Store.EachEvent(ctx, f, fn)
	if errors.Is(err, ErrPrunedMeanwhile) {
		pruned := fault.NewConflict("The log was pruned while it was exported. Export it again.")
		pruned.Cause = err
		return pruned
	}
	return err
}

// Reading asks for the oldest events that a client has not seen yet.
type Reading struct {
	Workspace    string    // id; empty for all events
	Actor        string    // id of the member or service token that acted; empty for all
	Token        string    // id of the token that was used; empty for all
	Target       string    // id of the target; empty for all
	Action       Action    // empty for all
	CreatedAfter time.Time // zero for no condition
	AfterCursor  string    // id of the last event seen; empty for no condition
	Page         int       // number of the page after the cursor, from 1; 0 is the first, too
	PerPage      int       // events of a page, 1 to MaxPerPage
}

// MaxPerPage is how many events [Service.Read] returns at most.
const MaxPerPage = 100

// Read returns the oldest events that the client has not seen, oldest first. A client that
// continues from the id of the last event that it has seen, from its time or from both gets each
// event exactly once, however many are written meanwhile: times grow from transaction to
// transaction, and the events of one transaction become visible together. While [Found.More]
// reports true, it must continue from the id. Invalid, by parameter, for a cursor that is not an
// event of the organization; otherwise the errors of [Service.May].
func (s *Service) Read(ctx context.Context, by actor.Standing, r Reading) (Found, error) {
	if err := s.May(ctx, by); err != nil {
		return Found{}, err
	}
	var p fault.Problems
	if r.PerPage < 1 || r.PerPage > MaxPerPage {
		p.Add("per_page", "A whole number from 1 to 100.")
	}
	q := Query{Filter: Filter{Organization: by.Organization, Workspace: r.Workspace, Actor: r.Actor, Token: r.Token,
		Target: r.Target, Action: r.Action}, OldestFirst: true, Limit: r.PerPage, Skip: max(0, r.Page-1) * r.PerPage}
	if !r.CreatedAfter.IsZero() {
		q.From = r.CreatedAfter.Truncate(time.Millisecond).Add(time.Millisecond)
	}
	if r.AfterCursor != "" {
		last, err := s.position(ctx, by.Organization, r.AfterCursor)
		if fault.Is(err, fault.NotFound) {
			p.Add("after_cursor", "There is no event with this id.")
		} else if err != nil {
			return Found{}, err
		}
		q.Cursor = last.seq
		if moment := r.CreatedAfter.Truncate(time.Millisecond); last.at.Equal(moment) {
			// Other events may have the same time. The cursor alone says which were seen.
			q.From = moment
		}
	}
	if err := p.Err("Some parameters are not right."); err != nil {
		return Found{}, err
	}
	return s.d.Store.FindEvents(ctx, q)
}

// position is where an event is in the log.
type position struct {
	seq int64
	at  time.Time
}

// position returns where the event with an id is. An event whose id says that it was made before
// the log was pruned is where the log begins.
func (s *Service) position(ctx context.Context, organization, id string) (position, error) {
	e, err := s.d.Store.EventByID(ctx, organization, id)
	if !fault.Is(err, fault.NotFound) {
		return position{e.Seq, e.Time}, err
	}
	parsed, parseErr := ksuid.Parse(id)
	if parseErr != nil {
		return position{}, err
	}
	state, stateErr := s.d.Store.AuditState(ctx)
	if stateErr != nil {
		return position{}, stateErr
	}
	if c := state.Checkpoint; c.Seq > 0 && !parsed.Time().After(c.Time) {
		return position{c.Seq, parsed.Time()}, nil
	}
	return position{}, err
}

// Cursor returns the number of an event for Query.Cursor. It returns 0 for an id that is not an
// event of the caller's organization, so a stale link leads to the first page.
func (s *Service) Cursor(ctx context.Context, by actor.Standing, id string) (int64, error) {
	if id == "" {
		return 0, nil
	}
	found, err := s.position(ctx, by.Organization, id)
	if fault.Is(err, fault.NotFound) {
		return 0, nil
	}
	return found.seq, err
}

package audit

import (
	"context"
	"log/slog"
	"slices"
	"time"

	"github.com/segmentio/ksuid"

	"latchkey/internal/access"
	"latchkey/internal/actor"
	"latchkey/internal/fault"
)

// Deps is what the service is made of. Store and Catalogue are required.
type Deps struct {
	Store     Store
	Catalogue *access.Catalogue
	Now       func() time.Time // time.Now when nil
	Log       *slog.Logger     // for background work; slog.Default when nil
	Retention time.Duration    // how long events are kept; 0 is for ever
}

// Service reads the log for those who may, and keeps it in order. It is safe for concurrent
// use. It writes no events but of its own acts: those of a change are written with the change.
type Service struct {
	d        Deps
	attempts *attempts
}

// New wires the service.
func New(d Deps) *Service {
	if d.Now == nil {
		d.Now = time.Now
	}
	if d.Log == nil {
		d.Log = slog.Default()
	}
	return &Service{d: d, attempts: newAttempts(d.Now)}
}

// May decides about reading the log: for Admins and organization tokens, on plans that
// include it. Unauthenticated for tokens of another level, Denied otherwise. The other use
// cases ask it themselves.
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

// Find returns a page of the caller's organization. Invalid for a filter that cannot be;
// otherwise errors as for [Service.Event].
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

// tokens names the tokens that carried events.
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

// Event returns one event of the caller's organization; NotFound for another's and one that
// was pruned. Denied to all but Admins and organization tokens, and on a plan without the log.
// With it comes the token that carried it; zero for none.
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

// Export calls fn for all that the filter chooses, oldest first, in constant memory. Errors as
// for [Service.Find], and those of fn.
func (s *Service) Export(ctx context.Context, by actor.Standing, f Filter, fn func(Event) error) error {
	if err := s.May(ctx, by); err != nil {
		return err
	}
	f.Organization = by.Organization
	if err := f.Check(); err != nil {
		return err
	}
	return s.d.Store.EachEvent(ctx, f, fn)
}

// Reading asks for the next events that a client has not seen.
type Reading struct {
	Workspace    string
	CreatedAfter time.Time // zero: from the beginning
	AfterCursor  string    // id of the last event seen; "" is none
	Page         int       // from 1, counted from the beginning; 0 is no page, but what follows the cursor
	PerPage      int       // 1 to 100
}

// MaxPerPage is the most that [Service.Read] returns at a time.
const MaxPerPage = 100

// Read returns the oldest events that the client has not seen, oldest first. A client that
// goes on from the id or the time of the last event that it has seen, or from both, gets each
// event exactly once, however many are written meanwhile: times grow from transaction to
// transaction, and the events of one become visible together. Only within one pass, while
// there are more, it must go on from the id. Invalid, by parameter, for a cursor that is
// none; otherwise errors as for [Service.Find].
func (s *Service) Read(ctx context.Context, by actor.Standing, r Reading) (Found, error) {
	if err := s.May(ctx, by); err != nil {
		return Found{}, err
	}
	var p fault.Problems
	if r.PerPage < 1 || r.PerPage > MaxPerPage {
		p.Add("per_page", "A whole number from 1 to 100.")
	}
	q := Query{Filter: Filter{Organization: by.Organization, Workspace: r.Workspace}, OldestFirst: true, Limit: r.PerPage, Skip: max(0, r.Page-1) * r.PerPage}
	if !r.CreatedAfter.IsZero() {
		q.From = r.CreatedAfter.Truncate(time.Millisecond).Add(time.Millisecond)
	}
	if r.AfterCursor != "" {
		at, err := s.place(ctx, by.Organization, r.AfterCursor)
		if fault.Is(err, fault.NotFound) {
			p.Add("after_cursor", "There is no event with this id.")
		} else if err != nil {
			return Found{}, err
		}
		q.Cursor = at.Seq
		if moment := r.CreatedAfter.Truncate(time.Millisecond); at.Time.Equal(moment) {
			// Others may have the same time as the event that the cursor names: the cursor
			// alone says which of them were seen.
			q.From = moment
		}
	}
	if err := p.Err("Some parameters are not right."); err != nil {
		return Found{}, err
	}
	return s.d.Store.FindEvents(ctx, q)
}

// place finds the event that a cursor names. One that was pruned stands before all that is
// left: its id says when it was made.
func (s *Service) place(ctx context.Context, organization, id string) (Place, error) {
	e, err := s.d.Store.EventByID(ctx, organization, id)
	if !fault.Is(err, fault.NotFound) {
		return Place{e.Seq, e.Time}, err
	}
	parsed, parseErr := ksuid.Parse(id)
	if parseErr != nil {
		return Place{}, err
	}
	state, stateErr := s.d.Store.AuditState(ctx)
	if stateErr != nil {
		return Place{}, stateErr
	}
	if c := state.Checkpoint; c.Seq > 0 && !parsed.Time().After(c.Time) {
		return Place{c.Seq, parsed.Time()}, nil
	}
	return Place{}, err
}

// Cursor is the number of an event for Query.Cursor; 0 for what is no event of the caller's
// organization, so that a stale link leads to the newest.
func (s *Service) Cursor(ctx context.Context, by actor.Standing, id string) (int64, error) {
	if id == "" {
		return 0, nil
	}
	at, err := s.place(ctx, by.Organization, id)
	if fault.Is(err, fault.NotFound) {
		return 0, nil
	}
	return at.Seq, err
}

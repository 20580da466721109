package audit

import (
	"context"
	"time"

	"latchkey/internal/access"
	"latchkey/internal/actor"
)

// Query asks for one page of the events that a filter chooses.
type Query struct {
	Filter
	OldestFirst bool  // otherwise newest first
	Cursor      int64 // number of the event that the page follows; 0 is from the start
	Backwards   bool  // the page before the cursor instead
	Limit       int   // at least 1
	Skip        int   // events of the order that are left out first; not together with Backwards
	// Days asks for the counts between these moments, which ascend; the last one has no end.
	Days []time.Time
}

// Found is one page.
type Found struct {
	Events []Event
	Total  int   // all events that the filter chooses
	Before int   // how many of them come before the page, in its order
	Counts []int // per part of Query.Days
	// Tokens are those that carried the events, by id.
	Tokens map[string]TokenName
}

// TokenName is what an event shows of a token, as it is now or was when it was deleted.
type TokenName struct {
	Name string
	Hint string // the prefix and the last characters of its secret
}

// More reports whether events come after the page.
func (f Found) More() bool { return f.Before+len(f.Events) < f.Total }

// Place is where an event stands in the log.
type Place struct {
	Seq  int64
	Time time.Time
}

// Store is what the service reads, and the way into a transaction.
type Store interface {
	Source
	// InTx runs fn in one write transaction of the caller: all or nothing. It is
	// Unauthenticated when the caller is nobody any more.
	InTx(ctx context.Context, by actor.Caller, fn func(Tx) error) error
	// AuditPlan returns the organization's plan; NotFound for an unknown one.
	AuditPlan(ctx context.Context, organization string) (access.Plan, error)
	// FindEvents returns a page as of one moment. Invalid when a word of the filter begins
	// too many different names.
	FindEvents(ctx context.Context, q Query) (Found, error)
	// EachEvent calls fn for all that the filter chooses, oldest first, as of the moment when
	// it begins, in constant memory. An error of fn ends it.
	EachEvent(ctx context.Context, f Filter, fn func(Event) error) error
	// EventByID returns an event of the organization; NotFound otherwise.
	EventByID(ctx context.Context, organization, id string) (Event, error)
	// TokenNames returns tokens of the organization by id, deleted ones included; unknown
	// ids are left out.
	TokenNames(ctx context.Context, organization string, ids []string) (map[string]TokenName, error)
	// IndexEvents takes the next full block into the index; done is false when there may be
	// another.
	IndexEvents(ctx context.Context) (done bool, err error)
	// DropPruned deletes some of the events up to the checkpoint; done when none are left.
	DropPruned(ctx context.Context) (done bool, err error)
}

// Tx is what the service does inside a transaction.
type Tx interface {
	// AppendEvent chains an event to the log.
	AppendEvent(ctx context.Context, e Event) error
	// LogOwner is the organization that events of the installation itself belong to;
	// NotFound before there is one.
	LogOwner(ctx context.Context) (string, error)
	// PrunePoint is the last event older than the moment, and how many events the log would
	// lose with it; none is a count of 0.
	PrunePoint(ctx context.Context, before time.Time) (Checkpoint, int64, error)
	// Prune makes c the log's beginning, signed by the event appended last.
	Prune(ctx context.Context, c Checkpoint) error
	// MemberNames returns the name and e-mail address of a member of the organization;
	// NotFound when there is none (any more).
	MemberNames(ctx context.Context, organization, id string) (name, email string, err error)
}

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
	OldestFirst bool        // the order; otherwise newest first
	Cursor      int64       // number of the event after which the page begins; 0 is at the start
	Backwards   bool        // whether to return the page before the cursor instead; 0 is at the end then
	Limit       int         // events of the page, at least 1
	Skip        int         // events to leave out after the cursor; not together with Backwards
	Days        []time.Time // where the days begin for which to count events, ascending; the last has no end
}

// Found is one page.
type Found struct {
	Events []Event
	Total  int                  // how many events the filter chooses
	Before int                  // how many of them come before the page
	Counts []int                // how many of them belong to each of Query.Days
	Tokens map[string]TokenName // the tokens that were used in Events, by id
}

// TokenName is how a token is shown with an event: as it is now, or was when it was deleted.
type TokenName struct {
	Name string
	Hint string // the prefix and the last characters of its secret
}

// More reports whether there are events after the page.
func (f Found) More() bool { return f.Before+len(f.Events) < f.Total }

// Existing is what still exists of the things that events name, by id. The value is the id of the
// group or member that a policy belongs to, and empty for everything else and for baselines.
type Existing map[string]string

// Store is the database as the service needs it.
type Store interface {
	Reads
	// InTx runs fn in one write transaction of the caller, which is committed if fn returns nil.
	// The error is Unauthenticated if the caller's session or token no longer works.
	InTx(ctx context.Context, by actor.Caller, fn func(Tx) error) error
}

// Reads is what the service reads, and tidies in the background, outside of its transactions.
type Reads interface {
	Source
	// AuditPlan returns the plan of an organization. NotFound if there is no such organization.
	AuditPlan(ctx context.Context, organization string) (access.Plan, error)
	// FindEvents returns a page, as of one moment and without Found.Tokens. Invalid if too many
	// different names begin with a word of the filter.
	FindEvents(ctx context.Context, q Query) (Found, error)
	// EachEvent calls fn for all events that the filter chooses, oldest first, up to the newest
	// one when it begins. It needs constant memory. It returns the error of fn, which ends it, and
	// [ErrPrunedMeanwhile] if events that it has not come to are pruned since it began.
	EachEvent(ctx context.Context, f Filter, fn func(Event) error) error
	// EventByID returns an event of the organization. NotFound if there is none, also if it was
	// pruned.
	EventByID(ctx context.Context, organization, id string) (Event, error)
	// TokenNames returns tokens of the organization by id, including deleted ones. It leaves out
	// ids that it does not find.
	TokenNames(ctx context.Context, organization string, ids []string) (map[string]TokenName, error)
	// Existing returns which of the ids belong to members, groups, workspaces, policies and service
	// tokens of the organization that still exist.
	Existing(ctx context.Context, organization string, ids []string) (Existing, error)
	// IndexEvents adds some events to the search index. It is done if there was nothing to add.
	IndexEvents(ctx context.Context) (done bool, err error)
	// DropPruned deletes some of the events up to the checkpoint. It is done if there were none.
	DropPruned(ctx context.Context) (done bool, err error)
}

// Tx is what the service does in a write transaction.
type Tx interface {
	Source
	// InsertHead stores a signed head.
	InsertHead(ctx context.Context, h SignedHead) error
	// AppendEvent appends an event to the chain.
	AppendEvent(ctx context.Context, e Event) error
	// LogOwner returns the organization that the events of the installation itself belong to.
	// NotFound if there is no organization yet.
	LogOwner(ctx context.Context) (string, error)
	// PrunePoint returns the last event before the given time, and how many events the log loses
	// if it is pruned up to there; 0 if there is no such event.
	PrunePoint(ctx context.Context, before time.Time) (Checkpoint, int64, error)
	// AnyEvent reports whether the log has an event whose [Event.When] is between from and until.
	AnyEvent(ctx context.Context, from, until time.Time) (bool, error)
	// Postponed reports whether an event of the organization says that pruning was postponed between
	// from and until by the clock.
	Postponed(ctx context.Context, organization string, from, until time.Time) (bool, error)
	// Prune makes the log begin after c. The event appended last signs for it.
	Prune(ctx context.Context, c Checkpoint) error
	// MemberNames returns the name and email address of a member of the organization. NotFound
	// if there is none, for example because the member was deleted.
	MemberNames(ctx context.Context, organization, id string) (name, email string, err error)
}

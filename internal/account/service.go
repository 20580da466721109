package account

import (
	"context"
	"time"

	"latchkey/internal/access"
	"latchkey/internal/actor"
	"latchkey/internal/audit"
	"latchkey/internal/fault"
	"latchkey/internal/plaintext"
)

// Services are the use cases of account administration. Each one takes the caller, loads what it
// needs and lets [access.Decide] answer before any effect. A change is one transaction that
// includes its audit events. The errors are faults. The services are safe for concurrent use.
type Services struct {
	Organizations *Organizations
	Workspaces    *Workspaces
	Members       *Members
	Groups        *Groups
	Search        *Search
}

// Stores holds the store of each service.
type Stores struct {
	Organizations OrganizationStore
	Workspaces    WorkspaceStore
	Members       MemberStore
	Groups        GroupStore
	Search        SearchStore
}

// New returns the services.
func New(stores Stores, catalogue *access.Catalogue, now func() time.Time) Services {
	return Services{
		Organizations: &Organizations{store: stores.Organizations, catalogue: catalogue},
		Workspaces:    &Workspaces{store: stores.Workspaces, catalogue: catalogue, now: now},
		Members:       &Members{store: stores.Members, catalogue: catalogue, now: now},
		Groups:        &Groups{store: stores.Groups, catalogue: catalogue},
		Search:        &Search{store: stores.Search, catalogue: catalogue},
	}
}

// Tx is what the transaction of every change offers.
type Tx interface {
	// By returns the caller with the rights that they have in the transaction.
	By() actor.Standing
	// Now returns the time of the transaction.
	Now() time.Time
	// HoldOrganization returns the organization and locks its row until the transaction ends. So
	// two changes of one organization take turns, and what one of them has read (who is an Admin,
	// how many groups exist) is still true when it writes. The error is NotFound if there is no
	// such organization.
	HoldOrganization(ctx context.Context, id string) (Organization, error)
	// AppendEvent appends an event to the audit log.
	AppendEvent(ctx context.Context, e audit.Event) error
}

// recorder appends events to the audit log.
type recorder interface {
	// Now returns the time of the transaction.
	Now() time.Time
	eventAppender
}

// May returns nil if the caller may do act on their organization, and otherwise the fault to
// answer with. Callers must load everything else within that organization, so that the id of
// something in another one finds nothing.
func May(catalogue *access.Catalogue, by actor.Standing, act access.Permission) error {
	return access.Decide(catalogue, by.Principal, act, access.Resource{Organization: by.Organization}).Err("The organization")
}

// Change runs fn in a transaction that changes the caller's organization. It decides inside the
// transaction, and then locks the organization. If fn fails, nothing is changed. inTx begins a
// transaction of the store.
func Change[T Tx](ctx context.Context, inTx func(context.Context, actor.Caller, func(T) error) error,
	catalogue *access.Catalogue, by actor.Caller, act access.Permission, fn func(tx T, org Organization) error) error {
	return inTx(ctx, by, func(tx T) error {
		if err := May(catalogue, tx.By(), act); err != nil {
			return err
		}
		org, err := tx.HoldOrganization(ctx, tx.By().Organization)
		if err != nil {
			return err
		}
		return fn(tx, org)
	})
}

// newName returns value as it is stored, and adds what is wrong with it to p under path.
func newName(p *fault.Problems, path, value string) string {
	clean, err := plaintext.Name(value)
	addIf(p, path, err)
	return clean
}

func addIf(p *fault.Problems, path string, err error) {
	if err != nil {
		p.Add(path, fault.Of(err).Message)
	}
}

func nameTaken(message string) error {
	return fault.NewInvalid("Some fields need your attention.", fault.Field{Path: "name", Message: message})
}

// unique returns list without empty and repeated entries, in its order.
func unique(list []string) []string {
	seen := make(map[string]bool, len(list))
	out := make([]string, 0, len(list))
	for _, v := range list {
		if v != "" && !seen[v] {
			seen[v] = true
			out = append(out, v)
		}
	}
	return out
}

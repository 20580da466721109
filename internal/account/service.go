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

// Services are the use cases of account administration. Each takes who asks, loads, lets
// [access.Decide] answer before any effect, changes all or nothing in one transaction
// with its audit events, and returns faults. They are safe for concurrent use.
type Services struct {
	Organizations *Organizations
	Workspaces    *Workspaces
	Members       *Members
	Groups        *Groups
}

// Stores is what the services read and write, one store for each.
type Stores struct {
	Organizations OrganizationStore
	Workspaces    WorkspaceStore
	Members       MemberStore
	Groups        GroupStore
}

// New wires the services.
func New(stores Stores, catalogue *access.Catalogue, now func() time.Time) Services {
	return Services{
		Organizations: &Organizations{store: stores.Organizations, catalogue: catalogue},
		Workspaces:    &Workspaces{store: stores.Workspaces, catalogue: catalogue, now: now},
		Members:       &Members{store: stores.Members, catalogue: catalogue, now: now},
		Groups:        &Groups{store: stores.Groups, catalogue: catalogue},
	}
}

// Tx is what every change of an organization finds in its transaction.
type Tx interface {
	// By returns the caller with the rights that they have in the transaction.
	By() actor.Standing
	// Now returns the time of the transaction.
	Now() time.Time
	// HoldOrganization returns the organization and keeps its row until the transaction
	// ends: two changes of one organization take turns, so that what one has read (who is
	// an Admin, how many groups there are) is still true when it writes. NotFound when
	// there is no such organization.
	HoldOrganization(ctx context.Context, id string) (Organization, error)
	// AppendEvent appends an event to the audit log.
	AppendEvent(ctx context.Context, e audit.Event) error
}

// recorder appends events of a moment to the audit log.
type recorder interface {
	Now() time.Time
	AppendEvent(ctx context.Context, e audit.Event) error
}

// May returns nil when the caller may do an act on their organization as such, and the fault to
// answer with otherwise. What is loaded afterwards is loaded within that organization, so that
// nothing of another can be reached by its id.
func May(catalogue *access.Catalogue, by actor.Standing, act access.Permission) error {
	return access.Decide(catalogue, by.Principal, act, access.Resource{Organization: by.Organization}).Err("The organization")
}

// Change runs fn as one change of the caller's organization: decided in the transaction,
// with the organization held, all or nothing. inTx is the store's way into a transaction.
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

// newName returns a name as it will be kept, and records under path what is wrong with it.
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

// unique is list without empty and repeated entries, in order.
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

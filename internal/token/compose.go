package token

import (
	"context"
	"time"

	"github.com/segmentio/ksuid"

	"latchkey/internal/access"
	"latchkey/internal/actor"
	"latchkey/internal/fault"
	"latchkey/internal/plaintext"
)

// The paths of what may be wrong with a new token. Problems of a policy have the permission
// as their path.
const (
	fieldName      = "name"
	fieldWorkspace = "workspace"
	fieldScope     = "scope"
	fieldExpiresAt = "expiresAt"
)

// maxYears is how far away the end of a new token may be.
const maxYears = 10

// LatestEnd returns the last moment at which a token that is made at now may expire: the
// midnight, in UTC, after the same day ten years on.
func LatestEnd(now time.Time) time.Time {
	today := now.UTC()
	return time.Date(today.Year()+maxYears, today.Month(), today.Day()+1, 0, 0, 0, 0, time.UTC)
}

// composer checks one draft within a transaction and gathers every problem of it. Its
// methods return an error only when the store fails.
type composer struct {
	tx        Tx
	catalogue *access.Catalogue
	by        actor.Standing
	plan      access.Plan
	draft     draft
	token     Token
	problems  fault.Problems
}

// compose makes the token that a draft asks for, without its secret; Invalid with every
// problem at once.
func (s *Service) compose(ctx context.Context, tx Tx, plan access.Plan, d draft) (Token, error) {
	id, err := ksuid.NewRandomWithTime(tx.Now())
	if err != nil {
		return Token{}, err
	}
	by := tx.By()
	c := composer{tx: tx, catalogue: s.catalogue, by: by, plan: plan, draft: d}
	c.token = Token{ID: id.String(), Organization: by.Organization, Kind: d.kind, LastUsedFrom: []Use{},
		CreatedBy: by.Self(), CreatedByName: by.Name, CreatedAt: tx.Now()}
	if d.kind == Personal {
		c.token.Owner, c.token.OwnerName = by.Self(), by.Name
	}
	named := c.setName()
	placed, err := c.setWorkspace(ctx)
	if err != nil {
		return Token{}, err
	}
	c.setScope()
	c.setExpiration()
	if placed {
		if err := c.setPolicy(ctx); err != nil {
			return Token{}, err
		}
	}
	if named && placed {
		if err := c.checkNameFree(ctx); err != nil {
			return Token{}, err
		}
	}
	return c.token, c.problems.Err("Some fields need your attention.")
}

// setName takes the name as it will be kept.
func (c *composer) setName() bool {
	name, err := plaintext.Name(c.draft.name)
	if err != nil {
		c.problems.Add(fieldName, fault.Of(err).Message)
		return false
	}
	c.token.Name = name
	return true
}

// setWorkspace takes the workspace, for tokens that are in one. One that does not exist
// and one that the caller is not in get the same answer: existence is withheld.
func (c *composer) setWorkspace(ctx context.Context) (bool, error) {
	if c.draft.kind == Organization {
		return true, nil
	}
	id := c.draft.workspace
	if id == "" {
		c.problems.Add(fieldWorkspace, "Choose a workspace.")
		return false, nil
	}
	// Service tokens are made by Admins, and by what acts with an Admin's rights through a
	// personal token: those are in every workspace, whichever one the token is for.
	elsewhere := c.draft.kind == Personal && !c.by.IsIn(id)
	name, err := c.tx.TokenWorkspace(ctx, c.by.Organization, id)
	if err != nil && !fault.Is(err, fault.NotFound) {
		return false, err
	}
	if elsewhere || err != nil {
		c.problems.Add(fieldWorkspace, "Choose one of your workspaces.")
		return false, nil
	}
	c.token.Workspace, c.token.WorkspaceName = id, name
	return true, nil
}

// setScope takes the scope of a personal token. The deprecated one exists in storage
// only: no request can make it.
func (c *composer) setScope() {
	if c.draft.kind != Personal {
		return
	}
	switch scope := c.draft.scope; {
	case scope.Creatable():
		c.token.Scope = scope
	case scope == access.ScopeAdmin:
		c.problems.Add(fieldScope, "The Admin scope is deprecated and cannot be given to new tokens. Choose Read-Only or Read-Write.")
	default:
		c.problems.Add(fieldScope, "Choose Read-Only or Read-Write.")
	}
}

// setExpiration takes the end, in whole milliseconds.
func (c *composer) setExpiration() {
	end, now := c.draft.expiresAt, c.tx.Now()
	if end.IsZero() {
		return
	}
	end = end.UTC().Truncate(time.Millisecond)
	switch {
	case ExpiredAt(end, now):
		c.problems.Add(fieldExpiresAt, "Choose an end that is not over.")
	case end.After(LatestEnd(now)):
		c.problems.Add(fieldExpiresAt, "Choose an end within the next ten years.")
	default:
		c.token.ExpiresAt = end
	}
}

// setPolicy takes the policy of a workspace service token.
func (c *composer) setPolicy(ctx context.Context) error {
	if c.draft.kind != Workspace {
		return nil
	}
	policy := c.draft.policy
	c.problems.AddAll(c.catalogue.Check(policy))
	c.problems.AddAll(c.plan.Refuses(c.catalogue, nil, policy))
	c.token.Policy = policy
	return c.checkResources(ctx, policy)
}

// checkResources finds ids in the limits of a policy that are not resources of the
// permission's type in the workspace, with one query.
func (c *composer) checkResources(ctx context.Context, policy access.Policy) error {
	types := access.NewlyLimited(nil, policy)
	if len(types) == 0 {
		return nil
	}
	typeOf, err := c.tx.ResourceTypes(ctx, c.by.Organization, c.token.Workspace, types)
	c.problems.AddAll(access.CheckResources(nil, policy, typeOf))
	return err
}

// checkNameFree refuses a name that a live token has already, whatever its case: of the
// owner for a personal token; of the same kind, in the same workspace, for a service token.
func (c *composer) checkNameFree(ctx context.Context) error {
	taken, err := c.tx.TokenNameTaken(ctx, c.token, c.tx.Now())
	if err == nil && taken {
		c.problems.Add(fieldName, "A token with this name exists already. Choose another name.")
	}
	return err
}

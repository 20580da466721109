package token

import (
	"context"
	"time"

	"github.com/segmentio/ksuid"

	"latchkey/internal/access"
	"latchkey/internal/actor"
	"latchkey/internal/fault"
)

// The fields of the problems of a new token. A problem of the policy has the permission as its
// field.
const (
	fieldName        = "name"
	fieldDescription = "description"
	fieldWorkspace   = "workspace"
	fieldScope       = "scope"
	fieldExpiresAt   = "expiresAt"
	fieldAddresses   = "addresses"
)

// nameTaken is the problem of a name that another live token has.
const nameTaken = "A token with this name already exists. Choose another name."

// maxYears is how many years ahead a new token may expire.
const maxYears = 10

// LatestEnd returns the latest expiry of a token that is generated at now: midnight in UTC after
// the same day ten years later.
func LatestEnd(now time.Time) time.Time {
	today := now.UTC()
	return time.Date(today.Year()+maxYears, today.Month(), today.Day()+1, 0, 0, 0, 0, time.UTC)
}

// composer checks one draft in a transaction and collects all of its problems. Its methods return
// an error only if the store fails.
type composer struct {
	tx        Tx
	catalogue *access.Catalogue
	by        actor.Standing
	plan      access.Plan
	rules     Rules
	draft     draft
	token     Token
	problems  fault.Problems
}

// compose returns the token for a draft, without its secret. The error is Invalid with all
// problems.
func (s *Service) compose(ctx context.Context, tx Tx, plan access.Plan, rules Rules, d draft) (Token, error) {
	id, err := ksuid.NewRandomWithTime(tx.Now())
	if err != nil {
		return Token{}, err
	}
	by := tx.By()
	c := composer{tx: tx, catalogue: s.catalogue, by: by, plan: plan, rules: rules, draft: d}
	c.token = Token{ID: id.String(), Organization: by.Organization, Kind: d.kind, LastUsedFrom: []Use{},
		CreatedBy: by.Self(), CreatedByName: by.Name, CreatedAt: tx.Now()}
	if d.kind == Personal {
		c.token.Owner, c.token.OwnerName = by.Self(), by.Name
	}
	named := c.setName()
	c.setDescription()
	placed, err := c.setWorkspace(ctx)
	if err != nil {
		return Token{}, err
	}
	c.setScope()
	c.setExpiration()
	c.setAddresses()
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

// setName sets the name as it is stored, and reports whether it is valid.
func (c *composer) setName() bool {
	name, err := nameOf(c.draft.name)
	if err != nil {
		c.problems.Add(fieldName, fault.Of(err).Message)
		return false
	}
	c.token.Name = name
	return true
}

// setDescription sets the description as it is stored.
func (c *composer) setDescription() {
	text, err := descriptionOf(c.draft.description)
	if err != nil {
		c.problems.Add(fieldDescription, fault.Of(err).Message)
		return
	}
	c.token.Description = text
}

// setWorkspace sets the workspace of a token that has one, and reports whether it is valid. A
// workspace that does not exist and one that the caller is not in have the same problem, so that
// it does not reveal which workspaces exist.
func (c *composer) setWorkspace(ctx context.Context) (bool, error) {
	if c.draft.kind == Organization {
		return true, nil
	}
	id := c.draft.workspace
	if id == "" {
		c.problems.Add(fieldWorkspace, "Choose a workspace.")
		return false, nil
	}
	// Only Admins generate service tokens, and personal tokens with an Admin's rights. Both may
	// choose any workspace, even if the personal token is in another one.
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

// setScope sets the scope of a personal token. New tokens cannot have the deprecated Admin scope,
// which is still stored for older ones.
func (c *composer) setScope() {
	if c.draft.kind != Personal {
		return
	}
	switch scope := c.draft.scope; {
	case scope.Creatable() && c.rules.refusesScope(scope) != "":
		c.problems.Add(fieldScope, c.rules.refusesScope(scope))
	case scope.Creatable():
		c.token.Scope = scope
	case scope == access.ScopeAdmin:
		c.problems.Add(fieldScope, "The Admin scope is deprecated and cannot be given to new tokens. Choose Read-Only or Read-Write.")
	default:
		c.problems.Add(fieldScope, "Choose Read-Only or Read-Write.")
	}
}

// setExpiration sets the expiry, in whole milliseconds.
func (c *composer) setExpiration() {
	end, now := c.draft.expiresAt, c.tx.Now()
	if !end.IsZero() {
		end = end.UTC().Truncate(time.Millisecond)
	}
	refused := c.rules.Of(c.draft.kind).Refuses(c.draft.kind, end, now)
	switch {
	case refused != "":
		c.problems.Add(fieldExpiresAt, refused)
	case end.IsZero():
	case ExpiredAt(end, now):
		c.problems.Add(fieldExpiresAt, "Choose an expiration in the future. It is now "+now.UTC().Format("2 January 2006, 15:04")+" UTC.")
	case end.After(LatestEnd(now)):
		c.problems.Add(fieldExpiresAt, "Choose an expiration within the next ten years.")
	default:
		c.token.ExpiresAt = end
	}
}

// setAddresses sets the addresses from which the token may be used.
func (c *composer) setAddresses() {
	r, err := actor.ParseRanges(c.draft.addresses)
	if err != nil {
		c.problems.Add(fieldAddresses, fault.Of(err).Message)
		return
	}
	if text := c.rules.RefusesAddresses(c.draft.kind, r); text != "" {
		c.problems.Add(fieldAddresses, text)
		return
	}
	c.token.Addresses = r
}

// setPolicy sets the policy of a workspace service token.
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

// checkResources adds a problem for each permission that is limited to ids which are not
// resources of its type in the workspace. It needs one query.
func (c *composer) checkResources(ctx context.Context, policy access.Policy) error {
	types := access.NewlyLimited(nil, policy)
	if len(types) == 0 {
		return nil
	}
	typeOf, err := c.tx.ResourceTypes(ctx, c.by.Organization, c.token.Workspace, types)
	c.problems.AddAll(access.CheckResources(nil, policy, typeOf))
	return err
}

// checkNameFree adds a problem if a live token has the name, in any letter case. Only tokens of
// the same owner are compared with a personal token, and tokens of the same kind in the same
// workspace with a service token.
func (c *composer) checkNameFree(ctx context.Context) error {
	taken, err := c.tx.TokenNameTaken(ctx, c.token, c.tx.Now())
	if err == nil && taken {
		c.problems.Add(fieldName, nameTaken)
	}
	return err
}

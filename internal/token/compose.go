package token

import (
	"context"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/segmentio/ksuid"

	"latchkey/internal/access"
	"latchkey/internal/actor"
	"latchkey/internal/fault"
)

// The fields that a new token may be wrong in, beside "expiration" and "date". Problems
// of a policy have the permission as their path.
const (
	fieldName       = "name"
	fieldWorkspace  = "workspace"
	fieldScope      = "scope"
	fieldSubmission = "submission"
)

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

// maxName is how long a name may be, in characters.
const maxName = 64

// setName takes the name, trimmed: 1 to 64 characters, none of which controls or hides.
func (c *composer) setName() bool {
	name := strings.TrimSpace(c.draft.name)
	message := ""
	switch {
	case name == "":
		message = "Enter a name."
	case !utf8.ValidString(name):
		message = "The name is not valid text."
	case utf8.RuneCountInString(name) > maxName:
		message = "Use at most 64 characters."
	case strings.ContainsFunc(name, hidden):
		message = "The name contains characters that cannot be shown."
	default:
		c.token.Name = name
		return true
	}
	c.problems.Add(fieldName, message)
	return false
}

// hidden reports characters that control a terminal or a page, or that make two names
// look alike: control and format characters (direction overrides, zero-width marks) and
// separators of lines and paragraphs.
func hidden(r rune) bool { return unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp) }

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
	scope, err := access.ParseScope(c.draft.scope)
	switch {
	case err != nil:
		c.problems.Add(fieldScope, "Choose Read-Only or Read-Write.")
	case !scope.Creatable():
		c.problems.Add(fieldScope, "The Admin scope is deprecated and cannot be given to new tokens. Choose Read-Only or Read-Write.")
	default:
		c.token.Scope = scope
	}
}

func (c *composer) setExpiration() {
	end, problems := ParseExpiration(c.draft.expiration, c.draft.date, c.tx.Now())
	c.problems.AddAll(problems)
	c.token.ExpiresAt = end
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
// permission's type in the workspace, with one query. Ids that do not exist, that are of
// another type or in another workspace get the same answer: existence is withheld.
func (c *composer) checkResources(ctx context.Context, policy access.Policy) error {
	var types []string
	for perm, reach := range policy {
		if len(reach.IDs) > 0 && !slices.Contains(types, perm.Type()) {
			types = append(types, perm.Type())
		}
	}
	if len(types) == 0 {
		return nil
	}
	found, err := c.tx.ResourceTypes(ctx, c.by.Organization, c.token.Workspace, types)
	if err != nil {
		return err
	}
	for _, perm := range policy.Permissions() {
		foreign := func(id string) bool { return found[id] != perm.Type() }
		if slices.ContainsFunc(policy[perm].IDs, foreign) {
			c.problems.Add(string(perm), "Choose resources of this type in this workspace only: some of those chosen are not.")
		}
	}
	return nil
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

// NameKey is equal for names that differ only in letter case (Unicode simple folding, as
// in strings.EqualFold). It is kept beside the name, because what a letter is differs
// between database engines.
func NameKey(name string) string {
	return strings.Map(func(r rune) rune {
		least := r
		for next := unicode.SimpleFold(r); next != r; next = unicode.SimpleFold(next) {
			least = min(least, next)
		}
		return least
	}, name)
}

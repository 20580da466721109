package account

import (
	"context"
	"strings"

	"latchkey/internal/access"
	"latchkey/internal/actor"
	"latchkey/internal/plaintext"
)

// Search finds tokens, members and groups by what they are called.
type Search struct {
	store     SearchStore
	catalogue *access.Catalogue
}

// SearchStore is what [Search] reads. Each method returns up to limit results, sorted by name. A
// text matches as in the lists, or if it is the whole id.
type SearchStore interface {
	// SearchTokens searches tokens that are not deleted by name, hint and id. With an owner, it
	// searches only that member's personal tokens.
	SearchTokens(ctx context.Context, organization, owner, text string, limit int) ([]HeldToken, error)
	// SearchMembers searches members by name, email address and id.
	SearchMembers(ctx context.Context, organization, text string, limit int) ([]Member, error)
	// SearchGroups searches groups by name and id.
	SearchGroups(ctx context.Context, organization, text string, limit int) ([]Group, error)
}

// MaxFound is how many results of a kind a search returns.
const MaxFound = 8

// Found is what a search found, of each kind up to [MaxFound]. More reports whether there are more.
type Found struct {
	Tokens      []HeldToken
	MoreTokens  bool
	AllTokens   bool // whether it searched all tokens, not only the caller's own
	Members     []Member
	MoreMembers bool
	Groups      []Group
	MoreGroups  bool
}

// Find searches what the caller may see: members their own tokens, and Admins everything in the
// organization. It finds nothing for a text without a visible character.
func (s *Search) Find(ctx context.Context, by actor.Standing, text string) (Found, error) {
	var f Found
	if text = strings.TrimSpace(text); plaintext.NameKey(text) == "" {
		return f, nil
	}
	owner := by.Self()
	if f.AllTokens = s.seesAllTokens(by); f.AllTokens {
		owner = ""
	}
	var err error
	if f.AllTokens || owner != "" {
		if f.Tokens, err = s.store.SearchTokens(ctx, by.Organization, owner, text, MaxFound+1); err != nil {
			return Found{}, err
		}
		f.Tokens, f.MoreTokens = firstOf(f.Tokens)
	}
	if May(s.catalogue, by, access.ManageMembers) == nil {
		if f.Members, err = s.store.SearchMembers(ctx, by.Organization, text, MaxFound+1); err != nil {
			return Found{}, err
		}
		f.Members, f.MoreMembers = firstOf(f.Members)
	}
	if May(s.catalogue, by, access.ManageGroups) == nil {
		if f.Groups, err = s.store.SearchGroups(ctx, by.Organization, text, MaxFound+1); err != nil {
			return Found{}, err
		}
		f.Groups, f.MoreGroups = firstOf(f.Groups)
	}
	return f, nil
}

// seesAllTokens reports whether the caller may see service tokens, and the personal tokens of every
// member.
func (s *Search) seesAllTokens(by actor.Standing) bool {
	anybody := access.Resource{Organization: by.Organization, Owner: "anybody"}
	return May(s.catalogue, by, access.ManageServiceTokens) == nil &&
		access.Decide(s.catalogue, by.Principal, access.ManagePersonalToken, anybody).Allowed
}

// firstOf returns up to [MaxFound] results, and whether there are more.
func firstOf[T any](list []T) (first []T, more bool) {
	return list[:min(len(list), MaxFound)], len(list) > MaxFound
}

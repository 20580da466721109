package account

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"

	"latchkey/internal/fault"
)

// Selection is the members that a change is for: those with the ids or, with All, those that match
// a search when the change is made.
type Selection struct {
	IDs     []string
	All     bool
	Search  string // with All: as in MemberQuery
	InGroup string // with All: as in MemberQuery
	// Count and Seen are, with All, how many members the caller was told the change is for, and their
	// [Fingerprint]; 0 and "" if not told. The error is Conflict if there are others by now.
	Count int
	Seen  string
}

// Fingerprint returns a short text that differs for other members. Their order does not matter.
func Fingerprint(members []Member) string {
	ids := idsOf(members)
	slices.Sort(ids)
	sum := sha256.Sum256([]byte(strings.Join(ids, "\n")))
	return base64.RawURLEncoding.EncodeToString(sum[:16])
}

// These returns the selection of the members with these ids.
func These(ids ...string) Selection { return Selection{IDs: ids} }

// Empty reports whether nobody was selected.
func (s Selection) Empty() bool { return !s.All && len(s.IDs) == 0 }

// How many members one change may be for: named one by one, and all that match.
const (
	maxBulk = 1000
	maxAll  = 10_000
)

// members returns the members, sorted by name. The error is NotFound if one of the ids is not in the
// organization, Invalid if there are no members or too many, and Conflict if they are not those that
// the caller was told of.
func (s Selection) members(ctx context.Context, r memberLister, organization string) ([]Member, error) {
	if s.All {
		return s.matching(ctx, r, organization)
	}
	ids := unique(s.IDs)
	if len(ids) == 0 || len(ids) > maxBulk {
		return nil, fault.NewInvalid("Some fields need your attention.",
			fault.Field{Path: "members", Message: "Choose between 1 and 1,000 members."})
	}
	members, err := r.Members(ctx, organization, ids)
	if err == nil && len(members) != len(ids) {
		return nil, fault.NewNotFound("That member")
	}
	return members, err
}

func (s Selection) matching(ctx context.Context, r memberLister, organization string) ([]Member, error) {
	members, err := r.MatchingMembers(ctx, organization, MemberQuery{Search: s.Search, InGroup: s.InGroup}.clean(), maxAll+1)
	switch n := len(members); {
	case err != nil:
		return nil, err
	case n > maxAll:
		return nil, fault.NewInvalid("Some fields need your attention.",
			fault.Field{Path: "members", Message: "More than 10,000 members match. Search for fewer."})
	case s.Count != 0 && s.Count != n:
		return nil, fault.NewConflict(fmt.Sprintf("The list has changed: %d members match now, not %d. Check it and confirm again.", n, s.Count))
	case s.Seen != "" && s.Seen != Fingerprint(members):
		return nil, fault.NewConflict("The list has changed: other members match now. Check it and confirm again.")
	case n == 0:
		return nil, fault.NewInvalid("Some fields need your attention.",
			fault.Field{Path: "members", Message: "No member matches this search any more."})
	}
	return members, nil
}

func idsOf(members []Member) []string {
	ids := make([]string, len(members))
	for i, m := range members {
		ids[i] = m.ID
	}
	return ids
}

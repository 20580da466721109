package policy

import (
	"context"
	"strings"

	"latchkey/internal/access"
	"latchkey/internal/account"
	"latchkey/internal/actor"
	"latchkey/internal/token"
)

// maxSubjects is how many members, and how many tokens, a search returns.
const maxSubjects = 10

// Subjects are the members and tokens that a search found, about which [Service.Explain] can be
// asked.
type Subjects struct {
	Members []account.Member
	Tokens  []account.HeldToken
	More    bool // whether there are more
}

// FindSubjects searches members by name and email address, and tokens of all kinds that are not
// deleted by name and hint. It finds nothing for an empty search. The error is Denied unless the
// caller is an Admin.
func (s *Service) FindSubjects(ctx context.Context, by actor.Standing, search string) (Subjects, error) {
	if err := s.may(by, access.ManageMembers); err != nil {
		return Subjects{}, err
	}
	var found Subjects
	if search = strings.TrimSpace(search); search == "" {
		return found, nil
	}
	query := account.MemberQuery{Search: search, Sort: account.ByName, Limit: maxSubjects}
	rows, total, err := s.store.FindMembers(ctx, by.Organization, query, s.now())
	if err != nil {
		return Subjects{}, err
	}
	for _, row := range rows {
		found.Members = append(found.Members, row.Member)
	}
	if found.Tokens, err = s.store.FindTokens(ctx, by.Organization, search, maxSubjects+1,
		token.Personal, token.Workspace, token.Organization); err != nil {
		return Subjects{}, err
	}
	found.More = total > maxSubjects || len(found.Tokens) > maxSubjects
	found.Tokens = found.Tokens[:min(len(found.Tokens), maxSubjects)]
	return found, nil
}

package account

import (
	"context"
	"strings"
	"time"

	"latchkey/internal/access"
	"latchkey/internal/actor"
	"latchkey/internal/audit"
	"latchkey/internal/token"
)

// HeldToken is a token that goes with its owner or its workspace.
type HeldToken struct {
	ID            string
	Kind          access.Kind
	Name          string
	Hint          string // what lists show of the secret
	Owner         string // personal tokens: member id
	OwnerName     string
	Workspace     string
	WorkspaceName string // as it is now; empty when the workspace is gone
	ExpiresAt     time.Time
	LastUsedAt    time.Time // zero: never
}

// Live reports whether the token has not expired at now. Its owner may be deactivated.
func (t HeldToken) Live(now time.Time) bool { return !token.ExpiredAt(t.ExpiresAt, now) }

// TokenFacts is what decides about a token, for the explain view.
type TokenFacts struct {
	ID           string
	Organization string
	Kind         access.Kind
	Name         string
	Hint         string
	Owner        string // personal tokens
	Workspace    string
	Scope        access.Scope
	Policy       access.Policy // workspace tokens: their own
	ExpiresAt    time.Time
}

// maxSubjects is how many members and how many tokens a search finds.
const maxSubjects = 10

// Subjects are members and tokens that a search has found: whom Explain can be asked about.
type Subjects struct {
	Members []Member
	Tokens  []HeldToken
	More    bool // than these
}

// FindSubjects searches members by name and e-mail, and tokens of all kinds that are not
// deleted by name and hint. An empty search finds nothing. Denied to all but Admins.
func (s *Service) FindSubjects(ctx context.Context, by actor.Standing, search string) (Subjects, error) {
	if err := s.may(by, access.ManageMembers); err != nil {
		return Subjects{}, err
	}
	var found Subjects
	if search = strings.TrimSpace(search); search == "" {
		return found, nil
	}
	rows, total, err := s.store.FindMembers(ctx, by.Organization, MemberQuery{Search: search, Sort: ByName, Limit: maxSubjects}, s.now())
	if err != nil {
		return Subjects{}, err
	}
	for _, row := range rows {
		found.Members = append(found.Members, row.Member)
	}
	if found.Tokens, err = s.store.FindTokens(ctx, by.Organization, search, maxSubjects+1); err != nil {
		return Subjects{}, err
	}
	found.More = total > maxSubjects || len(found.Tokens) > maxSubjects
	found.Tokens = found.Tokens[:min(len(found.Tokens), maxSubjects)]
	return found, nil
}

// endTokens marks tokens as deleted for good, with one event each. because is a plain
// sentence for the log.
func endTokens(ctx context.Context, tx Tx, by actor.Standing, tokens []HeldToken, because string) error {
	ids := make([]string, len(tokens))
	for i, t := range tokens {
		ids[i] = t.ID
	}
	if err := tx.TombstoneTokens(ctx, by.Organization, ids); err != nil {
		return err
	}
	for _, t := range tokens {
		target := audit.Target{Type: audit.TargetServiceToken, ID: t.ID, Name: t.Name, Workspace: t.Workspace}
		if t.Kind == access.PersonalToken {
			target.Type = audit.TargetPersonalToken
		}
		before := state{"name": t.Name, "hint": t.Hint, "because": because}
		if err := tx.AppendEvent(ctx, audit.Did(by, audit.Deleted, target).Changed(before.String(), "")); err != nil {
			return err
		}
	}
	return nil
}

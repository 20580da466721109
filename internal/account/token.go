package account

import (
	"context"
	"time"

	"latchkey/internal/access"
	"latchkey/internal/audit"
)

// HeldToken is a token that goes with its owner or its workspace.
type HeldToken struct {
	ID            string
	Personal      bool // otherwise a service token of the workspace
	Name          string
	Hint          string // what lists show of the secret
	Owner         string // personal: member id
	OwnerName     string
	Workspace     string
	WorkspaceName string // as it is now; empty when the workspace is gone
	ExpiresAt     time.Time
	LastUsedAt    time.Time // zero: never
}

// Live reports whether the token has not expired at now. Its owner may be deactivated.
func (t HeldToken) Live(now time.Time) bool {
	return t.ExpiresAt.IsZero() || now.Before(t.ExpiresAt)
}

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

// endTokens marks tokens as deleted for good, with one event each. because is a plain
// sentence for the log.
func endTokens(ctx context.Context, tx Tx, by audit.Caller, tokens []HeldToken, because string) error {
	ids := make([]string, len(tokens))
	for i, t := range tokens {
		ids[i] = t.ID
	}
	if err := tx.TombstoneTokens(ctx, by.Organization, ids); err != nil {
		return err
	}
	for _, t := range tokens {
		target := audit.Target{Type: audit.TargetServiceToken, ID: t.ID, Name: t.Name, Workspace: t.Workspace}
		if t.Personal {
			target.Type = audit.TargetPersonalToken
		}
		before := state{"name": t.Name, "hint": t.Hint, "because": because}
		if err := tx.AppendEvent(ctx, by.Did(audit.Deleted, target).Changed(before.String(), "")); err != nil {
			return err
		}
	}
	return nil
}

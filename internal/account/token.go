package account

import (
	"context"
	"time"

	"latchkey/internal/actor"
	"latchkey/internal/audit"
	"latchkey/internal/token"
)

// HeldToken is a token that goes with its owner or its workspace.
type HeldToken struct {
	ID            string
	Kind          token.Kind
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

// tokenEnder ends tokens with their owner or their workspace.
type tokenEnder interface {
	AppendEvent(ctx context.Context, e audit.Event) error
	// TombstoneTokens marks the tokens as deleted now; those that are so already stay.
	TombstoneTokens(ctx context.Context, organization string, ids []string) error
}

// endTokens marks tokens as deleted for good, with one event each. because is a plain
// sentence for the log.
func endTokens(ctx context.Context, tx tokenEnder, by actor.Standing, tokens []HeldToken, because string) error {
	ids := make([]string, len(tokens))
	for i, t := range tokens {
		ids[i] = t.ID
	}
	if err := tx.TombstoneTokens(ctx, by.Organization, ids); err != nil {
		return err
	}
	for _, t := range tokens {
		target := audit.Target{Type: audit.TargetServiceToken, ID: t.ID, Name: t.Name, Workspace: t.Workspace}
		if t.Kind == token.Personal {
			target.Type = audit.TargetPersonalToken
		}
		before := audit.Fields{"name": t.Name, "hint": t.Hint, "because": because}
		if err := tx.AppendEvent(ctx, audit.Did(by, audit.Deleted, target).Changed(before.String(), "")); err != nil {
			return err
		}
	}
	return nil
}

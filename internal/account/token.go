package account

import (
	"context"
	"time"

	"latchkey/internal/actor"
	"latchkey/internal/audit"
	"latchkey/internal/token"
)

// HeldToken is a token as its owner or workspace has it. It is deleted with either of them.
type HeldToken struct {
	ID            string
	Kind          token.Kind
	Name          string
	Hint          string // the part of the secret that lists show
	Owner         string // member id, for a personal token
	OwnerName     string
	Workspace     string
	WorkspaceName string // its current name; empty if the workspace was deleted
	ExpiresAt     time.Time
	LastUsedAt    time.Time // zero if never
}

// Live reports whether the token has not expired at now. It does not look at the status of the
// owner.
func (t HeldToken) Live(now time.Time) bool { return !token.ExpiredAt(t.ExpiresAt, now) }

// eventAppender appends events to the audit log.
type eventAppender interface {
	// AppendEvent appends an event to the audit log.
	AppendEvent(ctx context.Context, e audit.Event) error
}

// tokenEnder deletes tokens together with their owner or workspace.
type tokenEnder interface {
	eventAppender
	// TombstoneTokens marks the tokens as deleted now. It leaves those that are already deleted
	// as they are.
	TombstoneTokens(ctx context.Context, organization string, ids []string) error
}

// endTokens marks tokens as deleted, with an event for each. because is a sentence for the log.
func endTokens(ctx context.Context, tx tokenEnder, by actor.Standing, tokens []HeldToken, because string) error {
	if err := tx.TombstoneTokens(ctx, by.Organization, TokenIDs(tokens)); err != nil {
		return err
	}
	return noteDeleted(ctx, tx, by, tokens, because)
}

// TokenIDs returns the ids of tokens.
func TokenIDs(tokens []HeldToken) []string {
	ids := make([]string, len(tokens))
	for i, t := range tokens {
		ids[i] = t.ID
	}
	return ids
}

// noteDeleted appends an event for each token that was deleted.
func noteDeleted(ctx context.Context, tx eventAppender, by actor.Standing, tokens []HeldToken, because string) error {
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

package store

import (
	"context"
	"database/sql"
	"slices"
	"strings"

	"latchkey/internal/account"
	"latchkey/internal/change"
	"latchkey/internal/plaintext"
	"latchkey/internal/policy"
	"latchkey/internal/token"
)

const heldColumns = `t.id, t.kind, t.name, t.hint, t.owner_id, coalesce(m.name, ''), t.workspace_id, coalesce(w.name, ''),
	t.expires_at, u.last_used_at`

func scanHeld(row scanner) (account.HeldToken, error) {
	var t account.HeldToken
	var expires, used sql.NullInt64
	err := row.Scan(&t.ID, &t.Kind, &t.Name, &t.Hint, &t.Owner, &t.OwnerName, &t.Workspace, &t.WorkspaceName, &expires, &used)
	t.ExpiresAt, t.LastUsedAt = maybeMoment(expires), maybeMoment(used)
	return t, err
}

const lastUsedFirst = ` ORDER BY coalesce(u.last_used_at, 0) DESC, t.id`

// TokensOfMembers returns members' personal tokens that are not deleted, the last used first.
func (q *queries) TokensOfMembers(ctx context.Context, organization string, members []string) ([]account.HeldToken, error) {
	if len(members) == 0 {
		return nil, nil
	}
	return all(ctx, q, scanHeld, `SELECT `+heldColumns+tokenTables+`
		WHERE t.organization_id = $1 AND t.kind = 'personal' AND `+notDeleted+` 
			AND t.owner_id IN (`+placeholders(2, len(members))+`)`+lastUsedFirst,
		with([]any{organization}, members...)...)
}

const inWorkspace = `SELECT ` + heldColumns + tokenTables + `
	WHERE t.organization_id = $1 AND t.workspace_id = $2 AND t.workspace_id <> '' AND ` + notDeleted + lastUsedFirst

// TokensOfWorkspace returns the tokens of a workspace that are not deleted.
func (q *queries) TokensOfWorkspace(ctx context.Context, organization, workspace string) ([]account.HeldToken, error) {
	return all(ctx, q, scanHeld, inWorkspace, organization, workspace)
}

// FindTokens returns up to limit tokens of the kinds that are not deleted and have search in their name or
// hint, ordered by name. It reads the name and the hint of every token.
func (q *queries) FindTokens(ctx context.Context, organization, search string, limit int,
	kinds ...token.Kind) ([]account.HeldToken, error) {
	escaped := strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(plaintext.Joinless(search))
	return all(ctx, q, scanHeld, `SELECT `+heldColumns+tokenTables+` JOIN (
			SELECT f.id AS id, f.name_key AS name_key FROM tokens f WHERE f.organization_id = $1 AND f.deleted_at IS NULL
				AND (f.name_key LIKE $2 ESCAPE '\' OR f.hint LIKE $3 ESCAPE '\') AND f.kind IN (`+placeholders(5,
		len(kinds))+`) ORDER BY f.name_key, f.id LIMIT $4
		) AS found ON found.id = t.id ORDER BY found.name_key, t.id`,
		with([]any{organization, `%` + plaintext.NameKey(escaped) + `%`, `%` + escaped + `%`, limit}, kinds...)...)
}

// TokenFacts returns the facts that authorization needs about a token that is not deleted;
// NotFound otherwise.
func (q *queries) TokenFacts(ctx context.Context, organization, id string) (policy.TokenFacts, error) {
	t, err := q.Token(ctx, organization, id)
	if err != nil {
		return policy.TokenFacts{}, err
	}
	return policy.TokenFacts{ID: t.ID, Organization: t.Organization, Kind: t.Kind, Name: t.Name, Hint: t.Hint, Owner: t.Owner,
		Workspace: t.Workspace, Scope: t.Scope, Policy: t.Policy, ExpiresAt: t.ExpiresAt, Suspended: t.Suspension.Set()}, nil
}

// TombstoneTokens marks tokens of the organization as deleted now. It does not change those that
// are deleted already.
func (tx *Tx) TombstoneTokens(ctx context.Context, organization string, ids []string) error {
	for part := range slices.Chunk(ids, idsPerQuery) {
		for _, id := range part {
			tx.changed(change.Token, id)
		}
		if _, err := tx.exec(ctx, `UPDATE tokens SET deleted_at = $1 WHERE organization_id = $2 AND deleted_at IS NULL
			AND id IN (`+placeholders(3, len(part))+`)`, with([]any{millis(tx.now), organization}, part...)...); err != nil {
			return err
		}
	}
	return nil
}

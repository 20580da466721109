package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"latchkey/internal/access"
	"latchkey/internal/actor"
	"latchkey/internal/change"
	"latchkey/internal/plaintext"
	"latchkey/internal/token"
	"latchkey/internal/verify"
)

// Tokens returns the store as package token sees it.
func Tokens(s *Store) token.Store { return tokens{s, s} }

type tokens struct {
	token.Reads
	store *Store
}

// InTx runs fn in one write transaction.
func (s tokens) InTx(ctx context.Context, by actor.Caller, fn func(token.Tx) error) error {
	return s.store.InTx(ctx, by, func(tx *Tx) error { return fn(tx) })
}

// InRuleTx runs fn in one write transaction.
func (s tokens) InRuleTx(ctx context.Context, by actor.Caller, fn func(token.RuleTx) error) error {
	return s.store.InTx(ctx, by, func(tx *Tx) error { return fn(tx) })
}

const tokenColumns = `t.id, t.organization_id, t.kind, t.name, t.description, t.hint, t.owner_id, coalesce(m.name, ''),
	t.workspace_id, coalesce(w.name, ''), t.scope, t.policy, t.legacy, t.created_by, t.created_by_name, t.created_at,
	t.expires_at, u.last_used_at, coalesce(u.last_used_from, '[]'), t.deleted_at,
	t.suspended_at, t.suspended_by, t.suspended_by_name, t.suspended_reason,
	CASE WHEN ` + suspended + ` THEN TRUE ELSE FALSE END, t.addresses`

const tokenTables = ` FROM tokens t` + tokenSides

const tokenSides = `
	LEFT JOIN members m ON m.id = t.owner_id AND m.organization_id = t.organization_id
	LEFT JOIN workspaces w ON w.id = t.workspace_id AND w.organization_id = t.organization_id
	LEFT JOIN token_uses u ON u.token_id = t.id `

func scanToken(row scanner) (token.Token, error) {
	var t token.Token
	var created int64
	var expires, used, deleted, suspended sql.NullInt64
	var policy, from, addresses string
	err := row.Scan(&t.ID, &t.Organization, &t.Kind, &t.Name, &t.Description, &t.Hint, &t.Owner, &t.OwnerName,
		&t.Workspace, &t.WorkspaceName, &t.Scope, &policy, &t.Legacy, &t.CreatedBy, &t.CreatedByName, &created,
		&expires, &used, &from, &deleted, &suspended, &t.Suspension.By, &t.Suspension.ByName, &t.Suspension.Reason, &t.Suspended,
		&addresses)
	if err != nil {
		return t, err
	}
	t.CreatedAt = moment(created)
	t.ExpiresAt, t.LastUsedAt, t.DeletedAt = maybeMoment(expires), maybeMoment(used), maybeMoment(deleted)
	t.Suspension.At = maybeMoment(suspended)
	if policy != "" {
		if t.Policy, err = access.ParsePolicy(policy); err != nil {
			return t, fmt.Errorf("policy of token %s: %w", t.ID, err)
		}
	}
	if err := json.Unmarshal([]byte(from), &t.LastUsedFrom); err != nil {
		return t, fmt.Errorf("addresses of token %s: %w", t.ID, err)
	}
	if t.Addresses, err = actor.StoredRanges(addresses); err != nil {
		return t, fmt.Errorf("allowed addresses of token %s: %w", t.ID, err)
	}
	return t, nil
}

// TokensByDigest returns the tokens of the organization with these digests of their secrets, deleted or
// not. Those that there are not are left out. A token that is found by a previous secret has the hint and
// the end of that one, and is deleted if it was ended.
func (q *queries) TokensByDigest(ctx context.Context, organization string, digests [][32]byte) (map[[32]byte]token.Token, error) {
	found := make(map[[32]byte]token.Token, len(digests))
	for part := range slices.Chunk(digests, idsPerQuery) {
		args := []any{organization}
		for _, digest := range part {
			args = append(args, digest[:])
		}
		err := each(ctx, q, func(row scanner) error {
			var digest []byte
			t, err := scanToken(scanWith{row, &digest})
			if err == nil {
				found[[32]byte(digest)] = t
			}
			return err
		}, `SELECT `+tokenColumns+`, t.digest`+tokenTables+`
			WHERE t.organization_id || '' = $1 AND t.digest IN (`+placeholders(2, len(part))+`)`, args...)
		if err != nil {
			return nil, err
		}
		err = each(ctx, q, func(row scanner) error {
			var digest []byte
			var ends int64
			var ended sql.NullInt64
			var hint string
			t, err := scanToken(scanMore{row, []any{&digest, &hint, &ends, &ended}})
			if err != nil {
				return err
			}
			if t.Previous, t.Hint = true, hint; t.ExpiresAt.IsZero() || moment(ends).Before(t.ExpiresAt) {
				t.ExpiresAt = moment(ends)
			}
			if t.DeletedAt.IsZero() {
				t.DeletedAt = maybeMoment(ended)
			}
			found[[32]byte(digest)] = t
			return nil
		}, `SELECT `+tokenColumns+`, s.digest, s.hint, s.ends_at, s.ended_at`+tokenTables+` JOIN token_secrets s ON s.token_id = t.id
			WHERE t.organization_id || '' = $1 AND s.ends_at IS NOT NULL AND s.digest IN (`+placeholders(2, len(part))+`)`, args...)
		if err != nil {
			return nil, err
		}
	}
	return found, nil
}

// Token returns a token of the organization that is not deleted; NotFound otherwise.
func (q *queries) Token(ctx context.Context, organization, id string) (token.Token, error) {
	return one(ctx, q, "That token", scanToken, `SELECT `+tokenColumns+tokenTables+`
		WHERE t.organization_id = $1 AND t.id = $2 AND `+notDeleted, organization, id)
}

// TokenByDigest returns the token with the given digest of its secret, of any organization and
// deleted or not, for verification. NotFound if there is none.
func (q *queries) TokenByDigest(ctx context.Context, digest [32]byte) (token.Token, error) {
	return one(ctx, q, "That token", scanToken, `SELECT `+tokenColumns+tokenTables+` WHERE t.digest = $1`, digest[:])
}

// expiredQuery uses the index on expiry.
func expiredQuery() string {
	return `SELECT ` + tokenColumns + tokenTables + ` WHERE ` + ending("$1", "$2") + `
		AND t.expires_at > coalesce((SELECT max(at) FROM audit_checkpoints), 0)
		AND NOT EXISTS (SELECT 1 FROM audit_events e
		WHERE e.organization_id = t.organization_id AND e.target_id = t.id AND e.action = 'expired' AND e.at >= t.expires_at)
	ORDER BY t.expires_at, t.id LIMIT $3`
}

// ExpiredTokens returns up to limit tokens of any organization that are not deleted, expired after
// since and not after until, and have no event for it. It does not see events that were pruned.
func (q *queries) ExpiredTokens(ctx context.Context, since, until time.Time, limit int) ([]token.Token, error) {
	return all(ctx, q, scanToken, expiredQuery(), since.UnixMilli(), until.UnixMilli(), limit)
}

const keyUsedQuery = `SELECT count(*) FROM tokens WHERE created_by = $1 AND submission = $2 AND submission <> ''`

// TokenKeyUsed reports whether creator has generated a token with this idempotency key, even one
// that is deleted.
func (q *queries) TokenKeyUsed(ctx context.Context, creator, key string) (bool, error) {
	n, err := q.number(ctx, keyUsedQuery, creator, key)
	return n > 0, err
}

// TokenWorkspace returns the name of a workspace of the organization; NotFound otherwise.
func (q *queries) TokenWorkspace(ctx context.Context, organization, workspace string) (string, error) {
	return one(ctx, q, "That workspace", scanText,
		`SELECT w.name FROM workspaces w WHERE w.organization_id = $1 AND w.id = $2`, organization, workspace)
}

func scanText(row scanner) (string, error) {
	var text string
	err := row.Scan(&text)
	return text, err
}

// nameTakenQuery uses the index on names.
func nameTakenQuery() string {
	return `SELECT count(*) FROM tokens t
		WHERE t.organization_id = $1 AND t.kind = $2 AND t.owner_id = $3 AND t.name_key = $4
			AND (t.kind = 'personal' OR t.workspace_id = $5) AND t.id <> $6 AND ` + live("$7")
}

// TokenNameTaken reports whether another token that is live at now has t's name: of the same owner
// for a personal token, of the same kind and workspace for a service token.
func (q *queries) TokenNameTaken(ctx context.Context, t token.Token, now time.Time) (bool, error) {
	n, err := q.number(ctx, nameTakenQuery(), t.Organization, t.Kind, t.Owner, plaintext.NameKey(t.Name), t.Workspace, t.ID, millis(now))
	return n > 0, err
}

// CountPersonalTokens returns the number of a member's tokens that are not deleted.
func (q *queries) CountPersonalTokens(ctx context.Context, organization, owner string) (int, error) {
	return q.number(ctx, `SELECT coalesce(max(kept), 0) FROM token_counts
		WHERE organization_id = $1 AND part = 'owner' AND kind = 'personal' AND id = $2`, organization, owner)
}

// ResourceTypes returns, by id, the type of every resource of the given types in a workspace of the
// organization.
func (q *queries) ResourceTypes(ctx context.Context, organization, workspace string, types []string) (map[string]string, error) {
	if len(types) == 0 {
		return map[string]string{}, nil
	}
	args := []any{organization, workspace}
	for _, typ := range types {
		args = append(args, typ)
	}
	type pair struct{ id, typ string }
	rows, err := all(ctx, q, func(row scanner) (pair, error) {
		var r pair
		err := row.Scan(&r.id, &r.typ)
		return r, err
	}, `SELECT r.id, r.type`+resourcesOf+` AND r.type IN (`+placeholders(3, len(types))+`)`, args...)
	found := make(map[string]string, len(rows))
	for _, r := range rows {
		found[r.id] = r.typ
	}
	return found, err
}

// TokenPlan returns the organization's plan and locks its row until the transaction ends, so that
// overlapping writers that add tokens to one organization take turns, and what one reads about
// names and submissions is still true when it writes. NotFound if there is no such organization.
func (tx *Tx) TokenPlan(ctx context.Context, organization string) (access.Plan, error) {
	plan, err := one(ctx, &tx.queries, "That organization", scanText,
		`UPDATE organizations SET plan = plan WHERE id = $1 RETURNING plan`, organization)
	return access.Plan(plan), err
}

// InsertToken adds a token in any state (past times, any scope, deleted) under the digest of its
// secret. The error is Conflict if the id, the digest, or the creator's submission key exists;
// submission "" means no key.
func (tx *Tx) InsertToken(ctx context.Context, t token.Token, digest [32]byte, key string) error {
	policy := ""
	if t.Kind == token.Workspace {
		policy = t.Policy.String()
	}
	tx.changed(change.Token, t.ID)
	if err := tx.digestFree(ctx, digest); err != nil {
		return err
	}
	_, err := tx.exec(ctx,
		`INSERT INTO tokens (id, organization_id, kind, name, name_key, description, digest, hint, owner_id, workspace_id, scope, policy,
			legacy, created_by, created_by_name, created_at, expires_at, deleted_at, submission,
			suspended_at, suspended_by, suspended_by_name, suspended_reason, addresses)
		VALUES (`+placeholders(1, 24)+`)`,
		t.ID, t.Organization, t.Kind, t.Name, plaintext.NameKey(t.Name), t.Description, digest[:], t.Hint, t.Owner, t.Workspace, t.Scope,
		policy, t.Legacy, t.CreatedBy, t.CreatedByName, millis(t.CreatedAt), millis(t.ExpiresAt), millis(t.DeletedAt), key,
		millis(t.Suspension.At), t.Suspension.By, t.Suspension.ByName, t.Suspension.Reason, t.Addresses.String())
	if err != nil || t.LastUsedAt.IsZero() {
		return err
	}
	return tx.saveUses(ctx, []verify.Use{{Token: t.ID, At: t.LastUsedAt, From: t.LastUsedFrom}})
}

// SaveTokenTexts saves the name and the description of a token of the organization; NotFound if there is
// none or it is deleted.
func (tx *Tx) SaveTokenTexts(ctx context.Context, t token.Token) error {
	tx.changed(change.Token, t.ID)
	return tx.execOne(ctx, "That token", `UPDATE tokens SET name = $1, name_key = $2, description = $3
		WHERE organization_id = $4 AND id = $5 AND deleted_at IS NULL`,
		t.Name, plaintext.NameKey(t.Name), t.Description, t.Organization, t.ID)
}

// SaveTokenSuspension saves the suspension of a token of the organization, or that it has none; NotFound
// if there is no such token or it is deleted.
func (tx *Tx) SaveTokenSuspension(ctx context.Context, t token.Token) error {
	tx.changed(change.Token, t.ID)
	return tx.execOne(ctx, "That token", `UPDATE tokens
		SET suspended_at = $1, suspended_by = $2, suspended_by_name = $3, suspended_reason = $4
		WHERE organization_id = $5 AND id = $6 AND deleted_at IS NULL`,
		millis(t.Suspension.At), t.Suspension.By, t.Suspension.ByName, t.Suspension.Reason, t.Organization, t.ID)
}

// DeleteToken marks a token of the organization as deleted now; NotFound if there is none or it is
// deleted already. The row stays, so that its digest is still recognized as revoked.
func (tx *Tx) DeleteToken(ctx context.Context, organization, id string) error {
	tx.changed(change.Token, id)
	return tx.execOne(ctx, "That token", `UPDATE tokens SET deleted_at = $1
		WHERE organization_id = $2 AND id = $3 AND deleted_at IS NULL`, millis(tx.now), organization, id)
}

package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"strings"

	"latchkey/internal/actor"
	"latchkey/internal/token"
	"latchkey/internal/verify"
)

// SaveUses merges the stored uses of the given tokens with new ones and stores the result, in one
// transaction. A use does not change the token, so no change is published.
func (s *Store) SaveUses(ctx context.Context, tokens []string, merge func(stored map[string]verify.Use) []verify.Use) error {
	return s.InTx(ctx, actor.System(""), func(tx *Tx) error {
		stored, err := tx.storedUses(ctx, tokens)
		if err != nil {
			return err
		}
		return tx.saveUses(ctx, merge(stored))
	})
}

// storedUses returns the stored uses by token. Tokens that were never used are left out.
func (tx *Tx) storedUses(ctx context.Context, ids []string) (map[string]verify.Use, error) {
	stored := make(map[string]verify.Use, len(ids))
	query := func(n int) string {
		return `SELECT token_id, last_used_at, last_used_from FROM token_uses WHERE token_id IN (` + placeholders(1, n) + `)`
	}
	err := tx.inChunks(ctx, len(ids), query, func(statement *sql.Stmt, from, to int) error {
		rows, err := statement.QueryContext(ctx, anys(ids[from:to])...)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			u, err := scanUse(rows)
			if err != nil {
				return err
			}
			stored[u.Token] = u
		}
		return rows.Err()
	})
	return stored, err
}

func scanUse(row scanner) (u verify.Use, err error) {
	var at int64
	var from string
	if err := row.Scan(&u.Token, &at, &from); err != nil {
		return u, err
	}
	u.At = moment(at)
	return u, json.Unmarshal([]byte(from), &u.From)
}

// saveUses stores uses, except those older than the stored one.
func (tx *Tx) saveUses(ctx context.Context, uses []verify.Use) error {
	statement := func(n int) string {
		rows := make([]string, n)
		for i := range rows {
			rows[i] = fmt.Sprintf("($%d, $%d, $%d)", 3*i+1, 3*i+2, 3*i+3)
		}
		return `INSERT INTO token_uses (token_id, last_used_at, last_used_from) VALUES ` + strings.Join(rows, ", ") + `
			ON CONFLICT (token_id) DO UPDATE SET last_used_at = excluded.last_used_at, last_used_from = excluded.last_used_from
			WHERE token_uses.last_used_at <= excluded.last_used_at`
	}
	return tx.inChunks(ctx, len(uses), statement, func(statement *sql.Stmt, from, to int) error {
		args := make([]any, 0, 3*(to-from))
		for _, u := range uses[from:to] {
			addresses, err := json.Marshal(append([]token.Use{}, u.From...))
			if err != nil {
				return err
			}
			args = append(args, u.Token, millis(u.At), string(addresses))
		}
		_, err := statement.ExecContext(ctx, args...)
		return err
	})
}

// chunk is the number of rows per statement in inChunks: enough to be worth a round trip to a
// server, and few enough to bind quickly, for which SQLite takes time quadratic in their number.
const chunk = 25

// inChunks calls do for each chunk of n rows, with a statement for the rows in the chunk. It
// compiles the statement once for all full chunks, because compiling takes as long as running it.
func (tx *Tx) inChunks(ctx context.Context, n int, text func(n int) string, do func(statement *sql.Stmt, from, to int) error) error {
	run := func(from, to, size int) error {
		statement, err := tx.prepare(ctx, text(size))
		if err != nil {
			return err
		}
		defer statement.Close()
		for ; from < to; from += size {
			if err := do(statement, from, from+size); err != nil {
				return err
			}
		}
		return nil
	}
	whole := n - n%chunk
	if whole > 0 {
		if err := run(0, whole, chunk); err != nil {
			return err
		}
	}
	if whole == n {
		return nil
	}
	return run(whole, n, n-whole)
}

// prepare compiles a statement that runs several times in the transaction.
func (tx *Tx) prepare(ctx context.Context, query string) (*sql.Stmt, error) {
	return tx.db.(interface {
		PrepareContext(ctx context.Context, query string) (*sql.Stmt, error)
	}).PrepareContext(ctx, query)
}

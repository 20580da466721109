package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"latchkey/internal/actor"
	"latchkey/internal/token"
	"latchkey/internal/verify"
)

// SaveUses merges the stored uses of the given tokens with new ones, stores the result and adds to
// the counts of the day, in one transaction. A use does not change the token, so no change is published.
func (s *Store) SaveUses(ctx context.Context, tokens []string, merge func(stored map[string]verify.Use) []verify.Use) error {
	return s.InTx(ctx, actor.System(""), func(tx *Tx) error {
		stored, err := tx.storedUses(ctx, tokens)
		if err != nil {
			return err
		}
		uses := merge(stored)
		return errors.Join(tx.saveUses(ctx, uses), tx.countUses(ctx, uses))
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
	uses = slices.DeleteFunc(slices.Clone(uses), func(u verify.Use) bool { return u.At.IsZero() })
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

// countUses adds requests and refusals to the counts of today, for each token, for its owner
// and for its organization.
func (tx *Tx) countUses(ctx context.Context, uses []verify.Use) error {
	var counts []useCount
	sums := map[string]int{} // where an owner or an organization is in counts
	for _, u := range uses {
		if u.Requests == 0 && u.Refusals == 0 {
			continue
		}
		counts = append(counts, useCount{u.Token, u.Requests, u.Refusals})
		for _, subject := range []string{u.Owner, u.Organization} {
			i, there := sums[subject]
			if !there {
				if subject == "" {
					continue
				}
				i = len(counts)
				sums[subject] = i
				counts = append(counts, useCount{subject: subject})
			}
			counts[i].requests += u.Requests
			counts[i].refusals += u.Refusals
		}
	}
	statement := func(n int) string {
		rows := make([]string, n)
		for i := range rows {
			rows[i] = fmt.Sprintf("($1, $%d, $%d, $%d)", 3*i+2, 3*i+3, 3*i+4)
		}
		return `INSERT INTO use_days (day, subject_id, requests, refusals) VALUES ` + strings.Join(rows, ", ") + `
			ON CONFLICT (day, subject_id) DO UPDATE SET requests = use_days.requests + excluded.requests,
			refusals = use_days.refusals + excluded.refusals`
	}
	today := token.DayOf(tx.Now())
	return tx.inChunks(ctx, len(counts), statement, func(statement *sql.Stmt, from, to int) error {
		args := append(make([]any, 0, 1+3*(to-from)), int64(today))
		for _, c := range counts[from:to] {
			args = append(args, c.subject, c.requests, c.refusals)
		}
		_, err := statement.ExecContext(ctx, args...)
		return err
	})
}

// useCount is what is new of the requests of a token, a member or an organization.
type useCount struct {
	subject            string
	requests, refusals int
}

// UseDays returns on which days from first to last a token, or the tokens of a member or an organization,
// were used, and how often. Days without a request are left out.
func (q *queries) UseDays(ctx context.Context, subject string, first, last token.Day) ([]token.DayCount, error) {
	days := make([]any, 0, last-first+1)
	for d := first; d <= last; d++ {
		days = append(days, int64(d))
	}
	// Each day is named, so that the primary key finds its row without the rows of others.
	return all(ctx, q, scanDayCount, `SELECT day, requests, refusals FROM use_days WHERE subject_id = $1 AND day IN (`+
		placeholders(2, len(days))+`) ORDER BY day`, append([]any{subject}, days...)...)
}

func scanDayCount(row scanner) (c token.DayCount, err error) {
	err = row.Scan(&c.Day, &c.Requests, &c.Refusals)
	return c, err
}

// forgetAtOnce is how many counts one transaction deletes.
const forgetAtOnce = 2000

// ForgetUses deletes the counts of days before the given one, and those of secrets that are older than a day,
// in short transactions.
func (s *Store) ForgetUses(ctx context.Context, before token.Day) error {
	err := s.forget(ctx, `DELETE FROM token_secret_uses WHERE (digest, slot) IN
		(SELECT digest, slot FROM token_secret_uses WHERE slot < $1 LIMIT $2)`, token.SlotOf(s.Now())-token.SlotsPerDay)
	if err != nil {
		return err
	}
	return s.forget(ctx, `DELETE FROM use_days WHERE (day, subject_id) IN
		(SELECT day, subject_id FROM use_days WHERE day < $1 ORDER BY day, subject_id LIMIT $2)`, int64(before))
}

// forget repeats a statement that deletes up to $2 counts from before $1 until there are none.
func (s *Store) forget(ctx context.Context, statement string, before int64) error {
	for {
		var n int64
		err := s.InTx(ctx, actor.System(""), func(tx *Tx) (err error) {
			n, err = tx.exec(ctx, statement, before, forgetAtOnce)
			return err
		})
		if err != nil || n < forgetAtOnce {
			return err
		}
	}
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

package store

import (
	"context"
	"time"

	"github.com/segmentio/ksuid"

	"latchkey/internal/actor"
	"latchkey/internal/warning"
)

// WarningQueue returns the store as the background work of package warning sees it.
func WarningQueue(s *Store) warning.Queue { return warningQueue{s, s} }

type warningQueue struct {
	queueReads
	store *Store
}

// queueReads is what the background work reads outside of transactions.
type queueReads interface {
	WarningsToDo(ctx context.Context, organization string, now time.Time) (bool, time.Time, error)
	MailsToSend(ctx context.Context, now time.Time) (bool, error)
	WarnedOrganization(ctx context.Context) (id, name string, err error)
}

// InTx runs fn in one write transaction.
func (s warningQueue) InTx(ctx context.Context, by actor.Caller, fn func(warning.QueueTx) error) error {
	return s.store.InTx(ctx, by, func(tx *Tx) error { return fn(tx) })
}

// WarningsToDo reports whether there are ends to look at by now, and when the server looked last.
func (q *queries) WarningsToDo(ctx context.Context, organization string, now time.Time) (bool, time.Time, error) {
	looked, err := q.warningLook(ctx, organization)
	if err != nil {
		return false, looked, err
	}
	n, err := q.number(ctx, `SELECT CASE WHEN EXISTS (SELECT 1 FROM token_ends WHERE organization_id || '' = $1 AND next_at <= $2)
		THEN 1 ELSE 0 END`, organization, millis(now))
	return n > 0, looked, err
}

// lead returns a number of days in milliseconds; nil for 0.
func lead(days int) any {
	if days == 0 {
		return nil
	}
	return int64(days) * (24 * time.Hour).Milliseconds()
}

// firstLook is when to look at an end first: when the longest threshold is reached, or now if that is past. It is never
// if there is no threshold, or the token has ended.
func firstLook(now, lead string) string {
	reached := `ends_at - CAST(` + lead + ` AS BIGINT)`
	return `CASE WHEN ends_at <= ` + now + ` OR ` + reached + ` IS NULL THEN NULL
		WHEN ` + reached + ` > ` + now + ` THEN ` + reached + ` ELSE CAST(` + now + ` AS BIGINT) END`
}

// MendEnds corrects what a clock left that was ahead of latest. Ends that it saw or warned of count as seen now, and mails
// that it queued are forgotten. It may have taken tokens for expired or suspended, and old ends for forgotten, so all are
// looked at again; mails that wait for its time are due now.
func (tx *Tx) MendEnds(ctx context.Context, organization string, latest time.Time, longest int) error {
	for _, statement := range []string{
		`UPDATE token_ends SET seen_at = $1, warned = 0, warned_at = NULL WHERE organization_id = $2 AND (seen_at > $3 OR warned_at > $3)`,
		`UPDATE warning_days SET chosen_at = $1 WHERE organization_id = $2 AND chosen_at > $3`,
		`UPDATE warning_looks SET looked_at = $1 WHERE organization_id = $2 AND looked_at > $3`,
		`UPDATE warning_mails SET next_at = $1 WHERE organization_id = $2 AND next_at > $3`,
	} {
		if _, err := tx.exec(ctx, statement, millis(tx.now), organization, millis(latest)); err != nil {
			return err
		}
	}
	_, err := tx.exec(ctx, `DELETE FROM warning_mails WHERE organization_id = $1 AND queued_at > $2`, organization, millis(latest))
	if err != nil {
		return err
	}
	_, err = tx.exec(ctx, `INSERT INTO token_ends (token_id, ends_at, organization_id, next_at)
		SELECT t.id, t.expires_at, t.organization_id, 0 FROM tokens t
		WHERE t.organization_id = $1 AND t.expires_at > $2 AND t.deleted_at IS NULL ON CONFLICT DO NOTHING`, organization, millis(tx.now))
	if err != nil {
		return err
	}
	return tx.lookAgain(ctx, organization, longest)
}

// LearnEnds says since when tokens have their ends, and when to look at them. A token that was made since the server
// looked last has its first end since then. Any other end is new, unless the token had it before.
func (tx *Tx) LearnEnds(ctx context.Context, organization string, looked time.Time, longest, limit int) (int, error) {
	if looked.IsZero() {
		looked = tx.now.Add(time.Millisecond) // at first every end is new
	}
	n, err := tx.exec(ctx, `UPDATE token_ends SET seen_at = coalesce(seen_at, (SELECT t.created_at FROM tokens t
			WHERE t.id = token_ends.token_id AND t.created_at >= $3 AND t.created_at <= $1
			AND NOT EXISTS (SELECT 1 FROM token_ends o WHERE o.token_id = t.id AND o.ends_at <> token_ends.ends_at)), $1),
		next_at = `+firstLook("$1", "$2")+`
		WHERE (token_id, ends_at) IN (SELECT token_id, ends_at FROM token_ends
			WHERE organization_id || '' = $4 AND next_at = 0 LIMIT $5)`,
		millis(tx.now), lead(longest), millis(looked), organization, limit)
	return int(n), err
}

// DueEnds returns ends to look at, those that have waited for longest first. It passes over those that LearnEnds has not
// got to yet: reading them each time took a third of a server's processor time for minutes after an upgrade with
// 100,000 tokens.
func (tx *Tx) DueEnds(ctx context.Context, organization string, limit int) ([]warning.End, error) {
	return all(ctx, &tx.queries, scanEnd, dueEnds, organization, millis(tx.now), limit)
}

const dueEnds = `SELECT ` + endColumns + ` FROM token_ends
	WHERE organization_id || '' = $1 AND next_at > 0 AND next_at <= $2 ORDER BY next_at, token_id LIMIT $3`

// SaveEnd saves what was warned of an end, and when to look at it again.
func (tx *Tx) SaveEnd(ctx context.Context, e warning.End) error {
	return tx.execOne(ctx, "That end", `UPDATE token_ends SET warned = $1, warned_at = $2, next_at = $3 WHERE token_id = $4 AND ends_at = $5`,
		e.Warned, millis(e.WarnedAt), millis(e.Next), e.Token, millis(e.At))
}

// SaveLook saves when the server looked, and forgets ends before a time and their mails.
func (tx *Tx) SaveLook(ctx context.Context, organization string, at, forget time.Time) error {
	_, err := tx.exec(ctx, `UPDATE warning_looks SET looked_at = $1 WHERE organization_id = $2`, millis(at), organization)
	if err != nil {
		return err
	}
	for _, table := range []string{"token_ends", "warning_mails"} {
		if _, err := tx.exec(ctx, `DELETE FROM `+table+` WHERE organization_id = $1 AND ends_at < $2`, organization, millis(forget)); err != nil {
			return err
		}
	}
	return nil
}

// QueueMail queues a mail, and gives up those to anybody about the same end and more days. A mail that is there
// already stays.
func (tx *Tx) QueueMail(ctx context.Context, organization string, m warning.Mail) error {
	_, err := tx.exec(ctx, `UPDATE warning_mails SET next_at = NULL, problem = 'A later warning replaced it.'
		WHERE token_id = $1 AND ends_at = $2 AND days > $3 AND claim = '' AND next_at IS NOT NULL`, m.Token, millis(m.End), m.Days)
	if err != nil {
		return err
	}
	_, err = tx.exec(ctx, `INSERT INTO warning_mails
		(id, organization_id, token_id, ends_at, days, email, member_id, reason, queued_at, next_at)
		VALUES (`+placeholders(1, 10)+`) ON CONFLICT (token_id, ends_at, days, email) DO NOTHING`,
		ksuid.New().String(), organization, m.Token, millis(m.End), m.Days, m.Email, m.Member, m.Reason, millis(m.Queued), millis(m.Next))
	return err
}

// MailsToSend reports whether mails are due at now.
func (q *queries) MailsToSend(ctx context.Context, now time.Time) (bool, error) {
	n, err := q.number(ctx, `SELECT CASE WHEN EXISTS (SELECT 1 FROM warning_mails WHERE next_at <= $1) THEN 1 ELSE 0 END`, millis(now))
	return n > 0, err
}

// ClaimMails takes due mails for the address that has waited for longest. Until the lease ends, nobody else takes
// them.
func (tx *Tx) ClaimMails(ctx context.Context, organization, claim string, until time.Time, limit int) ([]warning.Mail, error) {
	email, found, err := first(ctx, &tx.queries, scanText, `SELECT email FROM warning_mails
		WHERE organization_id || '' = $1 AND next_at <= $2 ORDER BY next_at, id LIMIT 1`, organization, millis(tx.now))
	if err != nil || !found {
		return nil, err
	}
	due, err := all(ctx, &tx.queries, scanMail, `SELECT `+mailColumns+` FROM warning_mails
		WHERE organization_id || '' = $1 AND email = $2 AND next_at <= $3 ORDER BY next_at, id LIMIT $4`,
		organization, email, millis(tx.now), limit)
	if err != nil {
		return nil, err
	}
	for _, m := range due {
		if _, err := tx.exec(ctx, `UPDATE warning_mails SET next_at = $1, claim = $2 WHERE id = $3`, millis(until), claim, m.ID); err != nil {
			return nil, err
		}
	}
	return due, nil
}

// RecordMail saves how a try ended, unless the claim was lost because the lease ended.
func (tx *Tx) RecordMail(ctx context.Context, m warning.Mail, claim string) error {
	_, err := tx.exec(ctx, `UPDATE warning_mails SET next_at = $1, claim = '', tries = $2, sent_at = $3, problem = $4
		WHERE id = $5 AND claim = $6`, millis(m.Next), m.Tries, millis(m.Sent), m.Problem, m.ID, claim)
	return err
}

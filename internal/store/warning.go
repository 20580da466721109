package store

import (
	"context"
	"database/sql"
	"time"

	"latchkey/internal/account"
	"latchkey/internal/actor"
	"latchkey/internal/token"
	"latchkey/internal/warning"
)

// Warnings returns the store as the use cases of package warning see it.
func Warnings(s *Store) warning.Store { return warnings{s, s} }

type warnings struct {
	warningReads
	store *Store
}

// warningReads is what package warning reads outside of transactions.
type warningReads interface {
	warning.Reads
	UnusedRule(ctx context.Context, organization string) (int, error)
	UnusedNotice(ctx context.Context, token string) (warning.Unused, bool, error)
	WarningOf(ctx context.Context, token string, end time.Time) (warning.End, []warning.Mail, error)
	CalendarOf(ctx context.Context, member string) (warning.Calendar, bool, error)
	CalendarMember(ctx context.Context, digest []byte) (account.Member, error)
	CalendarTokens(ctx context.Context, organization, member string, services bool, from time.Time, limit int) ([]token.Token, error)
}

// InTx runs fn in one write transaction.
func (s warnings) InTx(ctx context.Context, by actor.Caller, fn func(warning.Tx) error) error {
	return s.store.InTx(ctx, by, func(tx *Tx) error { return fn(tx) })
}

func scanThreshold(row scanner) (warning.Threshold, error) {
	var t warning.Threshold
	var chosen int64
	err := row.Scan(&t.Days, &chosen)
	t.Chosen = moment(chosen)
	return t, err
}

// Thresholds returns how many days before their end an organization warns of tokens, most first.
func (q *queries) Thresholds(ctx context.Context, organization string) ([]warning.Threshold, error) {
	list, err := q.chosenThresholds(ctx, organization)
	if err != nil || len(list) > 0 {
		return list, err
	}
	n, err := q.number(ctx, `SELECT count(*) FROM warning_looks WHERE organization_id = $1`, organization)
	if err != nil || n > 0 {
		return nil, err
	}
	for _, d := range warning.DefaultDays() {
		list = append(list, warning.Threshold{Days: d})
	}
	return list, nil
}

func (q *queries) chosenThresholds(ctx context.Context, organization string) ([]warning.Threshold, error) {
	return all(ctx, q, scanThreshold, `SELECT days, chosen_at FROM warning_days WHERE organization_id = $1 ORDER BY days DESC`, organization)
}

// HoldThresholds returns the thresholds, and when the server looked for ends last. It stores the default if the
// organization has not chosen yet.
func (tx *Tx) HoldThresholds(ctx context.Context, organization string) (time.Time, []warning.Threshold, error) {
	n, err := tx.exec(ctx, `INSERT INTO warning_looks (organization_id) VALUES ($1) ON CONFLICT DO NOTHING`, organization)
	if err != nil {
		return time.Time{}, nil, err
	}
	if n > 0 {
		for _, d := range warning.DefaultDays() {
			if err := tx.insertThreshold(ctx, organization, warning.Threshold{Days: d, Chosen: tx.now}); err != nil {
				return time.Time{}, nil, err
			}
		}
	}
	looked, err := tx.warningLook(ctx, organization)
	if err != nil {
		return time.Time{}, nil, err
	}
	list, err := tx.chosenThresholds(ctx, organization)
	return looked, list, err
}

// warningLook returns when the server looked for ends last; zero if it never did.
func (q *queries) warningLook(ctx context.Context, organization string) (time.Time, error) {
	at, _, err := first(ctx, q, func(row scanner) (at sql.NullInt64, err error) {
		err = row.Scan(&at)
		return at, err
	}, `SELECT looked_at FROM warning_looks WHERE organization_id = $1`, organization)
	return maybeMoment(at), err
}

func (tx *Tx) insertThreshold(ctx context.Context, organization string, t warning.Threshold) error {
	_, err := tx.exec(ctx, `INSERT INTO warning_days (organization_id, days, chosen_at) VALUES ($1, $2, $3)`,
		organization, t.Days, millis(t.Chosen))
	return err
}

// SaveThresholds replaces the thresholds, and has the ends of all tokens looked at again.
func (tx *Tx) SaveThresholds(ctx context.Context, organization string, list []warning.Threshold) error {
	if _, err := tx.exec(ctx, `DELETE FROM warning_days WHERE organization_id = $1`, organization); err != nil {
		return err
	}
	for _, t := range list {
		if err := tx.insertThreshold(ctx, organization, t); err != nil {
			return err
		}
	}
	return tx.lookAgain(ctx, organization, warning.Longest(list))
}

// lookAgain has the ends of all tokens looked at again.
func (tx *Tx) lookAgain(ctx context.Context, organization string, longest int) error {
	_, err := tx.exec(ctx, `UPDATE token_ends SET next_at = `+firstLook("$1", "$2")+`
		WHERE organization_id = $3 AND ends_at > $1 AND seen_at IS NOT NULL`, millis(tx.now), lead(longest), organization)
	return err
}

// Contacts returns the contacts of a token, in the order in which they were entered.
func (q *queries) Contacts(ctx context.Context, token string) ([]string, error) {
	return all(ctx, q, scanText, `SELECT email FROM token_contacts WHERE token_id = $1 ORDER BY number`, token)
}

// SaveContacts replaces the contacts of a token.
func (tx *Tx) SaveContacts(ctx context.Context, token string, emails []string) error {
	if _, err := tx.exec(ctx, `DELETE FROM token_contacts WHERE token_id = $1`, token); err != nil {
		return err
	}
	for i, email := range emails {
		if _, err := tx.exec(ctx, `INSERT INTO token_contacts (token_id, number, email) VALUES ($1, $2, $3)`, token, i+1, email); err != nil {
			return err
		}
	}
	return nil
}

// ActiveAdmins returns the active Admins of the organization, ordered by address.
func (q *queries) ActiveAdmins(ctx context.Context, organization string) ([]account.Member, error) {
	return all(ctx, q, scanMember, `SELECT `+memberColumns+` FROM members m
		WHERE m.organization_id = $1 AND m.role = 'admin' AND m.status = 'active' ORDER BY m.email`, organization)
}

const endColumns = `token_id, ends_at, seen_at, warned, warned_at, next_at`

func scanEnd(row scanner) (warning.End, error) {
	var e warning.End
	var at int64
	var seen, warned, next sql.NullInt64
	err := row.Scan(&e.Token, &at, &seen, &e.Warned, &warned, &next)
	e.At, e.Seen, e.WarnedAt, e.Next = moment(at), maybeMoment(seen), maybeMoment(warned), maybeMoment(next)
	return e, err
}

const mailColumns = `id, token_id, ends_at, days, email, member_id, reason, queued_at, next_at, tries, sent_at, problem`

func scanMail(row scanner) (warning.Mail, error) {
	var m warning.Mail
	var end, queued int64
	var next, sent sql.NullInt64
	err := row.Scan(&m.ID, &m.Token, &end, &m.Days, &m.Email, &m.Member, &m.Reason, &queued, &next, &m.Tries, &sent, &m.Problem)
	m.End, m.Queued, m.Next, m.Sent = moment(end), moment(queued), maybeMoment(next), maybeMoment(sent)
	return m, err
}

// mailsShown is how many mails of a token's end are listed.
const mailsShown = 50

// WarningOf returns about what was warned of this end of a token, and the newest mails about it.
func (q *queries) WarningOf(ctx context.Context, token string, end time.Time) (warning.End, []warning.Mail, error) {
	e, _, err := first(ctx, q, scanEnd, `SELECT `+endColumns+` FROM token_ends WHERE token_id = $1 AND ends_at = $2`, token, millis(end))
	if err != nil {
		return e, nil, err
	}
	mails, err := all(ctx, q, scanMail, `SELECT `+mailColumns+` FROM warning_mails WHERE token_id = $1 AND ends_at = $2
		ORDER BY queued_at DESC, email LIMIT $3`, token, millis(end), mailsShown)
	return e, mails, err
}

// CalendarOf returns the calendar of a member; false if there is none.
func (q *queries) CalendarOf(ctx context.Context, member string) (warning.Calendar, bool, error) {
	return first(ctx, q, func(row scanner) (warning.Calendar, error) {
		var c warning.Calendar
		var created int64
		err := row.Scan(&created, &c.Submission)
		c.CreatedAt = moment(created)
		return c, err
	}, `SELECT created_at, submission FROM calendars WHERE member_id = $1`, member)
}

// CalendarMember returns the active member whose calendar has this digest; NotFound if there is none.
func (q *queries) CalendarMember(ctx context.Context, digest []byte) (account.Member, error) {
	return one(ctx, q, "That calendar", scanMember, `SELECT `+memberColumns+` FROM calendars c JOIN members m ON m.id = c.member_id
		WHERE c.digest = $1 AND m.status = 'active'`, digest)
}

// CalendarTokens returns the tokens of a member that expire after from, the soonest first, and with services also
// the service tokens of the organization.
func (q *queries) CalendarTokens(ctx context.Context, organization, member string, services bool, from time.Time,
	limit int) ([]token.Token, error) {
	whose := `t.owner_id = $2`
	if services {
		whose = `(t.owner_id = $2 OR t.kind <> 'personal')`
	}
	return all(ctx, q, scanToken, `SELECT `+tokenColumns+tokenTables+`
		WHERE t.organization_id || '' = $1 AND `+whose+` AND `+notDeleted+` AND t.expires_at > $3
		ORDER BY t.expires_at, t.id LIMIT $4`, organization, member, millis(from), limit)
}

// SaveCalendar gives a member a calendar, instead of the one before.
func (tx *Tx) SaveCalendar(ctx context.Context, member string, digest []byte, c warning.Calendar) error {
	_, err := tx.exec(ctx, `INSERT INTO calendars (member_id, digest, created_at, submission) VALUES ($1, $2, $3, $4)
		ON CONFLICT (member_id) DO UPDATE SET digest = excluded.digest, created_at = excluded.created_at, submission = excluded.submission`,
		member, digest, millis(c.CreatedAt), c.Submission)
	return err
}

// DeleteCalendar deletes the calendar of a member; NotFound if there is none.
func (tx *Tx) DeleteCalendar(ctx context.Context, member string) error {
	return tx.execOne(ctx, "That calendar", `DELETE FROM calendars WHERE member_id = $1`, member)
}

// WarnedOrganization returns the id and the name of the installation's organization; NotFound if there is none.
func (q *queries) WarnedOrganization(ctx context.Context) (id, name string, err error) {
	o, err := q.SoleOrganization(ctx)
	return o.ID, o.Name, err
}

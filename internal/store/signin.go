package store

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"time"

	"latchkey/internal/access"
	"latchkey/internal/actor"
	"latchkey/internal/signin"
)

// SignIns returns the store as package signin sees it.
func SignIns(s *Store) signin.Store { return signIns{s, s} }

type signIns struct {
	signin.Reads
	store *Store
}

// InTx runs fn in one write transaction.
func (s signIns) InTx(ctx context.Context, by actor.Caller, fn func(signin.Tx) error) error {
	return s.store.InTx(ctx, by, func(tx *Tx) error { return fn(signInTx(tx)) })
}

// signInTx returns a transaction as package signin sees it.
func signInTx(tx *Tx) signin.Tx {
	return signin.Tx{Sessions: tx, Throttle: tx, Recoveries: tx, Factors: tx, Passkeys: tx, Browsers: tx, Settings: tx, Held: tx}
}

// SignInOrganization returns the id of the installation's organization; NotFound before
// there is one.
func (q *queries) SignInOrganization(ctx context.Context) (string, error) {
	return one(ctx, q, "The organization", func(row scanner) (string, error) {
		var id string
		err := row.Scan(&id)
		return id, err
	}, `SELECT id FROM organizations ORDER BY created_at, id LIMIT 1`)
}

// OrganizationName returns the name of an organization; NotFound for an unknown id.
func (q *queries) OrganizationName(ctx context.Context, id string) (string, error) {
	return one(ctx, q, "That organization", scanText, `SELECT name FROM organizations WHERE id = $1`, id)
}

const signInColumns = `m.id, m.organization_id, m.email, m.name, m.role, m.status = 'active', m.password_hash, m.last_seen_at IS NOT NULL`

// signInFields returns the destinations of signInColumns.
func signInFields(a *signin.Account) []any {
	return []any{&a.ID, &a.Organization, &a.Email, &a.Name, &a.Role, &a.Active, &a.PasswordHash, &a.Seen}
}

func scanSignIn(row scanner) (signin.Account, error) {
	var a signin.Account
	err := row.Scan(signInFields(&a)...)
	return a, err
}

// SignInAccount returns the member with a lower-case email; NotFound otherwise. An installation has
// one organization; if there were more, it would return the oldest member.
func (q *queries) SignInAccount(ctx context.Context, email string) (signin.Account, error) {
	return one(ctx, q, "That member", scanSignIn,
		`SELECT `+signInColumns+` FROM members m WHERE m.email = $1 ORDER BY m.created_at, m.id LIMIT 1`, email)
}

// SignInAccountOf returns the member with an id; NotFound otherwise.
func (q *queries) SignInAccountOf(ctx context.Context, memberID string) (signin.Account, error) {
	return one(ctx, q, "That member", scanSignIn, `SELECT `+signInColumns+` FROM members m WHERE m.id = $1`, memberID)
}

const sessionColumns = `s.id, s.member_id, m.organization_id, s.created_at, s.last_seen_at, s.ip, s.user_agent, s.flash,
	s.proven_by, s.proven_at, m.role, coalesce(g.factor_rule, ''), coalesce(g.factor_from, 0)`

// sessionTables is where sessionColumns are.
const sessionTables = `sessions s JOIN members m ON m.id = s.member_id LEFT JOIN sign_in_settings g ON g.organization_id =
	m.organization_id`

// scanSession scans sessionColumns and further columns.
func scanSession(row scanner, more ...any) (signin.Session, error) {
	var s signin.Session
	var created, seen, proven, from int64
	var notices string
	var role access.Role
	var rule signin.FactorRule
	into := []any{&s.ID, &s.Member, &s.Organization, &created, &seen, &s.IP, &s.UserAgent, &notices,
		&s.Proof.How, &proven, &role, &rule.Who, &from}
	if err := row.Scan(append(into, more...)...); err != nil {
		return s, err
	}
	s.CreatedAt, s.LastSeenAt, s.Proof.At, rule.From = moment(created), moment(seen), orNever(proven), orNever(from)
	s.FactorFrom = rule.Start(role)
	var err error
	s.Notices, err = signin.ParseNotices(notices)
	return s, err
}

// SessionByDigest returns a stored session and its member in any state; NotFound for an unknown
// digest.
func (q *queries) SessionByDigest(ctx context.Context, digest []byte) (signin.Session, signin.Account, error) {
	var a signin.Account
	s, err := one(ctx, q, "That session", func(row scanner) (signin.Session, error) {
		return scanSession(row, signInFields(&a)...)
	}, `SELECT `+sessionColumns+`, `+signInColumns+` FROM `+sessionTables+`
		WHERE s.digest = $1`, digest)
	return s, a, err
}

// SessionsOf returns a member's sessions that are newer than both limits, the last used first.
func (q *queries) SessionsOf(ctx context.Context, memberID string, limits signin.Limits) ([]signin.Session, error) {
	scan := func(row scanner) (signin.Session, error) { return scanSession(row) }
	return all(ctx, q, scan, `SELECT `+sessionColumns+` FROM `+sessionTables+`
		WHERE s.member_id = $1 AND s.last_seen_at > $2 AND s.created_at > $3
		ORDER BY s.last_seen_at DESC, s.created_at DESC, s.id`, memberID, millis(limits.Idle), millis(limits.Absolute))
}

// SessionNotices returns a session's notices as stored; NotFound without the session.
func (q *queries) SessionNotices(ctx context.Context, sessionID string) (string, error) {
	return one(ctx, q, "That session", func(row scanner) (string, error) {
		var notices string
		err := row.Scan(&notices)
		return notices, err
	}, `SELECT flash FROM sessions WHERE id = $1`, sessionID)
}

// InsertSession adds a session under the digest of its secret; Conflict if the digest exists.
func (tx *Tx) InsertSession(ctx context.Context, s signin.Session, digest []byte) error {
	_, err := tx.exec(ctx, `INSERT INTO sessions (id, digest, member_id, created_at, last_seen_at, ip, user_agent, proven_by, proven_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
		s.ID, digest, s.Member, millis(s.CreatedAt), millis(s.LastSeenAt), s.IP, s.UserAgent, cmp.Or(s.Proof.How, actor.ByPassword),
		never(s.Proof.At))
	return err
}

// ProveSession records how and when a session was proven.
func (tx *Tx) ProveSession(ctx context.Context, sessionID string, proof actor.Proof) error {
	_, err := tx.exec(ctx, `UPDATE sessions SET proven_by = $1, proven_at = $2 WHERE id = $3`, proof.How, never(proof.At), sessionID)
	return err
}

// EndSession deletes a session and reports whether it existed.
func (tx *Tx) EndSession(ctx context.Context, sessionID string) (bool, error) {
	n, err := tx.exec(ctx, `DELETE FROM sessions WHERE id = $1`, sessionID)
	return n > 0, err
}

// EndSessionsOf deletes a member's sessions except one ("" for none) and returns their ids, and the sign-ins
// that wait for a second factor. It is for all transactions that take away a member's access.
func (tx *Tx) EndSessionsOf(ctx context.Context, memberID, except string) ([]string, error) {
	if _, err := tx.exec(ctx, `DELETE FROM pending_sign_ins WHERE member_id = $1`, memberID); err != nil {
		return nil, err
	}
	return all(ctx, &tx.queries, func(row scanner) (string, error) {
		var id string
		err := row.Scan(&id)
		return id, err
	}, `DELETE FROM sessions WHERE member_id = $1 AND id <> $2 RETURNING id`, memberID, except)
}

// DropEndedSessions deletes the sessions beyond the limits, of one member or (memberID "") of all,
// and returns their number.
func (tx *Tx) DropEndedSessions(ctx context.Context, memberID string, limits signin.Limits) (int64, error) {
	return tx.exec(ctx, `DELETE FROM sessions WHERE ($1 = '' OR member_id = $1) AND (last_seen_at <= $2 OR created_at <= $3)`,
		memberID, millis(limits.Idle), millis(limits.Absolute))
}

// TouchSession records that the session and its member were seen now, unless that was
// recorded after the given moment. A moment in the future does not count: the clock was set back, and
// the session would not become idle until it has caught up. The proof of a session whose clock was set back does not
// count any more, since it may be older than it seems.
func (tx *Tx) TouchSession(ctx context.Context, sessionID string, unlessAfter time.Time) error {
	n, err := tx.exec(ctx, `UPDATE sessions SET last_seen_at = $1,
		proven_at = CASE WHEN last_seen_at > $4 THEN 0 ELSE proven_at END WHERE id = $2 AND (last_seen_at <= $3 OR last_seen_at > $1)`,
		millis(tx.now), sessionID, millis(unlessAfter), millis(tx.now.Add(actor.ClockSkew)))
	if err != nil || n == 0 {
		return err
	}
	_, err = tx.exec(ctx, `UPDATE members SET last_seen_at = $1
		WHERE id = (SELECT s.member_id FROM sessions s WHERE s.id = $2)`, millis(tx.now), sessionID)
	return err
}

// SwapNotices replaces a session's notices if they still equal was, and reports whether it did.
func (tx *Tx) SwapNotices(ctx context.Context, sessionID, was, now string) (bool, error) {
	n, err := tx.exec(ctx, `UPDATE sessions SET flash = $1 WHERE id = $2 AND flash = $3`, now, sessionID, was)
	return n > 0, err
}

// MarkSignedIn records that the member was seen now if the member is active and has that
// password hash, and reports whether it did.
func (tx *Tx) MarkSignedIn(ctx context.Context, memberID, passwordHash string) (bool, error) {
	n, err := tx.exec(ctx, `UPDATE members SET last_seen_at = $1 WHERE id = $2 AND status = 'active' AND password_hash = $3`,
		millis(tx.now), memberID, passwordHash)
	return n > 0, err
}

// SwapPassword replaces the password hash of an active member if it still equals was, and reports
// whether it did. A link that would set another password ends with that, and so do sign-ins that
// wait for a second factor.
func (tx *Tx) SwapPassword(ctx context.Context, memberID, was, now string) (bool, error) {
	n, err := tx.exec(ctx, `UPDATE members SET password_hash = $1, updated_at = $2
		WHERE id = $3 AND password_hash = $4 AND status = 'active'`, now, millis(tx.now), memberID, was)
	if err != nil || n == 0 {
		return false, err
	}
	if _, err := tx.exec(ctx, `DELETE FROM pending_sign_ins WHERE member_id = $1`, memberID); err != nil {
		return false, err
	}
	return true, tx.EndRecovery(ctx, memberID)
}

// Attempts returns the records of the keys in any order.
func (q *queries) Attempts(ctx context.Context, keys ...string) ([]signin.Attempt, error) {
	return all(ctx, q, func(row scanner) (signin.Attempt, error) {
		var a signin.Attempt
		var start, until int64
		err := row.Scan(&a.Key, &a.Failures, &start, &until)
		a.Start = moment(start)
		if until > 0 {
			a.BlockedUntil = moment(until)
		}
		return a, err
	}, `SELECT key, failures, window_start, blocked_till FROM attempts WHERE key IN (`+placeholders(1, len(keys))+`)`, anyOf(keys)...)
}

// countsOn is the condition that the window of an attempt lasts.
const countsOn = `attempts.window_start > $3 AND attempts.window_start <= CAST($5 AS BIGINT) AND attempts.blocked_till = 0`

// CountAttempt counts one failure in a single statement, so that parallel failures all count.
// Counting starts over after a block or a window has passed. So it does if either lies further in the
// future than a new block would, because then the clock was set back. While a block lasts the row is not
// changed, and the statement returns no row. The cast is for PostgreSQL, which would infer the
// type of $5 from the 0 next to it, which is too small for a time.
func (tx *Tx) CountAttempt(ctx context.Context, key string, most int, windowFloor, blockUntil time.Time) (bool, error) {
	var failures int
	err := tx.db.QueryRowContext(ctx, `INSERT INTO attempts (key, failures, window_start) VALUES ($1, 1, $2)
		ON CONFLICT (key) DO UPDATE SET
			failures = CASE WHEN `+countsOn+` THEN attempts.failures + 1 ELSE 1 END,
			window_start = CASE WHEN `+countsOn+` THEN attempts.window_start ELSE $2 END,
			blocked_till = CASE WHEN `+countsOn+` AND attempts.failures + 1 >= $4 THEN CAST($5 AS BIGINT) ELSE 0 END
		WHERE attempts.blocked_till <= $2 OR attempts.blocked_till > $5
		RETURNING failures`, key, millis(tx.now), millis(windowFloor), most, millis(blockUntil)).Scan(&failures)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	return err == nil, err
}

// ForgiveAttempt takes back one failure, and the block if most is no longer reached. If no failures
// are left it deletes the record, because a record without failures stands for a success.
func (tx *Tx) ForgiveAttempt(ctx context.Context, key string, most int) error {
	if n, err := tx.exec(ctx, `DELETE FROM attempts WHERE key = $1 AND failures <= 1`, key); n > 0 || err != nil {
		return err
	}
	_, err := tx.exec(ctx, `UPDATE attempts SET failures = failures - 1,
			blocked_till = CASE WHEN failures - 1 < $1 THEN 0 ELSE blocked_till END
		WHERE key = $2`, most, key)
	return err
}

// ClearAttempts deletes the records of the keys.
func (tx *Tx) ClearAttempts(ctx context.Context, keys ...string) error {
	_, err := tx.exec(ctx, `DELETE FROM attempts WHERE key IN (`+placeholders(1, len(keys))+`)`, anyOf(keys)...)
	return err
}

// RememberKey records key without failures, starting now.
func (tx *Tx) RememberKey(ctx context.Context, key string) error {
	_, err := tx.exec(ctx, `INSERT INTO attempts (key, failures, window_start) VALUES ($1, 0, $2)
		ON CONFLICT (key) DO UPDATE SET failures = 0, window_start = $2, blocked_till = 0`, key, millis(tx.now))
	return err
}

// RecordBlock records under key that the audit log has the block that ends at until, as a failure
// that blocks until then, and reports whether that is new. It is a single statement, so that it is
// new for only one of several parallel calls.
func (tx *Tx) RecordBlock(ctx context.Context, key string, until time.Time) (bool, error) {
	n, err := tx.exec(ctx, `INSERT INTO attempts (key, failures, window_start, blocked_till) VALUES ($1, 1, $2, $3)
		ON CONFLICT (key) DO UPDATE SET window_start = $2, blocked_till = $3 WHERE attempts.blocked_till <> $3`, key,
		millis(tx.now), millis(until))
	return n > 0, err
}

// DropAttempts deletes records of old failures that no longer block and of old successes, and
// returns their number.
func (tx *Tx) DropAttempts(ctx context.Context, countedBefore, rememberedBefore time.Time) (int64, error) {
	return tx.exec(ctx, `DELETE FROM attempts
		WHERE (failures > 0 AND window_start <= $1 AND blocked_till <= $2) OR (failures = 0 AND window_start <= $3)`,
		millis(countedBefore), millis(tx.now), millis(rememberedBefore))
}

// anyOf returns strings as query arguments.
func anyOf(list []string) []any {
	args := make([]any, len(list))
	for i, s := range list {
		args[i] = s
	}
	return args
}

package signin

import (
	"context"
	"time"

	"latchkey/internal/actor"
	"latchkey/internal/audit"
)

// Limits define which sessions have ended: those last seen at or before Idle, or created at or
// before Absolute.
type Limits struct{ Idle, Absolute time.Time }

// limitsAt returns the limits at now.
func limitsAt(now time.Time) Limits {
	return Limits{Idle: now.Add(-IdleLimit), Absolute: now.Add(-AbsoluteLimit)}
}

// Store is what the service reads outside a transaction, and the way into one.
type Store interface {
	Reads
	// InTx runs fn in one write transaction for the caller: all or nothing. The error is
	// Unauthenticated if the caller's session or token no longer works.
	InTx(ctx context.Context, by actor.Caller, fn func(Tx) error) error
}

// Reads is what the service reads outside of transactions.
type Reads interface {
	// Now returns the current time in UTC, in whole milliseconds.
	Now() time.Time
	sessionReader
	attemptReader
	accountReader
	recoveryReader
	settingsReader
	factorReader
	passkeyReader
	// SignInAccount returns the member with that lower-case email; NotFound otherwise.
	SignInAccount(ctx context.Context, email string) (Account, error)
}

// accountReader reads the account of a member.
type accountReader interface {
	// SignInAccountOf returns the member with that id; NotFound otherwise.
	SignInAccountOf(ctx context.Context, memberID string) (Account, error)
	requiredReader
}

// Tx is one transaction, by what is done in it: to sessions and passwords, to what is remembered of
// failed attempts and of browsers, to links that set a password, to second factors and passkeys, to settings,
// and to forms that wait.
type Tx struct {
	Sessions
	Throttle   Throttle
	Recoveries Recoveries
	Factors    Factors
	Passkeys   Passkeys
	Browsers   browsers
	Settings   settingsTx
	Held       heldForms
}

// Recoveries is the links that set a password, inside a transaction. [Sessions.SwapPassword] ends
// that of the member.
type Recoveries interface {
	recoveryReader
	// SaveRecovery stores a link under the digest of its secret, in place of the member's earlier
	// one.
	SaveRecovery(ctx context.Context, r Recovery, digest []byte) error
	// AddRecovery stores a link unless the member has one that works, and reports whether it did.
	AddRecovery(ctx context.Context, r Recovery, digest []byte) (bool, error)
	// BreakGlass lets the transaction take away the last Admin who can sign in without a provider: the operator helps
	// somebody in.
	BreakGlass()
	// DropRecovery deletes the link with a digest, if there is one.
	DropRecovery(ctx context.Context, digest []byte) error
	// DropEndedRecoveries deletes the links that expired at or before a moment.
	DropEndedRecoveries(ctx context.Context, expired time.Time) error
}

// recoveryReader reads links that set a password.
type recoveryReader interface {
	// RecoveryByDigest returns the link with a digest, also one that has expired, and its member,
	// even an inactive one; NotFound otherwise.
	RecoveryByDigest(ctx context.Context, digest []byte) (Recovery, Account, error)
	requiredReader
}

// Sessions is sessions and passwords inside a transaction.
type Sessions interface {
	// By returns the caller with the rights that they have in the transaction.
	By() actor.Standing
	// Now returns the time of the transaction.
	Now() time.Time
	// AppendEvent appends an event to the audit log.
	AppendEvent(ctx context.Context, e audit.Event) error
	sessionReader
	accountReader
	// SignInOrganization returns the id of the installation's organization; NotFound before
	// the installation is set up.
	SignInOrganization(ctx context.Context) (string, error)
	// InsertSession adds a session under the digest of its secret.
	InsertSession(ctx context.Context, s Session, digest []byte) error
	// ProveSession records how and when a session was proven.
	ProveSession(ctx context.Context, sessionID string, proof actor.Proof) error
	// MoveWay lets an identity provider that vouched for a session vouch for the one that takes its place.
	MoveWay(ctx context.Context, from, to string) error
	// EndSession deletes a session and reports whether it existed.
	EndSession(ctx context.Context, sessionID string) (bool, error)
	// EndSessionsOf deletes a member's sessions except one ("" for none) and returns the ids
	// of those that it deleted.
	EndSessionsOf(ctx context.Context, memberID, except string) ([]string, error)
	// DropEndedSessions deletes the sessions beyond the limits, of one member or (memberID "")
	// of all, and returns their number.
	DropEndedSessions(ctx context.Context, memberID string, limits Limits) (int64, error)
	// TouchSession records that the session and its member were seen now, unless that was
	// recorded after the given moment.
	TouchSession(ctx context.Context, sessionID string, unlessAfter time.Time) error
	// SwapNotices replaces a session's stored notices if they still equal was, and reports
	// whether it did.
	SwapNotices(ctx context.Context, sessionID, was, now string) (bool, error)
	// MarkSignedIn records that the member was seen now, if the member is active and still has
	// the given password hash, and reports whether it did. It locks the member's row until the
	// transaction ends.
	MarkSignedIn(ctx context.Context, memberID, passwordHash string) (bool, error)
	// SwapPassword replaces the password hash of an active member if it still equals was, and
	// reports whether it did. It ends a link that would set another password.
	SwapPassword(ctx context.Context, memberID, was, now string) (bool, error)
}

// Throttle is what is remembered of failed attempts, inside a transaction.
type Throttle interface {
	attemptReader
	// CountAttempt atomically counts one failure under key. Counting starts over if the
	// current window began at or before windowFloor or a block has passed, and if the window began or
	// a block ends after blockUntil, because then the clock was set back. The failure that
	// reaches most blocks the key until blockUntil. A key that is blocked now is not changed.
	// CountAttempt reports whether it counted.
	CountAttempt(ctx context.Context, key string, most int, windowFloor, blockUntil time.Time) (bool, error)
	// ForgiveAttempt takes back one counted failure, and the block if most is no longer
	// reached. It deletes a record that has no failures left.
	ForgiveAttempt(ctx context.Context, key string, most int) error
	// ClearAttempts deletes the records of the keys.
	ClearAttempts(ctx context.Context, keys ...string) error
	// RememberKey records key without failures, starting now.
	RememberKey(ctx context.Context, key string) error
	// RecordBlock atomically records under key that the block which ends at until is in the audit
	// log, and reports whether that was not recorded before.
	RecordBlock(ctx context.Context, key string, until time.Time) (bool, error)
	// DropAttempts deletes records of failures that began at or before countedBefore and no
	// longer block, and records without failures from before rememberedBefore. It returns
	// their number.
	DropAttempts(ctx context.Context, countedBefore, rememberedBefore time.Time) (int64, error)
}

// sessionReader reads sessions.
type sessionReader interface {
	// SessionByDigest returns a stored session, even one that has ended, and its member, even
	// an inactive one; NotFound otherwise.
	SessionByDigest(ctx context.Context, digest []byte) (Session, Account, error)
	// SessionsOf returns a member's sessions that are newer than both limits, the last used
	// first.
	SessionsOf(ctx context.Context, memberID string, limits Limits) ([]Session, error)
	// SessionNotices returns a session's notices as stored ("" for none); NotFound if there is
	// no such session.
	SessionNotices(ctx context.Context, sessionID string) (string, error)
}

// attemptReader reads failed attempts.
type attemptReader interface {
	// Attempts returns the records of the keys in any order. Keys without a record are left
	// out.
	Attempts(ctx context.Context, keys ...string) ([]Attempt, error)
}

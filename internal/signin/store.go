package signin

import (
	"context"
	"time"

	"latchkey/internal/actor"
	"latchkey/internal/audit"
)

// Limits says which sessions are over: those last seen at or before Idle, or created at or
// before Absolute.
type Limits struct{ Idle, Absolute time.Time }

// limitsAt is the limits as they stand at now.
func limitsAt(now time.Time) Limits {
	return Limits{Idle: now.Add(-IdleLimit), Absolute: now.Add(-AbsoluteLimit)}
}

// Store is what the service reads outside a transaction, and the way into one.
type Store interface {
	// InTx runs fn in one write transaction of the caller: all or nothing. It is
	// Unauthenticated when the caller is nobody any more.
	InTx(ctx context.Context, by actor.Caller, fn func(Tx) error) error
	// Now is the clock: UTC, whole milliseconds.
	Now() time.Time
	sessionReader
	attemptReader
	// SignInAccount returns the member with that lower-case e-mail; NotFound otherwise.
	SignInAccount(ctx context.Context, email string) (Account, error)
	// SignInAccountOf returns the member with that id; NotFound otherwise.
	SignInAccountOf(ctx context.Context, memberID string) (Account, error)
}

// Tx is one transaction, by what is done in it: to sessions and passwords, and to what is
// remembered of failed attempts.
type Tx struct {
	Sessions
	Throttle Throttle
}

// Sessions is sessions and passwords inside a transaction.
type Sessions interface {
	// By returns who acts, with the rights they have in the transaction.
	By() actor.Standing
	// Now is the moment of the transaction.
	Now() time.Time
	// AppendEvent chains an event to the audit log.
	AppendEvent(ctx context.Context, e audit.Event) error
	sessionReader
	// SignInOrganization returns the id of the installation's organization; NotFound before
	// the installation is set up.
	SignInOrganization(ctx context.Context) (string, error)
	// InsertSession adds a session under the digest of its secret.
	InsertSession(ctx context.Context, s Session, digest []byte) error
	// EndSession deletes a session and reports whether it was there.
	EndSession(ctx context.Context, sessionID string) (bool, error)
	// EndSessionsOf deletes a member's sessions but one (except "" spares none) and returns
	// the ids of those that it deleted.
	EndSessionsOf(ctx context.Context, memberID, except string) ([]string, error)
	// DropOverSessions deletes the sessions beyond the limits, of one member or (memberID
	// "") of all, and returns how many.
	DropOverSessions(ctx context.Context, memberID string, limits Limits) (int64, error)
	// TouchSession records that the session and its member were seen now, unless that was
	// recorded after the given moment.
	TouchSession(ctx context.Context, sessionID string, unlessAfter time.Time) error
	// SwapNotices replaces a session's stored notices if they still are what was read, and
	// reports whether it did.
	SwapNotices(ctx context.Context, sessionID, was, now string) (bool, error)
	// MarkSignedIn records that the member was seen now, if the member is active and the
	// password hash still is the one given, and reports whether it did. It keeps the
	// member's row from changing until the transaction ends.
	MarkSignedIn(ctx context.Context, memberID, passwordHash string) (bool, error)
	// SwapPassword replaces the password hash if it still is what was read, and reports
	// whether it did.
	SwapPassword(ctx context.Context, memberID, was, now string) (bool, error)
}

// Throttle is what is remembered of failed attempts, inside a transaction.
type Throttle interface {
	attemptReader
	// CountAttempt counts one failure under key, atomically. Counting starts over when the
	// window that began at or before windowFloor is over or a block has passed; the
	// failure that reaches most blocks the key until blockTill. It reports whether it
	// counted: a key that is blocked now is left as it is.
	CountAttempt(ctx context.Context, key string, most int, windowFloor, blockTill time.Time) (bool, error)
	// ForgiveAttempt takes back one counted failure, and the block if most is no longer reached. A
	// record that is left without a failure goes.
	ForgiveAttempt(ctx context.Context, key string, most int) error
	// ClearAttempts forgets what is recorded under the keys.
	ClearAttempts(ctx context.Context, keys ...string) error
	// RememberKey records key with no failure and with now as its start.
	RememberKey(ctx context.Context, key string) error
	// TellBlock remembers under key, atomically, that the block which ends at till was told of,
	// and reports whether it was not yet.
	TellBlock(ctx context.Context, key string, till time.Time) (bool, error)
	// DropAttempts deletes the records of failures that began at or before countedBefore
	// and block nothing any more, and those without a failure from before
	// rememberedBefore. It returns how many.
	DropAttempts(ctx context.Context, countedBefore, rememberedBefore time.Time) (int64, error)
}

// sessionReader reads sessions.
type sessionReader interface {
	// SessionByDigest returns a stored session, over or not, and the member that it belongs
	// to, active or not; NotFound otherwise.
	SessionByDigest(ctx context.Context, digest []byte) (Session, Account, error)
	// SessionsOf lists a member's sessions that are newer than both limits, the one used
	// last first.
	SessionsOf(ctx context.Context, memberID string, limits Limits) ([]Session, error)
	// SessionNotices returns a session's notices as they are stored ("" for none); NotFound
	// when there is no such session.
	SessionNotices(ctx context.Context, sessionID string) (string, error)
}

// attemptReader reads failed attempts.
type attemptReader interface {
	// Attempts returns what is recorded under the keys, in no order; a key without a record
	// is left out.
	Attempts(ctx context.Context, keys ...string) ([]Attempt, error)
}

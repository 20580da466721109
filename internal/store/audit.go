package store

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"time"

	"github.com/segmentio/ksuid"

	"latchkey/internal/access"
	"latchkey/internal/actor"
	"latchkey/internal/audit"
)

// AuditLog returns the store as package audit needs it.
func AuditLog(s *Store) audit.Store { return auditLog{s, s} }

type auditLog struct {
	audit.Reads
	store *Store
}

// InTx runs fn in one write transaction.
func (a auditLog) InTx(ctx context.Context, by actor.Caller, fn func(audit.Tx) error) error {
	return a.store.InTx(ctx, by, func(tx *Tx) error { return fn(tx) })
}

// ofOrganization is a condition in which the organization is an expression, so that SQLite does not use
// a database index on it: nearly all events belong to the one organization, and only the range of
// their numbers narrows a query.
const ofOrganization = `organization_id || '' = $1`

const auditColumns = `seq, id, at, clock_at, organization_id, workspace_id, actor_type, actor_id, actor_name, actor_email,
	token_id, action, target_type, target_id, target_name, ip, user_agent, request_id, before_state, after_state, prev_hash, hash`

func scanEvent(row scanner) (audit.Event, error) {
	var e audit.Event
	var at int64
	var clock sql.NullInt64
	err := row.Scan(&e.Seq, &e.ID, &at, &clock, &e.Organization, &e.Workspace, &e.ActorType, &e.ActorID, &e.ActorName, &e.ActorEmail,
		&e.TokenID, &e.Action, &e.Target.Type, &e.Target.ID, &e.Target.Name, &e.Origin.IP, &e.Origin.UserAgent, &e.Origin.RequestID,
		&e.Before, &e.After, &e.PrevHash, &e.Hash)
	if err != nil && e.Seq > 0 {
		// The number could be read but another column could not: the event was changed.
		return e, &audit.Broken{Seq: e.Seq, ID: e.ID, Why: "cannot be read: " + err.Error()}
	}
	e.Time, e.Clock, e.Target.Workspace = moment(at), maybeMoment(clock), e.Workspace
	if err == nil && clock.Valid && e.Clock.IsZero() {
		// The zero time stands for no clock time, which has another hash.
		return e, &audit.Broken{Seq: e.Seq, ID: e.ID, Why: "cannot be read: its clock time is no time"}
	}
	return e, err
}

// AppendEvent appends e to the chain, in the transaction of the change that it records. It sets
// the fields that are the store's. A pair of target and action outside the vocabulary is a bug and
// fails the transaction.
//
// It changes the row of the head first, so transactions that append take turns, and numbers follow
// the order of the commits. So do times, whatever the clocks do: all events of a transaction have
// the same time, which is at least a millisecond later than that of the transaction before. A
// reader that sees one event of a time therefore sees them all, and can continue after that time.
// What the clock said is kept beside it.
//
// Each enabled webhook that wants such an event gets a message into its outbox, in the same transaction.
func (tx *Tx) AppendEvent(ctx context.Context, e audit.Event) error {
	if !audit.InVocabulary(e.Target.Type, e.Action) {
		return fmt.Errorf("audit: %q of a %q is not in the vocabulary", e.Action, e.Target.Type)
	}
	e = e.Clean()
	var at int64
	var watched bool // by an enabled webhook
	err := tx.db.QueryRowContext(ctx, `UPDATE audit_head SET seq = seq + 1
		RETURNING seq, at, hash, EXISTS (SELECT 1 FROM webhooks WHERE enabled)`).Scan(&e.Seq, &at, &e.PrevHash, &watched)
	if err != nil {
		return fmt.Errorf("audit: read the head: %w", err)
	}
	if tx.audited.IsZero() {
		tx.audited = tx.now
		if last := moment(at); !tx.now.After(last) {
			tx.audited = last.Add(time.Millisecond)
		}
	}
	e.ID, e.Time, e.Clock = ksuid.New().String(), tx.audited, tx.now
	e.Hash = e.Sum()
	_, err = tx.exec(ctx, `INSERT INTO audit_events (`+auditColumns+`) VALUES (`+placeholders(1, 22)+`)`,
		e.Seq, e.ID, millis(e.Time), millis(e.Clock), e.Organization, e.Workspace, e.ActorType, e.ActorID, e.ActorName, e.ActorEmail,
		e.TokenID, e.Action, e.Target.Type, e.Target.ID, e.Target.Name, e.Origin.IP, e.Origin.UserAgent, e.Origin.RequestID,
		e.Before, e.After, e.PrevHash, e.Hash)
	if err != nil {
		return err
	}
	_, err = tx.exec(ctx, `UPDATE audit_head SET at = $1, hash = $2`, millis(e.Time), e.Hash)
	if err != nil || !watched {
		return err
	}
	return tx.queueMessages(ctx, e)
}

// RecentEvents returns the newest events of an organization, newest first: those of an actor, or
// if actor is empty all but the requests of identity providers that changed nothing. It asks the
// search index for those of an actor: a database that expects to come across them walks through the whole log
// for somebody who has few.
func (s *Store) RecentEvents(ctx context.Context, organization, actor string, limit int) ([]audit.Event, error) {
	if actor == "" {
		return all(ctx, &s.queries, scanEvent, `SELECT `+auditColumns+` FROM audit_events
			WHERE `+ofOrganization+` AND target_type <> 'scim_request' ORDER BY seq DESC LIMIT $2`, organization, limit)
	}
	found, err := s.FindEvents(ctx, audit.Query{Filter: audit.Filter{Organization: organization, Actor: actor}, Limit: limit})
	return found.Events, err
}

// EventByID returns an event of the organization. NotFound if there is none, also if it was pruned.
func (q *queries) EventByID(ctx context.Context, organization, id string) (audit.Event, error) {
	return one(ctx, q, "That event", scanEvent, `SELECT `+auditColumns+` FROM audit_events
		WHERE organization_id = $1 AND id = $2 AND seq > (SELECT coalesce(max(seq), 0) FROM audit_checkpoints)`, organization, id)
}

// EventsAfter returns up to limit events with numbers greater than seq, in order, whatever their
// organization. The error is an [*audit.Broken] if one of them cannot be read.
func (q *queries) EventsAfter(ctx context.Context, seq int64, limit int) ([]audit.Event, error) {
	return all(ctx, q, scanEvent, `SELECT `+auditColumns+` FROM audit_events WHERE seq > $1 ORDER BY seq LIMIT $2`, seq, limit)
}

// AuditPlan returns the plan of an organization. NotFound if there is no such organization.
func (q *queries) AuditPlan(ctx context.Context, organization string) (access.Plan, error) {
	return one(ctx, q, "That organization", func(row scanner) (access.Plan, error) {
		var plan access.Plan
		err := row.Scan(&plan)
		return plan, err
	}, `SELECT plan FROM organizations WHERE id = $1`, organization)
}

// TokenNames returns tokens of the organization by id, including deleted ones. It leaves out ids
// that it does not find.
func (q *queries) TokenNames(ctx context.Context, organization string, ids []string) (map[string]audit.TokenName, error) {
	names := map[string]audit.TokenName{}
	for chunk := range slices.Chunk(ids, idsPerQuery) {
		_, err := all(ctx, q, func(row scanner) (string, error) {
			var id string
			var n audit.TokenName
			err := row.Scan(&id, &n.Name, &n.Hint)
			names[id] = n
			return id, err
		}, `SELECT id, name, hint FROM tokens WHERE organization_id = $1 AND id IN (`+placeholders(2, len(chunk))+`)`,
			with([]any{organization}, chunk...)...)
		if err != nil {
			return nil, err
		}
	}
	return names, nil
}

// LogOwner returns the organization that the events of the installation itself belong to: the
// oldest one. NotFound if there is none.
func (q *queries) LogOwner(ctx context.Context) (string, error) { return q.SignInOrganization(ctx) }

// MemberNames returns the name and email address of a member of the organization. NotFound if
// there is none.
func (q *queries) MemberNames(ctx context.Context, organization, id string) (name, email string, err error) {
	type names struct{ name, email string }
	n, err := one(ctx, q, "That member", func(row scanner) (names, error) {
		var n names
		err := row.Scan(&n.name, &n.email)
		return n, err
	}, `SELECT name, email FROM members WHERE organization_id = $1 AND id = $2`, organization, id)
	return n.name, n.email, err
}

// AuditState returns where the log begins and ends, as of one moment. The error is an
// [*audit.Broken] if the record of the head is missing.
func (q *queries) AuditState(ctx context.Context) (audit.State, error) {
	s, found, err := first(ctx, q, scanState, `SELECT h.seq, h.hash, c.seq, c.at, c.hash, c.signed_by, c.signed_at
		FROM audit_head h LEFT JOIN audit_checkpoints c ON c.seq = (SELECT max(seq) FROM audit_checkpoints)`)
	if err == nil && !found {
		err = &audit.Broken{Seq: 0, Why: "cannot be verified: the record of the log's head is missing"}
	}
	return s, err
}

func scanState(row scanner) (audit.State, error) {
	s := audit.State{Checkpoint: audit.Checkpoint{Anchor: audit.Start()}}
	var seq, signedBy, at, signedAt sql.NullInt64
	var hash []byte
	err := row.Scan(&s.Head.Seq, &s.Head.Hash, &seq, &at, &hash, &signedBy, &signedAt)
	if seq.Valid {
		s.Checkpoint = audit.Checkpoint{Anchor: audit.Anchor{Seq: seq.Int64, Hash: hash}, Time: moment(at.Int64),
			SignedBy: signedBy.Int64, SignedAt: moment(signedAt.Int64)}
	}
	return s, err
}

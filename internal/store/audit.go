package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/segmentio/ksuid"

	"latchkey/internal/audit"
)

const auditColumns = `seq, id, at, organization_id, workspace_id, actor_type, actor_id, actor_name, actor_email,
	token_id, action, target_type, target_id, target_name, ip, user_agent, request_id, before_state, after_state, prev_hash, hash`

func scanEvent(row scanner) (audit.Event, error) {
	var e audit.Event
	var at int64
	err := row.Scan(&e.Seq, &e.ID, &at, &e.Organization, &e.Workspace, &e.ActorType, &e.ActorID, &e.ActorName, &e.ActorEmail,
		&e.TokenID, &e.Action, &e.Target.Type, &e.Target.ID, &e.Target.Name, &e.Origin.IP, &e.Origin.UserAgent, &e.Origin.RequestID,
		&e.Before, &e.After, &e.PrevHash, &e.Hash)
	e.Time, e.Target.Workspace = moment(at), e.Workspace
	return e, err
}

// AppendEvent chains e to the log within the transaction of the change that it tells of.
// A pair of target and action outside the vocabulary is a bug and fails the transaction.
func (tx *Tx) AppendEvent(ctx context.Context, e audit.Event) error {
	if !audit.Known(e.Target.Type, e.Action) {
		return fmt.Errorf("audit: %q of a %q is not in the vocabulary", e.Action, e.Target.Type)
	}
	err := tx.db.QueryRowContext(ctx, `SELECT seq, hash FROM audit_events ORDER BY seq DESC LIMIT 1`).Scan(&e.Seq, &e.PrevHash)
	if errors.Is(err, sql.ErrNoRows) {
		e.Seq, e.PrevHash, err = 0, audit.Genesis(), nil
	}
	if err != nil {
		return err
	}
	e.Seq, e.ID, e.Time = e.Seq+1, ksuid.New().String(), tx.now
	_, err = tx.exec(ctx, `INSERT INTO audit_events (`+auditColumns+`) VALUES (`+placeholders(1, 21)+`)`,
		e.Seq, e.ID, millis(e.Time), e.Organization, e.Workspace, e.ActorType, e.ActorID, e.ActorName, e.ActorEmail,
		e.TokenID, e.Action, e.Target.Type, e.Target.ID, e.Target.Name, e.Origin.IP, e.Origin.UserAgent, e.Origin.RequestID,
		e.Before, e.After, e.PrevHash, e.Sum())
	return err
}

// RecentEvents returns the newest events of an organization, newest first. With
// actor set, only what that member or token did.
func (q queries) RecentEvents(ctx context.Context, organization, actor string, limit int) ([]audit.Event, error) {
	return all(ctx, q, scanEvent, `SELECT `+auditColumns+` FROM audit_events
		WHERE organization_id = $1 AND ($2 = '' OR actor_id = $2) ORDER BY seq DESC LIMIT $3`, organization, actor, limit)
}

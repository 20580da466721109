package store

import (
	"context"

	"latchkey/internal/account"
)

// InsertResource adds a resource to a workspace.
func (tx *Tx) InsertResource(ctx context.Context, workspace string, r account.Resource) error {
	_, err := tx.exec(ctx, `INSERT INTO resources (id, workspace_id, type, name, created_at, updated_at)
		VALUES ($1, $2, $3, $4, $5, $5)`, r.ID, workspace, r.Type, r.Name, millis(tx.now))
	return err
}

// EmailKnown reports whether any member, of any organization, has the address.
func (q queries) EmailKnown(ctx context.Context, email string) (bool, error) {
	n, err := q.number(ctx, `SELECT count(*) FROM members WHERE email = $1`, email)
	return n > 0, err
}

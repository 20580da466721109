package store

import (
	"context"

	"latchkey/internal/policy"
	"latchkey/internal/registry"
)

// InsertResource adds a resource that has nothing but a type and a name.
func (tx *Tx) InsertResource(ctx context.Context, workspace string, r policy.Resource) error {
	return tx.AddResource(ctx, registry.Resource{ID: r.ID, Workspace: workspace, Type: r.Type, Name: r.Name,
		Enabled: true, Config: "{}", Version: 1, CreatedAt: tx.now, UpdatedAt: tx.now})
}

// EmailKnown reports whether any member, of any organization, has the address.
func (q queries) EmailKnown(ctx context.Context, email string) (bool, error) {
	n, err := q.number(ctx, `SELECT count(*) FROM members WHERE email = $1`, email)
	return n > 0, err
}

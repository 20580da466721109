package storetest

import (
	"context"

	"latchkey/internal/policy"
	"latchkey/internal/registry"
	"latchkey/internal/store"
)

// InsertResource adds a resource that has nothing but a type and a name.
func InsertResource(ctx context.Context, tx *store.Tx, workspace string, r policy.Resource) error {
	return tx.AddResource(ctx, registry.Resource{ID: r.ID, Workspace: workspace, Type: r.Type, Name: r.Name,
		Enabled: true, Config: "{}", Version: 1, CreatedAt: tx.Now(), UpdatedAt: tx.Now()})
}

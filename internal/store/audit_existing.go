package store

import (
	"context"
	"slices"

	"latchkey/internal/audit"
)

// Existing returns which of the ids belong to members, groups, workspaces, policies and tokens
// of the organization that still exist, in one query for each idsPerQuery ids.
func (q *queries) Existing(ctx context.Context, organization string, ids []string) (audit.Existing, error) {
	out := audit.Existing{}
	for chunk := range slices.Chunk(ids, idsPerQuery) {
		// SQLite would rather read all of the organization by an index than look up each id.
		in := ` WHERE organization_id || '' = $1 AND id IN (` + placeholders(2, len(chunk)) + `)`
		_, err := all(ctx, q, func(row scanner) (string, error) {
			var id, subject string
			err := row.Scan(&id, &subject)
			out[id] = subject
			return id, err
		}, `SELECT id, '' FROM members`+in+
			` UNION ALL SELECT id, '' FROM groups`+in+
			` UNION ALL SELECT id, '' FROM workspaces`+in+
			` UNION ALL SELECT id, coalesce(group_id, member_id, '') FROM policies`+in+
			` UNION ALL SELECT id, '' FROM tokens`+in+` AND deleted_at IS NULL`,
			with([]any{organization}, chunk...)...)
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

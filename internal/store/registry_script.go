package store

import (
	"context"
	"database/sql"

	"latchkey/internal/registry"
)

const versionColumns = `v.id, v.resource_id, v.number, v.name, v.description, v.language, v.code, v.created_at, v.created_by, v.published_at`

func scanVersion(row scanner) (registry.Version, error) {
	var v registry.Version
	var created int64
	var published sql.NullInt64
	err := row.Scan(&v.ID, &v.Resource, &v.Number, &v.Name, &v.Description, &v.Language, &v.Code, &created, &v.CreatedBy, &published)
	v.CreatedAt, v.PublishedAt = moment(created), maybeMoment(published)
	return v, err
}

// Version returns a version of a resource of a type in the workspace; NotFound otherwise.
func (q *queries) Version(ctx context.Context, workspace, typ, id string) (registry.Version, error) {
	return one(ctx, q, "That version", scanVersion, `SELECT `+versionColumns+` FROM script_versions v
		JOIN resources r ON r.id = v.resource_id WHERE v.id = $1 AND r.workspace_id = $2 AND r.type = $3`, id, workspace, typ)
}

// ShownVersions returns the version to show of each resource of a type, by resource.
func (q *queries) ShownVersions(ctx context.Context, workspace, typ string) (map[string]registry.Version, error) {
	versions, err := all(ctx, q, scanVersion, `SELECT `+versionColumns+` FROM resources r
		JOIN script_versions v ON v.id = r.shown_version WHERE r.workspace_id = $1 AND r.type = $2`, workspace, typ)
	by := make(map[string]registry.Version, len(versions))
	for _, v := range versions {
		by[v.Resource] = v
	}
	return by, err
}

// AddVersion adds a version with the next number of its resource and returns it.
func (tx *Tx) AddVersion(ctx context.Context, v registry.Version) (registry.Version, error) {
	return one(ctx, &tx.queries, "That version", func(row scanner) (registry.Version, error) {
		err := row.Scan(&v.Number)
		return v, err
	}, `INSERT INTO script_versions (id, resource_id, number, name, description, language, code, created_at, created_by)
		VALUES ($1, $2, (SELECT coalesce(max(o.number), 0) + 1 FROM script_versions o WHERE o.resource_id = $2), $3, $4, $5, $6, $7, $8)
		RETURNING number`,
		v.ID, v.Resource, v.Name, v.Description, v.Language, v.Code, millis(v.CreatedAt), v.CreatedBy)
}

// MarkPublished records that a version was published now.
func (tx *Tx) MarkPublished(ctx context.Context, id string) error {
	return tx.execOne(ctx, "That version", `UPDATE script_versions SET published_at = $1 WHERE id = $2`, millis(tx.now), id)
}

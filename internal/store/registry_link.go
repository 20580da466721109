package store

import (
	"context"

	"latchkey/internal/registry"
)

const connectionColumns = `c.id, c.workspace_id, c.source_id, c.destination_id, c.external_id, c.enabled, c.created_at, c.updated_at`

func scanConnection(row scanner) (registry.Connection, error) {
	var c registry.Connection
	var created, updated int64
	err := row.Scan(&c.ID, &c.Workspace, &c.Source, &c.Destination, &c.ExternalID, &c.Enabled, &created, &updated)
	c.CreatedAt, c.UpdatedAt = moment(created), moment(updated)
	return c, err
}

// Connection returns a connection of the workspace; NotFound otherwise.
func (q *queries) Connection(ctx context.Context, workspace, id string) (registry.Connection, error) {
	return one(ctx, q, "That connection", scanConnection, `SELECT `+connectionColumns+` FROM connections c
		WHERE c.id = $1 AND c.workspace_id = $2`, id, workspace)
}

// ConnectionOf returns the connection of a pair; NotFound if there is none.
func (q *queries) ConnectionOf(ctx context.Context, workspace, source, destination string) (registry.Connection, error) {
	return one(ctx, q, "That connection", scanConnection, `SELECT `+connectionColumns+` FROM connections c
		WHERE c.source_id = $1 AND c.destination_id = $2 AND c.workspace_id = $3`, source, destination, workspace)
}

// HoldConnection is Connection and locks the row until the transaction ends.
func (tx *Tx) HoldConnection(ctx context.Context, workspace, id string) (registry.Connection, error) {
	if err := tx.execOne(ctx, "That connection", `UPDATE connections SET enabled = enabled
		WHERE id = $1 AND workspace_id = $2`, id, workspace); err != nil {
		return registry.Connection{}, err
	}
	return tx.Connection(ctx, workspace, id)
}

func connectionsOf(workspace string, q registry.Query) *filter {
	f := &filter{text: `c.workspace_id = $1`, args: []any{workspace}}
	registryFilter(f, "c", q)
	return f
}

// Connections returns up to limit connections (0: all), ordered by id.
func (q *queries) Connections(ctx context.Context, workspace string, query registry.Query, limit int) ([]registry.Connection, error) {
	f := connectionsOf(workspace, query)
	f.page("c", query, limit)
	return all(ctx, q, scanConnection, `SELECT `+connectionColumns+` FROM connections c WHERE `+f.text, f.args...)
}

// ConnectionCount returns the number of connections that the query's filter selects.
func (q *queries) ConnectionCount(ctx context.Context, workspace string, query registry.Query) (int, error) {
	f := connectionsOf(workspace, query)
	return q.number(ctx, `SELECT count(*) FROM connections c WHERE `+f.text, f.args...)
}

// AddConnection adds a connection; Conflict if the pair is connected or the external id is taken.
func (tx *Tx) AddConnection(ctx context.Context, c registry.Connection) error {
	_, err := tx.exec(ctx, `INSERT INTO connections (id, workspace_id, source_id, destination_id, external_id, enabled, created_at, updated_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
		c.ID, c.Workspace, c.Source, c.Destination, c.ExternalID, c.Enabled, millis(c.CreatedAt), millis(c.UpdatedAt))
	return err
}

// SaveConnection saves the ends, the external id and whether the connection is enabled. Errors are
// those of AddConnection, and NotFound if it is gone.
func (tx *Tx) SaveConnection(ctx context.Context, c registry.Connection) error {
	return tx.execOne(ctx, "That connection", `UPDATE connections SET source_id = $1, destination_id = $2, external_id = $3,
		enabled = $4, updated_at = $5 WHERE id = $6 AND workspace_id = $7`,
		c.Source, c.Destination, c.ExternalID, c.Enabled, millis(c.UpdatedAt), c.ID, c.Workspace)
}

// RemoveConnection removes a connection; NotFound if it is gone.
func (tx *Tx) RemoveConnection(ctx context.Context, workspace, id string) error {
	return tx.execOne(ctx, "That connection", `DELETE FROM connections WHERE id = $1 AND workspace_id = $2`, id, workspace)
}

// Attachment returns the transformation of a destination; NotFound if it has none.
func (q *queries) Attachment(ctx context.Context, destination string) (registry.Attachment, error) {
	return one(ctx, q, "A transformation of this destination", func(row scanner) (registry.Attachment, error) {
		var a registry.Attachment
		var created, updated int64
		err := row.Scan(&a.Destination, &a.Transformation, &created, &updated)
		a.CreatedAt, a.UpdatedAt = moment(created), moment(updated)
		return a, err
	}, `SELECT destination_id, transformation_id, created_at, updated_at FROM destination_transformations WHERE destination_id = $1`, destination)
}

// SaveAttachment sets or replaces the transformation of a destination.
func (tx *Tx) SaveAttachment(ctx context.Context, a registry.Attachment) error {
	_, err := tx.exec(ctx, `INSERT INTO destination_transformations (destination_id, transformation_id, created_at, updated_at)
		VALUES ($1, $2, $3, $4)
		ON CONFLICT (destination_id) DO UPDATE SET transformation_id = excluded.transformation_id, updated_at = excluded.updated_at`,
		a.Destination, a.Transformation, millis(a.CreatedAt), millis(a.UpdatedAt))
	return err
}

// RemoveAttachment removes a destination's transformation; NotFound if it has none.
func (tx *Tx) RemoveAttachment(ctx context.Context, destination string) error {
	return tx.execOne(ctx, "A transformation of this destination",
		`DELETE FROM destination_transformations WHERE destination_id = $1`, destination)
}

// SourceLink returns the tracking plan that a source follows; NotFound if it follows none.
func (q *queries) SourceLink(ctx context.Context, source string) (registry.SourceLink, error) {
	return one(ctx, q, "A link of this source to this tracking plan", func(row scanner) (registry.SourceLink, error) {
		var l registry.SourceLink
		var created, updated int64
		err := row.Scan(&l.TrackingPlan, &l.Source, &l.Config, &created, &updated)
		l.CreatedAt, l.UpdatedAt = moment(created), moment(updated)
		return l, err
	}, `SELECT tracking_plan_id, source_id, config, created_at, updated_at FROM source_tracking_plans WHERE source_id = $1`, source)
}

// AddSourceLink makes a source follow a tracking plan; Conflict if it follows one already.
func (tx *Tx) AddSourceLink(ctx context.Context, l registry.SourceLink) error {
	_, err := tx.exec(ctx, `INSERT INTO source_tracking_plans (source_id, tracking_plan_id, config, created_at, updated_at)
		VALUES ($1, $2, $3, $4, $5)`, l.Source, l.TrackingPlan, l.Config, millis(l.CreatedAt), millis(l.UpdatedAt))
	return err
}

// SaveSourceLink saves how a source follows its plan; NotFound if it does not follow the plan.
func (tx *Tx) SaveSourceLink(ctx context.Context, l registry.SourceLink) error {
	return tx.execOne(ctx, "That link", `UPDATE source_tracking_plans SET config = $1, updated_at = $2
		WHERE source_id = $3 AND tracking_plan_id = $4`, l.Config, millis(l.UpdatedAt), l.Source, l.TrackingPlan)
}

// RemoveSourceLink removes a source's link; NotFound if it follows no plan.
func (tx *Tx) RemoveSourceLink(ctx context.Context, source string) error {
	return tx.execOne(ctx, "That link", `DELETE FROM source_tracking_plans WHERE source_id = $1`, source)
}

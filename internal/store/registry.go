package store

import (
	"context"
	"database/sql"
	"fmt"

	"latchkey/internal/actor"
	"latchkey/internal/registry"
)

// Registry returns the store as package registry sees it.
func Registry(s *Store) registry.Store { return registryStore{s, s} }

type registryStore struct {
	registry.Reads
	store *Store
}

// InTx runs fn in one write transaction.
func (s registryStore) InTx(ctx context.Context, by actor.Caller, fn func(registry.Tx) error) error {
	return s.store.InTx(ctx, by, func(tx *Tx) error { return fn(registry.Tx{Resources: tx, Links: tx, Sealing: tx}) })
}

const registryColumns = `r.id, r.workspace_id, r.type, r.name, r.definition, r.description, r.external_id, r.enabled, r.config,
	r.created_at, r.updated_at, r.created_by, r.write_key, r.geo_enrichment, r.transient, r.version, r.shown_version, r.published,
	coalesce((SELECT a.transformation_id FROM destination_transformations a WHERE a.destination_id = r.id), '')`

func scanRegistry(row scanner) (registry.Resource, error) {
	var r registry.Resource
	var created, updated int64
	var geo, transient sql.NullBool
	err := row.Scan(&r.ID, &r.Workspace, &r.Type, &r.Name, &r.Definition, &r.Description, &r.ExternalID, &r.Enabled, &r.Config,
		&created, &updated, &r.CreatedBy, &r.WriteKey, &geo, &transient, &r.Version, &r.ShownVersion, &r.Published, &r.Transformation)
	r.CreatedAt, r.UpdatedAt = moment(created), moment(updated)
	r.GeoEnrichment, r.Transient = maybeFlag(geo), maybeFlag(transient)
	return r, err
}

// maybeFlag converts a stored boolean that may be NULL, which becomes nil.
func maybeFlag(b sql.NullBool) *bool {
	if !b.Valid {
		return nil
	}
	return &b.Bool
}

// flag returns a boolean that may be nil as it is stored.
func flag(b *bool) any {
	if b == nil {
		return nil
	}
	return *b
}

// thatResource selects the resource $1 if it is in the workspace $2 and of the type $3.
const thatResource = ` WHERE id = $1 AND workspace_id = $2 AND type = $3`

// RegistryResource returns a resource of a type in a workspace; NotFound otherwise.
func (q *queries) RegistryResource(ctx context.Context, workspace, typ, id string) (registry.Resource, error) {
	return one(ctx, q, registry.Noun(typ), scanRegistry, `SELECT `+registryColumns+` FROM resources r`+thatResource, id, workspace, typ)
}

// HoldResource is RegistryResource and locks the row until the transaction ends.
func (tx *Tx) HoldResource(ctx context.Context, workspace, typ, id string) (registry.Resource, error) {
	if err := tx.execOne(ctx, registry.Noun(typ), `UPDATE resources SET name = name`+thatResource, id, workspace, typ); err != nil {
		return registry.Resource{}, err
	}
	return tx.RegistryResource(ctx, workspace, typ, id)
}

// filter is a condition under construction, with its arguments.
type filter struct {
	text string
	args []any
}

// add appends a condition in which %d stands for the number of its argument.
func (f *filter) add(condition string, arg any) {
	f.args = append(f.args, arg)
	f.text += fmt.Sprintf(condition, len(f.args))
}

// registryFilter adds the filter of a query on the table alias.
func registryFilter(f *filter, alias string, q registry.Query) {
	if q.HasExternalID != nil {
		f.add(` AND (`+alias+`.external_id <> '') = $%d`, *q.HasExternalID)
	}
}

// page adds the start, order and size of a page.
func (f *filter) page(alias string, q registry.Query, limit int) {
	if q.After != "" {
		f.add(` AND `+alias+`.id > $%d`, q.After)
	}
	f.text += ` ORDER BY ` + alias + `.id`
	if limit > 0 {
		f.add(` LIMIT $%d`, limit)
		f.add(` OFFSET $%d`, q.Offset())
	}
}

func ofType(workspace, typ string, q registry.Query) *filter {
	f := &filter{text: `r.workspace_id = $1 AND r.type = $2`, args: []any{workspace, typ}}
	registryFilter(f, "r", q)
	return f
}

// RegistryResources returns up to limit resources of a type (0: all), ordered by id.
func (q *queries) RegistryResources(ctx context.Context, workspace, typ string, query registry.Query,
	limit int) ([]registry.Resource, error) {
	f := ofType(workspace, typ, query)
	f.page("r", query, limit)
	return all(ctx, q, scanRegistry, `SELECT `+registryColumns+` FROM resources r WHERE `+f.text, f.args...)
}

// RegistryCount returns the number of resources of a type that the query's filter selects.
func (q *queries) RegistryCount(ctx context.Context, workspace, typ string, query registry.Query) (int, error) {
	f := ofType(workspace, typ, query)
	return q.number(ctx, `SELECT count(*) FROM resources r WHERE `+f.text, f.args...)
}

// ExternalIDTaken reports whether a resource of the type, or a connection (type
// "connection"), has the external id.
func (q *queries) ExternalIDTaken(ctx context.Context, workspace, typ, externalID string) (bool, error) {
	if typ == "connection" {
		n, err := q.number(ctx, `SELECT count(*) FROM connections WHERE workspace_id = $1 AND external_id = $2`, workspace, externalID)
		return n > 0, err
	}
	n, err := q.number(ctx, `SELECT count(*) FROM resources WHERE workspace_id = $1 AND type = $2 AND external_id = $3`,
		workspace, typ, externalID)
	return n > 0, err
}

// AddResource adds a resource; Conflict if its external id or write key is taken.
func (tx *Tx) AddResource(ctx context.Context, r registry.Resource) error {
	_, err := tx.exec(ctx, `INSERT INTO resources (id, workspace_id, type, name, definition, description, external_id, enabled, config,
			created_at, updated_at, created_by, write_key, geo_enrichment, transient, version, shown_version, published)
		VALUES (`+placeholders(1, 18)+`)`,
		r.ID, r.Workspace, r.Type, r.Name, r.Definition, r.Description, r.ExternalID, r.Enabled, r.Config,
		millis(r.CreatedAt), millis(r.UpdatedAt), r.CreatedBy, r.WriteKey, flag(r.GeoEnrichment), flag(r.Transient), r.Version,
		r.ShownVersion, r.Published)
	return err
}

// SaveResource saves everything except type, definition, workspace, write key and creation;
// NotFound if the resource is gone, Conflict if the external id is taken.
func (tx *Tx) SaveResource(ctx context.Context, r registry.Resource) error {
	return tx.execOne(ctx, registry.Noun(r.Type), `UPDATE resources SET name = $1, description = $2, external_id = $3, enabled = $4,
			config = $5, updated_at = $6, geo_enrichment = $7, transient = $8, version = $9, shown_version = $10, published = $11
		WHERE id = $12 AND workspace_id = $13`,
		r.Name, r.Description, r.ExternalID, r.Enabled, r.Config, millis(r.UpdatedAt), flag(r.GeoEnrichment), flag(r.Transient),
		r.Version, r.ShownVersion, r.Published, r.ID, r.Workspace)
}

// RemoveResource removes a resource. The database removes dependent rows with it.
func (tx *Tx) RemoveResource(ctx context.Context, workspace, id string) error {
	return tx.execOne(ctx, "That resource", `DELETE FROM resources WHERE id = $1 AND workspace_id = $2`, id, workspace)
}

// Ties counts the references to a resource.
func (tx *Tx) Ties(ctx context.Context, id string) (registry.Ties, error) {
	return one(ctx, &tx.queries, "That resource", func(row scanner) (registry.Ties, error) {
		var t registry.Ties
		err := row.Scan(&t.Connections, &t.Destinations, &t.SourceLinks)
		return t, err
	}, `SELECT (SELECT count(*) FROM connections WHERE source_id = $1) + (SELECT count(*) FROM connections WHERE destination_id = $1),
		(SELECT count(*) FROM destination_transformations WHERE transformation_id = $1),
		(SELECT count(*) FROM source_tracking_plans WHERE source_id = $1) +
			(SELECT count(*) FROM source_tracking_plans WHERE tracking_plan_id = $1)`, id)
}

// browsing returns a filter for resources that match a search by part of the name, in any letter
// case, or by the whole id.
func browsing(workspace, search string) *filter {
	f := &filter{text: `r.workspace_id = $1`, args: []any{workspace}}
	if search != "" {
		lower, typed, title := likePatterns(search)
		f.args = append(f.args, search, lower, typed, title)
		f.text += ` AND (r.id = $2 OR ` + nameLike(`r.name`, `$3`, `$4`, `$5`) + `)`
	}
	return f
}

// Browse returns a page of a workspace's resources, ordered by type and name.
func (q *queries) Browse(ctx context.Context, workspace string, query registry.BrowseQuery) ([]registry.Resource, error) {
	f := browsing(workspace, query.Search)
	if query.Type != "" {
		f.add(` AND r.type = $%d`, query.Type)
	}
	f.text += ` ORDER BY r.type, lower(r.name), r.id`
	f.add(` LIMIT $%d`, query.Size)
	f.add(` OFFSET $%d`, query.Offset())
	return all(ctx, q, scanRegistry, `SELECT `+registryColumns+` FROM resources r WHERE `+f.text, f.args...)
}

// BrowseCounts counts a workspace's resources that match the search, by type.
func (q *queries) BrowseCounts(ctx context.Context, workspace, search string) (map[string]int, error) {
	f := browsing(workspace, search)
	return q.countBy(ctx, `SELECT r.type, count(*) FROM resources r WHERE `+f.text+` GROUP BY r.type`, f.args...)
}

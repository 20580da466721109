package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"

	"latchkey/internal/access"
	"latchkey/internal/actor"
	"latchkey/internal/legacy"
	"latchkey/internal/migration"
)

// Migrations returns the store as package migration sees it.
func Migrations(s *Store) migration.Store { return migrationStore{s, s} }

type migrationStore struct {
	migration.Reads
	store *Store
}

// InTx runs fn in one write transaction.
func (s migrationStore) InTx(ctx context.Context, by actor.Caller, fn func(migration.Tx) error) error {
	return s.store.InTx(ctx, by, func(tx *Tx) error { return fn(migration.Tx{Area: tx, Existing: tx, Live: tx}) })
}

const migrationColumns = `m.id, m.organization_id, m.state, m.strategy, m.file_name, m.file_digest, m.source_id, m.source_name, m.summary,
	m.created_at, m.created_by, m.created_by_name, m.deployed_at, m.deployed_by_name`

func scanMigration(row scanner) (migration.Migration, error) {
	var m migration.Migration
	var summary string
	var created int64
	var deployed sql.NullInt64
	err := row.Scan(&m.ID, &m.Organization, &m.State, &m.Strategy, &m.FileName, &m.Digest, &m.Source.ID, &m.Source.Name, &summary,
		&created, &m.CreatedBy, &m.CreatedByName, &deployed, &m.DeployedByName)
	if err != nil {
		return m, err
	}
	m.CreatedAt, m.DeployedAt = moment(created), maybeMoment(deployed)
	if err := json.Unmarshal([]byte(summary), &m.Summary); err != nil {
		return m, fmt.Errorf("summary of migration %s: %w", m.ID, err)
	}
	return m, nil
}

// Staging returns the organization's migration that is not deployed; NotFound if there is none.
func (q *queries) Staging(ctx context.Context, organization string) (migration.Migration, error) {
	return one(ctx, q, "A staged import", scanMigration, `SELECT `+migrationColumns+` FROM migrations m
		WHERE m.organization_id = $1 AND m.state <> 'deployed'`, organization)
}

// Deployments returns the deployed migrations, newest first, without their reports.
func (q *queries) Deployments(ctx context.Context, organization string) ([]migration.Migration, error) {
	return all(ctx, q, scanMigration, `SELECT `+migrationColumns+` FROM migrations m
		WHERE m.organization_id = $1 AND m.state = 'deployed' ORDER BY m.deployed_at DESC, m.id DESC`, organization)
}

// Migration returns a migration of the organization with its report; NotFound otherwise.
func (q *queries) Migration(ctx context.Context, organization, id string) (migration.Migration, error) {
	var report string
	return one(ctx, q, "That import", func(row scanner) (migration.Migration, error) {
		m, err := scanMigration(scanWith{row, &report})
		m.Report = report
		return m, err
	}, `SELECT `+migrationColumns+`, m.report FROM migrations m WHERE m.organization_id = $1 AND m.id = $2`, organization, id)
}

// InsertMigration adds a migration; Conflict while another one is not deployed.
func (tx *Tx) InsertMigration(ctx context.Context, m migration.Migration) error {
	summary, err := json.Marshal(m.Summary)
	if err != nil {
		return err
	}
	_, err = tx.exec(ctx,
		`INSERT INTO migrations (id, organization_id, state, strategy, file_name, file_digest, source_id, source_name, summary,
			created_at, created_by, created_by_name, deployed_at, deployed_by_name, report)
		VALUES (`+placeholders(1, 15)+`)`,
		m.ID, m.Organization, m.State, m.Strategy, m.FileName, m.Digest, m.Source.ID, m.Source.Name, string(summary),
		millis(m.CreatedAt), m.CreatedBy, m.CreatedByName, millis(m.DeployedAt), m.DeployedByName, m.Report)
	return err
}

// UpdateMigration saves everything except creator and time of creation; NotFound if the migration
// is gone.
func (tx *Tx) UpdateMigration(ctx context.Context, m migration.Migration) error {
	summary, err := json.Marshal(m.Summary)
	if err != nil {
		return err
	}
	return tx.execOne(ctx, "That import", `UPDATE migrations SET state = $1, strategy = $2, file_digest = $3, source_id = $4, source_name = $5,
			summary = $6, deployed_at = $7, deployed_by_name = $8, report = $9 WHERE organization_id = $10 AND id = $11`,
		m.State, m.Strategy, m.Digest, m.Source.ID, m.Source.Name, string(summary), millis(m.DeployedAt), m.DeployedByName, m.Report,
		m.Organization, m.ID)
}

// DeleteMigration removes a migration with its items, unless it is deployed.
func (tx *Tx) DeleteMigration(ctx context.Context, organization, id string) error {
	_, err := tx.exec(ctx, `DELETE FROM migrations WHERE organization_id = $1 AND id = $2 AND state <> 'deployed'`, organization, id)
	return err
}

const itemColumns = `i.seq, i.kind, i.ref, i.name, i.detail, i.attention, i.conflict, i.choice, i.known, i.local_id, i.digest, i.body, i.after_state`

// itemScanner returns a function that scans items. Thousands of items have the same few policies
// and notes, so it parses each of those only once.
func itemScanner() func(row scanner) (migration.Item, error) {
	known := afterParser{bodies: map[string]access.Policy{}, notes: map[string][]legacy.Note{}}
	return func(row scanner) (migration.Item, error) {
		var i migration.Item
		var after string
		err := row.Scan(&i.Seq, &i.Kind, &i.Ref, &i.Name, &i.Detail, &i.Rank, &i.Conflict, &i.Choice, &i.Imported, &i.Local,
			&i.Digest, &i.Body, &after)
		if err != nil || after == "{}" {
			return i, err
		}
		if i.After, err = known.parse(after); err != nil {
			return i, fmt.Errorf("staged item %d: %w", i.Seq, err)
		}
		return i, nil
	}
}

// afterParser parses the After of items. Its results are shared.
type afterParser struct {
	bodies map[string]access.Policy
	notes  map[string][]legacy.Note
}

// stagedAfter is migration.After with its largest parts unparsed.
type stagedAfter struct {
	migration.After
	Policies []stagedPolicy `json:"policies"`
}

type stagedPolicy struct {
	migration.Policy
	Body  json.RawMessage `json:"body"`
	Notes json.RawMessage `json:"notes"`
}

func (a afterParser) parse(text string) (migration.After, error) {
	var raw stagedAfter
	if err := json.Unmarshal([]byte(text), &raw); err != nil {
		return migration.After{}, err
	}
	out := raw.After
	for _, p := range raw.Policies {
		var err error
		if p.Policy.Body, err = parsedOnce(a.bodies, p.Body); err != nil {
			return out, err
		}
		if p.Policy.Notes, err = parsedOnce(a.notes, p.Notes); err != nil {
			return out, err
		}
		out.Policies = append(out.Policies, p.Policy)
	}
	return out, nil
}

// parsedOnce parses JSON, or returns the value in known if it was parsed before. Empty text is
// the zero value.
func parsedOnce[T any](known map[string]T, text []byte) (T, error) {
	value, ok := known[string(text)]
	if ok || len(text) == 0 {
		return value, nil
	}
	err := json.Unmarshal(text, &value)
	known[string(text)] = value
	return value, err
}

// StagedItem returns an item of a migration; NotFound if there is none.
func (q *queries) StagedItem(ctx context.Context, id string, seq int64) (migration.Item, error) {
	return one(ctx, q, "That item", itemScanner(),
		`SELECT `+itemColumns+` FROM migration_items i WHERE i.migration_id = $1 AND i.seq = $2`, id, seq)
}

// StagedItems returns up to limit items of a kind after seq, in the order of the file.
func (q *queries) StagedItems(ctx context.Context, id string, kind migration.Kind, after int64, limit int) ([]migration.Item, error) {
	return all(ctx, q, itemScanner(), `SELECT `+itemColumns+` FROM migration_items i
		WHERE i.migration_id = $1 AND i.kind = $2 AND i.seq > $3 ORDER BY i.seq LIMIT $4`, id, kind, after, limit)
}

// StagedByRef returns the items of a kind with the given old ids, in the order of the file.
func (q *queries) StagedByRef(ctx context.Context, id string, kind migration.Kind, refs []string) ([]migration.Item, error) {
	var out []migration.Item
	for chunk := range slices.Chunk(refs, idsPerQuery) {
		items, err := all(ctx, q, itemScanner(), `SELECT `+itemColumns+` FROM migration_items i WHERE i.migration_id = $1 AND i.kind = $2
			AND i.ref IN (`+placeholders(3, len(chunk))+`) ORDER BY i.seq`, append([]any{id, kind}, anys(chunk)...)...)
		if err != nil {
			return nil, err
		}
		out = append(out, items...)
	}
	return out, nil
}

// FindStaged returns one page of items, the highest rank first, and their number on all pages.
func (q *queries) FindStaged(ctx context.Context, id string, query migration.Query) ([]migration.Item, int, error) {
	f := &filter{text: `i.migration_id = $1 AND i.kind = $2`, args: []any{id, query.Kind}}
	if query.Search != "" {
		lower, typed, title := likePatterns(query.Search)
		f.args = append(f.args, lower, typed, title)
		f.text += ` AND (i.detail LIKE $3 ESCAPE '\' OR ` + nameLike(`i.name`, `$3`, `$4`, `$5`) + `)`
	}
	if query.Open {
		f.text += ` AND i.conflict <> '' AND i.choice = ''`
	}
	if query.Notes {
		f.text += ` AND i.attention > 0`
	}
	total, err := q.number(ctx, `SELECT count(*) FROM migration_items i WHERE `+f.text, f.args...)
	if err != nil {
		return nil, 0, err
	}
	f.text += ` ORDER BY i.attention DESC, i.seq`
	f.add(` LIMIT $%d`, query.Limit)
	f.add(` OFFSET $%d`, query.Offset)
	items, err := all(ctx, q, itemScanner(), `SELECT `+itemColumns+` FROM migration_items i WHERE `+f.text, f.args...)
	return items, total, err
}

// Tallies counts the items of a migration by their properties.
func (q *queries) Tallies(ctx context.Context, id string) ([]migration.Tally, error) {
	return all(ctx, q, func(row scanner) (migration.Tally, error) {
		var t migration.Tally
		err := row.Scan(&t.Kind, &t.Rank, &t.Imported, &t.Conflict, &t.Choice, &t.Count)
		return t, err
	}, `SELECT kind, attention, known, conflict, choice, count(*) FROM migration_items WHERE migration_id = $1
		GROUP BY kind, attention, known, conflict, choice ORDER BY kind, attention DESC, known, conflict, choice`, id)
}

// itemsPerInsert keeps an insert of items below every engine's limit of parameters.
const itemsPerInsert = 50

// InsertItems adds items of a migration.
func (tx *Tx) InsertItems(ctx context.Context, id string, items []migration.Item) error {
	const columns = 14
	for chunk := range slices.Chunk(items, itemsPerInsert) {
		values, args := "", make([]any, 0, columns*len(chunk))
		for n, i := range chunk {
			after, err := json.Marshal(i.After)
			if err != nil {
				return err
			}
			if n > 0 {
				values += ", "
			}
			values += "(" + placeholders(1+n*columns, columns) + ")"
			args = append(args, id, i.Seq, i.Kind, i.Ref, i.Name, i.Detail, i.Rank, i.Conflict, i.Choice, i.Imported, i.Local,
				i.Digest, i.Body, string(after))
		}
		if _, err := tx.exec(ctx,
			`INSERT INTO migration_items (migration_id, seq, kind, ref, name, detail, attention, conflict, choice, known, local_id,
			digest, body, after_state) VALUES `+values, args...); err != nil {
			return err
		}
	}
	return nil
}

// UpdateItem saves the fields of an item that comparison, choices and edits change; NotFound if
// it is gone.
func (tx *Tx) UpdateItem(ctx context.Context, id string, i migration.Item) error {
	after, err := json.Marshal(i.After)
	if err != nil {
		return err
	}
	return tx.execOne(ctx, "That item",
		`UPDATE migration_items SET attention = $1, conflict = $2, choice = $3, known = $4, local_id = $5, after_state = $6
		WHERE migration_id = $7 AND seq = $8`, i.Rank, i.Conflict, i.Choice, i.Imported, i.Local, string(after), id, i.Seq)
}

// DeleteItems removes the items of a migration.
func (tx *Tx) DeleteItems(ctx context.Context, id string) error {
	_, err := tx.exec(ctx, `DELETE FROM migration_items WHERE migration_id = $1`, id)
	return err
}

// Links returns, by old id, the new ids of elements of a kind from a source.
func (q *queries) Links(ctx context.Context, organization, source string, kind migration.Kind) (map[string]string, error) {
	links := map[string]string{}
	_, err := all(ctx, q, func(row scanner) (struct{}, error) {
		var ref, local string
		err := row.Scan(&ref, &local)
		links[ref] = local
		return struct{}{}, err
	}, `SELECT l.ref, l.local_id FROM migration_links l WHERE l.organization_id = $1 AND l.source_id = $2 AND l.kind = $3`, organization, source, kind)
	return links, err
}

// SaveLinks records the new ids of elements, replacing earlier records.
func (tx *Tx) SaveLinks(ctx context.Context, organization, source string, links []migration.Link) error {
	for chunk := range slices.Chunk(links, itemsPerInsert) {
		values, args := "", []any{organization, source}
		for n, l := range chunk {
			if n > 0 {
				values += ", "
			}
			values += "($1, $2, " + placeholders(3+3*n, 3) + ")"
			args = append(args, l.Kind, l.Ref, l.Local)
		}
		if _, err := tx.exec(ctx, `INSERT INTO migration_links (organization_id, source_id, kind, ref, local_id) VALUES `+values+`
			ON CONFLICT (organization_id, source_id, kind, ref) DO UPDATE SET local_id = excluded.local_id`, args...); err != nil {
			return err
		}
	}
	return nil
}

// PresentMembers returns all members of the organization for comparison.
func (q *queries) PresentMembers(ctx context.Context, organization string) ([]migration.Present, error) {
	return all(ctx, q, func(row scanner) (migration.Present, error) {
		var p migration.Present
		err := row.Scan(&p.ID, &p.Email, &p.Role, &p.Status)
		return p, err
	}, `SELECT m.id, m.email, m.role, m.status FROM members m WHERE m.organization_id = $1`, organization)
}

// MembersInside returns the members who are in a workspace by their own policy or a group's.
func (q *queries) MembersInside(ctx context.Context, organization, workspace string) (map[string]bool, error) {
	return q.textSet(ctx, `SELECT DISTINCT member_id FROM (`+inWorkspaces("$2")+`) AS inside`, organization, workspace)
}

// HeldDigests returns, by digest, the tokens with one of the digests, including deleted ones.
func (q *queries) HeldDigests(ctx context.Context, digests [][]byte) (map[string]migration.Held, error) {
	held := map[string]migration.Held{}
	for chunk := range slices.Chunk(digests, idsPerQuery) {
		args := make([]any, len(chunk))
		for n, d := range chunk {
			args[n] = d
		}
		_, err := all(ctx, q, func(row scanner) (struct{}, error) {
			var digest []byte
			var h migration.Held
			err := row.Scan(&digest, &h.ID, &h.Deleted)
			held[string(digest)] = h
			return struct{}{}, err
		}, `SELECT t.digest, t.id, t.deleted_at IS NOT NULL FROM tokens t WHERE t.digest IN (`+placeholders(1, len(chunk))+`)`, args...)
		if err != nil {
			return nil, err
		}
	}
	return held, nil
}

// LocatedResources returns, by id, the location of resources in any organization.
func (q *queries) LocatedResources(ctx context.Context, ids []string) (map[string]migration.Located, error) {
	located := map[string]migration.Located{}
	for chunk := range slices.Chunk(ids, idsPerQuery) {
		_, err := all(ctx, q, func(row scanner) (struct{}, error) {
			var l migration.Located
			err := row.Scan(&l.ID, &l.Workspace, &l.Type)
			located[l.ID] = l
			return struct{}{}, err
		}, `SELECT r.id, r.workspace_id, r.type FROM resources r WHERE r.id IN (`+placeholders(1, len(chunk))+`)`, anys(chunk)...)
		if err != nil {
			return nil, err
		}
	}
	return located, nil
}

// WorkspaceIDsTaken returns which of the ids belong to a workspace of any organization.
func (q *queries) WorkspaceIDsTaken(ctx context.Context, ids []string) (map[string]bool, error) {
	taken := map[string]bool{}
	for chunk := range slices.Chunk(ids, idsPerQuery) {
		some, err := q.textSet(ctx, `SELECT w.id FROM workspaces w WHERE w.id IN (`+placeholders(1, len(chunk))+`)`, anys(chunk)...)
		if err != nil {
			return nil, err
		}
		for id := range some {
			taken[id] = true
		}
	}
	return taken, nil
}

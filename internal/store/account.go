package store

import (
	"context"

	"latchkey/internal/account"
	"latchkey/internal/actor"
)

// Accounts returns the store as the services of package account see it.
func Accounts(s *Store) account.Stores {
	return account.Stores{Organizations: organizations{s, s}, Workspaces: workspaces{s, s}, Members: members{s, s},
		Groups: groups{s, s}, Search: s}
}

// The store as each service of package account sees it.
type (
	organizations struct {
		account.OrganizationReads
		store *Store
	}
	workspaces struct {
		account.WorkspaceReads
		store *Store
	}
	members struct {
		account.MemberReads
		store *Store
	}
	groups struct {
		account.GroupReads
		store *Store
	}
)

func (o organizations) InTx(ctx context.Context, by actor.Caller, fn func(account.OrganizationTx) error) error {
	return o.store.InTx(ctx, by, func(tx *Tx) error { return fn(tx) })
}

func (w workspaces) InTx(ctx context.Context, by actor.Caller, fn func(account.WorkspaceTx) error) error {
	return w.store.InTx(ctx, by, func(tx *Tx) error { return fn(tx) })
}

func (m members) InTx(ctx context.Context, by actor.Caller, fn func(account.MemberTx) error) error {
	return m.store.InTx(ctx, by, func(tx *Tx) error { return fn(tx) })
}

func (g groups) InTx(ctx context.Context, by actor.Caller, fn func(account.GroupTx) error) error {
	return g.store.InTx(ctx, by, func(tx *Tx) error { return fn(tx) })
}

// Claimed reports whether an organization exists.
func (q *queries) Claimed(ctx context.Context) (bool, error) {
	n, err := q.number(ctx, `SELECT count(*) FROM organizations`)
	return n > 0, err
}

// Organization returns an organization; NotFound for an unknown id.
func (q *queries) Organization(ctx context.Context, id string) (account.Organization, error) {
	return one(ctx, q, "That organization", scanOrganization,
		`SELECT `+organizationColumns+` FROM organizations WHERE id = $1`, id)
}

const organizationColumns = `id, name, plan, scim_enabled, scim_fixed_addresses, created_at`

func scanOrganization(row scanner) (account.Organization, error) {
	var o account.Organization
	var created int64
	err := row.Scan(&o.ID, &o.Name, &o.Plan, &o.SCIMEnabled, &o.SCIMFixedAddresses, &created)
	o.CreatedAt = moment(created)
	return o, err
}

// HoldOrganization returns an organization and locks its row until the transaction ends, so that
// overlapping writers that change one organization take turns. NotFound for an unknown id.
func (tx *Tx) HoldOrganization(ctx context.Context, id string) (account.Organization, error) {
	return one(ctx, &tx.queries, "That organization", scanOrganization,
		`UPDATE organizations SET name = name WHERE id = $1 RETURNING `+organizationColumns, id)
}

// InsertOrganization adds an organization.
func (tx *Tx) InsertOrganization(ctx context.Context, o account.Organization) error {
	_, err := tx.exec(ctx, `INSERT INTO organizations (`+organizationColumns+`) VALUES ($1, $2, $3, $4, $5, $6)`,
		o.ID, o.Name, o.Plan, o.SCIMEnabled, o.SCIMFixedAddresses, millis(o.CreatedAt))
	return err
}

// scanNamed scans an owner's id, an id and a name.
func scanNamed(row scanner) (namedOf, error) {
	var n namedOf
	err := row.Scan(&n.of, &n.named.ID, &n.named.Name)
	return n, err
}

// namedOf is a named row and the id of its owner.
type namedOf struct {
	of    string
	named account.Named
}

// namedBy runs a query for namedOf and groups the rows by owner, in the order of the query.
func (q *queries) namedBy(ctx context.Context, query string, args ...any) (map[string][]account.Named, error) {
	rows, err := all(ctx, q, scanNamed, query, args...)
	by := map[string][]account.Named{}
	for _, r := range rows {
		by[r.of] = append(by[r.of], r.named)
	}
	return by, err
}

// countBy runs a query for pairs of an id and an integer.
func (q *queries) countBy(ctx context.Context, query string, args ...any) (map[string]int, error) {
	type count struct {
		id string
		n  int
	}
	rows, err := all(ctx, q, func(row scanner) (count, error) {
		var c count
		err := row.Scan(&c.id, &c.n)
		return c, err
	}, query, args...)
	by := make(map[string]int, len(rows))
	for _, r := range rows {
		by[r.id] = r.n
	}
	return by, err
}

// textSet runs a query for strings and returns them as a set.
func (q *queries) textSet(ctx context.Context, query string, args ...any) (map[string]bool, error) {
	rows, err := all(ctx, q, scanText, query, args...)
	set := make(map[string]bool, len(rows))
	for _, text := range rows {
		set[text] = true
	}
	return set, err
}

// with appends strings to the arguments of a query.
func with[T ~string](args []any, texts ...T) []any {
	for _, text := range texts {
		args = append(args, text)
	}
	return args
}

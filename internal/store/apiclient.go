package store

import (
	"context"

	"latchkey/internal/actor"
	"latchkey/internal/apiclient"
	"latchkey/internal/change"
)

// APIClients returns the store as package apiclient sees it.
func APIClients(s *Store) apiclient.Store { return apiClients{s, s} }

type apiClients struct {
	apiclient.Reads
	store *Store
}

// InTx runs fn in one write transaction.
func (s apiClients) InTx(ctx context.Context, by actor.Caller, fn func(apiclient.Tx) error) error {
	return s.store.InTx(ctx, by, func(tx *Tx) error { return fn(tx) })
}

const clientColumns = `c.id, c.organization_id, c.name, c.hint, c.created_by, c.created_by_name, c.created_at, c.checks_addresses`

func scanClient(row scanner) (apiclient.Client, error) {
	var c apiclient.Client
	var created int64
	err := row.Scan(&c.ID, &c.Organization, &c.Name, &c.Hint, &c.CreatedBy, &c.CreatedByName, &created, &c.ChecksAddresses)
	c.CreatedAt = moment(created)
	return c, err
}

// APIClients returns the organization's clients, ordered by name.
func (q *queries) APIClients(ctx context.Context, organization string) ([]apiclient.Client, error) {
	return all(ctx, q, scanClient, `SELECT `+clientColumns+` FROM api_clients c
		WHERE c.organization_id = $1 ORDER BY lower(c.name), c.id`, organization)
}

// Credentials returns the credentials of all clients of all organizations.
func (q *queries) Credentials(ctx context.Context) ([]apiclient.Credential, error) {
	return all(ctx, q, func(row scanner) (apiclient.Credential, error) {
		var digest []byte
		c, err := scanClient(scanWith{row, &digest})
		credential := apiclient.Credential{Client: c}
		copy(credential.Digest[:], digest)
		return credential, err
	}, `SELECT `+clientColumns+`, c.digest FROM api_clients c`)
}

// APIClientKeyUsed reports whether creator has registered a client with this idempotency key.
func (q *queries) APIClientKeyUsed(ctx context.Context, creator, key string) (bool, error) {
	n, err := q.number(ctx, `SELECT count(*) FROM api_clients WHERE created_by = $1 AND submission = $2 AND submission <> ''`, creator, key)
	return n > 0, err
}

// InsertAPIClient adds a client; Conflict if its name or submission key exists.
func (tx *Tx) InsertAPIClient(ctx context.Context, c apiclient.Credential, key string) error {
	tx.changed(change.Client, c.ID)
	_, err := tx.exec(ctx,
		`INSERT INTO api_clients (id, organization_id, name, digest, hint, created_by, created_by_name, created_at, submission, checks_addresses)
		VALUES (`+placeholders(1, 10)+`)`,
		c.ID, c.Organization, c.Name, c.Digest[:], c.Hint, c.CreatedBy, c.CreatedByName, millis(c.CreatedAt), key, c.ChecksAddresses)
	return err
}

// DeleteAPIClient removes a client; NotFound if there is none.
func (tx *Tx) DeleteAPIClient(ctx context.Context, organization, id string) error {
	tx.changed(change.Client, id)
	return tx.execOne(ctx, "That API client", `DELETE FROM api_clients WHERE organization_id = $1 AND id = $2`, organization, id)
}

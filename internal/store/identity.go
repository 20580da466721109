package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"time"

	"latchkey/internal/account"
	"latchkey/internal/actor"
	"latchkey/internal/identity"
)

// Identities returns the store as package identity sees it.
func Identities(s *Store) identity.Store { return identities{s, s} }

type identities struct {
	identity.Reads
	store *Store
}

// InTx runs fn in one write transaction.
func (s identities) InTx(ctx context.Context, by actor.Caller, fn func(identity.Tx) error) error {
	return s.store.InTx(ctx, by, func(tx *Tx) error {
		return fn(identity.Tx{Providers: tx, Requirements: tx, Members: tx, Ways: tx, SignIns: signInTx(tx)})
	})
}

// Requirements returns what is read about requiring providers.
func (s identities) Requirements() identity.RequirementReads { return s.store }

const providerColumns = `p.id, p.organization_id, p.preset, p.name, p.issuer, p.client_id, p.enabled, p.domains, p.new_members,
	p.groups_claim, p.group_table, p.admin_group, p.admin_again, p.created_at, p.updated_at, p.kind, p.metadata_url, p.metadata,
	p.metadata_at, p.metadata_problem, p.subject_attribute`

func scanProvider(row scanner) (identity.Provider, error) {
	var p identity.Provider
	var domains, table, metadata string
	var created, updated int64
	var read sql.NullInt64
	err := row.Scan(&p.ID, &p.Organization, &p.Preset, &p.Name, &p.Issuer, &p.ClientID, &p.Enabled, &domains, &p.NewMembers, &p.GroupsClaim,
		&table, &p.AdminGroup, &p.AdminAgain, &created, &updated, &p.Kind, &p.MetadataURL, &metadata, &read, &p.MetadataProblem,
		&p.SubjectAttribute)
	p.CreatedAt, p.UpdatedAt, p.MetadataAt = moment(created), moment(updated), maybeMoment(read)
	if err == nil {
		err = json.Unmarshal([]byte(domains), &p.Domains)
	}
	if err == nil {
		err = json.Unmarshal([]byte(table), &p.Groups)
	}
	if err == nil && metadata != "" {
		err = json.Unmarshal([]byte(metadata), &p.Metadata)
	}
	return p, err
}

// Provider returns an identity provider; NotFound if there is none.
func (q *queries) Provider(ctx context.Context, id string) (identity.Provider, error) {
	return one(ctx, q, "That identity provider", scanProvider, `SELECT `+providerColumns+` FROM identity_providers p WHERE p.id = $1`, id)
}

// Providers returns the organization's identity providers, by name.
func (q *queries) Providers(ctx context.Context, organization string) ([]identity.Provider, error) {
	return all(ctx, q, scanProvider, `SELECT `+providerColumns+` FROM identity_providers p WHERE p.organization_id = $1
		ORDER BY lower(p.name), p.id`, organization)
}

// ProviderKeyUsed reports whether a form with this one-time key made a provider.
func (q *queries) ProviderKeyUsed(ctx context.Context, organization, key string) (bool, error) {
	n, err := q.number(ctx, `SELECT count(*) FROM identity_providers WHERE organization_id = $1 AND submission = $2`, organization, key)
	return n > 0, err
}

// providerTexts returns the lists of a provider as they are stored.
func providerTexts(p identity.Provider) (domains, table, metadata string, err error) {
	d, err := json.Marshal(append([]string{}, p.Domains...))
	if err != nil {
		return "", "", "", err
	}
	if p.Kind == identity.KindSAML {
		m, err := json.Marshal(p.Metadata)
		if err != nil {
			return "", "", "", err
		}
		metadata = string(m)
	}
	t, err := json.Marshal(append([]identity.Mapping{}, p.Groups...))
	return string(d), string(t), metadata, err
}

// InsertProvider adds an identity provider; Conflict if the issuer is taken.
func (tx *Tx) InsertProvider(ctx context.Context, p identity.Provider, key string) error {
	domains, table, metadata, err := providerTexts(p)
	if err != nil {
		return err
	}
	_, err = tx.exec(ctx, `INSERT INTO identity_providers (id, organization_id, kind, preset, name, issuer, client_id, enabled, domains,
		new_members, groups_claim, group_table, admin_group, admin_again, created_at, updated_at, submission, metadata_url, metadata, metadata_at,
		metadata_problem, subject_attribute) VALUES (`+placeholders(1, 22)+`)`,
		p.ID, p.Organization, string(p.Kind), p.Preset, p.Name, p.Issuer, p.ClientID, p.Enabled, domains, string(p.NewMembers),
		p.GroupsClaim, table,
		p.AdminGroup, p.AdminAgain, millis(p.CreatedAt), millis(p.UpdatedAt), key, p.MetadataURL, metadata, millis(p.MetadataAt),
		p.MetadataProblem, p.SubjectAttribute)
	return err
}

// UpdateProvider saves what may change of an identity provider; Conflict if the issuer is taken.
func (tx *Tx) UpdateProvider(ctx context.Context, p identity.Provider) error {
	domains, table, metadata, err := providerTexts(p)
	if err != nil {
		return err
	}
	return tx.execOne(ctx, "That identity provider", `UPDATE identity_providers SET name = $1, issuer = $2, client_id = $3, enabled = $4,
		domains = $5, new_members = $6, groups_claim = $7, group_table = $8, admin_group = $9, admin_again = $10, updated_at = $11,
		metadata_url = $12, metadata = $13, metadata_at = $14, metadata_problem = $15, subject_attribute = $16
		WHERE organization_id = $17 AND id = $18`, p.Name, p.Issuer, p.ClientID, p.Enabled, domains, string(p.NewMembers), p.GroupsClaim, table,
		p.AdminGroup, p.AdminAgain, millis(p.UpdatedAt), p.MetadataURL, metadata, millis(p.MetadataAt), p.MetadataProblem, p.SubjectAttribute,
		p.Organization, p.ID)
}

// DeleteProvider removes an identity provider with all that hangs on it; NotFound if there is none.
func (tx *Tx) DeleteProvider(ctx context.Context, organization, id string) error {
	return tx.execOne(ctx, "That identity provider", `DELETE FROM identity_providers WHERE organization_id = $1 AND id = $2`, organization, id)
}

// ProviderSecrets returns the secrets of an identity provider.
func (q *queries) ProviderSecrets(ctx context.Context, provider string) ([]identity.Sealed, error) {
	return all(ctx, q, func(row scanner) (identity.Sealed, error) {
		var v identity.Sealed
		err := row.Scan(&v.Path, &v.Key, &v.Value)
		return v, err
	}, `SELECT path, key_id, sealed FROM identity_provider_secrets WHERE provider_id = $1 ORDER BY path`, provider)
}

// SaveProviderSecrets replaces the secrets of an identity provider.
func (tx *Tx) SaveProviderSecrets(ctx context.Context, provider string, secrets []identity.Sealed) error {
	if _, err := tx.exec(ctx, `DELETE FROM identity_provider_secrets WHERE provider_id = $1`, provider); err != nil {
		return err
	}
	for _, v := range secrets {
		if _, err := tx.exec(ctx, `INSERT INTO identity_provider_secrets (provider_id, path, key_id, sealed) VALUES ($1, $2, $3, $4)`,
			provider, v.Path, v.Key, v.Value); err != nil {
			return err
		}
	}
	return nil
}

const identityColumns = `i.provider_id, i.issuer, i.subject, i.member_id, i.email, i.created_at, i.last_seen_at, i.demoted_at`

// scanIdentity scans identityColumns and further columns.
func scanIdentity(row scanner, more ...any) (identity.Identity, error) {
	var i identity.Identity
	var created, seen int64
	var demoted sql.NullInt64
	err := row.Scan(append([]any{&i.Provider, &i.Issuer, &i.Subject, &i.Member, &i.Email, &created, &seen, &demoted}, more...)...)
	i.CreatedAt, i.SeenAt, i.DemotedAt = moment(created), moment(seen), maybeMoment(demoted)
	return i, err
}

// IdentityOf returns the identity of a subject; NotFound if it is linked to nobody.
func (q *queries) IdentityOf(ctx context.Context, provider, issuer, subject string) (identity.Identity, error) {
	return one(ctx, q, "That identity", func(row scanner) (identity.Identity, error) { return scanIdentity(row) },
		`SELECT `+identityColumns+` FROM identities i WHERE i.provider_id = $1 AND i.issuer = $2 AND i.subject = $3`, provider, issuer, subject)
}

// IdentityOfMember returns the identity of a member at a provider; NotFound if there is none.
func (q *queries) IdentityOfMember(ctx context.Context, provider, member string) (identity.Identity, error) {
	return one(ctx, q, "That link", func(row scanner) (identity.Identity, error) { return scanIdentity(row) },
		`SELECT `+identityColumns+` FROM identities i WHERE i.provider_id = $1 AND i.member_id = $2`, provider, member)
}

// Linked returns up to limit identities of a provider, the last used first.
func (q *queries) Linked(ctx context.Context, provider string, limit int) ([]identity.Linked, error) {
	return all(ctx, q, func(row scanner) (identity.Linked, error) {
		var l identity.Linked
		var err error
		l.Identity, err = scanIdentity(row, &l.Name, &l.MemberEmail)
		return l, err
	}, `SELECT `+identityColumns+`, m.name, m.email FROM identities i JOIN members m ON m.id = i.member_id WHERE i.provider_id = $1
		ORDER BY i.last_seen_at DESC, i.subject LIMIT $2`, provider, limit)
}

// MemberNamed returns the member with a lower-case address, and whether SCIM manages them; NotFound otherwise.
func (q *queries) MemberNamed(ctx context.Context, organization, email string) (account.Member, bool, error) {
	u, err := q.UserByName(ctx, organization, email)
	return u.Member, u.Linked, err
}

// SaveIdentity adds an identity, or saves what the provider said last.
func (tx *Tx) SaveIdentity(ctx context.Context, i identity.Identity) error {
	_, err := tx.exec(ctx, `INSERT INTO identities (provider_id, issuer, subject, member_id, email, created_at, last_seen_at, demoted_at)
		VALUES (`+placeholders(1, 8)+`) ON CONFLICT (provider_id, subject) DO UPDATE SET email = excluded.email,
		last_seen_at = excluded.last_seen_at, demoted_at = excluded.demoted_at`,
		i.Provider, i.Issuer, i.Subject, i.Member, i.Email, millis(i.CreatedAt), millis(i.SeenAt), millis(i.DemotedAt))
	return err
}

// DropIdentities deletes the identity of a member at a provider, or (member "") all of the provider, and returns their number.
func (tx *Tx) DropIdentities(ctx context.Context, provider, member string) (int64, error) {
	return tx.exec(ctx, `DELETE FROM identities WHERE provider_id = $1 AND ($2 = '' OR member_id = $2)`, provider, member)
}

// UseAnswer records that something was used which may be used once, and reports whether it was not used before. What
// need not be remembered any more is forgotten.
func (tx *Tx) UseAnswer(ctx context.Context, digest []byte, until time.Time) (bool, error) {
	if _, err := tx.exec(ctx, `DELETE FROM provider_answers WHERE expires_at <= $1`, millis(tx.now)); err != nil {
		return false, err
	}
	n, err := tx.exec(ctx, `INSERT INTO provider_answers (digest, expires_at) VALUES ($1, $2) ON CONFLICT (digest) DO NOTHING`,
		digest, millis(until))
	return n > 0, err
}

// InsertWay records how a session was proven.
func (tx *Tx) InsertWay(ctx context.Context, w identity.Way) error {
	_, err := tx.exec(ctx, `INSERT INTO provider_sessions (session_id, provider_id, subject, sid, proven_at, key_id, id_token)
		VALUES (`+placeholders(1, 7)+`)`, w.Session, w.Provider, w.Subject, w.SID, millis(w.ProvenAt), w.Key, w.Token)
	return err
}

// MoveWay lets a provider that vouched for a session vouch for the one that takes its place.
func (tx *Tx) MoveWay(ctx context.Context, from, to string) error {
	_, err := tx.exec(ctx, `UPDATE provider_sessions SET session_id = $2 WHERE session_id = $1`, from, to)
	return err
}

// WayOf returns how a session was proven; NotFound if no provider vouched for it.
func (q *queries) WayOf(ctx context.Context, session string) (identity.Way, error) {
	return one(ctx, q, "That session", func(row scanner) (identity.Way, error) {
		w := identity.Way{Session: session}
		var proven sql.NullInt64
		err := row.Scan(&w.Provider, &w.Subject, &w.SID, &proven, &w.Key, &w.Token)
		w.ProvenAt = maybeMoment(proven)
		return w, err
	}, `SELECT provider_id, subject, sid, proven_at, key_id, id_token FROM provider_sessions WHERE session_id = $1`, session)
}

// EndWays ends sessions of a provider; see [identity.Ways].
func (tx *Tx) EndWays(ctx context.Context, provider, subject, sid string) ([]identity.EndedSession, error) {
	ended, err := all(ctx, &tx.queries, func(row scanner) (identity.EndedSession, error) {
		var e identity.EndedSession
		err := row.Scan(&e.Session, &e.Member, &e.Email)
		return e, err
	}, `SELECT s.id, m.id, m.email FROM provider_sessions w JOIN sessions s ON s.id = w.session_id JOIN members m ON m.id = s.member_id
		WHERE w.provider_id = $1 AND ($2 = '' OR w.subject = $2) AND ($3 = '' OR w.sid = $3 OR w.sid = '' AND $2 <> '')
		ORDER BY s.id`, provider, subject, sid)
	if err != nil {
		return nil, err
	}
	for _, e := range ended {
		if _, err := tx.EndSession(ctx, e.Session); err != nil {
			return nil, err
		}
	}
	return ended, nil
}

// InsertFailure stores a failed sign-in, and deletes those of the provider beyond the newest keep.
func (tx *Tx) InsertFailure(ctx context.Context, r identity.Record, keep int) error {
	if _, err := tx.exec(ctx, `INSERT INTO provider_failures (code, provider_id, created_at, failed, reason, checks, claims)
		VALUES (`+placeholders(1, 7)+`)`, r.Code, r.Provider, millis(r.At), r.Check, r.Reason, r.Checks, r.Claims); err != nil {
		return err
	}
	_, err := tx.exec(ctx, `DELETE FROM provider_failures WHERE provider_id = $1 AND code NOT IN (SELECT f.code FROM provider_failures f
		WHERE f.provider_id = $1 ORDER BY f.created_at DESC, f.code LIMIT $2)`, r.Provider, keep)
	return err
}

const failureColumns = `f.code, f.provider_id, f.created_at, f.failed, f.reason, f.checks, f.claims`

func scanFailure(row scanner) (identity.Record, error) {
	var r identity.Record
	var at int64
	err := row.Scan(&r.Code, &r.Provider, &at, &r.Check, &r.Reason, &r.Checks, &r.Claims)
	r.At = moment(at)
	return r, err
}

// ProviderFailures returns up to limit failed sign-ins by a provider, newest first.
func (q *queries) ProviderFailures(ctx context.Context, provider string, limit int) ([]identity.Record, error) {
	return all(ctx, q, scanFailure, `SELECT `+failureColumns+` FROM provider_failures f WHERE f.provider_id = $1
		ORDER BY f.created_at DESC, f.code LIMIT $2`, provider, limit)
}

// ProviderFailure returns a failed sign-in of the organization by its code; NotFound if there is none.
func (q *queries) ProviderFailure(ctx context.Context, organization, code string) (identity.Record, error) {
	return one(ctx, q, "That code", scanFailure, `SELECT `+failureColumns+` FROM provider_failures f JOIN identity_providers p
		ON p.id = f.provider_id WHERE p.organization_id = $1 AND f.code = $2`, organization, code)
}

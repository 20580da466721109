package store

import (
	"context"
	"time"

	"latchkey/internal/account"
	"latchkey/internal/fault"
	"latchkey/internal/identity"
	"latchkey/internal/signin"
)

// within is a condition: the address of member m is of the domain of rule d.
const within = `substr(m.email, length(m.email) - length(d.domain)) = '@' || d.domain`

// keeper is a condition: member m is an active Admin who can sign in with a password and a second factor, whatever happens
// to providers.
const keeper = `m.role = 'admin' AND m.status = 'active' AND m.password_hash <> '' AND EXISTS (SELECT 1 FROM factors f
	WHERE f.member_id = m.id AND f.confirmed_at IS NOT NULL) AND NOT EXISTS (SELECT 1 FROM required_domains d
	WHERE d.organization_id = m.organization_id AND ` + within + `)`

// RequiredOf returns the rule for a domain, in lower case; NotFound if there is none.
func (q *queries) RequiredOf(ctx context.Context, domain string) (signin.Required, error) {
	return one(ctx, q, "That rule", func(row scanner) (signin.Required, error) {
		var r signin.Required
		return r, row.Scan(&r.Domain, &r.Provider, &r.Name)
	}, `SELECT d.domain, p.id, p.name FROM required_domains d JOIN identity_providers p ON p.id = d.provider_id WHERE d.domain = $1`, domain)
}

// RequiredDomains returns the domains whose people must sign in with a provider, sorted.
func (q *queries) RequiredDomains(ctx context.Context, provider string) ([]string, error) {
	return all(ctx, q, scanText, `SELECT domain FROM required_domains WHERE provider_id = $1 ORDER BY domain`, provider)
}

// Keepers returns the active Admins, by address, who can sign in with a password and a second factor while there is no
// provider, even if a domain ("" for none) is required as well.
func (q *queries) Keepers(ctx context.Context, organization, domain string) ([]account.Member, error) {
	return all(ctx, q, scanMember, `SELECT `+memberColumns+` FROM members m WHERE m.organization_id = $1 AND `+keeper+`
		AND substr(m.email, length(m.email) - length($2)) <> '@' || $2 ORDER BY m.email`, organization, domain)
}

// PasswordSessions returns the sessions of people of a domain for which the provider did not vouch.
func (q *queries) PasswordSessions(ctx context.Context, organization, domain, provider string) ([]identity.EndedSession, error) {
	return all(ctx, q, func(row scanner) (identity.EndedSession, error) {
		var e identity.EndedSession
		return e, row.Scan(&e.Session, &e.Member, &e.Email)
	}, `SELECT s.id, m.id, m.email FROM sessions s JOIN members m ON m.id = s.member_id WHERE m.organization_id = $1
		AND substr(m.email, length(m.email) - length($2)) = '@' || $2
		AND NOT EXISTS (SELECT 1 FROM provider_sessions w WHERE w.session_id = s.id AND w.provider_id = $3) ORDER BY s.id`,
		organization, domain, provider)
}

// TrialPassed returns when an Admin last tried a provider with success; zero: never, or the provider was changed since.
func (q *queries) TrialPassed(ctx context.Context, provider, member string) (time.Time, error) {
	at, err := one(ctx, q, "That trial", func(row scanner) (time.Time, error) {
		var at int64
		err := row.Scan(&at)
		return moment(at), err
	}, `SELECT passed_at FROM provider_trials WHERE provider_id = $1 AND member_id = $2`, provider, member)
	if fault.Is(err, fault.NotFound) {
		return time.Time{}, nil
	}
	return at, err
}

// SaveTrial records that an Admin tried a provider with success now.
func (tx *Tx) SaveTrial(ctx context.Context, provider, member string) error {
	_, err := tx.exec(ctx, `INSERT INTO provider_trials (provider_id, member_id, passed_at) VALUES ($1, $2, $3)
		ON CONFLICT (provider_id, member_id) DO UPDATE SET passed_at = excluded.passed_at`, provider, member, millis(tx.now))
	return err
}

// DropTrials forgets the trials of a provider.
func (tx *Tx) DropTrials(ctx context.Context, provider string) error {
	_, err := tx.exec(ctx, `DELETE FROM provider_trials WHERE provider_id = $1`, provider)
	return err
}

// RequireDomain makes the people of a domain sign in with a provider; Conflict if that is so for the domain.
func (tx *Tx) RequireDomain(ctx context.Context, organization, domain, provider string) error {
	_, err := tx.exec(ctx, `INSERT INTO required_domains (organization_id, domain, provider_id, made_at) VALUES ($1, $2, $3, $4)`,
		organization, domain, provider, millis(tx.now))
	return err
}

// FreeDomain ends such a rule; NotFound if there is none.
func (tx *Tx) FreeDomain(ctx context.Context, organization, domain, provider string) error {
	return tx.execOne(ctx, "That rule", `DELETE FROM required_domains WHERE organization_id = $1 AND domain = $2 AND provider_id = $3`,
		organization, domain, provider)
}

// mayStrand is called before a write that may take away the last Admin who can sign in without a provider. The commit then
// refuses the transaction if it did.
func (tx *Tx) mayStrand(ctx context.Context) error {
	if tx.watched {
		return nil
	}
	kept, err := tx.kept(ctx)
	tx.watched, tx.mustKeep = err == nil, kept
	return err
}

// BreakGlass lets the transaction take away the last such Admin: the operator helps somebody in.
func (tx *Tx) BreakGlass() { tx.watched, tx.mustKeep = true, false }

// kept reports whether some domain is required and an Admin can sign in without a provider.
func (q *queries) kept(ctx context.Context) (bool, error) {
	n, err := q.number(ctx, `SELECT CASE WHEN EXISTS (SELECT 1 FROM required_domains) AND EXISTS (SELECT 1 FROM members m WHERE `+
		keeper+`) THEN 1 ELSE 0 END`)
	return n > 0, err
}

// checkStranded returns a Conflict if the transaction took away the last Admin who can sign in without a provider.
func (tx *Tx) checkStranded(ctx context.Context) error {
	if !tx.mustKeep {
		return nil
	}
	n, err := tx.number(ctx, `SELECT CASE WHEN EXISTS (SELECT 1 FROM required_domains) AND NOT EXISTS (SELECT 1 FROM members m WHERE `+
		keeper+`) THEN 1 ELSE 0 END`)
	if err == nil && n > 0 {
		return fault.NewConflict("This would lock your Admins out when the provider fails. While single sign-on is required for a domain, " +
			"at least one active Admin outside of it needs a password and a second factor. Set up another such Admin, or stop requiring " +
			"single sign-on.")
	}
	return err
}

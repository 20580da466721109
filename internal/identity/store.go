package identity

import (
	"context"
	"time"

	"latchkey/internal/account"
	"latchkey/internal/actor"
	"latchkey/internal/audit"
	"latchkey/internal/signin"
)

// Identity is the link of a subject of a provider to a member.
type Identity struct {
	Provider  string // id
	Issuer    string
	Subject   string
	Member    string // id
	Email     string // as the provider said it last
	CreatedAt time.Time
	SeenAt    time.Time
	DemotedAt time.Time // when the provider's groups last took the role Admin away; zero: never
}

// Linked is an identity with its member, for a list.
type Linked struct {
	Identity
	Name, MemberEmail string
}

// Way is how a session was proven.
type Way struct {
	Session  string // id
	Provider string // id
	Subject  string
	SID      string    // the provider's id of its own session
	ProvenAt time.Time // zero if the provider did not say
	Key      string    // id of the key that opens Token
	Token    []byte    // the sealed ID token; nil: none
}

// EndedSession is a session that a provider ended.
type EndedSession struct{ Session, Member, Email string }

// Record is a failure that an Admin can look up.
type Record struct {
	Code     string
	Provider string // id
	At       time.Time
	Check    string
	Reason   string
	Checks   string // JSON list of [Check]
	Claims   string // JSON object
}

// Sealed is a client secret as it is stored.
type Sealed struct {
	Path  string
	Key   string // id of the key that opens it
	Value []byte
}

// Kept is a request that the server keeps until its answer came, because that comes across sites.
type Kept struct {
	ID        string
	Provider  string // id
	Browser   []byte // digest of the secret of the browser that began
	Next      string // path to open afterwards
	Session   string // of who tries the provider, or proves again who they are; empty for a real sign-in
	Form      string // that goes on after proving again; empty otherwise
	Network   string // from where a visitor began who is not signed in; empty otherwise
	Proof     string // JSON of what the answer said; empty until it came
	MadeAt    time.Time
	ExpiresAt time.Time
}

// RequestLimits is how many requests may wait: of one session, of the visitors of one network who are not signed in, and
// of all such visitors.
type RequestLimits struct{ Session, Network, Visitors int }

// Store is what the service reads outside a transaction, and how it begins one.
type Store interface {
	Reads
	// InTx runs fn in one write transaction of the caller, which is committed if fn returns nil.
	// The error is Unauthenticated if the caller's session or token no longer works.
	InTx(ctx context.Context, by actor.Caller, fn func(Tx) error) error
	// Requirements returns what is read about requiring providers outside of transactions.
	Requirements() RequirementReads
}

// Reads is what the service reads outside of transactions.
type Reads interface {
	// Now returns the current time in UTC, in whole milliseconds.
	Now() time.Time
	factReader
	secretReader
	// SoleOrganization returns the installation's organization; NotFound before there is one.
	SoleOrganization(ctx context.Context) (account.Organization, error)
	// Linked returns up to limit identities of a provider, the last used first.
	Linked(ctx context.Context, provider string, limit int) ([]Linked, error)
	// ProviderFailures returns up to limit failures of a provider, newest first.
	ProviderFailures(ctx context.Context, provider string, limit int) ([]Record, error)
	// ProviderFailure returns a failure of the organization by its code; NotFound if there is none.
	ProviderFailure(ctx context.Context, organization, code string) (Record, error)
	// WayOf returns how a session was proven; NotFound if no provider vouched for it.
	WayOf(ctx context.Context, session string) (Way, error)
	// KeptRequest returns a request that is kept; NotFound if there is none.
	KeptRequest(ctx context.Context, id string) (Kept, error)
}

// factReader reads what decides who somebody is.
type factReader interface {
	// Provider returns a provider; NotFound if there is none.
	Provider(ctx context.Context, id string) (Provider, error)
	// Providers returns the organization's providers, by name.
	Providers(ctx context.Context, organization string) ([]Provider, error)
	// Organization returns an organization; NotFound for an unknown id.
	Organization(ctx context.Context, id string) (account.Organization, error)
	// IdentityOf returns the identity of a subject; NotFound if it is linked to nobody.
	IdentityOf(ctx context.Context, provider, issuer, subject string) (Identity, error)
	// IdentityOfMember returns the identity of a member at a provider; NotFound if there is none.
	IdentityOfMember(ctx context.Context, provider, member string) (Identity, error)
	// MemberNamed returns the member with a lower-case address, and whether SCIM manages them; NotFound otherwise.
	MemberNamed(ctx context.Context, organization, email string) (account.Member, bool, error)
	// Member returns a member; NotFound outside the organization.
	Member(ctx context.Context, organization, id string) (account.Member, error)
	groupReader
}

// RequirementReads is what is read about which domains require a provider, and what may keep one from doing so.
type RequirementReads interface {
	// RequiredDomains returns the domains whose people must sign in with a provider, sorted.
	RequiredDomains(ctx context.Context, provider string) ([]string, error)
	// Keepers returns the active Admins who can sign in with a password and a second factor while there is no provider, even
	// if a domain is required as well.
	Keepers(ctx context.Context, organization, domain string) ([]account.Member, error)
	// PasswordSessions returns the sessions of people of a domain for which the provider did not vouch.
	PasswordSessions(ctx context.Context, organization, domain, provider string) ([]EndedSession, error)
	// TrialPassed returns when an Admin last tried a provider with success; zero: never, or the provider was changed since.
	TrialPassed(ctx context.Context, provider, member string) (time.Time, error)
}

// groupReader reads what the groups of a provider change.
type groupReader interface {
	// Groups returns the organization's groups, ordered by name.
	Groups(ctx context.Context, organization string) ([]account.Group, error)
	// GroupsOfMembers returns the groups of each member, ordered by name.
	GroupsOfMembers(ctx context.Context, organization string, members []string) (map[string][]account.Named, error)
}

// secretReader reads client secrets.
type secretReader interface {
	// SealingKey returns the id of the key that the installation seals with.
	SealingKey(ctx context.Context) (string, error)
	// ProviderSecrets returns the secrets of a provider.
	ProviderSecrets(ctx context.Context, provider string) ([]Sealed, error)
}

// Tx is one transaction, by what is done in it: to providers, to rules that require them, to members, to sessions.
type Tx struct {
	Providers    Providers
	Requirements Requirements
	Members      Members
	Ways         Ways
	SignIns      signin.Tx
}

// Requirements is which domains require a provider, inside a transaction.
type Requirements interface {
	RequirementReads
	// SaveTrial records that an Admin tried a provider with success now.
	SaveTrial(ctx context.Context, provider, member string) error
	// DropTrials forgets the trials of a provider.
	DropTrials(ctx context.Context, provider string) error
	// RequireDomain makes the people of a domain sign in with a provider. The error is Conflict if there is a rule for it.
	RequireDomain(ctx context.Context, organization, domain, provider string) error
	// FreeDomain ends such a rule; NotFound if there is none.
	FreeDomain(ctx context.Context, organization, domain, provider string) error
}

// Providers is providers and identities inside a transaction.
type Providers interface {
	factReader
	secretReader
	// ProviderKeyUsed reports whether a form with this one-time key made a provider.
	ProviderKeyUsed(ctx context.Context, organization, key string) (bool, error)
	// InsertProvider adds a provider that the form with this key made. The error is Conflict if the issuer is taken.
	InsertProvider(ctx context.Context, p Provider, key string) error
	// UpdateProvider saves everything that may change. The error is Conflict if the issuer is taken.
	UpdateProvider(ctx context.Context, p Provider) error
	// DeleteProvider removes a provider with its secret, identities and failures.
	DeleteProvider(ctx context.Context, organization, id string) error
	// SaveProviderSecrets replaces the secrets of a provider.
	SaveProviderSecrets(ctx context.Context, provider string, secrets []Sealed) error
}

// Members is what the steps of package account need, which change members; it describes the methods without a
// comment here.
type Members interface {
	account.Tx
	groupReader

	InsertMember(ctx context.Context, m account.Member, passwordHash string) error
	UpdateMember(ctx context.Context, m account.Member) error
	EndCredentials(ctx context.Context, members []account.Member, how account.Ending) (account.Credentials, error)
	CountMembers(ctx context.Context, organization string) (int, error)
	CountActiveAdmins(ctx context.Context, organization string) (int, error)
	ResetMember(ctx context.Context, organization, id string, external bool) error
	Workspaces(ctx context.Context, organization string) ([]account.Workspace, error)
	InsertEntry(ctx context.Context, e account.Entry) error
	AddToGroup(ctx context.Context, group, member string) error
	RemoveFromGroup(ctx context.Context, group, member string) error
}

// Ways is identities, sessions and answers inside a transaction.
type Ways interface {
	// UseAnswer records that something was used which may be used once, and reports whether it was not used
	// before. It is forgotten after until.
	UseAnswer(ctx context.Context, digest []byte, until time.Time) (bool, error)
	// KeepRequest stores a request. It forgets those that have expired, and the oldest beyond the limits.
	KeepRequest(ctx context.Context, k Kept, limits RequestLimits) error
	// AnswerRequest stores what the answer to a request said, and reports whether it was the first one.
	AnswerRequest(ctx context.Context, id, proof string) (bool, error)
	// DropRequests deletes the requests of a provider, with what was answered to them.
	DropRequests(ctx context.Context, provider string) error
	// EndRequest deletes a request and reports whether it existed.
	EndRequest(ctx context.Context, id string) (bool, error)
	// SaveIdentity adds an identity, or saves what the provider said last. The error is Conflict if the member has
	// another one at the provider.
	SaveIdentity(ctx context.Context, i Identity) error
	// DropIdentities deletes the identity of a member at a provider, or (member "") all of the provider, and
	// returns their number.
	DropIdentities(ctx context.Context, provider, member string) (int64, error)
	// InsertWay records how a session was proven.
	InsertWay(ctx context.Context, w Way) error
	// EndWays ends the sessions of a provider: of a subject ("" for all) and a session at the provider ("" for all).
	// Sessions of the subject for which the provider named no session of its own end as well.
	EndWays(ctx context.Context, provider, subject, sid string) ([]EndedSession, error)
	// InsertFailure stores a failure, and deletes those of the provider beyond the newest keep.
	InsertFailure(ctx context.Context, r Record, keep int) error
	// AppendEvent appends an event to the audit log.
	AppendEvent(ctx context.Context, e audit.Event) error
	// Now returns the time of the transaction.
	Now() time.Time
}

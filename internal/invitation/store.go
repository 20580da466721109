package invitation

import (
	"context"
	"time"

	"latchkey/internal/account"
	"latchkey/internal/actor"
	"latchkey/internal/policy"
)

// Store is what the service reads outside a transaction, and how it begins one.
type Store interface {
	Reads
	// InTx runs fn in one write transaction of the caller, which is committed if fn returns nil.
	// The error is Unauthenticated if the caller's session or token no longer works.
	InTx(ctx context.Context, by actor.Caller, fn func(Tx) error) error
	// InAcceptTx is InTx for [Service.Accept].
	InAcceptTx(ctx context.Context, by actor.Caller, fn func(AcceptTx) error) error
}

// Reads is what the service reads outside of transactions.
type Reads interface {
	digestReader
	idReader
	// FindInvitations returns one page of the invitations that are not deleted, newest first,
	// with their groups and workspaces. It also returns the number of invitations on all pages.
	FindInvitations(ctx context.Context, organization string, q Query, now time.Time) ([]Invitation, int, error)
	// InvitationsEnding returns up to limit invitations that can be accepted at now, those that
	// expire first come first, without their groups and workspaces.
	InvitationsEnding(ctx context.Context, organization string, now time.Time, limit int) ([]Invitation, error)
	// Organization returns an organization. The error is NotFound for an unknown id.
	Organization(ctx context.Context, id string) (account.Organization, error)
}

// Tx is what the use cases of Admins do in a transaction.
type Tx interface {
	account.Tx
	idReader
	closer
	addressReader
	// CountPendingInvitations returns the number of invitations that can be accepted at now.
	CountPendingInvitations(ctx context.Context, organization string, now time.Time) (int, error)
	// EmailsInvited returns which of the addresses, in lower case, have an invitation that can be
	// accepted at now.
	EmailsInvited(ctx context.Context, organization string, emails []string, now time.Time) (map[string]bool, error)
	// InsertInvitation adds an invitation with its groups, its workspaces and the digest of its
	// secret.
	InsertInvitation(ctx context.Context, i Invitation, digest []byte) error
	// RenewInvitation saves a new digest, the new expiry and who sends the invitation now.
	RenewInvitation(ctx context.Context, i Invitation, digest []byte) error
	// Workspaces returns the organization's workspaces, sorted by name.
	Workspaces(ctx context.Context, organization string) ([]account.Workspace, error)
	// Groups returns the organization's groups, sorted by name.
	Groups(ctx context.Context, organization string) ([]account.Group, error)
}

// AcceptTx is what [Service.Accept] does in a transaction.
type AcceptTx interface {
	account.Tx
	digestReader
	closer
	addressReader
	joiner
	// ClaimMember sets the first password of the active member with an address, in lower case.
	// The error is NotFound if there is no such member, or if the member has a password.
	ClaimMember(ctx context.Context, organization, email, passwordHash string) (account.Member, error)
	// InsertMember adds a member. The error is Conflict if the email address is taken.
	InsertMember(ctx context.Context, m account.Member, passwordHash string) error
	// UpdateMember saves the name, the role, the status and until when the member was an Admin.
	UpdateMember(ctx context.Context, m account.Member) error
	// EndCredentials is described in package account. Joining ends nothing.
	EndCredentials(ctx context.Context, members []account.Member, how account.Ending) (account.Credentials, error)
	// RecordBlock records under key that something is known until a moment, and reports whether
	// that is new.
	RecordBlock(ctx context.Context, key string, until time.Time) (bool, error)
}

// idReader finds invitations by id.
type idReader interface {
	// InvitationByID returns an invitation of the organization. The error is NotFound if there is
	// none, also if it was deleted.
	InvitationByID(ctx context.Context, organization, id string) (Invitation, error)
}

// digestReader finds invitations by their link.
type digestReader interface {
	// InvitationByDigest returns the invitation with this digest of its secret, including a
	// deleted, used or expired one. The error is NotFound if there is none.
	InvitationByDigest(ctx context.Context, digest []byte) (Invitation, error)
	// IsDeactivated reports whether a lower-case address belongs to a deactivated member.
	IsDeactivated(ctx context.Context, organization, email string) (bool, error)
}

// closer ends invitations.
type closer interface {
	// CloseInvitation marks an invitation as accepted or as deleted now. The error is Conflict if
	// it already is either.
	CloseInvitation(ctx context.Context, id string, accepted bool) error
}

// addressReader reads the addresses and the number of members.
type addressReader interface {
	// EmailsKnown returns which of the addresses, in lower case, belong to a member who cannot be
	// invited, because they have a password or are deactivated.
	EmailsKnown(ctx context.Context, organization string, emails []string) (map[string]bool, error)
	// CountMembers returns the number of the organization's members, including deactivated ones.
	CountMembers(ctx context.Context, organization string) (int, error)
}

// joiner gives a member what an invitation grants.
type joiner interface {
	account.Tx
	// GroupsOfMembers returns the groups of each member, by the id of the member, sorted by name.
	GroupsOfMembers(ctx context.Context, organization string, members []string) (map[string][]account.Named, error)
	// Group returns a group. The error is NotFound if it is not in the organization.
	Group(ctx context.Context, organization, id string) (account.Group, error)
	// AddToGroup adds a member to a group. It does nothing if the member is in it.
	AddToGroup(ctx context.Context, group, member string) error
	// PolicyAt returns the policy at a place. The error is NotFound if there is none.
	PolicyAt(ctx context.Context, organization string, at policy.Place) (policy.Policy, error)
	// InsertEntry adds an entry. The error is Conflict if the member already has a policy of
	// their own in the workspace.
	InsertEntry(ctx context.Context, e account.Entry) error
}

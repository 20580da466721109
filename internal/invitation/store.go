package invitation

import (
	"context"
	"time"

	"latchkey/internal/account"
	"latchkey/internal/actor"
	"latchkey/internal/policy"
)

// Store is what the service reads outside a transaction, and the ways into one.
type Store interface {
	// InTx runs fn in one write transaction for the caller: all or nothing. The error is
	// Unauthenticated if the caller's session or token no longer works.
	InTx(ctx context.Context, by actor.Caller, fn func(Tx) error) error
	// InAcceptTx is InTx for accepting an invitation.
	InAcceptTx(ctx context.Context, by actor.Caller, fn func(AcceptTx) error) error
	digestReader
	idReader
	// FindInvitations returns one page of the invitations that are not deleted, the
	// newest first, with their groups and workspaces, and how many there are on all pages.
	FindInvitations(ctx context.Context, organization string, q Query, now time.Time) ([]Invitation, int, error)
	// Organization returns NotFound for an unknown id.
	Organization(ctx context.Context, id string) (account.Organization, error)
}

// Tx is what administering invitations does inside a transaction.
type Tx interface {
	account.Tx
	idReader
	closer
	addressReader
	// CountPendingInvitations counts those that can be accepted at now.
	CountPendingInvitations(ctx context.Context, organization string, now time.Time) (int, error)
	// EmailsInvited returns which of the addresses (lower case) have an invitation that
	// can be accepted at now.
	EmailsInvited(ctx context.Context, organization string, emails []string, now time.Time) (map[string]bool, error)
	// InsertInvitation adds an invitation with its groups and workspaces under the digest
	// of its link's secret.
	InsertInvitation(ctx context.Context, i Invitation, digest []byte) error
	// RenewInvitation gives an invitation another digest and end.
	RenewInvitation(ctx context.Context, i Invitation, digest []byte) error
	// Workspaces lists an organization's workspaces by name.
	Workspaces(ctx context.Context, organization string) ([]account.Workspace, error)
	// Groups lists the organization's groups by name.
	Groups(ctx context.Context, organization string) ([]account.Group, error)
}

// AcceptTx is what accepting an invitation does inside a transaction.
type AcceptTx interface {
	account.Tx
	digestReader
	closer
	addressReader
	joiner
	// ClaimMember gives the active member with an address (lower case) a first password;
	// NotFound when there is none who has none.
	ClaimMember(ctx context.Context, organization, email, passwordHash string) (account.Member, error)
	// InsertMember is a Conflict when the e-mail is taken.
	InsertMember(ctx context.Context, m account.Member, passwordHash string) error
	// UpdateMember saves name, role and status.
	UpdateMember(ctx context.Context, m account.Member) error
}

// idReader finds an invitation for an Admin.
type idReader interface {
	// InvitationByID returns an invitation of the organization that is not deleted;
	// NotFound otherwise.
	InvitationByID(ctx context.Context, organization, id string) (Invitation, error)
}

// digestReader finds an invitation for somebody who has its link.
type digestReader interface {
	// InvitationByDigest returns the invitation with this digest of its link's secret,
	// deleted, used and expired ones included; NotFound otherwise.
	InvitationByDigest(ctx context.Context, digest []byte) (Invitation, error)
}

// closer ends invitations.
type closer interface {
	// CloseInvitation marks an invitation as accepted or deleted now; Conflict when it is
	// either already.
	CloseInvitation(ctx context.Context, id string, accepted bool) error
}

// addressReader says who is a member already, and how many there are.
type addressReader interface {
	// EmailsKnown returns which of the addresses (lower case) belong to a member who is not
	// to be invited: who has a password, or is deactivated.
	EmailsKnown(ctx context.Context, organization string, emails []string) (map[string]bool, error)
	// CountMembers counts the organization's members, deactivated ones included.
	CountMembers(ctx context.Context, organization string) (int, error)
}

// joiner gives a member what an invitation promised.
type joiner interface {
	account.Tx
	// GroupsOfMembers lists, by member, their groups by name.
	GroupsOfMembers(ctx context.Context, organization string, members []string) (map[string][]account.Named, error)
	// Group returns NotFound outside the organization.
	Group(ctx context.Context, organization, id string) (account.Group, error)
	// AddToGroup makes a member one of the group's; being one already is no error.
	AddToGroup(ctx context.Context, group, member string) error
	// PolicyAt returns the policy in a place; NotFound when there is none.
	PolicyAt(ctx context.Context, organization string, at policy.Place) (policy.Policy, error)
	// InsertEntry is a Conflict when the member is in the workspace by a policy of its own
	// already.
	InsertEntry(ctx context.Context, e account.Entry) error
}

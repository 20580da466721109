// Package account administers the organization, its workspaces, members and groups. It has one
// service for each: [Organizations], [Workspaces], [Members] and [Groups]. Package provision
// changes members and groups through the steps that this package exports, so that the same rules
// apply to an identity provider.
//
// Package access decides what a principal may do. Package policy manages policies. This package
// only puts groups and members into workspaces, with an [Entry]. It does not create invitations,
// sessions or tokens.
package account

import (
	"time"

	"latchkey/internal/access"
)

// Organization owns everything else. An installation has one.
type Organization struct {
	ID          string
	Name        string
	Plan        access.Plan
	SCIMEnabled bool
	// SCIMFixedAddresses keeps the identity provider from changing the email addresses of members.
	SCIMFixedAddresses bool
	CreatedAt          time.Time
}

// Provisions reports whether an identity provider may change members and groups. The plan must
// include it, and an Admin must have switched it on.
func (o Organization) Provisions() bool { return o.SCIMEnabled && o.Plan.Has(access.FeatureSCIM) }

// Locks reports whether only the identity provider may change who is in the group. While
// provisioning is off, Admins may change it, because otherwise nobody could.
func (o Organization) Locks(g Group) bool { return g.External && o.Provisions() }

// Environment is what a workspace is used for.
type Environment string

// The environments, as the public API spells them.
const (
	Production  Environment = "PRODUCTION"
	Development Environment = "DEVELOPMENT"
)

// Label returns the environment in words.
func (e Environment) Label() string {
	if e == Production {
		return "Production"
	}
	return "Development"
}

// Workspace is an isolated environment of the organization.
type Workspace struct {
	ID           string
	Organization string
	Name         string
	Environment  Environment
	Region       string
	CreatedAt    time.Time
	UpdatedAt    time.Time
}

// Status says whether a member may act.
type Status string

// The statuses of a member. A deleted member has no row.
const (
	Active      Status = "active"
	Deactivated Status = "deactivated"
)

// Member is a person of the organization.
type Member struct {
	ID           string
	Organization string
	Email        string // lower case, unique in the organization
	Name         string
	Role         access.Role
	Status       Status
	ExternalID   string // the identity provider's id; empty when it does not manage the member
	CreatedAt    time.Time
	UpdatedAt    time.Time
	LastSeenAt   time.Time // zero if never
	AdminUntil   time.Time // when the member last was an active Admin; zero for one who is, and if never
	TimeZone     string    // the name of the chosen zone, which package zone may not know; empty for the browser's
}

// Group is a set of members. It belongs to the organization, not to a workspace.
type Group struct {
	ID           string
	Organization string
	Name         string
	Description  string
	External     bool // the identity provider manages who is in it: see Organization.Locks
	ExternalID   string
	CreatedAt    time.Time
	UpdatedAt    time.Time
}

// Named is the id of something and its current name.
type Named struct{ ID, Name string }

// Names returns the names in list, in its order.
func Names(list []Named) []string {
	out := make([]string, len(list))
	for i, n := range list {
		out[i] = n.Name
	}
	return out
}

// Entry puts a group or a member into a workspace. It grants no more than view and the
// workspace's baseline. An entry with neither a group nor a member is the baseline of a new
// workspace, which grants only view. Package policy sees an entry as a policy without
// permissions.
type Entry struct {
	ID           string
	Organization string
	Workspace    string
	Group        string // id; empty if Member is set
	Member       string // id; empty if Group is set
	At           time.Time
	By           string // name of the actor who made it
}

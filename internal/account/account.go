// Package account knows the organization, its workspaces, members and groups. Its use cases
// administer them, one service for each: [Organizations], [Workspaces], [Members], [Groups].
// Package provision changes members and groups by the steps that this package exports, so
// that the same rules hold for an identity provider.
//
// What a principal may do is decided by package access. Policies are the business of package
// policy; this package only puts groups and members into workspaces, by an [Entry]. It hands
// out no invitations, sessions or tokens.
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
	CreatedAt   time.Time
}

// Provisions reports whether an identity provider may change members and groups: the plan has
// it and an Admin has switched it on.
func (o Organization) Provisions() bool { return o.SCIMEnabled && o.Plan.Has(access.FeatureSCIM) }

// Locks reports whether only the identity provider decides who is in the group. While it cannot,
// Admins do: else nobody could.
func (o Organization) Locks(g Group) bool { return g.External && o.Provisions() }

// Environment says what a workspace is for.
type Environment string

// The environments, as the public API spells them.
const (
	Production  Environment = "PRODUCTION"
	Development Environment = "DEVELOPMENT"
)

// Label is the environment in words.
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
	LastSeenAt   time.Time // zero: never
}

// Group gathers members, organization-wide.
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

// Named is something by its id and its name as it is today.
type Named struct{ ID, Name string }

// Names returns the names of a list, in its order.
func Names(list []Named) []string {
	out := make([]string, len(list))
	for i, n := range list {
		out[i] = n.Name
	}
	return out
}

// Entry puts a group or a member into a workspace, with no more rights there than view and what
// the workspace's baseline gives. With neither it makes the baseline of a new workspace, which
// gives view alone. Package policy sees an entry as a policy with nothing in it.
type Entry struct {
	ID           string
	Organization string
	Workspace    string
	Group        string // id; or
	Member       string // id
	At           time.Time
	By           string // name of who made it
}

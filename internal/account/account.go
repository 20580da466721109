// Package account knows the organization, its workspaces, members, groups, invitations
// and the policies that tie them together. Its Service holds the use cases that
// administer them; what a principal may do is decided by package access, and how rows
// are kept is the store's business.
//
// It hands out no sessions (package signin) and no tokens (package token).
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

// PolicyKind is the place that holds a workspace policy.
type PolicyKind string

// The three places.
const (
	BaselinePolicy PolicyKind = "baseline"
	GroupPolicy    PolicyKind = "group"
	MemberPolicy   PolicyKind = "member"
)

// Policy is one stored workspace policy. Version counts its saves and guards against two
// Admins overwriting each other.
type Policy struct {
	ID           string
	Organization string
	Workspace    string
	Kind         PolicyKind
	Subject      string // group or member id; empty for a baseline
	SubjectName  string // group or member name; filled by reads
	Body         access.Policy
	Version      int64
	UpdatedAt    time.Time
	UpdatedBy    string // name of the member who saved it last
}

// Layer is the policy as one layer of an effective policy.
func (p Policy) Layer() access.Layer {
	return access.Layer{Kind: access.LayerKind(p.Kind), ID: p.ID, Name: p.SubjectName, Policy: p.Body}
}

// Resource is the little that policies need to know of a workspace resource.
type Resource struct {
	ID   string
	Type string // a type of the permission catalogue
	Name string
}

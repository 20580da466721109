package policy

import (
	"time"

	"latchkey/internal/access"
)

// Kind is the place that holds a workspace policy.
type Kind string

// The three places.
const (
	Baseline Kind = "baseline"
	OfGroup  Kind = "group"
	OfMember Kind = "member"
)

// Policy is one stored workspace policy. Version counts its saves and guards against two
// Admins overwriting each other.
type Policy struct {
	ID           string
	Organization string
	Workspace    string
	Kind         Kind
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

// Place is where a workspace policy stands: the workspace and whose policy it is. Subject
// is empty for a baseline.
type Place struct {
	Kind      Kind
	Workspace string
	Subject   string
}

// Revision names one saved state of a policy. A policy that was removed and added again
// is another one.
type Revision struct {
	Policy  string // id
	Version int64
}

// Revision is the state that p was read in.
func (p Policy) Revision() Revision { return Revision{p.ID, p.Version} }

// Audience is whom a policy concerns: members who are no Admins (those can do everything
// anyway), linked groups, live service access tokens of the workspace.
type Audience struct {
	Members       int
	Groups        int
	ServiceTokens int
}

func placeName(kind Kind, subject, workspace string) string {
	if kind == Baseline {
		return workspace
	}
	return subject + " in " + workspace
}

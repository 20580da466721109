package policy

import (
	"time"

	"latchkey/internal/access"
)

// Kind is what a workspace policy belongs to.
type Kind string

// The kinds.
const (
	Baseline Kind = "baseline"
	OfGroup  Kind = "group"
	OfMember Kind = "member"
)

// Policy is a stored workspace policy. Version counts how often it was saved, so that two Admins
// do not overwrite each other's changes.
type Policy struct {
	ID           string
	Organization string
	Workspace    string
	Kind         Kind
	Subject      string // group or member id; empty for a baseline
	SubjectName  string // group or member name; set when read
	Body         access.Policy
	Version      int64
	UpdatedAt    time.Time
	UpdatedBy    string // name of the member who saved it last
}

// Layer returns the policy as a layer of an effective policy.
func (p Policy) Layer() access.Layer {
	return access.Layer{Kind: access.LayerKind(p.Kind), ID: p.ID, Name: p.SubjectName, Policy: p.Body}
}

// Resource is what policies need to know about a resource of a workspace.
type Resource struct {
	ID   string
	Type string // a type of the permission catalogue
	Name string
}

// Place identifies a workspace policy by its workspace and what it belongs to. Subject is empty
// for a baseline.
type Place struct {
	Kind      Kind
	Workspace string
	Subject   string
}

// Revision identifies one saved state of a policy. A policy that was removed and added again has
// different revisions.
type Revision struct {
	Policy  string // id
	Version int64
}

// Revision returns the revision of p.
func (p Policy) Revision() Revision { return Revision{p.ID, p.Version} }

// Audience counts what a policy affects: members who are not Admins (who can do everything
// anyway), groups, and live service access tokens of the workspace.
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

// Package registry manages the resources of a workspace: sources, destinations and the
// connections between them, transformations and their libraries with every saved version,
// tracking plans and the sources that follow them.
//
// Its [Service] implements the use cases. Each takes the caller, loads the workspace and the
// resources, calls package access before any effect, and makes all changes or none in one
// transaction with their audit events. Reading requires only being in the workspace. Creating
// a resource gives the creator no permissions beyond the policies, and deleting one leaves its
// id in policies, where it no longer grants anything.
//
// The package stores and returns configuration as the JSON that it got, except for the secrets in
// it: members with the name of a secret are sealed apart from it and never returned (see
// [Secrets]). It does not know the schema of any destination, sends no events and runs no code.
package registry

import (
	"time"

	"latchkey/internal/access"
	"latchkey/internal/account"
	"latchkey/internal/audit"
)

// The resource types that the package manages, as the permission catalogue names them.
const (
	Source         = "source"
	Destination    = "destination"
	Transformation = "transformation"
	Library        = "transformation_library"
	TrackingPlan   = "tracking_plan"
)

const dataCatalog = "data_catalog"

// Resource is a resource of a workspace. Fields that its type does not have are empty. Times
// are UTC in whole milliseconds.
type Resource struct {
	ID          string
	Workspace   string
	Type        string // of the permission catalogue
	Name        string
	Definition  string // sources and destinations: what it is an instance of, "POSTGRES"
	Description string
	ExternalID  string // set once by a client that manages the resource; "" for none
	Enabled     bool
	Config      string // JSON as it was sent, without secrets
	CreatedAt   time.Time
	UpdatedAt   time.Time
	CreatedBy   string // name of the member or token

	WriteKey       string // sources
	GeoEnrichment  *bool  // sources: nil until it is set
	Transient      *bool  // sources: nil until it is set
	Version        int64  // destinations: of the definition; tracking plans: number of changes
	Transformation string // destinations: its id, or ""
	ShownVersion   string // transformations and libraries: id of the version to show
	Published      bool   // transformations and libraries: whether that one is published
}

// Connection sends events from a source to a destination.
type Connection struct {
	ID          string
	Workspace   string
	Source      string
	Destination string
	ExternalID  string
	Enabled     bool
	CreatedAt   time.Time
	UpdatedAt   time.Time
}

// Attachment is the transformation of a destination.
type Attachment struct {
	Destination    string
	Transformation string
	CreatedAt      time.Time
	UpdatedAt      time.Time
}

// SourceLink is the link of a source to the tracking plan that it follows.
type SourceLink struct {
	TrackingPlan string
	Source       string
	Config       string // JSON text as it came, without secrets
	CreatedAt    time.Time
	UpdatedAt    time.Time
}

// Version is one saved version of a transformation or a library.
type Version struct {
	ID          string
	Resource    string
	Number      int64 // 1, 2, 3 … per resource
	Name        string
	Description string
	Language    string
	Code        string
	CreatedAt   time.Time
	CreatedBy   string
	PublishedAt time.Time // zero: not published
}

// Script is a transformation or a library with one of its versions: the published one, or the
// newest if none is published.
type Script struct {
	Resource
	Version Version
}

// Ties counts the references to a resource.
type Ties struct {
	Connections  int // from or to it
	Destinations int // whose transformation it is
	SourceLinks  int // sources that follow it, or the plan that it follows
}

// Query selects a page of a list, in the order of ids.
type Query struct {
	HasExternalID *bool  // nil: both
	After         string // id of the last item seen; "" from the start
	Page          int    // counts from 1; 0: not by page number
	Size          int    // how many; 0: all
}

// Offset returns the number of items before the page.
func (q Query) Offset() int {
	if q.Page < 2 {
		return 0
	}
	return (q.Page - 1) * q.Size
}

// List is a page of a list.
type List[T any] struct {
	Items []T
	Total int  // items that the filter selects
	More  bool // there are more after Items
}

// where returns the resource in the form that package access decides about.
func (r Resource) where(w account.Workspace) access.Resource {
	return access.Resource{Organization: w.Organization, Workspace: w.ID, Type: r.Type, ID: r.ID}
}

func (r Resource) target() audit.Target {
	return audit.Target{Type: audit.TargetType(r.Type), ID: r.ID, Name: r.Name, Workspace: r.Workspace}
}

// Noun returns a phrase for a resource of a type to begin a sentence with: "That source".
func Noun(typ string) string {
	switch typ {
	case Source, Destination, Transformation:
		return "That " + typ
	case Library:
		return "That library"
	case TrackingPlan:
		return "That tracking plan"
	}
	return "That resource"
}

// Package registry holds what is in a workspace: sources, destinations and the
// connections between them, transformations and their libraries with every saved
// version, tracking plans and the sources that follow them.
//
// Its [Service] is the use cases. Each takes who asks, finds the workspace, loads, lets
// package access decide before any effect, and changes all or nothing in one transaction
// with its audit events. Reading needs nothing but being in the workspace. Creating gives
// the creator nothing beyond what policies say, and deleting leaves the id in policies,
// where it grants nothing any more.
//
// The package stores and returns configuration as the JSON text that came. It knows no
// schema of any destination, sends no events and runs no code.
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

// Resource is one row of a workspace. What only some types have is empty in the others.
// Times are UTC in whole milliseconds.
type Resource struct {
	ID          string
	Workspace   string
	Type        string // of the permission catalogue
	Name        string
	Definition  string // what it is an instance of: "POSTGRES"; sources and destinations
	Description string
	ExternalID  string // set once by a client that manages the resource; "" for none
	Enabled     bool
	Config      string // JSON text, as it came
	CreatedAt   time.Time
	UpdatedAt   time.Time
	CreatedBy   string // name of the member or token

	WriteKey       string // sources
	GeoEnrichment  *bool  // sources: nil until somebody says so
	Transient      *bool  // sources: nil until somebody says so
	Version        int64  // destinations: of the definition; tracking plans: counts changes
	Transformation string // destinations: id of theirs, or ""
	ShownVersion   string // transformations and libraries: id of the version to show
	Published      bool   // transformations and libraries: whether that one is published
}

// Connection leads events from a source to a destination.
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

// SourceLink says that a source follows a tracking plan, and how.
type SourceLink struct {
	TrackingPlan string
	Source       string
	Config       string // JSON text, as it came
	CreatedAt    time.Time
	UpdatedAt    time.Time
}

// Version is one saved text of a transformation or a library.
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
	PublishedAt time.Time // zero: never
}

// Script is a transformation or a library with one of its versions: the published one,
// or the newest while none is published.
type Script struct {
	Resource
	Version Version
}

// Ties counts what else refers to a resource.
type Ties struct {
	Connections  int // from or to it
	Destinations int // whose transformation it is
	SourceLinks  int // sources that follow it, or the plan that it follows
}

// Query selects a part of a list, in the order of ids.
type Query struct {
	HasExternalID *bool  // nil: both
	After         string // id of the last one seen; "" from the start
	Page          int    // counts from 1; 0: not by page number
	Size          int    // how many; 0: all
}

// Offset is how many to leave out before the page.
func (q Query) Offset() int {
	if q.Page < 2 {
		return 0
	}
	return (q.Page - 1) * q.Size
}

// List is a part of a list.
type List[T any] struct {
	Items []T
	Total int  // of all that the filter selects
	More  bool // there are more behind Items
}

// where is the resource as access decides about it.
func (r Resource) where(w account.Workspace) access.Resource {
	return access.Resource{Organization: w.Organization, Workspace: w.ID, Type: r.Type, ID: r.ID}
}

func (r Resource) target() audit.Target {
	return audit.Target{Type: audit.TargetType(r.Type), ID: r.ID, Name: r.Name, Workspace: r.Workspace}
}

// Noun names a type at the start of a sentence: "That source".
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

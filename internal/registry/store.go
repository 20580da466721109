package registry

import (
	"context"
	"time"

	"latchkey/internal/account"
	"latchkey/internal/actor"
	"latchkey/internal/audit"
)

// Store is what the service reads, and the way into a transaction. Everything but the workspace
// itself is found within a workspace that the caller has found first.
type Store interface {
	// InTx runs fn in one write transaction of the caller: all or nothing. It is
	// Unauthenticated when the caller is nobody any more.
	InTx(ctx context.Context, by actor.Caller, fn func(Tx) error) error
	workspaceReader
	versionReader
	// RegistryResource returns NotFound for an unknown id, another type, another workspace.
	RegistryResource(ctx context.Context, workspace, typ, id string) (Resource, error)
	// RegistryResources lists up to limit resources of a type (0: all) from where q begins.
	RegistryResources(ctx context.Context, workspace, typ string, q Query, limit int) ([]Resource, error)
	// RegistryCount counts what the filter of q selects.
	RegistryCount(ctx context.Context, workspace, typ string, q Query) (int, error)
	// Connection returns NotFound outside the workspace.
	Connection(ctx context.Context, workspace, id string) (Connection, error)
	// Connections lists up to limit connections (0: all) from where q begins.
	Connections(ctx context.Context, workspace string, q Query, limit int) ([]Connection, error)
	// ConnectionCount counts what the filter of q selects.
	ConnectionCount(ctx context.Context, workspace string, q Query) (int, error)
	// Attachment returns the transformation of a destination; NotFound when it has none.
	Attachment(ctx context.Context, destination string) (Attachment, error)
	// ShownVersions returns the version to show of each resource of a type, by resource.
	ShownVersions(ctx context.Context, workspace, typ string) (map[string]Version, error)
	// Browse lists a workspace's resources by type and name, the page that q names.
	Browse(ctx context.Context, workspace string, q BrowseQuery) ([]Resource, error)
	// BrowseCounts counts the workspace's resources that match the search, by type.
	BrowseCounts(ctx context.Context, workspace, search string) (map[string]int, error)
}

// Tx is one transaction, by what is done in it: to resources, and to what joins two of them.
type Tx struct {
	Resources
	Links Links
}

// Resources is the resources of a workspace inside a transaction.
type Resources interface {
	// By returns who acts, with the rights they have in the transaction.
	By() actor.Standing
	// Now is the moment of the transaction.
	Now() time.Time
	// AppendEvent adds to the audit log.
	AppendEvent(ctx context.Context, e audit.Event) error
	workspaceReader
	versionReader
	// HoldResource is RegistryResource and keeps the row until the transaction ends: what
	// was decided about it is still true when it is written.
	HoldResource(ctx context.Context, workspace, typ, id string) (Resource, error)
	// AddResource adds a resource as it is; Conflict when the external id is taken.
	AddResource(ctx context.Context, r Resource) error
	// SaveResource saves all but type, workspace and creation; Conflict when the external
	// id is taken, NotFound when it is gone.
	SaveResource(ctx context.Context, r Resource) error
	// RemoveResource removes it with its versions and its place as an attachment.
	RemoveResource(ctx context.Context, workspace, id string) error
	// Ties counts what refers to a resource.
	Ties(ctx context.Context, id string) (Ties, error)
	// ExternalIDTaken reports whether a resource of the type has the external id; type
	// "connection" asks about connections.
	ExternalIDTaken(ctx context.Context, workspace, typ, externalID string) (bool, error)
	// AddVersion adds a version with the next number of its resource and returns it.
	AddVersion(ctx context.Context, v Version) (Version, error)
	// MarkPublished notes that a version was published now.
	MarkPublished(ctx context.Context, id string) error
}

// Links is what joins two resources, inside a transaction.
type Links interface {
	// ConnectionOf returns the connection of a pair; NotFound when there is none.
	ConnectionOf(ctx context.Context, workspace, source, destination string) (Connection, error)
	// HoldConnection is Connection and keeps the row until the transaction ends.
	HoldConnection(ctx context.Context, workspace, id string) (Connection, error)
	// AddConnection is a Conflict when the pair is connected or the external id is taken.
	AddConnection(ctx context.Context, c Connection) error
	// SaveConnection saves ends, external id and whether it is enabled; Conflict as above.
	SaveConnection(ctx context.Context, c Connection) error
	// RemoveConnection is NotFound when it is gone.
	RemoveConnection(ctx context.Context, workspace, id string) error
	// Attachment returns the transformation of a destination; NotFound when it has none.
	Attachment(ctx context.Context, destination string) (Attachment, error)
	// SaveAttachment puts or replaces the transformation of a destination.
	SaveAttachment(ctx context.Context, a Attachment) error
	// RemoveAttachment is NotFound when there is none.
	RemoveAttachment(ctx context.Context, destination string) error
	// SourceLink returns the tracking plan that a source follows; NotFound when it follows none.
	SourceLink(ctx context.Context, source string) (SourceLink, error)
	// AddSourceLink is a Conflict when the source follows a plan already.
	AddSourceLink(ctx context.Context, l SourceLink) error
	// SaveSourceLink saves its configuration; NotFound when it is gone.
	SaveSourceLink(ctx context.Context, l SourceLink) error
	// RemoveSourceLink is NotFound when there is none.
	RemoveSourceLink(ctx context.Context, source string) error
}

// workspaceReader finds workspaces.
type workspaceReader interface {
	// Workspace returns NotFound outside the organization.
	Workspace(ctx context.Context, organization, id string) (account.Workspace, error)
}

// versionReader finds versions of scripts.
type versionReader interface {
	// Version returns a version of a resource of a type; NotFound outside the workspace.
	Version(ctx context.Context, workspace, typ, id string) (Version, error)
}

package registry

import (
	"context"
	"time"

	"latchkey/internal/account"
	"latchkey/internal/actor"
	"latchkey/internal/audit"
)

// Store is what the service reads, and the way into a transaction. Everything except the workspace
// itself is read within a workspace that the caller has loaded first.
type Store interface {
	Reads
	// InTx runs fn in one write transaction for the caller: all or nothing. The error is
	// Unauthenticated if the caller's session or token no longer works.
	InTx(ctx context.Context, by actor.Caller, fn func(Tx) error) error
}

// Reads is what the service reads outside of transactions.
type Reads interface {
	workspaceReader
	versionReader
	// RegistryResource returns NotFound for an unknown id, another type, another workspace.
	RegistryResource(ctx context.Context, workspace, typ, id string) (Resource, error)
	// RegistryResources returns up to limit resources of a type (0: all), starting where q
	// says.
	RegistryResources(ctx context.Context, workspace, typ string, q Query, limit int) ([]Resource, error)
	// RegistryCount returns the number of resources that the filter of q selects.
	RegistryCount(ctx context.Context, workspace, typ string, q Query) (int, error)
	// Connection returns NotFound outside the workspace.
	Connection(ctx context.Context, workspace, id string) (Connection, error)
	// Connections returns up to limit connections (0: all), starting where q says.
	Connections(ctx context.Context, workspace string, q Query, limit int) ([]Connection, error)
	// ConnectionCount returns the number of connections that the filter of q selects.
	ConnectionCount(ctx context.Context, workspace string, q Query) (int, error)
	// Attachment returns the transformation of a destination; NotFound if it has none.
	Attachment(ctx context.Context, destination string) (Attachment, error)
	// ShownVersions returns the version to show of each resource of a type, by resource.
	ShownVersions(ctx context.Context, workspace, typ string) (map[string]Version, error)
	// Browse returns a page of a workspace's resources, ordered by type and name.
	Browse(ctx context.Context, workspace string, q BrowseQuery) ([]Resource, error)
	// SecretPaths returns the secrets of resources' own configurations, ordered by path. It does
	// not return their values.
	SecretPaths(ctx context.Context, resources []string) (map[string][]Path, error)
	// BrowseCounts counts the workspace's resources that match the search, by type.
	BrowseCounts(ctx context.Context, workspace, search string) (map[string]int, error)
}

// Tx is one transaction on resources and the links between them.
type Tx struct {
	Resources
	Links   Links
	Sealing Sealing
}

// Sealing accesses sealed secrets inside a transaction.
type Sealing interface {
	// SealingKey returns the id of the key that the installation seals with; "" before the
	// first start.
	SealingKey(ctx context.Context) (string, error)
	// SealedValues returns the secrets of a configuration, ordered by path.
	SealedValues(ctx context.Context, h Holder) ([]Sealed, error)
	// SaveSealed replaces the secrets of a configuration.
	SaveSealed(ctx context.Context, h Holder, values []Sealed) error
}

// Resources accesses the resources of a workspace inside a transaction.
type Resources interface {
	// By returns the caller with the rights that they have in the transaction.
	By() actor.Standing
	// Now returns the time of the transaction.
	Now() time.Time
	// AppendEvent appends an event to the audit log.
	AppendEvent(ctx context.Context, e audit.Event) error
	workspaceReader
	versionReader
	// HoldResource is RegistryResource and locks the row until the transaction ends, so that
	// a decision about it is still true when it is written.
	HoldResource(ctx context.Context, workspace, typ, id string) (Resource, error)
	// AddResource adds a resource; Conflict if the external id is taken.
	AddResource(ctx context.Context, r Resource) error
	// SaveResource saves everything except type, workspace and creation; Conflict if the
	// external id is taken, NotFound if the resource is gone.
	SaveResource(ctx context.Context, r Resource) error
	// RemoveResource removes a resource with its versions and its own attachment.
	RemoveResource(ctx context.Context, workspace, id string) error
	// Ties counts the references to a resource.
	Ties(ctx context.Context, id string) (Ties, error)
	// ExternalIDTaken reports whether a resource of the type has the external id. The type
	// "connection" stands for connections.
	ExternalIDTaken(ctx context.Context, workspace, typ, externalID string) (bool, error)
	// AddVersion adds a version with the next number of its resource and returns it.
	AddVersion(ctx context.Context, v Version) (Version, error)
	// MarkPublished records that a version was published now.
	MarkPublished(ctx context.Context, id string) error
}

// Links is what joins two resources, inside a transaction.
type Links interface {
	// ConnectionOf returns the connection of a pair; NotFound if there is none.
	ConnectionOf(ctx context.Context, workspace, source, destination string) (Connection, error)
	// HoldConnection is Connection and locks the row until the transaction ends.
	HoldConnection(ctx context.Context, workspace, id string) (Connection, error)
	// AddConnection adds a connection; Conflict if the pair is connected or the external id is
	// taken.
	AddConnection(ctx context.Context, c Connection) error
	// SaveConnection saves ends, external id and whether it is enabled; Conflict as for
	// AddConnection.
	SaveConnection(ctx context.Context, c Connection) error
	// RemoveConnection removes a connection; NotFound if it is gone.
	RemoveConnection(ctx context.Context, workspace, id string) error
	// Attachment returns the transformation of a destination; NotFound if it has none.
	Attachment(ctx context.Context, destination string) (Attachment, error)
	// SaveAttachment sets or replaces the transformation of a destination.
	SaveAttachment(ctx context.Context, a Attachment) error
	// RemoveAttachment removes a destination's transformation; NotFound if it has none.
	RemoveAttachment(ctx context.Context, destination string) error
	// SourceLink returns the tracking plan that a source follows; NotFound if it follows none.
	SourceLink(ctx context.Context, source string) (SourceLink, error)
	// AddSourceLink adds a link; Conflict if the source follows a plan already.
	AddSourceLink(ctx context.Context, l SourceLink) error
	// SaveSourceLink saves the configuration of a link; NotFound if it is gone.
	SaveSourceLink(ctx context.Context, l SourceLink) error
	// RemoveSourceLink removes a source's link; NotFound if it has none.
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

// Package change says what a committed transaction changed, and how long a node may trust
// what it keeps in memory. The store reports the changes and extends the lease. Packages
// that keep a copy of the database in memory follow both. The package does no I/O.
package change

// Kind says what kind of thing a transaction changed.
type Kind uint8

// The kinds of changes that bear on what a token may do.
const (
	Token        Kind = iota + 1 // a token was created or deleted; ID is the token's
	Member                       // role, status, groups, own policies or removal of a member; ID is the member's
	Group                        // members, policies or removal of a group; ID is the group's
	Workspace                    // baseline, name or removal of a workspace; ID is the workspace's
	Organization                 // plan, name or settings of the organization; ID is the organization's
	Client                       // an API client was created or deleted; ID is the client's
)

// Change is one thing that a transaction changed. The store collects changes while it writes
// and reports them after the commit, before the caller of the transaction continues. So no
// use case can forget to report one.
type Change struct {
	Kind Kind
	ID   string
}

// Package change says what a committed transaction changed, and for how long a node may
// trust what it keeps in memory. The store fills in the changes and extends the lease;
// whoever keeps a copy of the database in memory reads both. The package does no I/O.
package change

// Kind says what kind of thing a transaction changed.
type Kind uint8

// The kinds of change that bear on what a token may do.
const (
	Token        Kind = iota + 1 // a token was made or deleted; ID is the token's
	Member                       // role, status, groups, own policies or removal of a member; ID is the member's
	Group                        // members, policies or removal of a group; ID is the group's
	Workspace                    // baseline, name or removal of a workspace; ID is the workspace's
	Organization                 // plan, name or settings of the organization; ID is the organization's
	Client                       // an API client was made or deleted; ID is the client's
)

// Change is one thing that a transaction changed. The store collects changes while it
// writes. It hands them over after the commit and before the transaction's caller goes on,
// so no use case can forget to announce them.
type Change struct {
	Kind Kind
	ID   string
}

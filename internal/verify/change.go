package verify

// ChangeKind says what kind of thing a transaction changed.
type ChangeKind uint8

// The kinds of change that matter to what a token may do.
const (
	TokenChanged        ChangeKind = iota + 1 // a token was made or deleted; ID is the token's
	MemberChanged                             // role, status, groups, own policies, removal; ID is the member's
	GroupChanged                              // members, policies, removal of a group; ID is the group's
	WorkspaceChanged                          // baseline, removal, name of a workspace; ID is the workspace's
	OrganizationChanged                       // plan, name, settings; ID is the organization's
	ClientChanged                             // an API client was made or deleted; ID is the client's
)

// Change is one thing that a transaction changed. The store collects changes while it
// writes and hands them over after the commit and before the transaction's caller goes
// on, so that no use case can forget to tell.
type Change struct {
	Kind ChangeKind
	ID   string
}

package access

import "latchkey/internal/fault"

// Role is a member's role in the organization.
type Role string

// The two roles. Anything else has the rights of a Member.
const (
	RoleAdmin  Role = "admin"
	RoleMember Role = "member"
)

// ParseRole reads a stored or submitted role; anything else is fault.Invalid.
func ParseRole(s string) (Role, error) {
	switch r := Role(s); r {
	case RoleAdmin, RoleMember:
		return r, nil
	}
	return "", fault.NewInvalid("A role is admin or member.")
}

// Scope bounds what a personal access token may do of what its owner may.
type Scope string

// The scopes. A token with any other scope may do nothing.
const (
	ScopeReadOnly  Scope = "read_only"
	ScopeReadWrite Scope = "read_write"
	ScopeAdmin     Scope = "admin" // deprecated: exists, cannot be created
)

// Label names the scope for people.
func (s Scope) Label() string {
	switch s {
	case ScopeReadOnly:
		return "Read-Only"
	case ScopeReadWrite:
		return "Read-Write"
	case ScopeAdmin:
		return "Admin (deprecated)"
	}
	return string(s)
}

// Creatable reports whether new tokens may have the scope.
func (s Scope) Creatable() bool { return s == ScopeReadOnly || s == ScopeReadWrite }

// ParseScope reads a stored or submitted scope; anything else is fault.Invalid. Ask
// Creatable as well before making a token.
func ParseScope(s string) (Scope, error) {
	switch scope := Scope(s); scope {
	case ScopeReadOnly, ScopeReadWrite, ScopeAdmin:
		return scope, nil
	}
	return "", fault.NewInvalid("A scope is read_only or read_write.")
}

func (s Scope) valid() bool {
	return s == ScopeReadOnly || s == ScopeReadWrite || s == ScopeAdmin
}

// keeps reports whether a token of this scope keeps the owner's permission.
func (s Scope) keeps(entry Entry) bool {
	switch s {
	case ScopeReadOnly:
		return entry.ReadOnly
	case ScopeReadWrite, ScopeAdmin:
		return true
	}
	return false
}

// Kind says what a principal is.
type Kind uint8

// The kinds. Nobody is the zero value, so that a forgotten kind may do nothing.
const (
	Nobody            Kind = iota
	Member                 // a signed-in person
	PersonalToken          // a personal access token
	WorkspaceToken         // a service access token of one workspace
	OrganizationToken      // a service access token of the organization
)

// String is the kind's machine name.
func (k Kind) String() string {
	switch k {
	case Member:
		return "member"
	case PersonalToken:
		return "personal_access_token"
	case WorkspaceToken:
		return "workspace_service_access_token"
	case OrganizationToken:
		return "organization_service_access_token"
	}
	return "nobody"
}

// Label names the kind for people.
func (k Kind) Label() string {
	switch k {
	case Member:
		return "Member"
	case PersonalToken:
		return "Personal access token"
	case WorkspaceToken:
		return "Workspace service access token"
	case OrganizationToken:
		return "Organization service access token"
	}
	return "Nobody"
}

// Principal is who asks, with everything that a decision about it needs. Loading it is
// somebody else's work: an inactive member, an expired or a revoked token must come in
// as the zero Principal, which may do nothing.
type Principal struct {
	Kind         Kind
	ID           string // member id, or token id
	Owner        string // PersonalToken: the member behind it
	Organization string
	Role         Role   // Member: theirs; PersonalToken: the owner's, today
	Scope        Scope  // PersonalToken
	Workspace    string // PersonalToken, WorkspaceToken: the one workspace
	// In holds the workspaces that the subject is in, with the effective policy of each:
	// a member's own, a personal token's owner's, a workspace token's. An Admin is in
	// every workspace of the organization without an entry.
	In map[string]*Effective
}

// wellFormed reports whether p is somebody at all: of a known kind, in an organization
// and, for tokens, with the place and the scope that bound them.
func (p *Principal) wellFormed() bool {
	switch p.Kind {
	case Member, OrganizationToken:
		return p.Organization != ""
	case PersonalToken:
		return p.Organization != "" && p.Scope.valid()
	case WorkspaceToken:
		return p.Organization != "" && p.Workspace != ""
	}
	return false
}

// IsIn reports whether p is in the workspace, which gives it view there. A personal
// token is in its one workspace as long as its owner is; an organization token is in
// none. The workspace is taken to be of p's organization: [Decide] checks that.
func (p Principal) IsIn(workspace string) bool { return p.isIn(workspace) }

func (p *Principal) isIn(workspace string) bool {
	if workspace == "" {
		return false
	}
	switch p.Kind {
	case Member:
		return p.Role == RoleAdmin || p.has(workspace)
	case PersonalToken:
		return workspace == p.Workspace && (p.Role == RoleAdmin || p.has(workspace))
	case WorkspaceToken:
		return workspace == p.Workspace
	}
	return false
}

func (p *Principal) has(workspace string) bool {
	_, ok := p.In[workspace]
	return ok
}

// isAdmin reports whether p has, today, all permissions in its workspaces by role.
func (p *Principal) isAdmin() bool {
	return p.Role == RoleAdmin && (p.Kind == Member || p.Kind == PersonalToken)
}

// EffectivePolicy is what p may do in the workspace, after role and scope: exactly what
// [Decide] allows of the catalogue's permissions there. Viewing is not in it: ask IsIn.
// It is empty, never nil, outside p's workspaces.
func EffectivePolicy(c *Catalogue, p Principal, workspace string) Policy {
	out := Policy{}
	if !p.wellFormed() || !p.isIn(workspace) {
		return out
	}
	given := p.In[workspace].Policy()
	if p.isAdmin() {
		given = c.Everything()
	}
	for perm, reach := range given {
		entry, known := c.Lookup(perm)
		switch {
		case !known, p.Kind == PersonalToken && !p.Scope.keeps(entry):
		case !entry.Limitable && !reach.All:
		default:
			out[perm] = reach
		}
	}
	return out
}

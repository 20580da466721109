package access

// Role is a member's role in the organization.
type Role string

// The two roles. Any other value is treated as Member.
const (
	RoleAdmin  Role = "admin"
	RoleMember Role = "member"
)

// Scope limits which of its owner's permissions a personal access token has.
type Scope string

// The scopes. A token with any other scope can do nothing.
const (
	ScopeReadOnly  Scope = "read_only"
	ScopeReadWrite Scope = "read_write"
	ScopeAdmin     Scope = "admin" // deprecated: cannot be created any more
)

// Label returns the name of the scope for people.
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

// Creatable reports whether new tokens can have the scope.
func (s Scope) Creatable() bool { return s == ScopeReadOnly || s == ScopeReadWrite }

func (s Scope) valid() bool {
	return s == ScopeReadOnly || s == ScopeReadWrite || s == ScopeAdmin
}

// keeps reports whether a token with this scope keeps its owner's permission.
func (s Scope) keeps(entry Entry) bool {
	switch s {
	case ScopeReadOnly:
		return entry.ReadOnly
	case ScopeReadWrite, ScopeAdmin:
		return true
	}
	return false
}

// Kind is the kind of a principal.
type Kind uint8

// The kinds. Nobody is the zero value, so that a forgotten kind can do nothing.
const (
	Nobody            Kind = iota
	Member                 // a signed-in person
	PersonalToken          // a personal access token
	WorkspaceToken         // a service access token of one workspace
	OrganizationToken      // a service access token of the organization
)

// String returns the machine name of the kind.
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

// Label returns the name of the kind for people.
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

// Principal is the caller, with everything that a decision needs. The code that loads it must
// use the zero Principal, which can do nothing, for an inactive member or an expired or
// revoked token.
type Principal struct {
	Kind         Kind
	ID           string // member id, or token id
	Owner        string // PersonalToken: the member behind it
	Organization string
	Role         Role   // Member: their own; PersonalToken: the owner's current role
	Scope        Scope  // PersonalToken
	Workspace    string // PersonalToken, WorkspaceToken: their only workspace
	// In holds the workspaces that the subject is in, with the effective policy of each. The
	// subject is the member, a personal token's owner, or the workspace token. An Admin is in
	// every workspace of the organization without an entry.
	In map[string]*Effective
}

// wellFormed reports whether p has a known kind, an organization and, for tokens, the
// workspace and the scope that limit them.
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

// IsIn reports whether p is in the workspace, which lets it view the workspace. A personal
// token is in its workspace as long as its owner is; an organization token is in none. IsIn
// assumes that the workspace belongs to p's organization, which [Decide] checks.
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

// isAdmin reports whether p currently has all permissions in its workspaces by role.
func (p *Principal) isAdmin() bool {
	return p.Role == RoleAdmin && (p.Kind == Member || p.Kind == PersonalToken)
}

// EffectivePolicy returns what p may do in the workspace after role and scope: exactly the
// permissions of the catalogue that [Decide] allows there. It does not include viewing: see
// IsIn. It is empty, never nil, outside p's workspaces.
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

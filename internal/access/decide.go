package access

// Resource is what a permission is checked for. Organization and Workspace are where it is
// stored, never where the caller claims it is. Type and ID are empty for a type-wide check
// ("may I create sources?"), Workspace for an act on the organization. Owner is the member
// that a personal access token belongs to.
type Resource struct {
	Organization, Workspace, Type, ID, Owner string
}

// Decide decides whether p has perm on r. It is total (it accepts any values and never
// panics), pure and default-deny, and it does not allocate if the answer is yes. The rules:
//
//   - Another organization, or a workspace that p is not in, is hidden.
//   - A permission of the catalogue needs p's effective policy there, or the role Admin. The
//     scope of a personal token limits both. Unknown permissions are refused to everybody.
//   - Being in a workspace lets p view everything in it, except what Admins manage.
//   - The organization's acts are for Admins, and three of them for organization tokens.
//   - Members manage their own personal tokens; Admins can see and delete those of others.
//
// It does not check whether a plan includes a feature or whether a token is live.
func Decide(c *Catalogue, p Principal, perm Permission, r Resource) Decision {
	q := question{catalogue: c, principal: p, permission: perm, resource: r}
	return q.decide()
}

// question is one call of Decide. It holds values, not pointers: the reason copies some of
// its strings, and pointers would move the whole question to the heap.
type question struct {
	catalogue  *Catalogue
	principal  Principal
	permission Permission
	resource   Resource
}

func (q *question) decide() Decision {
	p := &q.principal
	switch {
	case !p.wellFormed():
		return q.hide(NoPrincipal)
	case q.resource.Organization != p.Organization:
		return q.hide(OtherOrganization)
	case p.Kind == PersonalToken && !p.isIn(p.Workspace):
		return q.hide(NotInWorkspace) // its owner has left, so the token grants nothing
	}
	switch systemAct(q.permission) {
	case actView:
		return q.view()
	case actOrganization:
		return q.organization()
	case actManageToken:
		return q.manageToken()
	case actCreateToken:
		return q.createToken()
	}
	if entry, known := q.catalogue.Lookup(q.permission); known {
		return q.inWorkspace(entry)
	}
	if q.outside() {
		return q.hide(NotInWorkspace)
	}
	return q.deny(UnknownPermission)
}

// outside reports whether r is in a workspace that p is not in.
func (q *question) outside() bool {
	return q.resource.Workspace != "" && !q.principal.isIn(q.resource.Workspace)
}

// entrance refuses principals that cannot be in any workspace. refused is false for all
// others. An organization token gets the same answer for every workspace, so it reveals none.
func (q *question) entrance() (refusal Decision, refused bool) {
	switch {
	case q.principal.Kind == OrganizationToken:
		return q.deny(WrongTokenLevel), true
	case q.resource.Workspace == "":
		return q.deny(NoWorkspace), true
	case q.outside():
		return q.hide(NotInWorkspace), true
	}
	return Decision{}, false
}

// view decides viewing, which needs only being in the workspace, except for what only Admins
// manage.
func (q *question) view() Decision {
	if refusal, refused := q.entrance(); refused {
		return refusal
	}
	if typ := q.resource.Type; systemType(typ) && typ != ViewWorkspace.Type() {
		return q.deny(WrongType)
	}
	return q.allow(ByMembership)
}

// inWorkspace decides the permissions that policies grant.
func (q *question) inWorkspace(entry Entry) Decision {
	if refusal, refused := q.entrance(); refused {
		return refusal
	}
	p, r := &q.principal, &q.resource
	switch {
	case r.Type != "" && r.Type != q.permission.Type():
		return q.deny(WrongType)
	case p.Kind == PersonalToken && !p.Scope.keeps(entry):
		return q.deny(NotInScope)
	case p.isAdmin():
		return q.allow(ByRole)
	}
	return q.byPolicy(entry, p.In[r.Workspace])
}

// byPolicy checks the effective policy. A permission that cannot be limited must be granted
// type-wide: a stored limit on it, from before the catalogue changed, grants nothing.
func (q *question) byPolicy(entry Entry, given *Effective) Decision {
	switch {
	case given.Allows(q.permission, q.resource.ID) && (entry.Limitable || given.Allows(q.permission, "")):
		d := q.allow(ByPolicy)
		d.Reason.Layer, d.Reason.LayerName = given.first(q.permission, q.resource.ID)
		return d
	case given.holds(q.permission):
		return q.deny(NotCovered)
	}
	return q.deny(Missing)
}

// organization decides the acts on the organization and its administration.
func (q *question) organization() Decision {
	switch q.principal.Kind {
	case Member:
		return q.organizationByMember()
	case PersonalToken:
		return q.organizationByPersonalToken()
	case OrganizationToken:
		switch q.permission {
		case UseSCIM, ReadAuditLog, ReadUsage:
			return q.allow(ByTokenLevel)
		}
		return q.deny(NotForOrganizationToken)
	}
	if q.outside() { // a workspace token
		return q.hide(NotInWorkspace)
	}
	return q.deny(WrongTokenLevel)
}

func (q *question) organizationByMember() Decision {
	switch {
	case q.outside():
		return q.hide(NotInWorkspace)
	case q.permission == UseSCIM:
		return q.deny(OrganizationTokenOnly)
	case q.principal.Role == RoleAdmin:
		return q.allow(ByRole)
	}
	return q.deny(AdminOnly)
}

// organizationByPersonalToken allows the acts only for the deprecated Admin scope, and only
// while the owner is an Admin. SCIM and the audit log are for organization tokens.
func (q *question) organizationByPersonalToken() Decision {
	p := &q.principal
	asAdmin := p.Scope == ScopeAdmin && p.Role == RoleAdmin
	switch {
	case q.outside() && !asAdmin:
		return q.hide(NotInWorkspace)
	case q.permission == UseSCIM, q.permission == ReadAuditLog:
		return q.deny(WrongTokenLevel)
	case asAdmin:
		return q.allow(ByRole)
	case q.permission == ReadUsage:
		return q.deny(WrongTokenLevel)
	case p.Role == RoleAdmin:
		return q.deny(NotInScope)
	}
	return q.deny(AdminOnly)
}

// manageToken hides other people's tokens from all but Admins. A token cannot manage personal
// tokens, not even itself. Being in the workspace is not required: members can see and delete
// their tokens after losing access.
func (q *question) manageToken() Decision {
	p, owner := &q.principal, q.resource.Owner
	switch {
	case p.Kind == Member && p.ID != "" && owner == p.ID:
		return q.allow(ByOwnership)
	case p.Kind == Member && p.Role == RoleAdmin:
		return q.allow(ByRole)
	case p.Kind == PersonalToken && p.Owner != "" && owner == p.Owner:
		return q.deny(NotForTokens)
	}
	return q.hide(NotOwner)
}

func (q *question) createToken() Decision {
	p, r := &q.principal, &q.resource
	switch {
	case p.Kind != Member:
		return q.deny(NotForTokens)
	case q.outside():
		return q.hide(NotInWorkspace)
	case p.ID == "" || r.Owner != p.ID:
		return q.deny(NotOwner)
	case r.Workspace == "":
		return q.deny(NoWorkspace)
	}
	return q.allow(ByOwnership)
}

// DecideAll decides whether p has all of perms on r. If perms is empty, the answer is no.
func DecideAll(c *Catalogue, p Principal, perms []Permission, r Resource) Decision {
	if len(perms) == 0 {
		return Decision{}
	}
	d := Decide(c, p, perms[0], r)
	for _, perm := range perms[1:] {
		d = worse(d, Decide(c, p, perm, r))
	}
	return d
}

// AllOf combines the decisions of an act that needs all of them: it returns the first that
// hides, otherwise the first that refuses, otherwise the first. Without any the answer is no.
func AllOf(decisions ...Decision) Decision {
	if len(decisions) == 0 {
		return Decision{}
	}
	d := decisions[0]
	for _, next := range decisions[1:] {
		d = worse(d, next)
	}
	return d
}

// worse prefers hiding over refusing over allowing, and a over b if they are equal: a caller
// who must not know of one part must not learn of it from the refusal of another.
func worse(a, b Decision) Decision {
	switch {
	case a.Hide:
		return a
	case b.Hide:
		return b
	case !a.Allowed:
		return a
	case !b.Allowed:
		return b
	}
	return a
}

// DecideConnection decides whether p may create, change or remove a connection of two
// resources: it needs Edit and Connect on both ends, which must be in one workspace. The same
// applies to the transformation of a destination.
func DecideConnection(c *Catalogue, p Principal, from, to Resource) Decision {
	d := worse(decideEnd(c, p, from), decideEnd(c, p, to))
	if d.Allowed && from.Workspace != to.Workspace {
		return Decision{Reason: Reason{Code: DifferentWorkspaces}}
	}
	return d
}

func decideEnd(c *Catalogue, p Principal, end Resource) Decision {
	needed := c.end(end.Type)
	return worse(Decide(c, p, needed.edit, end), Decide(c, p, needed.connect, end))
}

// end returns what one end of a connection needs. For an unknown type that is the empty
// permission, which nobody has.
func (c *Catalogue) end(typ string) endPermissions {
	if c == nil {
		return endPermissions{}
	}
	return c.ends[typ]
}

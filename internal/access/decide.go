package access

// Resource is what a permission is asked for, with where it really is: its own
// organization and workspace as stored, never as the caller claims. Type and ID are
// empty for a type-wide question ("may I create sources?"), Workspace for an act on the
// organization. Owner is the member that a personal access token belongs to.
type Resource struct {
	Organization, Workspace, Type, ID, Owner string
}

// Decide answers whether p has perm on r. It is total (any values, never a panic), pure
// and default-deny; it does not allocate when the answer is yes. The rules:
//
//   - Another organization, or a workspace that p is not in, is hidden.
//   - A permission of the catalogue needs p's effective policy there, or the role Admin;
//     a personal token keeps of it what its scope keeps. Unknown permissions are refused
//     to everybody.
//   - Whoever is in a workspace views everything in it, except what Admins manage.
//   - The organization's acts are for Admins, and three of them for organization tokens.
//   - One's own personal tokens are one's own; Admins may see and delete those of others.
//
// Whether a plan includes a feature, and whether a token is alive, is not asked here.
func Decide(c *Catalogue, p Principal, perm Permission, r Resource) Decision {
	q := question{catalogue: c, principal: p, permission: perm, resource: r}
	return q.decide()
}

// question is one call of Decide. It holds values, not pointers: the reason repeats some
// of its strings, and pointers beside them would force the whole question to the heap.
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
		return q.hide(NotInWorkspace) // its owner has left: it is good for nothing
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

// entrance refuses what never gets into a workspace; nil is no such refusal. The answer
// to an organization token is the same for every workspace, so it reveals none.
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

// view is being in the workspace. What only Admins manage is not viewed by being there.
func (q *question) view() Decision {
	if refusal, refused := q.entrance(); refused {
		return refusal
	}
	if typ := q.resource.Type; systemType(typ) && typ != ViewWorkspace.Type() {
		return q.deny(WrongType)
	}
	return q.allow(ByMembership)
}

// inWorkspace decides the permissions that policies hold.
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

// byPolicy asks the effective policy. A permission that cannot be limited must be given
// type-wide: a stored limit on it, from a catalogue that has changed since, gives nothing.
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

// organizationByPersonalToken: only the deprecated Admin scope, and only while the owner
// is an Admin. SCIM and the audit log stay with organization tokens.
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

// manageToken: existence of other people's tokens is withheld from all but Admins. A
// token manages no personal token, not even itself. Membership of the workspace is not
// asked: what one has lost access to, one may still see and delete.
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

// DecideAll needs every one of perms on r. Without any the answer is no.
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

// AllOf is the decision of an act that needs several: the first that hides, otherwise
// the first that refuses, otherwise the first. Without any the answer is no.
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

// worse prefers hiding over refusing over allowing, and a over b among equals: whoever
// may not know of one part must not learn of it from the refusal of another.
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

// DecideConnection answers whether p may make, change or remove a connection of the two
// resources: Edit and Connect on both ends, which are in one workspace. The same goes
// for the transformation of a destination.
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

// end is what one end of a connection needs. A type that the catalogue does not have
// needs the empty permission, which nobody has.
func (c *Catalogue) end(typ string) endPermissions {
	if c == nil {
		return endPermissions{}
	}
	return c.ends[typ]
}

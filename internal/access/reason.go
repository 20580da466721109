package access

import "latchkey/internal/fault"

// Decision is the result of [Decide]. The zero Decision refuses.
type Decision struct {
	Allowed bool
	Hide    bool // the caller must not learn that the resource exists: answer "not found"
	Reason  Reason
}

// Reason is the rule that decided, for the audit log, tooltips and the explain view. If the
// decision hides, the reason is for Admins and logs only: never show it to the caller.
type Reason struct {
	Code       ReasonCode
	Permission Permission
	Kind       Kind      // of the principal
	Scope      Scope     // of a personal token
	Layer      LayerKind // ByPolicy and ByRole: what grants the permission
	LayerName  string    // the group's name, for LayerGroup
}

// ReasonCode names a rule.
type ReasonCode uint8

// The rules. Unasked is the zero value: nothing was checked, so nothing is allowed.
const (
	Unasked ReasonCode = iota

	ByRole       // organization role Admin
	ByPolicy     // the effective access policy
	ByMembership // being in the workspace
	ByOwnership  // the caller's own personal token
	ByTokenLevel // what organization tokens are for

	NoPrincipal             // no principal, or a malformed one
	OtherOrganization       // of another organization
	NotInWorkspace          // in a workspace that the principal is not in
	NotOwner                // another member's personal token
	UnknownPermission       // neither in the catalogue nor a system act
	WrongType               // the permission is for another type of resource
	NoWorkspace             // the permission needs a workspace, and none was given
	DifferentWorkspaces     // the ends of a connection are in two workspaces
	Missing                 // no policy grants it
	NotCovered              // granted, but limited to other resources
	NotInScope              // the token's scope excludes it
	AdminOnly               // needs the organization role Admin
	WrongTokenLevel         // needs a token of the other level: 401, not 403
	OrganizationTokenOnly   // not for people: needs an organization token
	NotForOrganizationToken // organization tokens cannot do this
	NotForTokens            // people only, in the dashboard
)

// String returns the machine name of the code, for logs and the audit log.
func (c ReasonCode) String() string {
	names := [...]string{
		"unasked", "by_role", "by_policy", "by_membership", "by_ownership", "by_token_level",
		"no_principal", "other_organization", "not_in_workspace", "not_owner",
		"unknown_permission", "wrong_type", "no_workspace", "different_workspaces", "missing",
		"not_covered", "not_in_scope", "admin_only", "wrong_token_level",
		"organization_token_only", "not_for_organization_token", "not_for_tokens",
	}
	if int(c) < len(names) {
		return names[c]
	}
	return "unasked"
}

func (q *question) reason(code ReasonCode) Reason {
	return Reason{Code: code, Permission: q.permission, Kind: q.principal.Kind, Scope: q.principal.Scope}
}

func (q *question) allow(code ReasonCode) Decision {
	d := Decision{Allowed: true, Reason: q.reason(code)}
	if code == ByRole {
		d.Reason.Layer = LayerAdmin
	}
	return d
}

func (q *question) deny(code ReasonCode) Decision { return Decision{Reason: q.reason(code)} }

func (q *question) hide(code ReasonCode) Decision {
	return Decision{Hide: true, Reason: q.reason(code)}
}

// Source returns a name for what grants an allowed permission that can follow "from", or ""
// if that is neither a policy nor a role.
func (r Reason) Source() string {
	if r.Layer == "" {
		return ""
	}
	return source(r.Layer, r.LayerName)
}

// Text returns one sentence that names the permission and the rule.
func (r Reason) Text() string {
	name := r.permissionName()
	switch r.Code {
	case ByRole, ByPolicy:
		return "Allowed: " + name + " comes from " + r.Source() + "."
	case ByMembership:
		return "Allowed: everybody in the workspace can view it."
	case ByOwnership:
		return "Allowed: it is your own personal access token."
	case ByTokenLevel:
		return "Allowed: " + name + " is what organization service access tokens are for."
	}
	return r.refusal(name)
}

func (r Reason) refusal(name string) string {
	switch r.Code {
	case NoPrincipal:
		return "Not allowed: nobody is signed in and no valid token was presented."
	case OtherOrganization:
		return "Not allowed: it belongs to another organization."
	case NotInWorkspace:
		return "Not allowed: it is in a workspace that the principal is not in."
	case NotOwner:
		return "Not allowed: " + name + " covers only your own personal access tokens."
	case UnknownPermission:
		return "Not allowed: the permission " + name + " does not exist."
	case WrongType:
		return "Not allowed: " + name + " is not a permission of this type of resource."
	case NoWorkspace:
		return "Not allowed: " + name + " needs a workspace."
	case DifferentWorkspaces:
		return "Not allowed: the two ends of a connection must be in one workspace."
	case Missing:
		return "Not allowed: the permission " + name + " is missing: " + r.lacks() + " grants it."
	case NotCovered:
		return "Not allowed: the permission " + name + " is limited to selected resources, and this is not one of them."
	}
	return r.levelRefusal(name)
}

// lacks names the policies that grant nothing, as the subject of "grants it". A service token
// has a policy of its own, which groups and members have nothing to do with.
func (r Reason) lacks() string {
	switch r.Kind {
	case WorkspaceToken:
		return "neither this service access token's own policy nor the workspace's baseline"
	case PersonalToken:
		return "no policy of the token's owner in this workspace"
	}
	return "no policy in this workspace"
}

// levelRefusal returns the text for rules about roles, scopes and kinds of tokens.
func (r Reason) levelRefusal(name string) string {
	switch r.Code {
	case NotInScope:
		return "Not allowed: the token's scope, " + r.Scope.Label() + ", excludes the permission " + name + "."
	case AdminOnly:
		return "Not allowed: " + name + " needs the organization role Admin."
	case WrongTokenLevel:
		if r.Kind == OrganizationToken {
			return "Not allowed: " + name + " needs a workspace-level access token."
		}
		return "Not allowed: " + name + " needs an organization-level access token."
	case OrganizationTokenOnly:
		return "Not allowed: " + name + " is for organization service access tokens only."
	case NotForOrganizationToken:
		return "Not allowed: " + name + " is not available to organization service access tokens, which are for SCIM, audit logs and usage."
	case NotForTokens:
		return "Not allowed: " + name + " is for signed-in members only, not for tokens."
	}
	return "Not allowed: no permission was checked."
}

// permissionName returns the permission if it is well-formed. It does not repeat a text that
// the caller made up.
func (r Reason) permissionName() string {
	if !r.Permission.WellFormed() {
		return "the one given"
	}
	return string(r.Permission)
}

// Refusal is the private cause of the fault that a refused [Decision] turns into.
type Refusal struct{ Reason Reason }

// Error returns the text of the reason.
func (r Refusal) Error() string { return r.Reason.Text() }

// Err returns the error of a service for the decision: nil if allowed; fault.NotFound about
// what ("That token") if the resource is hidden; fault.Unauthenticated if a token of the other
// level is needed; otherwise fault.Denied. The text of the last two is the reason's, and their
// cause is a [Refusal].
func (d Decision) Err(what string) error {
	var f *fault.Error
	switch {
	case d.Allowed:
		return nil
	case d.Hide:
		return fault.NewNotFound(what)
	case d.Reason.Code == WrongTokenLevel:
		f = fault.NewUnauthenticated(d.Reason.Text())
	default:
		f = fault.NewDenied(d.Reason.Text())
	}
	f.Cause = Refusal{d.Reason}
	return f
}

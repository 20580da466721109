// Package access decides who may do what. It defines the permission catalogue, policies and
// their union, principals, and one function, [Decide], that every service calls before an
// effect and every presenter calls before it offers a button.
//
// The package is pure: no clock, no input or output, no state. Its functions take values, so
// the same question always has the same answer. It does not authenticate, does not load
// anything, does not know whether an id exists and does not check an organization's plan (see
// [Plan] for what a plan includes).
package access

import "strings"

// Permission names one thing that can be allowed: "<type>:<action>", for example
// "source:create_delete". Policies can grant those of the [Catalogue]. The system acts below
// have the same form but are never in a catalogue, so no policy can grant them.
type Permission string

// The system acts, which depend on role, membership, ownership or the level of a token.
const (
	// ViewWorkspace is being in a workspace and reading what is in it.
	ViewWorkspace Permission = "workspace:view"

	// The acts of organization Admins.
	ManageWorkspaces  Permission = "workspace:manage"
	ManageMembers     Permission = "member:manage"
	ManageInvitations Permission = "invitation:manage"
	ManageGroups      Permission = "group:manage"
	ManagePolicies    Permission = "policy:manage"
	// SavePresets is using the editor's presets and saving one. It belongs to those who may edit
	// policies. DeletePresets is taking one away from everybody else.
	SavePresets         Permission = "policy_preset:save"
	DeletePresets       Permission = "policy_preset:delete"
	ManageServiceTokens Permission = "service_access_token:manage"
	ManageAPIClients    Permission = "api_client:manage"
	ManageMigration     Permission = "migration:manage"
	ManageOrganization  Permission = "organization:manage"
	IdentifyTokens      Permission = "token:identify"

	// ReadAuditLog, ReadUsage and UseSCIM are what an organization service access token is
	// for. Admins can read the audit log and usage in the dashboard; only such a token can
	// use SCIM.
	ReadAuditLog Permission = "audit_log:read"
	ReadUsage    Permission = "usage:read"
	UseSCIM      Permission = "scim:use"

	// ManagePersonalToken is seeing, renaming, describing and deleting a token of Resource.Owner:
	// members can do so with their own, and Admins with any in the organization.
	ManagePersonalToken Permission = "personal_access_token:manage"
	// CreatePersonalToken is generating a token for Resource.Owner in Resource.Workspace.
	// Members, Admins included, can do so only for themselves, in a workspace that they are in.
	CreatePersonalToken Permission = "personal_access_token:create"
)

// Actions that resource types share.
const (
	actionEdit         = "edit"
	actionConnect      = "connect"
	actionCreateDelete = "create_delete"
)

// NewPermission joins a type and an action. It does not check them.
func NewPermission(typ, action string) Permission {
	return Permission(typ + ":" + action)
}

// Type returns the part before the first colon, or all of p without one.
func (p Permission) Type() string {
	typ, _, _ := strings.Cut(string(p), ":")
	return typ
}

// Action returns the part after the first colon, or "" without one.
func (p Permission) Action() string {
	_, action, _ := strings.Cut(string(p), ":")
	return action
}

// WellFormed reports whether p has the form "<type>:<action>", each with 1 to 64 characters
// from a-z, 0-9 and "_", a letter first. The permission need not exist.
func (p Permission) WellFormed() bool {
	typ, action, found := strings.Cut(string(p), ":")
	return found && wellFormedName(typ) && wellFormedName(action)
}

const maxName = 64

func wellFormedName(s string) bool {
	if s == "" || len(s) > maxName || s[0] < 'a' || s[0] > 'z' {
		return false
	}
	for i := 1; i < len(s); i++ {
		switch c := s[i]; {
		case 'a' <= c && c <= 'z', '0' <= c && c <= '9', c == '_':
		default:
			return false
		}
	}
	return true
}

// SystemActs returns every system act in a fixed order.
func SystemActs() []Permission {
	return []Permission{
		ViewWorkspace, ManageWorkspaces, ManageMembers, ManageInvitations, ManageGroups,
		ManagePolicies, SavePresets, DeletePresets, ManageServiceTokens, ManageAPIClients,
		ManageMigration, ManageOrganization, IdentifyTokens, ReadAuditLog, ReadUsage, UseSCIM,
		ManagePersonalToken, CreatePersonalToken,
	}
}

// act is the rule that decides a permission.
type act uint8

const (
	actUnknown      act = iota
	actResource         // in the catalogue: policies decide
	actView             // membership decides
	actOrganization     // role or level of the token decides
	actManageToken      // ownership or role decides
	actCreateToken      // ownership and membership decide
)

func systemAct(p Permission) act {
	switch p {
	case ViewWorkspace:
		return actView
	case ManageWorkspaces, ManageMembers, ManageInvitations, ManageGroups, ManagePolicies,
		SavePresets, DeletePresets, ManageServiceTokens, ManageAPIClients, ManageMigration, ManageOrganization,
		IdentifyTokens, ReadAuditLog, ReadUsage, UseSCIM:
		return actOrganization
	case ManagePersonalToken:
		return actManageToken
	case CreatePersonalToken:
		return actCreateToken
	}
	return actUnknown
}

// systemType reports whether typ is the type of a system act. Resource types cannot have such
// a name.
func systemType(typ string) bool {
	switch typ {
	case "workspace", "member", "invitation", "group", "policy", "policy_preset", "service_access_token",
		"api_client", "migration", "organization", "token", "audit_log", "usage", "scim",
		"personal_access_token":
		return true
	}
	return false
}

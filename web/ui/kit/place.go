package kit

import (
	"net/url"

	"latchkey/internal/token"
)

// The addresses of the areas, and their titles in navigation, tabs and headings.
const (
	ProfilePath       = "/settings/profile"
	PersonalTokenPath = ProfilePath + "/personal-access-tokens"

	AccessManagementPath = "/settings/access-management"
	UserPath             = AccessManagementPath + "/users"
	InvitationPath       = AccessManagementPath + "/invitations"
	GroupPath            = AccessManagementPath + "/groups"
	BaselinePath         = AccessManagementPath + "/baseline-policies"
	ServiceTokenPath     = AccessManagementPath + "/service-access-tokens"
	ClientPath           = AccessManagementPath + "/api-clients"
	ProvisioningPath     = AccessManagementPath + "/provisioning"
	ExplainPath          = AccessManagementPath + "/explain"
	MigrationPath        = AccessManagementPath + "/migration"
	MigrationUploadPath  = MigrationPath + "/upload" // takes an export; the only form with a large body

	WorkspacePath = "/settings/workspaces"
	AuditPath     = "/settings/audit-logs"
	IdentifyPath  = AuditPath + "/identify-token"
	DocsPath      = "/docs/api"

	ProfileTitle       = "Your Profile"
	PersonalTokenTitle = "Personal Access Tokens"

	AccessManagementTitle = "Access Management"
	UserTitle             = "Users"
	InvitationTitle       = "Invitations"
	GroupTitle            = "Groups"
	BaselineTitle         = "Baseline Workspace Policies"
	ServiceTokenTitle     = "Service Access Tokens"
	ClientTitle           = "API Clients"
	ProvisioningTitle     = "Provisioning"
	ExplainTitle          = "Explain"
	MigrationTitle        = "Migration"

	WorkspaceTitle = "Workspaces"
	AuditTitle     = "Audit Logs"
	IdentifyTitle  = "Identify token"
	ResourceTitle  = "Resources"
)

// The parameters of the audit log's address that other areas use in links.
const (
	ParamAbout     = "about"
	ParamWorkspace = "workspace"
)

// AuditAbout returns the address of the audit log filtered by one actor, token or target.
func AuditAbout(id string) string { return WithQuery(AuditPath, ParamAbout, id) }

// AuditIn returns the address of the audit log filtered by workspace.
func AuditIn(workspace string) string { return WithQuery(AuditPath, ParamWorkspace, workspace) }

// ResourcePath returns the address of a workspace's resources.
func ResourcePath(workspace string) string { return Path("/workspaces", workspace) + "/resources" }

// ServiceTokenList returns the address of the list of one kind of service access token.
func ServiceTokenList(k token.Kind) string { return ServiceTokenPath + "/" + string(k) }

// ServiceTokenPage returns the address of one service access token.
func ServiceTokenPage(id string) string { return ServiceTokenPath + "/" + url.PathEscape(id) }

package kit

import (
	"latchkey/internal/identity"
	"latchkey/internal/token"
)

// The addresses of the areas, and their titles in navigation, tabs and headings.
const (
	ProfilePath       = "/settings/profile"
	PersonalTokenPath = ProfilePath + "/personal-access-tokens"
	TokenPath         = "/tokens"

	// PersonalTokenListPath is the page of the visitor's own tokens alone. Their section on "Your Profile",
	// with its own dialogs below PersonalTokenPath, shows the same.
	PersonalTokenListPath = "/settings/personal-access-tokens"

	// SecurityPath is a part of "Your Profile".
	SecurityPath = "/settings/security"

	// ConfirmPath is where somebody goes on who has proven again at an identity provider who they are.
	ConfirmPath = "/confirm"

	AccessManagementPath = "/settings/access-management"
	UserPath             = AccessManagementPath + "/users"
	InvitationPath       = AccessManagementPath + "/invitations"
	GroupPath            = AccessManagementPath + "/groups"
	PresetPath           = AccessManagementPath + "/presets" // saved presets; their list is on the page of BaselinePath
	BaselinePath         = AccessManagementPath + "/baseline-policies"
	InventoryPath        = AccessManagementPath + "/tokens"
	ServiceTokenPath     = AccessManagementPath + "/service-access-tokens"
	RulePath             = AccessManagementPath + "/token-rules"
	ClientPath           = AccessManagementPath + "/api-clients"
	SignInSettingsPath   = AccessManagementPath + "/sign-in"
	ProviderPath         = AccessManagementPath + "/identity-providers"
	NotificationPath     = AccessManagementPath + "/notifications"
	ProvisioningPath     = AccessManagementPath + "/provisioning"
	ExplainPath          = AccessManagementPath + "/explain"
	MigrationPath        = AccessManagementPath + "/migration"
	MigrationUploadPath  = MigrationPath + "/upload" // takes an export; the only form with a large body

	// CalendarPath is the page of the visitor's calendar link, and FeedPath where calendars are.
	CalendarPath = "/settings/calendar"
	FeedPath     = "/calendar"

	WorkspacePath = "/settings/workspaces"
	AuditPath     = "/settings/audit-logs"
	IdentifyPath  = AuditPath + "/identify-token"
	DocsPath      = "/docs/api"
	SearchPath    = "/search"
	HelpPath      = "/help"
	ShortcutPath  = HelpPath + "/keyboard-shortcuts"

	// SSOPath is where people begin to sign in by their company's identity provider.
	SSOPath = "/sso"

	// RecoverPath is the address of a link that sets a password, which [Linker] makes.
	RecoverPath = "/recover"

	ProfileTitle       = "Your Profile"
	SecurityTitle      = "Security"
	ConfirmTitle       = "Confirm it's you"
	PersonalTokenTitle = "Personal Access Tokens"

	CalendarTitle = "Calendar link"

	AccessManagementTitle = "Access Management"
	UserTitle             = "Users"
	InvitationTitle       = "Invitations"
	GroupTitle            = "Groups"
	BaselineTitle         = "Baseline Workspace Policies"
	InventoryTitle        = "Tokens"
	ServiceTokenTitle     = "Service Access Tokens"
	RuleTitle             = "Token rules"
	ClientTitle           = "API Clients"
	SignInSettingsTitle   = "Sign-in"
	ProviderTitle         = "Identity Providers"
	NotificationTitle     = "Notifications"
	ProvisioningTitle     = "Provisioning"
	ExplainTitle          = "Explain"
	MigrationTitle        = "Migration"

	WorkspaceTitle = "Workspaces"
	AuditTitle     = "Audit Logs"
	IdentifyTitle  = "Identify token"
	ResourceTitle  = "Resources"
	SearchTitle    = "Search"
	HelpTitle      = "Help"
	ShortcutTitle  = "Keyboard shortcuts"
	DocsTitle      = "API documentation"
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

// StartPath returns the address where a sign-in by an identity provider begins, which speaks a protocol.
func StartPath(protocol identity.Kind, provider string) string {
	return Path(SSOPath, string(protocol), provider, "start")
}

// TokenPage returns the address of the page of one token of any kind.
func TokenPage(id string) string { return Path(TokenPath, id) }

// The topics of the page "Help". Each is a section of it.
const (
	HelpTokens        = "tokens"
	HelpPolicies      = "policies"
	HelpProxies       = "proxies"
	HelpIntrospection = "introspection"
	HelpProvisioning  = "provisioning"
	HelpAudit         = "audit-log"
	HelpLinks         = "links"
)

// HelpTopic returns the address of a topic of the page "Help".
func HelpTopic(id string) string { return HelpPath + "#" + id }

// helpAbout returns the address of the help about a tab of "Access Management", or "" if there is none.
func helpAbout(title string) string {
	switch title {
	case BaselineTitle, ExplainTitle:
		return HelpTopic(HelpPolicies)
	case ServiceTokenTitle, InventoryTitle, RuleTitle:
		return HelpTopic(HelpTokens)
	case ClientTitle:
		return HelpTopic(HelpIntrospection)
	case ProvisioningTitle:
		return HelpTopic(HelpProvisioning)
	}
	return ""
}

package kit

import (
	"strings"

	"github.com/labstack/echo/v4"

	"latchkey/internal/access"
	"latchkey/views/component"
	"latchkey/views/layout"
)

// accessTab is a tab of "Access Management", the group that it is in, and the permission that it needs.
type accessTab struct {
	group       string
	label, href string
	needs       access.Permission
}

// The groups of tabs.
const (
	groupPeople       = "People"
	groupPolicies     = "Policies"
	groupTokens       = "Tokens"
	groupIntegrations = "Integrations"
	groupTools        = "Tools"
)

// accessTabs returns the tabs in their order. Those of a group stand together.
func accessTabs() []accessTab {
	return []accessTab{
		{groupPeople, UserTitle, UserPath, access.ManageMembers},
		{groupPeople, InvitationTitle, InvitationPath, access.ManageInvitations},
		{groupPeople, GroupTitle, GroupPath, access.ManageGroups},
		{groupPeople, SignInSettingsTitle, SignInSettingsPath, access.ManageOrganization},
		{groupPolicies, BaselineTitle, BaselinePath, access.ManagePolicies},
		{groupPolicies, ExplainTitle, ExplainPath, access.ManageMembers},
		{groupTokens, InventoryTitle, InventoryPath, access.ManageServiceTokens},
		{groupTokens, ServiceTokenTitle, ServiceTokenPath, access.ManageServiceTokens},
		{groupTokens, RuleTitle, RulePath, access.ManageOrganization},
		{groupTokens, ClientTitle, ClientPath, access.ManageAPIClients},
		{groupIntegrations, ProvisioningTitle, ProvisioningPath, access.ManageOrganization},
		{groupIntegrations, ProviderTitle, ProviderPath, access.ManageOrganization},
		{groupIntegrations, NotificationTitle, NotificationPath, access.ManageOrganization},
		{groupTools, MigrationTitle, MigrationPath, access.ManageMigration},
		{groupTools, IdentifyTitle, IdentifyPath, access.IdentifyTokens},
	}
}

// AccessTabs returns the tabs that the visitor may open.
func (s *Site) AccessTabs(c echo.Context, v Visit) component.TabsModel {
	m := component.TabsModel{Label: "Access management"}
	for _, t := range accessTabs() {
		if s.May(v, t.needs) {
			m.Tabs = append(m.Tabs, component.Tab{Group: t.group, Label: t.label, Href: t.href,
				Current: strings.HasPrefix(c.Request().URL.Path, t.href)})
		}
	}
	return m
}

// Frame returns what all tabs of "Access Management" have in common.
func (s *Site) Frame(c echo.Context, v Visit, title string) layout.Tabbed {
	return layout.Tabbed{
		Shell: s.Shell(c, v, title),
		Header: component.PageHeaderModel{Title: AccessManagementTitle,
			Description: "Manage people, policies and tokens at " + v.Organization.Name + ".", Help: helpAbout(title)},
		Tabs: s.AccessTabs(c, v),
	}
}

package kit

import (
	"strings"

	"github.com/labstack/echo/v4"

	"latchkey/internal/access"
	"latchkey/views/component"
	"latchkey/views/layout"
)

// accessTab is a tab of "Access Management" and the permission that it needs.
type accessTab struct {
	label, href string
	needs       access.Permission
}

// accessTabs returns the tabs in their order.
func accessTabs() []accessTab {
	return []accessTab{
		{UserTitle, UserPath, access.ManageMembers},
		{InvitationTitle, InvitationPath, access.ManageInvitations},
		{GroupTitle, GroupPath, access.ManageGroups},
		{BaselineTitle, BaselinePath, access.ManagePolicies},
		{ServiceTokenTitle, ServiceTokenPath, access.ManageServiceTokens},
		{ClientTitle, ClientPath, access.ManageAPIClients},
		{ProvisioningTitle, ProvisioningPath, access.ManageOrganization},
		{ExplainTitle, ExplainPath, access.ManageMembers},
		{MigrationTitle, MigrationPath, access.ManageMigration},
	}
}

// AccessTabs returns the tabs that the visitor may open.
func (s *Site) AccessTabs(c echo.Context, v Visit) component.TabsModel {
	m := component.TabsModel{Label: "Access management"}
	for _, t := range accessTabs() {
		if s.May(v, t.needs) {
			m.Tabs = append(m.Tabs, component.Tab{Label: t.label, Href: t.href, Current: strings.HasPrefix(c.Request().URL.Path, t.href)})
		}
	}
	return m
}

// Frame returns what all tabs of "Access Management" have in common.
func (s *Site) Frame(c echo.Context, v Visit, title string) layout.Tabbed {
	return layout.Tabbed{
		Shell: s.Shell(c, v, title),
		Header: component.PageHeaderModel{Title: AccessManagementTitle,
			Description: "Manage people, policies and tokens at " + v.Organization.Name + "."},
		Tabs: s.AccessTabs(c, v),
	}
}

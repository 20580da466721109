package ui

import (
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"latchkey/internal/access"
	"latchkey/views/component"
	"latchkey/views/layout"
	homepage "latchkey/views/page/home"
	"latchkey/web/respond"
)

// accessTab is a tab of "Access Management" and the act that one needs for it.
type accessTab struct {
	label, href string
	needs       access.Permission
}

// accessTabs lists the tabs in their order.
func accessTabs() []accessTab {
	return []accessTab{
		{userTitle, userPath, access.ManageMembers},
		{invitationTitle, invitationPath, access.ManageInvitations},
		{groupTitle, groupPath, access.ManageGroups},
		{baselineTitle, baselinePath, access.ManagePolicies},
		{"Service Access Tokens", satPages, access.ManageServiceTokens},
		{clientTitle, clientPath, access.ManageAPIClients},
		{provisioningTitle, provisioningPath, access.ManageOrganization},
		{explainTitle, explainPath, access.ManageMembers},
		{migrationTitle, migrationPath, access.ManageMigration},
	}
}

// AccessManagement leads whoever may manage something to the first such tab, and shows
// everybody else what is theirs and whom to ask.
func (h *Handlers) AccessManagement(c echo.Context) error {
	v := visitOf(c)
	if tabs := h.accessTabsFor(c, v).Tabs; len(tabs) > 0 {
		return respond.SeeOther(c, tabs[0].Href)
	}
	m := ownAccessView(v)
	m.Shell = h.shell(c, v, m.Header.Title)
	return h.render.HTML(c, http.StatusOK, homepage.OwnAccessPage(m))
}

// accessTabsFor is the row of tabs with those that the visitor may open; the others are
// not in it.
func (h *Handlers) accessTabsFor(c echo.Context, v visit) component.TabsModel {
	m := component.TabsModel{Label: "Access management"}
	for _, t := range accessTabs() {
		if h.may(v, t.needs) {
			m.Tabs = append(m.Tabs, component.Tab{Label: t.label, Href: t.href, Current: strings.HasPrefix(c.Request().URL.Path, t.href)})
		}
	}
	return m
}

// accessFrame is what all tabs have in common.
func (h *Handlers) accessFrame(c echo.Context, v visit, title string) layout.Tabbed {
	return layout.Tabbed{
		Shell:  h.shell(c, v, title),
		Header: component.PageHeaderModel{Title: "Access Management", Description: "Who and what may do what at " + v.Organization.Name + "."},
		Tabs:   h.accessTabsFor(c, v),
	}
}

func ownAccessView(v visit) homepage.OwnAccess {
	names := make([]string, len(v.Workspaces))
	for i, w := range v.Workspaces {
		names[i] = w.Name
	}
	m := homepage.OwnAccess{
		Header: component.PageHeaderModel{Title: "Access Management", Description: "Your access at " + v.Organization.Name + "."},
		Card:   component.CardModel{ID: "own-access", Title: "Your access"},
		Facts: []component.Definition{
			{Term: "Role", Text: roleLabel(v.Principal.Role)},
			{Term: "Workspaces", Text: enumerate(names)},
		},
		Notice: component.NoticeModel{Kind: "info", Title: "Managed by Admins",
			Text: "Members, groups, policies and service access tokens are managed by the Admins. " + askAdmin(v) + " when you need more access."},
	}
	if len(names) == 0 {
		m.Facts[1].Text = "None yet"
	}
	return m
}

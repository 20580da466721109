package home

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"latchkey/views/component"
	page "latchkey/views/page/home"
	"latchkey/web/respond"
	"latchkey/web/ui/kit"
)

// accessManagement redirects to the first tab that the visitor may manage. A visitor who may manage
// nothing sees their own access and whom to ask.
func (h *Handlers) accessManagement(c echo.Context) error {
	v := kit.VisitOf(c)
	if tabs := h.site.AccessTabs(c, v).Tabs; len(tabs) > 0 {
		return respond.SeeOther(c, tabs[0].Href)
	}
	m := ownAccessView(v)
	m.Shell = h.site.Shell(c, v, m.Header.Title)
	return h.site.HTML(c, http.StatusOK, page.OwnAccessPage(m))
}

func ownAccessView(v kit.Visit) page.OwnAccess {
	names := make([]string, len(v.Workspaces))
	for i, w := range v.Workspaces {
		names[i] = w.Name
	}
	m := page.OwnAccess{
		Header: component.PageHeaderModel{Title: kit.AccessManagementTitle, Description: "Your access at " + v.Organization.Name + "."},
		Card:   component.CardModel{ID: "own-access", Title: "Your access"},
		Facts: []component.Definition{
			{Term: "Role", Text: kit.RoleLabel(v.Principal.Role)},
			{Term: "Workspaces", Text: kit.Enumerate(names)},
		},
		Notice: component.NoticeModel{Kind: "info", Title: "Managed by Admins",
			Text: "Admins manage members, groups, policies and service access tokens. " + kit.AskAdmin(v) + " if you need more access."},
	}
	if len(names) == 0 {
		m.Facts[1].Text = "None yet"
	}
	return m
}

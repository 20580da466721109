package ui

import (
	"strings"

	"github.com/labstack/echo/v4"

	"latchkey/internal/access"
	"latchkey/views/component"
	"latchkey/views/layout"
)

// shell builds the frame of a signed-in page. What is not the visitor's is not in it.
func (h *Handlers) shell(c echo.Context, v visit, title string) layout.Shell {
	path := c.Request().URL.Path
	settings := []layout.NavItem{
		navItem(path, "Your Profile", "/settings/profile", "user-round"),
		navItem(path, "Access Management", "/settings/access-management", "shield-check"),
	}
	if h.may(v, access.ManageWorkspaces) {
		settings = append(settings, navItem(path, workspaceTitle, workspacePath, "layers"))
	}
	if h.may(v, access.ReadAuditLog) {
		settings = append(settings, navItem(path, auditTitle, auditPath, "scroll-text"))
	}
	role := "Member"
	if v.Principal.Role == access.RoleAdmin {
		role = "Admin"
	}
	home := navItem(path, "Home", "/", "house")
	home.Current = path == "/"
	nav := []layout.NavItem{home}
	var switcher *layout.Switcher
	if resources, ok := resourceNav(path, v); ok {
		nav, switcher = append(nav, resources), resourceSwitcher(v, "")
	}
	return layout.Shell{
		Title:     title,
		User:      layout.User{Name: v.Member.Name, Email: v.Member.Email, Role: role},
		Nav:       append(nav, layout.NavItem{Label: "Settings", Children: settings}),
		Workspace: switcher,
		Flash:     h.takeFlash(c),
	}
}

func navItem(path, label, href, icon string) layout.NavItem {
	return layout.NavItem{Label: label, Href: href, Icon: icon, Current: path == href || strings.HasPrefix(path, href+"/")}
}

// takeFlash reads the notices that the previous request left, once.
func (h *Handlers) takeFlash(c echo.Context) []component.NoticeModel {
	var notices []component.NoticeModel
	for _, text := range h.d.Sessions.TakeNotices(c.Response(), c.Request()) {
		notices = append(notices, component.NoticeModel{Kind: "success", Text: text})
	}
	return notices
}

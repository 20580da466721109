package kit

import (
	"strings"

	"github.com/labstack/echo/v4"

	"latchkey/internal/access"
	"latchkey/views/layout"
)

// Shell returns the frame of a signed-in page, with the notices that wait for the visitor. What
// is not the visitor's is not in it.
func (s *Site) Shell(c echo.Context, v Visit, title string) layout.Shell {
	shell := s.frame(c, v, title)
	shell.Flash = s.takeFlash(c)
	return shell
}

// frame is Shell without notices: all of it is known from the visit.
func (s *Site) frame(c echo.Context, v Visit, title string) layout.Shell {
	path := c.Request().URL.Path
	settings := []layout.NavItem{
		navItem(path, ProfileTitle, ProfilePath, "user-round"),
		navItem(path, AccessManagementTitle, AccessManagementPath, "shield-check"),
	}
	if s.May(v, access.ManageWorkspaces) {
		settings = append(settings, navItem(path, WorkspaceTitle, WorkspacePath, "layers"))
	}
	if s.May(v, access.ReadAuditLog) {
		settings = append(settings, navItem(path, AuditTitle, AuditPath, "scroll-text"))
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
		nav, switcher = append(nav, resources), ResourceSwitcher(v, "")
	}
	return layout.Shell{
		Title:     title,
		User:      layout.User{Name: v.Member.Name, Email: v.Member.Email, Role: role},
		Nav:       append(nav, layout.NavItem{Label: "Settings", Children: settings}),
		Workspace: switcher,
	}
}

func navItem(path, label, href, icon string) layout.NavItem {
	return layout.NavItem{Label: label, Href: href, Icon: icon, Current: path == href || strings.HasPrefix(path, href+"/")}
}

// resourceNav is the navigation entry "Resources". It leads to the workspace that the
// reader is looking at, otherwise to the first. A member of no workspace has no such entry.
func resourceNav(path string, v Visit) (layout.NavItem, bool) {
	if len(v.Workspaces) == 0 {
		return layout.NavItem{}, false
	}
	item := layout.NavItem{Label: ResourceTitle, Icon: "database", Href: ResourcePath(v.Workspaces[0].ID)}
	for _, w := range v.Workspaces {
		if href := ResourcePath(w.ID); path == href {
			item.Href, item.Current = href, true
		}
	}
	return item, true
}

// ResourceSwitcher leads to the same page of the other workspaces.
func ResourceSwitcher(v Visit, workspace string) *layout.Switcher {
	s := &layout.Switcher{}
	for _, w := range v.Workspaces {
		item := layout.SwitcherItem{Label: w.Name, Note: w.Environment.Label(), Href: ResourcePath(w.ID), Current: w.ID == workspace}
		if item.Current {
			s.Current = w.Name
		}
		s.Items = append(s.Items, item)
	}
	return s
}

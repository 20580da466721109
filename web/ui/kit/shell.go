package kit

import (
	"strings"

	"github.com/labstack/echo/v4"

	"latchkey/internal/access"
	"latchkey/views/layout"
)

// Shell returns the frame of a signed-in page, with the notices for the visitor. It has only the
// navigation entries that the visitor may open.
func (s *Site) Shell(c echo.Context, v Visit, title string) layout.Shell {
	shell := s.frame(c, v, title)
	shell.Flash = s.takeFlash(c)
	if m := factorNotice(c, v); m != nil {
		shell.Flash = append(shell.Flash, *m)
	}
	return shell
}

// frame returns the frame without notices. It needs no query.
func (s *Site) frame(c echo.Context, v Visit, title string) layout.Shell {
	path := c.Request().URL.Path
	settings := []layout.NavItem{
		navItem(path, ProfileTitle, ProfilePath, "user-round"),
		navItem(path, PersonalTokenTitle, PersonalTokenListPath, "key-round"),
		navItem(path, AccessManagementTitle, AccessManagementPath, "shield-check"),
	}
	if s.May(v, access.ManageWorkspaces) {
		settings = append(settings, navItem(path, WorkspaceTitle, WorkspacePath, "layers"))
	}
	if s.May(v, access.ReadAuditLog) {
		settings = append(settings, navItem(path, AuditTitle, AuditPath, "scroll-text"))
	}
	settings[0].Current = settings[0].Current || strings.HasPrefix(path, SecurityPath)
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

// resourceNav returns the navigation entry "Resources". It links to the workspace that the visitor
// is looking at, otherwise to the first one. It reports false for a member of no workspace.
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

// ResourceSwitcher returns links to the resources of each workspace.
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

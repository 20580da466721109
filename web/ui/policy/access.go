package policy

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"latchkey/internal/access"
	"latchkey/internal/fault"
	"latchkey/internal/policy"
	"latchkey/views/component"
	page "latchkey/views/page/policy"
	"latchkey/web/ui/kit"
)

const accessTitle = "Access Policy"

// ownAccess shows the visitor's own effective policy in a workspace.
func (h *Handlers) ownAccess(c echo.Context) error {
	v := kit.VisitOf(c)
	return h.showAccess(c, v.Member.ID, kit.ProfilePath+"/access-policy",
		component.Link{Label: kit.ProfileTitle, Href: kit.ProfilePath + "#access-policy"})
}

// memberAccess shows a member's effective policy to Admins.
func (h *Handlers) memberAccess(c echo.Context) error {
	at := kit.Path(kit.UserPath, c.Param("id"))
	return h.showAccess(c, c.Param("id"), at+"/access-policy", component.Link{Label: "Member details", Href: at})
}

// showAccess shows a member's effective policy in the workspace that the path names. If it names none,
// it shows the first.
func (h *Handlers) showAccess(c echo.Context, member, at string, back component.Link) error {
	v := kit.VisitOf(c)
	view, err := h.policies.EffectiveOf(c.Request().Context(), v.Standing, member)
	if err != nil {
		return err
	}
	m := page.Access{
		Header: component.PageHeaderModel{Title: accessTitle, Back: &back,
			Description: "What " + view.Member.Name + " can do, and where each permission comes from."},
		SubTabs: component.TabsModel{Label: "Workspaces"},
	}
	if member == v.Member.ID {
		m.Header.Description = "What you can do, and where each permission comes from."
	}
	chosen, err := chooseAccess(view, c.Param("workspace"))
	if err != nil {
		return err
	}
	for _, a := range view.Access {
		m.SubTabs.Tabs = append(m.SubTabs.Tabs, component.Tab{Label: a.Workspace.Name, Href: kit.Path(at, a.Workspace.ID),
			Current: chosen != nil && a.Workspace.ID == chosen.Workspace.ID})
	}
	if chosen == nil {
		m.Empty = AccessList(view, h.site.Catalogue(), at, "").Empty
	} else if m.Policy, err = h.accessView(c, v, *chosen); err != nil {
		return err
	}
	m.Notice = accessNotice(view, chosen)
	m.Shell = h.site.Shell(c, v, accessTitle)
	return h.site.HTML(c, http.StatusOK, page.AccessPage(m))
}

// chooseAccess returns the access in a workspace; "" is the first. It returns nil if there are no workspaces.
func chooseAccess(view policy.AccessView, workspace string) (*policy.WorkspaceAccess, error) {
	for i, a := range view.Access {
		if a.Workspace.ID == workspace || workspace == "" {
			return &view.Access[i], nil
		}
	}
	if workspace != "" {
		return nil, fault.NewNotFound("That workspace")
	}
	return nil, nil
}

// accessView presents the full table of permissions with their sources.
func (h *Handlers) accessView(c echo.Context, v kit.Visit, a policy.WorkspaceAccess) (*component.PolicyModel, error) {
	resources, err := h.policies.Resources(c.Request().Context(), v.Standing, a.Workspace.ID)
	if err != nil {
		return nil, err
	}
	m := NewEditor(h.site.Catalogue(), v.Organization.Plan, resources, a.Layers...).View(access.Policy{})
	fromInherited(&m)
	return &m, nil
}

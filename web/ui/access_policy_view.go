package ui

import (
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"latchkey/internal/access"
	"latchkey/internal/account"
	"latchkey/internal/fault"
	"latchkey/views/component"
	policypage "latchkey/views/page/policy"
)

const accessPolicyTitle = "Access Policy"

// accessListView says in short what somebody may do in each workspace and where it comes
// from. at is the address of the page with all of it.
func accessListView(view account.AccessView, catalogue *access.Catalogue, at, description string) policypage.AccessList {
	m := policypage.AccessList{Card: component.CardModel{ID: "access-policy", Title: accessPolicyTitle, Description: description}}
	if view.Member.Role == access.RoleAdmin && len(view.Access) > 0 {
		m.Items = []policypage.AccessItem{{Workspace: "Every workspace", Lines: []policypage.AccessLine{{Source: "Organization role Admin", Gives: "Everything"}},
			Details: component.ButtonModel{Label: "Details", Context: "of every workspace", Variant: component.Ghost, Small: true, Href: at}}}
		return m
	}
	for _, a := range view.Access {
		item := policypage.AccessItem{Workspace: a.Workspace.Name,
			Details: component.ButtonModel{Label: "Details", Context: "of " + a.Workspace.Name, Variant: component.Ghost, Small: true, Href: path(at, a.Workspace.ID)}}
		for _, layer := range a.Layers {
			item.Lines = append(item.Lines, policypage.AccessLine{Source: upperFirst(layer.Source()), Gives: strings.Join(effectiveLines(catalogue, layer.Policy), "; ")})
		}
		m.Items = append(m.Items, item)
	}
	if len(m.Items) == 0 {
		m.Empty = &component.EmptyModel{Icon: "layers", Inside: true, Title: "In no workspace yet",
			Text: "A member policy or a group puts somebody into a workspace. Whoever is in one can view its resources."}
	}
	return m
}

// OwnAccessPolicy shows the visitor's own effective policy in a workspace.
func (h *Handlers) OwnAccessPolicy(c echo.Context) error {
	v := visitOf(c)
	return h.showAccess(c, v.Member.ID, profilePath+"/access-policy", component.Link{Label: "Your Profile", Href: profilePath + "#access-policy"})
}

// MemberAccessPolicy shows any member's to Admins.
func (h *Handlers) MemberAccessPolicy(c echo.Context) error {
	at := path(userPath, c.Param("id"))
	return h.showAccess(c, c.Param("id"), at+"/access-policy", component.Link{Label: "Member details", Href: at})
}

// showAccess shows a member's effective policy in the workspace that the path names, or in
// the first.
func (h *Handlers) showAccess(c echo.Context, member, at string, back component.Link) error {
	v := visitOf(c)
	view, err := h.d.Accounts.EffectiveOf(c.Request().Context(), v.caller, member)
	if err != nil {
		return err
	}
	m := policypage.Access{
		Header:  component.PageHeaderModel{Title: accessPolicyTitle, Description: "What " + view.Member.Name + " may do, and where each permission comes from.", Back: &back},
		SubTabs: component.TabsModel{Label: "Workspaces"},
	}
	if member == v.Member.ID {
		m.Header.Description = "What you may do, and where each permission comes from."
	}
	chosen, err := chooseAccess(view, c.Param("workspace"))
	if err != nil {
		return err
	}
	for _, a := range view.Access {
		m.SubTabs.Tabs = append(m.SubTabs.Tabs, component.Tab{Label: a.Workspace.Name, Href: path(at, a.Workspace.ID), Current: chosen != nil && a.Workspace.ID == chosen.Workspace.ID})
	}
	if chosen == nil {
		m.Empty = accessListView(view, h.d.Catalogue, at, "").Empty
	} else if m.Policy, err = h.accessView(c, v, *chosen); err != nil {
		return err
	}
	m.Notice = accessNotice(view, chosen)
	m.Shell = h.shell(c, v, accessPolicyTitle)
	return h.render.HTML(c, http.StatusOK, policypage.AccessPage(m))
}

// chooseAccess finds the workspace; "" is the first, nil when there is none.
func chooseAccess(view account.AccessView, workspace string) (*account.WorkspaceAccess, error) {
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

func accessNotice(view account.AccessView, chosen *account.WorkspaceAccess) *component.NoticeModel {
	switch {
	case view.Member.Status != account.Active:
		return &component.NoticeModel{Kind: "warning", Title: "Deactivated", Text: view.Member.Name + " may do nothing until reactivation. This is what would apply then."}
	case view.Member.Role == access.RoleAdmin && chosen != nil:
		return &component.NoticeModel{Kind: "info", Text: "The organization role Admin gives everything in every workspace; policies make no difference while it lasts."}
	}
	return nil
}

// accessView is the full table with the sources.
func (h *Handlers) accessView(c echo.Context, v visit, a account.WorkspaceAccess) (*component.PolicyModel, error) {
	resources, err := h.d.Accounts.Resources(c.Request().Context(), v.caller, a.Workspace.ID)
	if err != nil {
		return nil, err
	}
	m := newPolicyEditor(h.d.Catalogue, v.Organization.Plan, resources, a.Layers...).view(access.Policy{})
	fromInherited(&m)
	return &m, nil
}

// fromInherited words the sources for somebody's whole access, of which nothing is inherited
// in any other way than the rest.
func fromInherited(m *component.PolicyModel) {
	word := func(s string) string {
		return strings.ReplaceAll(strings.ReplaceAll(s, "Inherited: ", "From "), "inherited: ", "from ")
	}
	for _, s := range m.Sections {
		for _, r := range s.Rows {
			for i := range r.Cells {
				cell := &r.Cells[i]
				cell.LockedBy, cell.Note = word(cell.LockedBy), word(cell.Note)
				if cell.Limit == nil {
					continue
				}
				for k := range cell.Limit.Options {
					cell.Limit.Options[k].Name = word(cell.Limit.Options[k].Name)
				}
			}
		}
	}
}

package ui

import (
	"net/http"
	"net/url"

	"github.com/labstack/echo/v4"

	"latchkey/internal/account"
	"latchkey/internal/fault"
	"latchkey/views/component"
	peoplepage "latchkey/views/page/people"
	"latchkey/web/respond"
)

const (
	groupPath  = "/settings/access-management/groups"
	groupTitle = "Groups"
)

// Groups lists the groups.
func (h *Handlers) Groups(c echo.Context) error {
	return h.showGroups(c, http.StatusOK, component.Dialogs{})
}

func (h *Handlers) showGroups(c echo.Context, status int, dialogs component.Dialogs) error {
	v := visitOf(c)
	rows, err := h.d.Accounts.GroupRows(c.Request().Context(), v.caller)
	if err != nil {
		return err
	}
	m := groupsView(rows, v.Organization.Plan, readPageQuery(groupPath, c.QueryParams(), account.DefaultPage, "name", "members"))
	m.Frame = h.accessFrame(c, v, groupTitle)
	m.Dialogs = dialogs
	return h.render.HTML(c, status, peoplepage.GroupsPage(m))
}

// NewGroup shows the first step of making a group. Denied when the plan has no room for one.
func (h *Handlers) NewGroup(c echo.Context) error {
	err := h.d.Accounts.CheckGroup(c.Request().Context(), visitOf(c).caller, account.GroupForm{Name: "x"})
	if fault.Is(err, fault.Denied) {
		return err
	}
	return h.showGroups(c, http.StatusOK, component.Dialogs{Form: groupBasicsDialog(url.Values{}, nil)})
}

// GroupStep takes either step's form: `step` names the pressed button. Nothing is kept
// between the steps but in the form.
func (h *Handlers) GroupStep(c echo.Context) error {
	v, ctx := visitOf(c), c.Request().Context()
	form, err := readForm(c)
	if err != nil {
		return err
	}
	basics := account.GroupForm{Name: form.Get(fieldName), Description: form.Get(fieldDescription)}
	if form.Get(fieldStep) == stepBack {
		return h.showGroups(c, http.StatusOK, component.Dialogs{Form: groupBasicsDialog(form, nil)})
	}
	wrong, err := invalid(h.d.Accounts.CheckGroup(ctx, v.caller, basics))
	if err != nil {
		return err
	}
	if wrong != nil {
		return h.showGroups(c, respond.Status(fault.Invalid), component.Dialogs{Form: groupBasicsDialog(form, wrong)})
	}
	if form.Get(fieldStep) != stepCreate {
		return h.showGroups(c, http.StatusOK, component.Dialogs{Form: groupWorkspacesDialog(form, v.Workspaces, nil)})
	}
	g, err := h.d.Accounts.CreateGroup(ctx, v.caller, basics, form[fieldWorkspaces])
	if wrong, err = invalid(err); err != nil {
		return err
	}
	if wrong != nil {
		return h.showGroups(c, respond.Status(fault.Invalid), component.Dialogs{Form: groupWorkspacesDialog(form, v.Workspaces, wrong)})
	}
	return h.done(c, path(groupPath, g.ID), "Group "+g.Name+" was created.")
}

// Group shows one group with its members and policies.
func (h *Handlers) Group(c echo.Context) error {
	return h.showGroup(c, http.StatusOK, component.Dialogs{})
}

func (h *Handlers) showGroup(c echo.Context, status int, dialogs component.Dialogs) error {
	v, ctx, id := visitOf(c), c.Request().Context(), c.Param("id")
	d, err := h.d.Accounts.GroupDetails(ctx, v.caller, id)
	if err != nil {
		return err
	}
	q := userQuery(path(groupPath, id), c.QueryParams())
	members := memberQuery(q)
	members.InGroup = id
	found, err := h.d.Accounts.FindMembers(ctx, v.caller, members)
	if err != nil {
		return err
	}
	m := groupView(d, found, q, h.d.Catalogue, v.now)
	m.Shell = h.shell(c, v, "Group "+d.Name)
	m.Dialogs = dialogs
	return h.render.HTML(c, status, peoplepage.GroupPage(m))
}

// groupOf loads the group that the path names.
func (h *Handlers) groupOf(c echo.Context) (account.GroupDetails, error) {
	return h.d.Accounts.GroupDetails(c.Request().Context(), visitOf(c).caller, c.Param("id"))
}

// EditGroup asks for another name or description.
func (h *Handlers) EditGroup(c echo.Context) error {
	d, err := h.groupOf(c)
	if err != nil {
		return err
	}
	form := url.Values{fieldName: {d.Name}, fieldDescription: {d.Description}}
	return h.showGroup(c, http.StatusOK, component.Dialogs{Form: groupEditDialog(d.ID, form, nil)})
}

// UpdateGroup saves them.
func (h *Handlers) UpdateGroup(c echo.Context) error {
	form, err := readForm(c)
	if err != nil {
		return err
	}
	id := c.Param("id")
	g, err := h.d.Accounts.UpdateGroup(c.Request().Context(), visitOf(c).caller, id,
		account.GroupForm{Name: form.Get(fieldName), Description: form.Get(fieldDescription)})
	wrong, err := invalid(err)
	if err != nil {
		return err
	}
	if wrong != nil {
		return h.showGroup(c, respond.Status(fault.Invalid), component.Dialogs{Form: groupEditDialog(id, form, wrong)})
	}
	return h.done(c, path(groupPath, id), "Group "+g.Name+" was saved.")
}

// ConfirmDeleteGroup asks before a group goes.
func (h *Handlers) ConfirmDeleteGroup(c echo.Context) error {
	d, err := h.groupOf(c)
	if err != nil {
		return err
	}
	return h.showGroup(c, http.StatusOK, component.Dialogs{Confirm: deleteGroupDialog(d)})
}

// DeleteGroup removes a group.
func (h *Handlers) DeleteGroup(c echo.Context) error {
	g, err := h.d.Accounts.DeleteGroup(c.Request().Context(), visitOf(c).caller, c.Param("id"))
	if err != nil {
		return err
	}
	return h.done(c, groupPath, "Group "+g.Name+" was deleted.")
}

// NewGroupPolicy asks for the workspace to link.
func (h *Handlers) NewGroupPolicy(c echo.Context) error {
	d, err := h.groupOf(c)
	if err != nil {
		return err
	}
	return h.showGroup(c, http.StatusOK, component.Dialogs{Form: newPolicyDialog(path(groupPath, d.ID), d.Outside)})
}

// ChooseGroupWorkspace leads on to the editor for the chosen workspace.
func (h *Handlers) ChooseGroupWorkspace(c echo.Context) error {
	return h.toEditor(c, path(groupPath, c.Param("id")))
}

// groupSpot is the policy that the path names.
func groupSpot(c echo.Context) policySpot {
	id, workspace := c.Param("id"), c.Param("workspace")
	at := path(groupPath, id)
	return policySpot{place: account.Place{Kind: account.GroupPolicy, Workspace: workspace, Subject: id},
		at: path(at+"/policies", workspace), back: component.Link{Label: "Group", Href: at}, title: "Group Workspace Policy"}
}

// GroupPolicy edits a Group Workspace Policy.
func (h *Handlers) GroupPolicy(c echo.Context) error { return h.showPolicy(c, groupSpot(c)) }

// SaveGroupPolicy saves it, or shows the form again.
func (h *Handlers) SaveGroupPolicy(c echo.Context) error { return h.policyStep(c, groupSpot(c)) }

// GroupPolicySummary says what saving the form would change.
func (h *Handlers) GroupPolicySummary(c echo.Context) error { return h.policySummary(c, groupSpot(c)) }

// ConfirmRemoveGroupPolicy asks before a workspace is unlinked.
func (h *Handlers) ConfirmRemoveGroupPolicy(c echo.Context) error {
	return h.confirmRemovePolicy(c, groupSpot(c))
}

// RemoveGroupPolicy unlinks a workspace.
func (h *Handlers) RemoveGroupPolicy(c echo.Context) error { return h.removePolicy(c, groupSpot(c)) }

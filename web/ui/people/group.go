package people

import (
	"net/http"
	"net/url"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"latchkey/internal/account"
	"latchkey/internal/fault"
	"latchkey/internal/policy"
	"latchkey/views/component"
	page "latchkey/views/page/people"
	"latchkey/web/respond"
	"latchkey/web/ui/kit"
	policyui "latchkey/web/ui/policy"
)

// listGroups lists the groups.
func (h *Handlers) listGroups(c echo.Context) error {
	return h.showGroups(c, http.StatusOK, nil)
}

func (h *Handlers) showGroups(c echo.Context, status int, above templ.Component) error {
	v := kit.VisitOf(c)
	rows, err := h.groups.List(c.Request().Context(), v.Standing)
	if err != nil {
		return err
	}
	m := groupsView(rows, v.Organization.Plan, kit.ReadPaging(kit.GroupPath, c.QueryParams(), account.DefaultPage, "name", "members"))
	m.Frame = h.site.Frame(c, v, kit.GroupTitle)
	m.Frame.Shell.Above = above
	return h.site.HTML(c, status, page.GroupsPage(m))
}

// newGroup shows the first step of creating a group. The error is Denied if the plan allows no
// further group.
func (h *Handlers) newGroup(c echo.Context) error {
	err := h.groups.Check(c.Request().Context(), kit.VisitOf(c).Standing, account.GroupSettings{Name: "x"})
	if fault.Is(err, fault.Denied) {
		return err
	}
	return h.site.Dialog(c, http.StatusOK, component.FormDialog(*groupBasicsDialog(url.Values{}, nil)), h.showGroups)
}

// groupStep handles the forms of both steps; the field "step" names the pressed button. Only the
// form carries values from one step to the next.
func (h *Handlers) groupStep(c echo.Context) error {
	v, ctx := kit.VisitOf(c), c.Request().Context()
	form, err := kit.ReadForm(c)
	if err != nil {
		return err
	}
	basics := account.GroupSettings{Name: form.Get(kit.FieldName), Description: form.Get(fieldDescription)}
	if form.Get(kit.FieldStep) == kit.StepBack {
		return h.site.Dialog(c, http.StatusOK, component.FormDialog(*groupBasicsDialog(form, nil)), h.showGroups)
	}
	wrong, err := kit.Invalid(h.groups.Check(ctx, v.Standing, basics))
	if err != nil {
		return err
	}
	if wrong != nil {
		return h.site.Dialog(c, respond.Status(fault.Invalid), component.FormDialog(*groupBasicsDialog(form, wrong)), h.showGroups)
	}
	if form.Get(kit.FieldStep) != stepCreate {
		return h.site.Dialog(c, http.StatusOK, component.FormDialog(*groupWorkspacesDialog(form, v.Workspaces, nil)), h.showGroups)
	}
	g, err := h.groups.Create(ctx, v.By, basics, form[fieldWorkspaces])
	if wrong, err = kit.Invalid(err); err != nil {
		return err
	}
	if wrong != nil {
		dialog := groupWorkspacesDialog(form, v.Workspaces, wrong)
		return h.site.Dialog(c, respond.Status(fault.Invalid), component.FormDialog(*dialog), h.showGroups)
	}
	return h.site.Done(c, kit.Path(kit.GroupPath, g.ID), "Group "+g.Name+" was created.")
}

// group shows one group with its members and policies.
func (h *Handlers) group(c echo.Context) error {
	return h.showGroup(c, http.StatusOK, nil)
}

func (h *Handlers) showGroup(c echo.Context, status int, above templ.Component) error {
	v, ctx, id := kit.VisitOf(c), c.Request().Context(), c.Param("id")
	d, err := h.groups.Get(ctx, v.Standing, id)
	if err != nil {
		return err
	}
	held, err := h.policies.Held(ctx, v.Standing, policy.OfGroup, id)
	if err != nil {
		return err
	}
	q := userQuery(kit.Path(kit.GroupPath, id), c.QueryParams())
	members := memberQuery(q)
	members.InGroup = id
	found, err := h.members.Find(ctx, v.Standing, members)
	if err != nil {
		return err
	}
	m := groupView(d, held, found, q, h.site.Catalogue(), v.Now)
	m.Shell = h.site.Shell(c, v, "Group "+d.Name)
	m.Shell.Above = above
	return h.site.HTML(c, status, page.GroupPage(m))
}

// groupOf loads the group that the path names.
func (h *Handlers) groupOf(c echo.Context) (account.GroupRow, error) {
	return h.groups.Get(c.Request().Context(), kit.VisitOf(c).Standing, c.Param("id"))
}

// editGroup shows the dialog that changes the name and description.
func (h *Handlers) editGroup(c echo.Context) error {
	d, err := h.groupOf(c)
	if err != nil {
		return err
	}
	form := url.Values{kit.FieldName: {d.Name}, fieldDescription: {d.Description}}
	return h.site.Dialog(c, http.StatusOK, component.FormDialog(*groupEditDialog(d.ID, form, nil)), h.showGroup)
}

// updateGroup saves the name and description.
func (h *Handlers) updateGroup(c echo.Context) error {
	form, err := kit.ReadForm(c)
	if err != nil {
		return err
	}
	id := c.Param("id")
	g, err := h.groups.Update(c.Request().Context(), kit.VisitOf(c).By, id,
		account.GroupSettings{Name: form.Get(kit.FieldName), Description: form.Get(fieldDescription)})
	wrong, err := kit.Invalid(err)
	if err != nil {
		return err
	}
	if wrong != nil {
		return h.site.Dialog(c, respond.Status(fault.Invalid), component.FormDialog(*groupEditDialog(id, form, wrong)), h.showGroup)
	}
	return h.site.Done(c, kit.Path(kit.GroupPath, id), "Group "+g.Name+" was saved.")
}

// confirmDeleteGroup asks for confirmation before a group is deleted.
func (h *Handlers) confirmDeleteGroup(c echo.Context) error {
	d, err := h.groupOf(c)
	if err != nil {
		return err
	}
	return h.site.Dialog(c, http.StatusOK, component.ConfirmDialog(*deleteGroupDialog(d)), h.showGroup)
}

// deleteGroup deletes a group.
func (h *Handlers) deleteGroup(c echo.Context) error {
	g, err := h.groups.Delete(c.Request().Context(), kit.VisitOf(c).By, c.Param("id"))
	if err != nil {
		return err
	}
	return h.site.Done(c, kit.GroupPath, "Group "+g.Name+" was deleted.")
}

// newGroupPolicy asks which workspace to link to the group.
func (h *Handlers) newGroupPolicy(c echo.Context) error {
	id := c.Param("id")
	held, err := h.policies.Held(c.Request().Context(), kit.VisitOf(c).Standing, policy.OfGroup, id)
	if err != nil {
		return err
	}
	return h.site.Dialog(c, http.StatusOK, component.FormDialog(*newPolicyDialog(kit.Path(kit.GroupPath, id), held.Outside)), h.showGroup)
}

// chooseGroupWorkspace redirects to the policy editor for the chosen workspace.
func (h *Handlers) chooseGroupWorkspace(c echo.Context) error {
	return h.editor.ToEditor(c, kit.Path(kit.GroupPath, c.Param("id")))
}

// groupSpot returns the policy that the path names.
func groupSpot(c echo.Context) policyui.Spot {
	id, workspace := c.Param("id"), c.Param("workspace")
	at := kit.Path(kit.GroupPath, id)
	return policyui.Spot{Place: policy.Place{Kind: policy.OfGroup, Workspace: workspace, Subject: id},
		At: kit.Path(at+"/policies", workspace), Back: component.Link{Label: "Group", Href: at}, Title: "Group Workspace Policy"}
}

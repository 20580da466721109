package workspace

import (
	"net/http"
	"net/url"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"latchkey/internal/account"
	"latchkey/internal/fault"
	"latchkey/views/component"
	page "latchkey/views/page/workspace"
	"latchkey/web/respond"
	"latchkey/web/ui/kit"
)

// The fields of the forms that create and change workspaces, besides the name.
const (
	fieldEnvironment = "environment"
	fieldRegion      = "region"
)

// list lists the workspaces.
func (h *Handlers) list(c echo.Context) error {
	return h.show(c, http.StatusOK, nil)
}

func (h *Handlers) show(c echo.Context, status int, above templ.Component) error {
	v, q := kit.VisitOf(c), kit.ReadPaging(kit.WorkspacePath, c.QueryParams(), account.DefaultPage)
	rows, err := h.workspaces.List(c.Request().Context(), v.Standing, q.ShownWorkspaces)
	if err != nil {
		return err
	}
	m := workspacesView(rows, q, v.Now)
	m.Shell = h.site.Shell(c, v, kit.WorkspaceTitle)
	m.Shell.Above = above
	return h.site.HTML(c, status, page.WorkspacesPage(m))
}

func workspaceSettings(form url.Values) account.WorkspaceSettings {
	return account.WorkspaceSettings{Name: form.Get(kit.FieldName), Environment: account.Environment(form.Get(fieldEnvironment)),
		Region: form.Get(fieldRegion)}
}

// newWorkspace shows the dialog that creates a workspace.
func (h *Handlers) newWorkspace(c echo.Context) error {
	form := url.Values{fieldEnvironment: {string(account.Production)}, fieldRegion: {account.Regions()[0]}}
	return h.site.Dialog(c, http.StatusOK, component.FormDialog(*workspaceDialog("", form, nil)), h.show)
}

// create creates a workspace.
func (h *Handlers) create(c echo.Context) error {
	form, err := kit.ReadForm(c)
	if err != nil {
		return err
	}
	w, err := h.workspaces.Create(c.Request().Context(), kit.VisitOf(c).By, workspaceSettings(form))
	wrong, err := kit.Invalid(err)
	if err != nil {
		return err
	}
	if wrong != nil {
		return h.site.Dialog(c, respond.Status(fault.Invalid), component.FormDialog(*workspaceDialog("", form, wrong)), h.show)
	}
	return h.site.Done(c, kit.WorkspacePath, "Workspace "+w.Name+" was created.")
}

// edit shows the dialog that renames a workspace or changes what it is for.
func (h *Handlers) edit(c echo.Context) error {
	w, err := h.workspaces.Get(c.Request().Context(), kit.VisitOf(c).Standing, c.Param("id"))
	if err != nil {
		return err
	}
	form := url.Values{kit.FieldName: {w.Name}, fieldEnvironment: {string(w.Environment)}, fieldRegion: {w.Region}}
	return h.site.Dialog(c, http.StatusOK, component.FormDialog(*workspaceDialog(w.ID, form, nil)), h.show)
}

// update saves it.
func (h *Handlers) update(c echo.Context) error {
	form, err := kit.ReadForm(c)
	if err != nil {
		return err
	}
	id := c.Param("id")
	w, err := h.workspaces.Update(c.Request().Context(), kit.VisitOf(c).By, id, workspaceSettings(form))
	wrong, err := kit.Invalid(err)
	if err != nil {
		return err
	}
	if wrong != nil {
		return h.site.Dialog(c, respond.Status(fault.Invalid), component.FormDialog(*workspaceDialog(id, form, wrong)), h.show)
	}
	return h.site.Done(c, kit.WorkspacePath, "Workspace "+w.Name+" was saved.")
}

// confirmDelete asks for the name of a workspace before it is deleted.
func (h *Handlers) confirmDelete(c echo.Context) error {
	return h.askDelete(c, http.StatusOK, nil)
}

func (h *Handlers) askDelete(c echo.Context, status int, errors kit.FieldErrors) error {
	w, err := h.workspaces.Get(c.Request().Context(), kit.VisitOf(c).Standing, c.Param("id"))
	if err != nil {
		return err
	}
	return h.site.Dialog(c, status, component.ConfirmDialog(*deleteWorkspaceDialog(w, errors)), h.show)
}

// delete deletes a workspace and everything in it.
func (h *Handlers) delete(c echo.Context) error {
	form, err := kit.ReadForm(c)
	if err != nil {
		return err
	}
	w, err := h.workspaces.Delete(c.Request().Context(), kit.VisitOf(c).By, c.Param("id"), form.Get(kit.FieldName))
	wrong, err := kit.Invalid(err)
	if err != nil {
		return err
	}
	if wrong != nil {
		return h.askDelete(c, respond.Status(fault.Invalid), wrong)
	}
	return h.site.Done(c, kit.WorkspacePath, "Workspace "+w.Name+" was deleted.")
}

// environmentOptions returns the environments to choose from.
func environmentOptions() []component.SelectOption {
	var out []component.SelectOption
	for _, e := range []account.Environment{account.Production, account.Development} {
		out = append(out, component.SelectOption{Value: string(e), Label: e.Label()})
	}
	return out
}

package ui

import (
	"net/http"
	"net/url"

	"github.com/labstack/echo/v4"

	"latchkey/internal/account"
	"latchkey/internal/fault"
	"latchkey/views/component"
	workspacepage "latchkey/views/page/workspace"
	"latchkey/web/respond"
)

const (
	workspacePath  = "/settings/workspaces"
	workspaceTitle = "Workspaces"
)

// Workspaces lists the workspaces.
func (h *Handlers) Workspaces(c echo.Context) error {
	return h.showWorkspaces(c, http.StatusOK, component.Dialogs{})
}

func (h *Handlers) showWorkspaces(c echo.Context, status int, dialogs component.Dialogs) error {
	v := visitOf(c)
	rows, err := h.d.Accounts.WorkspaceRows(c.Request().Context(), v.caller)
	if err != nil {
		return err
	}
	m := workspacesView(rows, readPageQuery(workspacePath, c.QueryParams(), account.DefaultPage), v.now)
	m.Shell = h.shell(c, v, workspaceTitle)
	m.Dialogs = dialogs
	return h.render.HTML(c, status, workspacepage.WorkspacesPage(m))
}

func workspaceForm(form url.Values) account.WorkspaceForm {
	return account.WorkspaceForm{Name: form.Get(fieldName), Environment: account.Environment(form.Get(fieldEnvironment)), Region: form.Get(fieldRegion)}
}

// NewWorkspace shows the dialog that makes a workspace.
func (h *Handlers) NewWorkspace(c echo.Context) error {
	form := url.Values{fieldEnvironment: {string(account.Production)}, fieldRegion: {account.Regions()[0]}}
	return h.showWorkspaces(c, http.StatusOK, component.Dialogs{Form: workspaceDialog("", form, nil)})
}

// CreateWorkspace makes a workspace.
func (h *Handlers) CreateWorkspace(c echo.Context) error {
	form, err := readForm(c)
	if err != nil {
		return err
	}
	w, err := h.d.Accounts.CreateWorkspace(c.Request().Context(), visitOf(c).caller, workspaceForm(form))
	wrong, err := invalid(err)
	if err != nil {
		return err
	}
	if wrong != nil {
		return h.showWorkspaces(c, respond.Status(fault.Invalid), component.Dialogs{Form: workspaceDialog("", form, wrong)})
	}
	return h.done(c, workspacePath, "Workspace "+w.Name+" was created.")
}

// EditWorkspace shows the dialog that renames a workspace or changes what it is for.
func (h *Handlers) EditWorkspace(c echo.Context) error {
	w, err := h.d.Accounts.Workspace(c.Request().Context(), visitOf(c).caller, c.Param("id"))
	if err != nil {
		return err
	}
	form := url.Values{fieldName: {w.Name}, fieldEnvironment: {string(w.Environment)}, fieldRegion: {w.Region}}
	return h.showWorkspaces(c, http.StatusOK, component.Dialogs{Form: workspaceDialog(w.ID, form, nil)})
}

// UpdateWorkspace saves it.
func (h *Handlers) UpdateWorkspace(c echo.Context) error {
	form, err := readForm(c)
	if err != nil {
		return err
	}
	id := c.Param("id")
	w, err := h.d.Accounts.UpdateWorkspace(c.Request().Context(), visitOf(c).caller, id, workspaceForm(form))
	wrong, err := invalid(err)
	if err != nil {
		return err
	}
	if wrong != nil {
		return h.showWorkspaces(c, respond.Status(fault.Invalid), component.Dialogs{Form: workspaceDialog(id, form, wrong)})
	}
	return h.done(c, workspacePath, "Workspace "+w.Name+" was saved.")
}

// ConfirmDeleteWorkspace asks for the name before a workspace goes.
func (h *Handlers) ConfirmDeleteWorkspace(c echo.Context) error {
	return h.askDeleteWorkspace(c, http.StatusOK, nil)
}

func (h *Handlers) askDeleteWorkspace(c echo.Context, status int, errors fieldErrors) error {
	w, err := h.d.Accounts.Workspace(c.Request().Context(), visitOf(c).caller, c.Param("id"))
	if err != nil {
		return err
	}
	return h.showWorkspaces(c, status, component.Dialogs{Confirm: deleteWorkspaceDialog(w, errors)})
}

// DeleteWorkspace removes a workspace with what is in it.
func (h *Handlers) DeleteWorkspace(c echo.Context) error {
	form, err := readForm(c)
	if err != nil {
		return err
	}
	w, err := h.d.Accounts.DeleteWorkspace(c.Request().Context(), visitOf(c).caller, c.Param("id"), form.Get(fieldName))
	wrong, err := invalid(err)
	if err != nil {
		return err
	}
	if wrong != nil {
		return h.askDeleteWorkspace(c, respond.Status(fault.Invalid), wrong)
	}
	return h.done(c, workspacePath, "Workspace "+w.Name+" was deleted.")
}

// environmentOptions are what a workspace can be for.
func environmentOptions() []component.SelectOption {
	var out []component.SelectOption
	for _, e := range []account.Environment{account.Production, account.Development} {
		out = append(out, component.SelectOption{Value: string(e), Label: e.Label()})
	}
	return out
}

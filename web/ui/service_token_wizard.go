package ui

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"latchkey/internal/access"
	"latchkey/internal/fault"
	"latchkey/internal/token"
	"latchkey/views/component"
	tokenpage "latchkey/views/page/token"
	"latchkey/web/respond"
)

// NewWorkspaceToken shows the first step of the wizard. Denied on a plan without tokens.
func (h *Handlers) NewWorkspaceToken(c echo.Context) error {
	v := visitOf(c)
	if !v.Organization.Plan.Has(access.FeatureTokens) {
		return fault.NewDenied(access.UpgradeText)
	}
	return h.showWizard(c, http.StatusOK, newWizard(v.Workspaces).firstStep(v.Workspaces, nil, v.now))
}

// WorkspaceTokenStep takes either step's form: `step` names the pressed button. Nothing is
// kept between the steps but in the form.
func (h *Handlers) WorkspaceTokenStep(c echo.Context) error {
	v := visitOf(c)
	form, err := readForm(c)
	if err != nil {
		return err
	}
	w := parseWizard(form, v.Workspaces)
	if w.step == stepBack {
		return h.showWizard(c, http.StatusOK, w.firstStep(v.Workspaces, nil, v.now))
	}
	if wrong := w.basics(v.Workspaces, v.now); wrong != nil {
		return h.showWizard(c, respond.Status(fault.Invalid), w.firstStep(v.Workspaces, wrong, v.now))
	}
	e, err := h.tokenPolicyEditor(c, v, w.workspace)
	if err != nil {
		return err
	}
	w.readPolicy(e, form)
	if w.step == stepGenerate {
		return h.generateWorkspaceToken(c, e, w)
	}
	return h.showWizard(c, w.status(), w.secondStep(e, v.Workspaces, v.now))
}

// generateWorkspaceToken makes the token and shows its secret, in this response only; or
// the step in which something is wrong.
func (h *Handlers) generateWorkspaceToken(c echo.Context, e policyEditor, w wizard) error {
	v := visitOf(c)
	policy, missing := e.policy(w.policy)
	if w.problems = append(w.problems, missing...); len(w.problems) > 0 {
		return h.showWizard(c, w.status(), w.secondStep(e, v.Workspaces, v.now))
	}
	made, err := h.d.Tokens.GenerateWorkspace(c.Request().Context(), v.caller, token.NewWorkspace{Name: w.name, Workspace: w.workspace,
		Policy: policy, Expiration: w.expiration, Date: w.date, Submission: w.submission})
	if fault.Is(err, fault.Conflict) {
		return h.submittedServiceToken(c, token.Workspace, fault.Of(err).Message)
	}
	fields, err := invalid(err)
	if err != nil {
		return err
	}
	if fields == nil {
		return h.showServiceTokens(c, http.StatusOK, token.Workspace,
			tokenpage.Dialogs{Reveal: revealDialog(made, h.baseURL(c), satList(token.Workspace))})
	}
	w.tokenForm, w.problems = w.again(), fields.list()
	if wrong := fields.within(tokenFieldOrder()); len(wrong) > 0 {
		return h.showWizard(c, w.status(), w.firstStep(v.Workspaces, wrong, v.now))
	}
	return h.showWizard(c, w.status(), w.secondStep(e, v.Workspaces, v.now))
}

// WorkspaceTokenSummary says in plain words what the policy in the form allows: the part of
// the page that follows the choices.
func (h *Handlers) WorkspaceTokenSummary(c echo.Context) error {
	v := visitOf(c)
	form, err := readForm(c)
	if err != nil {
		return err
	}
	w := parseWizard(form, v.Workspaces)
	if _, ok := w.place(v.Workspaces); !ok {
		return fault.NewInvalid("Choose one of the workspaces.")
	}
	e, err := h.tokenPolicyEditor(c, v, w.workspace)
	if err != nil {
		return err
	}
	w.readPolicy(e, form)
	return h.render.HTML(c, http.StatusOK, component.PolicySummary(e.summary(w.policy)))
}

func (h *Handlers) showWizard(c echo.Context, status int, m tokenpage.Wizard) error {
	m.Shell = h.shell(c, visitOf(c), satTitle)
	return h.render.HTML(c, status, tokenpage.WizardPage(m))
}

package token

import (
	"errors"
	"net/http"

	"github.com/labstack/echo/v4"

	"latchkey/internal/access"
	"latchkey/internal/fault"
	"latchkey/internal/token"
	"latchkey/views/component"
	page "latchkey/views/page/token"
	"latchkey/web/respond"
	"latchkey/web/ui/kit"
	policyui "latchkey/web/ui/policy"
)

// newWorkspaceToken shows the first step of the wizard. It is denied on a plan without tokens.
func (h *Handlers) newWorkspaceToken(c echo.Context) error {
	v := kit.VisitOf(c)
	if !v.Organization.Plan.Has(access.FeatureTokens) {
		return fault.NewDenied(access.UpgradeText)
	}
	l, err := h.limits(c, v, token.Workspace)
	if err != nil {
		return err
	}
	w := newWizard(v.Workspaces, l.life())
	filled, err := h.prefill(c, v, l, w.tokenForm)
	if err != nil {
		return err
	}
	w.tokenForm, w.back = filled.form, returnTo(c.QueryParam(paramReturn))
	if err := h.carryPolicy(c, v, &w, filled.policy); err != nil {
		return err
	}
	m := w.firstStep(v, l, nil)
	m.Notice = filled.notice()
	return h.showWizard(c, http.StatusOK, m)
}

// carryPolicy puts a policy into the hidden fields of the first step, for the editor of the second.
func (h *Handlers) carryPolicy(c echo.Context, v kit.Visit, w *wizard, p access.Policy) error {
	if len(p) == 0 {
		return nil
	}
	e := policyui.NewEditor(h.site.Catalogue(), v.Organization.Plan, nil)
	if _, chosen := w.chosenWorkspace(v.Workspaces); chosen {
		var err error
		if e, err = h.policyEditor(c, v, w.workspace); err != nil {
			return err
		}
		w.policyWorkspace = w.workspace
	}
	w.carried = e.Fields(p)
	return nil
}

// workspaceTokenStep takes the form of either step. Its field "step" names the pressed button. Only
// the form keeps state between the steps.
func (h *Handlers) workspaceTokenStep(c echo.Context) error {
	v := kit.VisitOf(c)
	form, err := kit.ReadForm(c)
	if err != nil {
		return err
	}
	l, err := h.limits(c, v, token.Workspace)
	if err != nil {
		return err
	}
	w := parseWizard(form, v.Workspaces)
	if w.step == kit.StepBack {
		return h.showWizard(c, http.StatusOK, w.firstStep(v, l, nil))
	}
	if wrong := w.basics(v.Workspaces, l, v.Now); wrong != nil {
		return h.showWizard(c, respond.Status(fault.Invalid), w.firstStep(v, l, wrong))
	}
	e, err := h.policyEditor(c, v, w.workspace)
	if err != nil {
		return err
	}
	w.readPolicy(e, form)
	if w.tools, err = h.editor.OpenTools(c, form); err != nil {
		return err
	}
	if w.step == stepGenerate {
		return h.generateWorkspaceToken(c, e, w, l)
	}
	if w.policy, err = h.editor.Press(c, w.tools, e, w.policy, w.workspace, w.step); err != nil {
		return err
	}
	return h.showWizard(c, w.status(), w.secondStep(e, v.Workspaces, v.Now))
}

// generateWorkspaceToken makes the token and shows its secret. No other response contains it. If
// something is wrong, it shows the step with the mistake.
func (h *Handlers) generateWorkspaceToken(c echo.Context, e policyui.Editor, w wizard, l limits) error {
	v := kit.VisitOf(c)
	policy, missing := e.Policy(w.policy)
	if w.problems = append(w.problems, missing...); len(w.problems) > 0 {
		return h.showWizard(c, w.status(), w.secondStep(e, v.Workspaces, v.Now))
	}
	made, err := h.makeWorkspaceToken(c, v, w.tokenForm, policy)
	if errors.Is(err, fault.ErrRepeated) {
		return h.submittedServiceToken(c, token.Workspace)
	}
	fields, err := w.invalid(err, v.Now)
	if err != nil {
		return err
	}
	if fields == nil {
		return h.revealServiceToken(c, made, w.list())
	}
	w.tokenForm, w.problems = w.again(), fields.List()
	if wrong := fields.Within(fieldOrder()); len(wrong) > 0 {
		return h.showWizard(c, w.status(), w.firstStep(v, l, wrong))
	}
	return h.showWizard(c, w.status(), w.secondStep(e, v.Workspaces, v.Now))
}

// makeWorkspaceToken makes the token that the form asks for, with the policy of the second step.
func (h *Handlers) makeWorkspaceToken(c echo.Context, v kit.Visit, f tokenForm, policy access.Policy) (token.Generated, error) {
	if err := kit.CheckSubmission(f.submission); err != nil {
		return token.Generated{}, err
	}
	return h.tokens.GenerateWorkspace(c.Request().Context(), v.By,
		token.NewWorkspace{Name: f.name, Description: f.description, Workspace: f.workspace,
			Policy: policy, ExpiresAt: f.expiresAt(v.Now), Addresses: f.addresses, IdempotencyKey: f.submission})
}

// workspaceTokenSummary answers with the summary of the policy in the form, which the page replaces
// whenever a choice changes.
func (h *Handlers) workspaceTokenSummary(c echo.Context) error {
	v := kit.VisitOf(c)
	form, err := kit.ReadForm(c)
	if err != nil {
		return err
	}
	w := parseWizard(form, v.Workspaces)
	if _, ok := w.chosenWorkspace(v.Workspaces); !ok {
		return fault.NewInvalid("Choose a workspace.")
	}
	e, err := h.policyEditor(c, v, w.workspace)
	if err != nil {
		return err
	}
	w.readPolicy(e, form)
	return h.site.HTML(c, http.StatusOK, component.PolicySummary(w.summary(e)))
}

func (h *Handlers) showWizard(c echo.Context, status int, m page.Wizard) error {
	m.Shell = h.site.Shell(c, kit.VisitOf(c), kit.ServiceTokenTitle)
	return h.site.HTML(c, status, page.WizardPage(m))
}

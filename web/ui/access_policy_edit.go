package ui

import (
	"net/http"
	"net/url"
	"strconv"

	"github.com/labstack/echo/v4"

	"latchkey/internal/access"
	"latchkey/internal/account"
	"latchkey/internal/fault"
	"latchkey/views/component"
	policypage "latchkey/views/page/policy"
	"latchkey/web/respond"
)

// The fields that say which state of a policy the form was made from.
const (
	fieldPolicyID = "policy_id"
	fieldVersion  = "version"
	stepSave      = "save"
)

// policySpot is a policy that a page edits: where it stands and where its pages are.
type policySpot struct {
	place account.Place
	at    string // address of the editor
	back  component.Link
	title string // what kind of policy it is
}

// policyEdit is one showing of an editor: what is stored and what the form says.
type policyEdit struct {
	policySpot
	view   account.PolicyView
	editor policyEditor
	form   policyForm
	seen   account.Revision
	errors fieldErrors
	notice *component.NoticeModel
}

// loadPolicy loads what stands in the spot.
func (h *Handlers) loadPolicy(c echo.Context, spot policySpot) (policyEdit, error) {
	view, err := h.d.Accounts.Policy(c.Request().Context(), visitOf(c).caller, spot.place)
	if err != nil {
		return policyEdit{}, err
	}
	e := newPolicyEditor(h.d.Catalogue, view.Plan, view.Resources, view.Inherited...)
	return policyEdit{policySpot: spot, view: view, editor: e, form: e.form(view.Body), seen: view.Revision()}, nil
}

// showPolicy shows the editor as things stand.
func (h *Handlers) showPolicy(c echo.Context, spot policySpot) error {
	p, err := h.loadPolicy(c, spot)
	if err != nil {
		return err
	}
	return h.renderPolicy(c, http.StatusOK, p, component.Dialogs{})
}

func (h *Handlers) renderPolicy(c echo.Context, status int, p policyEdit, dialogs component.Dialogs) error {
	summary, err := h.summarize(c, p)
	if err != nil {
		return err
	}
	m := p.model(summary)
	m.Dialogs = dialogs
	m.Shell = h.shell(c, visitOf(c), p.title)
	return h.render.HTML(c, status, policypage.EditPage(m))
}

// readPolicyForm reads the editor's form over what is stored.
func (h *Handlers) readPolicyForm(c echo.Context, spot policySpot) (p policyEdit, step string, err error) {
	form, err := readForm(c)
	if err != nil {
		return policyEdit{}, "", err
	}
	if p, err = h.loadPolicy(c, spot); err != nil {
		return policyEdit{}, "", err
	}
	var problems []fault.Field
	p.form, problems = p.editor.parsePolicy(form)
	p.errors = errorsOf(problems)
	p.seen = revisionOf(form)
	return p, form.Get(fieldStep), nil
}

func revisionOf(form url.Values) account.Revision {
	version, _ := strconv.ParseInt(form.Get(fieldVersion), 10, 64) // nonsense is version 0, which nothing has
	return account.Revision{Policy: form.Get(fieldPolicyID), Version: version}
}

// errorsOf maps problems by path; nil when there are none.
func errorsOf(problems []fault.Field) fieldErrors {
	if len(problems) == 0 {
		return nil
	}
	fields, _ := invalid(fault.NewInvalid("", problems...))
	return fields
}

// body is the policy that the form asks for, and what is missing in it. Permissions that the
// catalogue has dropped are not offered: they stay as they are.
func (p policyEdit) body() (access.Policy, []fault.Field) {
	body, missing := p.editor.policy(p.form)
	for _, unknown := range p.editor.catalogue.Unknown(p.view.Body) {
		body[unknown] = p.view.Body[unknown]
	}
	return body, missing
}

// policyStep takes the editor's form: "Save", or a button that only shows it again.
func (h *Handlers) policyStep(c echo.Context, spot policySpot) error {
	p, step, err := h.readPolicyForm(c, spot)
	if err != nil {
		return err
	}
	body, missing := p.body()
	if step != stepSave || len(p.errors) > 0 {
		return h.renderPolicy(c, statusOf(p.errors), p, component.Dialogs{})
	}
	if p.errors = errorsOf(missing); p.errors != nil {
		return h.renderPolicy(c, statusOf(p.errors), p, component.Dialogs{})
	}
	if err := h.savePolicy(c, p, body); err != nil {
		return h.refusedPolicy(c, p, err)
	}
	return h.done(c, p.back.Href, "The policy of "+p.view.Title()+" was saved.")
}

func statusOf(errors fieldErrors) int {
	if len(errors) > 0 {
		return respond.Status(fault.Invalid)
	}
	return http.StatusOK
}

// savePolicy adds or replaces the policy, as the form was made for.
func (h *Handlers) savePolicy(c echo.Context, p policyEdit, body access.Policy) error {
	ctx, by := c.Request().Context(), visitOf(c).caller
	if p.seen.Policy == "" {
		_, err := h.d.Accounts.AddPolicy(ctx, by, p.place, body)
		return err
	}
	_, err := h.d.Accounts.SavePolicy(ctx, by, p.place, p.seen, body)
	return err
}

// refusedPolicy shows the form again with why it was not saved. After a collision the form
// is one for what is stored now, so that saving again is a decision with open eyes.
func (h *Handlers) refusedPolicy(c echo.Context, p policyEdit, err error) error {
	if fault.Is(err, fault.Conflict) {
		again, loadErr := h.loadPolicy(c, p.policySpot)
		if loadErr != nil {
			return loadErr
		}
		again.form = p.form
		again.notice = &component.NoticeModel{Kind: "warning", Title: "Somebody else was quicker", Text: fault.Of(err).Message, Live: true,
			Links: []component.Link{{Label: "Drop my changes and show the policy as it is", Href: p.at}}}
		return h.renderPolicy(c, respond.Status(fault.Conflict), again, component.Dialogs{})
	}
	if p.errors, err = invalid(err); err != nil {
		return err
	}
	return h.renderPolicy(c, statusOf(p.errors), p, component.Dialogs{})
}

// policySummary answers with the part of the page that follows the choices.
func (h *Handlers) policySummary(c echo.Context, spot policySpot) error {
	p, _, err := h.readPolicyForm(c, spot)
	if err != nil {
		return err
	}
	summary, err := h.summarize(c, p)
	if err != nil {
		return err
	}
	return h.render.HTML(c, http.StatusOK, component.PolicySummary(summary))
}

// summarize says what saving the form would change and whom it would concern.
func (h *Handlers) summarize(c echo.Context, p policyEdit) (component.PolicySummaryModel, error) {
	body, missing := p.body()
	s, err := h.d.Accounts.ChangeSummary(c.Request().Context(), visitOf(c).caller, p.place, body)
	if fault.Is(err, fault.Invalid) {
		return component.PolicySummaryModel{Title: "What changes", Empty: "The policy cannot be saved like this yet."}, nil
	}
	return p.changeWords(s, missing), err
}

// confirmRemovePolicy asks before a group or member is taken out of a workspace.
func (h *Handlers) confirmRemovePolicy(c echo.Context, spot policySpot) error {
	p, err := h.loadPolicy(c, spot)
	if err != nil {
		return err
	}
	if !p.view.Exists {
		return fault.NewNotFound("That policy")
	}
	return h.renderPolicy(c, http.StatusOK, p, component.Dialogs{Confirm: p.removeDialog()})
}

// removePolicy takes a group or member out of a workspace.
func (h *Handlers) removePolicy(c echo.Context, spot policySpot) error {
	v, err := h.d.Accounts.RemovePolicy(c.Request().Context(), visitOf(c).caller, spot.place)
	if err != nil {
		return err
	}
	return h.done(c, spot.back.Href, "The policy of "+v.Title()+" was removed.")
}

// toEditor leads from the choice of a workspace to the editor of the policy there.
func (h *Handlers) toEditor(c echo.Context, at string) error {
	form, err := readForm(c)
	if err != nil {
		return err
	}
	if form.Get(fieldWorkspace) == "" {
		return respond.SeeOther(c, at)
	}
	return respond.SeeOther(c, path(at+"/policies", form.Get(fieldWorkspace)))
}

package policy

import (
	"net/http"
	"net/url"
	"strconv"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"latchkey/internal/access"
	"latchkey/internal/fault"
	"latchkey/internal/policy"
	"latchkey/views/component"
	page "latchkey/views/page/policy"
	"latchkey/web/respond"
	"latchkey/web/ui/kit"
)

// The fields that say which state of a policy the form was made from.
const (
	fieldPolicyID = "policy_id"
	fieldVersion  = "version"
)

// Spot is a policy that a page edits: where it stands and where its pages are.
type Spot struct {
	Place policy.Place
	At    string // address of the editor
	Back  component.Link
	Title string // what kind of policy it is
}

// EditorPages returns the rows of the editor at an address; spot says which policy a request names.
func (h *Handlers) EditorPages(at string, spot func(echo.Context) Spot) []kit.Page {
	return []kit.Page{
		kit.Get(at, kit.Member, access.ManagePolicies, func(c echo.Context) error { return h.show(c, spot(c)) }),
		kit.Post(at, kit.Member, access.ManagePolicies, func(c echo.Context) error { return h.step(c, spot(c)) }),
		kit.Post(at+"/summary", kit.Member, access.ManagePolicies, func(c echo.Context) error { return h.summary(c, spot(c)) }),
	}
}

// RemovalPages returns the rows that take a group or member out of a workspace, below the address of
// the editor.
func (h *Handlers) RemovalPages(at string, spot func(echo.Context) Spot) []kit.Page {
	return []kit.Page{
		kit.Get(at+"/remove", kit.Member, access.ManagePolicies, func(c echo.Context) error { return h.confirmRemove(c, spot(c)) }),
		kit.Post(at+"/remove", kit.Member, access.ManagePolicies, func(c echo.Context) error { return h.remove(c, spot(c)) }),
	}
}

// edit is one showing of an editor: what is stored and what the form says.
type edit struct {
	Spot
	view   policy.View
	editor Editor
	form   Form
	seen   policy.Revision
	errors kit.FieldErrors
	notice *component.NoticeModel
}

// load loads what stands in the spot.
func (h *Handlers) load(c echo.Context, spot Spot) (edit, error) {
	view, err := h.policies.At(c.Request().Context(), kit.VisitOf(c).Standing, spot.Place)
	if err != nil {
		return edit{}, err
	}
	e := NewEditor(h.site.Catalogue(), view.Plan, view.Resources, view.Inherited...)
	return edit{Spot: spot, view: view, editor: e, form: e.Form(view.Body), seen: view.Revision()}, nil
}

// show shows the editor as things stand.
func (h *Handlers) show(c echo.Context, spot Spot) error {
	p, err := h.load(c, spot)
	if err != nil {
		return err
	}
	return h.render(c, http.StatusOK, p, nil)
}

func (h *Handlers) render(c echo.Context, status int, p edit, above templ.Component) error {
	summary, err := h.summarize(c, p)
	if err != nil {
		return err
	}
	m := p.model(summary)
	m.Shell = h.site.Shell(c, kit.VisitOf(c), p.Title)
	m.Shell.Above = above
	return h.site.HTML(c, status, page.EditPage(m))
}

// ReadForm reads the editor's form over what is stored.
func (h *Handlers) readForm(c echo.Context, spot Spot) (p edit, step string, err error) {
	form, err := kit.ReadForm(c)
	if err != nil {
		return edit{}, "", err
	}
	if p, err = h.load(c, spot); err != nil {
		return edit{}, "", err
	}
	var problems []fault.Field
	p.form, problems = p.editor.Parse(form)
	p.errors = kit.ErrorsOf(problems)
	p.seen = revisionOf(form)
	return p, form.Get(kit.FieldStep), nil
}

func revisionOf(form url.Values) policy.Revision {
	version, _ := strconv.ParseInt(form.Get(fieldVersion), 10, 64) // nonsense is version 0, which nothing has
	return policy.Revision{Policy: form.Get(fieldPolicyID), Version: version}
}

// body is the policy that the form asks for, and what is missing in it. Permissions that the
// catalogue has dropped are not offered: they stay as they are.
func (p edit) body() (access.Policy, []fault.Field) {
	body, missing := p.editor.Policy(p.form)
	for _, unknown := range p.editor.catalogue.Unknown(p.view.Body) {
		body[unknown] = p.view.Body[unknown]
	}
	return body, missing
}

// step takes the editor's form: "Save", or a button that only shows it again.
func (h *Handlers) step(c echo.Context, spot Spot) error {
	p, step, err := h.readForm(c, spot)
	if err != nil {
		return err
	}
	body, missing := p.body()
	if step != kit.StepSave || len(p.errors) > 0 {
		return h.render(c, kit.StatusOf(p.errors), p, nil)
	}
	if p.errors = kit.ErrorsOf(missing); p.errors != nil {
		return h.render(c, kit.StatusOf(p.errors), p, nil)
	}
	if err := h.save(c, p, body); err != nil {
		return h.refused(c, p, err)
	}
	return h.site.Done(c, p.Back.Href, "The policy of "+p.view.Title()+" was saved.")
}

// save adds or replaces the policy, as the form was made for.
func (h *Handlers) save(c echo.Context, p edit, body access.Policy) error {
	ctx, by := c.Request().Context(), kit.VisitOf(c).By
	if p.seen.Policy == "" {
		_, err := h.policies.Add(ctx, by, p.Place, body)
		return err
	}
	_, err := h.policies.Save(ctx, by, p.Place, p.seen, body)
	return err
}

// refused shows the form again with why it was not saved. After a collision the form
// is one for what is stored now, so that saving again is a decision with open eyes.
func (h *Handlers) refused(c echo.Context, p edit, err error) error {
	if fault.Is(err, fault.Conflict) {
		again, loadErr := h.load(c, p.Spot)
		if loadErr != nil {
			return loadErr
		}
		again.form = p.form
		again.notice = &component.NoticeModel{Kind: "warning", Title: "This policy changed while you were editing", Text: fault.Of(err).Message, Live: true,
			Links: []component.Link{{Label: "Discard my changes and reload", Href: p.At}}}
		return h.render(c, respond.Status(fault.Conflict), again, nil)
	}
	if p.errors, err = kit.Invalid(err); err != nil {
		return err
	}
	return h.render(c, kit.StatusOf(p.errors), p, nil)
}

// summary answers with the part of the page that follows the choices.
func (h *Handlers) summary(c echo.Context, spot Spot) error {
	p, _, err := h.readForm(c, spot)
	if err != nil {
		return err
	}
	summary, err := h.summarize(c, p)
	if err != nil {
		return err
	}
	return h.site.HTML(c, http.StatusOK, component.PolicySummary(summary))
}

// summarize says what saving the form would change and whom it would concern.
func (h *Handlers) summarize(c echo.Context, p edit) (component.PolicySummaryModel, error) {
	body, missing := p.body()
	s, err := h.policies.ChangeSummary(c.Request().Context(), kit.VisitOf(c).Standing, p.Place, body)
	if fault.Is(err, fault.Invalid) {
		return component.PolicySummaryModel{Title: "What changes", Empty: "The policy cannot be saved like this yet."}, nil
	}
	return p.changeWords(s, missing), err
}

// confirmRemove asks before a group or member is taken out of a workspace.
func (h *Handlers) confirmRemove(c echo.Context, spot Spot) error {
	p, err := h.load(c, spot)
	if err != nil {
		return err
	}
	if !p.view.Exists {
		return fault.NewNotFound("That policy")
	}
	return h.site.Dialog(c, http.StatusOK, component.ConfirmDialog(*p.removeDialog()),
		func(c echo.Context, status int, above templ.Component) error { return h.render(c, status, p, above) })
}

// remove takes a group or member out of a workspace.
func (h *Handlers) remove(c echo.Context, spot Spot) error {
	v, err := h.policies.Remove(c.Request().Context(), kit.VisitOf(c).By, spot.Place)
	if err != nil {
		return err
	}
	return h.site.Done(c, spot.Back.Href, "The policy of "+v.Title()+" was removed.")
}

// ToEditor leads from the choice of a workspace to the editor of the policy there.
func (h *Handlers) ToEditor(c echo.Context, at string) error {
	form, err := kit.ReadForm(c)
	if err != nil {
		return err
	}
	if form.Get(kit.FieldWorkspace) == "" {
		return respond.SeeOther(c, at)
	}
	return respond.SeeOther(c, kit.Path(at+"/policies", form.Get(kit.FieldWorkspace)))
}

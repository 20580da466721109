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

// The fields that identify the revision of the policy from which the form was made.
const (
	fieldPolicyID = "policy_id"
	fieldVersion  = "version"
)

// Spot names a policy that a page edits, and the addresses around it.
type Spot struct {
	Place policy.Place
	At    string         // address of the editor
	Back  component.Link // to the page that lists the policy
	Title string         // the kind of policy
}

// EditorPages returns the rows of the editor at an address. spot returns the policy that a request names.
func (h *Handlers) EditorPages(at string, spot func(echo.Context) Spot) []kit.Page {
	return []kit.Page{
		kit.Get(at, kit.Member, access.ManagePolicies, func(c echo.Context) error { return h.show(c, spot(c)) }),
		kit.Post(at, kit.Member, access.ManagePolicies, func(c echo.Context) error { return h.step(c, spot(c)) }),
		kit.Post(at+"/summary", kit.Member, access.ManagePolicies, func(c echo.Context) error { return h.summary(c, spot(c)) }),
	}
}

// RemovalPages returns the rows that remove a group or member from a workspace, below the address of
// the editor. spot returns the policy that a request names.
func (h *Handlers) RemovalPages(at string, spot func(echo.Context) Spot) []kit.Page {
	return []kit.Page{
		kit.Get(at+"/remove", kit.Member, access.ManagePolicies, func(c echo.Context) error { return h.confirmRemove(c, spot(c)) }),
		kit.Post(at+"/remove", kit.Member, access.ManagePolicies, func(c echo.Context) error { return h.remove(c, spot(c)) }),
	}
}

// edit is the state of one page with an editor: the stored policy and the form.
type edit struct {
	Spot
	view   policy.View
	editor Editor
	form   Form
	seen   policy.Revision // from which the form was made
	sent   url.Values      // the form as it was sent, or nil
	tools  *Tools          // above the editor
	clash  *page.Conflict  // with a change of somebody else
	errors kit.FieldErrors
	notice *component.NoticeModel
}

// load loads the policy of the spot.
func (h *Handlers) load(c echo.Context, spot Spot) (edit, error) {
	view, err := h.policies.At(c.Request().Context(), kit.VisitOf(c).Standing, spot.Place)
	if err != nil {
		return edit{}, err
	}
	e := NewEditor(h.site.Catalogue(), view.Plan, view.Resources, view.Inherited...)
	return edit{Spot: spot, view: view, editor: e, form: e.Form(view.Body), seen: view.Revision()}, nil
}

// show shows the editor with the stored policy.
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
	if p.tools == nil {
		if p.tools, err = h.OpenTools(c, p.sent); err != nil {
			return err
		}
	}
	m := p.model(summary)
	m.Shell = h.site.Shell(c, kit.VisitOf(c), p.Title)
	m.Shell.Above = above
	return h.site.HTML(c, status, page.EditPage(m))
}

// readForm loads the policy of the spot and reads the editor's form. step is the pressed button.
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
	p.seen, p.sent = revisionOf(form), form
	return p, form.Get(kit.FieldStep), nil
}

func revisionOf(form url.Values) policy.Revision {
	version, _ := strconv.ParseInt(form.Get(fieldVersion), 10, 64) // no policy has version 0
	return policy.Revision{Policy: form.Get(fieldPolicyID), Version: version}
}

// body returns the policy that the form asks for, and what is missing in it. The form does not offer
// permissions that the catalogue no longer has: the policy keeps them.
func (p edit) body() (access.Policy, []fault.Field) {
	body, missing := p.editor.Policy(p.form)
	for _, unknown := range p.editor.catalogue.Unknown(p.view.Body) {
		body[unknown] = p.view.Body[unknown]
	}
	return body, missing
}

// step takes the editor's form. The button "Save" saves it; any other shows it again.
func (h *Handlers) step(c echo.Context, spot Spot) error {
	p, step, err := h.readForm(c, spot)
	if err != nil {
		return err
	}
	if step != kit.StepSave {
		return h.tool(c, p, step)
	}
	body, missing := p.body()
	if len(p.errors) > 0 {
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

// tool does what any other button than "Save" asks for, and shows the form again.
func (h *Handlers) tool(c echo.Context, p edit, step string) error {
	if step == stepApply && len(p.errors) == 0 {
		return h.apply(c, p)
	}
	var err error
	if p.tools, err = h.OpenTools(c, p.sent); err != nil {
		return err
	}
	if p.form, err = h.Press(c, p.tools, p.editor, p.form, p.Place.Workspace, step); err != nil {
		return err
	}
	return h.render(c, max(kit.StatusOf(p.errors), p.tools.Status()), p, nil)
}

// save adds the policy, or replaces the revision from which the form was made.
func (h *Handlers) save(c echo.Context, p edit, body access.Policy) error {
	ctx, by := c.Request().Context(), kit.VisitOf(c).By
	if p.seen.Policy == "" {
		_, err := h.policies.Add(ctx, by, p.Place, body)
		return err
	}
	_, err := h.policies.Save(ctx, by, p.Place, p.seen, body)
	return err
}

// summary answers with the summary of the form, which the page replaces whenever a choice changes.
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

// summarize describes what saving the form would change and whom it would affect.
func (h *Handlers) summarize(c echo.Context, p edit) (component.PolicySummaryModel, error) {
	body, missing := p.body()
	s, err := h.policies.ChangeSummary(c.Request().Context(), kit.VisitOf(c).Standing, p.Place, body)
	if fault.Is(err, fault.Invalid) {
		return component.PolicySummaryModel{Title: "What changes", Empty: "The policy cannot be saved yet."}, nil
	}
	return p.changeWords(s, missing), err
}

// confirmRemove shows the dialog that asks before a group or member is removed from a workspace.
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

// remove removes a group or member from a workspace.
func (h *Handlers) remove(c echo.Context, spot Spot) error {
	v, err := h.policies.Remove(c.Request().Context(), kit.VisitOf(c).By, spot.Place)
	if err != nil {
		return err
	}
	return h.site.Done(c, spot.Back.Href, "The policy of "+v.Title()+" was removed.")
}

// ToEditor redirects from the choice of a workspace to the editor of the policy there. Without a
// choice, it redirects to at.
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

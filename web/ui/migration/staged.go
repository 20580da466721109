package migration

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"github.com/labstack/echo/v4"

	"latchkey/internal/access"
	"latchkey/internal/fault"
	"latchkey/internal/migration"
	"latchkey/views/component"
	page "latchkey/views/page/migration"
	policypage "latchkey/views/page/policy"
	"latchkey/web/respond"
	"latchkey/web/ui/kit"
	policyui "latchkey/web/ui/policy"
)

// stagedPage is how many staged items a page lists.
const stagedPage = 25

// stagedItems lists the staged items of one kind, those with issues first.
func (h *Handlers) stagedItems(c echo.Context) error {
	v, ctx := kit.VisitOf(c), c.Request().Context()
	at := slices.IndexFunc(stagedKinds(), func(k migration.Kind) bool { return stagedSlug(k) == c.Param("kind") })
	if at < 0 {
		return fault.NewNotFound("This page")
	}
	s := stagedView{catalogue: h.site.Catalogue(), kind: stagedKinds()[at], after: migration.Step(c.QueryParam(queryAfter))}
	// In this order: the overview of an ended step must be read after its end.
	running, _, err := h.migration.Running(ctx, v.Standing)
	if err != nil {
		return err
	}
	o, err := h.migration.Overview(ctx, v.Standing)
	if err != nil {
		return err
	}
	if o.Staging.State != migration.Staged || running {
		return respond.SeeOther(c, kit.MigrationPath)
	}
	s.staging, s.query = o.Staging, stagedQuery(s.kind, c.QueryParams())
	items, total, err := h.migration.Find(ctx, v.Standing, s.find())
	if err != nil {
		return err
	}
	if s.tallies, err = h.migration.Tallies(ctx, v.Standing); err != nil {
		return err
	}
	if s.names, err = h.migration.WorkspaceNames(ctx, v.Standing); err != nil {
		return err
	}
	m := s.page(items, total)
	m.Frame = h.site.Frame(c, v, kit.MigrationTitle)
	return h.site.HTML(c, http.StatusOK, page.MigrationPage(m))
}

// stagedQuery reads the state of a list from its address.
func stagedQuery(kind migration.Kind, query url.Values) kit.Paging {
	q := kit.ReadPaging(stagedPath(kind), query, stagedPage)
	if only := query.Get("only"); only == "open" || only == "notes" {
		q.Keep = url.Values{"only": {only}}
	}
	return q
}

// item loads the item that the address names.
func (h *Handlers) item(c echo.Context) (migration.View, error) {
	seq, err := strconv.ParseInt(c.Param("seq"), 10, 64)
	if err != nil {
		return migration.View{}, fault.NewNotFound("That item")
	}
	return h.migration.Item(c.Request().Context(), kit.VisitOf(c).Standing, seq)
}

// stagedItem shows one item before and after the migration.
func (h *Handlers) stagedItem(c echo.Context) error {
	i, err := h.item(c)
	if err != nil {
		return err
	}
	return h.showItem(c, http.StatusOK, i, nil)
}

func (h *Handlers) showItem(c echo.Context, status int, i migration.View, wrong kit.FieldErrors) error {
	m := itemView(h.site.Catalogue(), i, wrong)
	m.Shell = h.site.Shell(c, kit.VisitOf(c), kit.MigrationTitle)
	return h.site.HTML(c, status, page.ItemPage(m))
}

// choose resolves the conflict of one item.
func (h *Handlers) choose(c echo.Context) error {
	form, err := kit.ReadForm(c)
	if err != nil {
		return err
	}
	i, err := h.item(c)
	if err != nil {
		return err
	}
	_, err = h.migration.Choose(c.Request().Context(), kit.VisitOf(c).By, i.Seq, migration.Choice(form.Get(fieldChoice)))
	wrong, err := kit.Invalid(err)
	if err != nil {
		return err
	}
	if wrong != nil {
		return h.showItem(c, respond.Status(fault.Invalid), i, wrong)
	}
	return h.site.Done(c, stagedPath(i.Kind), "The choice for "+i.Name+" was saved.")
}

// chooseAll resolves all open conflicts of one kind.
func (h *Handlers) chooseAll(c echo.Context) error {
	form, err := kit.ReadForm(c)
	if err != nil {
		return err
	}
	conflict := migration.Conflict(form.Get(fieldConflict))
	n, err := h.migration.ChooseAll(c.Request().Context(), kit.VisitOf(c).By, conflict, migration.Choice(form.Get(fieldChoice)))
	if err != nil {
		return err
	}
	return h.site.Done(c, stagedPath(conflictKind(conflict)), kit.Count(n, "conflict was", "conflicts were")+" resolved.")
}

// conflictKind returns the kind of items in whose list a conflict appears.
func conflictKind(c migration.Conflict) migration.Kind {
	switch c {
	case migration.SameName:
		return migration.Workspaces
	case migration.SameDigest:
		return migration.PersonalTokens
	case migration.SameGroup, migration.ManagedGroup:
		return migration.Groups
	case migration.SameEmail, migration.Removed:
	}
	return migration.Members
}

// stagedEdit is the editor of a staged policy in one request.
type stagedEdit struct {
	item   migration.View
	place  migration.ViewPlace
	policy migration.Policy
	editor policyui.Editor
	form   policyui.Form
	sent   url.Values      // the form as it was sent, or nil
	tools  *policyui.Tools // above the editor
	errors kit.FieldErrors
}

// loadStaged loads the staged policy that the address names.
func (h *Handlers) loadStaged(c echo.Context) (stagedEdit, error) {
	i, err := h.item(c)
	if err != nil {
		return stagedEdit{}, err
	}
	for n, p := range i.After.Policies {
		if p.Workspace == c.Param("workspace") {
			place := i.Places[n]
			e := policyui.NewEditor(h.site.Catalogue(), i.Plan, place.Resources, access.Layer{Kind: access.LayerBaseline, Policy: place.Baseline})
			return stagedEdit{item: i, place: place, policy: p, editor: e, form: e.Form(p.Body)}, nil
		}
	}
	return stagedEdit{}, fault.NewNotFound("That policy")
}

// stagedPolicy shows the editor of a staged policy.
func (h *Handlers) stagedPolicy(c echo.Context) error {
	e, err := h.loadStaged(c)
	if err != nil {
		return err
	}
	return h.showStaged(c, e, "")
}

// showStaged shows the editor after the button step.
func (h *Handlers) showStaged(c echo.Context, e stagedEdit, step string) error {
	var err error
	if e.tools, err = h.editor.OpenTools(c, e.sent); err != nil {
		return err
	}
	if e.form, err = h.editor.Press(c, e.tools, e.editor, e.form, e.policy.Workspace, step); err != nil {
		return err
	}
	m := e.model()
	m.Shell = h.site.Shell(c, kit.VisitOf(c), kit.MigrationTitle)
	return h.site.HTML(c, max(kit.StatusOf(e.errors), e.tools.Status()), policypage.EditPage(m))
}

// readStaged loads the staged policy and reads the editor's form.
func (h *Handlers) readStaged(c echo.Context) (e stagedEdit, step string, err error) {
	form, err := kit.ReadForm(c)
	if err != nil {
		return e, "", err
	}
	if e, err = h.loadStaged(c); err != nil {
		return e, "", err
	}
	var problems []fault.Field
	e.form, problems = e.editor.Parse(form)
	e.errors, e.sent = kit.ErrorsOf(problems), form
	return e, form.Get(kit.FieldStep), nil
}

// saveStagedPolicy handles the editor's form: "Save", or a button that only shows the form again.
func (h *Handlers) saveStagedPolicy(c echo.Context) error {
	e, step, err := h.readStaged(c)
	if err != nil {
		return err
	}
	if step != kit.StepSave || len(e.errors) > 0 {
		return h.showStaged(c, e, step)
	}
	body, missing := e.editor.Policy(e.form)
	if e.errors = kit.ErrorsOf(missing); e.errors != nil {
		return h.showStaged(c, e, step)
	}
	err = h.migration.SavePolicy(c.Request().Context(), kit.VisitOf(c).By, e.item.Seq, e.policy.Workspace, body)
	if e.errors, err = kit.Invalid(err); err != nil {
		return err
	}
	if e.errors != nil {
		return h.showStaged(c, e, step)
	}
	return h.site.Done(c, itemPath(e.item.Seq), "The staged policy was saved. It is not live until you deploy the import.")
}

// summarizeStagedPolicy answers with the summary of the choices in the form.
func (h *Handlers) summarizeStagedPolicy(c echo.Context) error {
	e, _, err := h.readStaged(c)
	if err != nil {
		return err
	}
	return h.site.HTML(c, http.StatusOK, component.PolicySummary(e.editor.Summary(e.form)))
}

// sendReport answers with a file: the report in text, which is JSON, in the requested format.
func sendReport(c echo.Context, name string, text []byte) error {
	header := c.Response().Header()
	header.Set("Cache-Control", "no-store")
	switch c.Param("format") {
	case "report.json":
		header.Set("Content-Disposition", `attachment; filename="`+name+`.json"`)
		return c.Blob(http.StatusOK, "application/json", text)
	case "report.txt":
		var report migration.Report
		if err := json.Unmarshal(text, &report); err != nil {
			return err
		}
		header.Set("Content-Disposition", `attachment; filename="`+name+`.txt"`)
		header.Set(echo.HeaderContentType, "text/plain; charset=utf-8")
		c.Response().WriteHeader(http.StatusOK)
		return report.WriteText(c.Response())
	}
	return fault.NewNotFound("That report")
}

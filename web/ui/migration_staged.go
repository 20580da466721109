package ui

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
	migrationpage "latchkey/views/page/migration"
	policypage "latchkey/views/page/policy"
	"latchkey/web/respond"
)

// stagedPage is how many staged items a page lists.
const stagedPage = 25

// StagedItems lists one kind of the staging area, what wants attention first.
func (h *Handlers) StagedItems(c echo.Context) error {
	v, ctx := visitOf(c), c.Request().Context()
	at := slices.IndexFunc(stagedKinds(), func(k migration.Kind) bool { return stagedSlug(k) == c.Param("kind") })
	if at < 0 {
		return fault.NewNotFound("This page")
	}
	s := stagedView{catalogue: h.d.Catalogue, kind: stagedKinds()[at], after: migration.Step(c.QueryParam(queryAfter))}
	// In this order: what is said of a step that is over must be so after its end.
	running, _, err := h.d.Migration.Running(ctx, v.caller)
	if err != nil {
		return err
	}
	o, err := h.d.Migration.Overview(ctx, v.caller)
	if err != nil {
		return err
	}
	if o.Staging.State != migration.Staged || running {
		return respond.SeeOther(c, migrationPath)
	}
	s.staging, s.query = o.Staging, stagedQuery(s.kind, c.QueryParams())
	items, total, err := h.d.Migration.Find(ctx, v.caller, s.find())
	if err != nil {
		return err
	}
	if s.tallies, err = h.d.Migration.Tallies(ctx, v.caller); err != nil {
		return err
	}
	if s.names, err = h.d.Migration.WorkspaceNames(ctx, v.caller); err != nil {
		return err
	}
	m := s.page(items, total)
	m.Frame = h.accessFrame(c, v, migrationTitle)
	return h.render.HTML(c, http.StatusOK, migrationpage.MigrationPage(m))
}

// stagedQuery reads the state of a list.
func stagedQuery(kind migration.Kind, query url.Values) pageQuery {
	q := readPageQuery(stagedPath(kind), query, stagedPage)
	if only := query.Get("only"); only == "open" || only == "notes" {
		q.keep = url.Values{"only": {only}}
	}
	return q
}

// item loads the item that the address names.
func (h *Handlers) item(c echo.Context) (migration.View, error) {
	seq, err := strconv.ParseInt(c.Param("seq"), 10, 64)
	if err != nil {
		return migration.View{}, fault.NewNotFound("That item")
	}
	return h.d.Migration.Item(c.Request().Context(), visitOf(c).caller, seq)
}

// StagedItem shows one item, before and after.
func (h *Handlers) StagedItem(c echo.Context) error {
	i, err := h.item(c)
	if err != nil {
		return err
	}
	return h.showItem(c, http.StatusOK, i, nil)
}

func (h *Handlers) showItem(c echo.Context, status int, i migration.View, wrong fieldErrors) error {
	m := itemView(h.d.Catalogue, i, wrong)
	m.Shell = h.shell(c, visitOf(c), migrationTitle)
	return h.render.HTML(c, status, migrationpage.ItemPage(m))
}

// ChooseStaged resolves the conflict of one item.
func (h *Handlers) ChooseStaged(c echo.Context) error {
	form, err := readForm(c)
	if err != nil {
		return err
	}
	i, err := h.item(c)
	if err != nil {
		return err
	}
	_, err = h.d.Migration.Choose(c.Request().Context(), visitOf(c).caller, i.Seq, migration.Choice(form.Get(fieldChoice)))
	wrong, err := invalid(err)
	if err != nil {
		return err
	}
	if wrong != nil {
		return h.showItem(c, respond.Status(fault.Invalid), i, wrong)
	}
	return h.done(c, stagedPath(i.Kind), "The choice for "+i.Name+" was saved.")
}

// ChooseAllStaged resolves every conflict of a kind that waits.
func (h *Handlers) ChooseAllStaged(c echo.Context) error {
	form, err := readForm(c)
	if err != nil {
		return err
	}
	conflict := migration.Conflict(form.Get(fieldConflict))
	n, err := h.d.Migration.ChooseAll(c.Request().Context(), visitOf(c).caller, conflict, migration.Choice(form.Get(fieldChoice)))
	if err != nil {
		return err
	}
	return h.done(c, stagedPath(conflictKind(conflict)), count(n, "conflict was", "conflicts were")+" resolved.")
}

// conflictKind is where conflicts of a kind are listed.
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

// stagedEdit is one showing of the editor of a staged policy.
type stagedEdit struct {
	item   migration.View
	place  migration.ViewPlace
	policy migration.Policy
	editor policyEditor
	form   policyForm
	errors fieldErrors
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
			e := newPolicyEditor(h.d.Catalogue, i.Plan, place.Resources, access.Layer{Kind: access.LayerBaseline, Policy: place.Baseline})
			return stagedEdit{item: i, place: place, policy: p, editor: e, form: e.form(p.Body)}, nil
		}
	}
	return stagedEdit{}, fault.NewNotFound("That policy")
}

// StagedPolicy shows the editor of a staged policy.
func (h *Handlers) StagedPolicy(c echo.Context) error {
	e, err := h.loadStaged(c)
	if err != nil {
		return err
	}
	return h.showStaged(c, e)
}

func (h *Handlers) showStaged(c echo.Context, e stagedEdit) error {
	m := e.model()
	m.Shell = h.shell(c, visitOf(c), migrationTitle)
	return h.render.HTML(c, statusOf(e.errors), policypage.EditPage(m))
}

// readStaged reads the editor's form over what is staged.
func (h *Handlers) readStaged(c echo.Context) (e stagedEdit, step string, err error) {
	form, err := readForm(c)
	if err != nil {
		return e, "", err
	}
	if e, err = h.loadStaged(c); err != nil {
		return e, "", err
	}
	var problems []fault.Field
	e.form, problems = e.editor.parsePolicy(form)
	e.errors = errorsOf(problems)
	return e, form.Get(fieldStep), nil
}

// SaveStagedPolicy takes the editor's form: "Save", or a button that only shows it again.
func (h *Handlers) SaveStagedPolicy(c echo.Context) error {
	e, step, err := h.readStaged(c)
	if err != nil {
		return err
	}
	if step != stepSave || len(e.errors) > 0 {
		return h.showStaged(c, e)
	}
	body, missing := e.editor.policy(e.form)
	if e.errors = errorsOf(missing); e.errors != nil {
		return h.showStaged(c, e)
	}
	err = h.d.Migration.SavePolicy(c.Request().Context(), visitOf(c).caller, e.item.Seq, e.policy.Workspace, body)
	if e.errors, err = invalid(err); err != nil {
		return err
	}
	if e.errors != nil {
		return h.showStaged(c, e)
	}
	return h.done(c, itemPath(e.item.Seq), "The staged policy was saved. It is not live before the import is deployed.")
}

// SummarizeStagedPolicy answers with the part of the editor that follows the choices.
func (h *Handlers) SummarizeStagedPolicy(c echo.Context) error {
	e, _, err := h.readStaged(c)
	if err != nil {
		return err
	}
	return h.render.HTML(c, http.StatusOK, component.PolicySummary(e.editor.summary(e.form)))
}

// sendReport answers with a report to keep, which comes as JSON.
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

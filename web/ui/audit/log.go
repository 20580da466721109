package audit

import (
	"net/http"
	"slices"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"latchkey/internal/access"
	"latchkey/internal/account"
	"latchkey/internal/audit"
	"latchkey/internal/fault"
	"latchkey/internal/policy"
	page "latchkey/views/page/audit"
	"latchkey/web/respond"
	"latchkey/web/ui/kit"
	policyui "latchkey/web/ui/policy"
)

// list shows the organization's events, filtered as the address says. On a plan without the audit
// log it shows a notice instead.
func (h *Handlers) list(c echo.Context) error {
	v := kit.VisitOf(c)
	if !v.Organization.Plan.Has(access.FeatureAuditLog) {
		m := page.Log{Header: header(v), Upgrade: upgrade(v), Shell: h.site.Shell(c, v, kit.AuditTitle)}
		return h.site.HTML(c, http.StatusOK, page.LogPage(m))
	}
	return h.showLog(c, http.StatusOK, nil)
}

// event shows one event above the list. The error is Denied on a plan without the audit log.
func (h *Handlers) event(c echo.Context) error {
	v, ctx := kit.VisitOf(c), c.Request().Context()
	e, carrier, err := h.audit.Event(ctx, v.Standing, c.Param("id"))
	if err != nil {
		return err
	}
	resources, err := h.resourcesOf(c, v, e)
	if err != nil {
		return err
	}
	words := policyui.Words{Catalogue: h.site.Catalogue(), Resources: resources, Listed: resources != nil}
	detail := detailView(v, e, h.plainTeller(v).sentence(e), carrier, words, readLogQuery(c.QueryParams()))
	return h.site.Dialog(c, http.StatusOK, page.DetailDialog(*detail), h.showLog)
}

// resourcesOf returns the resources of the event's workspace by type, to name those that a policy
// is limited to. It returns nil if the event has no workspace or the workspace was deleted.
func (h *Handlers) resourcesOf(c echo.Context, v kit.Visit, e audit.Event) (map[string][]policy.Resource, error) {
	if e.Workspace == "" || !slices.ContainsFunc(v.Workspaces, func(w account.Workspace) bool { return w.ID == e.Workspace }) {
		return nil, nil
	}
	list, err := h.policies.Resources(c.Request().Context(), v.Standing, e.Workspace)
	if err != nil {
		return nil, err
	}
	by := map[string][]policy.Resource{}
	for _, r := range list {
		by[r.Type] = append(by[r.Type], r)
	}
	return by, nil
}

// showLog shows the list, with above in front of it.
func (h *Handlers) showLog(c echo.Context, status int, above templ.Component) error {
	v, q := kit.VisitOf(c), readLogQuery(c.QueryParams())
	filter, errors := q.filter(v.Now)
	days := chartDays(filter, v.Now)
	var found audit.Found
	if errors == nil {
		var err error
		if found, err = h.find(c, v, q, audit.Query{Filter: filter, Limit: perPage, Days: days}); err != nil {
			if errors, err = kit.Invalid(err); err != nil {
				return err
			}
			errors = renamed(errors)
		}
	}
	if errors != nil {
		status = respond.Status(fault.Invalid)
	}
	t, err := h.teller(c, v, found.Events)
	if err != nil {
		return err
	}
	m := logView(v, q, found, t, errors)
	if errors == nil {
		m.Chart = chartView(q, days, found.Counts)
	}
	m.Shell = h.site.Shell(c, v, kit.AuditTitle)
	m.Shell.Above = above
	return h.site.HTML(c, status, page.LogPage(m))
}

// renamed returns errors of the log's filter under the names of the page's parameters.
func renamed(errors kit.FieldErrors) kit.FieldErrors {
	names := map[string]string{"text": paramText, "until": paramTo}
	out := kit.FieldErrors{}
	for field, text := range errors {
		if name, ok := names[field]; ok {
			field = name
		}
		out[field] = text
	}
	return out
}

// find returns the page of events that the address asks for. If fewer events than a page come
// before its cursor, it returns the first page.
func (h *Handlers) find(c echo.Context, v kit.Visit, q logQuery, query audit.Query) (audit.Found, error) {
	ctx := c.Request().Context()
	cursor := q.Get(paramAfter)
	if before := q.Get(paramBefore); before != "" {
		cursor, query.Backwards = before, true
	}
	var err error
	if query.Cursor, err = h.audit.Cursor(ctx, v.Standing, cursor); err != nil {
		return audit.Found{}, err
	}
	query.Backwards = query.Backwards && query.Cursor != 0
	found, err := h.audit.Find(ctx, v.Standing, query)
	if err == nil && query.Backwards && len(found.Events) < query.Limit {
		query.Cursor, query.Backwards = 0, false
		return h.audit.Find(ctx, v.Standing, query)
	}
	return found, err
}

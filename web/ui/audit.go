package ui

import (
	"net/http"
	"slices"
	"time"

	"github.com/labstack/echo/v4"

	"latchkey/internal/access"
	"latchkey/internal/account"
	"latchkey/internal/audit"
	"latchkey/internal/fault"
	auditpage "latchkey/views/page/audit"
	"latchkey/web/respond"
)

// AuditLogs lists the organization's events, filtered as the address says. On a plan without
// the log it shows what it would be for, and no event.
func (h *Handlers) AuditLogs(c echo.Context) error {
	v := visitOf(c)
	if !v.Organization.Plan.Has(access.FeatureAuditLog) {
		m := auditpage.Log{Header: auditHeader(v), Upgrade: auditUpgrade(v), Shell: h.shell(c, v, auditTitle)}
		return h.render.HTML(c, http.StatusOK, auditpage.LogPage(m))
	}
	return h.showAuditLog(c, v, nil)
}

// AuditEvent shows one event above the list. Denied on a plan without the log.
func (h *Handlers) AuditEvent(c echo.Context) error {
	v, ctx := visitOf(c), c.Request().Context()
	e, carrier, err := h.d.Audit.Event(ctx, v.caller, c.Param("id"))
	if err != nil {
		return err
	}
	resources, err := h.resourcesOf(c, v, e)
	if err != nil {
		return err
	}
	words := policyWords{catalogue: h.d.Catalogue, resources: resources, listed: resources != nil}
	return h.showAuditLog(c, v, auditDetail(v, e, carrier, words, readAuditQuery(c.QueryParams())))
}

// resourcesOf lists the resources of the event's workspace, to name those that a policy is
// limited to; nil when the event has no policy, or the workspace is gone.
func (h *Handlers) resourcesOf(c echo.Context, v visit, e audit.Event) (map[string][]account.Resource, error) {
	if e.Workspace == "" || !slices.ContainsFunc(v.Workspaces, func(w account.Workspace) bool { return w.ID == e.Workspace }) {
		return nil, nil
	}
	list, err := h.d.Accounts.Resources(c.Request().Context(), v.caller, e.Workspace)
	if err != nil {
		return nil, err
	}
	by := map[string][]account.Resource{}
	for _, r := range list {
		by[r.Type] = append(by[r.Type], r)
	}
	return by, nil
}

// showAuditLog shows the list with whatever event is open.
func (h *Handlers) showAuditLog(c echo.Context, v visit, detail *auditpage.Detail) error {
	q, status := readAuditQuery(c.QueryParams()), http.StatusOK
	filter, errors := q.filter()
	days := chartDays(filter, v.now)
	var found audit.Found
	if errors == nil {
		var err error
		if found, err = h.findEvents(c, v, q, audit.Query{Filter: filter, Limit: auditPerPage, Days: days}); err != nil {
			if errors, err = invalid(err); err != nil {
				return err
			}
			errors = renamed(errors)
		}
	}
	if errors != nil {
		status = respond.Status(fault.Invalid)
	}
	m := auditLogView(v, q, found, errors)
	if errors == nil {
		m.Chart = auditChart(q, days, found.Counts)
	}
	m.Detail, m.Shell = detail, h.shell(c, v, auditTitle)
	return h.render.HTML(c, status, auditpage.LogPage(m))
}

// renamed gives the fields of the log's filter the names of the page's parameters.
func renamed(errors fieldErrors) fieldErrors {
	names := map[string]string{"text": paramText, "until": paramTo}
	out := fieldErrors{}
	for field, text := range errors {
		if name, ok := names[field]; ok {
			field = name
		}
		out[field] = text
	}
	return out
}

// findEvents finds the page that the address asks for. A page before the first full one is the
// first one.
func (h *Handlers) findEvents(c echo.Context, v visit, q auditQuery, query audit.Query) (audit.Found, error) {
	ctx := c.Request().Context()
	cursor := q.Get(paramAfter)
	if before := q.Get(paramBefore); before != "" {
		cursor, query.Backwards = before, true
	}
	var err error
	if query.Cursor, err = h.d.Audit.Cursor(ctx, v.caller, cursor); err != nil {
		return audit.Found{}, err
	}
	query.Backwards = query.Backwards && query.Cursor != 0
	found, err := h.d.Audit.Find(ctx, v.caller, query)
	if err == nil && query.Backwards && len(found.Events) < query.Limit {
		query.Cursor, query.Backwards = 0, false
		return h.d.Audit.Find(ctx, v.caller, query)
	}
	return found, err
}

// trailLength is how many events a section of another page shows.
const trailLength = 8

// auditTrail is the log about one thing for a section of its page: what a member or token did,
// and what was done to it. nil for whoever may not read the log, and on a plan without it.
func (h *Handlers) auditTrail(c echo.Context, v visit, about string) (*auditpage.Trail, error) {
	return h.auditSection(c, v, audit.Filter{About: about}, auditQuery{}.with(paramAbout, about))
}

// workspaceTrail is the same for a workspace: everything that happened in it.
func (h *Handlers) workspaceTrail(c echo.Context, v visit, workspace string) (*auditpage.Trail, error) {
	return h.auditSection(c, v, audit.Filter{Workspace: workspace}, auditQuery{}.with(paramWorkspace, workspace))
}

func (h *Handlers) auditSection(c echo.Context, v visit, f audit.Filter, all auditQuery) (*auditpage.Trail, error) {
	if !v.Organization.Plan.Has(access.FeatureAuditLog) || !h.may(v, access.ReadAuditLog) {
		return nil, nil
	}
	found, err := h.d.Audit.Find(c.Request().Context(), v.caller, audit.Query{Filter: f, Limit: trailLength})
	if err != nil {
		return nil, err
	}
	return auditTrailView(found, all, v.now), nil
}

// ExportAuditLogs streams what the filter chooses, oldest first, as CSV or JSON Lines. Invalid
// for a filter or a format that cannot be; Denied on a plan without the log.
func (h *Handlers) ExportAuditLogs(c echo.Context) error {
	v := visitOf(c)
	filter, errors := readAuditQuery(c.QueryParams()).filter()
	for _, text := range errors {
		return fault.NewInvalid(text)
	}
	out, err := newAuditExport(c, c.Param("format"), h.workspaceNames(v))
	if err != nil {
		return err
	}
	return out.finish(h.d.Audit.Export(c.Request().Context(), v.caller, filter, out.write))
}

func (h *Handlers) workspaceNames(v visit) map[string]string {
	names := map[string]string{}
	for _, w := range v.Workspaces {
		names[w.ID] = w.Name
	}
	return names
}

// longExport is how long a client may take to read a part of an export.
const longExport = time.Minute

package home

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"latchkey/internal/access"
	page "latchkey/views/page/home"
	"latchkey/web/ui/kit"
)

// rows is the most that a list of the home page has.
const rows = 8

// home shows what needs attention, how much tokens are used, what happened lately and what to do next.
func (h *Handlers) home(c echo.Context) error {
	v := kit.VisitOf(c)
	s, err := h.see(c, v)
	if err != nil {
		return err
	}
	m := homeView(v, s)
	if v.Principal.Role == access.RoleAdmin {
		m.Warnings = append(damageWarnings(h.damage()), strangerWarnings(h.strangers())...)
	}
	m.Shell = h.site.Shell(c, v, "Home")
	return h.site.HTML(c, http.StatusOK, page.HomePage(m))
}

// see loads what the page shows, in a fixed number of queries.
func (h *Handlers) see(c echo.Context, v kit.Visit) (s seen, err error) {
	ctx := c.Request().Context()
	s.log = v.Organization.Plan.Has(access.FeatureAuditLog) && h.site.May(v, access.ReadAuditLog)
	if s.summary, err = h.tokens.Summary(ctx, v.Standing); err != nil {
		return s, err
	}
	if s.soon, err = h.soonDays(ctx, v); err != nil {
		return s, err
	}
	if s.attention, err = h.reasonsFor(ctx, v, s.soon); err != nil {
		return s, err
	}
	if s.days, err = h.tokens.MindedUsage(ctx, v.Standing); err != nil {
		return s, err
	}
	if s.progress, err = h.organizations.Progress(ctx, v.Standing); err != nil {
		return s, err
	}
	events, err := h.organizations.RecentActivity(ctx, v.Standing, rows)
	if err != nil {
		return s, err
	}
	s.activity, err = h.log.Activity(c, v, events)
	return s, err
}

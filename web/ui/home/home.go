package home

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"latchkey/internal/access"
	page "latchkey/views/page/home"
	"latchkey/web/ui/kit"
)

// recentEvents is the number of events on the home page.
const recentEvents = 8

// home shows the state of the visitor's tokens and where to go next.
func (h *Handlers) home(c echo.Context) error {
	v, ctx := kit.VisitOf(c), c.Request().Context()
	summary, err := h.tokens.Summary(ctx, v.Standing)
	if err != nil {
		return err
	}
	events, err := h.organizations.RecentActivity(ctx, v.Standing, recentEvents)
	if err != nil {
		return err
	}
	activity, err := h.log.Activity(c, v, events)
	if err != nil {
		return err
	}
	m := homeView(v, summary, activity)
	if v.Principal.Role == access.RoleAdmin {
		m.Warnings = append(damageWarnings(h.damage()), strangerWarnings(h.strangers())...)
	}
	m.Shell = h.site.Shell(c, v, "Home")
	return h.site.HTML(c, http.StatusOK, page.HomePage(m))
}

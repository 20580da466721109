package ui

import (
	"net/http"

	"github.com/labstack/echo/v4"

	homepage "latchkey/views/page/home"
)

// recentEvents is how many events the home page shows.
const recentEvents = 8

// Home shows how the visitor's tokens stand and where to go next.
func (h *Handlers) Home(c echo.Context) error {
	v, ctx := visitOf(c), c.Request().Context()
	summary, err := h.d.Tokens.Summary(ctx, v.caller)
	if err != nil {
		return err
	}
	events, err := h.d.Accounts.RecentActivity(ctx, v.caller, recentEvents)
	if err != nil {
		return err
	}
	m := homeView(v, summary, events)
	m.Shell = h.shell(c, v, "Home")
	return h.render.HTML(c, http.StatusOK, homepage.HomePage(m))
}

package web

import (
	"net/http"
	"slices"

	"github.com/labstack/echo/v4"

	"latchkey/static"
	"latchkey/web/api"
	"latchkey/web/scim"
	"latchkey/web/ui"
	"latchkey/web/ui/kit"
)

// Pages is the table of every HTML route: the rows of all areas. Tests walk it with every kind of
// visitor.
func Pages(d *ui.Dashboard) []kit.Page {
	return slices.Concat(
		d.SignIn.Pages(),
		d.Home.Pages(),
		d.Resource.Pages(),
		d.Profile.Pages(),
		d.Token.Pages(),
		d.Provision.Pages(),
		d.People.Pages(),
		d.Policy.Pages(),
		d.Workspace.Pages(),
		d.APIClient.Pages(),
		d.Migration.Pages(),
		d.Audit.Pages(),
	)
}

// register puts the table behind its gates. It is the only place that adds routes, so that
// every state change by form is behind the same-origin check.
func register(e *echo.Echo, d Deps) {
	for _, p := range Pages(d.Pages) {
		e.Add(p.Method, p.Path, p.Handle, sameOrigin, d.Pages.Guard(p))
	}
	endpoints := append(api.Routes(d.API), api.WorkspaceRoutes(d.Workspace)...)
	for _, r := range append(endpoints, api.Others(endpoints)...) {
		if r.Open {
			e.Add(r.Method, r.Path, r.Handle)
		} else {
			e.Add(r.Method, r.Path, r.Handle, d.API.Bearer)
		}
	}
	for _, r := range scim.Routes(d.SCIM) {
		e.Add(r.Method, r.Path, r.Handle, d.SCIM.Chain)
	}
	e.GET(static.Prefix+"*", echo.WrapHandler(static.Handler()))
	e.HEAD(static.Prefix+"*", echo.WrapHandler(static.Handler()))
	e.GET("/favicon.ico", func(c echo.Context) error { return c.Redirect(http.StatusMovedPermanently, static.Path("favicon.svg")) })
	e.GET("/healthz", func(c echo.Context) error { return c.String(http.StatusOK, "ok\n") })
	e.GET("/readyz", func(c echo.Context) error {
		if err := d.Ready(c.Request()); err != nil {
			return c.String(http.StatusServiceUnavailable, "the database does not answer\n")
		}
		return c.String(http.StatusOK, "ready\n")
	})
	e.RouteNotFound("/*", func(c echo.Context) error { return echo.ErrNotFound })
}

package web

import (
	"net/http"
	"slices"

	"github.com/labstack/echo/v4"

	"latchkey/static"
	"latchkey/web/api"
	"latchkey/web/respond"
	"latchkey/web/scim"
	"latchkey/web/ui"
	"latchkey/web/ui/kit"
)

// Rows returns the route table of the server: every method and path that the router serves,
// with its front door. The busiest routes are served before the router; see
// [api.Handlers.Direct].
func Rows(d Deps) []Row {
	through := newDoors(d)
	return withHead(slices.Concat(pageRows(d, through), apiRows(d, through.api), scimRows(d, through.scim),
		fileRows(d, through), unknownRows(d, through)))
}

// withHead adds a row for HEAD wherever there is one for GET (RFC 9110, section 9.1), with the
// same door, gate and handler. The server sends the header of the response and drops the body.
func withHead(rows []Row) []Row {
	there := map[string]bool{}
	for _, r := range rows {
		if r.Method == http.MethodHead {
			there[r.Path] = true
		}
	}
	for _, r := range rows {
		if r.Method == http.MethodGet && !there[r.Path] {
			r.Method = http.MethodHead
			rows = append(rows, r)
		}
	}
	return rows
}

// pageRows returns the rows of all areas of the dashboard.
func pageRows(d Deps, through doors) []Row {
	var rows []Row
	for _, p := range Pages(d.Pages) {
		door := through.pages
		if p.Across {
			door = through.across
		}
		rows = append(rows, Row{p.Method, p.Path, door, d.Pages.Guard(p), p.Limit, p.Handle})
	}
	return rows
}

// Pages returns every HTML route. Tests walk the table with every kind of visitor.
func Pages(d *ui.Dashboard) []kit.Page {
	return slices.Concat(
		d.SignIn.Pages(),
		d.Home.Pages(),
		d.Search.Pages(),
		d.Resource.Pages(),
		d.Profile.Pages(),
		d.Token.Pages(),
		d.Rule.Pages(),
		d.Provision.Pages(),
		d.People.Pages(),
		d.Policy.Pages(),
		d.Workspace.Pages(),
		d.APIClient.Pages(),
		d.Notify.Pages(),
		d.Security.Pages(),
		d.SSO.Pages(),
		d.Confirm.Pages(),
		d.Migration.Pages(),
		d.Audit.Pages(),
	)
}

// apiRows returns the rows of the public API, for tokens and for resources.
func apiRows(d Deps, door *Door) []Row {
	var rows []Row
	endpoints := append(api.Routes(d.API), api.WorkspaceRoutes(d.Workspace)...)
	for _, r := range append(endpoints, api.Others(endpoints)...) {
		row := Row{r.Method, r.Path, door, d.API.Bearer, 0, r.Handle}
		if r.Open {
			row.Gate = nil
		}
		rows = append(rows, row)
	}
	return rows
}

func scimRows(d Deps, door *Door) []Row {
	var rows []Row
	for _, r := range scim.Routes(d.SCIM) {
		rows = append(rows, Row{r.Method, r.Path, door, d.SCIM.Chain, 0, r.Handle})
	}
	return rows
}

// healthPath says that the process lives.
const healthPath = "/healthz"

// fileRows returns the rows that need no authentication: files and health checks.
func fileRows(d Deps, through doors) []Row {
	files := echo.WrapHandler(static.Handler())
	return []Row{
		{http.MethodGet, static.Prefix + "*", through.files, nil, 0, files},
		{http.MethodGet, "/favicon.ico", through.pages, nil, 0, func(c echo.Context) error {
			return c.Redirect(http.StatusMovedPermanently, static.Path("favicon.svg"))
		}},
		{http.MethodGet, healthPath, through.pages, nil, 0, func(c echo.Context) error { return c.String(http.StatusOK, "ok\n") }},
		{http.MethodGet, "/readyz", through.pages, nil, 0, func(c echo.Context) error {
			problem := d.Ready(c.Request().Context())
			if err := c.Request().Context().Err(); err != nil {
				return err
			}
			if problem != "" {
				c.Response().Header().Set("Retry-After", respond.RetryAfter(respond.RetryUnavailable))
				return c.String(http.StatusServiceUnavailable, problem+"\n")
			}
			return c.String(http.StatusOK, "ready\n")
		}},
	}
}

// unknownRows returns rows for unknown paths, below the prefix of each door. Below the prefixes
// that have routes for tokens only, nobody learns without one which paths there are not.
func unknownRows(d Deps, through doors) []Row {
	notFound := func(echo.Context) error { return echo.ErrNotFound }
	var rows []Row
	for _, under := range []struct {
		door   *Door
		gate   echo.MiddlewareFunc
		handle echo.HandlerFunc
		paths  []string
	}{
		{through.pages, nil, notFound, []string{"/*"}},
		{through.files, nil, notFound, []string{static.Prefix + "*"}},
		{through.scim, nil, notFound, []string{"/scim", "/scim/*"}},
		{through.api, d.API.Bearer, d.API.Unserved, []string{"/v2", "/v2/*", "/transformations/*", "/libraries/*"}},
		{through.api, nil, d.API.Unserved, []string{"/oauth2/*", "/auth/*", "/.well-known/*"}},
	} {
		for _, path := range under.paths {
			rows = append(rows, Row{echo.RouteNotFound, path, under.door, under.gate, 0, under.handle})
		}
	}
	return rows
}

// register adds the table to the router. Nothing else adds routes, so every request passes
// the limits, the checks and the gate of its row.
func register(e *echo.Echo, d Deps) {
	for _, row := range Rows(d) {
		row.add(e)
	}
}

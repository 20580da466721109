package web

import (
	"net/http"
	"slices"

	"github.com/labstack/echo/v4"

	"latchkey/internal/access"
	"latchkey/static"
	"latchkey/web/api"
	"latchkey/web/scim"
	"latchkey/web/ui"
)

// Gate says who may reach a page at all. What they may do there the services decide.
type Gate uint8

// The gates.
const (
	Open     Gate = iota // everybody
	FirstRun             // only while no organization exists
	Member               // signed-in, active members
)

// Page is one row of the route table.
type Page struct {
	Method string
	Path   string
	Gate   Gate
	Needs  access.Permission // behind Member: the organization act that the visitor must be allowed
	Handle echo.HandlerFunc
}

// Pages is the table of every HTML route. Tests walk it with every kind of visitor.
func Pages(h *ui.Handlers) []Page {
	const (
		get  = http.MethodGet
		post = http.MethodPost
		pats = "/settings/profile/personal-access-tokens"
		sats = "/settings/access-management/service-access-tokens"
	)
	return slices.Concat([]Page{
		// Getting in and out.
		{get, "/setup", FirstRun, "", h.Setup},
		{post, "/setup", FirstRun, "", h.Install},
		{get, "/sign-in", Open, "", h.SignIn},
		{post, "/sign-in", Open, "", h.StartSession},
		{post, "/sign-out", Member, "", h.SignOut},

		{get, "/", Member, "", h.Home},
		{get, "/workspaces/:id/resources", Member, "", h.Resources},
		{get, "/docs/api", Open, "", h.APIDocs},

		// Your Profile.
		{get, "/settings/profile", Member, "", h.Profile},
		{get, pats + "/new", Member, "", h.NewPersonalToken},
		{post, pats, Member, "", h.GeneratePersonalToken},
		{get, pats + "/:id/delete", Member, "", h.ConfirmDeletePersonalToken},
		{post, pats + "/:id/delete", Member, "", h.DeletePersonalToken},
		{get, "/settings/profile/name", Member, "", h.EditName},
		{post, "/settings/profile/name", Member, "", h.SaveName},
		{get, "/settings/profile/password", Member, "", h.EditPassword},
		{post, "/settings/profile/password", Member, "", h.SavePassword},
		{post, "/settings/profile/sessions/end-others", Member, "", h.EndOtherSessions},
		{post, "/settings/profile/sessions/:id/end", Member, "", h.EndSession},

		// Access Management.
		{get, "/settings/access-management", Member, "", h.AccessManagement},
		{get, sats, Member, access.ManageServiceTokens, h.ServiceTokens},
		{get, sats + "/organization", Member, access.ManageServiceTokens, h.OrganizationTokens},
		{get, sats + "/organization/new", Member, access.ManageServiceTokens, h.NewOrganizationToken},
		{post, sats + "/organization", Member, access.ManageServiceTokens, h.GenerateOrganizationToken},
		{get, sats + "/workspace", Member, access.ManageServiceTokens, h.WorkspaceTokens},
		{get, sats + "/workspace/new", Member, access.ManageServiceTokens, h.NewWorkspaceToken},
		{post, sats + "/workspace/new", Member, access.ManageServiceTokens, h.WorkspaceTokenStep},
		{post, sats + "/workspace/summary", Member, access.ManageServiceTokens, h.WorkspaceTokenSummary},
		{get, sats + "/:id", Member, access.ManageServiceTokens, h.ServiceToken},
		{get, sats + "/:id/delete", Member, access.ManageServiceTokens, h.ConfirmDeleteServiceToken},
		{post, sats + "/:id/delete", Member, access.ManageServiceTokens, h.DeleteServiceToken},
		{get, "/settings/access-management/provisioning", Member, access.ManageOrganization, h.Provisioning},
		{post, "/settings/access-management/provisioning", Member, access.ManageOrganization, h.SwitchProvisioning},
	}, accountPages(h), groupPages(h), apiClientPages(h), migrationPages(h), auditPages(h))
}

// register puts the table behind its gates. It is the only place that adds routes, so that
// every state change by form is behind the same-origin check.
func register(e *echo.Echo, d Deps) {
	for _, p := range Pages(d.Pages) {
		e.Add(p.Method, p.Path, p.Handle, sameOrigin, gate(d.Pages, p))
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

func gate(h *ui.Handlers, p Page) echo.MiddlewareFunc {
	switch p.Gate {
	case FirstRun:
		return h.FirstRun
	case Member:
		return h.Member(p.Needs)
	case Open:
	}
	return func(next echo.HandlerFunc) echo.HandlerFunc { return next }
}

// Package scim is the SCIM 2.0 front door (RFC 7644): routes, headers, bodies and
// discovery. What requests mean is decided by package provision, who sends them by the
// bearer token, which must be an organization service access token.
//
// Every answer, errors included, is application/scim+json. Bulk requests and /Me are not
// supported and say so with 501. Every request of a known token is recorded with its
// outcome, so that an Admin can see why an assignment failed.
package scim

import (
	"context"
	"log/slog"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"latchkey/internal/audit"
	"latchkey/internal/fault"
	"latchkey/internal/provision"
	"latchkey/web/respond"
)

// Base is the path of the protocol.
const Base = "/scim/v2"

// Deps is what the front door is made of.
type Deps struct {
	Provision *provision.Service
	Log       *slog.Logger
	BaseURL   string // how clients reach this server, without a slash at the end; empty: as the request came
	// Bearer lets requests with a good token through, whatever its level; Caller is the
	// token that it accepted, and nobody outside of it.
	Bearer echo.MiddlewareFunc
	Caller func(echo.Context) audit.Caller
}

// Serves reports whether a path belongs to this front door, so that errors outside of its
// routes are answered by [Handlers.Problem].
func Serves(path string) bool { return path == "/scim" || strings.HasPrefix(path, "/scim/") }

// Handlers is the front door.
type Handlers struct{ d Deps }

// New makes the handlers.
func New(d Deps) *Handlers { return &Handlers{d: d} }

// Route is one row of the table of routes. All of them are behind [Handlers.Chain].
type Route struct {
	Method string
	Path   string
	Handle echo.HandlerFunc
}

// Routes is the table. Its last rows answer whatever the others do not, as SCIM.
func Routes(h *Handlers) []Route {
	const (
		get, post, put, patch, del = http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete
	)
	table := []Route{
		{get, Base + "/Users", h.listUsers},
		{post, Base + "/Users", h.createUser},
		{post, Base + "/Users/.search", h.searchUsers},
		{get, Base + "/Users/:id", h.getUser},
		{put, Base + "/Users/:id", h.replaceUser},
		{patch, Base + "/Users/:id", h.patchUser},
		{del, Base + "/Users/:id", h.deleteUser},

		{get, Base + "/Groups", h.listGroups},
		{post, Base + "/Groups", h.createGroup},
		{post, Base + "/Groups/.search", h.searchGroups},
		{get, Base + "/Groups/:id", h.getGroup},
		{put, Base + "/Groups/:id", h.replaceGroup},
		{patch, Base + "/Groups/:id", h.patchGroup},
		{del, Base + "/Groups/:id", h.deleteGroup},

		{get, Base + "/ServiceProviderConfig", h.serviceProviderConfig},
		{get, Base + "/ResourceTypes", h.resourceTypes},
		{get, Base + "/ResourceTypes/:id", h.resourceType},
		{get, Base + "/Schemas", h.schemas},
		{get, Base + "/Schemas/:id", h.schema},
	}
	for _, method := range []string{get, post, put, patch, del} {
		table = append(table,
			Route{method, Base + "/Bulk", h.notImplemented},
			Route{method, Base + "/Me", h.notImplemented},
			Route{method, Base, h.nowhere},
			Route{method, Base + "/*", h.nowhere})
	}
	return table
}

// Chain is what every route is behind, outermost first: errors become SCIM answers, the
// token is verified, the outcome is recorded, and the organization must provision at all.
func (h *Handlers) Chain(next echo.HandlerFunc) echo.HandlerFunc {
	return h.answer(h.d.Bearer(h.record(h.enter(next))))
}

// answer renders an error here and passes it on, for the log.
func (h *Handlers) answer(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		err := next(c)
		if err != nil && !c.Response().Committed {
			h.Problem(c, err)
		}
		return err
	}
}

// Problem answers an error as SCIM. It never fails.
func (h *Handlers) Problem(c echo.Context, err error) { respond.SCIMProblem(c.Response(), err) }

// subjectKey is where handlers leave whom or what a request is about, for the record.
const subjectKey = "latchkey.scim.subject"

// about notes the name of the resource that a request failed for; its path only has an id.
func about(c echo.Context, r provision.Rendered, err error, name string) {
	if text, ok := r.Document[name].(string); err == nil && ok {
		c.Set(subjectKey, text)
	}
}

// record keeps how the request ended. That the record cannot be kept does not fail what
// has been done.
func (h *Handlers) record(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		err := next(c)
		r := provision.Request{Method: c.Request().Method, Status: c.Response().Status}
		r.Path = strings.TrimPrefix(c.Request().URL.Path, Base)
		if query := c.Request().URL.RawQuery; query != "" {
			r.Path += "?" + query
		}
		r.Subject, _ = c.Get(subjectKey).(string)
		if err != nil {
			r.Status, r.Type, r.Detail = respond.SCIMOutcome(err)
		}
		ctx := context.WithoutCancel(c.Request().Context())
		if failed := h.d.Provision.Record(ctx, h.d.Caller(c), r); failed != nil {
			h.d.Log.ErrorContext(ctx, "scim: cannot record a request", "error", failed)
		}
		return err
	}
}

// enter refuses tokens of another level, and everybody while provisioning is off.
func (h *Handlers) enter(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		if err := h.d.Provision.Enter(c.Request().Context(), h.d.Caller(c)); err != nil {
			return err
		}
		return next(c)
	}
}

func (h *Handlers) nowhere(echo.Context) error { return fault.NewNotFound("This SCIM endpoint") }

func (h *Handlers) notImplemented(c echo.Context) error {
	respond.SCIMStatus(c.Response(), http.StatusNotImplemented, "", "This server supports neither /Bulk nor /Me.")
	return nil
}

// call is what the use cases are told about the request.
func (h *Handlers) call(c echo.Context) provision.Call {
	return provision.Call{By: h.d.Caller(c), Base: h.base(c.Request()), IfMatch: c.Request().Header.Get("If-Match")}
}

// base is the protocol's address.
func (h *Handlers) base(r *http.Request) string {
	switch {
	case h.d.BaseURL != "":
		return h.d.BaseURL + Base
	case r.TLS != nil:
		return "https://" + r.Host + Base
	}
	return "http://" + r.Host + Base
}

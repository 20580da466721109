// Package web is the HTTP server: its route table (routes.go), the middleware around it
// (chain.go), and the one place where errors become responses. It joins the front doors (ui,
// api, scim) and does not use the store.
package web

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/netip"

	"github.com/labstack/echo/v4"

	"latchkey/internal/actor"
	"latchkey/internal/fault"
	"latchkey/web/api"
	"latchkey/web/request"
	"latchkey/web/respond"
	"latchkey/web/scim"
	"latchkey/web/ui"
)

// Deps is what the server needs.
type Deps struct {
	Log       *slog.Logger
	Pages     *ui.Dashboard
	API       *api.Handlers
	Workspace *api.Workspace
	SCIM      *scim.Handlers
	Ready     func(context.Context) string // why the server cannot do its work; "" if it can
	Proxies   []netip.Prefix               // proxies whose X-Forwarded-For is trusted
	Strangers *request.Strangers           // notes who else sends it
	Public    *request.Public              // where browsers and clients reach the server
}

// New returns the handler of the whole server.
func New(d Deps) http.Handler {
	e := echo.New()
	e.HideBanner, e.HidePort = true, true
	e.IPExtractor = clientAddress(d.Proxies)
	pages := newDoors(d).pages
	e.HTTPErrorHandler = func(err error, c echo.Context) { answerError(pages, err, c) }
	e.Use(outer(d.Log, d.Public.Secure())...)
	register(e, d)
	return d.Strangers.Watch(d.API.Direct(e))
}

// OnlyVerification passes on to next, the handler of the whole server, what a listener for verification
// serves: the direct routes of the API and /healthz. It answers 404 to everything else.
func OnlyVerification(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if path := r.URL.Path; !api.IsDirect(path) && path != healthPath {
			respond.Problem(w, fault.NewNotFound("This path"))
			return
		}
		next.ServeHTTP(w, r)
	})
}

// clientAddress returns [actor.ClientAddress] in the form that the router needs.
func clientAddress(trusted []netip.Prefix) echo.IPExtractor {
	return func(r *http.Request) string {
		return actor.AddressText(actor.ClientAddress(r.RemoteAddr, r.Header["X-Forwarded-For"], trusted))
	}
}

// answerError is the only error handler. The front door of the request renders the fault.
func answerError(through *Door, err error, c echo.Context) {
	if !c.Response().Committed {
		doorOf(c, through).Problem(c, asFault(c.Request(), err))
	}
}

// asFault translates the router's own errors, and those of a request whose client had gone. Any other error is
// a fault already, or Internal.
func asFault(r *http.Request, err error) *fault.Error {
	var routing *echo.HTTPError
	if errors.As(err, &routing) {
		switch routing.Code {
		case http.StatusNotFound, http.StatusMethodNotAllowed:
			return fault.NewNotFound("This page")
		case http.StatusRequestEntityTooLarge:
			return fault.NewTooLarge("The request is too large.")
		}
	}
	return request.Fault(r, err)
}

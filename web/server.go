// Package web is the server: its route table (routes.go), the chain of middleware around
// it (chain.go), and the one place where errors become answers. It knows the front doors
// (ui, api, scim) and no store.
package web

import (
	"errors"
	"log/slog"
	"net"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"latchkey/internal/fault"
	"latchkey/web/api"
	"latchkey/web/scim"
	"latchkey/web/ui"
)

// Deps is what the server is made of.
type Deps struct {
	Log       *slog.Logger
	Pages     *ui.Handlers
	API       *api.Handlers
	Workspace *api.Workspace
	SCIM      *scim.Handlers
	Ready     func(*http.Request) error // nil when the database answers
	Proxies   []*net.IPNet              // whose X-Forwarded-For is believed
}

// New builds the handler of the whole server.
func New(d Deps) http.Handler {
	e := echo.New()
	e.HideBanner, e.HidePort = true, true
	e.IPExtractor = clientAddress(d.Proxies)
	e.HTTPErrorHandler = func(err error, c echo.Context) { answerError(d, err, c) }
	e.Use(outer(d.Log)...)
	register(e, d)
	return d.API.Direct(e)
}

// clientAddress believes X-Forwarded-For only from proxies that the operator named.
func clientAddress(proxies []*net.IPNet) echo.IPExtractor {
	if len(proxies) == 0 {
		return echo.ExtractIPDirect()
	}
	trust := []echo.TrustOption{echo.TrustLoopback(false), echo.TrustLinkLocal(false), echo.TrustPrivateNet(false)}
	for _, p := range proxies {
		trust = append(trust, echo.TrustIPRange(p))
	}
	return echo.ExtractIPFromXFFHeader(trust...)
}

// answerError is the one error handler: the front door that was asked renders the fault.
func answerError(d Deps, err error, c echo.Context) {
	if c.Response().Committed {
		return
	}
	f := asFault(err)
	switch path := c.Request().URL.Path; {
	case strings.HasPrefix(path, "/static/"):
		c.Response().WriteHeader(http.StatusNotFound)
	case api.Serves(path) || api.ServesWorkspace(path):
		d.API.Problem(c, f)
	case scim.Serves(path):
		d.SCIM.Problem(c, f)
	default:
		d.Pages.Problem(c, f)
	}
}

// asFault translates the router's own errors; everything else is a fault already or Internal.
func asFault(err error) *fault.Error {
	var routing *echo.HTTPError
	if errors.As(err, &routing) {
		switch routing.Code {
		case http.StatusNotFound, http.StatusMethodNotAllowed:
			return fault.NewNotFound("This page")
		case http.StatusRequestEntityTooLarge:
			return fault.NewTooLarge("The request is too large.")
		}
	}
	return fault.Of(err)
}

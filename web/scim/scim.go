// Package scim is the SCIM 2.0 front door (RFC 7644): routes, headers, bodies and discovery.
// Package provision implements the requests. The caller is identified by the bearer token,
// which must be an organization service access token.
//
// Every response, errors included, is application/scim+json. Bulk requests and /Me are not
// supported and get 501. Every request of a token that may provision is recorded with its
// outcome, so that an Admin can see why an assignment failed.
package scim

import (
	"log/slog"
	"mime"
	"net/http"
	"regexp"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"latchkey/internal/actor"
	"latchkey/internal/fault"
	"latchkey/internal/provision"
	"latchkey/internal/verify"
	"latchkey/web/request"
	"latchkey/web/respond"
)

// Base is the path of the protocol.
const Base = "/scim/v2"

// Deps is what the front door needs.
type Deps struct {
	Provision *provision.Service
	Log       *slog.Logger
	Now       func() time.Time // nil: time.Now
	BaseURL   func() string    // URL of this server for clients, without a trailing slash
	// Bearer passes on requests with a valid token of any level. Standing returns the token
	// that it accepted, or nobody without one.
	Bearer   echo.MiddlewareFunc
	Standing func(echo.Context) actor.Standing
}

// Handlers is the front door.
type Handlers struct {
	d       Deps
	secrets *regexp.Regexp  // finds secrets of tokens
	wrong   *verify.Limiter // requests of tokens that may not provision, for the list of requests
}

// New returns the handlers.
func New(d Deps) *Handlers {
	if d.Now == nil {
		d.Now = time.Now
	}
	return &Handlers{d: d, secrets: regexp.MustCompile(`(lk[pso]at_)[0-9A-Za-z]+`), wrong: verify.NewLimiter(wrongBurst, wrongEvery, d.Now)}
}

// Chain is the middleware of every route. From the outside in, it turns errors into SCIM
// responses, verifies the token, refuses one that may not provision, records the outcome, and
// requires that a body is declared as JSON.
func (h *Handlers) Chain(next echo.HandlerFunc) echo.HandlerFunc {
	return h.answer(h.d.Bearer(h.enter(h.record(h.readable(next)))))
}

// answer sends an error as SCIM and returns it for the log.
func (h *Handlers) answer(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		err := abandoned(c, next(c))
		if err != nil && !c.Response().Committed {
			h.Problem(c, err)
		}
		return err
	}
}

// abandoned returns the fault of a request whose client had gone, and other errors as they are.
func abandoned(c echo.Context, err error) error {
	if f := request.Fault(c.Request(), err); f != nil && f.Kind == fault.Abandoned {
		return f
	}
	return err
}

// Problem sends an error as SCIM. It never fails.
func (h *Handlers) Problem(c echo.Context, err error) { respond.SCIMProblem(c.Response(), err) }

// readable refuses bodies that are compressed or not JSON. A body without a type counts as JSON.
func (h *Handlers) readable(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		if err := request.Plain(c.Response().Header(), c.Request()); err != nil {
			return err
		}
		given := c.Request().Header.Get("Content-Type")
		kind, _, err := mime.ParseMediaType(given)
		if given == "" || c.Request().ContentLength == 0 || err == nil && (kind == "application/json" || strings.HasSuffix(kind, "+json")) {
			return next(c)
		}
		return refuse(c, http.StatusUnsupportedMediaType, "The body must be of the type "+respond.SCIMType+".")
	}
}

func (h *Handlers) notFound(echo.Context) error { return fault.NewNotFound("This SCIM endpoint") }

func (h *Handlers) notImplemented(c echo.Context) error {
	return refuse(c, http.StatusNotImplemented, "This server supports neither /Bulk nor /Me.")
}

// wrongMethod refuses the methods that a path does not support.
func wrongMethod(allowed []string) echo.HandlerFunc {
	allow := strings.Join(allowed, ", ")
	return func(c echo.Context) error {
		c.Response().Header().Set("Allow", allow)
		return refuse(c, http.StatusMethodNotAllowed, "This endpoint supports only "+allow+".")
	}
}

// refuse sends an HTTP status that no fault kind has.
func refuse(c echo.Context, status int, detail string) error {
	r := recordOf(c)
	r.Status, r.Detail = status, detail
	respond.SCIMStatus(c.Response(), status, "", detail)
	return nil
}

// call describes the request for the use cases.
func (h *Handlers) call(c echo.Context) provision.Call {
	return provision.Call{By: h.d.Standing(c), Base: h.base(), IfMatch: c.Request().Header.Get("If-Match"), Record: recordOf(c)}
}

// base returns the base URL of the protocol.
func (h *Handlers) base() string { return h.d.BaseURL() + Base }

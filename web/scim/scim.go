// Package scim is the SCIM 2.0 front door (RFC 7644): routes, headers, bodies and
// discovery. What requests mean is decided by package provision, who sends them by the
// bearer token, which must be an organization service access token.
//
// Every answer, errors included, is application/scim+json. Bulk requests and /Me are not
// supported and say so with 501. Every request of a token that may provision is recorded with
// its outcome, so that an Admin can see why an assignment failed.
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
	"latchkey/web/respond"
)

// Base is the path of the protocol.
const Base = "/scim/v2"

// Deps is what the front door is made of.
type Deps struct {
	Provision *provision.Service
	Log       *slog.Logger
	Now       func() time.Time // nil: the clock
	BaseURL   string           // how clients reach this server, without a slash at the end; empty: as the request came
	// Bearer lets requests with a good token through, whatever its level; Standing is the
	// token that it accepted, and nobody outside of it.
	Bearer   echo.MiddlewareFunc
	Standing func(echo.Context) actor.Standing
}

// Handlers is the front door.
type Handlers struct {
	d       Deps
	secrets *regexp.Regexp  // finds secrets of tokens
	wrong   *verify.Limiter // requests of tokens that may not provision which the list of requests is told of
}

// New makes the handlers.
func New(d Deps) *Handlers {
	if d.Now == nil {
		d.Now = time.Now
	}
	return &Handlers{d: d, secrets: regexp.MustCompile(`(lk[pso]at_)[0-9A-Za-z]+`), wrong: verify.NewLimiter(wrongBurst, wrongEvery, d.Now)}
}

// Chain is what every route is behind, outermost first: errors become SCIM answers, the
// token is verified and must be one of an organization that provisions, the outcome is
// recorded, and a body must say that it is JSON.
func (h *Handlers) Chain(next echo.HandlerFunc) echo.HandlerFunc {
	return h.answer(h.d.Bearer(h.enter(h.record(h.readable(next)))))
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

// readable refuses bodies of other types than JSON. Without a type it is taken for JSON.
func (h *Handlers) readable(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		given := c.Request().Header.Get("Content-Type")
		kind, _, err := mime.ParseMediaType(given)
		if given == "" || c.Request().ContentLength == 0 || err == nil && (kind == "application/json" || strings.HasSuffix(kind, "+json")) {
			return next(c)
		}
		return refuse(c, http.StatusUnsupportedMediaType, "The body must be of the type "+respond.SCIMType+".")
	}
}

func (h *Handlers) nowhere(echo.Context) error { return fault.NewNotFound("This SCIM endpoint") }

func (h *Handlers) notImplemented(c echo.Context) error {
	return refuse(c, http.StatusNotImplemented, "This server supports neither /Bulk nor /Me.")
}

// wrongMethod answers the methods that a path does not have.
func wrongMethod(allowed []string) echo.HandlerFunc {
	allow := strings.Join(allowed, ", ")
	return func(c echo.Context) error {
		c.Response().Header().Set("Allow", allow)
		return refuse(c, http.StatusMethodNotAllowed, "This endpoint answers "+allow+".")
	}
}

// refuse answers with a status of HTTP's own, which no fault has.
func refuse(c echo.Context, status int, detail string) error {
	r := recordOf(c)
	r.Status, r.Detail = status, detail
	respond.SCIMStatus(c.Response(), status, "", detail)
	return nil
}

// call is what the use cases are told about the request.
func (h *Handlers) call(c echo.Context) provision.Call {
	return provision.Call{By: h.d.Standing(c), Base: h.base(c.Request()), IfMatch: c.Request().Header.Get("If-Match"), Record: recordOf(c)}
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

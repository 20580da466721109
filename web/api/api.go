// Package api is the JSON front door for tokens: who am I, introspection and revocation
// for resource servers, and forward-auth for proxies.
//
// Tokens come as a Bearer credential or as the password of HTTP Basic; cookies mean
// nothing here and query strings carry no credentials. Handlers authenticate and present;
// what a token may do is decided by package access.
//
// Two kinds of routes: those of [Routes] run in the router behind [Handlers.Bearer]; the
// hot ones are plain handlers that [Handlers.Direct] puts in front of the router, because
// they answer in less time than routing and logging take. A direct route logs a line only
// when debugging, and gets no request id unless something goes wrong.
package api

import (
	"context"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"latchkey/internal/access"
	"latchkey/internal/actor"
	"latchkey/internal/apiclient"
	"latchkey/internal/audit"
	"latchkey/internal/fault"
	"latchkey/internal/verify"
	"latchkey/web/respond"
)

// Deps is what the front door is made of.
type Deps struct {
	Verify    *verify.Authority
	Clients   *apiclient.Service
	Audit     *audit.Service
	Catalogue *access.Catalogue
	Log       *slog.Logger
	Now       func() time.Time
	Issuer    string          // how clients reach this server, e.g. https://latchkey.example.com; empty: as the request came
	Proxies   []netip.Prefix  // whose X-Forwarded-For is believed
	Failures  *verify.Limiter // failed tokens per address; nil: 100 at once, then one per second
	// Refused, when set, is told of refused tokens that once were good (expired,
	// revoked, suspended …) with where they were presented, but not by an address that
	// fails all the time. It is called in the request: be quick.
	Refused func(ctx context.Context, refused *verify.Refused, origin actor.Origin)
	// Denied, when set, is told of good tokens that were refused something. It is called in
	// the request as well.
	Denied func(audit.Attempt)
}

// Handlers is the JSON front door.
type Handlers struct {
	d       Deps
	buffers buffers
}

// The limit of failed tokens per address. Enough for a broken deployment to be noticed, too
// little to keep the database busy.
const (
	failureBurst = 100
	failureEvery = time.Second
)

// New makes the handlers.
func New(d Deps) *Handlers {
	if d.Failures == nil {
		d.Failures = verify.NewLimiter(failureBurst, failureEvery, d.Now)
	}
	return &Handlers{d: d, buffers: newBuffers()}
}

// Route is one row of the table of routes that the router serves.
type Route struct {
	Method string
	Path   string
	Open   bool // no token is asked for
	Handle echo.HandlerFunc
}

// Routes is the table. A row that is not Open belongs behind [Handlers.Bearer].
func Routes(h *Handlers) []Route {
	return []Route{
		{http.MethodGet, "/v2/token", false, h.WhoAmI},
		{http.MethodGet, auditLogsPath, false, h.AuditLogs},
		{http.MethodPost, "/oauth2/revoke", true, echo.WrapHandler(http.HandlerFunc(h.Revoke))},
		{http.MethodGet, "/.well-known/oauth-authorization-server", true, h.Metadata},
	}
}

// Paths of the direct routes.
const (
	verifyPath     = "/auth/verify"
	introspectPath = "/oauth2/introspect"
)

// Direct serves the hot routes and passes everything else to next. They are matched by
// hand: a ServeMux would answer unclean paths with a redirect, and a proxy that asks for
// /auth/verify//x must get one of three answers.
func (h *Handlers) Direct(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		path := r.URL.Path
		switch {
		case path == introspectPath:
			h.safely(w, r, h.introspect)
		case strings.HasPrefix(path, verifyPath) && (len(path) == len(verifyPath) || path[len(verifyPath)] == '/'):
			h.serveVerify(w, r)
		case strings.HasPrefix(path, "/v2/v2/"):
			next.ServeHTTP(w, underBase(r))
		default:
			next.ServeHTTP(w, r)
		}
	})
}

// underBase takes the first /v2 off a path. Older clients of the family have a base URL
// that ends in /v2 and append paging.next to it, which begins with /v2 for the newer ones.
func underBase(r *http.Request) *http.Request {
	under := *r
	under.URL = &url.URL{}
	*under.URL = *r.URL
	under.URL.Path = strings.TrimPrefix(r.URL.Path, "/v2")
	under.URL.RawPath = strings.TrimPrefix(r.URL.RawPath, "/v2")
	return &under
}

// Serves reports whether a path belongs to this front door, so that errors of the router
// are answered by [Handlers.Problem].
func Serves(path string) bool {
	for _, prefix := range []string{"/v2/", "/oauth2/", "/auth/", "/.well-known/"} {
		if strings.HasPrefix(path, prefix) {
			return true
		}
	}
	return path == "/v2"
}

// Problem answers a fault. It never fails.
func (h *Handlers) Problem(c echo.Context, f *fault.Error) { respond.Problem(c.Response(), f) }

// safely is the little that a direct route needs of the router's chain: a fault becomes an
// answer, a panic an internal fault, and internal faults are logged.
func (h *Handlers) safely(w http.ResponseWriter, r *http.Request, handle func(http.ResponseWriter, *http.Request) error) {
	if err := h.recovered(w, r, handle); err != nil {
		f := fault.Of(err)
		h.logFailure(r, f)
		respond.Problem(w, f)
	}
}

// Package api is the JSON front door: the token's own details, introspection and revocation
// for resource servers, forward-auth for proxies, and the workspace API.
//
// Tokens come as a Bearer credential or as the password of HTTP Basic. Cookies are ignored,
// and query strings carry no credentials. Handlers authenticate and present; package access
// decides what a token may do.
//
// There are two kinds of routes. Those of [Routes] run in the router behind
// [Handlers.Bearer]. The busy ones are plain handlers that [Handlers.Direct] puts in front of
// the router, because they take less time than routing and logging. A direct route logs only
// at debug level, and gets a request id only if something goes wrong.
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
	"latchkey/internal/token"
	"latchkey/internal/verify"
	"latchkey/web/request"
	"latchkey/web/respond"
)

// Deps is what the front door needs.
type Deps struct {
	Verify    *verify.Authority
	Clients   *apiclient.Service
	Tokens    *token.Service
	Audit     *audit.Service
	Catalogue *access.Catalogue
	Log       *slog.Logger
	Now       func() time.Time
	Issuer    func() string   // URL of this server for clients, e.g. https://latchkey.example.com
	Proxies   []netip.Prefix  // proxies whose X-Forwarded-For is trusted
	Failures  *verify.Limiter // failed tokens per address; nil: 100 at once, then one per second
	// Refused, if set, is called for refused tokens that once were valid (expired, revoked,
	// suspended …) with the origin of the request, except for addresses that keep failing.
	// It runs within the request and must be quick.
	Refused func(ctx context.Context, refused *verify.Refused, origin actor.Origin)
	// Denied, if set, is called when a valid token is refused something. It runs within the
	// request too.
	Denied func(audit.Attempt)
}

// Handlers is the JSON front door.
type Handlers struct {
	d       Deps
	buffers buffers
	noBody  []string // the value of Content-Length without a body, shared by all answers
}

// The limit of failed tokens per address: high enough to notice a broken deployment, too low
// to keep the database busy.
const (
	failureBurst = 100
	failureEvery = time.Second
)

// New returns the handlers.
func New(d Deps) *Handlers {
	if d.Failures == nil {
		d.Failures = verify.NewLimiter(failureBurst, failureEvery, d.Now)
	}
	return &Handlers{d: d, buffers: newBuffers(), noBody: []string{"0"}}
}

// Route is one row of the route table that the router serves.
type Route struct {
	Method string
	Path   string
	Open   bool // needs no token
	Handle echo.HandlerFunc
}

// Routes returns the route table. A row that is not Open belongs behind [Handlers.Bearer].
func Routes(h *Handlers) []Route {
	return []Route{
		{http.MethodGet, "/v2/token", false, h.WhoAmI},
		{http.MethodPost, "/v2/token/rotate", false, h.Rotate},
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

// Direct serves the busy routes and passes everything else to next. It matches paths by hand:
// a ServeMux would answer unclean paths with a redirect, but a proxy that requests
// /auth/verify//x must get one of three responses.
func (h *Handlers) Direct(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		path := r.URL.Path
		switch {
		case path == introspectPath:
			h.safely(w, r, h.introspect)
		case IsDirect(path):
			h.serveVerify(w, r)
		case strings.HasPrefix(path, "/v2/v2/"):
			next.ServeHTTP(w, underBase(r))
		default:
			next.ServeHTTP(w, r)
		}
	})
}

// IsDirect reports whether Direct serves a path itself.
func IsDirect(path string) bool {
	return path == introspectPath || strings.HasPrefix(path, verifyPath) && (len(path) == len(verifyPath) || path[len(verifyPath)] == '/')
}

// underBase removes the first /v2 of a path that has two. The base URL of older clients ends
// in /v2, and they append paging.next to it, which begins with /v2 for the newer ones.
func underBase(r *http.Request) *http.Request {
	under := *r
	under.URL = &url.URL{}
	*under.URL = *r.URL
	under.URL.Path = strings.TrimPrefix(r.URL.Path, "/v2")
	under.URL.RawPath = strings.TrimPrefix(r.URL.RawPath, "/v2")
	return &under
}

// Problem sends a fault. It never fails.
func (h *Handlers) Problem(c echo.Context, f *fault.Error) { respond.Problem(c.Response(), f) }

// safely does for a direct route what it needs of the router's chain: it sends faults, turns
// panics into internal faults, and logs internal faults.
func (h *Handlers) safely(w http.ResponseWriter, r *http.Request, handle func(http.ResponseWriter, *http.Request) error) {
	if err := h.recovered(w, r, handle); err != nil {
		f := request.Fault(r, err)
		h.logFailure(w, r, f)
		respond.Problem(w, f)
	}
}

// Package kit has what the areas of the dashboard share: the row of a page and its gate, the
// visit that the gate loads, sessions and notices, the frame around a page, dialogs, forms and
// lists, the addresses of all areas, and words for times, numbers and names.
//
// It imports no area. A template that several areas show belongs to package component. Code that
// only some areas need belongs to the lowest of them.
package kit

import (
	"time"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"latchkey/internal/access"
	"latchkey/internal/account"
	"latchkey/internal/actor"
	"latchkey/internal/policy"
	"latchkey/internal/signin"
	"latchkey/web/request"
	"latchkey/web/respond"
)

// Deps are the dependencies of a [Site].
type Deps struct {
	Organizations *account.Organizations
	Policies      *policy.Service
	SignIn        *signin.Service
	Sessions      *Sessions
	Catalogue     *access.Catalogue
	Now           func() time.Time
	Public        *request.Public // where browsers and clients reach the server
}

// Site does what the pages of all areas need: it loads the visitor, guards pages, and frames and
// renders them. It uses its services only to load the visitor. Each area has its own.
type Site struct {
	organizations *account.Organizations
	policies      *policy.Service
	signIn        *signin.Service
	sessions      *Sessions
	catalogue     *access.Catalogue
	now           func() time.Time
	public        *request.Public
	render        *respond.Renderer
	confirms      func(echo.Context, Question) error
}

// New returns a Site.
func New(d Deps) *Site {
	return &Site{organizations: d.Organizations, policies: d.Policies, signIn: d.SignIn, sessions: d.Sessions, catalogue: d.Catalogue,
		now: d.Now, public: d.Public,
		render: respond.NewRenderer(d.Public.Path())}
}

// HTML answers with a page or a part of one. It renders all of it before it sends the first byte.
func (s *Site) HTML(c echo.Context, status int, page templ.Component) error {
	return s.render.HTML(c, status, page)
}

// SecretHTML is like HTML, for a page that holds a secret, such as the form behind a link: it is not
// compressed.
func (s *Site) SecretHTML(c echo.Context, status int, page templ.Component) error {
	respond.Uncompressed(c)
	return s.HTML(c, status, page)
}

// Catalogue returns the catalogue of permissions.
func (s *Site) Catalogue() *access.Catalogue { return s.catalogue }

// BaseURL returns the address at which clients reach this server. It does not come from the
// request, whose Host header may be anybody's choice.
func (s *Site) BaseURL() string { return s.public.URL() }

// Origin returns where a request came from, for the audit log.
func Origin(c echo.Context) actor.Origin {
	return actor.NewOrigin(c.RealIP(), c.Request().UserAgent(), c.Response().Header().Get(echo.HeaderXRequestID))
}

// Package kit is what the areas of the dashboard have in common: the row of a page and its
// gate, the visit that the gate loads, sessions and notices, the frame around a page, dialogs, forms
// and lists, the addresses of all areas, and words for times, numbers and names.
//
// It knows no area. What several areas show is a template of package component; what only some of
// them need belongs to the lowest of these.
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
	"latchkey/web/respond"
)

// Deps is what a [Site] is made of.
type Deps struct {
	Organizations *account.Organizations
	Policies      *policy.Service
	SignIn        *signin.Service
	Sessions      *Sessions
	Catalogue     *access.Catalogue
	Now           func() time.Time
	BaseURL       string // how clients reach this server, for the lines to copy; empty: as the request came
}

// Site is what the pages of all areas stand on: it loads the visitor, guards pages, and frames and
// renders them. The services in it are for loading the visitor; an area is given its own.
type Site struct {
	organizations *account.Organizations
	policies      *policy.Service
	signIn        *signin.Service
	sessions      *Sessions
	catalogue     *access.Catalogue
	now           func() time.Time
	baseURL       string
	render        *respond.Renderer
}

// New returns the site.
func New(d Deps) *Site {
	return &Site{organizations: d.Organizations, policies: d.Policies, signIn: d.SignIn, sessions: d.Sessions, catalogue: d.Catalogue, now: d.Now, baseURL: d.BaseURL,
		render: respond.NewRenderer()}
}

// HTML answers with a page or a part of one. It is rendered in full before its first byte is sent.
func (s *Site) HTML(c echo.Context, status int, page templ.Component) error {
	return s.render.HTML(c, status, page)
}

// Catalogue returns the permissions that there are.
func (s *Site) Catalogue() *access.Catalogue { return s.catalogue }

// BaseURL is how clients reach this server.
func (s *Site) BaseURL(c echo.Context) string {
	if s.baseURL != "" {
		return s.baseURL
	}
	return c.Scheme() + "://" + c.Request().Host
}

// Origin is where a request came from, for the audit log.
func Origin(c echo.Context) actor.Origin {
	return actor.NewOrigin(c.RealIP(), c.Request().UserAgent(), c.Response().Header().Get(echo.HeaderXRequestID))
}

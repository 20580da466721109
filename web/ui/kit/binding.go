package kit

import (
	"errors"
	"net/http"
	"net/url"
	"path"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"latchkey/internal/identity"
	"latchkey/internal/signin"
)

// bindingName is the name of the cookie that binds sign-ins by an identity provider to the browser that began
// them.
const bindingName = "latchkey_sso"

// Binding returns the secret that the browser keeps for the sign-ins that it has begun; "" if there is none.
func (s *Site) Binding(c echo.Context) string {
	return s.sessions.kept(c.Request(), bindingName)
}

// Bind gives the browser the secret for as long as a sign-in may take. A browser sends it when a provider leads
// back, because that is a navigation by GET.
func (s *Site) Bind(c echo.Context, secret string, life time.Duration) {
	s.sessions.keep(c.Response(), c.Request(), bindingName, secret, life)
}

// acrossName is the name of the cookie that comes with an answer that a page of another site posts.
const acrossName = "latchkey_saml"

// BindingAcross is Binding for an answer that a page of another site posts.
func (s *Site) BindingAcross(c echo.Context) string { return s.sessions.kept(c.Request(), acrossName) }

// BindAcross gives the browser the secret in a cookie that it also sends with a POST of another site. No other cookie of the
// server is like that. Browsers take such a cookie only if it is Secure; at localhost they do so without HTTPS.
func (s *Site) BindAcross(c echo.Context, secret string, life time.Duration) {
	s.sessions.keepAcross(c.Response(), c.Request(), acrossName, secret, life)
}

// Browser returns what package signin wants to know of the browser.
func (s *Site) Browser(c echo.Context) signin.Browser { return s.sessions.Browser(c.Request()) }

// Depart sends the browser to a provider.
func (s *Site) Depart(c echo.Context, d identity.Departure) error {
	s.Bind(c, d.Browser, identity.RequestLife)
	if d.Across {
		s.BindAcross(c, d.Browser, identity.RequestLife)
	}
	c.Response().Header().Set("Cache-Control", "no-store")
	return c.Redirect(http.StatusSeeOther, d.Address)
}

// Onward makes the browser open an address by itself after the page, without a script. Unlike a redirect that
// answers a form, it may lead to another site under our policy for forms.
func (s *Site) Onward(c echo.Context, address string) {
	if strings.HasPrefix(address, "/") {
		address = s.public.Path() + address
	}
	c.Response().Header().Set("Refresh", "0; url="+address)
}

// Required returns the address that leads somebody to their provider whose domain requires it, if that is what an error says, or
// "".
func Required(err error, next string) string {
	var r *signin.Required
	if !errors.As(err, &r) {
		return ""
	}
	return WithQuery(SSOPath, "domain", r.Domain, "next", next)
}

// SafeNext returns next if it is a path of this server, and "/" otherwise. A sign-in must not redirect to
// another site, to a path that browsers read as one ("//host", "/\host"), or out of the path that the
// server is below ("/../other").
func SafeNext(next string) string {
	u, err := url.Parse(next)
	if err != nil || u.IsAbs() || u.Host != "" || u.User != nil || !strings.HasPrefix(next, "/") ||
		strings.HasPrefix(next, "//") || strings.ContainsAny(next, "\\\r\n\t") ||
		path.Clean(u.Path) != u.Path || strings.HasPrefix(u.Path, "/sign-") {
		return "/"
	}
	return u.RequestURI()
}

package sso

import (
	"errors"
	"net/http"
	"net/url"

	"github.com/labstack/echo/v4"

	"latchkey/internal/fault"
	"latchkey/internal/identity"
	"latchkey/internal/random"
	"latchkey/views/component"
	"latchkey/views/layout"
	page "latchkey/views/page/sso"
	"latchkey/web/respond"
	"latchkey/web/ui/kit"
)

// startPath returns the address where a sign-in by a provider begins.
func startPath(p identity.Provider, next string) string {
	address := kit.StartPath(p.Kind, p.ID)
	if next != "" && next != "/" {
		address = kit.WithQuery(address, "next", next)
	}
	return address
}

// choose begins a sign-in for a domain or an address, or asks for one. A redirect would not do: this page may answer a
// form, and a form must not lead to another site.
func (h *Handlers) choose(c echo.Context) error {
	next := kit.SafeNext(c.QueryParam("next"))
	typed := c.QueryParam("domain")
	if typed == "" {
		typed = c.QueryParam("address")
	}
	if typed == "" {
		return h.ask(c, http.StatusOK, next, "", "")
	}
	p, err := h.identity.ForDomain(c.Request().Context(), typed)
	if fault.Is(err, fault.NotFound) {
		return h.ask(c, http.StatusNotFound, next, typed, fault.Of(err).Message)
	}
	if err != nil {
		return err
	}
	h.site.Onward(c, startPath(p, next))
	return h.site.HTML(c, http.StatusOK, page.PublicPage(page.Public{
		Page: layout.Page{Title: "Single sign-on", Intro: "You continue at " + p.Name + "."},
		Link: &component.ButtonModel{Label: "Continue with " + p.Name, Href: startPath(p, next)}}))
}

// ask shows the form for an address.
func (h *Handlers) ask(c echo.Context, status int, next, typed, problem string) error {
	return h.site.HTML(c, status, page.PublicPage(page.Public{
		Page: layout.Page{Title: "Single sign-on", Intro: "Your email address tells us where you sign in."}, Next: next,
		Field: &component.FieldModel{ID: "address", Name: "address", Label: "Email", Attrs: kit.EmailAttrs(), Value: kit.Shown(typed),
			Error: problem, Autocomplete: "username", Required: true, Autofocus: true}}))
}

// start leads to the provider.
func (h *Handlers) start(c echo.Context) error {
	d, err := h.identity.Start(c.Request().Context(), c.Param("id"), h.site.Binding(c), kit.SafeNext(c.QueryParam("next")),
		kit.Origin(c))
	if err != nil {
		return err
	}
	return h.site.Depart(c, d)
}

// callback ends a sign-in or a trial.
func (h *Handlers) callback(c echo.Context) error {
	q := c.QueryParams()
	answer := identity.Answer{State: q.Get("state"), Code: q.Get("code"), Issuer: q.Get("iss"), Error: q.Get("error"),
		Description: q.Get("error_description")}
	c.Response().Header().Set("Cache-Control", "no-store")
	if repeated(q) {
		answer = identity.Answer{}
	}
	return h.finish(c, answer)
}

// answered takes the answer of a provider of SAML, which a page of its site posts: of the server's cookies only the one
// for this comes along. The browser then asks for the next page itself, with the others.
func (h *Handlers) answered(c echo.Context) error {
	c.Response().Header().Set("Cache-Control", "no-store")
	form, err := kit.ReadForm(c)
	if err != nil {
		return err
	}
	answer := identity.Answer{State: form.Get("RelayState"), Response: form.Get("SAMLResponse")}
	if len(form["RelayState"]) > 1 || len(form["SAMLResponse"]) > 1 {
		answer = identity.Answer{}
	}
	id, err := h.identity.Receive(c.Request().Context(), c.Param("id"), h.site.BindingAcross(c), answer, kit.Origin(c))
	var rejected *identity.Rejection
	if errors.As(err, &rejected) {
		return h.rejected(c, rejected)
	}
	if err != nil {
		return err
	}
	return respond.SeeOther(c, kit.WithQuery(kit.Path(kit.SSOPath, string(identity.KindSAML), c.Param("id"), "finish"), "request", id))
}

// goOn ends a sign-in or a trial whose answer has come.
func (h *Handlers) goOn(c echo.Context) error {
	c.Response().Header().Set("Cache-Control", "no-store")
	return h.finish(c, identity.Answer{State: c.QueryParam("request")})
}

// describe serves the server's metadata for a provider of SAML.
func (h *Handlers) describe(c echo.Context) error {
	text, err := h.identity.Describe(c.Request().Context(), c.Param("id"))
	if err != nil {
		return err
	}
	return c.Blob(http.StatusOK, "application/samlmetadata+xml", []byte(text))
}

// finish ends a sign-in or a trial.
func (h *Handlers) finish(c echo.Context, answer identity.Answer) error {
	ctx := c.Request().Context()
	if form, ok := h.identity.IsConfirm(ctx, answer); ok {
		return h.confirmed(c, answer, form)
	}
	if h.identity.IsTry(ctx, answer) {
		return h.tried(c, answer)
	}
	arrival, err := h.identity.Finish(c.Request().Context(), c.Param("id"), h.site.Binding(c), answer, h.site.Browser(c), kit.Origin(c))
	var rejected *identity.Rejection
	if errors.As(err, &rejected) {
		return h.rejected(c, rejected)
	}
	if err != nil {
		return err
	}
	if err := h.site.Renew(c, arrival.Started); err != nil {
		return err
	}
	return respond.SeeOther(c, kit.SafeNext(arrival.Next))
}

// repeated reports whether a parameter occurs twice, which no provider sends.
func repeated(q url.Values) bool {
	for _, name := range []string{"state", "code", "iss", "error"} {
		if len(q[name]) > 1 {
			return true
		}
	}
	return false
}

// rejected tells somebody that they could not sign in, with a code that an Admin can look up.
func (h *Handlers) rejected(c echo.Context, r *identity.Rejection) error {
	return h.site.HTML(c, respond.Status(fault.Denied), page.PublicPage(page.Public{
		Page: layout.Page{Title: "You are not signed in", Intro: r.Text}, Code: r.Code,
		Link: &component.ButtonModel{Label: "Try again with " + r.Provider.Name, Variant: component.Outline,
			Href: kit.StartPath(r.Provider.Kind, r.Provider.ID)}}))
}

// logout takes a notice of a provider that sessions have ended (OpenID Connect Back-Channel Logout 1.0, section 2.8).
func (h *Handlers) logout(c echo.Context) error {
	c.Response().Header().Set("Cache-Control", "no-store")
	form, err := kit.ReadForm(c)
	if err != nil {
		return err
	}
	err = h.identity.Logout(c.Request().Context(), c.Param("id"), form.Get("logout_token"), kit.Origin(c))
	if f := fault.Of(err); f != nil && f.Kind != fault.Internal && f.Kind != fault.Unavailable {
		return c.JSON(http.StatusBadRequest, map[string]string{"error": "invalid_request", "error_description": f.Message})
	}
	if err != nil {
		return err
	}
	return c.NoContent(http.StatusOK)
}

// confirmed records that a provider has vouched again for the visitor, who goes on with a form that waits.
func (h *Handlers) confirmed(c echo.Context, answer identity.Answer, form string) error {
	v, err := h.site.Visit(c)
	if fault.Is(err, fault.Unauthenticated) {
		return respond.SeeOther(c, "/sign-in")
	}
	if err != nil {
		return err
	}
	err = h.identity.FinishConfirm(c.Request().Context(), v.Standing, c.Param("id"), h.site.Binding(c), answer)
	if f := fault.Of(err); f != nil && f.Kind == fault.Denied {
		return h.site.AskAgain(c, v, random.Secret(form), f)
	}
	if err != nil {
		return err
	}
	return respond.SeeOther(c, kit.WithQuery(kit.ConfirmPath, "form", form))
}

package signin

import (
	"net/http"
	"net/url"
	"path"
	"strings"

	"github.com/labstack/echo/v4"

	"latchkey/internal/fault"
	"latchkey/views/component"
	"latchkey/views/layout"
	page "latchkey/views/page/signin"
	"latchkey/web/respond"
	"latchkey/web/ui/kit"
)

// signIn shows the sign-in page. A visitor who is already signed in is redirected.
func (h *Handlers) signIn(c echo.Context) error {
	next := safeNext(c.QueryParam("next"))
	if _, err := h.site.Visit(c); err == nil {
		return respond.SeeOther(c, next)
	}
	claimed, err := h.organizations.Claimed(c.Request().Context())
	if err != nil {
		return err
	}
	m := h.signInPage(next, "", nil)
	if !claimed {
		m.Page.Flash = []component.NoticeModel{{Kind: "info", Title: "This installation is not set up yet.",
			Text: "Open the one-time link that the server printed when it started."}}
	}
	return h.site.HTML(c, http.StatusOK, page.SignInPage(m))
}

// startSession checks the email and password. The answer does not reveal which of the two is wrong.
func (h *Handlers) startSession(c echo.Context) error {
	form, err := kit.ReadForm(c)
	if err != nil {
		return err
	}
	email, next := form.Get("email"), safeNext(form.Get("next"))
	err = h.site.SignIn(c, email, form.Get("password"))
	f := fault.Of(err)
	switch {
	case f == nil:
		return respond.SeeOther(c, next)
	case f.Kind == fault.Unauthenticated || f.Kind == fault.Throttled || f.Kind == fault.Invalid || f.RetryAfter > 0:
		kit.RetryAfter(c, f)
		return h.site.HTML(c, respond.Status(f.Kind), page.SignInPage(h.signInPage(next, email, f)))
	}
	return err
}

// signOut ends the session and deletes its cookie.
func (h *Handlers) signOut(c echo.Context) error {
	if err := h.site.SignOut(c); err != nil {
		return err
	}
	return respond.SeeOther(c, "/sign-in")
}

func (h *Handlers) signInPage(next, email string, f *fault.Error) page.SignIn {
	m := page.SignIn{
		Page: layout.Page{Title: "Sign in"},
		Next: next,
		Email: component.FieldModel{ID: "email", Name: "email", Label: "Email", Attrs: kit.EmailAttrs(), Value: email,
			Autocomplete: "username", Required: true, Autofocus: email == ""},
		Password: component.FieldModel{ID: "password", Name: "password", Label: "Password", Autocomplete: "current-password", Required: true},
	}
	if f != nil {
		m.Errors.Errors = []component.FieldError{{FieldID: "email", Text: f.Message}}
	}
	if h.demo != nil {
		m.Demo = &page.DemoAccounts{Password: h.demo.Password}
		for _, a := range h.demo.Accounts {
			m.Demo.Accounts = append(m.Demo.Accounts, page.DemoAccount(a))
		}
	}
	return m
}

// safeNext returns next if it is a path of this server, and "/" otherwise. A sign-in must not redirect to
// another site, to a path that browsers read as one ("//host", "/\host"), or out of the path that the
// server is below ("/../other").
func safeNext(next string) string {
	u, err := url.Parse(next)
	if err != nil || u.IsAbs() || u.Host != "" || u.User != nil || !strings.HasPrefix(next, "/") ||
		strings.HasPrefix(next, "//") || strings.ContainsAny(next, "\\\r\n\t") ||
		path.Clean(u.Path) != u.Path || strings.HasPrefix(u.Path, "/sign-") {
		return "/"
	}
	return u.RequestURI()
}

package ui

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/labstack/echo/v4"

	"latchkey/internal/fault"
	"latchkey/views/component"
	"latchkey/views/layout"
	signinpage "latchkey/views/page/signin"
	"latchkey/web/respond"
)

// SignIn shows the sign-in page; whoever is signed in already goes on.
func (h *Handlers) SignIn(c echo.Context) error {
	next := safeNext(c.QueryParam("next"))
	if _, err := h.visit(c); err == nil {
		return respond.SeeOther(c, next)
	}
	claimed, err := h.d.Accounts.Claimed(c.Request().Context())
	if err != nil {
		return err
	}
	m := h.signInPage(next, "", nil)
	if !claimed {
		m.Page.Flash = []component.NoticeModel{{Kind: "info", Title: "This installation is not set up yet.",
			Text: "Open the one-time link that the server printed when it started."}}
	}
	return h.render.HTML(c, http.StatusOK, signinpage.SignInPage(m))
}

// StartSession checks e-mail and password. Every failure looks alike.
func (h *Handlers) StartSession(c echo.Context) error {
	form, err := readForm(c)
	if err != nil {
		return err
	}
	email, next := form.Get("email"), safeNext(form.Get("next"))
	err = h.startSession(c, email, form.Get("password"))
	f := fault.Of(err)
	switch {
	case f == nil:
		return respond.SeeOther(c, next)
	case f.Kind == fault.Unauthenticated || f.Kind == fault.Throttled || f.Kind == fault.Invalid:
		retryAfter(c, f)
		return h.render.HTML(c, respond.Status(f.Kind), signinpage.SignInPage(h.signInPage(next, email, f)))
	}
	return err
}

// startSession signs in and gives the new session to the browser.
func (h *Handlers) startSession(c echo.Context, email, password string) error {
	r := c.Request()
	started, err := h.d.SignIn.SignIn(r.Context(), email, password, h.d.Sessions.Secret(r), Origin(c))
	if err != nil {
		return err
	}
	return h.d.Sessions.Begin(c.Response(), r, started)
}

// SignOut ends the session and takes its cookie from the browser.
func (h *Handlers) SignOut(c echo.Context) error {
	r := c.Request()
	if err := h.d.SignIn.SignOut(r.Context(), h.d.Sessions.Secret(r), Origin(c)); err != nil {
		return err
	}
	if err := h.d.Sessions.End(c.Response(), r); err != nil {
		return err
	}
	return respond.SeeOther(c, "/sign-in")
}

// retryAfter tells a throttled client when to come back.
func retryAfter(c echo.Context, f *fault.Error) {
	if f.RetryAfter > 0 {
		c.Response().Header().Set("Retry-After", respond.RetryAfter(f.RetryAfter))
	}
}

func (h *Handlers) signInPage(next, email string, f *fault.Error) signinpage.SignIn {
	m := signinpage.SignIn{
		Page:     layout.Page{Title: "Sign in"},
		Next:     next,
		Email:    component.FieldModel{ID: "email", Name: "email", Label: "Email", Type: "email", Value: email, Autocomplete: "username", Required: true, Autofocus: email == ""},
		Password: component.FieldModel{ID: "password", Name: "password", Label: "Password", Autocomplete: "current-password", Required: true},
	}
	if f != nil {
		m.Errors.Errors = []component.FieldError{{FieldID: "email", Text: f.Message}}
	}
	if h.d.Demo != nil {
		m.Demo = &signinpage.DemoAccounts{Password: h.d.Demo.Password}
		for _, a := range h.d.Demo.Accounts {
			m.Demo.Accounts = append(m.Demo.Accounts, signinpage.DemoAccount(a))
		}
	}
	return m
}

// safeNext keeps a path of this server and nothing else: a sign-in must not send people
// to another site, nor to a path that browsers read as one ("//host", "/\host").
func safeNext(next string) string {
	u, err := url.Parse(next)
	if err != nil || u.IsAbs() || u.Host != "" || u.User != nil || !strings.HasPrefix(next, "/") ||
		strings.HasPrefix(next, "//") || strings.ContainsAny(next, "\\\r\n\t") || strings.HasPrefix(u.Path, "/sign-") {
		return "/"
	}
	return u.RequestURI()
}

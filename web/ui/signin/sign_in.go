package signin

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"latchkey/internal/fault"
	"latchkey/views/component"
	"latchkey/views/layout"
	page "latchkey/views/page/signin"
	ssopage "latchkey/views/page/sso"
	"latchkey/web/respond"
	"latchkey/web/ui/kit"
)

// signIn shows the sign-in page. A visitor who is already signed in is redirected.
func (h *Handlers) signIn(c echo.Context) error {
	next := kit.SafeNext(c.QueryParam("next"))
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
	return h.show(c, http.StatusOK, m)
}

// startSession checks the email and password. The answer does not reveal which of the two is wrong.
func (h *Handlers) startSession(c echo.Context) error {
	form, err := kit.ReadForm(c)
	if err != nil {
		return err
	}
	email, next := form.Get("email"), kit.SafeNext(form.Get("next"))
	waits, err := h.site.SignIn(c, email, form.Get("password"))
	f := fault.Of(err)
	switch {
	case waits:
		return toConfirm(c, next)
	case kit.Required(err, next) != "":
		return respond.SeeOther(c, kit.Required(err, next))
	case f == nil:
		return respond.SeeOther(c, next)
	case f.Kind == fault.Unauthenticated || f.Kind == fault.Throttled || f.Kind == fault.Invalid || f.RetryAfter > 0:
		kit.RetryAfter(c, f)
		return h.show(c, respond.Status(f.Kind), h.signInPage(next, email, f))
	}
	return err
}

// signOut ends the session and deletes its cookie. If a provider vouched for it, the browser then ends the session
// there: the page leads to it, because the answer to a form must not be a redirect to another site.
func (h *Handlers) signOut(c echo.Context) error {
	ctx := c.Request().Context()
	leaving := h.identity.Leaving(ctx, kit.VisitOf(c).By.Ref.ID)
	if err := h.site.SignOut(c); err != nil {
		return err
	}
	address, name := h.identity.Leave(ctx, leaving, "/sign-in")
	if address == "" {
		return respond.SeeOther(c, "/sign-in")
	}
	h.site.Onward(c, address)
	return h.site.SecretHTML(c, http.StatusOK, ssopage.PublicPage(ssopage.Public{
		Page: layout.Page{Title: "Signed out", Intro: "You are signed out of Latchkey. Sign out of " + name + " as well?"},
		Link: &component.ButtonModel{Label: "Sign out of " + name, Href: address}}))
}

// show shows the sign-in page, with the identity providers that it offers.
func (h *Handlers) show(c echo.Context, status int, m page.SignIn) error {
	providers, err := h.identity.Offered(c.Request().Context())
	if err != nil {
		return err
	}
	for _, p := range providers {
		m.Providers = append(m.Providers, component.ButtonModel{Label: "Continue with " + p.Name, Variant: component.Outline,
			Href: kit.WithQuery(kit.StartPath(p.Kind, p.ID), "next", m.Next)})
		if len(p.Domains) > 0 {
			m.SSO = kit.WithQuery(kit.SSOPath, "next", m.Next)
		}
	}
	return h.site.HTML(c, status, page.SignInPage(m))
}

func (h *Handlers) signInPage(next, email string, f *fault.Error) page.SignIn {
	m := page.SignIn{
		Page: layout.Page{Title: "Sign in"},
		Next: next,
		Email: component.FieldModel{ID: "email", Name: "email", Label: "Email", Attrs: kit.EmailAttrs(), Value: email,
			Autocomplete: "username", Required: true, Autofocus: email == ""},
		Password: component.FieldModel{ID: "password", Name: "password", Label: "Password", Autocomplete: "current-password", Required: true},
	}
	if h.signIns.PasskeysOff() == "" {
		m.Passkey = kit.PasskeyForm("get", passkeyPath, component.ButtonModel{Label: "Sign in with a passkey", Variant: component.Outline,
			Icon: "key-round"}, component.HiddenField{Name: "next", Value: next})
	}
	if h.signIns.Mails() {
		m.Forgot = forgotPath
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

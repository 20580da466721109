package signin

import (
	"crypto/subtle"
	"net/http"
	"net/url"

	"github.com/labstack/echo/v4"

	"latchkey/internal/access"
	"latchkey/internal/account"
	"latchkey/internal/fault"
	"latchkey/internal/plaintext"
	"latchkey/internal/signin"
	"latchkey/views/component"
	"latchkey/views/layout"
	page "latchkey/views/page/signin"
	"latchkey/web/respond"
	"latchkey/web/ui/kit"
)

// SetupLink returns the one-time link of an installation that is not set up yet. The code is in
// the fragment, which is sent to nobody.
func SetupLink(base, code string) string { return kit.WithFragment(base+"/setup", fieldCode, code) }

const (
	fieldCode     = "code"
	setupOpenPath = "/setup/open" // takes the code by POST
)

// askCode shows the page behind the set-up link, which takes up the code in its fragment.
func (h *Handlers) askCode(c echo.Context) error { return h.showPaste(c, http.StatusOK, "") }

func (h *Handlers) showPaste(c echo.Context, status int, wrong string) error {
	return h.site.HTML(c, status, layout.PastePage(kit.PasteView("Set up Latchkey",
		"Open the link that the server printed when it started, or paste it here.",
		"Setup link", fieldCode, setupOpenPath, wrong)))
}

// setup shows the first-run form to a visitor who has the link that the server printed.
func (h *Handlers) setup(c echo.Context) error {
	form, err := kit.ReadForm(c)
	if err != nil {
		return err
	}
	code := kit.PastedSecret(form.Get(fieldCode), fieldCode)
	if code == "" {
		return h.showPaste(c, respond.Status(fault.Invalid), "Paste the setup link.")
	}
	if err := h.checkCode(code); err != nil {
		return h.showPaste(c, respond.Status(fault.NotFound), "This setup link is not valid. The server prints a new one each time it starts.")
	}
	return h.site.SecretHTML(c, http.StatusOK, page.SetupPage(setupPage(url.Values{fieldCode: {code}}, nil)))
}

// install makes the organization and its first Admin, and signs them in.
func (h *Handlers) install(c echo.Context) error {
	form, err := kit.ReadForm(c)
	if err != nil {
		return err
	}
	if err := h.checkCode(form.Get("code")); err != nil {
		return err
	}
	in := account.NewInstallation{
		Organization: form.Get("organization"), Workspace: form.Get("workspace"),
		Environment: account.Environment(form.Get("environment")),
		Name:        form.Get("name"), Email: form.Get("email"), Plan: access.PlanEnterprise, Origin: kit.Origin(c),
	}
	problems := in.Check()
	holder := signin.Holder{Email: in.Email, Name: in.Name, Organization: in.Organization}
	if text := h.signIns.CheckPassword(form.Get("password"), holder); text != "" {
		problems = append(problems, fault.Field{Path: "password", Message: text})
	}
	if problems != nil {
		errs, _ := kit.Invalid(fault.NewInvalid("", problems...))
		return h.site.SecretHTML(c, respond.Status(fault.Invalid), page.SetupPage(setupPage(form, errs)))
	}
	if in.PasswordHash, err = h.hasher.Hash(c.Request().Context(), form.Get("password")); err != nil {
		return err
	}
	if _, err := h.organizations.Install(c.Request().Context(), in); err != nil {
		return err
	}
	if _, err := h.site.SignIn(c, in.Email, form.Get("password")); err != nil {
		return err
	}
	return respond.SeeOther(c, "/")
}

// checkCode compares code with the set-up code in constant time. The answer to a wrong code is the same as
// to a missing page.
func (h *Handlers) checkCode(code string) error {
	if subtle.ConstantTimeCompare([]byte(code), []byte(h.setupCode)) != 1 {
		return fault.NewNotFound("This page")
	}
	return nil
}

func setupPage(form url.Values, errs kit.FieldErrors) page.Setup {
	text := func(name, label, help, auto string) component.FieldModel {
		return component.FieldModel{ID: name, Name: name, Label: label, Help: help, Value: form.Get(name),
			Error: errs[name], Autocomplete: auto, Required: true, MaxLength: plaintext.MaxName}
	}
	email := text("email", "Email", "", "username")
	email.Attrs, email.MaxLength = kit.EmailAttrs(), 254
	order := []string{"organization", "workspace", "environment", "name", "email", "password"}
	ids := map[string]string{}
	for _, path := range order {
		ids[path] = path
	}
	development := form.Get("environment") == string(account.Development)
	return page.Setup{
		Page: layout.Page{Title: "Set up Latchkey", Wide: true,
			Intro: "You only do this once. You become the first Admin, and you can change everything here later."},
		Code:         form.Get("code"),
		Errors:       errs.Summary(order, ids),
		Organization: text("organization", "Organization name", "", "organization"),
		Workspace:    text("workspace", "First workspace", "An isolated environment, for example Production.", "off"),
		Environment: component.SelectModel{ID: "environment", Name: "environment", Label: "Environment", Error: errs["environment"],
			Options: []component.SelectOption{
				{Value: string(account.Production), Label: account.Production.Label(), Selected: !development},
				{Value: string(account.Development), Label: account.Development.Label(), Selected: development},
			}},
		Name:  text("name", "Your name", "", "name"),
		Email: email,
		Password: component.FieldModel{ID: "password", Name: "password", Label: "Password", Error: errs["password"],
			Help: signin.PasswordHelp, Autocomplete: "new-password", Required: true},
	}
}

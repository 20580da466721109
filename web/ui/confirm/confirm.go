// Package confirm serves the page that asks a member to prove again who they are, because an act asks for a recent
// proof, and the way to an identity provider for that. The gate of package kit holds the form meanwhile.
package confirm

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"latchkey/internal/identity"
	"latchkey/internal/random"
	"latchkey/internal/signin"
	"latchkey/views/component"
	page "latchkey/views/page/confirm"
	"latchkey/web/respond"
	"latchkey/web/ui/kit"
)

// paramForm names the form that waits in addresses. It opens nothing without the session.
const paramForm = "form"

// fieldPasskey is the name of the error about a passkey.
const fieldPasskey = "confirm_passkey"

// passkeyPath is where the page's script asks for the options of a passkey.
const passkeyPath = kit.ConfirmPath + "/passkey" + kit.OptionsPath

// Handlers serves the pages of the area.
type Handlers struct {
	site     *kit.Site
	signIn   *signin.Service
	identity *identity.Service
}

// New returns the handlers of the area, which show the questions of the site.
func New(site *kit.Site, signIn *signin.Service, providers *identity.Service) *Handlers {
	h := &Handlers{site: site, signIn: signIn, identity: providers}
	site.Confirms(h.ask)
	return h
}

// Pages returns the rows of the area.
func (h *Handlers) Pages() []kit.Page {
	return []kit.Page{
		kit.Get(kit.ConfirmPath, kit.Member, "", h.goOn),
		kit.Get(kit.ConfirmPath+"/provider/:id", kit.Member, "", h.leave),
		kit.Post(passkeyPath, kit.Member, "", h.passkeyOptions),
	}
}

// ask asks the visitor to prove who they are.
func (h *Handlers) ask(c echo.Context, q kit.Question) error {
	v, ctx := kit.VisitOf(c), c.Request().Context()
	ways, err := h.signIn.Ways(ctx, v.Standing)
	if err != nil {
		return err
	}
	providers, err := h.identity.Vouching(ctx, v.Standing)
	if err != nil {
		return err
	}
	m := h.view(c, v, q)
	m.Header.Description = "Confirm it's you to " + q.Act + ". What you have filled in is kept for 15 minutes."
	if q.Fault != nil && len(q.Errors) == 0 {
		m.Errors.Errors = []component.FieldError{{Text: q.Fault.Message}}
	}
	if ways.Password {
		m.Fields, m.Submit = fields(ways, q.Errors), &component.ButtonModel{Label: "Confirm"}
	}
	if ways.Passkey {
		button := component.ButtonModel{Label: "Use a passkey", Variant: component.Outline}
		m.Passkey = kit.PasskeyForm("get", q.Path, button, m.Held)
		m.Passkey.Options = passkeyPath
	}
	for _, p := range providers {
		if ways.Provider != "" && p.ID != ways.Provider {
			continue
		}
		m.Providers = append(m.Providers, component.ButtonModel{Label: "Continue with " + p.Name, Variant: component.Outline,
			Href: kit.WithQuery(kit.Path(kit.ConfirmPath, "provider", p.ID), paramForm, q.Held.Reveal())})
	}
	if m.Submit == nil && m.Passkey == nil && len(m.Providers) == 0 {
		m.Note = "Nothing here can confirm that it's you. Sign out and sign in again, or ask an Admin."
	}
	status := http.StatusForbidden
	if q.Fault != nil {
		status = respond.Status(q.Fault.Kind)
	}
	return h.site.SecretHTML(c, status, page.ConfirmPage(m))
}

// view returns the page without a way to prove who somebody is.
func (h *Handlers) view(c echo.Context, v kit.Visit, q kit.Question) page.Confirm {
	return page.Confirm{Shell: h.site.Shell(c, v, kit.ConfirmTitle), Header: component.PageHeaderModel{Title: kit.ConfirmTitle},
		Action: q.Path, Held: component.HiddenField{Name: kit.FieldHeld, Value: q.Held.Reveal()},
		Errors: kit.FormErrors(q.Errors, kit.FieldConfirmPassword, kit.FieldConfirmCode, fieldPasskey),
		Card:   component.CardModel{ID: "confirm", Title: "Your account: " + v.Member.Email}}
}

// passkeyOptions answers the script of the page with the options for a passkey of the visitor.
func (h *Handlers) passkeyOptions(c echo.Context) error {
	options, err := h.signIn.PasskeyToProve(c.Request().Context(), kit.VisitOf(c).By)
	return h.site.PasskeyOptions(c, options, err)
}

func fields(ways signin.Ways, errs kit.FieldErrors) []component.FormField {
	list := []component.FormField{{Secret: &component.FieldModel{ID: "form-" + kit.FieldConfirmPassword, Name: kit.FieldConfirmPassword,
		Label: "Your password", Error: errs[kit.FieldConfirmPassword], Autocomplete: "current-password", Required: true,
		Autofocus: len(errs) == 0}}}
	if ways.Code {
		list = append(list, kit.TextItem(component.FieldModel{ID: "form-" + kit.FieldConfirmCode, Name: kit.FieldConfirmCode, Label: "Code",
			Help: "From your authenticator app, or a recovery code.", Error: errs[kit.FieldConfirmCode], Autocomplete: "one-time-code",
			Required: true, MaxLength: 40, Attrs: map[string]any{"autocapitalize": "none", "spellcheck": "false"}}))
	}
	return list
}

// leave leads to an identity provider, which asks the visitor to sign in again.
func (h *Handlers) leave(c echo.Context) error {
	name, v := random.Secret(c.QueryParam(paramForm)), kit.VisitOf(c)
	if _, err := h.signIn.Held(c.Request().Context(), v.Standing, name); err != nil {
		return err
	}
	d, err := h.identity.StartConfirm(c.Request().Context(), v.Standing, c.Param("id"), h.site.Binding(c), name.Reveal())
	if err != nil {
		return err
	}
	return h.site.Depart(c, d)
}

// goOn lets the visitor send the form that waited, after an identity provider has vouched for them.
func (h *Handlers) goOn(c echo.Context) error {
	name, v := random.Secret(c.QueryParam(paramForm)), kit.VisitOf(c)
	held, err := h.signIn.Held(c.Request().Context(), v.Standing, name)
	if err != nil {
		return err
	}
	q := kit.Question{Act: held.Act, Held: name, Path: held.Path}
	if !v.Standing.Proof.Recent(v.Now) {
		return h.ask(c, q)
	}
	m := h.view(c, v, q)
	m.Header.Description = "You have confirmed that it's you. Continue to " + q.Act + "."
	m.Submit = &component.ButtonModel{Label: "Continue"}
	return h.site.SecretHTML(c, http.StatusOK, page.ConfirmPage(m))
}

package people

import (
	"net/http"
	"net/url"

	"github.com/labstack/echo/v4"

	"latchkey/internal/fault"
	"latchkey/internal/invitation"
	"latchkey/internal/plaintext"
	"latchkey/internal/random"
	"latchkey/internal/signin"
	"latchkey/views/component"
	"latchkey/views/layout"
	page "latchkey/views/page/people"
	"latchkey/web/respond"
	"latchkey/web/ui/kit"
)

// askLink shows the page behind an invitation's link, which takes up the secret in its fragment.
// Links from before the secret moved there have it in the query; they work for another few days.
func (h *Handlers) askLink(c echo.Context) error {
	if secret := c.QueryParam(kit.FieldSecret); secret != "" {
		return respond.SeeOther(c, kit.WithFragment(acceptPath, kit.FieldSecret, secret))
	}
	return h.showPaste(c, http.StatusOK, "")
}

func (h *Handlers) showPaste(c echo.Context, status int, wrong string) error {
	return h.site.HTML(c, status, layout.PastePage(kit.PasteView("Accept an invitation", "Open the link in your invitation, or paste it here.",
		"Invitation link", kit.FieldSecret, openPath, wrong)))
}

// acceptInvitation shows the form for joining to somebody with the secret of a link. If the
// invitation cannot be used, the error says why.
func (h *Handlers) acceptInvitation(c echo.Context) error {
	form, err := kit.ReadForm(c)
	if err != nil {
		return err
	}
	pasted := kit.PastedSecret(form.Get(kit.FieldSecret), kit.FieldSecret)
	if pasted == "" {
		return h.showPaste(c, respond.Status(fault.Invalid), "Paste the invitation link.")
	}
	secret := random.Secret(pasted)
	inv, err := h.invitations.Open(c.Request().Context(), secret, kit.Origin(c))
	if fault.Is(err, fault.NotFound) {
		return h.showPaste(c, respond.Status(fault.NotFound), fault.Of(err).Message)
	}
	if err != nil {
		return err
	}
	return h.showAccept(c, http.StatusOK, inv, secret, url.Values{}, nil)
}

func (h *Handlers) showAccept(c echo.Context, status int, inv invitation.Offer, secret random.Secret, form url.Values,
	errors kit.FieldErrors) error {
	return h.site.SecretHTML(c, status, page.AcceptPage(acceptView(inv, secret, form, errors)))
}

// joinOrganization makes the holder of the link a member and signs them in.
func (h *Handlers) joinOrganization(c echo.Context) error {
	form, err := kit.ReadForm(c)
	if err != nil {
		return err
	}
	ctx, secret := c.Request().Context(), random.Secret(form.Get(kit.FieldSecret))
	inv, err := h.invitations.Open(ctx, secret, kit.Origin(c))
	if err != nil {
		return err
	}
	if wrong := h.checkAccept(form, inv); wrong != nil {
		return h.showAccept(c, respond.Status(fault.Invalid), inv, secret, form, wrong)
	}
	hash, err := h.hasher.Hash(ctx, form.Get(fieldPassword))
	if err != nil {
		return err
	}
	m, err := h.invitations.Accept(ctx, secret, form.Get(kit.FieldName), hash, kit.Origin(c))
	wrong, err := kit.Invalid(err)
	if err != nil {
		return err
	}
	if wrong != nil {
		return h.showAccept(c, respond.Status(fault.Invalid), inv, secret, form, wrong)
	}
	if _, err := h.site.SignIn(c, m.Email, form.Get(fieldPassword)); err != nil {
		if to := kit.Required(err, "/"); to != "" {
			return respond.SeeOther(c, to)
		}
		return err
	}
	return respond.SeeOther(c, "/")
}

// checkAccept checks the name and the password before the password is hashed.
func (h *Handlers) checkAccept(form url.Values, inv invitation.Offer) kit.FieldErrors {
	var p fault.Problems
	if _, err := plaintext.Name(form.Get(kit.FieldName)); err != nil {
		p.Add(kit.FieldName, fault.Of(err).Message)
	}
	if text := h.signIn.CheckPassword(form.Get(fieldPassword),
		signin.Holder{Email: inv.Email, Name: form.Get(kit.FieldName), Organization: inv.OrganizationName}); text != "" {
		p.Add(fieldPassword, text)
	}
	fields, _ := kit.Invalid(p.Err(""))
	return fields
}

func acceptView(inv invitation.Offer, secret random.Secret, form url.Values, errors kit.FieldErrors) page.Accept {
	name := kit.TextField(kit.FieldName, "Your name", "", form, errors)
	name.Autocomplete, name.Required, name.Autofocus = "name", true, len(errors) == 0
	return page.Accept{
		Page: layout.Page{Title: "Join " + inv.OrganizationName,
			Intro: inv.InvitedByName + " invited you. Choose a name and a password."},
		Action: acceptPath, Errors: kit.FormErrors(errors, kit.FieldName, fieldPassword),
		Hidden: []component.HiddenField{{Name: kit.FieldSecret, Value: secret.Reveal()}},
		Email: component.FieldModel{ID: "form-email", Name: "email", Label: "Email", Value: inv.Email, Type: "email", Autocomplete: "username",
			ReadOnly: true},
		Name: name,
		Password: component.FieldModel{ID: "form-password", Name: fieldPassword, Label: "Password", Error: errors[fieldPassword],
			Help: signin.PasswordHelp, Autocomplete: "new-password", Required: true},
	}
}

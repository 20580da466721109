package signin

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"latchkey/internal/fault"
	"latchkey/internal/random"
	"latchkey/internal/signin"
	"latchkey/views/component"
	"latchkey/views/layout"
	page "latchkey/views/page/signin"
	"latchkey/web/respond"
	"latchkey/web/ui/kit"
)

const (
	fieldPassword   = "password"
	recoverOpenPath = kit.RecoverPath + "/open" // takes the secret by POST
)

// askRecovery shows the page behind a link that sets a password, which takes up the secret in its
// fragment.
func (h *Handlers) askRecovery(c echo.Context) error { return h.pasteRecovery(c, http.StatusOK, "") }

func (h *Handlers) pasteRecovery(c echo.Context, status int, wrong string) error {
	return h.site.HTML(c, status, layout.PastePage(kit.PasteView("Set a new password", "Open the link that you were given, or paste it here.",
		"Reset link", kit.FieldSecret, recoverOpenPath, wrong)))
}

// openRecovery shows the form for a new password to somebody with a link.
func (h *Handlers) openRecovery(c echo.Context) error {
	form, err := kit.ReadForm(c)
	if err != nil {
		return err
	}
	secret := random.Secret(kit.PastedSecret(form.Get(kit.FieldSecret), kit.FieldSecret))
	if secret == "" {
		return h.pasteRecovery(c, respond.Status(fault.Invalid), "Paste the reset link.")
	}
	account, err := h.signIns.OpenRecovery(c.Request().Context(), secret)
	if fault.Is(err, fault.NotFound) {
		return h.pasteRecovery(c, respond.Status(fault.NotFound), fault.Of(err).Message)
	}
	if to := kit.Required(err, "/"); to != "" {
		return respond.SeeOther(c, to)
	}
	if err != nil {
		return err
	}
	return h.site.SecretHTML(c, http.StatusOK, page.RecoverPage(recoverPage(account, secret, nil)))
}

// recover sets the password and signs the member in.
func (h *Handlers) recover(c echo.Context) error {
	form, err := kit.ReadForm(c)
	if err != nil {
		return err
	}
	secret := random.Secret(form.Get(kit.FieldSecret))
	waits, err := h.site.Recover(c, secret, form.Get(fieldPassword))
	if fault.Is(err, fault.NotFound) {
		return h.pasteRecovery(c, respond.Status(fault.NotFound), fault.Of(err).Message)
	}
	if to := kit.Required(err, "/"); to != "" {
		return respond.SeeOther(c, to)
	}
	wrong, err := kit.Invalid(err)
	if err != nil {
		return err
	}
	if waits {
		return toConfirm(c, "/")
	}
	if wrong == nil {
		return respond.SeeOther(c, "/")
	}
	account, err := h.signIns.OpenRecovery(c.Request().Context(), secret)
	if err != nil {
		return err
	}
	return h.site.SecretHTML(c, respond.Status(fault.Invalid), page.RecoverPage(recoverPage(account, secret, wrong)))
}

func recoverPage(account signin.Account, secret random.Secret, errs kit.FieldErrors) page.Recover {
	return page.Recover{
		Page:   layout.Page{Title: "Set a new password", Intro: "This signs you out everywhere else. The link works once."},
		Action: kit.RecoverPath, Errors: kit.FormErrors(errs, fieldPassword),
		Hidden: []component.HiddenField{{Name: kit.FieldSecret, Value: secret.Reveal()}},
		Email: component.FieldModel{ID: "form-email", Name: "email", Label: "Email", Value: account.Email, Type: "email",
			Autocomplete: "username", ReadOnly: true},
		Password: component.FieldModel{ID: "form-password", Name: fieldPassword, Label: "New password", Error: errs[fieldPassword],
			Help: signin.PasswordHelp, Autocomplete: "new-password", Required: true, Autofocus: errs == nil},
	}
}

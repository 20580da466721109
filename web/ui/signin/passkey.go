package signin

import (
	"github.com/labstack/echo/v4"

	"latchkey/internal/fault"
	"latchkey/web/respond"
	"latchkey/web/ui/kit"
)

const passkeyPath = "/sign-in/passkey"

// passkeyOptions answers the script of the sign-in page.
func (h *Handlers) passkeyOptions(c echo.Context) error {
	options, err := h.site.PasskeyToSignIn(c)
	return h.site.PasskeyOptions(c, options, err)
}

// signInByPasskey starts a session for the member whose passkey answered.
func (h *Handlers) signInByPasskey(c echo.Context) error {
	form, err := kit.ReadForm(c)
	if err != nil {
		return err
	}
	next := kit.SafeNext(form.Get("next"))
	err = h.site.SignInByPasskey(c, form.Get(kit.FieldPasskey))
	f := fault.Of(err)
	switch {
	case f == nil:
		return respond.SeeOther(c, next)
	case kit.Required(err, next) != "":
		return respond.SeeOther(c, kit.Required(err, next))
	case f.Kind == fault.Unauthenticated || f.Kind == fault.Throttled || f.Kind == fault.Conflict:
		kit.RetryAfter(c, f)
		return h.show(c, respond.Status(f.Kind), h.signInPage(next, "", f))
	}
	return err
}

// confirmOptions answers the script of the second step.
func (h *Handlers) confirmOptions(c echo.Context) error {
	options, err := h.site.PasskeyToConfirm(c)
	return h.site.PasskeyOptions(c, options, err)
}

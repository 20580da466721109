package security

import (
	"net/http"
	"net/url"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"latchkey/internal/fault"
	"latchkey/internal/signin"
	"latchkey/views/component"
	page "latchkey/views/page/security"
	"latchkey/web/respond"
	"latchkey/web/ui/kit"
)

const (
	appPath      = kit.SecurityPath + "/authenticator-apps"
	factorPath   = kit.SecurityPath + "/second-factors/:id/remove"
	recoveryPath = kit.SecurityPath + "/recovery-codes"

	fieldPassword = "password"
	fieldCode     = "code"
)

// security shows the page "Security".
func (h *Handlers) security(c echo.Context) error { return h.show(c, http.StatusOK, nil) }

// show shows the page, with a dialog above it if there is one.
func (h *Handlers) show(c echo.Context, status int, above templ.Component) error {
	v := kit.VisitOf(c)
	has, err := h.signIn.Security(c.Request().Context(), v.Standing)
	if err != nil {
		return err
	}
	m := securityView(has, h.signIn.PasskeysOff(), v.Now)
	m.Shell = h.site.Shell(c, v, kit.SecurityTitle)
	m.Shell.Above = above
	return h.site.HTML(c, status, page.SecurityPage(m))
}

// ask shows a dialog with a form above the page.
func (h *Handlers) ask(c echo.Context, status int, dialog component.FormDialogModel) error {
	return h.site.Dialog(c, status, component.FormDialog(dialog), h.show)
}

// refused shows a dialog again with what is wrong, and returns errors that it cannot show.
func (h *Handlers) refused(c echo.Context, err error, dialog func(errs kit.FieldErrors) component.FormDialogModel) error {
	if f := fault.Of(err); f != nil && f.Kind == fault.Throttled {
		kit.RetryAfter(c, f)
		return h.ask(c, respond.Status(f.Kind), dialog(kit.FieldErrors{"": f.Message}))
	}
	fields, err := kit.Invalid(err)
	if err != nil {
		return err
	}
	return h.ask(c, respond.Status(fault.Invalid), dialog(fields))
}

// newApp asks for the name of a new authenticator app and for the password.
func (h *Handlers) newApp(c echo.Context) error {
	return h.ask(c, http.StatusOK, newAppDialog(url.Values{kit.FieldName: {"Authenticator app"}}, nil))
}

// setUpApp shows what a new authenticator app needs. It counts once its first code was entered.
func (h *Handlers) setUpApp(c echo.Context) error {
	form, err := kit.ReadForm(c)
	if err != nil {
		return err
	}
	e, err := h.signIn.SetUpCode(c.Request().Context(), kit.VisitOf(c).Standing, form.Get(kit.FieldName), form.Get(fieldPassword))
	if err != nil {
		return h.refused(c, err, func(errs kit.FieldErrors) component.FormDialogModel { return newAppDialog(form, errs) })
	}
	return h.site.Reveal(c, kit.SecurityTitle, page.SetUpDialog(setUpDialog(e, nil)))
}

// confirmApp makes an authenticator app count, given its first code.
func (h *Handlers) confirmApp(c echo.Context) error {
	form, err := kit.ReadForm(c)
	if err != nil {
		return err
	}
	v := kit.VisitOf(c)
	done, err := h.signIn.ConfirmCode(c.Request().Context(), v.By, c.Param("id"), form.Get(fieldCode))
	fields, err := kit.Invalid(err)
	if err != nil {
		return err
	}
	if fields != nil {
		e, err := h.signIn.OpenCode(c.Request().Context(), v.Standing, c.Param("id"))
		if err != nil {
			return err
		}
		respond.Uncompressed(c)
		return h.site.Dialog(c, respond.Status(fault.Invalid), page.SetUpDialog(setUpDialog(e, fields)), h.show)
	}
	return h.enrolled(c, done, "The authenticator app was added. All your other sessions were signed out.")
}

// askRemove asks for the password before a second factor is removed.
func (h *Handlers) askRemove(c echo.Context) error {
	f, err := h.factor(c)
	if err != nil {
		return err
	}
	return h.ask(c, http.StatusOK, removeDialog(f, nil))
}

// factor returns the visitor's factor that the address names.
func (h *Handlers) factor(c echo.Context) (signin.Factor, error) {
	has, err := h.signIn.Security(c.Request().Context(), kit.VisitOf(c).Standing)
	if err != nil {
		return signin.Factor{}, err
	}
	for _, f := range has.Factors {
		if f.ID == c.Param("id") {
			return f, nil
		}
	}
	return signin.Factor{}, fault.NewNotFound("That second factor")
}

// remove removes a second factor.
func (h *Handlers) remove(c echo.Context) error {
	form, err := kit.ReadForm(c)
	if err != nil {
		return err
	}
	f, err := h.factor(c)
	if err != nil {
		return err
	}
	err = h.signIn.RemoveFactor(c.Request().Context(), kit.VisitOf(c).Standing, f.ID, form.Get(fieldPassword))
	if err != nil {
		return h.refused(c, err, func(errs kit.FieldErrors) component.FormDialogModel { return removeDialog(f, errs) })
	}
	return h.site.Done(c, kit.SecurityPath, f.Name+" was removed.")
}

// askCodes asks for the password before new recovery codes are made.
func (h *Handlers) askCodes(c echo.Context) error {
	return h.ask(c, http.StatusOK, newCodesDialog(nil))
}

// newCodes makes new recovery codes and shows them, in this response only.
func (h *Handlers) newCodes(c echo.Context) error {
	form, err := kit.ReadForm(c)
	if err != nil {
		return err
	}
	codes, err := h.signIn.NewRecoveryCodes(c.Request().Context(), kit.VisitOf(c).Standing, form.Get(fieldPassword))
	if text, status, other := kit.Refusal(err); text != "" && other == nil {
		return h.ask(c, status, newCodesDialog(kit.FieldErrors{"": text}))
	}
	if err != nil {
		return h.refused(c, err, newCodesDialog)
	}
	return h.site.Reveal(c, kit.SecurityTitle, page.CodesDialog(codesDialog(codes)))
}

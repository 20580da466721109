package security

import (
	"net/http"
	"net/url"

	"github.com/labstack/echo/v4"

	"latchkey/internal/fault"
	"latchkey/internal/signin"
	"latchkey/views/component"
	page "latchkey/views/page/security"
	"latchkey/web/respond"
	"latchkey/web/ui/kit"
)

const (
	passkeyPath = kit.SecurityPath + "/passkeys"
	renamePath  = kit.SecurityPath + "/second-factors/:id/rename"
)

// newPasskey asks for the name of a new passkey and for the password.
func (h *Handlers) newPasskey(c echo.Context) error {
	var errs kit.FieldErrors
	if off := h.signIn.PasskeysOff(); off != "" {
		errs = kit.FieldErrors{"": off}
	}
	return h.ask(c, http.StatusOK, newPasskeyDialog(url.Values{kit.FieldName: {signin.DeviceName(c.Request().UserAgent())}}, errs))
}

// addPasskey shows the button with which the browser creates the passkey. It counts once that was done.
func (h *Handlers) addPasskey(c echo.Context) error {
	form, err := kit.ReadForm(c)
	if err != nil {
		return err
	}
	f, err := h.signIn.AddPasskey(c.Request().Context(), kit.VisitOf(c).Standing, form.Get(kit.FieldName), form.Get(fieldPassword))
	dialog := func(errs kit.FieldErrors) component.FormDialogModel { return newPasskeyDialog(form, errs) }
	if text, status, other := kit.Refusal(err); text != "" && other == nil {
		return h.ask(c, status, dialog(kit.FieldErrors{"": text}))
	}
	if err != nil {
		return h.refused(c, err, dialog)
	}
	return h.create(c, http.StatusOK, f, "")
}

// create shows the dialog in which the browser creates a passkey.
func (h *Handlers) create(c echo.Context, status int, f signin.Factor, problem string) error {
	return h.site.Dialog(c, status, page.CreateDialog(createDialog(f, problem)), h.show)
}

// passkeyOptions answers the script of that dialog.
func (h *Handlers) passkeyOptions(c echo.Context) error {
	options, err := h.signIn.PasskeyToCreate(c.Request().Context(), kit.VisitOf(c).By, c.Param("id"))
	return h.site.PasskeyOptions(c, options, err)
}

// confirmPasskey makes a passkey count, given what the browser created.
func (h *Handlers) confirmPasskey(c echo.Context) error {
	form, err := kit.ReadForm(c)
	if err != nil {
		return err
	}
	v := kit.VisitOf(c)
	done, err := h.signIn.ConfirmPasskey(c.Request().Context(), v.By, c.Param("id"), form.Get(kit.FieldPasskey))
	fields, err := kit.Invalid(err)
	if err != nil {
		return err
	}
	if fields != nil {
		f, err := h.signIn.OpenPasskey(c.Request().Context(), v.Standing, c.Param("id"))
		if err != nil {
			return err
		}
		return h.create(c, respond.Status(fault.Invalid), f, fields[kit.FieldPasskey])
	}
	return h.enrolled(c, done, "The passkey was added. All your other sessions were signed out.")
}

// enrolled answers when a factor counts: with new recovery codes if it is the first one.
func (h *Handlers) enrolled(c echo.Context, done signin.Enrolled, text string) error {
	if err := h.site.Renew(c, done.Started); err != nil {
		return err
	}
	if done.Codes == nil {
		return h.site.Done(c, kit.SecurityPath, text)
	}
	return h.site.Reveal(c, kit.SecurityTitle, page.CodesDialog(codesDialog(done.Codes)))
}

// askRename asks for another name of a second factor.
func (h *Handlers) askRename(c echo.Context) error {
	f, err := h.factor(c)
	if err != nil {
		return err
	}
	return h.ask(c, http.StatusOK, renameDialog(f, url.Values{kit.FieldName: {f.Name}}, nil))
}

// rename renames a second factor.
func (h *Handlers) rename(c echo.Context) error {
	form, err := kit.ReadForm(c)
	if err != nil {
		return err
	}
	f, err := h.factor(c)
	if err != nil {
		return err
	}
	if err := h.signIn.RenameFactor(c.Request().Context(), kit.VisitOf(c).By, f.ID, form.Get(kit.FieldName)); err != nil {
		return h.refused(c, err, func(errs kit.FieldErrors) component.FormDialogModel { return renameDialog(f, form, errs) })
	}
	return h.site.Done(c, kit.SecurityPath, "The second factor was renamed.")
}

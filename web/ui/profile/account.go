package profile

import (
	"errors"
	"net/http"

	"github.com/labstack/echo/v4"

	"latchkey/internal/fault"
	"latchkey/views/component"
	"latchkey/web/respond"
	"latchkey/web/ui/kit"
)

const sessionsPath = kit.ProfilePath + "/sessions"

// editName shows the dialog that changes the visitor's name.
func (h *Handlers) editName(c echo.Context) error {
	v := kit.VisitOf(c)
	return h.showForm(c, http.StatusOK, nameDialog(v.Member.Name, nil))
}

// saveName changes the visitor's name.
func (h *Handlers) saveName(c echo.Context) error {
	v := kit.VisitOf(c)
	form, err := kit.ReadForm(c)
	if err != nil {
		return err
	}
	_, err = h.members.Rename(c.Request().Context(), v.By, form.Get("name"))
	if fields, err := kit.Invalid(err); fields != nil || err != nil {
		return h.refused(c, err, nameDialog(form.Get("name"), fields))
	}
	return h.done(c, "Your name was changed.")
}

// editZone shows the dialog that changes the visitor's time zone.
func (h *Handlers) editZone(c echo.Context) error {
	return h.showForm(c, http.StatusOK, zoneDialog(kit.VisitOf(c).Member.TimeZone, nil))
}

// saveZone changes the visitor's time zone.
func (h *Handlers) saveZone(c echo.Context) error {
	form, err := kit.ReadForm(c)
	if err != nil {
		return err
	}
	_, err = h.members.ChooseTimeZone(c.Request().Context(), kit.VisitOf(c).By, form.Get("time_zone"))
	if fields, err := kit.Invalid(err); fields != nil || err != nil {
		return h.refused(c, err, zoneDialog(form.Get("time_zone"), fields))
	}
	return h.done(c, "Your time zone was changed.")
}

// editPassword shows the dialog that changes the visitor's password.
func (h *Handlers) editPassword(c echo.Context) error {
	return h.showForm(c, http.StatusOK, passwordDialog(nil))
}

// savePassword changes the visitor's password and ends all their other sessions.
func (h *Handlers) savePassword(c echo.Context) error {
	v := kit.VisitOf(c)
	form, err := kit.ReadForm(c)
	if err != nil {
		return err
	}
	started, err := h.signIn.ChangePassword(c.Request().Context(), v.Standing, form.Get("current"), form.Get("new"))
	if fields, err := kit.Invalid(err); fields != nil || err != nil {
		return h.refused(c, err, passwordDialog(fields))
	}
	if err := h.site.Renew(c, started); err != nil {
		return err
	}
	return h.done(c, "Your password was changed. All your other sessions were signed out.")
}

// endSession ends one of the visitor's other sessions.
func (h *Handlers) endSession(c echo.Context) error {
	v := kit.VisitOf(c)
	if err := h.signIn.End(c.Request().Context(), v.By, c.Param("id")); err != nil {
		return err
	}
	return h.done(c, "That session was signed out.")
}

// endOtherSessions ends all other sessions of the visitor.
func (h *Handlers) endOtherSessions(c echo.Context) error {
	v := kit.VisitOf(c)
	n, err := h.signIn.EndOthers(c.Request().Context(), v.By)
	if err != nil {
		return err
	}
	return h.done(c, kit.Count(n, "other session was", "other sessions were")+" signed out.")
}

// done redirects to the profile with a notice.
func (h *Handlers) done(c echo.Context, notice string) error {
	return h.site.Done(c, kit.ProfilePath, notice)
}

// showForm shows a dialog above the profile.
func (h *Handlers) showForm(c echo.Context, status int, dialog component.FormDialogModel) error {
	return h.site.Dialog(c, status, component.FormDialog(dialog), h.show)
}

// refused shows the dialog again with its mistakes, or with the reason why the attempt was throttled. It
// returns other errors, for the error page.
func (h *Handlers) refused(c echo.Context, err error, dialog component.FormDialogModel) error {
	if f := fault.Of(err); f != nil {
		if f.Kind != fault.Throttled {
			return err
		}
		kit.RetryAfter(c, f)
		dialog.Errors = kit.FieldErrors{"": f.Message}.Summary(nil, nil)
		return h.showForm(c, respond.Status(f.Kind), dialog)
	}
	return h.showForm(c, respond.Status(fault.Invalid), dialog)
}

// sessions loads the visitor's sessions. The session of this request is always among them.
func (h *Handlers) sessions(c echo.Context, v kit.Visit) (component.SessionsModel, error) {
	list, err := h.signIn.List(c.Request().Context(), v.Standing, v.Member.ID)
	if err != nil {
		return component.SessionsModel{}, err
	}
	if len(list) == 0 {
		return component.SessionsModel{}, errors.New("ui: a visitor without a session")
	}
	return sessionsView(list, v), nil
}

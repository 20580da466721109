package ui

import (
	"errors"
	"net/http"

	"github.com/labstack/echo/v4"

	"latchkey/internal/fault"
	"latchkey/views/component"
	profilepage "latchkey/views/page/profile"
	"latchkey/web/respond"
)

const sessionsPath = profilePath + "/sessions"

// EditName shows the dialog that changes one's own name.
func (h *Handlers) EditName(c echo.Context) error {
	v := visitOf(c)
	return h.profileDialog(c, v, http.StatusOK, nameDialog(v.Member.Name, nil))
}

// SaveName changes one's own name.
func (h *Handlers) SaveName(c echo.Context) error {
	v := visitOf(c)
	form, err := readForm(c)
	if err != nil {
		return err
	}
	_, err = h.d.Accounts.Rename(c.Request().Context(), v.caller, form.Get("name"))
	if fields, err := invalid(err); fields != nil || err != nil {
		return h.profileRefusal(c, v, err, nameDialog(form.Get("name"), fields))
	}
	return h.profileDone(c, "Your name was changed.")
}

// EditPassword shows the dialog that changes one's own password.
func (h *Handlers) EditPassword(c echo.Context) error {
	return h.profileDialog(c, visitOf(c), http.StatusOK, passwordDialog(nil))
}

// SavePassword changes one's own password and ends every other session.
func (h *Handlers) SavePassword(c echo.Context) error {
	v := visitOf(c)
	form, err := readForm(c)
	if err != nil {
		return err
	}
	err = h.d.SignIn.ChangePassword(c.Request().Context(), v.caller, form.Get("current"), form.Get("new"), v.session)
	if fields, err := invalid(err); fields != nil || err != nil {
		return h.profileRefusal(c, v, err, passwordDialog(fields))
	}
	return h.profileDone(c, "Your password was changed. Every other session was signed out.")
}

// EndSession signs one of one's own other browsers out.
func (h *Handlers) EndSession(c echo.Context) error {
	v := visitOf(c)
	if err := h.d.SignIn.End(c.Request().Context(), v.caller, c.Param("id")); err != nil {
		return err
	}
	return h.profileDone(c, "That session was signed out.")
}

// EndOtherSessions signs every other browser of one's own out.
func (h *Handlers) EndOtherSessions(c echo.Context) error {
	v := visitOf(c)
	n, err := h.d.SignIn.EndOthers(c.Request().Context(), v.caller, v.session)
	if err != nil {
		return err
	}
	return h.profileDone(c, count(n, "other session was", "other sessions were")+" signed out.")
}

// profileDone leaves a notice and leads back to the page.
func (h *Handlers) profileDone(c echo.Context, notice string) error {
	if err := h.d.Sessions.AddNotice(c.Response(), c.Request(), notice); err != nil {
		return err
	}
	return respond.SeeOther(c, profilePath)
}

// profileDialog shows the profile with one dialog open.
func (h *Handlers) profileDialog(c echo.Context, v visit, status int, dialog component.FormDialogModel) error {
	m, err := h.profile(c, v, "Your Profile")
	if err != nil {
		return err
	}
	m.Form = &dialog
	return h.render.HTML(c, status, profilepage.ProfilePage(m))
}

// profileRefusal shows the dialog again with what is wrong. Throttled attempts stand in it as well;
// other errors are for the error page.
func (h *Handlers) profileRefusal(c echo.Context, v visit, err error, dialog component.FormDialogModel) error {
	if f := fault.Of(err); f != nil {
		if f.Kind != fault.Throttled {
			return err
		}
		retryAfter(c, f)
		dialog.Errors = fieldErrors{"": f.Message}.summary(nil, nil)
		return h.profileDialog(c, v, respond.Status(f.Kind), dialog)
	}
	return h.profileDialog(c, v, respond.Status(fault.Invalid), dialog)
}

// profileSessions loads the visitor's sessions. The one of this request is always among
// them; were it not, the page would offer to end it like any other.
func (h *Handlers) profileSessions(c echo.Context, v visit) (profilepage.Sessions, error) {
	list, err := h.d.SignIn.List(c.Request().Context(), v.Member.ID)
	if err != nil {
		return profilepage.Sessions{}, err
	}
	if len(list) == 0 {
		return profilepage.Sessions{}, errors.New("ui: a visitor without a session")
	}
	return sessionsView(list, v), nil
}

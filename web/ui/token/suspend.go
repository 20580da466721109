package token

import (
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"latchkey/internal/token"
	"latchkey/views/component"
	"latchkey/web/ui/kit"
)

// fieldReason is the field of the reason for which a token is suspended.
const fieldReason = "reason"

// confirmSuspend shows the dialog that suspends a token.
func (h *Handlers) confirmSuspend(c echo.Context) error {
	now := kit.VisitOf(c).Now
	return h.openText(c, func(t token.Token) component.FormDialogModel { return suspendDialog(t, "", nil, now) })
}

// suspend suspends a token.
func (h *Handlers) suspend(c echo.Context) error {
	v := kit.VisitOf(c)
	form, err := kit.ReadForm(c)
	if err != nil {
		return err
	}
	t, err := h.tokens.Suspend(c.Request().Context(), v.By, c.Param("id"), form.Get(fieldReason))
	if err != nil {
		return h.refusedText(c, err, func(t token.Token, wrong kit.FieldErrors) component.FormDialogModel {
			return suspendDialog(t, form.Get(fieldReason), wrong, v.Now)
		})
	}
	return h.site.Done(c, kit.TokenPage(t.ID), "Token "+t.Name+" is suspended.")
}

// confirmResume shows the dialog that asks before a token works again.
func (h *Handlers) confirmResume(c echo.Context) error {
	v := kit.VisitOf(c)
	t, err := h.tokens.Get(c.Request().Context(), v.Standing, c.Param("id"))
	if err != nil {
		return err
	}
	return h.site.Dialog(c, http.StatusOK, component.AlertDialog(*resumeDialog(t, v.Now)), h.behindToken(v, t))
}

// resume lets a suspended token work again.
func (h *Handlers) resume(c echo.Context) error {
	t, err := h.tokens.Resume(c.Request().Context(), kit.VisitOf(c).By, c.Param("id"))
	if err != nil {
		return err
	}
	return h.site.Done(c, kit.TokenPage(t.ID), "Token "+t.Name+" is no longer suspended.")
}

func suspendDialog(t token.Token, reason string, wrong kit.FieldErrors, now time.Time) component.FormDialogModel {
	field := reasonField(reason, wrong)
	m := textDialog(t, "Suspend", "suspend", component.FormField{Area: &field}, wrong)
	m.Dialog.Description = "Anything that uses the token is refused immediately, until it is resumed. " + lastUse(t, now)
	m.Submit = component.ButtonModel{Label: "Suspend", Variant: component.Danger}
	return m
}

func reasonField(reason string, wrong kit.FieldErrors) component.FieldModel {
	return component.FieldModel{ID: "token-reason", Name: fieldReason, Label: "Reason", Value: kit.Shown(reason), Rows: 2,
		Error: wrong[fieldReason], Autocomplete: "off", Autofocus: len(wrong) == 0,
		Help: "Shown to those who may see the token. Up to 200 characters. You may leave it empty."}
}

func resumeDialog(t token.Token, now time.Time) *component.AlertDialogModel {
	m := &component.AlertDialogModel{ID: "resume-token", Title: "Resume token " + t.Name + "?",
		Consequence: "Anyone who has the token can use it again immediately.",
		Action:      kit.Path(kit.TokenPath, t.ID, "resume"), Confirm: "Yes, resume", Harmless: true, CancelHref: kit.TokenPage(t.ID)}
	if t.Suspension.Set() {
		m.Details = append(m.Details, suspendedBy(t.Suspension, now)+".")
	}
	if t.Suspension.Reason != "" {
		m.Details = append(m.Details, "Reason: "+t.Suspension.Reason)
	}
	if token.ExpiredAt(t.ExpiresAt, now) {
		m.Consequence = "The token has expired, so it does not work even then."
	}
	return m
}

// suspendedBy returns by whom and when a token was suspended, as a clause without a period.
func suspendedBy(s token.Suspension, now time.Time) string {
	by := s.ByName
	if by == "" {
		by = "the system"
	}
	return "Suspended by " + by + " " + kit.Relative(s.At, now) + " (" + kit.Absolute(s.At, now) + ")"
}

// whySuspended returns why a suspended token does not work, in sentences.
func whySuspended(t token.Token, now time.Time) string {
	if !t.Suspension.Set() {
		return "Its owner is deactivated."
	}
	return suspendedBy(t.Suspension, now) + "."
}

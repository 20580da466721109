package token

import (
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"latchkey/internal/fault"
	"latchkey/internal/token"
	"latchkey/views/component"
	"latchkey/web/respond"
	"latchkey/web/ui/kit"
)

// Fields of the dialog that rotates a token.
const (
	fieldOverlap  = "overlap"
	fieldHours    = "hours"
	fieldRevision = "revision" // of the current secret, so that a form rotates only once
)

// customOverlap is the choice of an overlap for which a field of its own has the hours.
const customOverlap = "custom"

// sameLength is the choice of an expiration that keeps the lifetime.
const sameLength = "same"

// overlaps returns the choices for how long the old secret works, with their labels.
func overlaps() [][2]string {
	return [][2]string{{"0s", "End it now"}, {"1h", "1 hour"}, {"24h", "24 hours"}, {"168h", "7 days"}, {customOverlap, "Custom"}}
}

// rotateForm is what was typed into the dialog. It is not checked.
type rotateForm struct{ overlap, hours, expiration, date, revision string }

// confirmRotate shows the dialog that rotates a token.
func (h *Handlers) confirmRotate(c echo.Context) error {
	return h.showRotate(c, http.StatusOK, rotateForm{overlap: "24h", expiration: sameLength}, nil)
}

// showRotate shows the dialog above the page of the token.
func (h *Handlers) showRotate(c echo.Context, status int, f rotateForm, wrong kit.FieldErrors) error {
	v := kit.VisitOf(c)
	t, err := h.tokens.Get(c.Request().Context(), v.Standing, c.Param("id"))
	if err != nil {
		return err
	}
	if !h.tokens.MayRotate(v.Standing, t) {
		return fault.NewDenied("Only its owner can rotate a personal access token.")
	}
	secrets, err := h.tokens.Secrets(c.Request().Context(), v.Standing, t.ID)
	if err != nil {
		return err
	}
	l, err := h.limits(c, v, t.Kind)
	if err != nil {
		return err
	}
	return h.site.Dialog(c, status, component.FormDialog(rotateDialog(t, secrets, f, wrong, l, v.Now)), h.behindToken(v, t))
}

// rotate rotates a token and shows its new secret. No other response contains it.
func (h *Handlers) rotate(c echo.Context) error {
	v := kit.VisitOf(c)
	form, err := kit.ReadForm(c)
	if err != nil {
		return err
	}
	f := rotateForm{form.Get(fieldOverlap), form.Get(fieldHours), form.Get(fieldExpiration), form.Get(fieldDate), form.Get(fieldRevision)}
	in, wrong := f.rotation(v.Now)
	if len(wrong) > 0 {
		return h.showRotate(c, respond.Status(fault.Invalid), f, wrong)
	}
	done, err := h.tokens.Rotate(c.Request().Context(), v.By, c.Param("id"), in)
	if errors.Is(err, fault.ErrRepeated) {
		return h.rotatedBefore(c, v)
	}
	if wrong, err = kit.Invalid(err); err != nil {
		return err
	}
	if wrong != nil {
		return h.showRotate(c, respond.Status(fault.Invalid), f, atFields(wrong, f))
	}
	dialog := revealDialog(done.Generated, h.site.BaseURL(), kit.TokenPage(done.ID), v.Now)
	old := done.Previous.Hint + " " + endOfOld(done.Previous, v.Now)
	dialog.Facts = append(dialog.Facts, component.Definition{Term: "Old token", Text: old})
	return h.site.Reveal(c, "Rotate "+done.Name, component.RevealDialog(*dialog))
}

// rotatedBefore answers a form that was sent twice, or after somebody else rotated the token.
func (h *Handlers) rotatedBefore(c echo.Context, v kit.Visit) error {
	t, err := h.tokens.Get(c.Request().Context(), v.Standing, c.Param("id"))
	if err != nil {
		return err
	}
	return h.showToken(c, v, http.StatusConflict, t, component.Notice(component.NoticeModel{Kind: "warning", Live: true,
		Title: "The token was rotated meanwhile",
		Text:  "Its new value was shown once and cannot be shown again. If nobody copied it, rotate the token once more.",
		Links: []component.Link{{Label: "Rotate", Href: kit.Path(kit.TokenPath, t.ID, "rotate")}}}))
}

// rotation returns what the form asks for.
func (f rotateForm) rotation(now time.Time) (token.Rotation, kit.FieldErrors) {
	in, wrong := token.Rotation{SameLength: f.expiration == sameLength, Revision: f.revision}, kit.FieldErrors{}
	if f.overlap == customOverlap {
		hours, err := strconv.Atoi(strings.TrimSpace(f.hours))
		if err != nil || hours < 0 || hours > int(token.MaxOverlap/time.Hour) {
			wrong[fieldHours] = "Enter a number of hours, at most 720 (30 days)."
		}
		in.Overlap = time.Duration(hours) * time.Hour
	} else if overlap, err := time.ParseDuration(f.overlap); err == nil {
		in.Overlap = overlap
	} else {
		wrong[fieldOverlap] = "Choose how long the old token keeps working."
	}
	if !in.SameLength {
		end, problems := parseExpiration(f.expiration, f.date, now)
		for _, p := range problems {
			wrong[p.Path] = p.Message
		}
		in.ExpiresAt = end
	}
	return in, wrong
}

// atFields moves the service's problems to the fields of the form.
func atFields(wrong kit.FieldErrors, f rotateForm) kit.FieldErrors {
	if text, ok := wrong[pathExpiresAt]; ok {
		delete(wrong, pathExpiresAt)
		field := fieldExpiration
		if f.expiration == onDate {
			field = fieldDate
		}
		wrong[field] = text
	}
	return wrong
}

func rotateDialog(t token.Token, secrets []token.SecretState, f rotateForm, wrong kit.FieldErrors, l limits,
	now time.Time) component.FormDialogModel {
	overlap := component.SelectModel{ID: "token-overlap", Name: fieldOverlap, Label: "Keep the old token working for",
		Error: wrong[fieldOverlap]}
	for _, o := range overlaps() {
		overlap.Options = append(overlap.Options, component.SelectOption{Value: o[0], Label: o[1], Selected: o[0] == f.overlap})
	}
	hours := component.FieldModel{ID: "token-hours", Name: fieldHours, Label: "Hours", Value: kit.Shown(f.hours), Error: wrong[fieldHours],
		Autocomplete: "off", Help: "0 to 720 (30 days)."}
	expiry := expiryField(tokenForm{expiration: f.expiration, date: f.date}, wrong, l.life(), now)
	same := component.SelectOption{Value: sameLength, Label: "As long as before", Selected: f.expiration == sameLength,
		Until: expires(token.EndAgain(t, secrets[0], l.Rules, l.Maker, now), now)}
	if same.Selected {
		expiry.Preview = same.Until
	}
	expiry.Select.Options = append([]component.SelectOption{same}, expiry.Select.Options...)
	return component.FormDialogModel{
		Dialog: component.DialogModel{ID: "rotate-token", Title: "Rotate " + t.Name, CloseHref: kit.TokenPage(t.ID),
			Description: "The token gets a new value, which is shown once. Its name, its permissions and its history stay."},
		Action: kit.Path(kit.TokenPath, t.ID, "rotate"),
		Errors: formErrors(wrong),
		Notice: overlapNotice(secrets, now),
		Hidden: []component.HiddenField{{Name: fieldRevision, Value: secrets[0].Revision()}},
		Fields: []component.FormField{{Select: &overlap}, {Text: &hours}, {Expiry: &expiry}},
		Submit: component.ButtonModel{Label: "Rotate"},
	}
}

// overlapNotice says what a rotation does to the old token of an earlier one that still works.
func overlapNotice(secrets []token.SecretState, now time.Time) *component.NoticeModel {
	o, ok := token.OverlapOf(secrets, now)
	if !ok {
		return nil
	}
	if o.Current.FirstUsedAt.IsZero() {
		return &component.NoticeModel{Kind: "info", Title: "The current value was never used",
			Text: "So it is replaced: " + o.Current.Hint + " ends at once. " +
				o.Previous.Hint + ", from before, keeps working for the time that you choose."}
	}
	return &component.NoticeModel{Kind: "warning", Title: "An old value still works",
		Text: "A token has two values at most: " + o.Previous.Hint + " ends at once. " +
			"Now it would end " + endText(o.Previous.EndsAt, now) + "."}
}

// confirmEnd shows the dialog that asks before the previous secret ends.
func (h *Handlers) confirmEnd(c echo.Context) error {
	v := kit.VisitOf(c)
	t, err := h.tokens.Get(c.Request().Context(), v.Standing, c.Param("id"))
	if err != nil {
		return err
	}
	secrets, err := h.tokens.Secrets(c.Request().Context(), v.Standing, t.ID)
	if err != nil {
		return err
	}
	o, ok := token.OverlapOf(secrets, v.Now)
	if !ok {
		return fault.NewConflict("The previous value of this token has already ended.")
	}
	dialog := component.AlertDialogModel{ID: "end-previous", Title: "End the old token of " + t.Name + "?",
		Consequence: "Anything that still uses " + o.Previous.Hint + " stops working immediately. This cannot be undone.",
		Details:     []string{"Last used: " + strings.ToLower(kit.When(o.Previous.LastUsedAt, v.Now).Text) + "."},
		Action:      kit.Path(kit.TokenPath, t.ID, "end-previous"), Confirm: "Yes, end it", CancelHref: kit.TokenPage(t.ID)}
	return h.site.Dialog(c, http.StatusOK, component.AlertDialog(dialog), h.behindToken(v, t))
}

// endPrevious ends the previous secret of a token.
func (h *Handlers) endPrevious(c echo.Context) error {
	t, err := h.tokens.EndPrevious(c.Request().Context(), kit.VisitOf(c).By, c.Param("id"))
	if err != nil {
		return err
	}
	return h.site.Done(c, kit.TokenPage(t.ID), "The old token of "+t.Name+" no longer works.")
}

// quietParam is the parameter of the time for which the previous secret must be silent before it is safe to end.
const quietParam = "quiet"

// quietOf returns that time.
func quietOf(query url.Values) time.Duration {
	for _, d := range quiets() {
		if query.Get(quietParam) == d.String() {
			return d
		}
	}
	return time.Hour
}

// quiets returns the choices.
func quiets() []time.Duration { return []time.Duration{10 * time.Minute, time.Hour, 24 * time.Hour} }

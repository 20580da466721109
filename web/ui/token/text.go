package token

import (
	"net/http"
	"strings"
	"time"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"latchkey/internal/fault"
	"latchkey/internal/plaintext"
	"latchkey/internal/token"
	"latchkey/internal/warning"
	"latchkey/views/component"
	page "latchkey/views/page/token"
	"latchkey/web/respond"
	"latchkey/web/ui/kit"
)

// editName shows the dialog that renames a token.
func (h *Handlers) editName(c echo.Context) error {
	return h.openText(c, func(t token.Token) component.FormDialogModel { return nameDialog(t, t.Name, nil) })
}

// saveName renames a token.
func (h *Handlers) saveName(c echo.Context) error {
	v := kit.VisitOf(c)
	form, err := kit.ReadForm(c)
	if err != nil {
		return err
	}
	t, err := h.tokens.Rename(c.Request().Context(), v.By, c.Param("id"), form.Get(kit.FieldName))
	if err != nil {
		return h.refusedText(c, err, func(t token.Token, wrong kit.FieldErrors) component.FormDialogModel {
			return nameDialog(t, form.Get(kit.FieldName), wrong)
		})
	}
	return h.site.Done(c, kit.TokenPage(t.ID), "The token is now named "+t.Name+".")
}

// editDescription shows the dialog that describes a token.
func (h *Handlers) editDescription(c echo.Context) error {
	return h.openText(c, func(t token.Token) component.FormDialogModel { return describeDialog(t, t.Description, nil) })
}

// saveDescription describes a token.
func (h *Handlers) saveDescription(c echo.Context) error {
	v := kit.VisitOf(c)
	form, err := kit.ReadForm(c)
	if err != nil {
		return err
	}
	t, err := h.tokens.Describe(c.Request().Context(), v.By, c.Param("id"), form.Get(fieldDescription))
	if err != nil {
		return h.refusedText(c, err, func(t token.Token, wrong kit.FieldErrors) component.FormDialogModel {
			return describeDialog(t, form.Get(fieldDescription), wrong)
		})
	}
	return h.site.Done(c, kit.TokenPage(t.ID), "The description of "+t.Name+" was saved.")
}

// openText shows a dialog above the page of the token that the path names.
func (h *Handlers) openText(c echo.Context, dialog func(token.Token) component.FormDialogModel) error {
	v := kit.VisitOf(c)
	t, err := h.tokens.Get(c.Request().Context(), v.Standing, c.Param("id"))
	if err != nil {
		return err
	}
	return h.site.Dialog(c, http.StatusOK, component.FormDialog(dialog(t)), h.behindToken(v, t))
}

// refusedText shows a dialog again with its mistakes. It returns other errors, for the error page.
func (h *Handlers) refusedText(c echo.Context, err error, dialog func(token.Token, kit.FieldErrors) component.FormDialogModel) error {
	wrong, err := kit.Invalid(err)
	if err != nil {
		return err
	}
	v := kit.VisitOf(c)
	t, err := h.tokens.Get(c.Request().Context(), v.Standing, c.Param("id"))
	if err != nil {
		return err
	}
	return h.site.Dialog(c, respond.Status(fault.Invalid), component.FormDialog(dialog(t, wrong)), h.behindToken(v, t))
}

// behindToken returns the function that shows the page of t below a dialog.
func (h *Handlers) behindToken(v kit.Visit, t token.Token) kit.Behind {
	return func(c echo.Context, status int, above templ.Component) error {
		return h.showToken(c, v, status, t, above)
	}
}

func nameDialog(t token.Token, name string, wrong kit.FieldErrors) component.FormDialogModel {
	field := nameField(tokenForm{name: name}, wrong, "")
	return textDialog(t, "Rename", "rename", component.FormField{Text: &field}, wrong)
}

func describeDialog(t token.Token, text string, wrong kit.FieldErrors) component.FormDialogModel {
	field := descriptionField(text, wrong)
	field.Rows, field.Autofocus = 4, len(wrong) == 0
	field.Help = "Up to 200 characters, for example what uses it and who to ask. Never the token itself."
	return textDialog(t, "Describe", "describe", component.FormField{Area: &field}, wrong)
}

func textDialog(t token.Token, act, path string, field component.FormField, wrong kit.FieldErrors) component.FormDialogModel {
	return component.FormDialogModel{
		Dialog: component.DialogModel{ID: "edit-token", Title: act + " " + t.Name, CloseHref: kit.TokenPage(t.ID)},
		Action: kit.Path(kit.TokenPath, t.ID, path), Errors: formErrors(wrong), Fields: []component.FormField{field},
		Submit: component.ButtonModel{Label: "Save"},
	}
}

// editContacts shows the dialog that changes the contacts of a service token.
func (h *Handlers) editContacts(c echo.Context) error {
	v := kit.VisitOf(c)
	t, err := h.loadService(c, v)
	if err != nil {
		return err
	}
	about, err := h.warnings.About(c.Request().Context(), t)
	if err != nil {
		return err
	}
	dialog := component.FormDialog(contactDialog(t, strings.Join(about.Contacts, "\n"), nil))
	return h.site.Dialog(c, http.StatusOK, dialog, h.behindToken(v, t))
}

// saveContacts changes the contacts of a service token.
func (h *Handlers) saveContacts(c echo.Context) error {
	form, err := kit.ReadForm(c)
	if err != nil {
		return err
	}
	if !form.Has(warning.FieldContacts) { // an empty field means that there is no contact
		return fault.NewInvalid("The form is incomplete.",
			fault.Field{Path: warning.FieldContacts, Message: "Enter addresses, or leave the field empty."})
	}
	text := form.Get(warning.FieldContacts)
	t, err := h.warnings.SetContacts(c.Request().Context(), kit.VisitOf(c).By, c.Param("id"), plaintext.Emails(text))
	if err != nil {
		return h.refusedText(c, err, func(t token.Token, wrong kit.FieldErrors) component.FormDialogModel {
			return contactDialog(t, text, wrong)
		})
	}
	return h.site.Done(c, kit.TokenPage(t.ID), "The contact of "+t.Name+" was saved.")
}

func contactDialog(t token.Token, text string, wrong kit.FieldErrors) component.FormDialogModel {
	field := component.FieldModel{ID: "token-" + warning.FieldContacts, Name: warning.FieldContacts, Label: "Contact",
		Value: kit.Shown(text), Rows: 3, Error: wrong[warning.FieldContacts], Autocomplete: "off", Autofocus: len(wrong) == 0,
		Help: "Up to five email addresses, such as that of a team, separated by commas or new lines. They are warned before the token " +
			"expires. Without a contact, the Admin who generated it is warned, or else all Admins."}
	m := textDialog(t, "Contact of", "contact", component.FormField{Area: &field}, wrong)
	m.Action = kit.Path(kit.ServiceTokenPath, t.ID, "contact")
	return m
}

// addRules adds the rules that a token breaks.
func addRules(m *page.Token, broken []token.Breach) {
	for _, b := range broken {
		m.Warnings = append(m.Warnings, component.Definition{Term: "Breaks a rule", Text: string(b)})
	}
}

// addWarnings adds who is warned that a token expires, and who was.
func addWarnings(m *page.Token, t token.Token, about warning.About, now time.Time) {
	add := func(term, text string) { m.Warnings = append(m.Warnings, component.Definition{Term: term, Text: text}) }
	if t.Kind != token.Personal {
		text := "None"
		if len(about.Contacts) > 0 {
			text = strings.Join(about.Contacts, ", ")
		}
		add("Contact", text)
	}
	if !about.Suspends.IsZero() && t.State(now) != token.Suspended {
		add("Unused", "It is suspended "+endText(about.Suspends, now)+" unless somebody uses it before.")
	}
	if t.ExpiresAt.IsZero() || token.ExpiredAt(t.ExpiresAt, now) && about.Warned == 0 {
		return
	}
	if !token.ExpiredAt(t.ExpiresAt, now) {
		add("Warnings", warned(about))
	}
	if about.Warned > 0 {
		add("Latest warning", latest(about, now))
	}
}

// warned says who will be warned, and when.
func warned(about warning.About) string {
	when := kit.WarnedWhen(about.Days, "it")
	switch {
	case len(about.Days) == 0 || !about.Mails:
		return when
	case len(about.To) == 0:
		return when + ". Nobody is warned by email"
	}
	names := make([]string, len(about.To))
	for i, r := range about.To {
		names[i] = r.Email
	}
	const most = 5
	if rest := len(names) - most; rest > 0 {
		names = append(names[:most], kit.Count(rest, "other Admin", "other Admins"))
	}
	return when + ", by email to " + kit.Enumerate(names)
}

// latest says what was warned of last, and to whom a mail was sent.
func latest(about warning.About, now time.Time) string {
	text := "At " + kit.Count(about.Warned, "day", "days") + ", on " + kit.Absolute(about.WarnedAt, now)
	var sent, waiting, failed []string
	for _, m := range about.Sent {
		switch {
		case m.Days != about.Warned:
		case !m.Sent.IsZero():
			sent = append(sent, m.Email)
		case m.Next.IsZero():
			failed = append(failed, m.Email)
		default:
			waiting = append(waiting, m.Email)
		}
	}
	if len(sent) > 0 {
		text += ". Sent to " + kit.Enumerate(sent)
	}
	if len(waiting) > 0 {
		text += ". Still to be sent to " + kit.Enumerate(waiting)
	}
	if len(failed) > 0 {
		text += ". Could not be sent to " + kit.Enumerate(failed)
	}
	return text
}

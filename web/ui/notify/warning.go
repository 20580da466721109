package notify

import (
	"net/http"
	"net/url"

	"github.com/labstack/echo/v4"

	"latchkey/internal/fault"
	"latchkey/internal/warning"
	"latchkey/views/component"
	"latchkey/web/respond"
	"latchkey/web/ui/kit"
)

// warningPath is the address of the dialog that chooses when tokens are warned of.
const warningPath = kit.NotificationPath + "/warnings"

// editDays shows the dialog that chooses when tokens are warned of.
func (h *Handlers) editDays(c echo.Context) error {
	days, err := h.warnings.Days(c.Request().Context(), kit.VisitOf(c).Standing)
	if err != nil {
		return err
	}
	return h.form(c, http.StatusOK, daysDialog(url.Values{warning.FieldDays: {kit.Numbers(days)}}, nil), h.show)
}

// saveDays changes when tokens are warned of.
func (h *Handlers) saveDays(c echo.Context) error {
	form, err := kit.ReadForm(c)
	if err != nil {
		return err
	}
	if !form.Has(warning.FieldDays) { // an empty field means that nobody is warned
		return fault.NewInvalid("The form is incomplete.", fault.Field{Path: warning.FieldDays, Message: "Enter days, or leave the field empty."})
	}
	days, err := warning.ParseDays(form.Get(warning.FieldDays))
	if err == nil {
		err = h.warnings.SetDays(c.Request().Context(), kit.VisitOf(c).By, days)
	}
	fields, err := kit.Invalid(err)
	if err != nil {
		return err
	}
	if fields != nil {
		return h.form(c, respond.Status(fault.Invalid), daysDialog(form, fields), h.show)
	}
	return h.site.Done(c, kit.NotificationPath, "The warnings were saved. "+kit.WarnedWhen(days, "a token")+".")
}

func daysDialog(form url.Values, errors kit.FieldErrors) component.FormDialogModel {
	days := kit.TextField(warning.FieldDays, "Days before a token expires",
		"Whole numbers from 1 to 365, separated by commas, at most five. Leave it empty to warn nobody.", form, errors)
	days.Autofocus = len(errors) == 0
	days.Attrs = map[string]any{"inputmode": "numeric"}
	return component.FormDialogModel{
		Dialog: component.DialogModel{ID: "edit-warnings", Title: "Email warnings", CloseHref: kit.NotificationPath,
			Description: "A token that is already closer to its end is warned of at its next threshold only."},
		Action: warningPath, Errors: kit.FormErrors(errors, warning.FieldDays), Fields: []component.FormField{kit.TextItem(days)},
		Submit: component.ButtonModel{Label: "Save"},
	}
}

// warningsCard presents when tokens are warned of, and how.
func warningsCard(days []int, mails bool) (component.CardModel, []component.Definition) {
	card := component.CardModel{ID: "warnings", Title: "Email warnings",
		Description: "Owners of tokens are warned before these expire. " +
			"Service tokens warn their contacts, or else the Admin who generated them, or else all Admins.",
		Action: &component.ButtonModel{Label: "Change", Context: "email warnings", Variant: component.Outline, Href: warningPath, Dialog: true}}
	facts := []component.Definition{{Term: "When", Text: kit.WarnedWhen(days, "a token")}}
	if !mails {
		facts = append(facts, component.Definition{Term: "Email",
			Text: "Not set up. Start the server with --smtp-url to send emails. Home, webhooks and calendars warn without it."})
	}
	return card, facts
}

package rule

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"latchkey/internal/actor"
	"latchkey/internal/fault"
	"latchkey/views/component"
	tokenpage "latchkey/views/page/token"
	"latchkey/web/respond"
	"latchkey/web/ui/kit"
	tokenui "latchkey/web/ui/token"
)

// fieldAddresses is the field of the allowed addresses.
const fieldAddresses = "addresses"

// editAddresses shows the dialog with the allowed addresses of the organization.
func (h *Handlers) editAddresses(c echo.Context) error {
	v := kit.VisitOf(c)
	all, err := h.tokens.AllowedAddresses(c.Request().Context(), v.Standing)
	if err != nil {
		return err
	}
	return h.site.Dialog(c, http.StatusOK, component.FormDialog(addressesDialog(v, tokenui.Lines(all), nil)), h.showRules)
}

// saveAddresses saves the allowed addresses of the organization.
func (h *Handlers) saveAddresses(c echo.Context) error {
	v := kit.VisitOf(c)
	values, err := kit.ReadForm(c)
	if err != nil {
		return err
	}
	wrong, err := kit.Invalid(h.tokens.SetAllowedAddresses(c.Request().Context(), v.By, values.Get(fieldAddresses)))
	if err != nil {
		return err
	}
	if wrong != nil {
		dialog := addressesDialog(v, values.Get(fieldAddresses), wrong)
		return h.site.Dialog(c, respond.Status(fault.Invalid), component.FormDialog(dialog), h.showRules)
	}
	return h.site.Done(c, kit.RulePath, "The allowed addresses were saved. They apply to every request from now on.")
}

// addressesView presents the allowed addresses of the organization.
func addressesView(v kit.Visit, all actor.Ranges) tokenpage.Addresses {
	m := tokenpage.Addresses{Card: component.CardModel{ID: "addresses", Title: "Allowed addresses",
		Action:      tokenui.EditAddressesButton(kit.RulePath + "/addresses"),
		Description: "Limits every access token, in addition to the addresses that a token allows itself."},
		Text: "Tokens work from any address.", Ranges: all.Texts(), Notes: []string{tokenui.AddressHere(v)}}
	if !all.None() {
		m.Text = "Tokens work only from:"
	}
	return m
}

func addressesDialog(v kit.Visit, text string, wrong kit.FieldErrors) component.FormDialogModel {
	field := tokenui.AddressField(v, text, wrong)
	field.Rows, field.Autofocus = 6, len(wrong) == 0
	return component.FormDialogModel{
		Dialog: component.DialogModel{ID: "edit-addresses", Title: "Allowed addresses", CloseHref: kit.RulePath,
			Description: "Every access token is refused from every other address, effective immediately. This does not affect signing in."},
		Action: kit.RulePath + "/addresses", Errors: wrong.Summary([]string{fieldAddresses}, map[string]string{fieldAddresses: field.ID}),
		Fields: []component.FormField{{Area: &field}},
		Submit: component.ButtonModel{Label: "Save"},
	}
}

package token

import (
	"strings"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"latchkey/internal/actor"
	"latchkey/internal/plaintext"
	"latchkey/internal/token"
	"latchkey/views/component"
	page "latchkey/views/page/token"
	"latchkey/web/ui/kit"
	policyui "latchkey/web/ui/policy"
)

// editAddresses shows the dialog with the allowed addresses of a token.
func (h *Handlers) editAddresses(c echo.Context) error {
	v := kit.VisitOf(c)
	return h.openText(c, func(t token.Token) component.FormDialogModel { return addressDialog(v, t, Lines(t.Addresses), nil) })
}

// saveAddresses saves the allowed addresses of a token.
func (h *Handlers) saveAddresses(c echo.Context) error {
	v := kit.VisitOf(c)
	form, err := kit.ReadForm(c)
	if err != nil {
		return err
	}
	t, err := h.tokens.SetAddresses(c.Request().Context(), v.By, c.Param("id"), form.Get(fieldAddresses))
	if err != nil {
		return h.refusedText(c, err, func(t token.Token, wrong kit.FieldErrors) component.FormDialogModel {
			return addressDialog(v, t, form.Get(fieldAddresses), wrong)
		})
	}
	return h.site.Done(c, kit.TokenPage(t.ID), "The allowed addresses of "+t.Name+" were saved.")
}

// addresses returns the section about the allowed addresses of a token.
func (h *Handlers) addresses(c echo.Context, v kit.Visit, t token.Token) (page.Addresses, error) {
	all, err := h.tokens.AllowedAddresses(c.Request().Context(), v.Standing)
	if err != nil {
		return page.Addresses{}, err
	}
	return addressesView(v, t, all), nil
}

// addressesView presents the allowed addresses of a token. all are those of the organization.
func addressesView(v kit.Visit, t token.Token, all actor.Ranges) page.Addresses {
	m := page.Addresses{Card: component.CardModel{ID: "addresses", Title: "Allowed addresses",
		Action: EditAddressesButton(kit.Path(kit.TokenPath, t.ID, "addresses"))},
		Text: "This token works from any address.", Ranges: t.Addresses.Texts(), Notes: []string{AddressHere(v)}}
	if !t.Addresses.None() {
		m.Text = "This token works only from:"
	}
	switch limit := actor.NewLimit(t.Addresses, all); {
	case all.None():
	case len(limit.Texts()) == 0:
		m.Notes = append([]string{"It is refused everywhere: " + v.Organization.Name + " allows none of these addresses, only " +
			listed(all) + "."}, m.Notes...)
	case t.Addresses.None():
		m.Text = "This token has no addresses of its own. It works only from those that " + v.Organization.Name + " allows:"
		m.Ranges = all.Texts()
	default:
		m.Notes = append([]string{v.Organization.Name + " allows only " + listed(all) + ". A request must satisfy both."}, m.Notes...)
	}
	return m
}

// EditAddressesButton returns the button that opens the dialog at an address.
func EditAddressesButton(href string) *component.ButtonModel {
	return &component.ButtonModel{Label: "Edit addresses", Variant: component.Outline, Small: true, Dialog: true, Href: href}
}

func addressDialog(v kit.Visit, t token.Token, text string, wrong kit.FieldErrors) component.FormDialogModel {
	field := AddressField(v, text, wrong)
	field.Rows, field.Autofocus = 6, len(wrong) == 0
	m := textDialog(t, "Edit addresses", "addresses", component.FormField{Area: &field}, wrong)
	m.Dialog.Title = "Allowed addresses of " + t.Name
	m.Dialog.Description = "The token is refused from every other address, effective immediately."
	return m
}

// moreOptions returns the folded part of a form that makes a token. It is open if there is something to see.
// It is also open if the rules require addresses.
func moreOptions(v kit.Visit, f tokenForm, wrong kit.FieldErrors, l limits) page.More {
	m := page.More{Open: f.addresses != "" || wrong[fieldAddresses] != "", Addresses: AddressField(v, f.addresses, wrong)}
	if l.needAddresses() {
		m.Open, m.Addresses.Required = true, true
		m.Addresses.Help = "Token rules require at least one range, such as 192.0.2.0/24 or 2001:db8::/32, one a line. " + AddressHere(v)
	}
	return m
}

// maxShown is how many characters of typed ranges a page repeats: more than as many ranges as there may be have.
const maxShown = 4000

// AddressField returns the field for allowed addresses.
func AddressField(v kit.Visit, text string, wrong kit.FieldErrors) component.FieldModel {
	return component.FieldModel{ID: "token-addresses", Name: fieldAddresses, Label: "Allowed addresses",
		Value: plaintext.Clip(plaintext.Mend(text), maxShown), Rows: 3, Error: wrong[fieldAddresses],
		Autocomplete: "off", Attrs: templ.Attributes{"spellcheck": "false"},
		Help: "One range a line, such as 192.0.2.0/24 or 2001:db8::/32. Leave this empty to allow any address. " + AddressHere(v)}
}

// AddressHere says which address the server sees of the visitor.
func AddressHere(v kit.Visit) string {
	if v.By.Origin.IP == "" {
		return "The server does not see your address."
	}
	return "Your address here is " + v.By.Origin.IP + "."
}

// Lines returns ranges as the field has them.
func Lines(r actor.Ranges) string { return strings.Join(r.Texts(), "\n") }

// mostListed is the number of ranges that a sentence names.
const mostListed = 5

// listed returns ranges as a part of a sentence.
func listed(r actor.Ranges) string {
	texts := r.Texts()
	if more := len(texts) - mostListed; more > 0 {
		texts = append(texts[:mostListed:mostListed], kit.Count(more, "other range", "other ranges"))
	}
	return kit.Enumerate(texts)
}

// allowedWords returns the value of the fact "Allowed addresses".
func allowedWords(r actor.Ranges) string {
	if r.None() {
		return "Any"
	}
	return listed(r)
}

// ranges returns the allowed addresses of the form; none if they cannot be read.
func (f tokenForm) ranges() actor.Ranges {
	r, _ := actor.ParseRanges(f.addresses)
	return r
}

// summary describes the new token in plain words.
func (w wizard) summary(e policyui.Editor) component.PolicySummaryModel {
	m := e.Summary(w.policy)
	if r := w.ranges(); !r.None() {
		m.Lines = append(m.Lines, "Only from "+listed(r)+".")
	}
	return m
}

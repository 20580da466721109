package token

import (
	"net/http"
	"strings"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"latchkey/internal/actor"
	"latchkey/internal/fault"
	"latchkey/internal/plaintext"
	"latchkey/internal/token"
	"latchkey/views/component"
	page "latchkey/views/page/token"
	"latchkey/web/respond"
	"latchkey/web/ui/kit"
	policyui "latchkey/web/ui/policy"
)

// rules shows the tab "Token rules".
func (h *Handlers) rules(c echo.Context) error { return h.showRules(c, http.StatusOK, nil) }

// showRules shows the tab, with a dialog above it if there is one.
func (h *Handlers) showRules(c echo.Context, status int, above templ.Component) error {
	v := kit.VisitOf(c)
	all, err := h.tokens.AllowedAddresses(c.Request().Context(), v.Standing)
	if err != nil {
		return err
	}
	m := page.Rules{Frame: h.site.Frame(c, v, kit.RuleTitle), Addresses: allAddressesView(v, all)}
	m.Frame.Shell.Above = above
	return h.site.HTML(c, status, page.RulesPage(m))
}

// editAllAddresses shows the dialog with the allowed addresses of the organization.
func (h *Handlers) editAllAddresses(c echo.Context) error {
	v := kit.VisitOf(c)
	all, err := h.tokens.AllowedAddresses(c.Request().Context(), v.Standing)
	if err != nil {
		return err
	}
	return h.site.Dialog(c, http.StatusOK, component.FormDialog(allAddressesDialog(v, lines(all), nil)), h.showRules)
}

// saveAllAddresses saves the allowed addresses of the organization.
func (h *Handlers) saveAllAddresses(c echo.Context) error {
	v := kit.VisitOf(c)
	form, err := kit.ReadForm(c)
	if err != nil {
		return err
	}
	wrong, err := kit.Invalid(h.tokens.SetAllowedAddresses(c.Request().Context(), v.By, form.Get(fieldAddresses)))
	if err != nil {
		return err
	}
	if wrong != nil {
		dialog := allAddressesDialog(v, form.Get(fieldAddresses), wrong)
		return h.site.Dialog(c, respond.Status(fault.Invalid), component.FormDialog(dialog), h.showRules)
	}
	return h.site.Done(c, kit.RulePath, "The allowed addresses were saved. They apply to every request from now on.")
}

// editAddresses shows the dialog with the allowed addresses of a token.
func (h *Handlers) editAddresses(c echo.Context) error {
	v := kit.VisitOf(c)
	return h.openText(c, func(t token.Token) component.FormDialogModel { return addressDialog(v, t, lines(t.Addresses), nil) })
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
		Action: editAddressesButton(kit.Path(kit.TokenPath, t.ID, "addresses"))},
		Text: "This token works from any address.", Ranges: t.Addresses.Texts(), Notes: []string{addressHere(v)}}
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

// allAddressesView presents the allowed addresses of the organization.
func allAddressesView(v kit.Visit, all actor.Ranges) page.Addresses {
	m := page.Addresses{Card: component.CardModel{ID: "addresses", Title: "Allowed addresses",
		Action:      editAddressesButton(kit.RulePath + "/addresses"),
		Description: "Limits every access token, in addition to the addresses that a token allows itself."},
		Text: "Tokens work from any address.", Ranges: all.Texts(), Notes: []string{addressHere(v)}}
	if !all.None() {
		m.Text = "Tokens work only from:"
	}
	return m
}

func editAddressesButton(href string) *component.ButtonModel {
	return &component.ButtonModel{Label: "Edit addresses", Variant: component.Outline, Small: true, Dialog: true, Href: href}
}

func addressDialog(v kit.Visit, t token.Token, text string, wrong kit.FieldErrors) component.FormDialogModel {
	field := addressField(v, text, wrong)
	field.Rows, field.Autofocus = 6, len(wrong) == 0
	m := textDialog(t, "Edit addresses", "addresses", component.FormField{Area: &field}, wrong)
	m.Dialog.Title = "Allowed addresses of " + t.Name
	m.Dialog.Description = "The token is refused from every other address, effective immediately."
	return m
}

func allAddressesDialog(v kit.Visit, text string, wrong kit.FieldErrors) component.FormDialogModel {
	field := addressField(v, text, wrong)
	field.Rows, field.Autofocus = 6, len(wrong) == 0
	return component.FormDialogModel{
		Dialog: component.DialogModel{ID: "edit-addresses", Title: "Allowed addresses", CloseHref: kit.RulePath,
			Description: "Every access token is refused from every other address, effective immediately. This does not affect signing in."},
		Action: kit.RulePath + "/addresses", Errors: formErrors(wrong), Fields: []component.FormField{{Area: &field}},
		Submit: component.ButtonModel{Label: "Save"},
	}
}

// moreOptions returns the folded part of a form that makes a token. It is open if there is something to see.
func moreOptions(v kit.Visit, f tokenForm, wrong kit.FieldErrors) page.More {
	return page.More{Open: f.addresses != "" || wrong[fieldAddresses] != "", Addresses: addressField(v, f.addresses, wrong)}
}

// maxShown is how many characters of typed ranges a page repeats: more than as many ranges as there may be have.
const maxShown = 4000

func addressField(v kit.Visit, text string, wrong kit.FieldErrors) component.FieldModel {
	return component.FieldModel{ID: "token-addresses", Name: fieldAddresses, Label: "Allowed addresses",
		Value: plaintext.Clip(plaintext.Mend(text), maxShown), Rows: 3, Error: wrong[fieldAddresses],
		Autocomplete: "off", Attrs: templ.Attributes{"spellcheck": "false"},
		Help: "One range a line, such as 192.0.2.0/24 or 2001:db8::/32. Leave this empty to allow any address. " + addressHere(v)}
}

// addressHere says which address the server sees of the visitor.
func addressHere(v kit.Visit) string {
	if v.By.Origin.IP == "" {
		return "The server does not see your address."
	}
	return "Your address here is " + v.By.Origin.IP + "."
}

// lines returns ranges as the field has them.
func lines(r actor.Ranges) string { return strings.Join(r.Texts(), "\n") }

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

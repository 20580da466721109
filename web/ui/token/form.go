package token

import (
	"cmp"
	"crypto/rand"
	"net/url"
	"time"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"latchkey/internal/token"
	"latchkey/internal/warning"
	"latchkey/views/component"
	"latchkey/web/ui/kit"
)

// The fields of the forms that make tokens.
const (
	fieldDescription = "description"
	fieldScope       = "scope"
	fieldExpiration  = "expiration"
	fieldDate        = "date"
	fieldAddresses   = "addresses"
)

// pathExpiresAt is the path of the service's problems with the end of a new token. The form has two
// fields for it.
const pathExpiresAt = "expiresAt"

// tokenForm is what was typed into a form that makes a token. It is not checked.
type tokenForm struct {
	name, description, workspace, scope, expiration, date, addresses string
	submission                                                       string // one-time key, so that a form makes only one token
}

// newForm returns the form as it opens.
func newForm(life token.Lifetime) tokenForm {
	return tokenForm{expiration: inDays(life.DefaultDays()), submission: rand.Text()}
}

// limits is what the rules of the organization let a form offer that makes a token of a kind.
type limits struct {
	token.Applied
	kind token.Kind
}

// limits returns the rules for tokens of a kind, as they apply to the visitor.
func (h *Handlers) limits(c echo.Context, v kit.Visit, kind token.Kind) (limits, error) {
	applied, err := h.rules.For(c.Request().Context(), v.Standing.Organization, v.Standing.Self())
	return limits{applied, kind}, err
}

// life returns the rules about the expiration.
func (l limits) life() token.Lifetime { return l.Of(l.kind) }

// needAddresses reports whether a token must have allowed addresses.
func (l limits) needAddresses() bool { return l.NeedAddresses && l.kind != token.Personal }

// refusesEnd returns why the form's end is not allowed; "" if it is, or if it cannot be read.
func (l limits) refusesEnd(f tokenForm, now time.Time) string {
	end, wrong := parseExpiration(f.expiration, f.date, now)
	if wrong != nil {
		return ""
	}
	return l.life().Refuses(l.kind, end, now)
}

func parseForm(form url.Values) tokenForm {
	return tokenForm{
		name: form.Get(kit.FieldName), description: form.Get(fieldDescription),
		workspace: form.Get(kit.FieldWorkspace), scope: form.Get(fieldScope),
		expiration: form.Get(fieldExpiration), date: form.Get(fieldDate), addresses: form.Get(fieldAddresses),
		submission: form.Get(kit.FieldSubmission),
	}
}

// again returns the form for another attempt after a refusal: the same input with a new key.
func (f tokenForm) again() tokenForm {
	f.submission = rand.Text()
	return f
}

// fieldOrder returns the fields of all forms about tokens in their order, for summaries of errors.
func fieldOrder() []string {
	return []string{kit.FieldName, fieldDescription, kit.FieldWorkspace, fieldScope, fieldOverlap, fieldHours, fieldExpiration, fieldDate,
		fieldAddresses, fieldReason, warning.FieldContacts}
}

// fieldIDs maps the paths of problems to the ids of the inputs in the page.
func fieldIDs() map[string]string {
	ids := map[string]string{}
	for _, path := range fieldOrder() {
		ids[path] = "token-" + path
	}
	return ids
}

func formErrors(errors kit.FieldErrors) component.ErrorSummaryModel {
	return errors.Summary(fieldOrder(), fieldIDs())
}

// expiresAt returns the end that the form asks for at now. If the fields cannot be read, it returns
// an end in the past: the service refuses that together with every other mistake, and invalid
// replaces the text of that problem by the form's own.
func (f tokenForm) expiresAt(now time.Time) time.Time {
	end, wrong := parseExpiration(f.expiration, f.date, now)
	if wrong != nil {
		return time.Unix(0, 0)
	}
	return end
}

// invalid is like [kit.Invalid], but puts a problem with the end of the token at the field of the
// form that caused it.
func (f tokenForm) invalid(err error, now time.Time) (kit.FieldErrors, error) {
	fields, err := kit.Invalid(err)
	text, wrong := fields[pathExpiresAt]
	if !wrong {
		return fields, err
	}
	delete(fields, pathExpiresAt)
	_, own := parseExpiration(f.expiration, f.date, now)
	if own != nil {
		fields[own[0].Path] = own[0].Message
	} else {
		fields[f.endField()] = text
	}
	return fields, nil
}

// endField returns the field that chooses the end.
func (f tokenForm) endField() string {
	if f.expiration == onDate {
		return fieldDate
	}
	return fieldExpiration
}

func submissionField(f tokenForm) component.HiddenField {
	return component.HiddenField{Name: kit.FieldSubmission, Value: f.submission}
}

func nameField(f tokenForm, errors kit.FieldErrors, help string) component.FieldModel {
	return component.FieldModel{ID: "token-name", Name: kit.FieldName, Label: "Token name", Value: kit.Shown(f.name), Help: help,
		Error: errors[kit.FieldName], Autocomplete: "off", Required: true, Autofocus: len(errors) == 0}
}

func descriptionField(text string, errors kit.FieldErrors) component.FieldModel {
	return component.FieldModel{ID: "token-description", Name: fieldDescription, Label: "Description", Value: kit.Shown(text),
		Rows: 2, Error: errors[fieldDescription], Autocomplete: "off", Help: "Up to 200 characters. You may leave it empty."}
}

// expiryField returns the choices of an expiration that rules allow, with their exact ends as of now.
func expiryField(f tokenForm, errors kit.FieldErrors, life token.Lifetime, now time.Time) component.ExpiryModel {
	first, last := dateBounds(life, now)
	m := component.ExpiryModel{
		Select: component.SelectModel{ID: "token-expiration", Name: fieldExpiration, Label: "Expiration", Error: errors[fieldExpiration]},
		Date: component.FieldModel{ID: "token-date", Name: fieldDate, Label: "Date", Value: kit.Shown(f.date), Error: errors[fieldDate],
			Min: first, Max: last, Help: "The token works until the end of this day (" + kit.Zone(now) + ").",
			Attrs: templ.Attributes{"data-zone": kit.Zone(now)}},
	}
	for _, c := range choices(life, now) {
		selected := c.value == cmp.Or(f.expiration, defaultExpiration)
		o := component.SelectOption{Value: c.value, Label: c.label, Selected: selected, Until: endWords(c, now)}
		if o.Selected {
			m.Preview = o.Until
		}
		m.Select.Options = append(m.Select.Options, o)
	}
	if f.expiration == onDate {
		if end, problems := parseExpiration(f.expiration, f.date, now); problems == nil {
			m.Preview = expires(end, now)
		}
	}
	return m
}

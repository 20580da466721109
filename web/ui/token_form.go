package ui

import (
	"cmp"
	"crypto/rand"
	"net/url"
	"strings"
	"time"

	"latchkey/internal/token"
	"latchkey/views/component"
)

// The fields of the forms that make tokens, which are also the paths of problems in them.
const (
	fieldName       = "name"
	fieldWorkspace  = "workspace"
	fieldScope      = "scope"
	fieldExpiration = "expiration"
	fieldDate       = "date"
	fieldSubmission = "submission"
)

// tokenForm is what was typed into a form that makes a token. Nothing is checked in it.
type tokenForm struct {
	name, workspace, scope, expiration, date string
	submission                               string // one-time key: a form makes one token
}

// newTokenForm is the form as it opens.
func newTokenForm() tokenForm {
	return tokenForm{expiration: token.DefaultExpiration, submission: rand.Text()}
}

func parseTokenForm(form url.Values) tokenForm {
	return tokenForm{
		name: form.Get(fieldName), workspace: form.Get(fieldWorkspace), scope: form.Get(fieldScope),
		expiration: form.Get(fieldExpiration), date: form.Get(fieldDate), submission: form.Get(fieldSubmission),
	}
}

// again is the form for another attempt after a refusal: what was typed, with a key of its own.
func (f tokenForm) again() tokenForm {
	f.submission = rand.Text()
	return f
}

// tokenFieldOrder is the order of the fields in the form, for summaries of errors.
func tokenFieldOrder() []string {
	return []string{fieldName, fieldWorkspace, fieldScope, fieldExpiration, fieldDate}
}

// tokenFieldIDs maps paths of problems to the inputs in the page.
func tokenFieldIDs() map[string]string {
	ids := map[string]string{}
	for _, path := range tokenFieldOrder() {
		ids[path] = "token-" + path
	}
	return ids
}

func tokenErrors(errors fieldErrors) component.ErrorSummaryModel {
	return errors.summary(tokenFieldOrder(), tokenFieldIDs())
}

func submissionField(f tokenForm) component.HiddenField {
	return component.HiddenField{Name: fieldSubmission, Value: f.submission}
}

func nameField(f tokenForm, errors fieldErrors, help string) component.FieldModel {
	return component.FieldModel{ID: "token-name", Name: fieldName, Label: "Token name", Value: shown(f.name), Help: help,
		Error: errors[fieldName], Autocomplete: "off", Required: true, Autofocus: len(errors) == 0}
}

// shown is a typed text as far as a page repeats it: enough to mend it.
func shown(s string) string { return clipped(strings.ToValidUTF8(s, "\uFFFD"), 500) }

// expiryField offers the life times with their exact ends, as of now.
func expiryField(f tokenForm, errors fieldErrors, now time.Time) component.ExpiryModel {
	first, last := token.DateBounds(now)
	m := component.ExpiryModel{
		Select: component.SelectModel{ID: "token-expiration", Name: fieldExpiration, Label: "Expiration", Error: errors[fieldExpiration]},
		Date: component.FieldModel{ID: "token-date", Name: fieldDate, Label: "Date", Value: shown(f.date), Error: errors[fieldDate],
			Min: first, Max: last, Help: "The token is good through the end of this day, UTC."},
	}
	for _, c := range token.Choices(now) {
		o := component.SelectOption{Value: c.Value, Label: c.Label, Selected: c.Value == cmp.Or(f.expiration, token.DefaultExpiration), Until: endWords(c)}
		if o.Selected {
			m.Preview = o.Until
		}
		m.Select.Options = append(m.Select.Options, o)
	}
	if f.expiration == token.OnDate {
		if end, problems := token.ParseExpiration(f.expiration, f.date, now); problems == nil {
			m.Preview = goodUntil(end)
		}
	}
	return m
}

// endWords says when a token of this choice would end.
func endWords(c token.Choice) string {
	if c.Value == token.OnDate {
		return ""
	}
	return goodUntil(c.EndsAt)
}

func goodUntil(end time.Time) string {
	if end.IsZero() {
		return "Good until somebody deletes it."
	}
	return "Good " + token.EndText(end) + "."
}

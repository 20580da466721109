package token

import (
	"time"

	"latchkey/internal/token"
	"latchkey/views/component"
	"latchkey/web/ui/kit"
)

// state returns a token's state in words and colour.
func state(t token.Token, now time.Time) component.StateModel {
	s := t.State(now)
	m := component.StateModel{Text: s.Label()}
	switch s {
	case token.Active:
		m.Tone = component.Good
	case token.ExpiresSoon:
		m.Tone, m.Title = component.Warn, "Expires "+kit.Absolute(t.ExpiresAt)
	case token.Expired:
		m.Tone, m.Title = component.Bad, "Expired "+kit.Absolute(t.ExpiresAt)
	case token.Suspended:
		m.Tone, m.Title = component.Neutral, "Its owner is deactivated."
	case token.Deleted:
		m.Tone = component.Neutral
	}
	return m
}

// dueTone returns the colour of the text that says when a token ends.
func dueTone(t token.Token, now time.Time) string {
	switch t.State(now) {
	case token.ExpiresSoon:
		return component.Warn
	case token.Expired:
		return component.Bad
	case token.Active, token.Suspended, token.Deleted:
	}
	return component.Neutral
}

// expiry returns when a token ends or has ended.
func expiry(end, now time.Time) component.TimeModel {
	m := kit.Moment(end, now, "No expiration")
	if !end.IsZero() && !now.Before(end) {
		m.Text = "Expired " + m.Text
	}
	return m
}

// expires returns a sentence that says when a token ends.
func expires(end time.Time) string {
	if end.IsZero() {
		return "Never expires."
	}
	return "Expires " + endText(end) + "."
}

// endWords returns a sentence that says when a token with this choice would end; "" if a date decides.
func endWords(c choice) string {
	if c.value == onDate {
		return ""
	}
	return expires(c.endsAt)
}

// makerOf returns the name of the person or system that made a token.
func makerOf(t token.Token) string {
	if t.CreatedByName == "" {
		return "an unknown user"
	}
	return t.CreatedByName
}

package token

import (
	"time"

	"latchkey/internal/token"
	"latchkey/views/component"
	"latchkey/web/ui/kit"
)

// state shows a token's state in words and colour.
func state(t token.Token, now time.Time) component.StateModel {
	s := t.State(now)
	m := component.StateModel{Text: s.Label()}
	switch s {
	case token.Active:
		m.Tone = component.Good
	case token.ExpiresSoon:
		m.Tone, m.Title = component.Warn, "Ends "+kit.Absolute(t.ExpiresAt)
	case token.Expired:
		m.Tone, m.Title = component.Bad, "Ended "+kit.Absolute(t.ExpiresAt)
	case token.Suspended:
		m.Tone, m.Title = component.Neutral, "Its owner is deactivated."
	case token.Deleted:
		m.Tone = component.Neutral
	}
	return m
}

// dueTone colours the text that says when a token ends.
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

// expiry shows when a token ends or has ended.
func expiry(end, now time.Time) component.TimeModel {
	m := kit.Moment(end, now, "No expiration")
	if !end.IsZero() && !now.Before(end) {
		m.Text = "Expired " + m.Text
	}
	return m
}

// expires says in a sentence when a token ends.
func expires(end time.Time) string {
	if end.IsZero() {
		return "Never expires."
	}
	return "Expires " + endText(end) + "."
}

// endWords says when a token of this choice would end.
func endWords(c choice) string {
	if c.value == onDate {
		return ""
	}
	return expires(c.endsAt)
}

func makerOf(t token.Token) string {
	if t.CreatedByName == "" {
		return "somebody unknown"
	}
	return t.CreatedByName
}

package ui

import (
	"fmt"
	"math"
	"time"

	"latchkey/internal/token"
	"latchkey/views/component"
)

const day = 24 * time.Hour

// moment shows t relative to now, with the exact time on hover. The zero time reads as
// never says: "Never".
func moment(t, now time.Time, never string) component.TimeModel {
	if t.IsZero() {
		return component.TimeModel{Text: never}
	}
	return component.TimeModel{Machine: t.UTC().Format(time.RFC3339), Text: relative(t, now), Absolute: absolute(t)}
}

// timeView shows a moment that is known to have been or to come; see [moment].
func timeView(t, now time.Time) component.TimeModel { return moment(t, now, "Never") }

// absolute is a moment in full, in UTC.
func absolute(t time.Time) string { return t.UTC().Format("2 Jan 2006, 15:04 UTC") }

// relative says how far t is from now: "3 days ago", "in 5 days".
func relative(t, now time.Time) string {
	distance := t.Sub(now)
	if distance > -time.Minute && distance < time.Minute {
		if distance > 0 {
			return "in less than a minute"
		}
		return "just now"
	}
	if distance > 0 {
		return "in " + span(distance)
	}
	return span(-distance) + " ago"
}

// span is a length of time in the unit that reads best, rounded to the nearest.
func span(d time.Duration) string {
	const month, year = 30.44, 365.25
	days := d.Hours() / 24
	switch {
	case d < 59*time.Minute+30*time.Second:
		return count(rounded(d.Minutes()), "minute", "minutes")
	case d < 36*time.Hour:
		return count(rounded(d.Hours()), "hour", "hours")
	case days < 60.5:
		return count(rounded(days), "day", "days")
	case days < 2*year:
		if n := rounded(days / month); n != 12 {
			return count(n, "month", "months")
		}
		return "1 year"
	}
	return count(rounded(days/year), "year", "years")
}

func rounded(f float64) int { return int(math.Round(f)) }

// count is a number with its noun.
func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return thousands(n) + " " + many
}

// thousands writes a number with commas: 5,000.
func thousands(n int) string {
	if n < 0 {
		return "-" + thousands(-n)
	}
	if n < 1000 {
		return fmt.Sprint(n)
	}
	return fmt.Sprintf("%s,%03d", thousands(n/1000), n%1000)
}

// expiry shows when a token ends or has ended.
func expiry(end, now time.Time) component.TimeModel {
	m := moment(end, now, "No expiration")
	if !end.IsZero() && !now.Before(end) {
		m.Text = "Expired " + m.Text
	}
	return m
}

// tokenState shows a token's state in words and colour.
func tokenState(t token.Token, now time.Time) component.StateModel {
	s := t.State(now)
	m := component.StateModel{Text: s.Label()}
	switch s {
	case token.Active:
		m.Tone = component.Good
	case token.ExpiresSoon:
		m.Tone, m.Title = component.Warn, "Ends "+absolute(t.ExpiresAt)
	case token.Expired:
		m.Tone, m.Title = component.Bad, "Ended "+absolute(t.ExpiresAt)
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

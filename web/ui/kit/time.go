package kit

import (
	"math"
	"time"

	"latchkey/views/component"
)

// Day is the length of a day in UTC.
const Day = 24 * time.Hour

// Moment returns t relative to now, with the exact time on hover. The text of the zero time is
// never.
func Moment(t, now time.Time, never string) component.TimeModel {
	if t.IsZero() {
		return component.TimeModel{Text: never}
	}
	return component.TimeModel{Machine: t.UTC().Format(time.RFC3339), Text: Relative(t, now), Absolute: Absolute(t)}
}

// When is [Moment] with "Never" for the zero time.
func When(t, now time.Time) component.TimeModel { return Moment(t, now, "Never") }

// Absolute returns the date and time of t, in UTC.
func Absolute(t time.Time) string { return t.UTC().Format("2 Jan 2006, 15:04 UTC") }

// AbsoluteSeconds is [Absolute] with seconds.
func AbsoluteSeconds(t time.Time) string { return t.UTC().Format("2 Jan 2006, 15:04:05 UTC") }

// Date returns the day of t in UTC, which near midnight is another one where the reader is.
func Date(t time.Time) string { return t.UTC().Format("2 Jan 2006 UTC") }

// Dates returns the days from first to last in UTC, or the day if they are the same.
func Dates(first, last time.Time) string {
	if from, to := first.UTC().Format("2 Jan 2006"), Date(last); from+" UTC" != to {
		return from + " to " + to
	}
	return Date(last)
}

// ShortDate is [Date] without the year.
func ShortDate(t time.Time) string { return t.UTC().Format("2 Jan UTC") }

// EndOf returns the end of something in words: "at the end of 31 December 2031 (UTC)" for a whole
// day, otherwise with the time.
func EndOf(t time.Time) string {
	t = t.UTC()
	if t.Equal(t.Truncate(Day)) {
		return "at the end of " + t.AddDate(0, 0, -1).Format("2 January 2006") + " (UTC)"
	}
	return t.Format("2 January 2006, 15:04") + " UTC"
}

// Relative returns how far t is from now: "3 days ago", "in 5 days".
func Relative(t, now time.Time) string {
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

// span returns a length of time, rounded to the unit that reads best.
func span(d time.Duration) string {
	const month, year = 30.44, 365.25
	days := d.Hours() / 24
	switch {
	case d < 59*time.Minute+30*time.Second:
		return Count(rounded(d.Minutes()), "minute", "minutes")
	case d < 36*time.Hour:
		return Count(rounded(d.Hours()), "hour", "hours")
	case days < 60.5:
		return Count(rounded(days), "day", "days")
	case days < 2*year:
		if n := rounded(days / month); n != 12 {
			return Count(n, "month", "months")
		}
		return "1 year"
	}
	return Count(rounded(days/year), "year", "years")
}

func rounded(f float64) int { return int(math.Round(f)) }

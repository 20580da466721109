package kit

import (
	"math"
	"time"

	"latchkey/internal/zone"
	"latchkey/views/component"
)

// Day is the length of a day in UTC.
const Day = 24 * time.Hour

// The words of time are in the zone of the reader, which is the zone of now: see [Visit]. Functions
// without now take days, each in its own zone.

// Moment returns t relative to now, with the exact time on hover. The text of the zero time is
// never.
func Moment(t, now time.Time, never string) component.TimeModel {
	if t.IsZero() {
		return component.TimeModel{Text: never}
	}
	return component.TimeModel{Machine: t.UTC().Format(time.RFC3339), Text: Relative(t, now), Absolute: Absolute(t, now)}
}

// When is [Moment] with "Never" for the zero time.
func When(t, now time.Time) component.TimeModel { return Moment(t, now, "Never") }

// Absolute returns the date and time of t.
func Absolute(t, now time.Time) string { return named(t.In(now.Location()), "2 Jan 2006, 15:04") }

// AbsoluteSeconds is [Absolute] with seconds.
func AbsoluteSeconds(t, now time.Time) string {
	return named(t.In(now.Location()), "2 Jan 2006, 15:04:05")
}

// Exact is [Absolute], also in UTC: "26 Nov 2026, 17:45 UTC+05:45 (26 Nov 2026, 12:00 UTC)".
func Exact(t, now time.Time) string { return inUTC(Absolute(t, now), Absolute(t, now.UTC())) }

// inUTC adds the text in UTC to a text, unless it is the same.
func inUTC(text, utc string) string {
	if text == utc {
		return text
	}
	return text + " (" + utc + ")"
}

// named formats t and names its zone.
func named(t time.Time, layout string) string { return t.Format(layout) + " " + offset(t) }

// offset returns how far the zone of t is from UTC at t: "UTC", "UTC+05:45". Abbreviations such as IST
// stand for several zones.
func offset(t time.Time) string {
	if _, seconds := t.Zone(); seconds == 0 {
		return "UTC"
	}
	return "UTC" + t.Format("-07:00")
}

// Zone returns the name of the reader's zone: "UTC", "Asia/Kathmandu".
func Zone(now time.Time) string { return now.Location().String() }

// Date returns the day of t.
func Date(t time.Time) string { return named(t, "2 Jan 2006") }

// OnDay returns the day of t in its own time zone.
func OnDay(t time.Time) component.TimeModel {
	return component.TimeModel{Machine: t.Format(time.DateOnly), Text: Date(t)}
}

// Dates returns the days from first to last, or the day if they are the same.
func Dates(first, last time.Time) string {
	const layout = "2 Jan 2006"
	switch {
	case first.Format(layout) == last.Format(layout):
		return Date(last)
	case offset(first) == offset(last):
		return first.Format(layout) + " to " + Date(last)
	}
	return Date(first) + " to " + Date(last)
}

// ShortDate is [Date] without the year.
func ShortDate(t time.Time) string { return named(t, "2 Jan") }

// EndOf returns the end of something in words, also in UTC: "at the end of 31 December 2031 in
// Asia/Kathmandu (31 December 2031, 18:15 UTC)" for a whole day, otherwise with the time.
func EndOf(t, now time.Time) string {
	const day, minute = "2 January 2006", "2 January 2006, 15:04"
	local, utc := t.In(now.Location()), t.UTC()
	switch {
	case !local.Equal(zone.DayOf(local)):
		return inUTC(named(local, minute), named(utc, minute))
	case local.Location() == time.UTC:
		return "at the end of " + utc.Add(-1).Format(day) + " (UTC)"
	}
	return "at the end of " + local.Add(-1).Format(day) + " in " + Zone(now) + " (" + named(utc, minute) + ")"
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

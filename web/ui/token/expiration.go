package token

import (
	"time"

	"latchkey/internal/fault"
	"latchkey/internal/token"
)

// The choices of the field "Expiration".
const (
	in7Days  = "7d"
	in30Days = "30d"
	in60Days = "60d"
	in90Days = "90d"
	in1Year  = "1y"
	onDate   = "date" // with a date beside it
	never    = "none"

	// defaultExpiration is preselected, and taken when no choice was sent.
	defaultExpiration = in30Days
)

// choice is one option of the field "Expiration".
type choice struct {
	value  string
	label  string
	endsAt time.Time // the exact end if it is chosen now; zero for onDate and never
}

// choices lists the options in the order of the form, with the ends they have now.
func choices(now time.Time) []choice {
	list := []choice{
		{value: in7Days, label: "7 days"},
		{value: in30Days, label: "30 days"},
		{value: in60Days, label: "60 days"},
		{value: in90Days, label: "90 days"},
		{value: in1Year, label: "1 year"},
		{value: onDate, label: "Until a date"},
		{value: never, label: "No expiration"},
	}
	for i, c := range list {
		list[i].endsAt, _ = fixedEnd(c.value, now)
	}
	return list
}

// fixedEnd is the end of a choice that needs no date; ok is false for any other.
func fixedEnd(value string, now time.Time) (end time.Time, ok bool) {
	const day = 24 * time.Hour
	now = now.UTC().Truncate(time.Millisecond)
	switch value {
	case in7Days:
		return now.Add(7 * day), true
	case in30Days, "":
		return now.Add(30 * day), true
	case in60Days:
		return now.Add(60 * day), true
	case in90Days:
		return now.Add(90 * day), true
	case in1Year:
		return now.AddDate(1, 0, 0), true
	case never:
		return time.Time{}, true
	}
	return time.Time{}, false
}

// dateBounds returns the first and the last date that [parseExpiration] accepts at now, for
// the limits of a date field.
func dateBounds(now time.Time) (first, last string) {
	return now.UTC().Format(time.DateOnly), lastDay(now).Format(time.DateOnly)
}

// lastDay is the midnight at which the last day begins through the end of which a token may last.
func lastDay(now time.Time) time.Time { return token.LatestEnd(now).AddDate(0, 0, -1) }

// parseExpiration returns the end that a choice means at now; zero is no end. A date
// (YYYY-MM-DD) lasts through the end of that day in UTC, so the end is the midnight
// after it; dates that are over or more than ten years away are refused. The date is
// ignored unless the choice is onDate. No choice means [defaultExpiration]. Problems have
// the path "expiration" or "date"; nil is none.
func parseExpiration(value, date string, now time.Time) (time.Time, []fault.Field) {
	if end, ok := fixedEnd(value, now); ok {
		return end, nil
	}
	wrong := func(path, message string) (time.Time, []fault.Field) {
		return time.Time{}, []fault.Field{{Path: path, Message: message}}
	}
	if value != onDate {
		return wrong(fieldExpiration, "Choose one of the expirations.")
	}
	day, err := time.Parse(time.DateOnly, date)
	if err != nil {
		return wrong(fieldDate, "Enter a date as year-month-day, for example 2031-12-31.")
	}
	end := day.AddDate(0, 0, 1)
	switch {
	case token.ExpiredAt(end, now):
		return wrong(fieldDate, "Choose a date that is not over.")
	case day.After(lastDay(now)):
		return wrong(fieldDate, "Choose a date within the next ten years.")
	}
	return end, nil
}

// endText says in words when a token ends: "at the end of 31 December 2031
// (UTC)" for a whole day, otherwise with the time, and "no expiration" for the zero time.
func endText(end time.Time) string {
	if end.IsZero() {
		return "no expiration"
	}
	end = end.UTC()
	if end.Equal(end.Truncate(24 * time.Hour)) {
		return "at the end of " + end.AddDate(0, 0, -1).Format("2 January 2006") + " (UTC)"
	}
	return end.Format("2 January 2006, 15:04") + " UTC"
}

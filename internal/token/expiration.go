package token

import (
	"time"

	"latchkey/internal/fault"
)

// The choices of the field "Expiration", as forms and the API write them.
const (
	In7Days  = "7d"
	In30Days = "30d"
	In60Days = "60d"
	In90Days = "90d"
	In1Year  = "1y"
	OnDate   = "date" // with a date beside it
	Never    = "none"

	// DefaultExpiration is preselected, and taken when no choice was sent.
	DefaultExpiration = In30Days
)

// The fields that an expiration may be wrong in.
const (
	fieldExpiration = "expiration"
	fieldDate       = "date"
)

// maxYears is how far away a chosen date may be.
const maxYears = 10

// Choice is one option of the field "Expiration".
type Choice struct {
	Value  string
	Label  string
	EndsAt time.Time // the exact end if it is chosen now; zero for OnDate and Never
}

// Choices lists the options in the order of the form, with the ends they have now.
func Choices(now time.Time) []Choice {
	list := []Choice{
		{Value: In7Days, Label: "7 days"},
		{Value: In30Days, Label: "30 days"},
		{Value: In60Days, Label: "60 days"},
		{Value: In90Days, Label: "90 days"},
		{Value: In1Year, Label: "1 year"},
		{Value: OnDate, Label: "Until a date"},
		{Value: Never, Label: "No expiration"},
	}
	for i, c := range list {
		list[i].EndsAt, _ = fixedEnd(c.Value, now)
	}
	return list
}

// fixedEnd is the end of a choice that needs no date; ok is false for any other.
func fixedEnd(choice string, now time.Time) (end time.Time, ok bool) {
	const day = 24 * time.Hour
	now = now.UTC().Truncate(time.Millisecond)
	switch choice {
	case In7Days:
		return now.Add(7 * day), true
	case In30Days, "":
		return now.Add(30 * day), true
	case In60Days:
		return now.Add(60 * day), true
	case In90Days:
		return now.Add(90 * day), true
	case In1Year:
		return now.AddDate(1, 0, 0), true
	case Never:
		return time.Time{}, true
	}
	return time.Time{}, false
}

// DateBounds are the first and the last date that [ParseExpiration] accepts at now, for
// the limits of a date field.
func DateBounds(now time.Time) (first, last string) {
	today := now.UTC()
	return today.Format(time.DateOnly), lastDay(today).Format(time.DateOnly)
}

func lastDay(today time.Time) time.Time {
	return time.Date(today.Year()+maxYears, today.Month(), today.Day(), 0, 0, 0, 0, time.UTC)
}

// ParseExpiration gives the end that a choice means at now; zero is no end. A date
// (YYYY-MM-DD) is good through the end of that day in UTC, so the end is the midnight
// after it; dates that are over or more than ten years away are refused. The date is
// ignored unless the choice is OnDate. No choice means [DefaultExpiration]. Problems have
// the path "expiration" or "date"; nil is none.
func ParseExpiration(choice, date string, now time.Time) (time.Time, []fault.Field) {
	if end, ok := fixedEnd(choice, now); ok {
		return end, nil
	}
	wrong := func(path, message string) (time.Time, []fault.Field) {
		return time.Time{}, []fault.Field{{Path: path, Message: message}}
	}
	if choice != OnDate {
		return wrong(fieldExpiration, "Choose one of the expirations.")
	}
	day, err := time.Parse(time.DateOnly, date)
	if err != nil {
		return wrong(fieldDate, "Enter a date as year-month-day, for example 2031-12-31.")
	}
	end := day.AddDate(0, 0, 1)
	switch {
	case !now.Before(end):
		return wrong(fieldDate, "Choose a date that is not over.")
	case day.After(lastDay(now.UTC())):
		return wrong(fieldDate, "Choose a date within the next ten years.")
	}
	return end, nil
}

// EndText says in words until when a token is good: "until the end of 31 December 2031
// (UTC)" for a whole day, otherwise with the time, and "no expiration" for the zero time.
func EndText(end time.Time) string {
	if end.IsZero() {
		return "no expiration"
	}
	end = end.UTC()
	if end.Equal(end.Truncate(24 * time.Hour)) {
		return "until the end of " + end.AddDate(0, 0, -1).Format("2 January 2006") + " (UTC)"
	}
	return "until " + end.Format("2 January 2006, 15:04") + " UTC"
}

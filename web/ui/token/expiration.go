package token

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"latchkey/internal/fault"
	"latchkey/internal/token"
	"latchkey/internal/zone"
	"latchkey/web/ui/kit"
)

// The choices of the field "Expiration".
const (
	in7Days  = "7d"
	in30Days = "30d"
	in60Days = "60d"
	in90Days = "90d"
	in1Year  = "1y"
	onDate   = "date" // the date is in a field of its own
	never    = "none"

	// defaultExpiration applies when the form has no choice. It is preselected unless rules say otherwise.
	defaultExpiration = in30Days
)

// choice is one option of the field "Expiration".
type choice struct {
	value  string
	label  string
	endsAt time.Time // the exact end if chosen now; zero for onDate and never
}

// choices returns the options that rules allow in the order of the form, with their ends as of now. The default and
// the longest lifetime of the rules are among them.
func choices(life token.Lifetime, now time.Time) []choice {
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
	for _, days := range []int{life.DefaultDays(), life.Longest} {
		c := choice{value: inDays(days), label: kit.Count(days, "day", "days")}
		known := func(o choice) bool { return o.value == c.value }
		if days == 0 || slices.ContainsFunc(list, known) {
			continue
		}
		c.endsAt, _ = fixedEnd(c.value, now)
		later := slices.IndexFunc(list, func(o choice) bool { return o.endsAt.IsZero() || o.endsAt.After(c.endsAt) })
		list = slices.Insert(list, later, c)
	}
	return slices.DeleteFunc(list, func(c choice) bool {
		return c.value != onDate && life.Refuses(token.Personal, c.endsAt, now) != ""
	})
}

// inDays returns the choice of an end in so many days.
func inDays(days int) string { return strconv.Itoa(days) + "d" }

// fixedEnd returns the end of a choice that needs no date. For any other choice, ok is false.
func fixedEnd(value string, now time.Time) (end time.Time, ok bool) {
	const day = 24 * time.Hour
	now = now.UTC().Truncate(time.Millisecond)
	switch value {
	case "":
		value = defaultExpiration
	case in1Year:
		return now.AddDate(1, 0, 0), true
	case never:
		return time.Time{}, true
	}
	text, ok := strings.CutSuffix(value, "d")
	n, err := strconv.Atoi(text)
	if !ok || err != nil || n < 1 || n > maxDays || inDays(n) != value {
		return time.Time{}, false
	}
	return now.Add(time.Duration(n) * day), true
}

// maxDays is the most days that a choice can say.
const maxDays = 3650

// dateBounds returns the first and the last date that [parseExpiration] accepts at now: the
// limits of the date field. Rules may allow less.
func dateBounds(life token.Lifetime, now time.Time) (first, last string) {
	return now.Format(time.DateOnly), lastDay(life, now).Format(time.DateOnly)
}

// lastDay returns the last day that a token may last in the zone of now, as the moment at which it begins.
func lastDay(life token.Lifetime, now time.Time) time.Time {
	return zone.AddDays(life.LatestEnd(now).In(now.Location()), -1)
}

// parseExpiration returns the end of a token with this choice at now. The zero time means that the
// token never expires. A missing choice is [defaultExpiration].
//
// With onDate, a token lasts through the end of the date (YYYY-MM-DD) in the zone of now, so its end
// is the midnight after it. Dates in the past or more than ten years away are refused. Other choices ignore
// the date. The problems have the path "expiration" or "date"; nil means that there are none.
func parseExpiration(value, date string, now time.Time) (time.Time, []fault.Field) {
	if end, ok := fixedEnd(value, now); ok {
		return end, nil
	}
	wrong := func(path, message string) (time.Time, []fault.Field) {
		return time.Time{}, []fault.Field{{Path: path, Message: message}}
	}
	if value != onDate {
		return wrong(fieldExpiration, "Choose an expiration.")
	}
	day, err := zone.ParseDay(date, now.Location())
	if err != nil {
		return wrong(fieldDate, "Enter a date as year-month-day, for example 2031-12-31.")
	}
	end := zone.AddDays(day, 1).UTC()
	switch {
	case token.ExpiredAt(end, now):
		return wrong(fieldDate, "Choose today or a later date. In "+kit.Zone(now)+", today is "+now.Format(time.DateOnly)+".")
	case day.After(lastDay(token.Lifetime{}, now)):
		return wrong(fieldDate, "Choose a date within the next ten years.")
	}
	return end, nil
}

// endText returns the end of a token in words, as [kit.EndOf] does. For the zero time it returns "no
// expiration".
func endText(end, now time.Time) string {
	if end.IsZero() {
		return "no expiration"
	}
	return kit.EndOf(end, now)
}

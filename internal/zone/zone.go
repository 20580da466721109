// Package zone knows the time zones that people choose, and when a day begins in one. A database of
// zones is part of the program, for machines that have none.
package zone

import (
	_ "embed"
	"slices"
	"strings"
	"sync"
	"time"
	_ "time/tzdata" // for machines without a database of zones
)

// names.txt has the names in the third column of zone.tab of the tz database (2026 and public domain),
// sorted, and UTC: grep -v '^#' zone.tab | cut -f3.
//
//go:embed names.txt
var text string

// Names returns the zones to choose from, sorted. The database has more: older names of the same zones.
var Names = sync.OnceValue(func() []string { return strings.Fields(text) })

// areas are the first parts of the names that are accepted. Others, such as "posix" and "Etc", are
// not for people.
var areas = []string{"Africa", "America", "Antarctica", "Arctic", "Asia", "Atlantic", "Australia", "Europe", "Indian", "Pacific"}

// maxName is longer than every name.
const maxName = 40

var loaded sync.Map // name → *time.Location; only of zones that exist

// Find returns the zone of a name such as "Asia/Kathmandu", also an older one, as browsers have them.
// The name may come from anybody.
func Find(name string) (*time.Location, bool) {
	if name == "UTC" {
		return time.UTC, true
	}
	if known, ok := loaded.Load(name); ok {
		return known.(*time.Location), true
	}
	area, city, _ := strings.Cut(name, "/")
	if len(name) > maxName || city == "" || !slices.Contains(areas, area) || strings.ContainsFunc(name, odd) {
		return nil, false
	}
	found, err := time.LoadLocation(name)
	if err != nil {
		return nil, false
	}
	loaded.Store(name, found)
	return found, true
}

// odd reports whether no name has r.
func odd(r rune) bool {
	return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune("/_-+", r)
}

// First returns the first of the names that is a zone, or UTC.
func First(names ...string) *time.Location {
	for _, name := range names {
		if found, ok := Find(name); ok {
			return found
		}
	}
	return time.UTC
}

// Midnight returns the moment at which a day begins in a zone. Where clocks change at midnight, that
// is the first moment of the day: a day may begin at 01:00, and midnight may come twice.
func Midnight(year int, month time.Month, day int, in *time.Location) time.Time {
	t := time.Date(year, month, day, 0, 0, 0, 0, in)
	start, end := t.ZoneBounds()
	if h, m, _ := t.Clock(); h != 0 || m != 0 { // there is no midnight: the day begins when clocks change
		if want := time.Date(year, month, day, 0, 0, 0, 0, time.UTC).Day(); t.Day() == want {
			return start
		}
		return end
	}
	if start.IsZero() {
		return t
	}
	_, now := t.Zone()
	_, before := start.Add(-1).Zone()
	if first := t.Add(time.Duration(now-before) * time.Second); first.Before(start) {
		return first
	}
	return t
}

// DayOf returns the moment at which the day of t begins, in t's zone.
func DayOf(t time.Time) time.Time {
	year, month, day := t.Date()
	return Midnight(year, month, day, t.Location())
}

// AddDays returns the moment at which the day begins that is so many days after the day of t, in t's
// zone.
func AddDays(t time.Time, days int) time.Time {
	year, month, day := t.Date()
	return Midnight(year, month, day+days, t.Location())
}

// ParseDay returns the moment at which a day (YYYY-MM-DD) begins in a zone.
func ParseDay(text string, in *time.Location) (time.Time, error) {
	day, err := time.Parse(time.DateOnly, text)
	if err != nil {
		return time.Time{}, err
	}
	return Midnight(day.Year(), day.Month(), day.Day(), in), nil
}

package zone

import (
	"slices"
	"strings"
	"testing"
	"time"
)

func TestNames_AreZonesOfTheDatabase(t *testing.T) {
	names := Names()
	if len(names) < 400 || !slices.IsSorted(names) || !slices.Contains(names, "Asia/Kathmandu") || !slices.Contains(names, "UTC") {
		t.Errorf("%d names", len(names))
	}
	for _, name := range names {
		if found, ok := Find(name); !ok || found.String() != name {
			t.Errorf("%s is not found", name)
		}
	}
}

func TestFind_TakesNamesOfBrowsersAndNothingElse(t *testing.T) {
	for _, name := range []string{"UTC", "Asia/Calcutta", "Europe/Kiev", "America/Argentina/Buenos_Aires", "America/Port-au-Prince"} {
		if _, ok := Find(name); !ok {
			t.Errorf("%q is not found", name)
		}
	}
	for _, name := range []string{"", "Local", "Europe", "Europe/", "Europe/../../etc/passwd", "../Europe/Berlin",
		"/Europe/Berlin", "posix/Europe/Berlin",
		"right/Europe/Berlin", "Etc/GMT+5", "Europe/Atlantis", "europe/berlin", "Europe/Berlin\x00", "Europe\\Berlin",
		"Europe/Bérlin", "Europe/Berlin ",
		"Europe/" + strings.Repeat("x", 1000)} {
		if got, ok := Find(name); ok {
			t.Errorf("%q is %v", name, got)
		}
	}
	if got := First("Mars/Olympus", "", "Asia/Tokyo", "Europe/Berlin"); got.String() != "Asia/Tokyo" {
		t.Error(got)
	}
	if got := First("US/Pacific-New", "nonsense"); got != time.UTC {
		t.Error(got)
	}
}

// The moments were read from zdump -v.
func TestMidnight_IsTheFirstMomentOfTheDay(t *testing.T) {
	tests := []struct{ day, in, want string }{
		{"2026-11-21", "UTC", "2026-11-21T00:00:00Z"},
		{"2026-11-21", "Asia/Kathmandu", "2026-11-20T18:15:00Z"},
		{"2026-11-21", "Pacific/Chatham", "2026-11-20T10:15:00Z"}, // in summer 13:45 ahead
		{"2026-07-01", "Pacific/Chatham", "2026-06-30T11:15:00Z"},
		{"2026-03-29", "Europe/Berlin", "2026-03-28T23:00:00Z"}, // has 23 hours
		{"2026-03-30", "Europe/Berlin", "2026-03-29T22:00:00Z"},
		{"2026-10-25", "Europe/Berlin", "2026-10-24T22:00:00Z"}, // has 25 hours
		{"2026-10-26", "Europe/Berlin", "2026-10-25T23:00:00Z"},
		{"2018-11-04", "America/Sao_Paulo", "2018-11-04T03:00:00Z"}, // begins at 01:00
		{"2018-11-05", "America/Sao_Paulo", "2018-11-05T02:00:00Z"},
		{"2018-02-18", "America/Sao_Paulo", "2018-02-18T03:00:00Z"}, // 23:00 to 24:00 came twice before it
		{"2026-11-01", "America/Havana", "2026-11-01T04:00:00Z"},    // 00:00 to 01:00 comes twice
		{"2026-03-08", "America/Havana", "2026-03-08T05:00:00Z"},    // begins at 01:00
	}
	for _, tt := range tests {
		in, _ := Find(tt.in)
		got, err := ParseDay(tt.day, in)
		if err != nil || got.UTC().Format(time.RFC3339) != tt.want {
			t.Errorf("%s in %s begins at %v, want %s; %v", tt.day, tt.in, got.UTC(), tt.want, err)
		}
		if !DayOf(got).Equal(got) || !DayOf(got.Add(12*time.Hour)).Equal(got) {
			t.Errorf("%s in %s: its own day begins at %v", tt.day, tt.in, DayOf(got.Add(12*time.Hour)))
		}
		if next := AddDays(got, 1); next.Format(time.DateOnly) <= tt.day || next.Add(-1).Format(time.DateOnly) != tt.day {
			t.Errorf("%s in %s: the next day begins at %v", tt.day, tt.in, next)
		}
	}
}

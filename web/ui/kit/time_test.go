package kit

import (
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"latchkey/internal/account"
	"latchkey/internal/zone"
	"latchkey/views/component"
)

var noon = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

func TestRelative_ReadsLikeAPersonSaysIt(t *testing.T) {
	tests := []struct {
		after time.Duration
		want  string
	}{
		{0, "just now"},
		{-59 * time.Second, "just now"},
		{30 * time.Second, "in less than a minute"},
		{-time.Minute, "1 minute ago"},
		{-59 * time.Minute, "59 minutes ago"},
		{59*time.Minute + 40*time.Second, "in 1 hour"},
		{-3 * time.Hour, "3 hours ago"},
		{-35 * time.Hour, "35 hours ago"},
		{-36 * time.Hour, "2 days ago"},
		{5*Day - time.Second, "in 5 days"},
		{30*Day - time.Second, "in 30 days"},
		{60 * Day, "in 60 days"},
		{90 * Day, "in 3 months"},
		{365 * Day, "in 1 year"},
		{-400 * Day, "13 months ago"},
		{-800 * Day, "2 years ago"},
		{10 * 366 * Day, "in 10 years"},
	}
	for _, tt := range tests {
		if got := Relative(noon.Add(tt.after), noon); got != tt.want {
			t.Errorf("relative(%v) = %q, want %q", tt.after, got, tt.want)
		}
	}
}

func TestMoment_NamesUTCOnHoverWhateverTheZone(t *testing.T) {
	east := time.FixedZone("east", 5*3600)
	got := Moment(time.Date(2026, 11, 18, 21, 43, 0, 0, east), noon, "Never")
	want := component.TimeModel{Machine: "2026-11-18T16:43:00Z", Text: "3 days ago", Absolute: "18 Nov 2026, 16:43 UTC"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if got := Moment(time.Time{}, noon, "Never"); got != (component.TimeModel{Text: "Never"}) {
		t.Errorf("the zero time: %+v", got)
	}
}

func TestCount_UsesTheRightNounAndCommas(t *testing.T) {
	for n, want := range map[int]string{0: "0 resources", 1: "1 resource", 999: "999 resources", 5000: "5,000 resources",
		1234567: "1,234,567 resources"} {
		if got := Count(n, "resource", "resources"); got != want {
			t.Errorf("count(%d) = %q, want %q", n, got, want)
		}
	}
}

func TestDates_NameTheirZone(t *testing.T) {
	west := time.FixedZone("west", -8*3600)
	evening := time.Date(2026, 11, 20, 20, 30, 5, 0, west) // on the 21st in UTC
	for want, got := range map[string]string{
		"21 Nov 2026, 04:30 UTC":                     Absolute(evening, noon),
		"21 Nov 2026, 04:30:05 UTC":                  AbsoluteSeconds(evening, noon),
		"21 Nov 2026 UTC":                            Date(evening.UTC()),
		"21 Nov UTC":                                 ShortDate(evening.UTC()),
		"21 November 2026, 04:30 UTC":                EndOf(evening, noon),
		"at the end of 20 November 2026 (UTC)":       EndOf(noon.Truncate(Day), noon),
		"20 Nov 2026 to 21 Nov 2026 UTC":             Dates(evening.Add(-Day).UTC(), evening.UTC()),
		"21 Nov 2026 UTC ":                           Dates(evening.UTC(), evening.Add(time.Hour).UTC()) + " ",
		"at the end of 31 December 2026 (UTC) again": EndOf(time.Date(2026, 12, 31, 16, 0, 0, 0, west), noon) + " again",
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestTimes_AreInTheZoneOfTheReader(t *testing.T) {
	in := func(name string) time.Time { return noon.In(zone.First(name)) }
	summer := time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC)
	tests := []struct{ zone, absolute, exact, summer string }{
		{"UTC", "21 Nov 2026, 12:00 UTC", "21 Nov 2026, 12:00 UTC", "1 Jul 2026, 12:00 UTC"},
		{"Mars/Olympus", "21 Nov 2026, 12:00 UTC", "21 Nov 2026, 12:00 UTC", "1 Jul 2026, 12:00 UTC"},
		{"Asia/Kathmandu", "21 Nov 2026, 17:45 UTC+05:45", "21 Nov 2026, 17:45 UTC+05:45 (21 Nov 2026, 12:00 UTC)",
			"1 Jul 2026, 17:45 UTC+05:45"},
		{"Pacific/Chatham", "22 Nov 2026, 01:45 UTC+13:45", "22 Nov 2026, 01:45 UTC+13:45 (21 Nov 2026, 12:00 UTC)",
			"2 Jul 2026, 00:45 UTC+12:45"},
		{"America/St_Johns", "21 Nov 2026, 08:30 UTC-03:30", "21 Nov 2026, 08:30 UTC-03:30 (21 Nov 2026, 12:00 UTC)",
			"1 Jul 2026, 09:30 UTC-02:30"},
		{"Europe/London", "21 Nov 2026, 12:00 UTC", "21 Nov 2026, 12:00 UTC", "1 Jul 2026, 13:00 UTC+01:00"},
	}
	for _, tt := range tests {
		now := in(tt.zone)
		if a, e, s := Absolute(noon, now), Exact(noon, now), When(summer, now); a != tt.absolute || e != tt.exact || s.Absolute != tt.summer ||
			s.Machine != "2026-07-01T12:00:00Z" {
			t.Errorf("%s: %q, %q, %+v", tt.zone, a, e, s)
		}
	}
	berlin, kathmandu := in("Europe/Berlin"), in("Asia/Kathmandu")
	march := time.Date(2026, 3, 28, 12, 0, 0, 0, berlin.Location())
	for want, got := range map[string]string{
		"at the end of 31 December 2031 in Asia/Kathmandu (31 December 2031, 18:15 UTC)": EndOf(time.Date(2031, 12, 31, 18, 15, 0,
			0, time.UTC), kathmandu),
		"1 January 2032, 05:45 UTC+05:45 (1 January 2032, 00:00 UTC)": EndOf(time.Date(2032, 1, 1, 0, 0, 0, 0,
			time.UTC), kathmandu),
		"at the end of 29 March 2026 in Europe/Berlin (29 March 2026, 22:00 UTC)": EndOf(time.Date(2026, 3, 29, 22, 0, 0, 0,
			time.UTC), berlin),
		"28 Mar 2026 UTC+01:00 to 30 Mar 2026 UTC+02:00": Dates(march, march.AddDate(0, 0, 2)),
		"30 Mar 2026 UTC+02:00":                          Date(march.AddDate(0, 0, 2)),
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestZoneOf_IsTheChosenOneThenTheBrowsersThenUTC(t *testing.T) {
	for _, tt := range []struct{ chosen, cookie, want string }{
		{"", "", "UTC"}, {"", "Asia/Tokyo", "Asia/Tokyo"}, {"Asia/Kathmandu", "Asia/Tokyo", "Asia/Kathmandu"},
		{"Removed/Zone", "Asia/Tokyo", "Asia/Tokyo"}, {"Removed/Zone", "", "UTC"}, {"", "../../etc/passwd", "UTC"}, {"", "Local", "UTC"},
		{"UTC", "Asia/Tokyo", "UTC"},
	} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.AddCookie(&http.Cookie{Name: zoneCookie, Value: tt.cookie})
		if got := zoneOf(r, account.Member{TimeZone: tt.chosen}); got.String() != tt.want {
			t.Errorf("%+v: %s", tt, got)
		}
	}
	if got := zoneOf(httptest.NewRequest(http.MethodGet, "/", nil), account.Member{}); got != time.UTC {
		t.Error(got)
	}
}

// TestDates_AreWrittenHere finds a page that writes a date by itself. A layout of time is for people
// unless it is a constant of package time, which programs read.
func TestDates_AreWrittenHere(t *testing.T) {
	seen := 0
	for _, root := range []string{"..", "../../../views"} {
		err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") && !strings.HasSuffix(path, ".templ") ||
				strings.HasSuffix(path, "_test.go") || path == "../kit/time.go" {
				return err
			}
			text, err := os.ReadFile(path)
			seen++
			for n, line := range strings.Split(string(text), "\n") {
				if strings.Contains(line, `.Format("`) || strings.Contains(line, ".Format(`") {
					t.Errorf("%s:%d: use a function of kit/time.go, so that the date names its zone", path, n+1)
				}
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if seen < 100 {
		t.Errorf("only %d files were read", seen)
	}
}

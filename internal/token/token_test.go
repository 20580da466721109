package token_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"latchkey/internal/fault"
	"latchkey/internal/token"
)

var noon = time.Date(2026, 3, 10, 12, 0, 0, 0, time.UTC)

func TestState_FollowsTheClockExactly(t *testing.T) {
	const day = 24 * time.Hour
	for _, c := range []struct {
		name  string
		token token.Token
		want  token.State
		label string
	}{
		{"no end", token.Token{}, token.Active, "Active"},
		{"far end", token.Token{ExpiresAt: noon.Add(90 * day)}, token.Active, "Active"},
		{"just over seven days", token.Token{ExpiresAt: noon.Add(7*day + 1)}, token.Active, "Active"},
		{"exactly seven days", token.Token{ExpiresAt: noon.Add(7 * day)}, token.ExpiresSoon, "Expires soon"},
		{"the last instant", token.Token{ExpiresAt: noon.Add(1)}, token.ExpiresSoon, "Expires soon"},
		{"the end itself", token.Token{ExpiresAt: noon}, token.Expired, "Expired"},
		{"after the end", token.Token{ExpiresAt: noon.Add(-1)}, token.Expired, "Expired"},
		{"owner deactivated", token.Token{Suspended: true}, token.Suspended, "Suspended"},
		{"owner deactivated, soon", token.Token{Suspended: true, ExpiresAt: noon.Add(day)}, token.Suspended, "Suspended"},
		{"owner deactivated, over", token.Token{Suspended: true, ExpiresAt: noon}, token.Expired, "Expired"},
		{"deleted and over", token.Token{DeletedAt: noon, ExpiresAt: noon, Suspended: true}, token.Deleted, "Deleted"},
	} {
		if got := c.token.State(noon); got != c.want || got.Label() != c.label {
			t.Errorf("%s: %q (%s), want %q", c.name, got, got.Label(), c.want)
		}
	}
}

func TestParseExpiration_GivesTheExactEnd(t *testing.T) {
	now := time.Date(2026, 3, 10, 23, 30, 0, 123_456_789, time.FixedZone("east", 2*3600)) // 21:30 UTC
	at := func(y int, m time.Month, d int) time.Time { return time.Date(y, m, d, 21, 30, 0, 123e6, time.UTC) }
	midnight := func(y int, m time.Month, d int) time.Time { return time.Date(y, m, d, 0, 0, 0, 0, time.UTC) }
	for _, c := range []struct {
		choice, date string
		want         time.Time
	}{
		{"7d", "", at(2026, 3, 17)},
		{"30d", "", at(2026, 4, 9)},
		{"", "", at(2026, 4, 9)},
		{"60d", "", at(2026, 5, 9)},
		{"90d", "ignored", at(2026, 6, 8)},
		{"1y", "", at(2027, 3, 10)},
		{"none", "", time.Time{}},
		{"date", "2026-03-10", midnight(2026, 3, 11)},
		{"date", "2028-02-28", midnight(2028, 2, 29)},
		{"date", "2036-03-10", midnight(2036, 3, 11)},
	} {
		got, problems := token.ParseExpiration(c.choice, c.date, now)
		if problems != nil || !got.Equal(c.want) {
			t.Errorf("%s %s: %v, %v, want %v", c.choice, c.date, got, problems, c.want)
		}
	}
}

func TestParseExpiration_RefusesWhatIsNoEnd(t *testing.T) {
	for _, c := range []struct{ choice, date, path string }{
		{"8d", "", "expiration"}, {"never", "", "expiration"}, {"7D", "", "expiration"}, {"\x00", "", "expiration"},
		{"date", "", "date"}, {"date", "tomorrow", "date"}, {"date", "2026-02-30", "date"}, {"date", "10.3.2026", "date"},
		{"date", "2026-03-09", "date"}, {"date", "0001-01-01", "date"},
		{"date", "2036-03-11", "date"}, {"date", "9999-12-31", "date"}, {"date", "2026-03-12T00:00:00Z", "date"},
	} {
		end, problems := token.ParseExpiration(c.choice, c.date, noon)
		if len(problems) != 1 || problems[0].Path != c.path || problems[0].Message == "" || !end.IsZero() {
			t.Errorf("%q %q: %v, %v", c.choice, c.date, end, problems)
		}
	}
}

func TestParseExpiration_ADayIsOverAtMidnight(t *testing.T) {
	midnight := time.Date(2026, 3, 11, 0, 0, 0, 0, time.UTC)
	if _, problems := token.ParseExpiration(token.OnDate, "2026-03-10", midnight.Add(-time.Millisecond)); problems != nil {
		t.Errorf("the day's last instant: %v", problems)
	}
	if _, problems := token.ParseExpiration(token.OnDate, "2026-03-10", midnight); problems == nil {
		t.Error("midnight still accepts the day before")
	}
}

func TestChoices_AllParseToTheEndTheyShow(t *testing.T) {
	var values []string
	for _, c := range token.Choices(noon) {
		values = append(values, c.Value)
		end, problems := token.ParseExpiration(c.Value, "2026-03-10", noon)
		if problems != nil || c.Value != token.OnDate && !end.Equal(c.EndsAt) || c.Label == "" {
			t.Errorf("%+v: %v, %v", c, end, problems)
		}
	}
	if d := cmp.Diff([]string{"7d", "30d", "60d", "90d", "1y", "date", "none"}, values); d != "" {
		t.Error(d)
	}
}

func TestDateBounds_AreTheFirstAndLastAcceptedDates(t *testing.T) {
	leap := time.Date(2028, 2, 29, 23, 59, 59, 0, time.UTC)
	for _, now := range []time.Time{noon, leap} {
		first, last := token.DateBounds(now)
		accepts := func(date string, days int) []fault.Field {
			day, err := time.Parse(time.DateOnly, date)
			if err != nil {
				t.Fatal(err)
			}
			_, problems := token.ParseExpiration(token.OnDate, day.AddDate(0, 0, days).Format(time.DateOnly), now)
			return problems
		}
		if accepts(first, 0) != nil || accepts(last, 0) != nil || accepts(first, -1) == nil || accepts(last, 1) == nil {
			t.Errorf("%v: bounds %s to %s are not those of ParseExpiration", now, first, last)
		}
	}
}

func TestEndText_SaysUntilWhen(t *testing.T) {
	for want, end := range map[string]time.Time{
		"no expiration": {},
		"until the end of 31 December 2031 (UTC)": time.Date(2032, 1, 1, 0, 0, 0, 0, time.UTC),
		"until 10 March 2026, 12:00 UTC":          noon.In(time.FixedZone("west", -8*3600)),
	} {
		if got := token.EndText(end); got != want {
			t.Errorf("EndText = %q, want %q", got, want)
		}
	}
}

func TestKind_HasALabelAndAPrefix(t *testing.T) {
	for kind, want := range map[token.Kind][2]string{
		token.Personal:     {"Personal access token", "lkpat_"},
		token.Workspace:    {"Workspace service access token", "lksat_"},
		token.Organization: {"Organization service access token", "lkoat_"},
		"other":            {"Unknown kind of token", ""},
	} {
		if got := [2]string{kind.Label(), kind.Prefix()}; got != want {
			t.Errorf("%q: %q", kind, got)
		}
	}
}

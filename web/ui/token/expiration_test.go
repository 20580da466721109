package token

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"latchkey/internal/fault"
	"latchkey/internal/token"
	"latchkey/internal/zone"
	"latchkey/web/ui/kit"
)

// march is the moment of these tests.
var march = time.Date(2026, 3, 10, 12, 0, 0, 0, time.UTC)

func TestParseExpiration_GivesTheExactEnd(t *testing.T) {
	now := time.Date(2026, 3, 10, 23, 30, 0, 123_456_789, time.FixedZone("east", 2*3600)).UTC() // 21:30 UTC
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
		got, problems := parseExpiration(c.choice, c.date, now)
		if problems != nil || !got.Equal(c.want) {
			t.Errorf("%s %s: %v, %v, want %v", c.choice, c.date, got, problems, c.want)
		}
	}
}

func TestParseExpiration_RefusesWhatIsNoEnd(t *testing.T) {
	for _, c := range []struct{ choice, date, path string }{
		{"8 d", "", "expiration"}, {"08d", "", "expiration"}, {"0d", "", "expiration"}, {"3651d", "", "expiration"},
		{"d", "", "expiration"}, {"never", "", "expiration"}, {"7D", "", "expiration"}, {"\x00", "", "expiration"},
		{"date", "", "date"}, {"date", "tomorrow", "date"}, {"date", "2026-02-30", "date"}, {"date", "10.3.2026", "date"},
		{"date", "2026-03-09", "date"}, {"date", "0001-01-01", "date"},
		{"date", "2036-03-11", "date"}, {"date", "9999-12-31", "date"}, {"date", "2026-03-12T00:00:00Z", "date"},
	} {
		end, problems := parseExpiration(c.choice, c.date, march)
		if len(problems) != 1 || problems[0].Path != c.path || problems[0].Message == "" || !end.IsZero() {
			t.Errorf("%q %q: %v, %v", c.choice, c.date, end, problems)
		}
	}
}

func TestParseExpiration_ADayIsOverAtMidnight(t *testing.T) {
	midnight := time.Date(2026, 3, 11, 0, 0, 0, 0, time.UTC)
	if _, problems := parseExpiration(onDate, "2026-03-10", midnight.Add(-time.Millisecond)); problems != nil {
		t.Errorf("the day's last instant: %v", problems)
	}
	problems := []fault.Field{{Path: "date", Message: "Choose today or a later date. In UTC, today is 2026-03-11."}}
	_, got := parseExpiration(onDate, "2026-03-10", midnight)
	if d := cmp.Diff(problems, got); d != "" {
		t.Errorf("midnight in UTC: %s", d)
	}
	// In the west it is still the day before.
	if end, got := parseExpiration(onDate, "2026-03-10", midnight.In(time.FixedZone("west", -8*3600))); got != nil ||
		!end.Equal(midnight.Add(8*time.Hour)) {
		t.Errorf("midnight in UTC, in the west: %v, %v", end, got)
	}
}

func TestParseExpiration_ADateEndsInTheZoneOfTheVisitor(t *testing.T) {
	now := time.Date(2026, 3, 10, 12, 0, 0, 0, time.UTC)
	for _, tt := range []struct{ zone, date, want string }{
		{"UTC", "2026-03-29", "2026-03-30T00:00:00Z"},
		{"Asia/Kathmandu", "2031-12-31", "2031-12-31T18:15:00Z"},
		{"Pacific/Chatham", "2026-03-11", "2026-03-11T10:15:00Z"},
		{"Pacific/Chatham", "2026-04-05", "2026-04-05T11:15:00Z"}, // clocks go back on that day
		{"Europe/Berlin", "2026-03-28", "2026-03-28T23:00:00Z"},
		{"Europe/Berlin", "2026-03-29", "2026-03-29T22:00:00Z"},  // clocks go forward on that day
		{"America/Havana", "2026-10-31", "2026-11-01T04:00:00Z"}, // the midnight after it comes twice
		{"Removed/Zone", "2026-03-29", "2026-03-30T00:00:00Z"},
	} {
		end, problems := parseExpiration(onDate, tt.date, now.In(zone.First(tt.zone)))
		if problems != nil || end.Format(time.RFC3339) != tt.want {
			t.Errorf("%s in %s ends at %v, want %s; %v", tt.date, tt.zone, end, tt.want, problems)
		}
		if again := lifetimeDate(end, now.In(zone.First(tt.zone))); again != tt.date {
			t.Errorf("%s in %s: a copy ends on %s", tt.date, tt.zone, again)
		}
	}
	east := now.In(zone.First("Pacific/Kiritimati")) // it is the 11th there
	_, got := parseExpiration(onDate, "2026-03-10", east)
	want := []fault.Field{{Path: "date", Message: "Choose today or a later date. In Pacific/Kiritimati, today is 2026-03-11."}}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

// lifetimeDate returns the date with which the form of a copy begins.
func lifetimeDate(end, now time.Time) string {
	_, date := lifetime(token.Token{CreatedAt: now.Add(-1234 * time.Hour), ExpiresAt: end}, now)
	return date
}

func TestChoices_AllParseToTheEndTheyShow(t *testing.T) {
	var values []string
	for _, c := range choices(token.Lifetime{}, march) {
		values = append(values, c.value)
		end, problems := parseExpiration(c.value, "2026-03-10", march)
		if problems != nil || c.value != onDate && !end.Equal(c.endsAt) || c.label == "" {
			t.Errorf("%+v: %v, %v", c, end, problems)
		}
	}
	if d := cmp.Diff([]string{"7d", "30d", "60d", "90d", "1y", "date", "none"}, values); d != "" {
		t.Error(d)
	}
}

func TestDateBounds_AreTheFirstAndLastAcceptedDates(t *testing.T) {
	leap := time.Date(2028, 2, 29, 23, 59, 59, 0, time.UTC)
	for _, now := range []time.Time{march, leap, march.In(zone.First("Pacific/Pago_Pago")), leap.In(zone.First("Pacific/Kiritimati"))} {
		first, last := dateBounds(token.Lifetime{}, now)
		accepts := func(date string, days int) []fault.Field {
			day, err := time.Parse(time.DateOnly, date)
			if err != nil {
				t.Fatal(err)
			}
			end, problems := parseExpiration(onDate, day.AddDate(0, 0, days).Format(time.DateOnly), now)
			if end.After(token.LatestEnd(now)) {
				t.Errorf("%v: %v is later than the service allows", now, end)
			}
			return problems
		}
		if accepts(first, 0) != nil || accepts(last, 0) != nil || accepts(first, -1) == nil || accepts(last, 1) == nil {
			t.Errorf("%v: bounds %s to %s are not those of parseExpiration", now, first, last)
		}
	}
}

func TestEndText_SaysUntilWhen(t *testing.T) {
	for want, end := range map[string]time.Time{
		"no expiration":                        {},
		"at the end of 31 December 2031 (UTC)": time.Date(2032, 1, 1, 0, 0, 0, 0, time.UTC),
		"10 March 2026, 12:00 UTC":             march.In(time.FixedZone("west", -8*3600)),
	} {
		if got := endText(end, march.UTC()); got != want {
			t.Errorf("endText = %q, want %q", got, want)
		}
	}
}

func TestTokenForm_ProblemsOfTheEndStandAtItsFields(t *testing.T) {
	refused := fault.NewInvalid("", fault.Field{Path: "name", Message: "N"}, fault.Field{Path: "expiresAt", Message: "E"})
	midnight := time.Date(2026, 3, 11, 0, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		name string
		form tokenForm
		want kit.FieldErrors
	}{
		{"no such choice", tokenForm{expiration: "ages"}, kit.FieldErrors{"name": "N", "expiration": "Choose an expiration."}},
		{"no date", tokenForm{expiration: onDate, date: "soon"},
			kit.FieldErrors{"name": "N", "date": "Enter a date as year-month-day, for example 2031-12-31."}},
		{"a date that ended since it was read", tokenForm{expiration: onDate, date: "2026-03-10"}, kit.FieldErrors{"name": "N", "date": "E"}},
		{"a choice that the service refuses", tokenForm{expiration: in1Year}, kit.FieldErrors{"name": "N", "expiration": "E"}},
	} {
		now := midnight.Add(-time.Millisecond)
		if _, wrong := parseExpiration(c.form.expiration, c.form.date, now); wrong != nil && !token.ExpiredAt(c.form.expiresAt(now), now) {
			t.Errorf("%s: an end that is none would be taken: %v", c.name, c.form.expiresAt(now))
		}
		got, err := c.form.invalid(refused, now)
		if d := cmp.Diff(c.want, got); err != nil || d != "" {
			t.Errorf("%s: %v\n%s", c.name, err, d)
		}
	}
	if got, err := (tokenForm{}).invalid(fault.NewConflict("x"), march); got != nil || err == nil {
		t.Errorf("what is no problem of the form: %v, %v", got, err)
	}
}

package audit

import (
	"net/url"
	"testing"
	"time"

	"latchkey/internal/audit"
	"latchkey/internal/zone"
)

func TestLogQuery_UnderstandsPairsRangesAndOlderLinks(t *testing.T) {
	now := time.Date(2026, 12, 31, 12, 0, 0, 0, time.UTC)
	for address, want := range map[string]struct {
		filter    audit.Filter
		canonical string
	}{
		"action=group.created":        {audit.Filter{Type: "group", Action: "created"}, "action=group.created"},
		"action=group.any":            {audit.Filter{Type: "group"}, "action=group.any"},
		"action=created":              {audit.Filter{Action: "created"}, "action=created"},
		"action=updated&type=policy":  {audit.Filter{Type: "policy", Action: "updated"}, "action=policy.updated"},
		"type=policy":                 {audit.Filter{Type: "policy"}, "action=policy.any"},
		"who=ada":                     {audit.Filter{Who: "ada"}, "who=ada"},
		"last=1h":                     {audit.Filter{From: now.Add(-time.Hour)}, "last=1h"},
		"last=7d&q=ada":               {audit.Filter{From: now.Add(-7 * 24 * time.Hour), Text: "ada"}, "last=7d&q=ada"},
		"last=forever":                {audit.Filter{}, ""},
		"last=1h&from=2026-12-01":     {audit.Filter{From: time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC)}, "from=2026-12-01"},
		"after=x&last=24h&unknown=no": {audit.Filter{From: now.Add(-24 * time.Hour)}, "after=x&last=24h"},
	} {
		given, err := url.ParseQuery(address)
		if err != nil {
			t.Fatal(err)
		}
		q := readLogQuery(given)
		if got, errors := q.filter(now); got != want.filter || errors != nil || q.Encode() != want.canonical {
			t.Errorf("%s: %+v, %v at %q, want %+v at %q", address, got, errors, q.Encode(), want.filter, want.canonical)
		}
	}
}

func TestLogQuery_DaysAreThoseOfTheVisitor(t *testing.T) {
	for _, tt := range []struct{ zone, day, from, until string }{
		{"UTC", "2026-03-29", "2026-03-29T00:00:00Z", "2026-03-30T00:00:00Z"},
		{"Europe/Berlin", "2026-03-29", "2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z"}, // 23 hours
		{"Europe/Berlin", "2026-10-25", "2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z"}, // 25 hours
		{"Asia/Kathmandu", "2026-11-21", "2026-11-20T18:15:00Z", "2026-11-21T18:15:00Z"},
		{"Pacific/Chatham", "2026-11-21", "2026-11-20T10:15:00Z", "2026-11-21T10:15:00Z"},
	} {
		now := time.Date(2026, 12, 31, 12, 0, 0, 0, time.UTC).In(zone.First(tt.zone))
		q := readLogQuery(url.Values{paramFrom: {tt.day}, paramTo: {tt.day}})
		f, errors := q.filter(now)
		if f.From.UTC().Format(time.RFC3339) != tt.from || f.Until.UTC().Format(time.RFC3339) != tt.until || errors != nil {
			t.Errorf("%+v: %v to %v, %v", tt, f.From, f.Until, errors)
		}
		if days := chartDays(f, now); len(days) != 2 || !days[0].Equal(f.From) || !days[1].Equal(f.Until) {
			t.Errorf("%+v: the chart has the days %v", tt, days)
		}
		month := chartDays(audit.Filter{}, time.Date(2026, 4, 10, 12, 0, 0, 0, now.Location()))
		if len(month) != chartBars+1 {
			t.Errorf("%s: %d bars", tt.zone, len(month)-1)
		}
		for _, day := range month {
			if !day.Equal(zone.DayOf(day)) {
				t.Errorf("%s: a bar begins at %v", tt.zone, day)
			}
		}
	}
}

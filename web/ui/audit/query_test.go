package audit

import (
	"net/url"
	"testing"
	"time"

	"latchkey/internal/audit"
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

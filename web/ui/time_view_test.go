package ui

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"latchkey/internal/token"
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
		{5*day - time.Second, "in 5 days"},
		{30*day - time.Second, "in 30 days"},
		{60 * day, "in 60 days"},
		{90 * day, "in 3 months"},
		{365 * day, "in 1 year"},
		{-400 * day, "13 months ago"},
		{-800 * day, "2 years ago"},
		{10 * 366 * day, "in 10 years"},
	}
	for _, tt := range tests {
		if got := relative(noon.Add(tt.after), noon); got != tt.want {
			t.Errorf("relative(%v) = %q, want %q", tt.after, got, tt.want)
		}
	}
}

func TestMoment_NamesUTCOnHoverWhateverTheZone(t *testing.T) {
	east := time.FixedZone("east", 5*3600)
	got := moment(time.Date(2026, 11, 18, 21, 43, 0, 0, east), noon, "Never")
	want := component.TimeModel{Machine: "2026-11-18T16:43:00Z", Text: "3 days ago", Absolute: "18 Nov 2026, 16:43 UTC"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if got := moment(time.Time{}, noon, "Never"); got != (component.TimeModel{Text: "Never"}) {
		t.Errorf("the zero time: %+v", got)
	}
}

func TestExpiry_TurnsAtTheVeryMoment(t *testing.T) {
	tests := []struct {
		end              time.Time
		text, tone, word string
	}{
		{time.Time{}, "No expiration", component.Neutral, "Active"},
		{noon.Add(30 * day), "in 30 days", component.Neutral, "Active"},
		{noon.Add(token.SoonAfter + time.Millisecond), "in 7 days", component.Neutral, "Active"},
		{noon.Add(token.SoonAfter), "in 7 days", component.Warn, "Expires soon"},
		{noon.Add(time.Millisecond), "in less than a minute", component.Warn, "Expires soon"},
		{noon, "Expired just now", component.Bad, "Expired"},
		{noon.Add(-3 * day), "Expired 3 days ago", component.Bad, "Expired"},
	}
	for _, tt := range tests {
		tok := token.Token{ExpiresAt: tt.end}
		if got := expiry(tt.end, noon).Text; got != tt.text {
			t.Errorf("end %v: %q, want %q", tt.end, got, tt.text)
		}
		if got := dueTone(tok, noon); got != tt.tone {
			t.Errorf("end %v: tone %q, want %q", tt.end, got, tt.tone)
		}
		if got := tokenState(tok, noon).Text; got != tt.word {
			t.Errorf("end %v: state %q, want %q", tt.end, got, tt.word)
		}
	}
	if got := tokenState(token.Token{Suspended: true}, noon); got.Text != "Suspended" || got.Title == "" {
		t.Errorf("a suspended token: %+v", got)
	}
}

func TestCount_UsesTheRightNounAndCommas(t *testing.T) {
	for n, want := range map[int]string{0: "0 resources", 1: "1 resource", 999: "999 resources", 5000: "5,000 resources", 1234567: "1,234,567 resources"} {
		if got := count(n, "resource", "resources"); got != want {
			t.Errorf("count(%d) = %q, want %q", n, got, want)
		}
	}
}

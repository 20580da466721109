package kit

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

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

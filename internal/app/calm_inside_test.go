package app

import (
	"log/slog"
	"strings"
	"testing"
	"time"
)

func TestCalm_SaysTheSameOnceAMinuteAndHowOftenBesides(t *testing.T) {
	var text strings.Builder
	log := newCalm(slog.New(slog.NewTextHandler(&text, nil))).With("at", "x").WithGroup("g")
	begun := time.Unix(1_800_000_000, 0)
	for _, after := range []time.Duration{0, 30 * time.Second, 59 * time.Second, 61 * time.Second, 122 * time.Second} {
		if err := log.Handler().Handle(t.Context(), slog.NewRecord(begun.Add(after), slog.LevelError, "cannot", 0)); err != nil {
			t.Fatal(err)
		}
	}
	if err := log.Handler().Handle(t.Context(), slog.NewRecord(begun, slog.LevelError, "another", 0)); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(text.String()), "\n")
	if len(lines) != 4 || !strings.Contains(lines[1], "at=x g.repeated=2") || strings.Contains(lines[0]+lines[2]+lines[3], "repeated") {
		t.Errorf("the log says\n%s", text.String())
	}
}

func TestCalm_KeepsNothingBackBecauseTheClockWasSet(t *testing.T) {
	for _, jump := range []time.Duration{-365 * 24 * time.Hour, -time.Hour, time.Hour} {
		var text strings.Builder
		log, now := newCalm(slog.New(slog.NewTextHandler(&text, nil))), time.Unix(1_800_000_000, 0)
		for range 2 {
			if err := log.Handler().Handle(t.Context(), slog.NewRecord(now, slog.LevelError, "cannot", 0)); err != nil {
				t.Fatal(err)
			}
			now = now.Add(jump).Add(calmFor)
		}
		if n := strings.Count(text.String(), "cannot"); n != 2 {
			t.Errorf("%v: said %d times", jump, n)
		}
	}
}

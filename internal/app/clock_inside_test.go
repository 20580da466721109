package app

import (
	"testing"
	"time"

	"latchkey/internal/metric"
)

func TestClockWatch_NoticesEachJumpOnce(t *testing.T) {
	wall, passed := time.Unix(1_800_000_000, 0), time.Duration(0)
	w := newClockWatch(func() time.Time { return wall })
	w.steady = func() time.Duration { return passed }
	for i, c := range []struct{ wall, steady, want time.Duration }{
		{0, 0, 0},
		{time.Second, time.Second, 0},
		{time.Second + mostOff, time.Second, 0},
		{time.Hour + time.Second, time.Second, time.Hour},
		{time.Second, time.Second, 0}, // the same jump is not noticed again
		{-time.Hour, time.Second, -time.Hour - time.Second},
		{0, mostOff + time.Millisecond, -mostOff - time.Millisecond},
		{10 * time.Minute, 10 * time.Minute, 0}, // a process that was stopped, while both clocks went on
		{8760 * time.Hour, 0, 8760 * time.Hour},
	} {
		wall, passed = wall.Add(c.wall), passed+c.steady
		if got := w.look(); got != c.want {
			t.Errorf("look %d: %v, want %v", i, got, c.want)
		}
	}
	if got, want := w.state(), (metric.Clock{Forward: 2, Back: 2}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
}

func TestClockWatch_SaysOnceThatClocksDiffer(t *testing.T) {
	w := newClockWatch(time.Now)
	for i, c := range []struct {
		ahead, offset time.Duration
		isAhead, off  bool
	}{
		{0, time.Second, false, false}, {time.Hour, -time.Minute, true, true}, {time.Hour, -time.Minute, false, false},
		{0, 0, false, false}, {time.Minute, time.Minute, true, true},
	} {
		if isAhead, off := w.compared(c.ahead, c.offset); isAhead != c.isAhead || off != c.off {
			t.Errorf("%d: %v %v", i, isAhead, off)
		}
	}
}

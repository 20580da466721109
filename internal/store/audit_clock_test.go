package store_test

import (
	"errors"
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"latchkey/internal/access"
	"latchkey/internal/audit"
	"latchkey/internal/store"
	"latchkey/internal/store/pgtest"
	"latchkey/internal/store/storetest"
)

// clocked runs a test on both engines, with a store whose clock the test sets.
func clocked(t *testing.T, test func(t *testing.T, s *store.Store, clock *storetest.Clock)) {
	for name, options := range map[string]func(t *testing.T) store.Options{
		"SQLite": func(t *testing.T) store.Options {
			return store.Options{Path: filepath.Join(t.TempDir(), "latchkey.db")}
		},
		"PostgreSQL": func(t *testing.T) store.Options { return store.Options{URL: pgtest.Migrated(t)} },
	} {
		t.Run(name, func(t *testing.T) {
			clock := storetest.NewClock(time.Date(2026, 3, 4, 10, 0, 0, 0, time.UTC))
			o := options(t)
			o.Now = clock.Now
			s, err := store.Open(t.Context(), o)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() {
				if err := s.Close(); err != nil {
					t.Error(err)
				}
			})
			test(t, s, clock)
		})
	}
}

func TestAppendEvent_KeepsWhatTheClockSaidBesideTheOrder(t *testing.T) {
	clocked(t, func(t *testing.T, s *store.Store, clock *storetest.Clock) {
		start := clock.Now()
		var said []time.Duration
		for _, jump := range []time.Duration{0, time.Minute, time.Hour, -time.Hour, time.Second, -3 * time.Hour, 5 * time.Hour} {
			clock.Pass(jump)
			said = append(said, clock.Now().Sub(start))
			writeEvents(t, s, 1)
		}
		log, err := s.EventsAfter(t.Context(), 0, 100)
		if err != nil || len(log) != len(said) {
			t.Fatalf("%d events, %v", len(log), err)
		}
		for i, e := range log {
			if got := e.Clock.Sub(start); got != said[i] {
				t.Errorf("event %d: the clock said %v, want %v", e.Seq, got, said[i])
			}
			if i > 0 && !e.Time.After(log[i-1].Time) {
				t.Errorf("event %d: its time %v is not after %v", e.Seq, e.Time, log[i-1].Time)
			}
			if d := e.When().Sub(e.Clock).Abs(); d > audit.Displacement {
				t.Errorf("event %d: people are shown a time that is %v off the clock", e.Seq, d)
			}
		}
		if _, err := audit.Verify(t.Context(), s, 1); err != nil {
			t.Error(err)
		}
	})
}

// TestVerify_FindsTamperingWithClockTimes attacks a log that an older server began: its events 1 to 5
// have no clock time. The triggers are gone.
func TestVerify_FindsTamperingWithClockTimes(t *testing.T) {
	old := func(e *audit.Event) {
		if e.Seq <= 5 {
			e.Clock = time.Time{}
		}
	}
	for name, attack := range map[string]struct {
		statements []string
		change     func(e *audit.Event) // with all hashes computed again
		first      int64                // 0: the chain alone does not show it
	}{
		"as it was":                 {},
		"edited alone":              {statements: []string{`UPDATE audit_events SET clock_at = clock_at - 1 WHERE seq = 7`}, first: 7},
		"nulled":                    {statements: []string{`UPDATE audit_events SET clock_at = NULL WHERE seq = 7`}, first: 7},
		"all nulled":                {statements: []string{`UPDATE audit_events SET clock_at = NULL`}, first: 6},
		"zero time for none":        {statements: []string{`UPDATE audit_events SET clock_at = -62135596800000 WHERE seq = 3`}, first: 3},
		"given to an older event":   {statements: []string{`UPDATE audit_events SET clock_at = at WHERE seq = 3`}, first: 3},
		"moved with the order time": {statements: []string{`UPDATE audit_events SET clock_at = clock_at + 1, at = at + 1 WHERE seq = 7`}, first: 7},
		"exchanged": {statements: []string{
			`UPDATE audit_events SET clock_at = (SELECT min(o.clock_at) FROM audit_events o WHERE o.seq = 17 - audit_events.seq) WHERE seq IN (8, 9)`}, first: 8},
		"rewritten as an older event":     {statements: []string{`UPDATE audit_events SET clock_at = NULL, hash = prev_hash WHERE seq = 7`}, first: 7},
		"truncated at the switch":         {statements: []string{`DELETE FROM audit_events WHERE seq > 5`}, first: 6},
		"all rewritten in the old format": {change: func(e *audit.Event) { e.Clock = time.Time{} }},
		"one rewritten in the old format, and all hashes": {change: func(e *audit.Event) {
			if old(e); e.Seq == 8 {
				e.Clock = time.Time{}
			}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			clocked(t, func(t *testing.T, s *store.Store, clock *storetest.Clock) {
				b := &headBed{Store: s, t: t}
				for range 10 {
					clock.Pass(time.Second)
					writeEvents(t, s, 1)
				}
				b.dropTriggers()
				b.rechain(old)
				key := newKey(t)
				b.mustSign(b.signing(key, 0))
				for _, statement := range attack.statements {
					if err := s.Exec(t.Context(), statement); err != nil {
						t.Fatal(err)
					}
				}
				if attack.change != nil {
					b.rechain(attack.change)
				}
				_, err := audit.Verify(t.Context(), s, 2)
				var broken *audit.Broken
				if attack.first != 0 {
					if !errors.As(err, &broken) || broken.Seq != attack.first {
						t.Errorf("verify: %v, want event %d", err, attack.first)
					}
					return
				}
				if err != nil {
					t.Fatalf("the chain by itself: %v", err)
				}
				_, err = b.covered(key)
				if found := errors.As(err, &broken); found != (attack.change != nil) {
					t.Errorf("against the signed head: %v", err)
				}
			})
		})
	}
}

// TestPrune_WaitsUntilTheLogShowsThatTheClockIsRight runs days with an event or none and a pruning each, and
// sets the clock in between. Retention is 40 days.
func TestPrune_WaitsUntilTheLogShowsThatTheClockIsRight(t *testing.T) {
	const day, retention = 24 * time.Hour, 40 * 24 * time.Hour
	type step struct {
		jump, days int  // the clock is set by that many days, then days pass
		idle       bool // without an event of the day
		pruned     int  // how many days of the log are gone after that
		postponed  int  // how many events say that pruning was postponed
	}
	for name, steps := range map[string][]step{
		"a clock that goes on": {{days: 50, pruned: 10}},
		"a clock that jumps by a year and back": {{days: 30}, {jump: 365, days: 3, postponed: 1},
			{jump: -365, days: 20, pruned: 13, postponed: 1}},
		"a clock that jumps by a year and stays": {{days: 30}, {jump: 365, days: 6, postponed: 1}, {days: 2, pruned: 30, postponed: 1}},
		"a clock that jumps by ten years":        {{days: 30}, {jump: 3650, days: 5, postponed: 1}},
		"a clock that jumps to and fro": {{days: 30}, {jump: 365, days: 1, postponed: 1},
			{jump: -365, days: 1, postponed: 1}, {jump: 365, days: 1, postponed: 1}},
		"an installation that nobody uses": {{days: 10}, {days: 36, idle: true, postponed: 1},
			{days: 12, idle: true, pruned: 10, postponed: 2}},
		"a clock that jumps back and is right then": {{days: 30}, {jump: -365, days: 30}},
	} {
		t.Run(name, func(t *testing.T) {
			clocked(t, func(t *testing.T, s *store.Store, clock *storetest.Clock) {
				b := &headBed{Store: s, t: t}
				b.organization()
				log := audit.New(audit.Deps{Store: store.AuditLog(s), Catalogue: access.BuiltIn(), Retention: retention, Now: clock.Now,
					Log: slog.New(slog.DiscardHandler)})
				for i, step := range steps {
					clock.Pass(time.Duration(step.jump) * day)
					for range step.days {
						if !step.idle {
							writeEvents(t, s, 1)
						}
						if err := log.Prune(t.Context()); err != nil {
							t.Fatal(err)
						}
						clock.Pass(day + time.Second)
					}
					state, err := audit.Verify(t.Context(), s, 1)
					if err != nil {
						t.Fatal(err)
					}
					postponed, err := s.Count(t.Context(), `SELECT count(*) FROM audit_events WHERE action = 'postponed'`)
					if err != nil || int(state.Checkpoint.Seq) != step.pruned || postponed != step.postponed {
						t.Errorf("step %d: pruned up to event %d, postponed %d times, %v; want %d and %d", i, state.Checkpoint.Seq, postponed, err,
							step.pruned, step.postponed)
					}
				}
			})
		})
	}
}

func TestPrune_WorksWithTheShortestRetention(t *testing.T) {
	clocked(t, func(t *testing.T, s *store.Store, clock *storetest.Clock) {
		b := &headBed{Store: s, t: t}
		b.organization()
		log := audit.New(audit.Deps{Store: store.AuditLog(s), Catalogue: access.BuiltIn(), Retention: 24 * time.Hour, Now: clock.Now,
			Log: slog.New(slog.DiscardHandler)})
		for range 10 {
			writeEvents(t, s, 1)
			if err := log.Prune(t.Context()); err != nil {
				t.Fatal(err)
			}
			clock.Pass(24*time.Hour + time.Second)
		}
		if n, err := s.Count(t.Context(), `SELECT count(*) FROM audit_events`); err != nil || n > 4 {
			t.Errorf("%d events are left, %v", n, err)
		}
	})
}

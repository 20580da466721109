package store_test

import (
	"errors"
	"path/filepath"
	"testing"
	"time"

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

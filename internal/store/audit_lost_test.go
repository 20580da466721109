package store_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"latchkey/internal/audit"
	"latchkey/internal/fault"
	"latchkey/internal/store"
	"latchkey/internal/store/pgtest"
)

// readings are the ways in which the log is read.
func readings(s *store.Store) map[string]func(context.Context) error {
	acme := audit.Filter{Organization: "acme"}
	return map[string]func(context.Context) error{
		"a page": func(ctx context.Context) error {
			_, err := s.FindEvents(ctx, audit.Query{Filter: acme, Limit: 10, Days: []time.Time{time.Now()}})
			return err
		},
		"a search": func(ctx context.Context) error {
			_, err := s.FindEvents(ctx, audit.Query{Filter: audit.Filter{Organization: "acme", Text: "ada"}, Limit: 10})
			return err
		},
		"an export": func(ctx context.Context) error {
			return s.EachEvent(ctx, audit.Filter{Organization: "acme", From: time.Unix(1, 0)}, func(audit.Event) error { return nil })
		},
		"the head": func(ctx context.Context) error { _, err := s.AuditState(ctx); return err },
		"the log":  func(ctx context.Context) error { _, err := s.EventsAfter(ctx, 0, 10); return err },
	}
}

func TestAuditLog_IsUnavailableWithoutItsServerAndRecovers(t *testing.T) {
	server := pgtest.Start(t)
	s := openURL(t, server.URL(t))
	writeEvents(t, s, 1000)
	seen := 0
	err := s.EachEvent(t.Context(), audit.Filter{Organization: "acme"}, func(audit.Event) error {
		if seen++; seen == 1 {
			server.Stop(t)
		}
		return nil
	})
	if !fault.Is(err, fault.Unavailable) || seen == 1000 {
		t.Errorf("an export that loses the server: %v after %d events", err, seen)
	}
	for name, read := range readings(s) {
		if err := read(t.Context()); !fault.Is(err, fault.Unavailable) {
			t.Errorf("%s: %v, want unavailable", name, err)
		}
	}
	server.Restart(t)
	for name, read := range readings(s) {
		if err := read(t.Context()); err != nil {
			t.Errorf("%s, when the server is back: %v", name, err)
		}
	}
}

// TestAuditLog_SurvivesConnectionsThatBreak ends sessions while others read.
func TestAuditLog_SurvivesConnectionsThatBreak(t *testing.T) {
	url := pgtest.Migrated(t)
	s, other := openURL(t, url), openURL(t, url)
	writeEvents(t, s, 500)
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	var reading sync.WaitGroup
	for name, read := range readings(s) {
		reading.Go(func() {
			for ctx.Err() == nil {
				// The second of two broken connections in a row is an error.
				if err := read(t.Context()); err != nil && !fault.Is(err, fault.Unavailable) {
					t.Errorf("%s: %v", name, err)
					return
				}
			}
		})
	}
	for ctx.Err() == nil {
		textsOrNone(t, other,
			`SELECT pg_terminate_backend(pid)::text FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()`)
		time.Sleep(3 * time.Millisecond)
	}
	reading.Wait()
}

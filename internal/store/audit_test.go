package store_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"latchkey/internal/access"
	"latchkey/internal/actor"
	"latchkey/internal/audit"
	"latchkey/internal/audit/search"
	"latchkey/internal/store"
	"latchkey/internal/store/storetest"
)

func TestAuditLog_OnSQLite(t *testing.T) { storetest.AuditLog(t, openSQLite) }

func TestAuditLog_OnPostgres(t *testing.T) { storetest.AuditLog(t, openPostgres) }

// engines runs a test on both.
func engines(t *testing.T, test func(t *testing.T, s *store.Store)) {
	t.Run("SQLite", func(t *testing.T) { test(t, openSQLite(t)) })
	t.Run("PostgreSQL", func(t *testing.T) { test(t, openPostgres(t)) })
}

// writeEvents appends n events in one transaction.
func writeEvents(t *testing.T, s *store.Store, n int) {
	t.Helper()
	by := actor.Standing{Principal: access.Principal{Kind: access.Member, ID: "ada", Organization: "acme"}, Name: "Ada"}
	err := s.InTx(t.Context(), actor.System(""), func(tx *store.Tx) error {
		var failed error
		for range n {
			failed = errors.Join(failed, tx.AppendEvent(t.Context(),
				audit.Did(by, audit.Created, audit.Target{Type: audit.TargetGroup, ID: "g", Name: "G"})))
		}
		return failed
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestAuditLog_TheDatabaseRefusesToChangeIt(t *testing.T) {
	engines(t, func(t *testing.T, s *store.Store) {
		writeEvents(t, s, 5)
		for _, statement := range []string{
			`UPDATE audit_events SET actor_id = 'eve' WHERE seq = 2`,
			`UPDATE audit_events SET seq = 9 WHERE seq = 5`,
			`DELETE FROM audit_events WHERE seq = 5`,
			`DELETE FROM audit_events WHERE seq = 1`,
			`DELETE FROM audit_events`,
			`INSERT INTO audit_checkpoints (seq, at, hash, signed_by, signed_at) SELECT seq, at, hash, 5, 0 FROM audit_events WHERE seq = 3`,
			`INSERT INTO audit_events SELECT * FROM audit_events WHERE seq = 3`,
			`INSERT INTO audit_checkpoints (seq, at, hash, signed_by, signed_at) SELECT 99, at, hash, 99, 0 FROM audit_events WHERE seq = 3`,
		} {
			if err := s.Exec(t.Context(), statement); err == nil {
				t.Errorf("%s: accepted", statement)
			}
		}
		if _, err := audit.Verify(t.Context(), s, 1); err != nil {
			t.Error(err)
		}
	})
}

// SQLite's REPLACE deletes without asking the triggers about deletion.
func TestAuditLog_CannotBeReplacedOnSQLite(t *testing.T) {
	s := openSQLite(t)
	writeEvents(t, s, 5)
	columns := `id, at, organization_id, workspace_id, actor_type, 'eve', actor_name, actor_email, token_id, action, target_type, target_id,
		target_name, ip, user_agent, request_id, before_state, after_state, prev_hash, hash, clock_at FROM audit_events WHERE seq = 2`
	for _, statement := range []string{
		`INSERT OR REPLACE INTO audit_events SELECT 2, ` + columns,
		`REPLACE INTO audit_events SELECT 6, ` + columns, // takes the id of event 2
		`UPDATE OR REPLACE audit_events SET seq = 2 WHERE seq = 3`,
		`INSERT INTO audit_events SELECT 2, 'new' || ` + columns + ` ON CONFLICT (seq) DO UPDATE SET actor_id = excluded.actor_id`,
	} {
		if err := s.Exec(t.Context(), statement); err == nil {
			t.Errorf("%s: accepted", statement)
		}
	}
	if _, err := audit.Verify(t.Context(), s, 1); err != nil {
		t.Error(err)
	}
}

func TestAuditLog_DeletesOnlyUpToTheCheckpoint(t *testing.T) {
	engines(t, func(t *testing.T, s *store.Store) {
		writeEvents(t, s, 5)
		log, err := s.EventsAfter(t.Context(), 0, 10)
		if err != nil {
			t.Fatal(err)
		}
		err = s.InTx(t.Context(), actor.System(""), func(tx *store.Tx) error {
			e := audit.Did(actor.OfSystem("acme"), audit.Pruned, audit.Target{Type: audit.TargetAuditLog})
			return errors.Join(tx.AppendEvent(t.Context(), e),
				tx.Prune(t.Context(), audit.Checkpoint{Anchor: audit.Anchor{Seq: 3, Hash: log[2].Hash}, Time: log[2].Time}))
		})
		if err != nil {
			t.Fatal(err)
		}
		for _, statement := range []string{`DELETE FROM audit_events WHERE seq = 4`, `DELETE FROM audit_events`,
			`DELETE FROM audit_checkpoints`, `UPDATE audit_checkpoints SET seq = 5`} {
			if err := s.Exec(t.Context(), statement); err == nil {
				t.Errorf("%s: accepted", statement)
			}
		}
		if err := s.Exec(t.Context(), `DELETE FROM audit_events WHERE seq <= 3`); err != nil {
			t.Errorf("up to the checkpoint: %v", err)
		}
	})
}

// TestVerify_FindsWhatIsDoneBehindTheServersBack takes the triggers away, as somebody with the
// file can, and tampers.
func TestVerify_FindsWhatIsDoneBehindTheServersBack(t *testing.T) {
	for name, tamper := range map[string]struct {
		statements string
		first      int64
	}{
		"edited":    {`UPDATE audit_events SET actor_name = 'Eve' WHERE seq = 7`, 7},
		"removed":   {`DELETE FROM audit_events WHERE seq = 7`, 7},
		"reordered": {`UPDATE audit_events SET seq = 99 WHERE seq = 7; UPDATE audit_events SET seq = 7 WHERE seq = 8; UPDATE audit_events SET seq = 8 WHERE seq = 99`, 7},
		"truncated": {`DELETE FROM audit_events WHERE seq > 15`, 16},
		"beheaded":  {`DELETE FROM audit_events WHERE seq < 5`, 1},
		"added":     {`INSERT INTO audit_events SELECT 21, 'new', at, organization_id, workspace_id, actor_type, actor_id, actor_name, actor_email, token_id, action, target_type, target_id, target_name, ip, user_agent, request_id, before_state, after_state, hash, hash, clock_at FROM audit_events WHERE seq = 20; UPDATE audit_head SET seq = 21`, 21},
	} {
		t.Run(name, func(t *testing.T) {
			s := openSQLite(t)
			writeEvents(t, s, 20)
			for _, statement := range append([]string{`DROP TRIGGER audit_events_no_update`,
				`DROP TRIGGER audit_events_no_delete`}, strings.Split(tamper.statements, ";")...) {
				if err := s.Exec(t.Context(), statement); err != nil {
					t.Fatal(err)
				}
			}
			var b *audit.Broken
			if _, err := audit.Verify(t.Context(), s, 2); !errors.As(err, &b) || b.Seq != tamper.first {
				t.Errorf("verify: %v, want event %d", err, tamper.first)
			}
		})
	}
}

func TestCompare_FindsATruncationThatHidesItself(t *testing.T) {
	s := openSQLite(t)
	writeEvents(t, s, 20)
	var file strings.Builder
	head, err := audit.WriteFile(t.Context(), s, &file, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, statement := range []string{`DROP TRIGGER audit_events_no_delete`, `DELETE FROM audit_events WHERE seq > 15`,
		`UPDATE audit_head SET seq = 15, hash = (SELECT hash FROM audit_events WHERE seq = 15)`} {
		if err := s.Exec(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := audit.Verify(t.Context(), s, 1); err != nil {
		t.Fatalf("by itself nothing shows: %v", err)
	}
	writeEvents(t, s, 10)
	var b *audit.Broken
	if err := audit.Compare(t.Context(), s, head); !errors.As(err, &b) || b.Seq != 20 {
		t.Errorf("against the exported head: %v, want event 20", err)
	}
}

func TestAppendEvent_TimesGrowFromTransactionToTransaction(t *testing.T) {
	now := time.Date(2026, 3, 4, 10, 0, 0, 0, time.UTC)
	s, err := store.Open(t.Context(), store.Options{Path: filepath.Join(t.TempDir(), "latchkey.db"), Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}()
	start := now
	for _, step := range []time.Duration{0, 0, time.Second, -time.Hour, 0, 2 * time.Hour} {
		now = now.Add(step)
		writeEvents(t, s, 1)
	}
	writeEvents(t, s, 2)
	log, err := s.EventsAfter(context.Background(), 0, 10)
	if err != nil {
		t.Fatal(err)
	}
	var got []time.Duration
	for _, e := range log {
		got = append(got, e.Time.Sub(start))
	}
	want := []time.Duration{0, time.Millisecond, time.Second, time.Second + time.Millisecond, time.Second +
		2*time.Millisecond, time.Hour + time.Second}
	if !log[6].Time.Equal(log[7].Time) {
		t.Errorf("two events of one transaction are at %v and %v", log[6].Time, log[7].Time)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Fatalf("times %v, want %v", got, want)
		}
	}
}

// found returns how many events of the organization a search for a word finds.
func found(t *testing.T, s *store.Store, word string) int {
	t.Helper()
	page, err := s.FindEvents(t.Context(), audit.Query{Filter: audit.Filter{Organization: "acme", Text: word}, Limit: 1})
	if err != nil {
		t.Fatal(err)
	}
	return page.Total
}

// index indexes all that is to be indexed.
func index(t *testing.T, s *store.Store) {
	t.Helper()
	for done, err := false, error(nil); !done; {
		if done, err = s.IndexEvents(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}

// TestIndexEvents_GoesOnFromBlockToBlock writes the events with SQL, which is quicker. Their chain
// does not hold.
func TestIndexEvents_GoesOnFromBlockToBlock(t *testing.T) {
	s := openSQLite(t)
	written := 0
	write := func(n int) {
		t.Helper()
		written += n
		for _, statement := range []string{
			fmt.Sprintf(`WITH RECURSIVE n(i) AS (SELECT %d UNION ALL SELECT i + 1 FROM n WHERE i < %d)
				INSERT INTO audit_events (seq, id, at, organization_id, actor_type, actor_id, actor_name, action, target_type, target_id, target_name, prev_hash, hash)
				SELECT i, i, i, 'acme', 'user', 'ada', 'Ada', 'created', 'group', 'g', 'G' || i, x'00', x'00' FROM n`, written-n+1, written),
			fmt.Sprint(`UPDATE audit_head SET seq = `, written),
		} {
			if err := s.Exec(t.Context(), statement); err != nil {
				t.Fatal(err)
			}
		}
	}
	for written < 3*search.BlockSize/2 {
		write(search.BlockSize / 3)
		index(t, s)
		write(10)
		if n := found(t, s, "ada"); n != written {
			t.Fatalf("%d of %d are found", n, written)
		}
		if n := found(t, s, fmt.Sprint("g", written-15)); n != 1 {
			t.Errorf("%d are found of one", n)
		}
	}
	if n, err := s.Count(t.Context(), `SELECT count(*) FROM audit_blocks`); err != nil || n != 2 {
		t.Errorf("%d blocks, %v", n, err)
	}
	if err := s.CheckIndex(t.Context()); err != nil {
		t.Error(err)
	}
}

// TestIndexEvents_MayBeInterruptedOrRunTwice takes away what ends a step, so that its rows are
// there and do not count, and lets two nodes index while events are written.
func TestIndexEvents_MayBeInterruptedOrRunTwice(t *testing.T) {
	engines(t, func(t *testing.T, s *store.Store) {
		writeEvents(t, s, search.MinStep)
		index(t, s)
		writeEvents(t, s, search.MinStep)
		index(t, s)
		if err := s.Exec(t.Context(), fmt.Sprint(`UPDATE audit_blocks SET high = `, search.MinStep)); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if n := found(t, s, "ada"); n != 2*search.MinStep {
				t.Errorf("%d are found", n)
			}
			var nodes sync.WaitGroup
			for range 2 {
				nodes.Go(func() { index(t, s) })
			}
			nodes.Wait()
		}
		if err := s.CheckIndex(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

// TestDropPruned_LetsABlockBeIndexedAnewMeanwhile prunes a part of a block, which is then indexed
// anew before all events are deleted.
func TestDropPruned_LetsABlockBeIndexedAnewMeanwhile(t *testing.T) {
	const pruned, left = 3000, 1500
	s := openSQLite(t)
	err := s.InTx(t.Context(), actor.System(""), func(tx *store.Tx) error {
		return tx.AppendEvent(t.Context(), audit.Did(actor.OfSystem("acme"), audit.Created,
			audit.Target{Type: audit.TargetGroup, Name: "Zaphod"}))
	})
	if err != nil {
		t.Fatal(err)
	}
	writeEvents(t, s, pruned+left-2)
	index(t, s)
	last, err := s.EventsAfter(t.Context(), pruned-1, 1)
	if err != nil {
		t.Fatal(err)
	}
	err = s.InTx(t.Context(), actor.System(""), func(tx *store.Tx) error {
		e := audit.Did(actor.OfSystem("acme"), audit.Pruned, audit.Target{Type: audit.TargetAuditLog, Name: "Ada"})
		return errors.Join(tx.AppendEvent(t.Context(), e),
			tx.Prune(t.Context(), audit.Checkpoint{Anchor: audit.Anchor{Seq: pruned, Hash: last[0].Hash}, Time: last[0].Time}))
	})
	if err != nil {
		t.Fatal(err)
	}
	check := func(when string) {
		t.Helper()
		if n := found(t, s, "ada"); n != left {
			t.Errorf("%s: %d are found, want %d", when, n, left)
		}
		if err := s.CheckIndex(t.Context()); err != nil {
			t.Errorf("%s: %v", when, err)
		}
	}
	check("before")
	for done := false; !done; {
		if done, err = s.DropPruned(t.Context()); err != nil {
			t.Fatal(err)
		}
		check("while events are deleted")
		index(t, s)
		check("indexed anew")
	}
	if n, err := s.Count(t.Context(), `SELECT count(*) FROM audit_index WHERE term LIKE '%zaphod%'`); err != nil || n != 0 {
		t.Errorf("%d rows name what was pruned, %v", n, err)
	}
	if n, err := s.Count(t.Context(), fmt.Sprint(`SELECT count(*) FROM audit_blocks WHERE low = `, pruned+1,
		` AND high = `, pruned+left)); err != nil || n != 1 {
		t.Errorf("%d ranges, %v", n, err)
	}
}

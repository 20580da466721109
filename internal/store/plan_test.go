package store

import (
	"strings"
	"testing"

	"latchkey/internal/token"
)

// PostgreSQL plans by statistics, which expressions hide from it: a page of the inventory took it 20 seconds.
func TestUnhinted_GivesPostgreSQLTheColumns(t *testing.T) {
	s := openWithResources(t)
	c, err := s.choose(t.Context(), "o1", token.Filter{State: token.Suspended}, s.Now())
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(c.text(), `|| ''`) || s.unhinted(c.text()) != c.text() {
		t.Errorf("SQLite gets %s", s.unhinted(c.text()))
	}
	q := queries{postgres: true}
	if got := q.unhinted(c.text() + ` AND t.expires_at + 0 > $3`); strings.Contains(got, `|| ''`) || strings.Contains(got, `+ 0`) {
		t.Errorf("PostgreSQL gets %s", got)
	}
}

// What undoes a statement must not be in files, which each generated token would make and delete.
func TestOpen_KeepsInMemoryWhatUndoesAStatement(t *testing.T) {
	s := openWithResources(t)
	const memory = 2
	for _, after := range []string{"opening", "overwriting"} {
		var got int
		if err := s.write.QueryRowContext(t.Context(), `PRAGMA temp_store`).Scan(&got); err != nil || got != memory {
			t.Errorf("after %s: temp_store %d, %v", after, got, err)
		}
		if err := s.Overwrite(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}

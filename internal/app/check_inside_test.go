package app

import (
	"database/sql"
	"path/filepath"
	"strings"
	"testing"

	"latchkey/internal/config"
)

func TestCheckDatabase_SaysInOneLineWhatIsDamaged(t *testing.T) {
	folder, log := t.TempDir(), &strings.Builder{}
	a, err := New(t.Context(), config.Config{Addr: "127.0.0.1:0", Data: folder, LogLevel: "info", LogFormat: "text", MakeAuditKey: true},
		Options{Log: log})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = a.Close() })
	check := func(want string, findings int) {
		t.Helper()
		log.Reset()
		if err := a.checkDatabase(t.Context()); err != nil {
			t.Fatal(err)
		}
		if at, n := a.checked.get(); n != findings || at.IsZero() || !strings.Contains(log.String(), want) ||
			strings.Count(log.String(), "\n") != 1 {
			t.Errorf("%d findings at %v, and the log says %s", n, at, log)
		}
	}
	check("level=INFO msg=\"the database was checked", 0)
	db, err := sql.Open("sqlite", filepath.Join(folder, "latchkey.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.ExecContext(t.Context(),
		`INSERT INTO token_uses VALUES ('aaaaaaaaaaaaaaaaaaaaaaaaaaa', 1800000000000, '[]')`); err != nil {
		t.Fatal(err)
	}
	check("level=ERROR msg=\"the database is damaged, or was changed without Latchkey; run \\\"latchkey check\\\"\" findings=1 first=\"token_use:", 1)
}

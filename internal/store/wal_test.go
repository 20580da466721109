package store_test

import (
	"bytes"
	"database/sql"
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"latchkey/internal/access"
	"latchkey/internal/actor"
	"latchkey/internal/audit"
	"latchkey/internal/store"
)

const megabyte = 1 << 20

// walStore returns a store and its file.
func walStore(t *testing.T) (*store.Store, string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "latchkey.db")
	s, err := store.Open(t.Context(), store.Options{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s, path
}

// writeMegabytes appends events of a megabyte each, in transactions of their own.
func writeMegabytes(t *testing.T, s *store.Store, events int) {
	t.Helper()
	by := actor.Standing{Principal: access.Principal{Kind: access.Member, ID: "ada", Organization: "acme"}, Name: "Ada"}
	big := `{"name":"` + strings.Repeat("x", megabyte) + `"}`
	for range events {
		err := s.InTx(t.Context(), actor.System(""), func(tx *store.Tx) error {
			e := audit.Did(by, audit.Created, audit.Target{Type: audit.TargetGroup, ID: "g", Name: "G"})
			return tx.AppendEvent(t.Context(), e.Changed("", big))
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// stuck is a client that reads a little, and no more until it is let go.
type stuck struct {
	bytes.Buffer
	begun, let chan struct{}
}

func (w *stuck) Write(p []byte) (int, error) {
	if w.Len() == 0 {
		close(w.begun)
		<-w.let
	}
	return w.Buffer.Write(p)
}

func TestWAL_StaysSmallWhileAnExportHangs(t *testing.T) {
	const before, written, most = 1000, 40, 12 * megabyte
	page := func(s *store.Store, w *stuck) (audit.Anchor, error) {
		return audit.Anchor{}, store.AuditLog(s).EachEvent(t.Context(), audit.Filter{Organization: "acme"}, func(e audit.Event) error {
			_, err := w.Write([]byte(e.ID))
			return err
		})
	}
	for name, export := range map[string]func(s *store.Store, w *stuck) (audit.Anchor, error){
		"audit export": func(s *store.Store, w *stuck) (audit.Anchor, error) { return audit.WriteFile(t.Context(), s, w, nil) },
		"the page":     page,
	} {
		t.Run(name, func(t *testing.T) {
			s, _ := walStore(t)
			writeEvents(t, s, before)
			w, ended := &stuck{begun: make(chan struct{}), let: make(chan struct{})}, make(chan error)
			var head audit.Anchor
			go func() {
				var err error
				head, err = export(s, w)
				ended <- err
			}()
			<-w.begun
			writeMegabytes(t, s, written)
			if size, ok := s.WALSize(); !ok || size > most {
				t.Errorf("%d MB were written, and the log has %d MB", written, size/megabyte)
			}
			close(w.let)
			if err := <-ended; err != nil {
				t.Fatal(err)
			}
			if name == "the page" {
				return
			}
			v, err := audit.VerifyFile(&w.Buffer, head)
			if err != nil || !v.SeekFound || head.Seq != before {
				t.Errorf("the file ends with %d: %v", v.Head.Seq, err)
			}
		})
	}
}

func TestWAL_IsCutWhenItsReaderIsGone(t *testing.T) {
	const written = 24
	s, path := walStore(t)
	db, err := sql.Open("sqlite", "file:"+path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	reader, err := db.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := reader.QueryRowContext(t.Context(), `SELECT count(*) FROM audit_events`).Scan(new(int)); err != nil {
		t.Fatal(err)
	}
	writeMegabytes(t, s, written)
	if size, err := s.TrimWAL(t.Context()); err != nil || size < written*megabyte {
		t.Errorf("while somebody reads: %d bytes, %v", size, err)
	}
	if err := errors.Join(reader.Rollback(), db.Close()); err != nil {
		t.Fatal(err)
	}
	for range 2 { // SQLite cuts it by itself too, but only down to a limit
		writeMegabytes(t, s, 5)
	}
	if size, _ := s.WALSize(); size > written*megabyte*3/4 {
		t.Errorf("after further writes: %d MB", size/megabyte)
	}
	if size, err := s.TrimWAL(t.Context()); err != nil || size != 0 {
		t.Errorf("when nobody reads: %d bytes, %v", size, err)
	}
}

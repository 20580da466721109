package store

import (
	"context"
	"database/sql"
	"errors"
	"net/url"
	"os"
	"strconv"
	"time"
)

// SQLite writes changes to a file beside the database first, the write-ahead log. It moves them to
// the database (a checkpoint) up to what the oldest reader may still need, and starts the log again
// when no reader needs it any more. So a program that reads in one transaction for minutes makes the
// log grow with all that is written meanwhile. The file does not become smaller by itself.
const (
	// walKept is the size to which SQLite cuts the log when it starts it again.
	walKept = 16 << 20
	// walTrimmed is the size from which on [Store.TrimWAL] cuts it: about twice of what it usually has.
	walTrimmed = 8 << 20
	// trimWait is how long that waits for readers. Writers wait meanwhile.
	trimWait = 100 * time.Millisecond
)

// WALSize returns the size of SQLite's write-ahead log in bytes. PostgreSQL's is not the store's
// business: ok is false.
func (s *Store) WALSize() (size int64, ok bool) {
	d, ok := s.dialect.(*sqliteDialect)
	if !ok {
		return 0, false
	}
	file, err := os.Stat(d.path + "-wal")
	if err != nil {
		return 0, true // there is none yet
	}
	return file.Size(), true
}

// TrimWAL empties a large write-ahead log of SQLite, and returns its size after that. It does not
// wait long for readers who need it: the caller tries again later.
func (s *Store) TrimWAL(ctx context.Context) (size int64, err error) {
	size, ok := s.WALSize()
	if !ok || size < walTrimmed {
		return size, nil
	}
	db, err := sql.Open("sqlite", s.dialect.(*sqliteDialect).uri(url.Values{"mode": {"rw"},
		"_pragma": {"busy_timeout(" + strconv.FormatInt(trimWait.Milliseconds(), 10) + ")", "synchronous(FULL)", readerCache}}))
	if err != nil {
		return size, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	db.SetMaxOpenConns(1)
	// The first one does most of the work, and nobody waits for it.
	for _, mode := range []string{"PASSIVE", "TRUNCATE"} {
		var busy, frames, moved int
		if err := db.QueryRowContext(ctx, `PRAGMA wal_checkpoint(`+mode+`)`).Scan(&busy, &frames, &moved); err != nil {
			return size, s.dialect.translate(err)
		}
	}
	size, _ = s.WALSize()
	return size, nil
}

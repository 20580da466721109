package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"latchkey/internal/actor"
)

// Backup writes a consistent copy of the SQLite file at from to a new file, even while a server
// is using it. When Backup returns, the copy is checked and synced to disk. It is readable by its
// owner only. Backup does not overwrite an existing file.
//
// It is one reader for as long as it copies, because a backup must be of one moment: SQLite's interface
// that copies in steps begins again whenever another program writes. The write-ahead log grows
// meanwhile; see wal.go.
func Backup(ctx context.Context, from, to string) (err error) {
	if err := Present(from); err != nil {
		return err
	}
	file, err := os.OpenFile(to, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("cannot write the backup: %w", err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(to))
		}
	}()
	defer func() { err = errors.Join(err, file.Close()) }()
	db, err := sql.Open("sqlite", (&sqliteDialect{path: from}).dsn())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	if _, err := db.ExecContext(ctx, `VACUUM INTO $1`, to); err != nil {
		return fmt.Errorf("copy the database: %w", err)
	}
	return errors.Join(sound(ctx, to), file.Sync())
}

// Restore copies a backup to the SQLite file at to, which must not exist yet, without the sessions:
// those that were signed out since the backup must not work again. It checks the pages of the
// backup, and that its schema is not newer than this program's. Meanwhile it locks the
// folder ([ErrInUse]). If it fails, it leaves only the lock file.
func Restore(ctx context.Context, from, to string) (err error) {
	release, err := lockFolder(filepath.Dir(to))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, release()) }()
	for _, name := range []string{to, to + "-wal", to + "-shm"} {
		if _, err := os.Lstat(name); !errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("%s already exists; move it away first: %w", name, errors.Join(err, os.ErrExist))
		}
	}
	if err := sound(ctx, from); err != nil {
		return err
	}
	arriving := filepath.Join(filepath.Dir(to), ".restoring-"+filepath.Base(to))
	if err := copyFile(from, arriving); err != nil {
		return errors.Join(fmt.Errorf("copy the backup: %w", err), os.RemoveAll(arriving))
	}
	s, err := openClaimed(ctx, &sqliteDialect{path: arriving}, nil)
	if err == nil {
		err = errors.Join(s.endAllSignIns(ctx), s.Close())
	}
	if err == nil {
		err = os.Rename(arriving, to)
	}
	if err != nil {
		return errors.Join(err, os.RemoveAll(arriving), os.RemoveAll(arriving+"-wal"), os.RemoveAll(arriving+"-shm"))
	}
	return nil
}

// signInTables lists the tables whose rows let somebody in, or nearly. The documents tell operators of PostgreSQL to delete the
// same after a restore.
var signInTables = []string{"sessions", "recoveries", "pending_sign_ins", "passkey_challenges"}

// endAllSignIns deletes the sessions of everybody, and the links that set a password.
func (s *Store) endAllSignIns(ctx context.Context) error {
	return s.InTx(ctx, actor.System(""), func(tx *Tx) error {
		for _, table := range signInTables {
			if _, err := tx.exec(ctx, `DELETE FROM `+table); err != nil {
				return err
			}
		}
		return nil
	})
}

// sound checks every page of a SQLite file, and that it is a Latchkey database.
func sound(ctx context.Context, path string) (err error) {
	if _, err := os.Stat(path); err != nil {
		return err
	}
	// Use immutable, because nobody writes the file and no file may appear beside it.
	db, err := sql.Open("sqlite", "file:"+path+"?mode=ro&immutable=1")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	var verdict string
	if err := db.QueryRowContext(ctx, `PRAGMA integrity_check(1)`).Scan(&verdict); err != nil {
		return fmt.Errorf("%s is not a database: %w", path, err)
	}
	if verdict != "ok" {
		return fmt.Errorf("%s is damaged: %s", path, verdict)
	}
	if err := db.QueryRowContext(ctx, `SELECT count(*) FROM goose_db_version`).Scan(new(int)); err != nil {
		return fmt.Errorf("%s is not a database of Latchkey: %w", path, err)
	}
	return nil
}

func copyFile(from, to string) (err error) {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, out.Close()) }()
	if _, err := io.Copy(out, in); err != nil {
		return err
	}
	return out.Sync()
}

// KeyOfFile returns the id of the key with which the secrets in a SQLite file are sealed, without
// changing the file; "" if it has none, as before the first start of a version that seals.
func KeyOfFile(ctx context.Context, path string) (id string, err error) {
	db, err := (&sqliteDialect{path: path}).readers(immutable())
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	q := &queries{db: db}
	n, err := q.number(ctx, `SELECT count(*) FROM sqlite_schema WHERE name = 'sealing'`)
	if err != nil || n == 0 {
		return "", err
	}
	return q.SealingKey(ctx)
}

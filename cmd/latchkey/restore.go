package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"latchkey/internal/app"
	"latchkey/internal/config"
	"latchkey/internal/plaintext"
	"latchkey/internal/store"
	"latchkey/internal/witness"
)

// restore is what restoring a backup takes.
type restore struct{ file, data string }

func newRestore() *command {
	const about = `Stop a server that uses the data folder first, and move latchkey.db, latchkey.db-wal and
latchkey.db-shm out of it. Everybody is signed out. Everything else is as it was at the time of the backup:
delete again the members, invitations and tokens that were deleted since.`
	r := restore{data: defaultData}
	c := newCommand("restore", "Restore a backup of the SQLite database.", about)
	c.argument(existing(&r.file, "FILE"), "Backup to restore.")
	dataFlag(c, &r.data, "Folder for the database; it must not contain one.")
	return c.runs(func(ctx context.Context) error { return r.run(ctx) })
}

// run restores a backup into a folder that has no SQLite database. It overwrites nothing.
func (r restore) run(ctx context.Context) error {
	if err := os.MkdirAll(r.data, 0o700); err != nil {
		return err
	}
	path := filepath.Join(r.data, "latchkey.db")
	if err := store.Restore(ctx, r.file, path); err != nil {
		return err
	}
	// The restored log may end before the head that was signed last.
	aside, err := witness.MemoryOf(config.Config{Data: r.data}.AuditKey()).SetAside(time.Now())
	if err != nil {
		return err
	}
	if aside != "" {
		fmt.Printf("The newest signed head of the audit log before the restore is kept in %s\n", plaintext.Visible(aside))
	}
	fmt.Printf("The backup is restored and checked, and everybody is signed out: %s\n", plaintext.Visible(path))
	return r.sayKey(ctx, path)
}

// sayKey says which key the restored database needs, unless its file is there.
func (r restore) sayKey(ctx context.Context, path string) error {
	key, err := store.KeyOfFile(ctx, path)
	if err != nil || key == "" {
		return err
	}
	file := config.Config{Data: r.data}.KeyFile()
	if ring, err := app.ReadKeyFile(file); err == nil {
		if _, has := ring.Key(key); has {
			return nil
		}
	}
	_, err = fmt.Printf("Secrets of resources in it are sealed with the key %s. Put the secret key file that has this key at %s before you start the server.\n",
		key, file)
	return err
}

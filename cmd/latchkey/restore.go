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

type restoreCmd struct {
	File string `arg:"" type:"existingfile" help:"Backup to restore."`
	Data string `help:"Folder for the database; it must not contain one." env:"LATCHKEY_DATA" default:"data" placeholder:"DIR"`
}

// Help says what to do first.
func (restoreCmd) Help() string {
	return `Stop a server that uses the data folder first, and move latchkey.db, latchkey.db-wal and latchkey.db-shm out of it.
Everybody is signed out. Everything else is as it was at the time of the backup: delete again the members, invitations
and tokens that were deleted since.`
}

// Run restores a backup into a folder that has no SQLite database. It overwrites nothing.
func (r restoreCmd) Run(ctx context.Context) error {
	if err := os.MkdirAll(r.Data, 0o700); err != nil {
		return err
	}
	path := filepath.Join(r.Data, "latchkey.db")
	if err := store.Restore(ctx, r.File, path); err != nil {
		return err
	}
	// The restored log may end before the head that was signed last.
	aside, err := witness.MemoryOf(config.Config{Data: r.Data}.AuditKey()).SetAside(time.Now())
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
func (r restoreCmd) sayKey(ctx context.Context, path string) error {
	key, err := store.KeyOfFile(ctx, path)
	if err != nil || key == "" {
		return err
	}
	file := config.Config{Data: r.Data}.KeyFile()
	if ring, err := app.ReadKeyFile(file); err == nil {
		if _, has := ring.Key(key); has {
			return nil
		}
	}
	_, err = fmt.Printf("Secrets of resources in it are sealed with the key %s. Put the secret key file that has this key at %s before you start the server.\n",
		key, file)
	return err
}

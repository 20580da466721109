package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"latchkey/internal/store"
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
	_, err := fmt.Printf("The backup is restored and checked, and everybody is signed out: %s\n", path)
	return err
}

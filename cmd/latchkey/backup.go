package main

import (
	"context"
	"fmt"
	"path/filepath"

	"latchkey/internal/config"
	"latchkey/internal/plaintext"
	"latchkey/internal/store"
)

// backup is what one backup takes.
type backup struct{ file, data string }

func newBackup() *command {
	b := backup{data: defaultData}
	c := newCommand("backup", "Copy the SQLite database, without key files, to a file while it is in use.", "")
	c.argument(text(&b.file, "FILE"), "New file to write.")
	dataFlag(c, &b.data, "Folder of the database.")
	return c.runs(func(ctx context.Context) error { return b.run(ctx) })
}

// run copies the SQLite database, which a server may be using. PostgreSQL has its own tools:
// pg_dump, or base backups with the write-ahead log.
func (b backup) run(ctx context.Context) error {
	if err := store.Backup(ctx, filepath.Join(b.data, "latchkey.db"), b.file); err != nil {
		return err
	}
	key, err := store.KeyOfFile(ctx, b.file)
	if err != nil {
		return err
	}
	fmt.Printf("The backup is complete and checked: %s\n", plaintext.Visible(b.file))
	if key != "" {
		fmt.Printf("Secrets of resources in it are sealed with the key %s, which is not in the backup.\n"+
			"Keep a copy of the secret key file (%s unless configured otherwise) in another place: without it they are lost.\n",
			key, config.Config{Data: b.data}.KeyFile())
	}
	return nil
}

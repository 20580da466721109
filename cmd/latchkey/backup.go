package main

import (
	"context"
	"fmt"
	"path/filepath"

	"latchkey/internal/config"
	"latchkey/internal/plaintext"
	"latchkey/internal/store"
)

type backupCmd struct {
	File string `arg:"" help:"New file to write."`
	Data string `help:"Folder of the database." env:"LATCHKEY_DATA" default:"data" placeholder:"DIR"`
}

// Run copies the SQLite database, which a server may be using. PostgreSQL has its own tools:
// pg_dump, or base backups with the write-ahead log.
func (b backupCmd) Run(ctx context.Context) error {
	if err := store.Backup(ctx, filepath.Join(b.Data, "latchkey.db"), b.File); err != nil {
		return err
	}
	key, err := store.KeyOfFile(ctx, b.File)
	if err != nil {
		return err
	}
	fmt.Printf("The backup is complete and checked: %s\n", plaintext.Visible(b.File))
	if key != "" {
		fmt.Printf("Secrets of resources in it are sealed with the key %s, which is not in the backup.\n"+
			"Keep a copy of the secret key file (%s unless configured otherwise) in another place: without it they are lost.\n",
			key, config.Config{Data: b.Data}.KeyFile())
	}
	return nil
}

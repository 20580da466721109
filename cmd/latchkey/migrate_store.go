package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"latchkey/internal/config"
	"latchkey/internal/plaintext"
	"latchkey/internal/store"
)

// storeMove is what moving to PostgreSQL takes.
type storeMove struct{ from, to string }

func newMigrateStore() *command {
	var m storeMove
	c := newCommand("migrate-store", "Copy everything from a SQLite file to PostgreSQL.", "")
	c.flag(existing(&m.from, "FILE"), "from",
		"SQLite file to copy, usually data/latchkey.db. Stop the server that uses its folder first.").require()
	c.flag(text(&m.to, "URL"), "to",
		"Empty PostgreSQL database: postgres://user:password@host/name.").variable("LATCHKEY_DATABASE_URL").require()
	return c.runs(func(ctx context.Context) error { return m.run(ctx) })
}

// run copies everything from a SQLite file to PostgreSQL, in one transaction that it commits
// only if the audit log's chain holds. After a failure, run it again.
func (m storeMove) run(ctx context.Context) error {
	done, err := store.Transfer(ctx, m.from, m.to)
	if err != nil {
		return err
	}
	for _, t := range done.Tables {
		fmt.Fprintf(os.Stdout, "%10d  %s\n", t.Rows, t.Table)
	}
	source := config.Config{Data: filepath.Dir(m.from)}
	if done.Key != "" {
		fmt.Printf("Secrets of resources are sealed with the key %s: start each server with --secret-key-file and a copy of its file"+
			" (%s unless configured otherwise).\n", done.Key, plaintext.Visible(source.KeyFile()))
	}
	if done.Signer != "" {
		fmt.Printf("The audit log is signed with the key %s: start each server with --audit-key-file and a copy of its file"+
			" (%s unless configured otherwise), with a copy of %[2]s.head beside it. Without them nothing is signed from now on.\n",
			done.Signer, plaintext.Visible(source.AuditKey()))
	}
	_, err = fmt.Printf("Everything was copied. The audit log's chain holds up to event %d, hash %x.\n",
		done.Audit.Head.Seq, done.Audit.Head.Hash)
	return err
}

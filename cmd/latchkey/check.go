package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"latchkey/internal/app"
	"latchkey/internal/audit"
	"latchkey/internal/plaintext"
	"latchkey/internal/registry"
	"latchkey/internal/store"
	"latchkey/internal/witness"
)

// check is what one check takes.
type check struct {
	auditSource
	json bool
}

func newCheck() *command {
	const about = `Checks the pages and indexes of the database, the chain and the signed heads of the audit log, its
search index, every value of every row, what rows refer to, policies and tokens against the audit log, and,
with the key, sealed secrets. On PostgreSQL, pages are checked if the extension amcheck is there.

Prints one line for each finding and exits with status 1 if there is any. It only reads and can run beside a
server, or on a read-only copy of its data folder. A changed letter in a name that nothing else repeats is
not found: SQLite has no checksums.`
	var k check
	c := newCommand("check", "Look for damage in the database.", about)
	k.flags(c)
	c.flag(text(&k.SecretKeyFile, "FILE"), "secret-key-file",
		"Key that seals secrets of resources. Without it: secret.key in the data folder, if it can be read.").variable("LATCHKEY_SECRET_KEY_FILE")
	c.flag(yesNo(&k.json), "json", "Print the findings as a JSON array.")
	return c.runs(func(ctx context.Context) error { return k.run(ctx) })
}

// run checks the database and prints what it found.
func (c check) run(ctx context.Context) (err error) {
	st, err := c.open(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, st.Close()) }()
	o := store.CheckOptions{}
	if o.Trust, err = c.ownTrust(); err != nil {
		return err
	}
	if o.Sealed, err = c.sealed(); err != nil {
		return err
	}
	findings, err := st.Check(ctx, o)
	if err != nil {
		return err
	}
	if err := c.print(findings); err != nil {
		return err
	}
	if len(findings) > 0 {
		return errors.New("the database is damaged, or was changed without Latchkey")
	}
	return nil
}

// print prints the findings.
func (c check) print(findings []store.Finding) error {
	if c.json {
		if findings == nil {
			findings = []store.Finding{}
		}
		return json.NewEncoder(os.Stdout).Encode(findings)
	}
	for _, f := range findings {
		fmt.Println(plaintext.Visible(f.Rule + ": " + f.Text))
	}
	if len(findings) == 0 {
		fmt.Println("The database is as it should be.")
	}
	return nil
}

// sealed returns what opens sealed values, or nil without the key.
func (c check) sealed() (*registry.Secrets, error) {
	path := c.KeyFile()
	if path == "" {
		return nil, nil
	}
	ring, err := app.ReadKeyFile(path)
	if c.SecretKeyFile == "" && (errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission)) {
		return nil, nil
	}
	return &registry.Secrets{Keys: ring}, err
}

// ownTrust returns the key beside the database, if it is there, and the head that it signed last on
// this machine.
func (s auditSource) ownTrust() (t audit.Trust, err error) {
	key, found, err := s.key()
	if err != nil || !found {
		return t, err
	}
	t.Keys = append(t.Keys, key.Public())
	if h, kept, err := witness.MemoryOf(s.AuditKey()).Last(); err == nil && kept {
		t.Heads = append(t.Heads, h)
	}
	return t, nil
}

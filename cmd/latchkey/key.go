package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"latchkey/internal/app"
	"latchkey/internal/config"
	"latchkey/internal/store"
)

// newKey returns the commands that make and change the key that seals the secrets of resources. The
// key that signs the audit log is another one.
func newKey() *command {
	const about = `Secrets in the configuration of resources, such as passwords, are stored sealed with a key
that is not in the database. On SQLite the server makes the file secret.key in its data folder. On PostgreSQL,
make the file once and copy it to every server. Without the file nobody can read the secrets again: keep a
copy, but not beside the backups of the database.`
	return newGroup("key", "Make or change the key that seals secrets of resources.", about, newKeyNew(), newKeyRotate())
}

// keyFile is what making a key takes.
type keyFile struct {
	file string
	add  bool
}

func newKeyNew() *command {
	var k keyFile
	c := newCommand("new", "Make a secret key file.", "")
	c.argument(text(&k.file, "FILE"), "File to write.")
	c.flag(yesNo(&k.add), "add",
		"Put a new key into an existing file, before the keys that it has. The new key is used after latchkey key rotate.")
	return c.runs(func(context.Context) error { return k.make() })
}

// make writes the file. It never removes a key.
func (k keyFile) make() error {
	if k.add {
		id, err := app.AddKey(k.file)
		if err != nil {
			return err
		}
		_, err = fmt.Printf("%s has the new key %s. Copy the file to every server, restart them, then run: latchkey key rotate\n", k.file, id)
		return err
	}
	id, err := app.NewKeyFile(k.file)
	if err != nil {
		return err
	}
	_, err = fmt.Printf("%s has the new key %s. Keep a copy, but not beside the backups of the database.\n", k.file, id)
	return err
}

// keyRotation is what changing the key takes.
type keyRotation struct {
	config.Config
	discardSecrets bool
}

func newKeyRotate() *command {
	const about = `On SQLite, stop the server first: the command makes a new key, seals everything with it in one
transaction, and keeps the old key in the file for older backups. On PostgreSQL the servers keep running, but
each needs the new key before: run "latchkey key new --add FILE", copy the file to every server, restart them
one after another, then run this command once. If it is interrupted, run it again.`
	var k keyRotation
	c := newCommand("rotate", "Seal all secrets with a new key.", about)
	databaseFlags(c, &k.Config)
	c.flag(text(&k.SecretKeyFile, "FILE"), "secret-key-file",
		"File with the secret keys. Without it: secret.key in the data folder, none with a PostgreSQL database.").variable("LATCHKEY_SECRET_KEY_FILE")
	c.flag(yesNo(&k.discardSecrets), "discard-secrets",
		"Remove all sealed secrets, because the key is lost. They must then be set again.")
	return c.runs(func(ctx context.Context) error { return k.run(ctx) })
}

// run changes the key.
func (k keyRotation) run(ctx context.Context) error {
	if k.DatabaseURL == "" {
		if err := store.Present(filepath.Join(k.Data, "latchkey.db")); err != nil {
			return err
		}
	}
	r, err := app.RotateKey(ctx, k.Config, k.discardSecrets)
	if err != nil {
		return err
	}
	if r.Traces != nil {
		fmt.Fprintf(os.Stderr, "Unused parts of the database may still hold what was sealed with the old key;"+
			" the next start tries again: %v\n", r.Traces)
	}
	if k.discardSecrets {
		_, err = fmt.Printf("%d secrets were discarded. The key is now %s; set the secrets again.\n", r.Secrets, r.To)
		return err
	}
	_, err = fmt.Printf("%d secrets are sealed with the key %s now. %s still has the key %s, which older backups need.\n",
		r.Secrets, r.To, k.KeyFile(), r.From)
	return err
}

package main

import (
	"context"
	"fmt"
	"os"

	"latchkey/internal/app"
	"latchkey/internal/config"
)

// keyCmd makes and changes the key that seals the secrets of resources. The key that signs the
// audit log is another one.
type keyCmd struct {
	New    keyNewCmd    `cmd:"" help:"Make a secret key file."`
	Rotate keyRotateCmd `cmd:"" help:"Seal all secrets with a new key."`
}

// Help says what the key is for.
func (keyCmd) Help() string {
	return "Secrets in the configuration of resources, such as passwords, are stored sealed with a key that is not in " +
		"the database. On SQLite the server makes the file secret.key in its data folder. On PostgreSQL, make the " +
		"file once and copy it to every server. Without the file nobody can read the secrets again: keep a copy, but " +
		"not beside the backups of the database."
}

type keyNewCmd struct {
	File string `arg:"" help:"File to write."`
	Add  bool   `help:"Put a new key into an existing file, before the keys that it has. The new key is used after latchkey key rotate."`
}

// Run writes the file. It never removes a key.
func (k keyNewCmd) Run() error {
	if k.Add {
		id, err := app.AddKey(k.File)
		if err != nil {
			return err
		}
		_, err = fmt.Printf("%s has the new key %s. Copy the file to every server, restart them, then run: latchkey key rotate\n", k.File, id)
		return err
	}
	id, err := app.NewKeyFile(k.File)
	if err != nil {
		return err
	}
	_, err = fmt.Printf("%s has the new key %s. Keep a copy, but not beside the backups of the database.\n", k.File, id)
	return err
}

type keyRotateCmd struct {
	Data           string `help:"Folder of the database." env:"LATCHKEY_DATA" default:"data" placeholder:"DIR"`
	DatabaseURL    string `help:"PostgreSQL database instead of a file." env:"LATCHKEY_DATABASE_URL" placeholder:"URL"`
	SecretKeyFile  string `help:"File with the secret keys; default is secret.key in the data folder, none with a PostgreSQL database." env:"LATCHKEY_SECRET_KEY_FILE" placeholder:"FILE"`
	DiscardSecrets bool   `help:"Remove all sealed secrets, because the key is lost. They must then be set again."`
}

// Help describes the steps.
func (keyRotateCmd) Help() string {
	return "On SQLite, stop the server first: the command makes a new key, seals everything with it in one transaction, " +
		"and keeps the old key in the file for older backups. On PostgreSQL the servers keep running, but each needs " +
		"the new key before: run \"latchkey key new --add FILE\", copy the file to every server, restart them one after " +
		"another, then run this command once. If it is interrupted, run it again."
}

// Run changes the key.
func (k keyRotateCmd) Run(ctx context.Context) error {
	if k.DatabaseURL == "" {
		if _, err := os.Stat(k.Data); err != nil {
			return err
		}
	}
	cfg := config.Config{Data: k.Data, DatabaseURL: k.DatabaseURL, SecretKeyFile: k.SecretKeyFile}
	r, err := app.RotateKey(ctx, cfg, k.DiscardSecrets)
	if err != nil {
		return err
	}
	if r.Traces != nil {
		fmt.Fprintf(os.Stderr, "Unused parts of the database may still hold what was sealed with the old key;"+
			" the next start tries again: %v\n", r.Traces)
	}
	if k.DiscardSecrets {
		_, err = fmt.Printf("%d secrets were discarded. The key is now %s; set the secrets again.\n", r.Secrets, r.To)
		return err
	}
	_, err = fmt.Printf("%d secrets are sealed with the key %s now. %s still has the key %s, which older backups need.\n",
		r.Secrets, r.To, cfg.KeyFile(), r.From)
	return err
}

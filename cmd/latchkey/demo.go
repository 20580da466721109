package main

import (
	"context"
	"errors"
	"os"

	"latchkey/internal/app"
	"latchkey/internal/config"
	"latchkey/internal/demo"
)

type demoCmd struct {
	Addr             string `help:"Address to listen on; ${default} unless given." env:"LATCHKEY_ADDR" default:"127.0.0.1:8080" placeholder:"HOST:PORT"`
	Data             string `help:"Folder to keep the data in; default is a temporary folder, removed at exit." env:"LATCHKEY_DATA" placeholder:"DIR"`
	DatabaseURL      string `help:"Empty PostgreSQL database to use instead of a file: postgres://user:password@host/name." env:"LATCHKEY_DATABASE_URL" placeholder:"URL"`
	Catalog          string `help:"YAML file with permissions for your own API: resource types and actions." env:"LATCHKEY_CATALOG" placeholder:"FILE"`
	AuditKeyFile     string `help:"Key that signs the audit log; default is audit.key in the data folder." env:"LATCHKEY_AUDIT_KEY_FILE" placeholder:"FILE"`
	AuditHeadTo      string `help:"File or URL to which each signed head of the audit log is appended or posted." env:"LATCHKEY_AUDIT_HEAD_TO" placeholder:"FILE|URL"`
	AuditHeadPrivate bool   `help:"Allow --audit-head-to to post to a private or loopback address." env:"LATCHKEY_AUDIT_HEAD_PRIVATE"`
	SecretKeyFile    string `help:"File with the key that seals secrets of resources, from latchkey key new. Required with --database-url." env:"LATCHKEY_SECRET_KEY_FILE" placeholder:"FILE"`
	LogLevel         string `help:"debug, info, warn or error." env:"LATCHKEY_LOG_LEVEL" default:"warn"`
}

// Run seeds an empty database and serves it until ctx is done.
func (d demoCmd) Run(ctx context.Context) (err error) {
	if d.Data == "" && d.DatabaseURL == "" {
		folder, err := os.MkdirTemp("", "latchkey-demo-")
		if err != nil {
			return err
		}
		defer func() { _ = os.RemoveAll(folder) }()
		d.Data = folder
	} else if d.DatabaseURL == "" {
		if err := os.MkdirAll(d.Data, 0o700); err != nil {
			return err
		}
	}
	a, err := app.New(ctx, config.Config{Addr: d.Addr, Data: d.Data, DatabaseURL: d.DatabaseURL,
		SecretKeyFile: d.SecretKeyFile, Catalog: d.Catalog, LogLevel: d.LogLevel,
		AuditKeyFile: d.AuditKeyFile, MakeAuditKey: true, AuditHeadTo: d.AuditHeadTo, AuditHeadPrivate: d.AuditHeadPrivate},
		app.Options{Out: os.Stdout, Log: os.Stderr, Demo: app.DemoAccounts()})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.Close()) }()
	if err := demo.Seed(ctx, a.Store, a.Hasher, a.Secrets); err != nil {
		return err
	}
	return a.Run(ctx)
}

package main

import (
	"context"
	"errors"
	"os"

	"latchkey/internal/app"
	"latchkey/internal/demo"
)

type demoCmd struct {
	Addr        string `help:"Address to listen on; ${default} unless given." env:"LATCHKEY_ADDR" default:"127.0.0.1:8080" placeholder:"HOST:PORT"`
	Data        string `help:"Folder to keep the data in; default is a temporary folder, removed at exit." env:"LATCHKEY_DATA" placeholder:"DIR"`
	DatabaseURL string `help:"Empty PostgreSQL database to use instead of a file: postgres://user:password@host/name." env:"LATCHKEY_DATABASE_URL" placeholder:"URL"`
	LogLevel    string `help:"debug, info, warn or error." env:"LATCHKEY_LOG_LEVEL" default:"warn"`

	serverFlags
}

// Run seeds an empty database and serves it until ctx is done.
func (d demoCmd) Run(ctx context.Context, hurry <-chan struct{}) (err error) {
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
	cfg, err := d.config(d.Addr, d.Data, d.DatabaseURL, d.LogLevel)
	if err != nil {
		return err
	}
	a, err := app.New(ctx, cfg, app.Options{Out: os.Stdout, Log: os.Stderr, Hurry: hurry, Demo: app.DemoAccounts()})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.Close()) }()
	if err := demo.Seed(ctx, a.Store, a.Hasher, a.Secrets); err != nil {
		return err
	}
	return a.Run(ctx)
}

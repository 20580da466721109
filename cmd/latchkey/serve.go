package main

import (
	"context"
	"errors"
	"os"

	"latchkey/internal/app"
)

type serveCmd struct {
	Addr        string `help:"Address to listen on; ${default} unless given." env:"LATCHKEY_ADDR" default:"127.0.0.1:8080" placeholder:"HOST:PORT"`
	Data        string `help:"Folder of the database, created if missing; ${default} unless given." env:"LATCHKEY_DATA" default:"data" placeholder:"DIR"`
	DatabaseURL string `help:"PostgreSQL database to use instead of a file; several servers can share it: postgres://user:password@host/name." env:"LATCHKEY_DATABASE_URL" placeholder:"URL"`
	LogLevel    string `help:"debug, info, warn or error." env:"LATCHKEY_LOG_LEVEL" default:"info"`

	serverFlags
}

// Help says how many servers can use one database.
func (serveCmd) Help() string {
	return "Only one server can use a data folder at a time. It locks DIR/latchkey.lock, and the operating system " +
		"releases the lock when the server ends, even if it crashes. Any number of servers can share one PostgreSQL " +
		"database."
}

// Run serves until ctx is done.
func (s serveCmd) Run(ctx context.Context, hurry <-chan struct{}) (err error) {
	cfg, err := s.config(s.Addr, s.Data, s.DatabaseURL, s.LogLevel)
	if err != nil {
		return err
	}
	if s.DatabaseURL == "" {
		if err := os.MkdirAll(s.Data, 0o700); err != nil {
			return err
		}
	}
	a, err := app.New(ctx, cfg, app.Options{Out: os.Stdout, Log: os.Stderr, Hurry: hurry})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.Close()) }()
	return a.Run(ctx)
}

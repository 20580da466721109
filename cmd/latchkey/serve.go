package main

import (
	"context"
	"errors"
	"os"

	"latchkey/internal/app"
	"latchkey/internal/config"
)

func newServe(hurry <-chan struct{}) *command {
	const about = `Only one server can use a data folder at a time. It locks DIR/latchkey.lock, and the operating
system releases the lock when the server ends, even if it crashes. Any number of servers can share one
PostgreSQL database.`
	cfg := config.Config{Data: defaultData, LogLevel: "info"}
	c := newCommand("serve", "Run the server.", about)
	serverFlags(c, &cfg, "Folder of the database, created if missing.",
		"PostgreSQL database to use instead of a file; several servers can share it: postgres://user:password@host/name.")
	return c.runs(func(ctx context.Context) error { return serve(ctx, cfg, hurry) })
}

// serve serves until ctx is done, and finishes at once when hurry is closed.
func serve(ctx context.Context, cfg config.Config, hurry <-chan struct{}) (err error) {
	if cfg.DatabaseURL == "" {
		if err := os.MkdirAll(cfg.Data, 0o700); err != nil {
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

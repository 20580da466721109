package main

import (
	"context"
	"errors"
	"os"

	"latchkey/internal/app"
	"latchkey/internal/config"
)

func newServe() *command {
	const about = `Only one server can use a data folder at a time. It locks DIR/latchkey.lock, and the operating
system releases the lock when the server ends, even if it crashes. Any number of servers can share one
PostgreSQL database.`
	cfg := config.Config{Data: defaultData, LogLevel: "info"}
	c := newCommand("serve", "Run the server.", about)
	serverFlags(c, &cfg, "Folder of the database, created if missing.",
		"PostgreSQL database to use instead of a file; several servers can share it: postgres://user:password@host/name.")
	return c.runs(func(ctx context.Context) error { return serve(ctx, cfg) })
}

// serve serves until ctx is done.
func serve(ctx context.Context, cfg config.Config) (err error) {
	if cfg.DatabaseURL == "" {
		if err := os.MkdirAll(cfg.Data, 0o700); err != nil {
			return err
		}
	}
	a, err := app.New(ctx, cfg, app.Options{Out: os.Stdout, Log: os.Stderr})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.Close()) }()
	return a.Run(ctx)
}

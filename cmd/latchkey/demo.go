package main

import (
	"context"
	"errors"
	"os"

	"latchkey/internal/app"
	"latchkey/internal/config"
	"latchkey/internal/demo"
	"latchkey/internal/registry"
	"latchkey/internal/store"
)

func newDemo(hurry <-chan struct{}) *command {
	cfg := config.Config{LogLevel: "warn"}
	c := newCommand("demo", "Run a demo with made-up data.", "")
	serverFlags(c, &cfg, "Folder to keep the data in. Without it: a temporary folder, removed at exit.",
		"Empty PostgreSQL database to use instead of a file: postgres://user:password@host/name.")
	withoutHistory := false
	c.flag(yesNo(&withoutHistory), "without-history", "Start with the organization only, without made-up activity.")
	return c.runs(func(ctx context.Context) error {
		seed := demo.SeedWithHistory
		if withoutHistory {
			seed = demo.Seed
		}
		return runDemo(ctx, cfg, hurry, seed)
	})
}

// runDemo seeds an empty database and serves it as serve does.
func runDemo(ctx context.Context, cfg config.Config, hurry <-chan struct{},
	seed func(context.Context, *store.Store, demo.Hasher, registry.Secrets) error) (err error) {
	if cfg.Data == "" && cfg.DatabaseURL == "" {
		folder, err := os.MkdirTemp("", "latchkey-demo-")
		if err != nil {
			return err
		}
		defer func() { _ = os.RemoveAll(folder) }()
		cfg.Data = folder
	} else if cfg.DatabaseURL == "" {
		if err := os.MkdirAll(cfg.Data, 0o700); err != nil {
			return err
		}
	}
	a, err := app.New(ctx, cfg, app.Options{Out: os.Stdout, Log: os.Stderr, Hurry: hurry, Demo: app.DemoAccounts()})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.Close()) }()
	if err := seed(ctx, a.Store, a.Hasher, a.Secrets); err != nil {
		return err
	}
	// Events of many days without a signature look as if somebody had removed it, so they get one before anything
	// can happen. The server's background work tries again and reports errors.
	_ = a.Audit.SignHead(ctx)
	return a.Run(ctx)
}

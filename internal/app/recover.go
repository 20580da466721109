package app

import (
	"context"
	"errors"
	"path/filepath"

	"latchkey/internal/access"
	"latchkey/internal/config"
	"latchkey/internal/signin"
	"latchkey/internal/store"
	"latchkey/web/request"
	"latchkey/web/ui"
)

// Recover makes a link with which the member with an address sets a new password. It works beside a
// running server, also on a SQLite file.
func Recover(ctx context.Context, cfg config.Config, email string) (made signin.RecoveryLink, err error) {
	if err := cfg.Validate(); err != nil {
		return made, err
	}
	st, err := store.OpenBeside(ctx, store.Options{URL: cfg.DatabaseURL, Path: filepath.Join(cfg.Data, "latchkey.db")})
	if err != nil {
		return made, err
	}
	defer func() { err = errors.Join(err, st.Close()) }()
	public := request.NewPublic(cfg.PublicURL)
	public.ListensOn(cfg.Addr)
	people := signin.New(store.SignIns(st), signin.NewArgon2(signin.DefaultCost()), access.BuiltIn())
	return people.RecoverByOperator(ctx, email, ui.RecoveryLinker(public.URL()))
}

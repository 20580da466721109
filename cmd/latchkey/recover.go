package main

import (
	"context"
	"errors"
	"fmt"

	"latchkey/internal/app"
	"latchkey/internal/config"
	"latchkey/internal/fault"
	"latchkey/internal/plaintext"
)

// recovery is what making a reset link takes.
type recovery struct {
	config.Config
	email string
}

func newRecover() *command {
	const about = `The link works once, for 15 minutes, and signs the member out everywhere else. Using it also
removes the member's second factors. An earlier link stops working. A server may be running: the command only
adds the link and an event of the audit log. Anyone who has the link can sign in as the member.`
	var r recovery
	c := newCommand("recover", "Print a link with which a member sets a new password.", about)
	c.argument(text(&r.email, "EMAIL"), "Address of the member.")
	databaseFlags(c, &r.Config)
	r.Addr = defaultAddr
	c.flag(text(&r.Addr, "HOST:PORT"), "addr", "Address on which the server listens.").variable("LATCHKEY_ADDR")
	c.flag(text(&r.PublicURL, "URL"), "public-url",
		"URL at which browsers reach the server. Without it, the link leads to the listening address.").variable("LATCHKEY_PUBLIC_URL")
	return c.runs(func(ctx context.Context) error { return r.run(ctx) })
}

// run prints a link.
func (r recovery) run(ctx context.Context) error {
	made, err := app.Recover(ctx, r.Config, r.email)
	switch {
	case fault.Is(err, fault.NotFound):
		return fmt.Errorf("no member has the address %q", r.email)
	case fault.Is(err, fault.Conflict):
		return fmt.Errorf("the member with the address %q is deactivated: an Admin must reactivate them first", r.email)
	case fault.Is(err, fault.Unavailable):
		return fmt.Errorf("the database is busy or cannot be written, try again: %w", errors.Unwrap(fault.Of(err)))
	case err != nil:
		return err
	}
	_, err = fmt.Printf("Open this link before %s UTC to set a new password for %s (%s):\n\n    %s\n\n",
		made.ExpiresAt.UTC().Format("15:04:05"), plaintext.Visible(made.Name), made.Email, made.Link)
	return err
}

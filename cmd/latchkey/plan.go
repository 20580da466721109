package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"latchkey/internal/access"
	"latchkey/internal/app"
	"latchkey/internal/config"
	"latchkey/internal/plaintext"
	"latchkey/internal/store"
)

// planChange is what printing or changing the plan takes.
type planChange struct {
	config.Config
	plan string // "" prints the current one
}

func newPlan() *command {
	const about = `Stop a server that uses the data folder first: only one program can use it at a time. Servers
on PostgreSQL can keep running; the new plan takes effect on their next request.`
	var p planChange
	c := newCommand("plan", "Print or change the organization's plan.", about)
	c.optional(text(&p.plan, "PLAN"), "New plan: free, starter, growth or enterprise. Prints the current plan if omitted.")
	offlineFlags(c, &p.Config)
	return c.runs(func(ctx context.Context) error { return p.run(ctx) })
}

// run prints or changes the organization's plan.
func (p planChange) run(ctx context.Context) (err error) {
	if p.DatabaseURL == "" {
		if err := store.Present(filepath.Join(p.Data, "latchkey.db")); err != nil {
			return err
		}
	}
	a, err := app.New(ctx, p.Config, app.Options{WithoutKey: true})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.Close()) }()
	if p.plan != "" {
		plan, err := access.ParsePlan(p.plan)
		if err != nil {
			return fmt.Errorf("unknown plan %q: use free, starter, growth or enterprise", p.plan)
		}
		if err := a.Accounts.Organizations.SetPlan(ctx, plan); err != nil {
			return err
		}
	}
	o, err := a.Accounts.Organizations.Sole(ctx)
	if err != nil {
		return err
	}
	if _, err = fmt.Printf("%s: %s\n", plaintext.Visible(o.Name), o.Plan.Label()); err != nil {
		return err
	}
	locked, err := a.Identity.LockedOut(ctx, o)
	if len(locked) > 0 {
		fmt.Fprintf(os.Stderr, "People of %s cannot sign in: they must use an identity provider, which this plan does not include. "+
			"An Admin can choose \"Stop requiring\" on the tab Sign-in, if need be with a link of latchkey recover.\n", strings.Join(locked, ", "))
	}
	return err
}

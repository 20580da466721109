package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"latchkey/internal/access"
	"latchkey/internal/app"
	"latchkey/internal/config"
	"latchkey/internal/plaintext"
)

type planCmd struct {
	Plan         string `arg:"" optional:"" help:"New plan: free, starter, growth or enterprise. Prints the current plan if omitted."`
	DatabaseURL  string `help:"PostgreSQL database instead of a file." env:"LATCHKEY_DATABASE_URL" placeholder:"URL"`
	Data         string `help:"Folder of the database." env:"LATCHKEY_DATA" default:"data" placeholder:"DIR"`
	AuditKeyFile string `help:"Key that signs the audit log; default is audit.key in the data folder, if it exists." env:"LATCHKEY_AUDIT_KEY_FILE" placeholder:"FILE"`
}

// Help says which servers to stop first.
func (planCmd) Help() string {
	return `Stop a server that uses the data folder first: only one program can use it at a time. Servers on PostgreSQL can keep running; the new plan takes effect on their next request.`
}

// Run prints or changes the organization's plan.
func (p planCmd) Run(ctx context.Context) (err error) {
	if p.DatabaseURL == "" {
		if _, err := os.Stat(p.Data); err != nil {
			return err
		}
	}
	a, err := app.New(ctx, config.Config{Addr: "127.0.0.1:0", Data: p.Data, DatabaseURL: p.DatabaseURL, AuditKeyFile: p.AuditKeyFile},
		app.Options{WithoutKey: true})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.Close()) }()
	if p.Plan != "" {
		plan, err := access.ParsePlan(p.Plan)
		if err != nil {
			return fmt.Errorf("unknown plan %q: use free, starter, growth or enterprise", p.Plan)
		}
		if err := a.Accounts.Organizations.SetPlan(ctx, plan); err != nil {
			return err
		}
	}
	o, err := a.Accounts.Organizations.Sole(ctx)
	if err != nil {
		return err
	}
	_, err = fmt.Printf("%s: %s\n", plaintext.Visible(o.Name), o.Plan.Label())
	return err
}

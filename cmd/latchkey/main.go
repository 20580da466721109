// Command latchkey serves self-hosted access tokens for people and services.
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/alecthomas/kong"

	"latchkey/internal/plaintext"
)

// cli is the command line, with one field per subcommand.
type cli struct {
	Serve        serveCmd        `cmd:"" help:"Run the server."`
	Demo         demoCmd         `cmd:"" help:"Run a demo with made-up data."`
	Plan         planCmd         `cmd:"" help:"Print or change the organization's plan."`
	Import       importCmd       `cmd:"" help:"Import members, policies and tokens from a role-based system."`
	Audit        auditCmd        `cmd:"" help:"Verify or export the audit log, or manage the key that signs it."`
	Check        checkCmd        `cmd:"" help:"Look for damage in the database."`
	Key          keyCmd          `cmd:"" help:"Make or change the key that seals secrets of resources."`
	Backup       backupCmd       `cmd:"" help:"Copy the SQLite database, without key files, to a file while it is in use."`
	Restore      restoreCmd      `cmd:"" help:"Restore a backup of the SQLite database."`
	MigrateStore migrateStoreCmd `cmd:"" help:"Copy everything from a SQLite file to PostgreSQL."`
	Version      versionCmd      `cmd:"" help:"Print the version."`
}

func main() {
	ctx, hurry, end := untilSignal(context.Background())
	defer end()
	parser := kong.Must(&cli{}, kong.Name("latchkey"), kong.Description(description),
		kong.UsageOnError(), kong.BindTo(ctx, (*context.Context)(nil)), kong.Bind(hurry), kong.Exit(exit))
	command, err := parser.Parse(os.Args[1:])
	if err == nil {
		err = command.Run()
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "latchkey: %s\n", plaintext.VisibleLines(err.Error()))
		os.Exit(1)
	}
}

// Command latchkey serves self-hosted access tokens for people and services.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"latchkey/internal/plaintext"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := newRoot().ExecuteContext(ctx); err != nil {
		fmt.Fprintf(os.Stderr, "latchkey: %s\n", plaintext.VisibleLines(err.Error()))
		os.Exit(1)
	}
}

// newRoot returns the command line.
func newRoot() *command {
	const about = `Members generate personal access tokens, Admins generate service access tokens, and a token
can do exactly what your access policies allow at that moment.

Try it: latchkey demo`
	root := newGroup("latchkey", "Self-hosted access tokens for people and services.", about,
		newServe(), newDemo(), newPlan(), newImport(), newAudit(), newKey(), newBackup(), newRestore(), newMigrateStore(),
		newCompletion(), newVersion())
	root.CompletionOptions.DisableDefaultCmd = true
	root.SetHelpCommand(newHelp())
	return root
}

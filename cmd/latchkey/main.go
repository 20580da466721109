// Command latchkey serves self-hosted access tokens for people and services.
package main

import (
	"context"
	"fmt"
	"os"

	"latchkey/internal/plaintext"
)

func main() {
	ctx, hurry, end := untilSignal(context.Background())
	defer end()
	if err := newRoot(hurry).ExecuteContext(ctx); err != nil {
		fmt.Fprintf(os.Stderr, "latchkey: %s\n", plaintext.VisibleLines(err.Error()))
		os.Exit(1)
	}
}

// newRoot returns the command line. Servers finish at once when hurry is closed.
func newRoot(hurry <-chan struct{}) *command {
	const about = `Members generate personal access tokens, Admins generate service access tokens, and a token
can do exactly what your access policies allow at that moment.

Try it: latchkey demo`
	root := newGroup("latchkey", "Self-hosted access tokens for people and services.", about,
		newServe(hurry), newDemo(hurry), newPlan(), newRecover(), newImport(), newAudit(), newCheck(), newKey(),
		newBackup(), newRestore(), newMigrateStore(),
		newCompletion(), newVersion())
	root.CompletionOptions.DisableDefaultCmd = true
	root.SetHelpCommand(newHelp())
	return root
}

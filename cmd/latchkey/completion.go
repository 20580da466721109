package main

import (
	"context"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// newCompletion returns the command that prints a script for a shell.
func newCompletion() *command {
	var shell string
	c := newCommand("completion", "Print a script with which a shell completes commands and flags.",
		`Bash, which needs the package bash-completion: source <(latchkey completion bash)

Zsh: latchkey completion zsh > "${fpath[1]}/_latchkey"

Fish: latchkey completion fish > ~/.config/fish/completions/latchkey.fish`)
	v := choice(&shell, "bash", "zsh", "fish")
	v.placeholder = "SHELL"
	c.argument(v, "bash, zsh or fish.")
	return c.runs(func(context.Context) error {
		switch shell {
		case "bash":
			return c.Root().GenBashCompletionV2(c.OutOrStdout(), true)
		case "zsh":
			return c.Root().GenZshCompletion(c.OutOrStdout())
		}
		return c.Root().GenFishCompletion(c.OutOrStdout(), true)
	})
}

// completes says what a shell offers as the value of a flag.
func (c *command) completes(f *pflag.Flag, v value) {
	// The only error is that the flag is unknown, or known twice.
	_ = c.RegisterFlagCompletionFunc(f.Name, completion(v))
}

// completesArguments says what a shell offers as arguments.
func (c *command) completesArguments() {
	c.ValidArgsFunction = func(cmd *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
		if len(args) >= len(c.arguments) {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return completion(c.arguments[len(args)].value)(cmd, args, typed)
	}
}

// completion returns what a shell offers for a value: the words of a choice, folders, files or
// nothing.
func completion(v value) cobra.CompletionFunc {
	directive := cobra.ShellCompDirectiveNoFileComp
	switch {
	case v.placeholder == "DIR":
		directive = cobra.ShellCompDirectiveFilterDirs
	case strings.HasPrefix(v.placeholder, "FILE"):
		directive = cobra.ShellCompDirectiveDefault
	}
	return cobra.FixedCompletions(v.among, directive)
}

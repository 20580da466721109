package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// command is one command of the command line. The methods of a new one declare its arguments and
// flags; runs says what it does with them.
//
// Neither cobra's templates nor its functions that set them are used here or below: they look up
// methods by a name that is known at run time only, and a program that contains them contains
// every exported method of every type.
type command struct {
	*cobra.Command
	below     []*command // in the order of help
	arguments []argument
	required  []*pflag.Flag
}

// argument is a positional argument of a command. Only the last one may be optional.
type argument struct {
	value    value
	help     string
	optional bool
}

func newCommand(name, short, long string) *command {
	c := &command{Command: &cobra.Command{Use: name, Short: short, Long: long,
		SilenceErrors: true, SilenceUsage: true, DisableFlagsInUseLine: true}}
	c.Flags().SortFlags = false
	c.Flags().BoolP("help", "h", false, "Print this help.")
	c.SetHelpFunc(func(*cobra.Command, []string) { _, _ = fmt.Fprint(c.OutOrStdout(), c.help()) })
	c.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return c.mistakeIn(err) })
	c.Args = c.take
	return c
}

// newGroup returns a command that only has others below it.
func newGroup(name, short, long string, below ...*command) *command {
	c := newCommand(name, short, long)
	c.below = below
	for _, b := range below {
		c.AddCommand(b.Command)
	}
	// The flags of a command that does not exist are unknown as well, but not the mistake.
	c.DisableFlagParsing = true
	c.Args = cobra.ArbitraryArgs
	c.RunE = func(_ *cobra.Command, args []string) error { return c.turnBack(args) }
	return c
}

// turnBack prints the help of a group if args ask for it, and says otherwise why none of its
// commands runs.
func (c *command) turnBack(args []string) error {
	var names []string
	for _, below := range c.below {
		names = append(names, below.Name())
	}
	if len(args) == 0 {
		_, _ = fmt.Fprintln(c.ErrOrStderr(), c.help())
		return fmt.Errorf("expected one of %s", strings.Join(names, ", "))
	}
	switch first := args[0]; {
	case first == "--help", first == "-h":
		return c.Help()
	case first == "--":
		return c.mistake("unexpected argument --", "")
	case strings.HasPrefix(first, "-"):
		return c.mistake("unknown flag "+first, "")
	default:
		return c.mistake("unknown command "+first, nearest(first, names))
	}
}

// argument declares the next positional argument.
func (c *command) argument(v value, help string) {
	c.arguments = append(c.arguments, argument{value: v, help: help})
}

// optional declares the last positional argument, which may be left out.
func (c *command) optional(v value, help string) {
	c.arguments = append(c.arguments, argument{value: v, help: help, optional: true})
}

// take sets the positional arguments, after the flags.
func (c *command) take(_ *cobra.Command, args []string) error {
	if err := c.swallowed(); err != nil {
		return err
	}
	for i, a := range c.arguments {
		switch {
		case i < len(args):
			if err := a.value.Set(args[i]); err != nil {
				return fmt.Errorf("%s: %w", a.value.placeholder, err)
			}
		case !a.optional:
			return c.mistake(a.value.placeholder+" is missing", "")
		}
	}
	if n := len(c.arguments); len(args) > n {
		return c.mistake("unexpected argument "+args[n], "")
	}
	return nil
}

// flag is a flag that is being declared.
type flag struct {
	*pflag.Flag
	of *command
}

// flag declares a flag. Its default is what the variable of v holds now.
func (c *command) flag(v value, name, help string) flag {
	f := c.Flags().VarPF(v, name, "", help)
	if v.isSwitch {
		f.NoOptDefVal = "true"
	}
	c.completes(f, v)
	return flag{f, c}
}

// variableOf is the key of the annotation that names the environment variable of a flag.
const variableOf = "variable"

// variable names the environment variable that sets the flag when it is not given. A variable that
// is set but empty counts.
func (f flag) variable(name string) flag {
	f.Annotations = map[string][]string{variableOf: {name}}
	return f
}

// require makes it a mistake to set the flag neither by itself nor by its variable.
func (f flag) require() { f.of.required = append(f.of.required, f.Flag) }

// runs says what the command does once its arguments and flags are set, and ends its declaration.
func (c *command) runs(do func(ctx context.Context) error) *command {
	c.RunE = func(*cobra.Command, []string) error {
		if err := cmp.Or(c.readVariables(), c.missing()); err != nil {
			return err
		}
		return do(c.Context())
	}
	c.completesArguments()
	return c
}

// swallowed returns an error if a flag has taken the name of another flag for its value, as the
// first one does in "--addr --data DIR".
func (c *command) swallowed() (err error) {
	c.Flags().Visit(func(f *pflag.Flag) {
		name, dashes := strings.CutPrefix(f.Value.String(), "--")
		if name, _, _ = strings.Cut(name, "="); dashes && c.Flags().Lookup(name) != nil {
			err = c.mistake("--"+f.Name+" needs a value", "")
		}
	})
	return err
}

// readVariables sets the flags that were not given from their environment variables.
func (c *command) readVariables() (err error) {
	c.Flags().VisitAll(func(f *pflag.Flag) {
		for _, name := range f.Annotations[variableOf] {
			text, found := os.LookupEnv(name)
			if f.Changed || !found || err != nil {
				continue
			}
			f.Changed = true
			if wrong := f.Value.Set(text); wrong != nil {
				err = fmt.Errorf("--%s: %w (from the variable %s)", f.Name, wrong, name)
			}
		}
	})
	return err
}

// missing returns an error if a required flag is not set.
func (c *command) missing() error {
	var names []string
	for _, f := range c.required {
		if !f.Changed {
			names = append(names, usage(f))
		}
	}
	switch len(names) {
	case 0:
		return nil
	case 1:
		return c.mistake("missing flag: "+names[0], "")
	}
	return c.mistake("missing flags: "+strings.Join(names, ", "), "")
}

// mistakeIn words an error of the parser of flags.
func (c *command) mistakeIn(err error) error {
	var (
		unknown *pflag.NotExistError
		bare    *pflag.ValueRequiredError
		invalid *pflag.InvalidValueError
	)
	switch {
	case errors.As(err, &unknown) && unknown.GetSpecifiedShortnames() != "":
		return c.mistake("unknown flag -"+unknown.GetSpecifiedShortnames(), "")
	case errors.As(err, &unknown):
		var names []string
		c.Flags().VisitAll(func(f *pflag.Flag) { names = append(names, "--"+f.Name) })
		name := "--" + unknown.GetSpecifiedName()
		return c.mistake("unknown flag "+name, nearest(name, names))
	case errors.As(err, &bare):
		return c.mistake("--"+bare.GetFlag().Name+" needs a value", "")
	case errors.As(err, &invalid):
		return fmt.Errorf("--%s: %w", invalid.GetFlag().Name, invalid.Unwrap())
	}
	return c.mistake(err.Error(), "")
}

// mistake returns an error that names what might have been meant, if anything, and where to read
// more.
func (c *command) mistake(what, meant string) error {
	if meant != "" {
		return fmt.Errorf("%s; did you mean %s? See %s --help", what, meant, c.CommandPath())
	}
	return fmt.Errorf("%s; see %s --help", what, c.CommandPath())
}

// nearest returns the word that is most like what was typed, "" if none is alike: it begins so, or
// differs by at most two letters.
func nearest(typed string, words []string) string {
	best, least := "", 3
	for _, w := range words {
		if strings.HasPrefix(w, typed) {
			return w
		}
		if d := distance(typed, w); d < least && d < len(w)/2 {
			best, least = w, d
		}
	}
	return best
}

// distance returns how many letters to insert, remove or replace to turn a into b.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			replaced := diagonal
			if a[i] != b[j] {
				replaced++
			}
			diagonal = row[j+1]
			row[j+1] = min(replaced, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}

package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// helpWidth is how wide help is, in columns.
const helpWidth = 80

// newHelp returns the command that prints the help of another one.
func newHelp() *cobra.Command {
	var words string
	c := newCommand("help", "Print the help of a command.", "")
	c.optional(text(&words, "COMMAND"), "Command, such as serve or \"audit verify\".")
	c.Args = cobra.ArbitraryArgs
	c.RunE = func(_ *cobra.Command, args []string) error {
		found, rest, err := c.Root().Find(args)
		if err == nil && len(rest) > 0 {
			err = c.mistake("unknown command "+rest[0], "")
		}
		if err != nil {
			return err
		}
		return found.Help()
	}
	return c.Command
}

// help returns the help of the command: how to call it, what it does, its commands or its arguments
// and flags. It shows no value of an environment variable, which may be secret.
func (c *command) help() string {
	var b strings.Builder
	fmt.Fprintf(&b, "Usage: %s\n\n%s\n", c.usage(), c.Short)
	for paragraph := range strings.SplitSeq(c.Long, "\n\n") {
		if paragraph != "" {
			fmt.Fprintf(&b, "\n%s", wrap(paragraph, 0))
		}
	}
	if len(c.below) > 0 {
		c.helpOnCommands(&b)
		return b.String()
	}
	if len(c.arguments) > 0 {
		b.WriteString("\nArguments:\n")
	}
	for _, a := range c.arguments {
		fmt.Fprintf(&b, "  %s\n%s", a.name(), wrap(a.help, 6))
	}
	c.helpOnFlags(&b)
	return b.String()
}

// usage returns how to call the command.
func (c *command) usage() string {
	words := []string{c.CommandPath()}
	if len(c.below) > 0 {
		return c.CommandPath() + " COMMAND"
	}
	for _, f := range c.required {
		words = append(words, usage(f))
	}
	for _, a := range c.arguments {
		words = append(words, a.name())
	}
	return strings.Join(append(words, "[flags]"), " ")
}

// name returns the argument as a usage line shows it.
func (a argument) name() string {
	if a.optional {
		return "[" + a.value.placeholder + "]"
	}
	return a.value.placeholder
}

// usage returns a flag with the placeholder of its value.
func usage(f *pflag.Flag) string {
	if f.NoOptDefVal != "" {
		return "--" + f.Name
	}
	return "--" + f.Name + "=" + f.Value.Type()
}

func (c *command) helpOnCommands(b *strings.Builder) {
	b.WriteString("\nCommands:\n")
	for _, below := range c.below {
		const column = 17
		fmt.Fprintf(b, "  %-*s%s", column-2, below.Name(), wrap(below.Short, column)[column:])
	}
	fmt.Fprintf(b, "\nRun \"%s COMMAND --help\" for more information on a command.\n", c.CommandPath())
}

func (c *command) helpOnFlags(b *strings.Builder) {
	b.WriteString("\nFlags:\n")
	variables := false
	c.Flags().VisitAll(func(f *pflag.Flag) {
		names := f.Annotations[variableOf]
		switch {
		case f.Shorthand != "":
			fmt.Fprintf(b, "  -%s, --%s\n", f.Shorthand, f.Name)
		case len(names) > 0:
			variables = true
			fmt.Fprintf(b, "  %-32s  $%s\n", usage(f), names[0])
		default:
			fmt.Fprintf(b, "  %s\n", usage(f))
		}
		text := f.Usage
		if f.DefValue != "" && f.Shorthand == "" {
			text += " Default: " + f.DefValue + "."
		}
		b.WriteString(wrap(text, 6))
	})
	if variables {
		b.WriteString("\nA flag that is not given is taken from the variable beside it, if that is set.\n")
	}
}

// wrap breaks a paragraph into lines that are indented by so many spaces.
func wrap(paragraph string, indent int) string {
	var b strings.Builder
	margin := strings.Repeat(" ", indent)
	line := margin
	for word := range strings.FieldsSeq(paragraph) {
		if len(line) > indent && len(line)+1+len(word) > helpWidth {
			b.WriteString(line + "\n")
			line = margin
		}
		if len(line) > indent {
			line += " "
		}
		line += word
	}
	b.WriteString(line + "\n")
	return b.String()
}

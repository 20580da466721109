package main

import (
	"bytes"
	stdflag "flag"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/pflag"
)

var update = stdflag.Bool("update", false, "rewrite testdata/help.golden")

// everyCommand calls found for the commands below root and for root itself, in the order of help.
func everyCommand(c *command, found func(c *command)) {
	found(c)
	for _, below := range c.below {
		everyCommand(below, found)
	}
}

// printed returns what the command line prints on standard output.
func printed(t *testing.T, args ...string) string {
	t.Helper()
	var out bytes.Buffer
	root := newRoot(nil)
	root.SetOut(&out)
	root.SetErr(io.Discard)
	root.SetArgs(args)
	if err := root.Execute(); err != nil {
		t.Fatalf("latchkey %s: %v", strings.Join(args, " "), err)
	}
	return out.String()
}

// TestHelp_IsTheAgreedOne shows every change of the command line as a diff of the golden file.
func TestHelp_IsTheAgreedOne(t *testing.T) {
	var got strings.Builder
	everyCommand(newRoot(nil), func(c *command) {
		args := append(strings.Fields(c.CommandPath())[1:], "--help")
		got.WriteString("$ latchkey " + strings.Join(args, " ") + "\n" + printed(t, args...) + "\n")
	})
	file := filepath.Join("testdata", "help.golden")
	if *update {
		if err := os.WriteFile(file, []byte(got.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got.String()); diff != "" {
		t.Errorf("the golden file differs; if that is intended, run go test ./cmd/latchkey -run Help -update and read the diff: %s", diff)
	}
	for line := range strings.Lines(got.String()) {
		if utf8.RuneCountInString(line) > helpWidth+1 {
			t.Errorf("wider than %d columns: %s", helpWidth, line)
		}
	}
}

// TestHelp_NamesVariablesAndHidesTheirValues sets all of them, since some hold passwords.
func TestHelp_NamesVariablesAndHidesTheirValues(t *testing.T) {
	seen := 0
	everyCommand(newRoot(nil), func(c *command) {
		c.Flags().VisitAll(func(f *pflag.Flag) {
			for _, name := range f.Annotations[variableOf] {
				t.Setenv(name, "open-sesame")
				seen++
				if help := c.help(); !strings.Contains(help, "--"+f.Name) || !strings.Contains(help, "$"+name+"\n") {
					t.Errorf("%s --help does not name --%s and $%s", c.CommandPath(), f.Name, name)
				}
			}
		})
	})
	if seen < 40 {
		t.Errorf("only %d variables seen", seen)
	}
	everyCommand(newRoot(nil), func(c *command) {
		if help := printed(t, append(strings.Fields(c.CommandPath())[1:], "--help")...); strings.Contains(help, "sesame") {
			t.Errorf("%s --help shows the value of a variable", c.CommandPath())
		}
	})
}

func TestHelp_IsReachedInEveryUsualWay(t *testing.T) {
	want := printed(t, "audit", "verify", "--help")
	for _, args := range [][]string{{"audit", "verify", "-h"}, {"help", "audit", "verify"}, {"--help", "audit", "verify"},
		{"audit", "verify", "--data", "x", "--help"}} {
		if got := printed(t, args...); got != want {
			t.Errorf("latchkey %s prints %q", strings.Join(args, " "), got)
		}
	}
}

// TestServerFlags_AreThoseOfServeAndDemo holds the demo to every flag of serve. It has one of its own.
func TestServerFlags_AreThoseOfServeAndDemo(t *testing.T) {
	type shape struct{ Usage, Variable string }
	shapes := func(c *command) map[string]shape {
		found := map[string]shape{}
		c.Flags().VisitAll(func(f *pflag.Flag) {
			found[f.Name] = shape{usage(f), strings.Join(f.Annotations[variableOf], ",")}
		})
		return found
	}
	serve, demo := shapes(newServe(nil)), shapes(newDemo(nil))
	delete(demo, "without-history")
	if diff := cmp.Diff(serve, demo); diff != "" {
		t.Errorf("serve and demo differ: %s", diff)
	}
	for _, name := range []string{"trusted-proxies", "metrics-addr", "catalog", "public-url", "log-format"} {
		if _, found := serve[name]; !found {
			t.Errorf("--%s is unknown", name)
		}
	}
}

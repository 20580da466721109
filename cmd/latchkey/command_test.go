package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// settings has a variable for each kind of flag.
type settings struct {
	Text, Choice, File, Argument string
	List                         []string
	Number                       int
	Duration, Retention          time.Duration
	Yes                          bool
}

// trial is a command with a flag of each kind, which have defaults.
func trial(s *settings) *command {
	*s = settings{Text: "default", Choice: "one", Number: 3, Duration: time.Second}
	c := newCommand("trial", "Try it.", "")
	c.optional(text(&s.Argument, "ARGUMENT"), "Anything.")
	c.flag(text(&s.Text, "TEXT"), "text", "Text.").variable("LATCHKEY_TRIAL_TEXT")
	c.flag(choice(&s.Choice, "one", "two", "three"), "choice", "Choice.").variable("LATCHKEY_TRIAL_CHOICE")
	c.flag(existing(&s.File, "FILE"), "file", "File.").variable("LATCHKEY_TRIAL_FILE")
	c.flag(list(&s.List, "NAME"), "list", "List.").variable("LATCHKEY_TRIAL_LIST")
	c.flag(number(&s.Number, "N", 1, 10), "number", "Number.").variable("LATCHKEY_TRIAL_NUMBER")
	c.flag(duration(&s.Duration), "duration", "Duration.").variable("LATCHKEY_TRIAL_DURATION")
	c.flag(retention(&s.Retention), "retention", "Retention.").variable("LATCHKEY_TRIAL_RETENTION")
	c.flag(yesNo(&s.Yes), "yes", "Yes or no.").variable("LATCHKEY_TRIAL_YES")
	return c.runs(func(context.Context) error { return nil })
}

// TestFlags_ComeBeforeVariablesAndVariablesBeforeDefaults goes through the kinds of flags.
func TestFlags_ComeBeforeVariablesAndVariablesBeforeDefaults(t *testing.T) {
	for _, c := range []struct {
		args, variables string // separated by spaces, which a variable may have besides
		want            func(s *settings)
	}{
		{"", "", func(*settings) {}},
		{"", "TEXT=a", func(s *settings) { s.Text = "a" }},
		{"--text=b", "TEXT=a", func(s *settings) { s.Text = "b" }},
		{"--text b --text c", "TEXT=a", func(s *settings) { s.Text = "c" }},
		{"--text=", "TEXT=a", func(s *settings) { s.Text = "" }},
		{"", "TEXT=", func(s *settings) { s.Text = "" }}, // empty, but set
		{"--text -b", "", func(s *settings) { s.Text = "-b" }},
		{"--text --b", "", func(s *settings) { s.Text = "--b" }},

		{"", "CHOICE=two", func(s *settings) { s.Choice = "two" }},
		{"--choice three", "CHOICE=two", func(s *settings) { s.Choice = "three" }},
		{"--choice three", "CHOICE=nine", func(s *settings) { s.Choice = "three" }}, // which nobody reads then

		{"", "LIST=a,b,c", func(s *settings) { s.List = []string{"a", "b", "c"} }},
		{"--list a --list b,c", "LIST=x,y", func(s *settings) { s.List = []string{"a", "b", "c"} }},
		{`--list a\,b,c`, "", func(s *settings) { s.List = []string{"a,b", "c"} }},
		{"--list a,,b,", "", func(s *settings) { s.List = []string{"a", "", "b"} }},
		{"", "LIST=", func(*settings) {}},
		{"--list=", "LIST=a", func(*settings) {}},

		{"", "NUMBER=4", func(s *settings) { s.Number = 4 }},
		{"--number 5", "NUMBER=4", func(s *settings) { s.Number = 5 }},
		{"", "DURATION=5m", func(s *settings) { s.Duration = 5 * time.Minute }},
		{"--duration=0", "DURATION=5m", func(s *settings) { s.Duration = 0 }},
		{"", "RETENTION=90d", func(s *settings) { s.Retention = 90 * 24 * time.Hour }},
		{"--retention=1w", "RETENTION=90d", func(s *settings) { s.Retention = 7 * 24 * time.Hour }},
		{"", "RETENTION=", func(*settings) {}},

		{"", "YES=yes", func(s *settings) { s.Yes = true }},
		{"", "YES=0", func(*settings) {}},
		{"--yes", "YES=no", func(s *settings) { s.Yes = true }},
		{"--yes=false", "YES=1", func(*settings) {}},
		{"word --yes", "", func(s *settings) { s.Argument, s.Yes = "word", true }},
		{"--yes -- --text", "", func(s *settings) { s.Argument, s.Yes = "--text", true }},
	} {
		t.Run(c.args+" "+c.variables, func(t *testing.T) {
			for v := range strings.FieldsSeq(c.variables) {
				name, value, _ := strings.Cut(v, "=")
				t.Setenv("LATCHKEY_TRIAL_"+name, value)
			}
			var got, want settings
			root := newGroup("latchkey", "", "", trial(&got))
			root.SetArgs(append([]string{"trial"}, strings.Fields(c.args)...))
			if err := root.Execute(); err != nil {
				t.Fatal(err)
			}
			trial(&want)
			c.want(&want)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestFlags_WithWrongValuesSayWhatIsRight says of a variable that it is one.
func TestFlags_WithWrongValuesSayWhatIsRight(t *testing.T) {
	folder := t.TempDir()
	for _, c := range []struct{ name, value, want string }{
		{"choice", "nine", `"nine" is not one, two or three`},
		{"choice", "", `"" is not one, two or three`},
		{"file", filepath.Join(folder, "none"), "no such file"},
		{"file", "", "no such file"},
		{"file", folder, "is a folder"},
		{"number", "many", `"many" is not a whole number`},
		{"number", "", `"" is not a whole number`},
		{"number", "0", "must be between 1 and 10"},
		{"number", "11", "must be between 1 and 10"},
		{"duration", "5", `"5" does not look like 30s, 5m or 1h30m`},
		{"duration", "", `"" does not look like 30s, 5m or 1h30m`},
		{"retention", "90", `"90" does not look like 90d, 26w, 7y or 0`},
		{"yes", "maybe", `"maybe" is not true, 1, yes, false, 0 or no`},
		{"yes", "", `"" is not true, 1, yes, false, 0 or no`},
	} {
		variable := "LATCHKEY_TRIAL_" + strings.ToUpper(c.name)
		for _, way := range []string{"flag", "variable"} {
			t.Run(c.name+"="+c.value+" by "+way, func(t *testing.T) {
				args := []string{"trial", "--" + c.name + "=" + c.value}
				if way == "variable" {
					args = args[:1]
					t.Setenv(variable, c.value)
				}
				root := newGroup("latchkey", "", "", trial(new(settings)))
				root.SetArgs(args)
				err := root.Execute()
				if err == nil || !strings.HasPrefix(err.Error(), "--"+c.name+": ") || !strings.Contains(err.Error(), c.want) {
					t.Fatalf("%v, want %q", err, c.want)
				}
				if named := strings.Contains(err.Error(), "(from the variable "+variable+")"); named != (way == "variable") {
					t.Errorf("%v names the variable: %t", err, named)
				}
			})
		}
	}
}

// TestMistakes_SayWhatIsWrongAndWhereToRead goes through every kind of wrong turn.
func TestMistakes_SayWhatIsWrongAndWhereToRead(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("LATCHKEY_DATABASE_URL", "")
	if err := os.Unsetenv("LATCHKEY_DATABASE_URL"); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ args, want string }{
		{"", "expected one of serve, demo, plan, recover, import, audit, check, key, backup, restore, migrate-store, completion, version"},
		{"audit key", "expected one of new, show, rotate"},
		{"fly", "unknown command fly; see latchkey --help"},
		{"fly --help", "unknown command fly; see latchkey --help"},
		{"serv --addr :1", "unknown command serv; did you mean serve? See latchkey --help"},
		{"Serve", "unknown command Serve; did you mean serve? See latchkey --help"},
		{"audit exprot", "unknown command exprot; did you mean export? See latchkey audit --help"},
		{"help fly", "unknown command fly; see latchkey help --help"},
		{"--version", "unknown flag --version; see latchkey --help"},
		{"-- serve", "unexpected argument --; see latchkey --help"},
		{"serve --wings", "unknown flag --wings; see latchkey serve --help"},
		{"serve --wings --help", "unknown flag --wings; see latchkey serve --help"},
		{"serve --add :1", "unknown flag --add; did you mean --addr? See latchkey serve --help"},
		{"serve --trusted-proxy ::1", "unknown flag --trusted-proxy; see latchkey serve --help"},
		{"serve --pubic-url=x", "unknown flag --pubic-url; did you mean --public-url? See latchkey serve --help"},
		{"serve -x", "unknown flag -x; see latchkey serve --help"},
		{"serve --=x", "bad flag syntax: --=x; see latchkey serve --help"},
		{"serve --addr", "--addr needs a value; see latchkey serve --help"},
		{"serve --addr --data x", "--addr needs a value; see latchkey serve --help"},
		{"serve --trusted-proxies --data=x", "--trusted-proxies needs a value; see latchkey serve --help"},
		{"serve extra", "unexpected argument extra; see latchkey serve --help"},
		{"serve --audit-head-private yes", "unexpected argument yes; see latchkey serve --help"},
		{"backup", "FILE is missing; see latchkey backup --help"},
		{"backup a b", "unexpected argument b; see latchkey backup --help"},
		{"restore none", "FILE: stat none: no such file or directory"},
		{"restore .", `FILE: "." is a folder`},
		{"import x", "missing flag: --strategy=with-policies|fresh; see latchkey import --help"},
		{"import x --strategy y", `--strategy: "y" is not with-policies or fresh`},
		{"migrate-store", "missing flags: --from=FILE, --to=URL; see latchkey migrate-store --help"},
		{"migrate-store --to x --from none", "--from: stat none: no such file or directory"},
		{"audit verify --against " + file + " --head x", "--against and --head cannot be used together"},
		{"completion tcsh", `SHELL: "tcsh" is not bash, zsh or fish`},
	} {
		var out, errOut bytes.Buffer
		root := newRoot(nil)
		root.SetOut(&out)
		root.SetErr(&errOut)
		root.SetArgs(strings.Fields(c.args))
		if err := root.ExecuteContext(t.Context()); err == nil || err.Error() != c.want {
			t.Errorf("latchkey %s: %v\nwant %s", c.args, err, c.want)
		}
		if out.Len() > 0 || (errOut.Len() > 0) != strings.HasPrefix(c.want, "expected one of") {
			t.Errorf("latchkey %s prints %q and %q", c.args, out.String(), errOut.String())
		}
	}
}

// TestCompletion_OffersCommandsFlagsAndChoices asks as the shells' scripts do.
func TestCompletion_OffersCommandsFlagsAndChoices(t *testing.T) {
	for shell, mark := range map[string]string{"bash": "__start_latchkey", "zsh": "#compdef latchkey", "fish": "complete -c latchkey"} {
		if script := printed(t, "completion", shell); !strings.Contains(script, mark) {
			t.Errorf("%s: no %q in the script", shell, mark)
		}
	}
	const nothing, files, folders = ":4\n", ":0\n", ":16\n" // what the shell adds
	for _, c := range []struct{ args, want string }{
		{"au|", "audit\n" + nothing},
		{"audit |", "export\nkey\nverify\n" + nothing},
		{"serve --audit-head|", "--audit-head-to\n--audit-head-private\n" + nothing},
		{"serve --data |", folders},
		{"serve --catalog |", files},
		{"serve --addr |", nothing},
		{"serve |", nothing},
		{"restore |", files},
		{"restore x |", nothing},
		{"import --report |", "text\njson\n" + nothing},
	} {
		args := strings.Split(strings.TrimSuffix(c.args, "|"), " ")
		if got := printed(t, append([]string{"__completeNoDesc"}, args...)...); got != c.want {
			t.Errorf("%s: %q, want %q", c.args, got, c.want)
		}
	}
}

package main_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"latchkey/internal/access"
	"latchkey/internal/account"
	"latchkey/internal/actor"
	"latchkey/internal/app"
	"latchkey/internal/config"
	"latchkey/internal/migration"
	"latchkey/internal/store"
	"latchkey/internal/store/storetest"
)

const exampleExport = "../../internal/legacy/testdata/acme.json"

// installed is a data folder with an organization in it; inside runs fn on it.
func installed(t *testing.T) string {
	t.Helper()
	data := filepath.Dir(storetest.Empty(t))
	inside(t, data, func(a *app.App) {
		_, err := a.Accounts.Organizations.Install(t.Context(), account.NewInstallation{Organization: "Acme", Workspace: "Main", Name: "Ada",
			Email: "ada@acme.example", Plan: access.PlanEnterprise})
		if err != nil {
			t.Fatal(err)
		}
	})
	return data
}

func inside(t *testing.T, data string, fn func(*app.App)) {
	t.Helper()
	a, err := app.New(t.Context(), config.Config{Addr: "127.0.0.1:0", Data: data}, app.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := a.Close(); err != nil {
			t.Error(err)
		}
	}()
	fn(a)
}

// members counts the members in a data folder.
func members(t *testing.T, data string) (n int) {
	inside(t, data, func(a *app.App) {
		org, err := a.Accounts.Organizations.Sole(t.Context())
		if err == nil {
			n, err = a.Store.CountMembers(t.Context(), org.ID)
		}
		if err != nil {
			t.Fatal(err)
		}
	})
	return n
}

// export is the example with a text replaced, as a file.
func export(t *testing.T, old, with string) string {
	t.Helper()
	text, err := os.ReadFile(exampleExport)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "export.json")
	if err := os.WriteFile(path, []byte(strings.ReplaceAll(string(text), old, with)), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestImport_DryRunThenRealThenAgain(t *testing.T) {
	data, file := installed(t), export(t, "", "")
	code, out, errOut := run(t, "import", file, "--strategy", "with-policies", "--dry-run", "--data", data)
	if code != 3 || !strings.Contains(out, "dry run") || !strings.Contains(out, "Review") || !strings.Contains(errOut, "100 %") {
		t.Errorf("dry run: exit %d\n%s\n%s", code, out, errOut)
	}
	if n := members(t, data); n != 1 {
		t.Errorf("a dry run left %d members", n)
	}
	var report migration.Report
	code, out, _ = run(t, "import", file, "--strategy", "with-policies", "--data", data, "--report", "json")
	if err := json.Unmarshal([]byte(out), &report); code != 3 || err != nil || report.Deployed == "" || report.Totals[2].New != 4 {
		t.Errorf("import: exit %d, %v\n%s", code, err, out)
	}
	inside(t, data, func(a *app.App) {
		if _, err := a.Verify.Verify(t.Context(), "old style secret, of ed"); err != nil {
			t.Errorf("an imported secret: %v", err)
		}
	})
	code, out, _ = run(t, "import", file, "--strategy", "fresh", "--data", data)
	if code != 0 || !strings.Contains(out, "Nothing was changed") || members(t, data) != 5 {
		t.Errorf("the same file again: exit %d\n%s", code, out)
	}
}

func TestImport_ACleanFileExitsWithZero(t *testing.T) {
	data := installed(t)
	file := filepath.Join(t.TempDir(), "clean.json")
	text := `{"format":"latchkey-legacy-export","version":1,"organization":{"id":"o","name":"O"},"workspaces":[{"id":"w","name":"W"}],
		"members":[{"id":"m","email":"m@acme.example","org_role":"member","workspaces":[{"workspace":"w","role":"connections_editor"}]}]}`
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if code, out, errOut := run(t, "import", file, "--strategy", "with-policies", "--data", data); code != 0 || members(t, data) != 2 {
		t.Errorf("exit %d\n%s\n%s", code, out, errOut)
	}
}

func TestImport_MistakesExitWithOneAndChangeNothing(t *testing.T) {
	data := installed(t)
	for name, tt := range map[string]struct {
		args []string
		says string
	}{
		"a mistake in the file":  {[]string{export(t, "connections_admin", "boss"), "--strategy", "fresh"}, "members[1].workspaces[0].role"},
		"no file":                {[]string{"nowhere.json", "--strategy", "fresh"}, "no such file"},
		"no strategy":            {[]string{export(t, "", "")}, "--strategy"},
		"an unknown strategy":    {[]string{export(t, "", ""), "--strategy", "all"}, "with-policies"},
		"a conflict":             {[]string{export(t, "vic@acme", "ada@acme"), "--strategy", "fresh"}, "--existing-members"},
		"a folder without a db?": {[]string{export(t, "", ""), "--strategy", "fresh", "--data", filepath.Join(data, "none")}, "does not exist"},
	} {
		args := append([]string{"import"}, tt.args...)
		if len(tt.args) < 5 {
			args = append(args, "--data", data)
		}
		code, out, errOut := run(t, args...)
		if code != 1 || !strings.Contains(errOut, tt.says) {
			t.Errorf("%s: exit %d, want 1 and %q\n%s\n%s", name, code, tt.says, out, errOut)
		}
	}
	if n := members(t, data); n != 1 {
		t.Errorf("%d members are there", n)
	}
	code, out, _ := run(t, "import", export(t, "connections_admin", "boss"), "--strategy", "fresh", "--data", data, "--report", "json")
	if code != 1 || !strings.Contains(out, `"path":"members[1].workspaces[0].role"`) {
		t.Errorf("JSON: exit %d, %s", code, out)
	}
}

func TestImport_TheFileWritesNothingOnTheTerminal(t *testing.T) {
	data := installed(t)
	const key, seen = `"nick\u001b]0;name\u202e\u009b1m\n": 1, `, `members[1]["nick\x1b]0;name\u202e\u009b1m\n"]`
	for keys, says := range map[string]string{key: "This field is unknown", key + key: "This field is repeated."} {
		file := export(t, `"name": "Cora"`, keys+`"name": "Cora"`)
		_, out, errOut := run(t, "import", file, "--strategy", "fresh", "--dry-run", "--data", data)
		if strings.ContainsAny(out+errOut, "\x1b\u202e\u009b") || !strings.Contains(out+errOut, seen+": "+says) {
			t.Errorf("%s\n%q\n%q", says, out, errOut)
		}
		_, out, errOut = run(t, "import", file, "--strategy", "fresh", "--dry-run", "--data", data, "--report", "json")
		quoted, err := json.Marshal(seen)
		if err != nil || strings.ContainsAny(out+errOut, "\x1b\u202e\u009b") || !strings.Contains(out, string(quoted)) {
			t.Errorf("%s\n%q\n%q", says, out, errOut)
		}
	}
	// Any text of the file, in every report: in a role, an id, an address, the section and the head.
	for _, old := range []string{`"format":`, `"connections_editor"`, `"vic@acme`, `"members":`, `"workspaces":`, `"org_role":`} {
		for _, report := range []string{"text", "json"} {
			file := export(t, old, old[:len(old)/2]+`\u001b[31m\u009b31m\u0007\u202e`+old[len(old)/2:])
			_, out, errOut := run(t, "import", file, "--strategy", "fresh", "--dry-run", "--data", data, "--report", report)
			if strings.ContainsAny(out+errOut, "\x1b\x07\u202e\u009b") {
				t.Errorf("%s, %s\n%q\n%q", old, report, out, errOut)
			}
		}
	}
	code, _, errOut := run(t, "import", "none\x1b]0;x", "--strategy", "fresh", "--data", data)
	if code != 1 || !strings.Contains(errOut, "none\ufffd]0;x: no such file") {
		t.Errorf("exit %d, %q", code, errOut)
	}
}

func TestImport_FlagsResolveConflicts(t *testing.T) {
	for name, file := range map[string]string{"with groups": export(t, "vic@acme", "ada@acme"),
		"without groups": withoutGroups(t, export(t, "vic@acme", "ada@acme"))} {
		for _, flag := range []string{"keep", "add"} {
			data := installed(t)
			code, out, errOut := run(t, "import", file, "--strategy", "fresh", "--data", data, "--existing-members", flag)
			if code != 3 || members(t, data) != 4 || strings.Contains(out, "Role and policies stay") != (flag == "keep") {
				t.Errorf("%s, %s: exit %d\n%s\n%s", name, flag, code, out, errOut)
			}
		}
	}
}

// withoutGroups takes the groups out of an export and returns its path.
func withoutGroups(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	from, to := strings.Index(string(text), `  "groups": [`), strings.Index(string(text), `  "personal_tokens": [`)
	if err := os.WriteFile(path, append(text[:from:from], text[to:]...), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestImport_FlagsSayWhatBecomesOfGroupsThatAreHere(t *testing.T) {
	for _, tt := range []struct {
		flag   string
		locked bool // the identity provider says who is in it
		code   int
		want   string
	}{
		{"ask", false, 1, "Data team=0"},
		{"use", false, 3, "Data team=2 Everybody=4"},
		{"new", false, 3, "Data team=0 Data team (imported)=2 Everybody=4"},
		{"leave-out", false, 3, "Data team=0 Everybody=4"},
		{"use", true, 1, "Data team=0"},
		{"new", true, 3, "Data team=0 Data team (imported)=2 Everybody=4"},
	} {
		data := installed(t)
		inside(t, data, func(a *app.App) {
			org, err := a.Accounts.Organizations.Sole(t.Context())
			if err == nil {
				err = a.Store.InTx(t.Context(), actor.System(""), func(tx *store.Tx) error {
					if err := tx.SaveSCIM(t.Context(), org.ID, tt.locked); err != nil {
						return err
					}
					return tx.InsertGroup(t.Context(), account.Group{ID: "live", Organization: org.ID, Name: "Data team",
						External: tt.locked, CreatedAt: tx.Now(), UpdatedAt: tx.Now()})
				})
			}
			if err != nil {
				t.Fatal(err)
			}
		})
		code, out, errOut := run(t, "import", export(t, "", ""), "--strategy", "fresh", "--data", data, "--existing-groups", tt.flag)
		if got := groupsIn(t, data); code != tt.code || got != tt.want {
			t.Errorf("%s, locked %v: exit %d, %s; want %d, %s\n%s\n%s", tt.flag, tt.locked, code, got, tt.code, tt.want, out, errOut)
		}
	}
}

// groupsIn lists the groups in a data folder with how many members they have.
func groupsIn(t *testing.T, data string) string {
	var words []string
	inside(t, data, func(a *app.App) {
		org, err := a.Accounts.Organizations.Sole(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		groups, err := a.Store.Groups(t.Context(), org.ID)
		if err != nil {
			t.Fatal(err)
		}
		counts, err := a.Store.CountGroupMembers(t.Context(), org.ID)
		if err != nil {
			t.Fatal(err)
		}
		for _, g := range groups {
			words = append(words, fmt.Sprintf("%s=%d", g.Name, counts[g.ID]))
		}
	})
	return strings.Join(words, " ")
}

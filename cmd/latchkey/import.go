package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"

	"latchkey/internal/actor"
	"latchkey/internal/app"
	"latchkey/internal/config"
	"latchkey/internal/fault"
	"latchkey/internal/legacy"
	"latchkey/internal/migration"
	"latchkey/internal/plaintext"
	"latchkey/internal/store"
)

// importing is what one import takes.
type importing struct {
	config.Config
	file     string
	strategy string
	dryRun   bool
	report   string
	reset    bool

	existingWorkspaces, existingMembers, existingGroups, existingTokens, removedMembers string
}

func newImport() *command {
	const about = `Stop a server that uses the data folder first: only one program can use it at a time. Servers
on PostgreSQL can keep running; they accept the imported tokens at once.`
	const ask = "ask"
	i := importing{report: "text",
		existingWorkspaces: ask, existingMembers: ask, existingGroups: ask, existingTokens: ask, removedMembers: ask}
	c := newCommand("import", "Import members, policies and tokens from a role-based system.", about)
	c.argument(text(&i.file, "FILE"), "Export of the old system; see docs/legacy-export.md.")
	c.flag(choice(&i.strategy, "with-policies", "fresh"), "strategy",
		"with-policies converts roles, locks and privacy lists; fresh gives members view access only. "+
			"Service tokens keep their permissions in both.").require()
	c.flag(yesNo(&i.dryRun), "dry-run", "Print the report and change nothing.")
	c.flag(choice(&i.report, "text", "json"), "report", "Form of the report.")
	c.flag(choice(&i.existingWorkspaces, ask, "use", "new"), "existing-workspaces",
		"If a workspace of the same name exists: use it, or create a new one.")
	c.flag(choice(&i.existingMembers, ask, "keep", "add", "replace"), "existing-members",
		"If a member with the same address exists: keep role and policies, add to them, or replace them.")
	c.flag(choice(&i.existingGroups, ask, "use", "new", "leave-out"), "existing-groups",
		"If a group of the same name exists: use it, create a new one, or leave-out. "+
			"A group whose members an identity provider manages cannot be used.")
	c.flag(choice(&i.existingTokens, ask, "leave-out"), "existing-tokens", "If a token with the same secret exists: leave-out.")
	c.flag(choice(&i.removedMembers, ask, "leave-out", "new"), "removed-members",
		"For members who were imported before and removed since: leave-out or new.")
	c.flag(yesNo(&i.reset), "reset", "Empty the staging area first.")
	offlineFlags(c, &i.Config)
	return c.runs(func(ctx context.Context) error { return i.run(ctx) })
}

// exitWarnings is the exit code of an import with warnings. A clean one exits with 0, a failed
// one, like every command, with 1.
const exitWarnings = 3

// run imports the file, or reports what importing it would do.
func (i importing) run(ctx context.Context) error {
	clean, err := i.imports(ctx)
	if err == nil && !clean {
		os.Exit(exitWarnings)
	}
	return err
}

// imports does it, and reports whether there were no warnings.
func (i importing) imports(ctx context.Context) (clean bool, err error) {
	file, err := os.Open(i.file)
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	if i.DatabaseURL == "" {
		if err := store.Present(filepath.Join(i.Data, "latchkey.db")); err != nil {
			return false, err
		}
	}
	a, err := app.New(ctx, i.Config, app.Options{WithoutKey: true})
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, a.Close()) }()
	service, by, err := a.Migration.Operator(ctx)
	if err != nil {
		return false, err
	}
	report, err := i.carryOut(ctx, service, by, file)
	if err != nil {
		return false, i.explain(err)
	}
	return report.Clean(), i.print(report)
}

// carryOut stages the file, resolves conflicts as the flags say, and deploys unless it is a dry
// run. It removes from the staging area what it does not deploy.
func (i importing) carryOut(ctx context.Context, s *migration.Service, by actor.Standing,
	file *os.File) (report migration.Report, err error) {
	if i.reset {
		if _, err := s.Reset(ctx, by); err != nil {
			return report, err
		}
	}
	if _, err := s.Upload(ctx, by, filepath.Base(i.file), file, i.progress(file)); err != nil {
		return report, err
	}
	deployed := false
	defer func() {
		if !deployed {
			_, resetErr := s.Reset(context.WithoutCancel(ctx), by)
			err = errors.Join(err, resetErr)
		}
	}()
	i.printProgress("converting roles …")
	if err := i.watched(ctx, s, by, func() error { return s.Import(ctx, by, migration.Strategy(i.strategy)) }); err != nil {
		return report, err
	}
	for conflict, choice := range i.choices() {
		if _, err := s.ChooseAll(ctx, by.Caller(), conflict, choice); err != nil {
			return report, err
		}
	}
	if report, err = s.Preview(ctx, by); err != nil {
		return report, err
	}
	if n := report.Unsolved(); n > 0 {
		return report, errors.Join(i.print(report),
			fmt.Errorf("nothing was imported: %d conflicts to resolve with --existing-workspaces, --existing-members, --existing-groups, --existing-tokens or --removed-members", n))
	}
	if i.dryRun {
		return report, nil
	}
	i.printProgress("deploying …")
	var m migration.Migration
	if err := i.watched(ctx, s, by, func() (err error) { m, err = s.Deploy(ctx, by, ""); return err }); err != nil {
		return report, err
	}
	deployed = true
	err = json.Unmarshal([]byte(m.Report), &report)
	return report, err
}

// choices returns what the flags say about conflicts.
func (i importing) choices() map[migration.Conflict]migration.Choice {
	choices := map[migration.Conflict]migration.Choice{}
	for conflict, flag := range map[migration.Conflict]string{migration.SameName: i.existingWorkspaces, migration.SameEmail: i.existingMembers,
		migration.SameGroup: i.existingGroups, migration.ManagedGroup: i.existingGroups, migration.SameDigest: i.existingTokens,
		migration.Removed: i.removedMembers} {
		if choice := migration.Choice(flag); slices.Contains(conflict.Choices(), choice) {
			choices[conflict] = choice
		}
	}
	return choices
}

// progress returns a function that prints how much of the file has been read.
func (i importing) progress(file *os.File) func(int) {
	info, err := file.Stat()
	return func(elements int) {
		at, seekErr := file.Seek(0, io.SeekCurrent)
		if err != nil || seekErr != nil || info.Size() == 0 {
			i.printProgress("read %d elements", elements)
			return
		}
		i.printProgress("read %d elements, %d %%", elements, 100*at/info.Size())
	}
}

// watched runs do and prints its progress every few seconds.
func (i importing) watched(ctx context.Context, s *migration.Service, by actor.Standing, do func() error) error {
	done := make(chan error, 1)
	go func() { done <- do() }()
	every := time.NewTicker(2 * time.Second)
	defer every.Stop()
	for {
		select {
		case err := <-done:
			return err
		case <-every.C:
			if running, w, err := s.Running(ctx, by); err == nil && running && w.Kind != "" {
				i.printProgress("%s: %d of %d", w.Kind.Label(), w.Done, w.Total)
			}
		}
	}
}

// printProgress writes a line of progress to standard error, apart from the report.
func (importing) printProgress(format string, args ...any) {
	fmt.Fprintf(os.Stderr, format+"\n", args...)
}

// print writes the report.
func (i importing) print(r migration.Report) error {
	if i.report == "json" {
		out := json.NewEncoder(os.Stdout)
		out.SetIndent("", "  ")
		return out.Encode(r)
	}
	if err := r.WriteText(os.Stdout); err != nil {
		return err
	}
	verdict := "The import is complete."
	switch {
	case r.Unsolved() > 0:
		verdict = "Nothing was imported."
	case r.Changes() == 0:
		verdict = "Everything in the file exists already. Nothing was changed."
	case i.dryRun:
		verdict = "This was a dry run. Nothing was changed."
	}
	_, err := fmt.Printf("\n%s\n", verdict)
	return err
}

// explain prints the mistakes in a file, one a line, and returns a summary as the error.
func (i importing) explain(err error) error {
	f := fault.Of(err)
	switch {
	case f.Kind == fault.Internal:
		return err
	case i.report == "json" && len(f.Fields) > 0:
		var out struct {
			Errors []legacy.Warning `json:"errors"`
		}
		for _, field := range f.Fields {
			out.Errors = append(out.Errors, legacy.Warning(field))
		}
		if err := json.NewEncoder(os.Stdout).Encode(out); err != nil {
			return err
		}
	default:
		for _, field := range f.Fields {
			fmt.Fprintln(os.Stderr, plaintext.Visible(field.Path+": "+field.Message))
		}
	}
	return errors.New(f.Message)
}

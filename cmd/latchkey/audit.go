package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"

	"latchkey/internal/audit"
	"latchkey/internal/store"
)

// auditCmd looks at the audit log. It changes nothing, so it can be used beside a server.
type auditCmd struct {
	Verify auditVerifyCmd `cmd:"" help:"Follow the chain of the audit log, in the database or in an exported file."`
	Export auditExportCmd `cmd:"" help:"Write the audit log to a file that can be verified by itself."`
}

// auditSource says where the log is.
type auditSource struct {
	Data        string `help:"Folder of the database." env:"LATCHKEY_DATA" default:"data" placeholder:"DIR"`
	DatabaseURL string `help:"PostgreSQL database instead of a file." env:"LATCHKEY_DATABASE_URL" placeholder:"URL"`
}

func (s auditSource) open(ctx context.Context) (*store.Store, error) {
	return store.OpenToRead(ctx, store.Options{URL: s.DatabaseURL, Path: filepath.Join(s.Data, "latchkey.db")})
}

type auditVerifyCmd struct {
	auditSource
	File    string `arg:"" optional:"" type:"existingfile" help:"Exported file to verify instead of the database."`
	Against string `type:"existingfile" help:"File that was exported before: the log must still hold all of it." placeholder:"FILE"`
}

// Run verifies and prints what holds. The error names the first event that does not.
func (v auditVerifyCmd) Run(ctx context.Context) error {
	earlier := audit.Start()
	if v.Against != "" {
		found, err := verifyFile(v.Against, audit.Start())
		if err != nil {
			return fmt.Errorf("%s: %w", v.Against, err)
		}
		earlier = found.Head
	}
	if v.File != "" {
		return v.file(earlier)
	}
	return v.database(ctx, earlier)
}

func (v auditVerifyCmd) file(earlier audit.Anchor) error {
	found, err := verifyFile(v.File, earlier)
	switch {
	case err != nil:
		return broken(err)
	case v.Against != "" && earlier.Seq < found.After.Seq:
		return audit.ErrPruned
	case v.Against != "" && !found.Seen:
		return broken(&audit.Broken{Seq: earlier.Seq, Why: "is not as it was exported before"})
	}
	holds(found.After, found.Head)
	return nil
}

func (v auditVerifyCmd) database(ctx context.Context, earlier audit.Anchor) (err error) {
	st, err := v.open(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, st.Close()) }()
	state, err := audit.Verify(ctx, st, runtime.NumCPU())
	if err != nil {
		return broken(err)
	}
	if err := audit.Compare(ctx, st, earlier); err != nil {
		return broken(err)
	}
	holds(state.Checkpoint.Anchor, state.Head)
	if c := state.Checkpoint; c.Seq > 0 {
		fmt.Printf("What was before was pruned on %s; event %d signs for it.\n", audit.FormatTime(c.SignedAt), c.SignedBy)
	}
	return nil
}

// verifyFile verifies a file and looks for an anchor in it.
func verifyFile(path string, seek audit.Anchor) (found audit.Verified, err error) {
	f, err := os.Open(path)
	if err != nil {
		return audit.Verified{}, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	return audit.VerifyFile(f, seek)
}

// broken heads what was found.
func broken(err error) error {
	var b *audit.Broken
	if errors.As(err, &b) {
		return fmt.Errorf("the chain of the audit log does not hold: %w", err)
	}
	return err
}

func holds(after, head audit.Anchor) {
	fmt.Printf("The chain holds: %d events, from event %d to event %d.\nHead: %d %x\n", head.Seq-after.Seq, min(after.Seq+1, head.Seq), head.Seq, head.Seq, head.Hash)
}

type auditExportCmd struct {
	auditSource
	File string `arg:"" help:"New file to write."`
}

// Run writes the file. Keep it, or the head that is printed, away from the database: what is
// cut off the log later shows against it.
func (e auditExportCmd) Run(ctx context.Context) (err error) {
	st, err := e.open(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, st.Close()) }()
	f, err := os.OpenFile(e.File, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	head, err := audit.WriteFile(ctx, st, f)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		// Half a file must not look like a whole one.
		return errors.Join(broken(err), os.Remove(e.File))
	}
	_, err = fmt.Printf("Exported up to event %d to %s.\nHead: %d %x\n", head.Seq, e.File, head.Seq, head.Hash)
	return err
}

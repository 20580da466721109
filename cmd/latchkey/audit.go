package main

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"

	"latchkey/internal/audit"
	"latchkey/internal/store"
)

// auditCmd looks at the audit log. It changes nothing, so it can be used beside a server.
type auditCmd struct {
	Verify auditVerifyCmd `cmd:"" help:"Follow the chain of the audit log, in the database or in an exported file."`
	Export auditExportCmd `cmd:"" help:"Write the audit log to a file that can be verified by itself."`
}

// Help says what the two are good for together.
func (auditCmd) Help() string {
	return `Both only read and may run beside a server, or on a copy of its data folder that cannot be written.

Export from time to time to where nobody can write who can write the database, and verify against the last export: whoever cuts off the newest events, or writes a whole new chain, is seen only by that.`
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
	Against string `type:"existingfile" xor:"earlier" help:"File that was exported before: the log must still hold all of it." placeholder:"FILE"`
	Index   bool   `help:"Also compare what pages and the API search by with the events, which takes longer."`
	Head    string `xor:"earlier" help:"Head that an export printed, its number and hash: the log must still hold it." placeholder:"'N HASH'"`
}

// Help says what comes out.
func (auditVerifyCmd) Help() string {
	return `Prints how many events hold and the head of the chain. When an event was changed, removed, moved or added behind the server's back, it names the first one that does not hold and ends with status 1.`
}

// Run verifies and prints what holds. The error names the first event that does not.
func (v auditVerifyCmd) Run(ctx context.Context) error {
	earlier, err := v.earlier()
	if err != nil {
		return err
	}
	if v.File != "" {
		return v.file(earlier)
	}
	return v.database(ctx, earlier)
}

// earlier is the head that the log must still hold; its beginning when none is given.
func (v auditVerifyCmd) earlier() (audit.Anchor, error) {
	switch {
	case v.Against != "":
		found, err := verifyFile(v.Against, audit.Start())
		if err != nil {
			return audit.Anchor{}, fmt.Errorf("%s: %w", v.Against, err)
		}
		return found.Head, nil
	case v.Head != "":
		return readHead(v.Head)
	}
	return audit.Start(), nil
}

// readHead reads what [holds] prints of a head.
func readHead(text string) (audit.Anchor, error) {
	number, digits, _ := strings.Cut(strings.TrimSpace(strings.TrimPrefix(text, "Head:")), " ")
	seq, err := strconv.ParseInt(number, 10, 64)
	hash, hexErr := hex.DecodeString(strings.TrimSpace(digits))
	if err != nil || hexErr != nil || seq < 1 || len(hash) != len(audit.Genesis()) {
		return audit.Anchor{}, errors.New("--head: give the number and the hash that an export printed, as '4711 9f86d0…'")
	}
	return audit.Anchor{Seq: seq, Hash: hash}, nil
}

func (v auditVerifyCmd) file(earlier audit.Anchor) error {
	found, err := verifyFile(v.File, earlier)
	switch {
	case err != nil:
		return broken(err)
	case earlier.Seq > 0 && earlier.Seq < found.After.Seq:
		return audit.ErrPruned
	case earlier.Seq > 0 && !found.SeekFound:
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
	if v.Index {
		if err := st.CheckIndex(ctx); err != nil {
			return fmt.Errorf("the chain holds, the search index does not: %w", err)
		}
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
	what := "events"
	if head.Seq-after.Seq == 1 {
		what = "event"
	}
	fmt.Printf("The chain holds: %d %s, from event %d to event %d.\nHead: %d %x\n", head.Seq-after.Seq, what, min(after.Seq+1, head.Seq), head.Seq, head.Seq, head.Hash)
}

type auditExportCmd struct {
	auditSource
	File string `arg:"" help:"New file to write."`
}

// Help says what to do with the file.
func (auditExportCmd) Help() string {
	return `The file is JSON Lines and never overwrites another one. "latchkey audit verify FILE" verifies it anywhere, without a database. Keep it, or at least the head that is printed, where nobody can write who can write the database.`
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

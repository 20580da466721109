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

// auditCmd reads the audit log. It changes nothing, so it can run beside a server.
type auditCmd struct {
	Verify auditVerifyCmd `cmd:"" help:"Follow the chain of the audit log, in the database or in an exported file."`
	Export auditExportCmd `cmd:"" help:"Export the audit log to a file that can be verified by itself."`
}

// Help explains why to use both commands.
func (auditCmd) Help() string {
	return `Both commands only read. They can run beside a server, or on a read-only copy of its data folder.

Export regularly to a place that the database administrators cannot write to, and verify against the last export. Only that comparison reveals that somebody cut off the newest events or rewrote the whole chain.`
}

// auditSource is the database that holds the log.
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
	Against string `type:"existingfile" xor:"earlier" help:"Earlier export: the log must still contain all of it." placeholder:"FILE"`
	Index   bool   `help:"Also compare the search index with the events, which takes longer."`
	Head    string `xor:"earlier" help:"Head that an earlier export printed, its number and hash: the log must still contain it." placeholder:"'N HASH'"`
}

// Help describes the output.
func (auditVerifyCmd) Help() string {
	return `Prints the number of verified events and the head of the chain. If an event was changed, removed, moved or added without the server, prints the first event that does not fit and exits with status 1.`
}

// Run verifies the chain and prints its extent. The error names the first event that does not
// fit.
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

// earlier returns the head that the log must still contain, or its beginning if none is given.
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

// readHead parses a head as [holds] prints it.
func readHead(text string) (audit.Anchor, error) {
	number, digits, _ := strings.Cut(strings.TrimSpace(strings.TrimPrefix(text, "Head:")), " ")
	seq, err := strconv.ParseInt(number, 10, 64)
	hash, hexErr := hex.DecodeString(strings.TrimSpace(digits))
	if err != nil || hexErr != nil || seq < 1 || len(hash) != len(audit.Genesis()) {
		return audit.Anchor{}, errors.New("--head: use the number and the hash that an export printed, such as '4711 9f86d0…'")
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
		return broken(&audit.Broken{Seq: earlier.Seq, Why: "is not the event that was exported before"})
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
		fmt.Printf("Earlier events were pruned on %s, as recorded in event %d.\n", audit.FormatTime(c.SignedAt), c.SignedBy)
	}
	return nil
}

// verifyFile verifies a file and searches it for an anchor.
func verifyFile(path string, seek audit.Anchor) (found audit.Verified, err error) {
	f, err := os.Open(path)
	if err != nil {
		return audit.Verified{}, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	return audit.VerifyFile(f, seek)
}

// broken adds to err that the chain does not hold.
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
	fmt.Printf("The chain holds: %d %s, from event %d to event %d.\nHead: %d %x\n", head.Seq-after.Seq, what,
		min(after.Seq+1, head.Seq), head.Seq, head.Seq, head.Hash)
}

type auditExportCmd struct {
	auditSource
	File string `arg:"" help:"New file to write."`
}

// Help explains how to use the file.
func (auditExportCmd) Help() string {
	return `Writes JSON Lines and never overwrites a file. "latchkey audit verify FILE" verifies the file anywhere, without a database. Keep it, or at least the printed head, where the database administrators cannot write.`
}

// Run writes the file. Keep it, or the printed head, away from the database: comparing with
// it reveals events that were cut off the log later.
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
		// An incomplete file must not look complete.
		return errors.Join(broken(err), os.Remove(e.File))
	}
	_, err = fmt.Printf("Exported up to event %d to %s.\nHead: %d %x\n", head.Seq, e.File, head.Seq, head.Hash)
	return err
}

package main

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"

	"latchkey/internal/audit"
	"latchkey/internal/config"
	"latchkey/internal/plaintext"
	"latchkey/internal/store"
	"latchkey/internal/witness"
)

// newAudit returns the commands that verify, export and sign the audit log.
func newAudit() *command {
	const about = `"verify" and "export" only read. They can run beside a server, or on a read-only copy of its
data folder.

The server signs the log with a key outside of the database, so "verify" with the public key finds a chain
that was rewritten. That the newest events were cut off only shows in what was kept elsewhere: the heads of
--audit-head-to, or an export. Keep both where the database administrators cannot write.`
	return newGroup("audit", "Verify or export the audit log, or manage the key that signs it.", about,
		newAuditVerify(), newAuditExport(), newAuditKey())
}

// auditSource is the database that holds the log.
type auditSource struct{ config.Config }

// flags declares the flags that name the source.
func (s *auditSource) flags(c *command) {
	databaseFlags(c, &s.Config)
	c.flag(text(&s.AuditKeyFile, "FILE"), "audit-key-file",
		"Key that signs the audit log. Without it: audit.key in the data folder.").variable("LATCHKEY_AUDIT_KEY_FILE")
}

// key returns the key, and whether there is one here.
func (s auditSource) key() (key audit.Key, found bool, err error) {
	path := s.AuditKey()
	if path == "" {
		return key, false, nil
	}
	key, err = witness.LoadKey(path)
	if s.AuditKeyFile == "" && (errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission)) {
		return key, false, nil
	}
	return key, err == nil, err
}

// signer returns what signs heads with the key, or nil without one.
func (s auditSource) signer() (*audit.Signer, error) {
	key, found, err := s.key()
	if err != nil || !found {
		return nil, err
	}
	return audit.NewSigner(key, witness.MemoryOf(s.AuditKey()), nil), nil
}

func (s auditSource) open(ctx context.Context) (*store.Store, error) {
	return store.OpenToRead(ctx, store.Options{URL: s.DatabaseURL, Path: filepath.Join(s.Data, "latchkey.db")})
}

// auditVerify is what one verification takes.
type auditVerify struct {
	auditSource
	publicKeys []string
	exported   string // file to verify; "" is the database
	against    string
	index      bool
	heads      string
	head       string
}

func newAuditVerify() *command {
	const about = `Prints the number of verified events, the head of the chain and how far it is signed. The key
is the one beside the database, or those of --public-key. Somebody who can write there could replace the
first: give the public key if you do not trust the machine. If an event was changed, removed, moved or added
without the server, prints the first event that does not fit and exits with status 1.`
	var v auditVerify
	c := newCommand("verify", "Follow the chain of the audit log, in the database or in an exported file.", about)
	c.optional(existing(&v.exported, "FILE"), "Exported file to verify instead of the database.")
	v.flags(c)
	c.flag(existingList(&v.publicKeys, "FILE"), "public-key",
		"Public keys that may have signed the log, in PEM. Then a log without signed heads is an error.")
	c.flag(existing(&v.against, "FILE"), "against", "Earlier export: the log must still contain all of it. Not with --head.")
	c.flag(yesNo(&v.index), "index", "Also compare the search index with the events, which takes longer.")
	c.flag(existing(&v.heads, "FILE"), "heads", "Signed heads that --audit-head-to has kept: the log must still contain all of them.")
	c.flag(text(&v.head, "'N HASH'"), "head",
		"Head that an earlier export printed, its number and hash: the log must still contain it. Not with --against.")
	return c.runs(func(ctx context.Context) error { return v.run(ctx) })
}

// run verifies the chain and prints its extent. The error names the first event that does not
// fit.
func (v auditVerify) run(ctx context.Context) error {
	earlier, err := v.earlier()
	if err != nil {
		return err
	}
	trust, err := v.trust()
	if err != nil {
		return err
	}
	if v.exported != "" {
		return v.file(earlier, trust)
	}
	return v.database(ctx, earlier, trust)
}

// trust returns the known keys, and the heads that were kept elsewhere.
func (v auditVerify) trust() (t audit.Trust, err error) {
	for _, path := range v.publicKeys {
		keys, err := witness.LoadPublicKeys(path)
		if err != nil {
			return t, err
		}
		t.Keys, t.Required = append(t.Keys, keys...), true
	}
	if key, found, err := v.key(); err != nil {
		return t, err
	} else if found && len(t.Keys) == 0 && (v.exported == "" || v.AuditKeyFile != "") {
		t.Keys = append(t.Keys, key.Public())
		// The head beside the key is the newest one that was signed on this machine.
		if h, kept, err := witness.MemoryOf(v.AuditKey()).Last(); err == nil && kept && v.exported == "" {
			t.Heads = append(t.Heads, h)
		}
	}
	if v.heads == "" {
		return t, nil
	}
	text, err := os.ReadFile(v.heads)
	if err != nil {
		return t, err
	}
	heads, unreadable := audit.ReadHeads(text)
	if unreadable > 0 {
		fmt.Fprintf(os.Stderr, "%s: %d lines are not signed heads\n", v.heads, unreadable)
	}
	if len(heads) == 0 {
		return t, fmt.Errorf("%s: it holds no signed heads", v.heads)
	}
	t.Heads = append(t.Heads, heads...)
	return t, nil
}

// earlier returns the head that the log must still contain, or its beginning if none is given.
func (v auditVerify) earlier() (audit.Anchor, error) {
	switch {
	case v.against != "" && v.head != "":
		return audit.Anchor{}, errors.New("--against and --head cannot be used together")
	case v.against != "":
		found, err := verifyFile(v.against, audit.Start())
		if err != nil {
			return audit.Anchor{}, fmt.Errorf("%s: %w", v.against, err)
		}
		return found.Head, nil
	case v.head != "":
		return readHead(v.head)
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

func (v auditVerify) file(earlier audit.Anchor, trust audit.Trust) error {
	found, err := verifyFile(v.exported, earlier, trust.Heads...)
	switch {
	case err != nil:
		return broken(err)
	case earlier.Seq > 0 && earlier.Seq < found.After.Seq:
		return audit.ErrPruned
	case earlier.Seq > 0 && !found.SeekFound:
		return broken(&audit.Broken{Seq: earlier.Seq, Why: "is not the event that was exported before"})
	}
	covered, err := found.CheckHeads(trust)
	if err != nil {
		return broken(err)
	}
	holds(found.After, found.Head)
	signed(covered, trust, len(found.Signed) > 0)
	withoutClock(found.Late)
	return nil
}

func (v auditVerify) database(ctx context.Context, earlier audit.Anchor, trust audit.Trust) (err error) {
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
	covered, err := audit.CheckHeads(ctx, st, trust)
	if err != nil {
		return broken(err)
	}
	if v.index {
		if err := st.CheckIndex(ctx); err != nil {
			return fmt.Errorf("the chain holds, the search index does not: %w", err)
		}
	}
	holds(state.Checkpoint.Anchor, state.Head)
	signed(covered, trust, covered.Unknown > 0)
	withoutClock(state.Late)
	if c := state.Checkpoint; c.Seq > 0 {
		fmt.Printf("Earlier events were pruned on %s, as recorded in event %d.\n", audit.FormatTime(c.SignedAt), c.SignedBy)
	}
	return nil
}

// verifyFile verifies a file and searches it for an anchor.
func verifyFile(path string, seek audit.Anchor, heads ...audit.SignedHead) (found audit.Verified, err error) {
	f, err := os.Open(path)
	if err != nil {
		return audit.Verified{}, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	return audit.VerifyFile(f, seek, heads...)
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

// withoutClock says that events lack a clock time although earlier ones have it.
func withoutClock(late int64) {
	if late > 0 {
		fmt.Printf("Events without a clock time among newer ones: %d. Servers of an older version wrote them, unless all were upgraded at once.\n", late)
	}
}

// signed prints how far the log is signed. any says whether it has signed heads at all.
func signed(c audit.Covered, trust audit.Trust, any bool) {
	switch {
	case c.Last.Seq > 0 && c.Unsigned == 0:
		fmt.Printf("Signed: all of it, with key %s on %s.\n", c.Last.Key, audit.FormatTime(c.Last.Time))
	case c.Last.Seq > 0:
		fmt.Printf("Signed: up to event %d, with key %s on %s.\n", c.Last.Seq, c.Last.Key, audit.FormatTime(c.Last.Time))
	case len(trust.Keys) == 0 && any:
		fmt.Println("Signatures were not checked: give the public key with --public-key.")
	default:
		fmt.Println("Signed: nothing.")
	}
}

// mostExports is how often the log is exported if it is pruned meanwhile. Servers prune once a day.
const mostExports = 3

// writeLog writes the log to f, and again if a server prunes it meanwhile.
func writeLog(ctx context.Context, st *store.Store, f *os.File, signer *audit.Signer) (head audit.Anchor, err error) {
	for range mostExports {
		if head, err = audit.WriteFile(ctx, st, f, signer); !errors.Is(err, audit.ErrPrunedMeanwhile) {
			return head, err
		}
		_, seekErr := f.Seek(0, io.SeekStart)
		if err := errors.Join(seekErr, f.Truncate(0)); err != nil {
			return head, err
		}
	}
	return head, err
}

// auditExport is what one export takes.
type auditExport struct {
	auditSource
	to string // the new file
}

func newAuditExport() *command {
	const about = `Writes JSON Lines and never overwrites a file. "latchkey audit verify FILE" verifies the file
anywhere, without a database. If the key is here, the file holds a new signed head, otherwise the newest that
the server has signed. Keep it, or at least the printed head, where the database administrators cannot write.`
	var e auditExport
	c := newCommand("export", "Export the audit log to a file that can be verified by itself.", about)
	c.argument(text(&e.to, "FILE"), "New file to write.")
	e.flags(c)
	return c.runs(func(ctx context.Context) error { return e.run(ctx) })
}

// run writes the file. Keep it, or the printed head, away from the database: comparing with
// it reveals events that were cut off the log later.
func (e auditExport) run(ctx context.Context) (err error) {
	st, err := e.open(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, st.Close()) }()
	signer, err := e.signer()
	if err != nil {
		return err
	}
	f, err := os.OpenFile(e.to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	head, err := writeLog(ctx, st, f, signer)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		// An incomplete file must not look complete.
		return errors.Join(broken(err), os.Remove(e.to))
	}
	fmt.Printf("Exported up to event %d to %s.\nHead: %d %x\n", head.Seq, plaintext.Visible(e.to), head.Seq, head.Hash)
	if signer != nil {
		fmt.Printf("Signed: with key %s.\n", signer.Key())
	}
	return nil
}

package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"time"

	"latchkey/internal/audit"
	"latchkey/internal/durable"
	"latchkey/internal/store"
	"latchkey/internal/witness"
)

// newAuditKey returns the commands for the key that signs the audit log.
func newAuditKey() *command {
	return newGroup("key", "Make, show or rotate the key that signs the audit log.", "",
		newAuditKeyNew(), newAuditKeyShow(), newAuditKeyRotate())
}

func newAuditKeyNew() *command {
	var file string
	c := newCommand("new", "Make a key for --audit-key-file.", "")
	c.argument(text(&file, "FILE"), "New file to write, readable by its owner only.")
	return c.runs(func(context.Context) error { return makeAuditKey(file) })
}

// makeAuditKey makes a key and prints its public part.
func makeAuditKey(file string) error {
	key, err := witness.MakeKey(file)
	if err != nil {
		return err
	}
	return showKey(key)
}

// showKey prints a public key.
func showKey(key audit.Key) error {
	text, err := audit.PublicPEM(key.Public())
	if err != nil {
		return err
	}
	_, err = fmt.Printf("Key %s\n%s", key.ID(), text)
	return err
}

func newAuditKeyShow() *command {
	const about = `Keep the public key away from this machine: anyone who can write here could replace the key.
"latchkey audit verify --public-key" reads the output.`
	var s auditSource
	c := newCommand("show", "Print the public key, for those who verify.", about)
	s.flags(c)
	return c.runs(func(context.Context) error { return s.show() })
}

// show prints the public key.
func (s auditSource) show() error {
	key, found, err := s.key()
	if err == nil && !found {
		err = errors.New("there is no key here: a server makes it at its first start, or give --audit-key-file")
	}
	if err != nil {
		return err
	}
	return showKey(key)
}

func newAuditKeyRotate() *command {
	const about = `Stop a server that uses the data folder first. Servers on PostgreSQL can keep running, but
stop signing until they are started again with the new file.

The log is signed with both keys, and the old key signs the new one: "latchkey audit verify" accepts the new
key from there on if it knows the old one. The old private key is overwritten. If somebody else may have read
it, tell those who verify to know only the new public key.`
	var s auditSource
	c := newCommand("rotate", "Replace the key by a new one.", about)
	s.flags(c)
	return c.runs(func(ctx context.Context) error { return s.rotate(ctx) })
}

// rotate makes a new key, signs the head of the log with both, and puts the new key in the place of the
// old one. If it is interrupted, it can be run again: it goes on with the key that it made.
func (s auditSource) rotate(ctx context.Context) (err error) {
	old, found, err := s.key()
	if err == nil && !found {
		err = errors.New("there is no key here: give --audit-key-file")
	}
	if err != nil {
		return err
	}
	path := s.AuditKey()
	memory, pending := witness.MemoryOf(path), path+".new"
	st, err := store.Open(ctx, store.Options{URL: s.DatabaseURL, Path: filepath.Join(s.Data, "latchkey.db")})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, st.Close()) }()
	next, err := witness.LoadKey(pending)
	if errors.Is(err, fs.ErrNotExist) {
		next, err = witness.MakeKey(pending)
	}
	if err != nil {
		return err
	}
	head, done, err := st.NewestHead(ctx, next.ID())
	if err == nil && !done {
		head, err = audit.NewSigner(old, memory, nil).Rotate(ctx, store.AuditLog(st), next, time.Now())
	}
	if err != nil {
		return broken(err) // the new key stays: a lost connection may hide that it was stored
	}
	if err := errors.Join(durable.Rename(pending, path), memory.Keep(head)); err != nil {
		return err
	}
	fmt.Printf("Key %s is replaced as of event %d.\n", old.ID(), head.Seq)
	return showKey(next)
}

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

// auditKeyCmd deals with the key that signs the audit log.
type auditKeyCmd struct {
	New    auditKeyNewCmd    `cmd:"" help:"Make a key for --audit-key-file."`
	Show   auditKeyShowCmd   `cmd:"" help:"Print the public key, for those who verify."`
	Rotate auditKeyRotateCmd `cmd:"" help:"Replace the key by a new one."`
}

type auditKeyNewCmd struct {
	File string `arg:"" help:"New file to write, readable by its owner only."`
}

// Run makes a key and prints its public part.
func (n auditKeyNewCmd) Run() error {
	key, err := witness.MakeKey(n.File)
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

type auditKeyShowCmd struct{ auditSource }

// Help says what to do with the output.
func (auditKeyShowCmd) Help() string {
	return `Keep the public key away from this machine: anyone who can write here could replace the key. "latchkey audit verify --public-key" reads the output.`
}

// Run prints the public key.
func (s auditKeyShowCmd) Run() error {
	key, found, err := s.key()
	if err == nil && !found {
		err = errors.New("there is no key here: a server makes it at its first start, or give --audit-key-file")
	}
	if err != nil {
		return err
	}
	return showKey(key)
}

type auditKeyRotateCmd struct{ auditSource }

// Help says which servers to stop, and how the old key is handled.
func (auditKeyRotateCmd) Help() string {
	return `Stop a server that uses the data folder first. Servers on PostgreSQL can keep running, but stop signing until they are started again with the new file.

The log is signed with both keys, and the old key signs the new one: "latchkey audit verify" accepts the new key from there on if it knows the old one. The old private key is overwritten. If somebody else may have read it, tell those who verify to know only the new public key.`
}

// Run makes a new key, signs the head of the log with both, and puts the new key in the place of the
// old one. If it is interrupted, it can be run again: it goes on with the key that it made.
func (r auditKeyRotateCmd) Run(ctx context.Context) (err error) {
	old, found, err := r.key()
	if err == nil && !found {
		err = errors.New("there is no key here: give --audit-key-file")
	}
	if err != nil {
		return err
	}
	path := r.keyFile()
	memory, pending := witness.MemoryOf(path), path+".new"
	st, err := store.Open(ctx, store.Options{URL: r.DatabaseURL, Path: filepath.Join(r.Data, "latchkey.db")})
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
		head, err = audit.NewSigner(old, memory, nil).Rotate(ctx, store.AuditLog{Store: st}, next, time.Now())
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

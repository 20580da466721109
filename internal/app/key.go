package app

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"latchkey/internal/config"
	"latchkey/internal/durable"
	"latchkey/internal/registry"
	"latchkey/internal/seal"
	"latchkey/internal/store"
)

// secretsHelp is where operators read about keys.
const secretsHelp = "see docs/secrets.md"

// errNoKeyFile is what a server on PostgreSQL says without a key file.
var errNoKeyFile = errors.New("--secret-key-file: PostgreSQL needs a file with the key that seals the secrets of resources," +
	" outside the database. Make it once with latchkey key new FILE, copy it to every server," +
	" and give its path with --secret-key-file or LATCHKEY_SECRET_KEY_FILE; " + secretsHelp)

// ReadKeyFile reads a file with secret keys. No error quotes it.
func ReadKeyFile(path string) (seal.Ring, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return seal.Ring{}, err
	}
	ring, err := seal.Parse(text)
	if err != nil {
		return ring, fmt.Errorf("%s is no file with secret keys: %w", path, err)
	}
	return ring, nil
}

// NewKeyFile makes a file with a new key, readable by its owner only, and returns the key's id.
// It does not overwrite a file.
func NewKeyFile(path string) (id string, err error) {
	if _, err := os.Lstat(path); !errors.Is(err, os.ErrNotExist) {
		return "", errors.Join(err, fmt.Errorf("%s already exists; latchkey key new --add puts a new key into it: %w", path, os.ErrExist))
	}
	key, err := seal.NewKey(rand.Reader)
	if err != nil {
		return "", err
	}
	return key.ID(), durable.Write(path, seal.NewRing(key).Text())
}

// AddKey puts a new key before the others of a file and returns its id. The old keys stay: they
// are in use until [RotateKey], and older backups need them after it.
func AddKey(path string) (id string, err error) {
	ring, err := ReadKeyFile(path)
	if err != nil {
		return "", err
	}
	key, err := seal.NewKey(rand.Reader)
	if err != nil {
		return "", err
	}
	return key.ID(), durable.Write(path, ring.With(key).Text())
}

// startSecrets reads the keys and seals what is stored plain. On SQLite it makes the file of the
// data folder when the database has never had a key.
func (a *App) startSecrets(ctx context.Context) error {
	keys := store.Keys(a.Store)
	path := a.cfg.KeyFile()
	ring, err := ReadKeyFile(path)
	if errors.Is(err, os.ErrNotExist) {
		ring, err = a.missingKeyFile(ctx, path)
	}
	if err != nil {
		return err
	}
	a.Secrets.Keys = ring
	started, err := a.Secrets.Start(ctx, keys)
	if wrong := (*registry.ErrWrongKey)(nil); errors.As(err, &wrong) {
		return fmt.Errorf("%s holds the key %s, but this database is sealed with the key %s: use the same file on every server,"+
			" or the copy that belongs to this database; %s", path, strings.Join(wrong.Have, " and "), wrong.Need, secretsHelp)
	}
	if err != nil {
		return err
	}
	a.sayStarted(path, started)
	return nil
}

// sealPlain seals what servers of an older version, or with fewer secret names, have stored since
// the start. It leaves overwriting where that was to the next start, which those servers need anyway:
// that makes everybody wait.
func (a *App) sealPlain(ctx context.Context) error {
	started, err := a.Secrets.Seal(ctx, store.Keys(a.Store))
	if started.Sealed > 0 {
		a.log.InfoContext(ctx, "sealed secrets of resources that another server has stored plain: upgrade it; the next server that starts"+
			" overwrites where they were", "secrets", started.Sealed)
	}
	return err
}

// missingKeyFile makes the file of a new installation on SQLite, or says what to do.
func (a *App) missingKeyFile(ctx context.Context, path string) (seal.Ring, error) {
	id, err := a.Store.SealingKey(ctx)
	switch {
	case err != nil:
		return seal.Ring{}, err
	case id != "":
		return seal.Ring{}, fmt.Errorf("the secret key file %s is missing, and this database is sealed with its key %s:"+
			" put the file back from your copy. If it is lost for good, latchkey key rotate --discard-secrets removes"+
			" the sealed secrets and makes a new key; %s", path, id, secretsHelp)
	case a.cfg.SecretKeyFile != "":
		return seal.Ring{}, fmt.Errorf("the secret key file %s does not exist: make it once with latchkey key new %s,"+
			" and copy it to every server; %s", path, path, secretsHelp)
	}
	if id, err = NewKeyFile(path); err != nil {
		return seal.Ring{}, err
	}
	a.log.Info("made the key that seals the secrets of resources: keep a copy of the file, apart from backups of the database",
		"file", path, "key", id)
	return ReadKeyFile(path)
}

// sayStarted logs what an operator should know.
func (a *App) sayStarted(path string, s registry.Started) {
	if s.Sealed > 0 {
		a.log.Info("sealed secrets of resources that were stored plain: older backups still hold them, see docs/secrets.md", "secrets", s.Sealed)
	}
	if s.Rotates {
		a.log.Warn("the secret key file has a newer key that is not in use: run latchkey key rotate", "file", path, "in_use", s.Key)
	}
	if s.Traces != nil {
		a.log.Warn("unused parts of the database may still hold secrets as they were before: trying again at the next start", "error", s.Traces)
	}
	if info, err := os.Stat(path); err == nil && readableByAll(info) {
		a.log.Warn("everybody on this machine can read the secret key file: chmod 600", "file", path)
	}
}

// readableByAll reports whether everybody on the machine can read a file. On Windows the mode says
// nothing about it.
func readableByAll(info os.FileInfo) bool {
	return runtime.GOOS != "windows" && info.Mode().Perm()&0o004 != 0
}

// RotateKey changes the key of an installation and seals everything with it. On SQLite it makes
// the new key; on PostgreSQL [AddKey] must have put it into the file of every server before.
// Interrupted, it can be run again. With discard it removes what the lost key had sealed.
func RotateKey(ctx context.Context, cfg config.Config, discard bool) (r registry.Rotated, err error) {
	path := cfg.KeyFile()
	if path == "" {
		return r, errNoKeyFile
	}
	st, err := store.Open(ctx, store.Options{URL: cfg.DatabaseURL, Path: filepath.Join(cfg.Data, "latchkey.db")})
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, st.Close()) }()
	var secrets registry.Secrets
	if secrets.Keys, err = keysToRotate(ctx, st, path, discard); err != nil {
		return r, err
	}
	if discard {
		return secrets.Discard(ctx, store.Keys(st))
	}
	return secrets.Rotate(ctx, store.Keys(st))
}

// keysToRotate returns the keys of a file, whose newest is to be used. It makes that one if need be.
func keysToRotate(ctx context.Context, st *store.Store, path string, discard bool) (seal.Ring, error) {
	inUse, err := st.SealingKey(ctx)
	if err == nil && inUse == "" {
		err = errors.New("this database has no secret key yet: start the server once")
	}
	if err != nil {
		return seal.Ring{}, err
	}
	ring, err := ReadKeyFile(path)
	missing := errors.Is(err, os.ErrNotExist)
	if err != nil && !missing {
		return ring, err
	}
	_, has := ring.Key(inUse)
	newest, _ := ring.Newest()
	switch {
	case discard && has:
		return ring, fmt.Errorf("%s has the key %s, which opens the secrets of this database: nothing needs to be discarded", path, inUse)
	case discard && missing:
		_, err = NewKeyFile(path)
	case discard:
	case !has:
		return ring, fmt.Errorf("%s does not have the key %s, with which this database is sealed: put your copy of the file back."+
			" If it is lost for good, add --discard-secrets; %s", path, inUse, secretsHelp)
	case newest.ID() != inUse: // an earlier rotation was interrupted, or AddKey prepared this one
	case st.Shared():
		return ring, fmt.Errorf("%s has no newer key: run latchkey key new --add %s, copy the file to every server,"+
			" restart them one after another, and run this again; %s", path, path, secretsHelp)
	default:
		_, err = AddKey(path)
	}
	if err != nil {
		return ring, err
	}
	return ReadKeyFile(path)
}

// Package witness keeps outside of the database what proves that the audit log in it was not
// rewritten: the file of the key that signs its heads, the head that was signed last, and the
// file or the URL that each signed head is sent to.
package witness

import (
	"crypto/ed25519"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"runtime"

	"latchkey/internal/audit"
	"latchkey/internal/durable"
)

// LoadKey reads a key. The error is fs.ErrNotExist if there is no file, and it refuses a file that
// everybody can read or that others can write: anyone who reads it can sign.
func LoadKey(path string) (audit.Key, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return audit.Key{}, err
	}
	info, err := os.Stat(path)
	if err != nil {
		return audit.Key{}, err
	}
	// The owner's group may read: that is how Kubernetes gives secrets to an unprivileged user.
	if mode := info.Mode().Perm(); runtime.GOOS != "windows" && mode&0o037 != 0 {
		return audit.Key{}, fmt.Errorf("%s can be used by others (mode %04o): chmod 600 it, or make a new key if somebody may have read it", path, mode)
	}
	key, err := audit.ParseKey(text)
	if err != nil {
		return audit.Key{}, fmt.Errorf("%s: %w", path, err)
	}
	return key, nil
}

// MakeKey writes a new key to a file that must not exist, readable by its owner only.
func MakeKey(path string) (audit.Key, error) {
	if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
		return audit.Key{}, errors.Join(err, fmt.Errorf("%s already exists", path))
	}
	key, err := audit.NewKey()
	if err != nil {
		return audit.Key{}, err
	}
	text, err := key.PEM()
	if err != nil {
		return audit.Key{}, err
	}
	return key, durable.Write(path, text)
}

// LoadPublicKeys reads one or more public keys.
func LoadPublicKeys(path string) ([]ed25519.PublicKey, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	keys, err := audit.ParsePublicKeys(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return keys, nil
}

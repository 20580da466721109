package witness

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"latchkey/internal/audit"
	"latchkey/internal/durable"
)

// Memory keeps the head that was signed last in a file beside the key. A database that was rewritten
// while the server was stopped does not continue it, so the server does not sign that.
type Memory struct{ path string }

// MemoryOf returns the memory of the key in a file.
func MemoryOf(keyFile string) Memory { return Memory{keyFile + ".head"} }

// Last returns the head that was kept, and whether there is one.
func (m Memory) Last() (audit.SignedHead, bool, error) {
	text, err := os.ReadFile(m.path)
	if errors.Is(err, fs.ErrNotExist) {
		return audit.SignedHead{}, false, nil
	}
	if err != nil {
		return audit.SignedHead{}, false, err
	}
	var h audit.SignedHead
	if err := json.Unmarshal(text, &h); err != nil {
		return h, false, fmt.Errorf("%s: %w; move it away if nobody tampered with it", m.path, err)
	}
	return h, true, nil
}

// Keep keeps a head instead of the last one.
func (m Memory) Keep(h audit.SignedHead) error {
	text, err := json.Marshal(h)
	if err != nil {
		return err
	}
	return durable.Write(m.path, append(text, '\n'))
}

// Writable reports whether heads can be kept: a key that is mounted read-only has no place beside
// it.
func (m Memory) Writable() bool {
	probe, err := os.CreateTemp(filepath.Dir(m.path), ".latchkey-probe-*")
	if err != nil {
		return false
	}
	return errors.Join(probe.Close(), os.Remove(probe.Name())) == nil
}

// SetAside renames the file, because a backup is restored: its log may end before the head that was
// signed last. It returns the new name, which is empty if there was no file.
func (m Memory) SetAside(now time.Time) (string, error) {
	aside := m.path + "." + now.UTC().Format("20060102T150405Z")
	err := os.Rename(m.path, aside)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	return aside, err
}

//go:build unix

package store

import (
	"errors"
	"fmt"
	"os"
	"syscall"

	"latchkey/internal/durable"
)

// openLocked opens the file, creating it if missing, and takes the system's exclusive lock on it.
// The lock belongs to the open file and not to the process, so a second store in the same process
// is refused too. Child processes do not inherit the file.
func openLocked(path string) (*os.File, error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("cannot write to the data folder: %w", err)
	}
	err = syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	switch {
	case errors.Is(err, syscall.EWOULDBLOCK):
		err = errLocked
	case err != nil:
		err = fmt.Errorf("cannot lock %s; keep the data folder on a local disk: %w", path, err)
	default:
		// A server that runs as the folder's owner must be able to open what a command of root has made.
		err = durable.GiveToOwner(file)
	}
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return file, nil
}

// unlock releases the lock at once, even if a child process that is just starting still has a
// copy of the open file.
func unlock(file *os.File) error { return syscall.Flock(int(file.Fd()), syscall.LOCK_UN) }

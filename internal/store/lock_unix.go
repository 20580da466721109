//go:build unix

package store

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

// openLocked opens the file, which it makes when missing, and takes the system's exclusive
// lock on it. The lock belongs to the open file and not to the process, so a second store in
// the same process is refused as well. Child processes do not inherit the file.
func openLocked(path string) (*os.File, error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("the data folder cannot be written: %w", err)
	}
	err = syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	switch {
	case errors.Is(err, syscall.EWOULDBLOCK):
		err = errLocked
	case err != nil:
		err = fmt.Errorf("%s cannot be locked; keep the data folder on a local disk: %w", path, err)
	default:
		err = giveToOwner(file)
	}
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return file, nil
}

// giveToOwner makes the file belong to who owns the folder, when root runs the program, as
// SQLite does with its files: a server that runs as the folder's owner must be able to open
// what a command left that was run as root.
func giveToOwner(file *os.File) error {
	if os.Geteuid() != 0 {
		return nil
	}
	info, err := os.Stat(filepath.Dir(file.Name()))
	if err != nil {
		return err
	}
	owner, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return nil
	}
	return file.Chown(int(owner.Uid), int(owner.Gid))
}

// unlock gives the lock back at once, also when a child process that is just being started
// still has a copy of the open file.
func unlock(file *os.File) error { return syscall.Flock(int(file.Fd()), syscall.LOCK_UN) }

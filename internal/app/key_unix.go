//go:build unix

package app

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
)

// likeBefore gives a file that root writes to the owner of the file that it replaces, or else of the
// folder, so that the server can read it.
func likeBefore(file *os.File, path string) error {
	if os.Geteuid() != 0 {
		return nil
	}
	info, err := os.Stat(path)
	if errors.Is(err, os.ErrNotExist) {
		info, err = os.Stat(filepath.Dir(path))
	}
	if err != nil {
		return err
	}
	owner, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return nil
	}
	return file.Chown(int(owner.Uid), int(owner.Gid))
}

// syncFolder makes the names in a folder durable.
func syncFolder(path string) error {
	folder, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}

// readableByAll reports whether everybody on the machine can read a file.
func readableByAll(info os.FileInfo) bool { return info.Mode().Perm()&0o004 != 0 }

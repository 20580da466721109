// Package durable writes the small files beside a database, such as keys. Whatever interrupts it,
// there is either the whole new file or what was there before. What root writes belongs to those
// who run the server, so that they can read it.
package durable

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// Write writes a file that only its owner can read, or replaces one. If root runs the program, the
// file gets the owner of the one that it replaces, or else of the folder.
func Write(path string, text []byte) error { return write(path, text, syncFolder) }

func write(path string, text []byte, syncFolder func(string) error) error {
	file, err := os.CreateTemp(filepath.Dir(path), ".latchkey-*") // made with mode 0600
	if err != nil {
		return fmt.Errorf("cannot write %s: %w", path, err)
	}
	_, err = file.Write(text)
	err = errors.Join(err, giveAway(file.Chown, path, filepath.Dir(path)), file.Sync(), file.Close())
	if err == nil {
		err = os.Rename(file.Name(), path)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("cannot write %s: %w", path, err), os.Remove(file.Name()))
	}
	return settle(path, syncFolder)
}

// Rename makes the file at path the one at from, which is gone then. If root runs the program, the
// file gets the owner of the one that it replaces, or else of the folder.
func Rename(from, path string) error {
	// Not Chown: it would follow a link that the owner of the folder could put there.
	chown := func(uid, gid int) error { return os.Lchown(from, uid, gid) }
	if err := giveAway(chown, path, filepath.Dir(path)); err != nil {
		return err
	}
	if err := os.Rename(from, path); err != nil {
		return err
	}
	return settle(path, syncFolder)
}

// settle makes the name of a file in its folder durable.
func settle(path string, syncFolder func(string) error) error {
	if err := syncFolder(filepath.Dir(path)); err != nil {
		return fmt.Errorf("%s is written, but may be lost if the machine fails now: %w", path, err)
	}
	return nil
}

// GiveToOwner gives an open file to the owner of its folder if root runs the program, as SQLite
// does with its files.
func GiveToOwner(file *os.File) error { return giveAway(file.Chown, filepath.Dir(file.Name())) }

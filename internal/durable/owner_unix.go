//go:build unix

package durable

import (
	"errors"
	"os"
	"syscall"
)

// giveAway calls chown with the owner of the first of the paths that exists if root runs the
// program. Others can give nothing away.
func giveAway(chown func(uid, gid int) error, paths ...string) error {
	if os.Geteuid() != 0 {
		return nil
	}
	for _, path := range paths {
		info, err := os.Stat(path)
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		owner, ok := info.Sys().(*syscall.Stat_t)
		if !ok {
			return nil
		}
		return chown(int(owner.Uid), int(owner.Gid))
	}
	return os.ErrNotExist
}

// syncFolder makes the names in a folder durable.
func syncFolder(path string) error {
	folder, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}

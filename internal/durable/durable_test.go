package durable

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// names returns what is in a folder.
func names(t *testing.T, folder string) string {
	t.Helper()
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for _, e := range entries {
		list = append(list, e.Name())
	}
	return strings.Join(list, " ")
}

func TestWrite_WritesAndReplacesAFileOfItsOwner(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, "key")
	for _, text := range []string{"one", "two"} {
		if err := Write(path, []byte(text)); err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(path)
		info, statErr := os.Stat(path)
		if err := errors.Join(err, statErr); err != nil || string(got) != text || info.Mode().Perm() != 0o600 {
			t.Errorf("%q, %v, %v", got, info, err)
		}
	}
	if err := Rename(path, filepath.Join(folder, "other")); err != nil || names(t, folder) != "other" {
		t.Errorf("%v, the folder has %q", err, names(t, folder))
	}
}

func TestWrite_LeavesNothingBehindWhatItCouldNotReplace(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, "key")
	if err := os.MkdirAll(filepath.Join(path, "full"), 0o700); err != nil {
		t.Fatal(err)
	}
	err := Write(path, []byte("text"))
	if err == nil || !strings.HasPrefix(err.Error(), "cannot write "+path+": ") || names(t, folder) != "key" {
		t.Errorf("%v, the folder has %q", err, names(t, folder))
	}
	if err := Write(filepath.Join(folder, "none", "key"), nil); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("without a folder: %v", err)
	}
}

// The file has its name by then, so there is nothing to remove, and it was written.
func TestWrite_SaysThatOnlyTheFolderWasNotSynced(t *testing.T) {
	path := filepath.Join(t.TempDir(), "key")
	broken := errors.New("broken disk")
	err := write(path, []byte("text"), func(string) error { return broken })
	if !errors.Is(err, broken) || errors.Is(err, os.ErrNotExist) || !strings.HasPrefix(err.Error(), path+" is written, but ") {
		t.Errorf("%v", err)
	}
	if got, err := os.ReadFile(path); err != nil || string(got) != "text" {
		t.Errorf("%q, %v", got, err)
	}
}

// mustBelong fails unless a file belongs to a user and the group of the same number.
func mustBelong(t *testing.T, path string, id uint32) {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if owner := info.Sys().(*syscall.Stat_t); owner.Uid != id || owner.Gid != id {
		t.Errorf("%s belongs to %d:%d, want %d", path, owner.Uid, owner.Gid, id)
	}
}

func TestWrite_AsRootGivesTheFileToThoseWhoHadIt(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("only root writes what belongs to others")
	}
	folder := t.TempDir()
	if err := os.Chown(folder, 65534, 65534); err != nil {
		t.Fatal(err)
	}
	path, next := filepath.Join(folder, "key"), filepath.Join(folder, "next")
	for _, step := range []struct {
		owner int // of the file before
		do    func() error
	}{
		{-1, func() error { return Write(path, nil) }},
		{65533, func() error { return Write(path, nil) }},
		{65532, func() error { return errors.Join(Write(next, nil), Rename(next, path)) }},
	} {
		want := uint32(65534)
		if step.owner >= 0 {
			want = uint32(step.owner)
			if err := os.Chown(path, step.owner, step.owner); err != nil {
				t.Fatal(err)
			}
		}
		if err := step.do(); err != nil {
			t.Fatal(err)
		}
		mustBelong(t, path, want)
	}
}

func TestRename_AsRootGivesAwayNoFileBehindALink(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("only root writes what belongs to others")
	}
	folder, secret := t.TempDir(), filepath.Join(t.TempDir(), "shadow")
	if err := errors.Join(os.WriteFile(secret, nil, 0o600), os.Chown(folder, 65534, 65534),
		os.Symlink(secret, filepath.Join(folder, "next"))); err != nil {
		t.Fatal(err)
	}
	if err := Rename(filepath.Join(folder, "next"), filepath.Join(folder, "key")); err != nil {
		t.Fatal(err)
	}
	mustBelong(t, secret, 0)
}

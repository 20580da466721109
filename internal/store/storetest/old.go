package storetest

import (
	"archive/tar"
	"compress/gzip"
	"embed"
	"errors"
	"io"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"

	"latchkey/internal/store/pgtest"
)

// old holds databases that older versions of the program have made; old/README.md says how.
//
//go:embed old
var old embed.FS

// Old is a database that an older version of the program has made: the demonstration's, with one
// more token.
type Old struct {
	Commit string // of the version
	Folder string // has the other files of the version: secret.key, if it had one
	Path   string // of the SQLite file; "" on PostgreSQL
	URL    string // of the PostgreSQL database; "" on SQLite
	Token  string // secret of the token, which never expires and may do what an Admin may
}

// EachOld runs a test on a copy of every database of an older version.
func EachOld(t *testing.T, test func(*testing.T, Old)) {
	for _, engine := range []string{"sqlite", "postgres"} {
		files, err := old.ReadDir(path.Join("old", engine))
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range files {
			t.Run(engine+"/"+strings.TrimSuffix(f.Name(), ".tar.gz"), func(t *testing.T) { test(t, restoreOld(t, engine, f.Name())) })
		}
	}
}

func restoreOld(t *testing.T, engine, name string) Old {
	t.Helper()
	o := Old{Commit: strings.TrimSuffix(name, ".tar.gz"), Folder: t.TempDir()}
	if err := unpack(path.Join("old", engine, name), o.Folder); err != nil {
		t.Fatal(err)
	}
	text := func(name string) string {
		data, err := os.ReadFile(filepath.Join(o.Folder, name))
		if err != nil {
			t.Fatal(err)
		}
		return strings.TrimSpace(string(data))
	}
	o.Token = text("token")
	if engine == "sqlite" {
		o.Path = filepath.Join(o.Folder, "latchkey.db")
		return o
	}
	o.URL = pgtest.URL(t)
	pgtest.Exec(t, o.URL, text("dump.sql"))
	return o
}

// unpack writes the files of an archive to a folder.
func unpack(name, folder string) error {
	file, err := old.Open(name)
	if err != nil {
		return err
	}
	defer file.Close()
	zipped, err := gzip.NewReader(file)
	if err != nil {
		return err
	}
	for archive := tar.NewReader(zipped); ; {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if header.Typeflag != tar.TypeReg {
			continue
		}
		data, err := io.ReadAll(archive)
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(folder, path.Base(header.Name)), data, 0o600); err != nil {
			return err
		}
	}
}

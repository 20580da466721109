// Package pgtest gives tests a PostgreSQL server of their own: it starts one in a temporary
// folder, as an unprivileged user when the tests run as root (the server refuses root),
// and gives every test an empty database. It needs the server's programs on the machine and
// no server that already runs, and it listens on a socket file only.
//
// The server lives as long as the test binary, however that ends. It does not sync to
// disk, so it cannot test what survives a power failure.
package pgtest

import (
	"bufio"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"

	"latchkey/internal/store"
)

// Server is a running PostgreSQL server.
type Server struct {
	folder string
	bin    string
	as     *syscall.Credential
	mu     sync.Mutex
	stdin  io.Closer // closing it ends the server
	cmd    *exec.Cmd
	count  atomic.Int64
	free   []string // databases with the schema and nothing else; guarded by mu
}

// shared is the server of the test binary.
var shared = sync.OnceValues(func() (*Server, error) { return start() })

// URL creates an empty database for the test on the server that the whole test binary
// shares, and returns its address. The database is dropped with the test.
func URL(t testing.TB) string {
	t.Helper()
	s, err := shared()
	if err != nil {
		t.Fatalf("PostgreSQL does not start (make setup installs it): %v", err)
	}
	return s.URL(t)
}

// Start starts a server for one test, which may stop and start it.
func Start(t testing.TB) *Server {
	t.Helper()
	s, err := start()
	if err != nil {
		t.Fatalf("PostgreSQL does not start (make setup installs it): %v", err)
	}
	t.Cleanup(func() { s.stop(t); _ = os.RemoveAll(s.folder) })
	return s
}

// URL creates an empty database for the test and returns its address.
func (s *Server) URL(t testing.TB) string {
	t.Helper()
	return s.URLWith(t, "")
}

// URLWith is URL with options of CREATE DATABASE.
func (s *Server) URLWith(t testing.TB, options string) string {
	t.Helper()
	name := fmt.Sprintf("test_%d", s.count.Add(1))
	s.admin(t, "postgres", "CREATE DATABASE "+name+" TEMPLATE template0 "+options)
	t.Cleanup(func() {
		if s.running() {
			s.admin(t, "postgres", "DROP DATABASE "+name+" WITH (FORCE)")
		}
	})
	return s.url(name)
}

// Migrated returns the address of a database of the shared server that has the store's
// schema and no data. Another test gets it later, so a test that changes the schema
// must use [URL].
func Migrated(t testing.TB) string {
	t.Helper()
	s := Shared(t)
	s.mu.Lock()
	var name string
	if n := len(s.free); n > 0 {
		name, s.free = s.free[n-1], s.free[:n-1]
	}
	s.mu.Unlock()
	if name == "" {
		name = fmt.Sprintf("test_%d", s.count.Add(1))
		s.admin(t, "postgres", "CREATE DATABASE "+name)
		st, err := store.Open(t.Context(), store.Options{URL: s.url(name)})
		if err != nil {
			t.Fatal(err)
		}
		if err := st.Close(); err != nil {
			t.Fatal(err)
		}
		s.admin(t, name, remember)
	}
	t.Cleanup(func() {
		s.admin(t, name, restore)
		s.mu.Lock()
		defer s.mu.Unlock()
		s.free = append(s.free, name)
	})
	return s.url(name)
}

// remember keeps the rows that a new database has, and restore brings them back, past the
// triggers that keep rows from being deleted. Both are much quicker than a new database.
const (
	remember = `CREATE SCHEMA first;
DO $$ DECLARE t text; BEGIN
	FOR t IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' LOOP
		EXECUTE format('CREATE TABLE first.%I AS TABLE public.%I', t, t);
	END LOOP;
END $$`
	restore = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid();
SET session_replication_role = replica;
DO $$ DECLARE t text; BEGIN
	FOR t IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' LOOP
		EXECUTE format('DELETE FROM public.%I', t);
		EXECUTE format('INSERT INTO public.%I SELECT * FROM first.%I', t, t);
	END LOOP;
END $$`
)

// Exec runs statements on the database with the address.
func Exec(t testing.TB, address, statements string) {
	t.Helper()
	db, err := sql.Open("pgx", address)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.ExecContext(context.Background(), statements); err != nil {
		t.Fatalf("%s: %v", statements, err)
	}
}

// Socket is the file that the server listens on: for tests that put themselves between.
func (s *Server) Socket() string { return filepath.Join(s.folder, ".s.PGSQL.5432") }

// Shared is the server behind [URL], once it was called.
func Shared(t testing.TB) *Server {
	t.Helper()
	s, err := shared()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// Stop ends the server at once, as a crash does. Its data stay.
func (s *Server) Stop(t testing.TB) { s.stop(t) }

// Restart starts a stopped server on its data.
func (s *Server) Restart(t testing.TB) {
	t.Helper()
	if err := s.run(); err != nil {
		t.Fatal(err)
	}
}

func (s *Server) url(database string) string {
	v := url.Values{"host": {s.folder}, "sslmode": {"disable"}}
	return "postgres://latchkey@/" + database + "?" + v.Encode()
}

// admin runs statements on a database; every server has the one named postgres.
func (s *Server) admin(t testing.TB, database, statements string) {
	t.Helper()
	Exec(t, s.url(database), statements)
}

// start makes a data folder and runs a server on it.
func start() (*Server, error) {
	bin, err := programs()
	if err != nil {
		return nil, err
	}
	as, err := unprivileged()
	if err != nil {
		return nil, err
	}
	// Not in the test's own folder: a socket's path must be short, and parents of that one
	// are closed to others.
	folder, err := os.MkdirTemp("", "latchkey-pg-")
	if err != nil {
		return nil, err
	}
	s := &Server{folder: folder, bin: bin, as: as}
	if err := errors.Join(s.giveFolder(), s.initialize()); err != nil {
		return nil, errors.Join(err, os.RemoveAll(folder))
	}
	return s, s.run()
}

func (s *Server) giveFolder() error {
	if s.as == nil {
		return nil
	}
	return os.Chown(s.folder, int(s.as.Uid), int(s.as.Gid))
}

func (s *Server) initialize() error {
	cmd := exec.Command(filepath.Join(s.bin, "initdb"), "--pgdata="+filepath.Join(s.folder, "data"), "--username=latchkey",
		"--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync", "--no-instructions")
	cmd.Dir, cmd.SysProcAttr = s.folder, s.attributes()
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w\n%s", err, out)
	}
	return nil
}

// watched runs the server beside a reader of its input: when the test binary ends, for
// whatever reason, the input ends, and so does the server with its folder.
const watched = `"$@" & server=$!; read -r keep; kill -QUIT $server; wait $server; [ "$keep" = keep ] || rm -rf "$PWD"`

func (s *Server) run() error {
	cmd := exec.Command("/bin/sh", "-c", watched, "sh", filepath.Join(s.bin, "postgres"), "-D", filepath.Join(s.folder, "data"),
		"-k", s.folder, "-h", "", "-F", "-c", "full_page_writes=off", "-c", "max_connections=200", "-c", "shared_buffers=32MB",
		"-c", "log_min_messages=fatal")
	cmd.Dir, cmd.SysProcAttr = s.folder, s.attributes()
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	log, err := cmd.StderrPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	s.mu.Lock()
	s.cmd, s.stdin = cmd, stdin
	s.mu.Unlock()
	go func() { // read what it says, or it will wait for a reader
		for lines := bufio.NewScanner(log); lines.Scan(); {
		}
	}()
	return s.await()
}

// await waits until the server answers.
func (s *Server) await() error {
	db, err := sql.Open("pgx", s.url("postgres"))
	if err != nil {
		return err
	}
	defer db.Close()
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		if err = db.Ping(); err == nil || time.Now().After(end) {
			return err
		}
	}
}

func (s *Server) running() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.cmd != nil
}

func (s *Server) stop(t testing.TB) {
	t.Helper()
	s.mu.Lock()
	cmd, stdin := s.cmd, s.stdin
	s.cmd = nil
	s.mu.Unlock()
	if cmd == nil {
		return
	}
	if _, err := io.WriteString(stdin.(io.Writer), "keep\n"); err != nil {
		t.Error(err)
	}
	_ = cmd.Wait() // its status is that of the last command of the shell
}

// attributes runs a program as the unprivileged user, and keeps a Control-C at the
// terminal away from it.
func (s *Server) attributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Credential: s.as, Setpgid: true}
}

// programs is the folder of initdb and postgres: the one in the search path, or the newest
// one of the distribution's packages.
func programs() (string, error) {
	if path, err := exec.LookPath("initdb"); err == nil {
		return filepath.Dir(path), nil
	}
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if err != nil || len(found) == 0 {
		return "", errors.New("there is no initdb on this machine")
	}
	version := func(path string) int {
		n, _ := strconv.Atoi(strings.Split(path, "/")[4])
		return n
	}
	return filepath.Dir(slices.MaxFunc(found, func(a, b string) int { return version(a) - version(b) })), nil
}

// unprivileged is whom to run the server as: nil when we are not root.
func unprivileged() (*syscall.Credential, error) {
	if os.Getuid() != 0 {
		return nil, nil
	}
	for _, name := range []string{"nobody", "postgres"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, uidErr := strconv.ParseUint(u.Uid, 10, 32)
		gid, gidErr := strconv.ParseUint(u.Gid, 10, 32)
		if uidErr == nil && gidErr == nil {
			return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, nil
		}
	}
	return nil, errors.New("the server refuses root, and there is no user nobody")
}

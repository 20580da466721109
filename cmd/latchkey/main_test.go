package main_test

import (
	"bufio"
	"bytes"
	"context"
	"database/sql"
	"errors"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	_ "modernc.org/sqlite"
)

// binary builds the program once for all tests of the package.
var binary string

func TestMain(m *testing.M) {
	os.Exit(func() int {
		folder, err := os.MkdirTemp("", "latchkey-cmd-")
		if err != nil {
			panic(err)
		}
		defer os.RemoveAll(folder)
		if err := os.Chmod(folder, 0o755); err != nil { // tests run it as another user as well
			panic(err)
		}
		binary = filepath.Join(folder, "latchkey")
		if out, err := exec.Command("go", "build", "-ldflags", "-s -w", "-o", binary, ".").CombinedOutput(); err != nil {
			panic(string(out))
		}
		if err := os.Setenv("LATCHKEY_DRAIN", "0s"); err != nil { // no test waits for a load balancer
			panic(err)
		}
		return m.Run()
	}())
}

// TestBinary_StaysSmall measures the program without symbols, as "make build" links it.
func TestBinary_StaysSmall(t *testing.T) {
	const most = 35_500_000
	info, err := os.Stat(binary)
	if err != nil {
		t.Fatal(err)
	}
	if info.Size() >= most {
		t.Errorf("the binary has %d bytes, the limit is %d. If it grew by megabytes, the linker may keep all methods again, because "+
			"something looks one up by a computed name: search the output of go build -ldflags=-dumpdep ./cmd/latchkey for ReflectMethod. "+
			"Otherwise compare the output of go tool nm -size -sort size before and after", info.Size(), most)
	}
}

// run runs the program to its end and returns its exit code and what it wrote.
func run(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, binary, args...)
	cmd.Dir = t.TempDir()
	return finish(t, cmd)
}

// finish runs a command to its end and returns its exit code and what it wrote.
func finish(t *testing.T, cmd *exec.Cmd) (code int, stdout, stderr string) {
	t.Helper()
	var out, errOut bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errOut
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), out.String(), errOut.String()
}

func TestHelp_NamesEveryCommandAndFlag(t *testing.T) {
	code, out, _ := run(t, "--help")
	for _, word := range []string{"serve", "demo", "version"} {
		if !strings.Contains(out, word) {
			t.Errorf("--help does not name %s", word)
		}
	}
	if code != 0 {
		t.Errorf("--help exits with %d", code)
	}
	_, out, _ = run(t, "serve", "--help")
	for _, word := range []string{"--addr", "--data", "LATCHKEY_ADDR", "LATCHKEY_DATA", "--public-url", "--trusted-proxies", "--smtp-url"} {
		if !strings.Contains(out, word) {
			t.Errorf("serve --help does not name %s", word)
		}
	}
	if code, out, _ = run(t, "version"); code != 0 || !strings.HasPrefix(out, "latchkey ") {
		t.Errorf("version: %d %q", code, out)
	}
}

func TestMistakes_AreOneClearLineAndExitCodeOne(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	newer := newerDatabase(t)
	for name, c := range map[string]struct {
		args []string
		want string
	}{
		"no command":           {nil, "expected one of"},
		"an unknown command":   {[]string{"fly"}, "fly"},
		"an unknown flag":      {[]string{"serve", "--wings"}, "--wings"},
		"a bad address":        {[]string{"serve", "--addr", "nowhere"}, "--addr"},
		"two bad flags":        {[]string{"serve", "--addr", "nowhere", "--log-level", "loud"}, "--log-level"},
		"a port in use":        {[]string{"serve", "--addr", taken.Addr().String(), "--data", t.TempDir()}, "address already in use"},
		"a file for a folder":  {[]string{"serve", "--addr", "127.0.0.1:0", "--data", file}, "not a directory"},
		"a folder in a file":   {[]string{"serve", "--addr", "127.0.0.1:0", "--data", file + "/x"}, "not a directory"},
		"a newer schema":       {[]string{"serve", "--addr", "127.0.0.1:0", "--data", newer}, "newer version of Latchkey"},
		"a demo on a non-demo": {[]string{"demo", "--addr", taken.Addr().String(), "--data", t.TempDir()}, "address already in use"},
	} {
		code, _, stderr := run(t, c.args...)
		lines := strings.Split(strings.TrimSpace(stderr), "\n")
		if last := lines[len(lines)-1]; code != 1 || !strings.Contains(last, c.want) || !strings.HasPrefix(last, "latchkey: ") {
			t.Errorf("%s: exit %d, last line %q, want 1 and %q", name, code, last, c.want)
		}
	}
}

// newerDatabase is a data folder whose schema version is beyond any that is known.
func newerDatabase(t *testing.T) string {
	t.Helper()
	folder := t.TempDir()
	db, err := sql.Open("sqlite", filepath.Join(folder, "latchkey.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, statement := range []string{
		`CREATE TABLE goose_db_version (id INTEGER PRIMARY KEY AUTOINCREMENT, version_id INTEGER NOT NULL, is_applied INTEGER NOT NULL, tstamp TIMESTAMP DEFAULT (datetime('now')))`,
		`INSERT INTO goose_db_version (version_id, is_applied) VALUES (0, 1), (99999, 1)`,
	} {
		if _, err := db.Exec(statement); err != nil {
			t.Fatal(err)
		}
	}
	return folder
}

func TestPlan_IsPrintedAndChangedAndSurvives(t *testing.T) {
	folder := t.TempDir()
	if code, _, stderr := run(t, "plan", "--data", folder); code != 1 || !strings.Contains(stderr, "there is no database") {
		t.Errorf("before the set-up: %d %q", code, stderr)
	}
	if code, _, stderr := run(t, "plan", "--data", filepath.Join(folder, "nowhere")); code != 1 ||
		!strings.Contains(stderr, "does not exist") {
		t.Errorf("without a database: %d %q", code, stderr)
	}
	folder = seeded(t)
	for _, c := range [][2]string{{"", "Acme: Enterprise"}, {"free", "Acme: Free"}, {"", "Acme: Free"}} {
		args := []string{"plan", "--data", folder}
		if c[0] != "" {
			args = append(args, c[0])
		}
		if code, out, stderr := run(t, args...); code != 0 || strings.TrimSpace(out) != c[1] {
			t.Errorf("plan %s: %d %q %q, want %q", c[0], code, out, stderr, c[1])
		}
	}
	if code, _, stderr := run(t, "plan", "--data", folder, "gold"); code != 1 || !strings.Contains(stderr, "unknown plan") {
		t.Errorf("an unknown plan: %d %q", code, stderr)
	}
}

// serve starts a server, which the end of the test stops, and returns its address.
func serve(t *testing.T, cmd *exec.Cmd) string {
	t.Helper()
	address := launch(t, cmd)
	t.Cleanup(func() { stop(t, cmd) })
	return address
}

// stop ends a server in an orderly way.
func stop(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	_ = cmd.Process.Signal(syscall.SIGTERM)
	if err := cmd.Wait(); err != nil {
		t.Errorf("after SIGTERM: %v, want exit 0", err)
	}
}

// kill ends a server as kill -9 does.
func kill(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
}

// launch starts a server, which the test must end, and returns its address.
func launch(t *testing.T, cmd *exec.Cmd) string {
	t.Helper()
	reader, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(reader)
	for lines.Scan() {
		if address := regexp.MustCompile(`http://127\.0\.0\.1:\d+`).FindString(lines.Text()); address != "" {
			return address
		}
	}
	_ = cmd.Wait()
	t.Fatal("it ended before it printed its address")
	return ""
}

func TestServe_AnswersSoonAndFinishesWhatItBegan(t *testing.T) {
	folder := t.TempDir()
	address := serve(t, exec.Command(binary, "serve", "--addr", "127.0.0.1:0", "--data", folder))
	resp, err := http.Get(address + "/readyz")
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("/readyz: %v %v", resp, err)
	}
	resp.Body.Close()
	if info, err := os.Stat(filepath.Join(folder, "latchkey.db")); err != nil || info.Mode().Perm()&0o077 != 0 {
		t.Errorf("the database file is open to others: %v %v", info.Mode(), err)
	}
}

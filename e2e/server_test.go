package e2e

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

const (
	startLimit = 20 * time.Second // until the address is printed
	stopLimit  = 15 * time.Second // from SIGTERM to the exit
)

// server is one running latchkey process, or, in the harness's own tests, only
// the URL of another server.
type server struct {
	URL  string // http://127.0.0.1:PORT, no slash at the end
	Data string // its data folder

	cmd     *exec.Cmd
	log     *logBuffer
	stopped sync.Once
	killed  bool // on purpose
	exited  chan struct{}
}

// start runs `latchkey COMMAND --addr 127.0.0.1:0 --data FRESH ARGS` and returns
// when it accepts connections. The test's end stops it.
func start(t *testing.T, command string, args ...string) *server {
	t.Helper()
	return startIn(t, t.TempDir(), command, args...)
}

// withHistory starts a demo with its made-up activity. The other journeys do without, so that lists hold
// what they themselves do.
const withHistory = "--without-history=false"

// startIn is start on a given data folder: a second start on the same folder
// finds what the first one left.
func startIn(t *testing.T, data, command string, args ...string) *server {
	t.Helper()
	binary, err := shared.binary()
	if err != nil {
		t.Fatal(err)
	}
	s := &server{Data: data, log: &logBuffer{}, exited: make(chan struct{})}
	args = append([]string{command, "--addr", "127.0.0.1:0", "--data", data}, args...)
	if command == "demo" && !slices.Contains(args, withHistory) {
		args = append(args, "--without-history")
	}
	if *inFirefox {
		args = append(args, "--addr", freeAddress(t))
		args = append(args, "--public-url", proxyBefore(t, args[len(args)-1]))
	}
	s.cmd = exec.Command(binary, args...)
	s.cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir(), "TMPDIR=" + t.TempDir(), "LATCHKEY_DRAIN=0s"}
	if slices.Contains(args, "--database-url") {
		file, err := shared.secrets()
		if err != nil {
			t.Fatal(err)
		}
		s.cmd.Env = append(s.cmd.Env, "LATCHKEY_SECRET_KEY_FILE="+file)
	}
	s.cmd.Stdout, s.cmd.Stderr = s.log, s.log
	s.cmd.SysProcAttr = dieWithParent()
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		_ = s.cmd.Wait()
		close(s.exited)
	}()
	t.Cleanup(func() { s.finish(t) })
	if err := s.await(); err != nil {
		t.Fatal(err)
	}
	return s
}

var addressPattern = regexp.MustCompile(`http://(?:127\.0\.0\.1|localhost):[1-9]\d*`)

// await waits for the line with the address and for the port to answer.
func (s *server) await() error {
	for deadline := time.Now().Add(startLimit); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		select {
		case <-s.exited:
			return errors.New("latchkey ended before it printed its address")
		default:
		}
		if s.URL = addressPattern.FindString(s.Logs()); s.URL == "" {
			continue
		}
		conn, err := net.Dial("tcp", strings.TrimPrefix(s.URL, "http://"))
		if err == nil {
			return conn.Close()
		}
	}
	return fmt.Errorf("latchkey did not print its address and listen within %v", startLimit)
}

var setupPattern = regexp.MustCompile(`(http://\S+/setup\S*)\s`)

// SetupURL is the one-time link that serve prints on an empty database.
func (s *server) SetupURL(t *testing.T) string {
	t.Helper()
	for deadline := time.Now().Add(5 * time.Second); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		if found := setupPattern.FindStringSubmatch(s.Logs()); found != nil {
			return found[1]
		}
	}
	t.Fatalf("no set-up link in the output:\n%s", s.Logs())
	return ""
}

// Logs is all that the process has written so far, standard output and error.
func (s *server) Logs() string { return s.log.String() }

// Stop sends SIGTERM and returns the exit code; a process that does not heed it
// is killed and gives -1. It may be called again.
func (s *server) Stop() int {
	s.stopped.Do(func() {
		_ = s.cmd.Process.Signal(syscall.SIGTERM)
		select {
		case <-s.exited:
		case <-time.After(stopLimit):
			_ = s.cmd.Process.Kill()
		}
	})
	<-s.exited
	return s.cmd.ProcessState.ExitCode()
}

// kill ends the process as a crash of the machine does.
func (s *server) kill() {
	s.stopped.Do(func() {
		s.killed = true
		_ = s.cmd.Process.Kill()
	})
	<-s.exited
}

// finish ends the server with the test, and fails it if that was not clean.
func (s *server) finish(t *testing.T) {
	if code := s.Stop(); code != 0 && !s.killed {
		t.Errorf("latchkey exited with code %d", code)
	}
	if strings.Contains(s.Logs(), "panic") {
		t.Error("latchkey panicked")
	}
	if t.Failed() {
		t.Logf("output of latchkey:\n%s", tail(s.Logs(), 4000))
	}
}

// tail cuts a text to its last n bytes.
func tail(text string, n int) string {
	if len(text) <= n {
		return text
	}
	return "…" + text[len(text)-n:]
}

// logBuffer collects a process's output while others read it.
type logBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *logBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *logBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

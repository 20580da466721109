package main_test

import (
	"bytes"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"latchkey/internal/demo"
)

// becomes waits until /readyz answers with a status and a text.
func becomes(t *testing.T, address string, status int, text string) {
	t.Helper()
	var got int
	var body string
	for end := time.Now().Add(25 * time.Second); time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
		var header http.Header
		if got, header, _, body = asked(t, address+"/readyz"); got == status && body == text+"\n" {
			if (header.Get("Retry-After") != "") != (status == http.StatusServiceUnavailable) {
				t.Errorf("/readyz %d: Retry-After %q", status, header.Get("Retry-After"))
			}
			return
		}
	}
	t.Fatalf("/readyz: %d %q, want %d %q", got, body, status, text)
}

func TestServe_OnAFullDiskIsNotReadyAndDoesNotStart(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can mount a small file system")
	}
	small := t.TempDir()
	if err := syscall.Mount("tmpfs", small, "tmpfs", 0, "size=8m"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(small, 0); err != nil {
			t.Error(err)
		}
	})
	var log bytes.Buffer // read after the end of the process only
	cmd := exec.Command(binary, "serve", "--addr", "127.0.0.1:0", "--data", small)
	cmd.Stderr = &log
	address := launch(t, cmd)
	ended := false
	end := func() {
		if !ended {
			ended = true
			stop(t, cmd)
		}
	}
	t.Cleanup(end)
	becomes(t, address, http.StatusOK, "ready")
	fill := filepath.Join(small, "fill")
	file, err := os.Create(fill)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.CopyN(file, zeros{}, 1<<30); err == nil {
		t.Fatal("the disk is not full")
	}
	_ = file.Close()
	becomes(t, address, http.StatusServiceUnavailable, "the database cannot be written to")
	if err := os.Remove(fill); err != nil {
		t.Fatal(err)
	}
	becomes(t, address, http.StatusOK, "ready")
	end()
	if n := strings.Count(log.String(), "not ready"); n != 1 {
		t.Errorf("the log says %d times that it is not ready:\n%s", n, log.String())
	}
	if file, err = os.Create(fill); err != nil {
		t.Fatal(err)
	}
	_, _ = io.CopyN(file, zeros{}, 1<<30)
	_ = file.Close()
	code, _, stderr := run(t, "serve", "--addr", "127.0.0.1:0", "--data", small)
	if code != 1 || stderr != "latchkey: the disk of the database is full: free some room and start again\n" {
		t.Errorf("started on a full disk: %d %q", code, stderr)
	}
}

// zeros is a file without end.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

func TestServe_WithADatabaseThatWasCutShortIsNotReadyUntilItIsWhole(t *testing.T) {
	folder := seeded(t)
	address := serve(t, exec.Command(binary, "serve", "--addr", "127.0.0.1:0", "--data", folder))
	becomes(t, address, http.StatusOK, "ready")
	path := filepath.Join(folder, "latchkey.db")
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	signIn := func() int {
		form := url.Values{"email": {"admin@acme.example"}, "password": {demo.Password}}
		resp, err := (&http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}).
			PostForm(address+"/sign-in", form)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		return resp.StatusCode
	}
	if got := signIn(); got != http.StatusSeeOther {
		t.Fatalf("signing in before: %d", got)
	}
	for _, size := range []int64{8192, 0} {
		if err := os.Truncate(path, size); err != nil {
			t.Fatal(err)
		}
		becomes(t, address, http.StatusServiceUnavailable, "the database cannot be read")
		file, err := os.OpenFile(path, os.O_WRONLY, 0)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := file.Write(whole); err != nil {
			t.Fatal(err)
		}
		_ = file.Close()
		becomes(t, address, http.StatusOK, "ready")
		if got := signIn(); got != http.StatusSeeOther {
			t.Errorf("signing in when it is whole again: %d", got)
		}
	}
}

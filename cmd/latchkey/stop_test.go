package main_test

import (
	"io"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"
)

// asked returns what a server answers, on a connection of its own.
func asked(t *testing.T, url string) (status int, header http.Header, closes bool, body string) {
	t.Helper()
	client := http.Client{Transport: &http.Transport{}, Timeout: 10 * time.Second}
	defer client.CloseIdleConnections()
	resp, err := client.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, resp.Header, resp.Close, string(text)
}

// ended waits for a process and returns how long that took.
func ended(t *testing.T, cmd *exec.Cmd) time.Duration {
	t.Helper()
	began := time.Now()
	if err := cmd.Wait(); err != nil {
		t.Errorf("%v, want exit 0", err)
	}
	return time.Since(began)
}

func TestServe_IsNotReadyButServesWhileItDrainsAndASecondSignalEndsThat(t *testing.T) {
	metrics := freeAddress(t)
	cmd := exec.Command(binary, "serve", "--addr", "127.0.0.1:0", "--data", t.TempDir(), "--drain", "10m", "--metrics-addr", metrics)
	address := launch(t, cmd)
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	if status, _, closes, _ := asked(t, address+"/readyz"); status != http.StatusOK || closes {
		t.Fatalf("before: %d, closes %t", status, closes)
	}
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	status, header, closes, body := 0, http.Header(nil), false, ""
	for end := time.Now().Add(10 * time.Second); status != http.StatusServiceUnavailable && time.Now().Before(end); {
		status, header, closes, body = asked(t, address+"/readyz")
	}
	if status != http.StatusServiceUnavailable || !closes || header.Get("Retry-After") == "" || body != "the server is stopping\n" {
		t.Errorf("/readyz while it drains: %d, closes %t, %v %q", status, closes, header, body)
	}
	for path, want := range map[string]int{"/sign-in": 200, "/healthz": 200, "/auth/verify": 401} {
		if status, _, closes, _ := asked(t, address+path); status != want || !closes {
			t.Errorf("%s while it drains: %d, closes %t", path, status, closes)
		}
	}
	if _, _, _, text := asked(t, "http://"+metrics+"/metrics"); !strings.Contains(text, "latchkey_ready 0\n") ||
		!strings.Contains(text, `latchkey_not_ready{reason="stopping"} 1`) {
		t.Error("the metrics do not say that it is stopping")
	}
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if took := ended(t, cmd); took > 10*time.Second {
		t.Errorf("after a second signal it took %v", took)
	}
}

func TestDemo_InterruptedAtATerminalDrainsNot(t *testing.T) {
	cmd := exec.Command(binary, "demo", "--addr", "127.0.0.1:0", "--data", t.TempDir(), "--drain", "10m")
	launch(t, cmd)
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if took := ended(t, cmd); took > 10*time.Second {
		t.Errorf("it took %v", took)
	}
}

package main_test

import (
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestDemo_FollowsTheFlagsThatItShares starts it as behind a proxy that strips no path.
func TestDemo_FollowsTheFlagsThatItShares(t *testing.T) {
	file := filepath.Join(t.TempDir(), "catalog.yaml")
	const types = "types:\n  - type: invoice\n    label: Invoices\n    actions: [refund]\n"
	if err := os.WriteFile(file, []byte(types), 0o600); err != nil {
		t.Fatal(err)
	}
	addr, metrics := freeAddress(t), freeAddress(t)
	cmd := exec.Command(binary, "demo", "--addr", addr, "--data", t.TempDir(), "--catalog", file, "--metrics-addr", metrics,
		"--public-url", "https://example.com/keys", "--trusted-proxies", "127.0.0.1", "--log-level", "info", "--log-format", "json")
	var log strings.Builder // read after the end of the process only
	cmd.Stderr = &log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	stop := func() {
		_ = cmd.Process.Signal(os.Interrupt)
		_ = cmd.Wait()
	}
	defer stop()
	get := func(url string) (int, http.Header, string) {
		r, err := http.NewRequest(http.MethodGet, url, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("X-Forwarded-For", "203.0.113.9:4711")
		resp, err := http.DefaultTransport.RoundTrip(r)
		if err != nil {
			return 0, nil, ""
		}
		defer resp.Body.Close()
		body, _ := io.ReadAll(resp.Body)
		return resp.StatusCode, resp.Header, string(body)
	}
	var status int
	for end := time.Now().Add(20 * time.Second); status != http.StatusOK && time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		status, _, _ = get("http://" + addr + "/keys/readyz")
	}
	status, header, _ := get("http://" + addr + "/keys/settings/profile")
	if status != http.StatusSeeOther || !strings.HasPrefix(header.Get("Location"), "/keys/sign-in") ||
		header.Get("Strict-Transport-Security") == "" {
		t.Errorf("--public-url: %d %v", status, header)
	}
	if status, _, body := get("http://" + metrics + "/metrics"); status != http.StatusOK ||
		!strings.Contains(body, "latchkey_http_requests_total") {
		t.Errorf("--metrics-addr: %d", status)
	}
	stop()
	if !strings.Contains(log.String(), `"path":"/settings/profile"`) || !strings.Contains(log.String(), `"ip":"203.0.113.9"`) {
		t.Errorf("--log-format and --trusted-proxies: %s", log.String())
	}
}

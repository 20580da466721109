package main_test

import (
	"io"
	"net"
	"net/http"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// freeAddress is an address that nobody listens on.
func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func TestMetrics_AreOnAListenerOfTheirOwn(t *testing.T) {
	metrics := freeAddress(t)
	address := serve(t, exec.Command(binary, "serve", "--addr", "127.0.0.1:0", "--data", t.TempDir(), "--metrics-addr", metrics))
	get := func(url string) (int, string) {
		resp, err := http.Get(url)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		return resp.StatusCode, string(body)
	}
	if status, _ := get(address + "/metrics"); status != http.StatusNotFound {
		t.Errorf("the public listener answers /metrics with %d", status)
	}
	var text string
	for end := time.Now().Add(5 * time.Second); time.Now().Before(end) &&
		!strings.Contains(text, "latchkey_leader 1"); time.Sleep(10 * time.Millisecond) {
		_, text = get("http://" + metrics + "/metrics")
	}
	for _, line := range []string{"latchkey_leader 1", "latchkey_cache_trusted 1", "latchkey_feed_connected 1",
		`latchkey_http_requests_total{door="page",method="GET",status="404"} 1`} {
		if !strings.Contains(text, line) {
			t.Errorf("no line %q in\n%s", line, text)
		}
	}
	if status, _ := get("http://" + metrics + "/sign-in"); status != http.StatusNotFound {
		t.Errorf("the listener for metrics serves pages: %d", status)
	}
}

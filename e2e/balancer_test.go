package e2e

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// startBalancer runs Caddy with the configuration that we ship for two nodes and returns its
// address.
func startBalancer(t *testing.T, nodes ...*server) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := "http://" + listener.Addr().String()
	var upstream []string
	for _, n := range nodes {
		upstream = append(upstream, strings.TrimPrefix(n.URL, "http://"))
	}
	shipped, err := os.ReadFile("../deploy/compose/Caddyfile")
	if err != nil {
		t.Fatal(err)
	}
	// The port of Caddy's own administration is one that another instance may have.
	config := filepath.Join(t.TempDir(), "Caddyfile")
	if err := os.WriteFile(config, append([]byte("{\n\tadmin off\n}\n"), shipped...), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("caddy", "run", "--adapter", "caddyfile", "--config", config)
	cmd.Env = append(os.Environ(), "LATCHKEY_HOST="+address, "LATCHKEY_NODES="+strings.Join(upstream, " "),
		"XDG_DATA_HOME="+t.TempDir(), "XDG_CONFIG_HOME="+t.TempDir())
	cmd.SysProcAttr = dieWithParent()
	log := &logBuffer{}
	cmd.Stdout, cmd.Stderr = log, log
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatalf("make setup installs Caddy: %v", err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		if t.Failed() {
			t.Logf("output of Caddy:\n%s", tail(log.String(), 4000))
		}
	})
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if resp, err := http.Get(address + "/readyz"); err == nil {
			resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				return address
			}
		}
	}
	t.Fatalf("Caddy does not serve:\n%s", tail(log.String(), 4000))
	return ""
}

func TestNodes_BehindTheBalancerThatWeShipOutliveEachOther(t *testing.T) {
	t.Parallel()
	a, b, _ := twoNodes(t)
	both := &server{URL: startBalancer(t, a, b)}
	c := newClient(t)
	c.signIn(both)
	for i := range 6 {
		if _, err := c.generate(both, fmt.Sprintf("through the balancer %d", i)); err != nil {
			t.Fatalf("token %d: %v", i, err)
		}
	}
	a.kill()
	// A request that was on its way to the dead node may fail; soon none does.
	time.Sleep(1500 * time.Millisecond)
	for i := range 10 {
		if status, page := c.get(both.URL + "/settings/profile"); status != http.StatusOK || !strings.Contains(page, adminEmail) {
			t.Fatalf("page %d after a node is gone: %d", i, status)
		}
	}
}

package e2e

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// freeAddress returns HOST:PORT that nothing listens on.
func freeAddress(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().String()
}

// shipped returns a file of deploy/ in which words are replaced.
func shipped(t *testing.T, file string, replaced ...string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "deploy", file))
	if err != nil {
		t.Fatal(err)
	}
	return strings.NewReplacer(replaced...).Replace(string(text))
}

// written writes a file of the test and returns its path.
func written(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// startBalancer runs Caddy with the configuration that we ship for two nodes and returns its
// address.
func startBalancer(t *testing.T, nodes ...*server) string {
	t.Helper()
	address := "http://" + freeAddress(t)
	var upstream []string
	for _, n := range nodes {
		upstream = append(upstream, strings.TrimPrefix(n.URL, "http://"))
	}
	// The port of Caddy's own administration is one that another instance may have.
	config := written(t, "Caddyfile", "{\n\tadmin off\n}\n"+shipped(t, "compose/Caddyfile"))
	cmd := exec.Command("caddy", "run", "--adapter", "caddyfile", "--config", config)
	cmd.Env = append(os.Environ(), "LATCHKEY_HOST="+address, "LATCHKEY_NODES="+strings.Join(upstream, " "),
		"XDG_DATA_HOME="+t.TempDir(), "XDG_CONFIG_HOME="+t.TempDir())
	return balances(t, cmd, address)
}

// startNginx is startBalancer with nginx.
func startNginx(t *testing.T, a, b *server) string {
	t.Helper()
	address := freeAddress(t)
	text := shipped(t, "nginx/balancer.conf", "127.0.0.1:8081", strings.TrimPrefix(a.URL, "http://"),
		"127.0.0.1:8082", strings.TrimPrefix(b.URL, "http://"), "127.0.0.1:8000", address)
	folder := t.TempDir()
	config := written(t, "nginx.conf",
		fmt.Sprintf("daemon off; user root; pid %[1]s/pid; error_log stderr warn;\nevents {}\nhttp {\naccess_log off;\n"+
			"client_body_temp_path %[1]s/1; proxy_temp_path %[1]s/2; fastcgi_temp_path %[1]s/3; uwsgi_temp_path %[1]s/4; scgi_temp_path %[1]s/5;\n%[2]s}\n",
			folder, text))
	return balances(t, exec.Command("nginx", "-p", folder, "-c", config), "http://"+address)
}

// startHAProxy is startBalancer with HAProxy.
func startHAProxy(t *testing.T, a, b *server) string {
	t.Helper()
	address := freeAddress(t)
	config := written(t, "haproxy.cfg", shipped(t, "haproxy/balancer.cfg", "127.0.0.1:8081", strings.TrimPrefix(a.URL, "http://"),
		"127.0.0.1:8082", strings.TrimPrefix(b.URL, "http://"), "127.0.0.1:8000", address))
	return balances(t, exec.Command("haproxy", "-db", "-f", config), "http://"+address)
}

// balances starts a load balancer, which the end of the test stops, and returns its address when it
// serves.
func balances(t *testing.T, cmd *exec.Cmd, address string) string {
	t.Helper()
	cmd.SysProcAttr = dieWithParent()
	log := &logBuffer{}
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		t.Fatalf("make setup installs it: %v", err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM) // nginx ends its workers
		_ = cmd.Wait()
		if t.Failed() {
			t.Logf("output of the load balancer:\n%s", tail(log.String(), 4000))
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
	t.Fatalf("the load balancer does not serve:\n%s", tail(log.String(), 4000))
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

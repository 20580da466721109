package load

import (
	"bufio"
	"crypto/rand"
	"crypto/sha1"
	"encoding/base64"
	"flag"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

// peer is another program that answers the same question.
type peer struct {
	name    string
	module  string // of its main package, with the version
	program string
	start   func(t *testing.T, program string, secrets []string) target
}

// peers returns the programs that `make bench-peers` builds through the module proxy.
func peers() []peer {
	return []peer{{"oauth2-proxy", "github.com/oauth2-proxy/oauth2-proxy/v7@v7.15.6", "oauth2-proxy", startOAuth2Proxy}}
}

// TestPeers_BesideOthers compares verification with other programs, in one run. It only runs with -peers.
func TestPeers_BesideOthers(t *testing.T) {
	if flag.Lookup("peers").Value.String() != "true" {
		t.Skip("it builds other programs: make bench-peers")
	}
	s := seed(t, 10000)
	b := bench{t: t, seeded: s, rounds: 20, during: time.Second / 2}
	bare := start(t, "bare", 1, b.secretsFile())
	socket := filepath.Join(t.TempDir(), "verify")
	srv := start(t, "latchkey", 2, s.data, "0", "unix:"+socket)
	b.waitLoaded(srv)
	targets := []target{
		{name: "(a) hash, map, small JSON", server: bare, addr: bare.addr, request: bearer("/"), wants: `"active":true`},
		{name: "Latchkey", server: srv, addr: srv.addr, request: bearer("/auth/verify")},
		{name: "Latchkey --verify-addr", server: srv, addr: socket, request: bearer("/auth/verify")},
	}
	for _, p := range peers() {
		program, err := p.build(t)
		if err != nil {
			fmt.Printf("  %s is left out: it cannot be built here: %v\n", p.name, err)
			continue
		}
		targets = append(targets, p.start(t, program, s.secrets))
	}
	b.warm(targets)
	results := b.compare(targets)
	b.print(fmt.Sprintf("%d tokens, %d connections, %d processors", len(s.secrets), connections, runtime.NumCPU()), targets, results)
}

// build returns the path of the program. It is built once, into the folder of what make setup installs.
func (p peer) build(t *testing.T) (string, error) {
	dir := os.Getenv("LATCHKEY_CACHE")
	if dir == "" {
		dir = t.TempDir()
	}
	dir = filepath.Join(dir, "bin")
	program := filepath.Join(dir, p.program)
	if _, err := os.Stat(program); err == nil {
		return program, nil
	}
	cmd := exec.Command("go", "install", p.module)
	cmd.Env = append(os.Environ(), "GOBIN="+dir, "GOFLAGS=", "CGO_ENABLED=0")
	cmd.Dir = t.TempDir()
	if out, err := cmd.CombinedOutput(); err != nil {
		lines := strings.Split(strings.TrimSpace(string(out)), "\n")
		return "", fmt.Errorf("%w: %s", err, lines[len(lines)-1])
	}
	return program, nil
}

// startOAuth2Proxy starts it with a file of users, whose passwords are the secrets, as SHA-1: it hashes and
// looks up in a map, as the others do.
func startOAuth2Proxy(t *testing.T, program string, secrets []string) target {
	dir, addr := t.TempDir(), freeAddr(&bench{t: t})
	var users strings.Builder
	names := make(map[string]string, len(secrets))
	for i, secret := range secrets {
		sum := sha1.Sum([]byte(secret))
		names[secret] = fmt.Sprint("user", i)
		fmt.Fprintf(&users, "user%d:{SHA}%s\n", i, base64.StdEncoding.EncodeToString(sum[:]))
	}
	file := filepath.Join(dir, "users")
	must(t, os.WriteFile(file, []byte(users.String()), 0o600))
	cmd := exec.Command(program, "--provider=github", "--client-id=bench", "--client-secret=bench", "--email-domain=*",
		"--cookie-secret="+rand.Text()[:16], "--htpasswd-file="+file, "--http-address="+addr, "--upstream=static://202",
		"--request-logging=false", "--auth-logging=false", "--standard-logging=false")
	var out strings.Builder
	cmd.Stderr = &out
	must(t, cmd.Start())
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	for begin := time.Now(); ; time.Sleep(20 * time.Millisecond) {
		if c, err := net.Dial("tcp", addr); err == nil {
			_ = c.Close()
			break
		} else if time.Since(begin) > 20*time.Second {
			t.Fatalf("oauth2-proxy does not listen: %v\n%s", err, &out)
		}
	}
	request := func(b []byte, secret string) []byte {
		basic := base64.StdEncoding.EncodeToString([]byte(names[secret] + ":" + secret))
		return append(b, "GET /oauth2/auth HTTP/1.1\r\nHost: load\r\nAuthorization: Basic "+basic+"\r\n\r\n"...)
	}
	to := target{name: "oauth2-proxy", server: &child{cmd: cmd}, addr: addr, request: request}
	conn, err := to.dial()
	must(t, err)
	defer conn.Close()
	_, err = conn.Write(request(nil, secrets[0]))
	must(t, err)
	if status, _, err := (&answers{r: bufio.NewReader(conn)}).next(); status != "202" {
		t.Fatalf("oauth2-proxy answers %q, %v", status, err)
	}
	return to
}

package load

import (
	"bufio"
	"crypto/rand"
	"crypto/sha1"
	"encoding/base64"
	"encoding/json"
	"flag"
	"fmt"
	"net"
	"net/http"
	"net/url"
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
	replace string // a module that only exists beside its source, and another one that can be had
	start   func(t *testing.T, program string, secrets []string) target
}

// peers returns the programs that `make bench-peers` builds through the module proxy.
func peers() []peer {
	return []peer{
		{name: "oauth2-proxy", module: "github.com/oauth2-proxy/oauth2-proxy/v7@v7.15.6", program: "oauth2-proxy", start: startOAuth2Proxy},
		{name: "Hydra, introspection", module: "github.com/ory/hydra/v2@v2.3.0", program: "hydra", start: startHydra,
			replace: "github.com/ory/hydra-client-go/v2=github.com/ory/hydra-client-go/v2@v2.2.1"},
	}
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
	if p.replace != "" {
		return program, p.buildCopy(t, program)
	}
	_, err := run(t.TempDir(), []string{"GOBIN=" + dir, "CGO_ENABLED=0"}, "go", "install", p.module)
	return program, err
}

// buildCopy builds the program from a copy of its module in which another one is replaced.
func (p peer) buildCopy(t *testing.T, program string) error {
	dir := t.TempDir()
	out, err := run(dir, nil, "go", "mod", "download", "-json", p.module)
	if err != nil {
		return err
	}
	var module struct{ Dir string }
	if err := json.Unmarshal([]byte(out), &module); err != nil {
		return err
	}
	source := filepath.Join(dir, "source")
	if err := os.CopyFS(source, os.DirFS(module.Dir)); err != nil {
		return err
	}
	for _, file := range []string{"go.mod", "go.sum"} {
		if err := os.Chmod(filepath.Join(source, file), 0o600); err != nil {
			return err
		}
	}
	if _, err := run(source, nil, "go", "mod", "edit", "-replace="+p.replace); err != nil {
		return err
	}
	_, err = run(source, []string{"CGO_ENABLED=1"}, "go", "build", "-mod=mod", "-tags=sqlite", "-o", program, ".")
	return err
}

// run runs a command in a folder and returns what it wrote. Its error has the last line.
func run(dir string, env []string, name string, args ...string) (string, error) {
	cmd := exec.Command(name, args...)
	cmd.Env, cmd.Dir = append(append(os.Environ(), "GOFLAGS="), env...), dir
	var problems strings.Builder
	cmd.Stderr = &problems
	out, err := cmd.Output()
	if err != nil {
		lines := strings.Split(strings.TrimSpace(problems.String()), "\n")
		return "", fmt.Errorf("%w: %s", err, lines[len(lines)-1])
	}
	return string(out), nil
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
	launch(t, cmd, addr)
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

// launch starts a server, waits until it listens and ends it with the test.
func launch(t *testing.T, cmd *exec.Cmd, addr string) {
	var out strings.Builder
	cmd.Stderr = &out
	must(t, cmd.Start())
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	for begin := time.Now(); ; time.Sleep(20 * time.Millisecond) {
		if c, err := net.Dial("tcp", addr); err == nil {
			_ = c.Close()
			return
		} else if time.Since(begin) > 20*time.Second {
			t.Fatalf("%s does not listen: %v\n%s", filepath.Base(cmd.Path), err, &out)
		}
	}
}

// hydraTokens is how many tokens Hydra is asked about: it makes some dozens in a second.
const hydraTokens = 200

// startHydra starts it with a database in memory, and has it make tokens of one client.
func startHydra(t *testing.T, program string, secrets []string) target {
	b := &bench{t: t}
	admin, public := freeAddr(b), freeAddr(b)
	port := func(addr string) string { return addr[strings.LastIndexByte(addr, ':')+1:] }
	cmd := exec.Command(program, "serve", "all", "--dev", "--sqa-opt-out")
	cmd.Env = append(os.Environ(), "DSN=memory", "SECRETS_SYSTEM="+rand.Text(), "URLS_SELF_ISSUER=http://"+public, "LOG_LEVEL=error",
		"SERVE_ADMIN_HOST=127.0.0.1", "SERVE_ADMIN_PORT="+port(admin), "SERVE_PUBLIC_HOST=127.0.0.1", "SERVE_PUBLIC_PORT="+port(public),
		"OAUTH2_HASHERS_PBKDF2_ITERATIONS=1")
	cmd.Dir = t.TempDir()
	launch(t, cmd, admin)
	launched := time.Now()
	ask := func(url, kind, body string) (out struct {
		ClientID     string `json:"client_id"`
		ClientSecret string `json:"client_secret"`
		AccessToken  string `json:"access_token"`
	}) {
		for {
			resp, err := http.Post(url, kind, strings.NewReader(body))
			if err == nil {
				err = json.NewDecoder(resp.Body).Decode(&out)
				_ = resp.Body.Close()
			}
			if err == nil && resp.StatusCode < http.StatusMultipleChoices {
				return out
			}
			if time.Since(launched) > 20*time.Second {
				t.Fatalf("Hydra: %s: %v, %v", url, resp, err)
			}
			time.Sleep(100 * time.Millisecond)
		}
	}
	client := ask("http://"+admin+"/admin/clients", "application/json",
		`{"grant_types":["client_credentials"],"token_endpoint_auth_method":"client_secret_post"}`)
	tokens := make([]string, hydraTokens)
	for i := range tokens {
		launched = time.Now()
		tokens[i] = ask("http://"+public+"/oauth2/token", "application/x-www-form-urlencoded", url.Values{"grant_type": {"client_credentials"},
			"client_id": {client.ClientID}, "client_secret": {client.ClientSecret}}.Encode()).AccessToken
	}
	of := make(map[string]string, len(secrets))
	for i, secret := range secrets {
		of[secret] = tokens[i%len(tokens)]
	}
	return target{name: "Hydra, introspection", server: &child{cmd: cmd}, addr: admin, wants: `"active":true`,
		request: func(b []byte, secret string) []byte {
			body := "token=" + of[secret]
			return append(b, fmt.Sprintf("POST /admin/oauth2/introspect HTTP/1.1\r\nHost: load\r\n"+
				"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: %d\r\n\r\n%s", len(body), body)...)
		}}
}

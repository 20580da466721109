package api_test

import (
	"fmt"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"latchkey/internal/access"
	"latchkey/internal/apiclient"
	"latchkey/internal/token"
)

// documentedCode returns the code below a heading of docs/introspection.md, with the addresses and
// the client of the test.
func documentedCode(t *testing.T, heading, endpoint, listen string, c apiclient.Registered) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "introspection.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, section, found := strings.Cut(string(text), "\n## "+heading+"\n")
	_, code, opened := strings.Cut(section, "\n```")
	_, code, _ = strings.Cut(code, "\n") // the rest of the line names the language
	code, _, closed := strings.Cut(code, "\n```")
	if !found || !opened || !closed {
		t.Fatalf("docs/introspection.md has no code below %q", heading)
	}
	_, port, _ := strings.Cut(listen, ":")
	return strings.NewReplacer("https://latchkey.example.com", endpoint, "CLIENT_ID", c.ID, "CLIENT_SECRET", c.Secret.Reveal(),
		deployAPI, listen, "listen(9000,", "listen("+port+",").Replace(code)
}

// gatewayStart starts a gateway that asks the given server, and returns where it listens.
type gatewayStart func(t *testing.T, w *world, endpoint string, c apiclient.Registered) string

func startApache(t *testing.T, w *world, endpoint string, c apiclient.Registered) string {
	const modules = "/usr/lib/apache2/modules"
	if _, err := os.Stat(modules + "/mod_auth_openidc.so"); err != nil {
		t.Fatal("mod_auth_openidc is not installed: run make setup")
	}
	dir, listen := t.TempDir(), freeAddr(t)
	var conf strings.Builder
	fmt.Fprintf(&conf, "ServerRoot %s\nDefaultRuntimeDir %s\nPidFile %s/pid\nListen %s\nServerName localhost\nErrorLog /dev/stderr\n",
		dir, dir, dir, listen)
	for _, m := range []string{"mpm_event", "authn_core", "authz_core", "authz_user", "auth_openidc", "status"} {
		fmt.Fprintf(&conf, "LoadModule %s_module %s/mod_%s.so\n", m, modules, m)
	}
	conf.WriteString("OIDCOAuthSSLValidateServer Off\n") // the test's certificate is its own
	if os.Getuid() == 0 {
		conf.WriteString("User nobody\nGroup nogroup\n")
	}
	// What is behind Apache is its own status page: it needs no files and no second server.
	conf.WriteString(documentedCode(t, "Apache mod_auth_openidc", endpoint, listen,
		c) + "\n<Location />\nSetHandler server-status\n</Location>\n")
	file := filepath.Join(dir, "apache.conf")
	w.must(os.WriteFile(file, []byte(conf.String()), 0o600))
	run(t, listen, "apache2", nil, "-D", "FOREGROUND", "-f", file)
	return "http://" + listen
}

func startGo(t *testing.T, w *world, endpoint string, c apiclient.Registered) string {
	dir, listen := t.TempDir(), freeAddr(t)
	file := filepath.Join(dir, "main.go")
	w.must(os.WriteFile(file, []byte(documentedCode(t, "Go", endpoint, listen, c)), 0o600))
	program := filepath.Join(dir, "api")
	build(t, file, program)
	run(t, listen, program, nil)
	return "http://" + listen
}

func startNode(t *testing.T, w *world, endpoint string, c apiclient.Registered) string {
	dir, listen := t.TempDir(), freeAddr(t)
	file := filepath.Join(dir, "server.mjs")
	w.must(os.WriteFile(file, []byte(documentedCode(t, "Node", endpoint, listen, c)), 0o600))
	run(t, listen, "node", nil, file)
	return "http://" + listen
}

// lasting is a token that expires in a year, for gateways that keep answers until then.
func (w *world) lasting(policy access.Policy) string {
	w.Helper()
	_, secret := w.insert(token.Token{Kind: token.Workspace, Workspace: w.main, Policy: policy, ExpiresAt: time.Now().AddDate(1, 0, 0)})
	return secret
}

// build compiles a program of one file.
func build(t *testing.T, file, program string) {
	t.Helper()
	cmd := exec.Command("go", "build", "-o", program, file)
	cmd.Dir = filepath.Dir(file)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
}

// TestIntrospection_AsDocumentedForGateways runs what docs/introspection.md recommends: a revocation
// counts on the next request, and without Latchkey nothing is served.
func TestIntrospection_AsDocumentedForGateways(t *testing.T) {
	for name, start := range map[string]gatewayStart{"Apache": startApache, "Go": startGo, "Node": startNode} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			direct, err := url.Parse(w.url)
			w.must(err)
			between := httptest.NewUnstartedServer(httputil.NewSingleHostReverseProxy(direct))
			if name == "Apache" {
				between.StartTLS() // mod_auth_openidc accepts no other endpoint
			} else {
				between.Start()
			}
			t.Cleanup(between.Close)
			gateway := start(t, w, between.URL, w.client())
			_, viewer := w.service(nil)
			_, limited := w.service(access.Policy{"destination:edit": access.Only("d1")})
			_, forever := w.service(access.Policy{"destination:edit": access.Everywhere()})
			lasting := w.lasting(access.Policy{"destination:edit": access.Everywhere()})
			wants := func(want int, headers ...string) {
				t.Helper()
				back := w.url
				w.url = gateway
				path := "/destinations"
				if name == "Apache" {
					path = "/Destinations//x" // whose rules are by path
				}
				got := w.ask("GET", path, "", headers...)
				w.url = back
				if got.status != want || want >= 400 && strings.Contains(got.body, "served") {
					t.Errorf("%d %.200q, want %d", got.status, got.body, want)
				}
			}
			wants(401)
			wants(401, bearer("lkpat_nonsense")...)
			denied := 403
			if name == "Apache" {
				denied = 401 // with error="insufficient_scope": it answers so when a claim is missing
			}
			wants(denied, bearer(viewer)...)
			wants(denied, bearer(limited)...)
			for _, secret := range []string{forever, lasting} {
				wants(200, bearer(secret)...)
				wants(200, bearer(secret)...)
				w.must(w.clients.Revoke(w.ctx, w.admin.Caller(), secret))
				wants(401, bearer(secret)...)
			}
			_, another := w.service(access.Policy{"destination:edit": access.Everywhere()})
			wants(200, bearer(another)...)
			between.Close()
			without := 503
			if name == "Apache" {
				without = 401
			}
			wants(without, bearer(another)...)
		})
	}
}

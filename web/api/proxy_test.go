package api_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/textproto"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"latchkey/internal/access"
	"latchkey/internal/token"
)

// The addresses in the files of deploy/, which tests replace.
const (
	deployLatchkey = "/run/latchkey/verify.sock"
	deployAPI      = "127.0.0.1:9000"
	deployListen   = "127.0.0.1:8000"
)

// backend is an API that knows nothing of Latchkey: it answers with what reached it.
type backend struct {
	*httptest.Server
	connections atomic.Int64
}

func newBackend(t *testing.T) *backend {
	b := &backend{}
	b.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Upgrade") != "" {
			echoLines(w, r)
			return
		}
		body, err := io.ReadAll(r.Body)
		for name, values := range r.Header {
			w.Header()["Saw-"+name] = values
		}
		fmt.Fprint(w, saw(r.Method, r.RequestURI, string(body)))
		if err != nil {
			fmt.Fprint(w, " ", err)
		}
	}))
	b.Config.ConnState = func(_ net.Conn, s http.ConnState) {
		if s == http.StateNew {
			b.connections.Add(1)
		}
	}
	b.Start()
	t.Cleanup(b.Close)
	return b
}

// echoLines accepts an upgrade and sends back what comes.
func echoLines(w http.ResponseWriter, r *http.Request) {
	conn, pending, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	defer conn.Close()
	accept := sha1.Sum([]byte(r.Header.Get("Sec-WebSocket-Key") + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11")) // RFC 6455, section 4.2.2
	fmt.Fprintf(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: %s\r\nSec-WebSocket-Accept: %s\r\n"+
		"Saw-Latchkey-Subject: %s\r\n\r\n", r.Header.Get("Upgrade"), base64.StdEncoding.EncodeToString(accept[:]),
		r.Header.Get("Latchkey-Subject"))
	_, _ = io.Copy(conn, pending)
}

// saw is what the backend answers to a request.
func saw(method, path, body string) string {
	return fmt.Sprintf("%s %s, %d bytes, %x", method, path, len(body), sha256.Sum256([]byte(body)))
}

func (b *backend) addr() string { return b.Listener.Addr().String() }

func freeAddr(t *testing.T) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// deployed is a file of deploy/ with the addresses of the test.
func deployed(t *testing.T, file string, w *world, b *backend, listen string) string {
	text, err := os.ReadFile(filepath.Join("..", "..", "deploy", file))
	if err != nil {
		t.Fatal(err)
	}
	return strings.NewReplacer(deployLatchkey, w.socket, deployAPI, b.addr(), deployListen,
		listen).Replace(string(text))
}

// tail keeps what a program prints.
type tail struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *tail) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

func (l *tail) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

// run starts a proxy and waits until it listens.
func run(t *testing.T, listen, program string, env []string, args ...string) {
	path, err := exec.LookPath(program)
	if err != nil {
		if path = "/usr/sbin/" + program; exec.Command("test", "-x", path).Run() != nil {
			t.Fatalf("%s is not installed: run make setup", program)
		}
	}
	ctx, stop := context.WithCancel(context.Background())
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.Env = append(os.Environ(), env...)
	// A program with children must end them itself; they would keep the pipe open that Wait reads.
	cmd.Cancel, cmd.WaitDelay = func() error { return cmd.Process.Signal(syscall.SIGTERM) }, 5*time.Second
	out := &tail{}
	cmd.Stdout, cmd.Stderr = out, out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	exited := make(chan struct{})
	go func() { _ = cmd.Wait(); close(exited) }()
	t.Cleanup(func() { stop(); <-exited })
	for range 200 {
		if c, err := net.Dial("tcp", listen); err == nil {
			_ = c.Close()
			return
		}
		select {
		case <-exited:
			t.Fatalf("%s ended:\n%s", program, out)
		case <-time.After(50 * time.Millisecond):
		}
	}
	t.Fatalf("%s does not listen on %s:\n%s", program, listen, out)
}

func startNginx(t *testing.T, w *world, b *backend) string {
	dir, listen := t.TempDir(), freeAddr(t)
	for _, file := range []string{"latchkey.conf", "latchkey-api.conf"} {
		w.must(os.WriteFile(filepath.Join(dir, file), []byte(deployed(t, "nginx/"+file, w, b, listen)), 0o600))
	}
	temp := ""
	for _, kind := range []string{"client_body", "proxy", "fastcgi", "uwsgi", "scgi"} {
		temp += fmt.Sprintf("\t%s_temp_path %s/%s;\n", kind, dir, kind)
	}
	conf := filepath.Join(dir, "nginx.conf")
	w.must(os.WriteFile(conf,
		[]byte("daemon off;\nmaster_process off;\npid "+dir+"/pid;\nerror_log stderr;\nevents {}\nhttp {\n\taccess_log off;\n"+
			temp+"\tinclude latchkey.conf;\n}\n"), 0o600))
	run(t, listen, "nginx", nil, "-p", dir, "-c", conf, "-e", "stderr")
	return "http://" + listen
}

func startCaddy(t *testing.T, w *world, b *backend) string {
	dir, listen := t.TempDir(), freeAddr(t)
	conf := filepath.Join(dir, "Caddyfile")
	w.must(os.WriteFile(conf, []byte("{\n\tadmin off\n\tauto_https off\n}\n"+deployed(t, "caddy/Caddyfile", w, b, listen)), 0o600))
	run(t, listen, "caddy", []string{"HOME=" + dir, "XDG_DATA_HOME=" + dir, "XDG_CONFIG_HOME=" + dir}, "run", "--config",
		conf, "--adapter", "caddyfile")
	return "http://" + listen
}

func startHAProxy(t *testing.T, w *world, b *backend) string {
	dir, listen := t.TempDir(), freeAddr(t)
	for _, file := range []string{"haproxy.cfg", "latchkey.lua"} {
		w.must(os.WriteFile(filepath.Join(dir, file), []byte(deployed(t, "haproxy/"+file, w, b, listen)), 0o600))
	}
	run(t, listen, "haproxy", nil, "-db", "-C", dir, "-f", "haproxy.cfg")
	return "http://" + listen
}

func TestProxies_AskLatchkeyAboutEachRequest(t *testing.T) {
	for name, start := range map[string]func(*testing.T, *world, *backend) string{
		"nginx": startNginx, "caddy": startCaddy, "haproxy": startHAProxy,
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, trust("127.0.0.1/32"))
			w.listenOnSocket()
			b := newBackend(t)
			direct := w.url
			w.url = start(t, w, b)
			proxyPasses(t, w)
			proxyRefuses(t, w)
			proxyDropsForgedHeaders(t, w)
			proxyKeepsTheHeadersThatAClientWantsDropped(t, w)
			proxyCoversThePathItself(t, w)
			proxyPassesPreflights(t, w)
			proxyPassesWebSockets(t, w, b)
			proxyNotesTheClient(t, w)
			proxyKeepsConnections(t, w, b)
			proxyRefusesWithoutLatchkey(t, w, b, start)
			w.url = direct
			if w.shortcuts.Load() == 0 {
				t.Error("the proxy's requests are not plain enough for the shortcut")
			}
		})
	}
}

func proxyPasses(t *testing.T, w *world) {
	eve := w.member("eve-"+t.Name()[len("TestProxies_"):][:3], access.Policy{"destination:edit": access.Everywhere()})
	tok, secret := w.personal(eve, access.ScopeReadWrite)
	for _, c := range []struct{ method, path, body string }{
		{"GET", "/items?page=2&workspace=theirs&permission=nonsense", ""}, {"POST", "/destinations/d1?x=1", "a=b"},
		{"DELETE", "/a%2Fb//c", ""}, {"PUT", "/items", strings.Repeat("x", 100000)},
	} {
		got := w.ask(c.method, c.path, c.body, bearer(secret)...)
		if want := saw(c.method, c.path, c.body); got.status != 200 || got.body != want {
			t.Errorf("%d %q, want %q", got.status, got.body, want)
		}
		for header, want := range map[string]string{"Subject": eve.ID, "Token-Id": tok.ID, "Token-Kind": "personal",
			"Workspace": w.main, "Permissions": "workspace:view destination:edit"} {
			if v := got.header.Values("Saw-Latchkey-" + header); len(v) != 1 || v[0] != want {
				t.Errorf("%s %s: the API saw Latchkey-%s %q, want %q", c.method, c.path, header, v, want)
			}
		}
		if got.header.Get("Saw-Authorization") != "" {
			t.Error("the API saw the token")
		}
	}
	if got := w.ask("GET", "/items", "", basicAuth("eve@example.com", secret)...); got.status != 200 {
		t.Errorf("basic: %d", got.status)
	}
	w.must(w.clients.Revoke(w.ctx, w.admin.Caller(), secret))
	if got := w.ask("GET", "/items", "", bearer(secret)...); got.status != 401 {
		t.Errorf("the request after the revocation: %d", got.status)
	}
}

func proxyRefuses(t *testing.T, w *world) {
	_, viewer := w.service(nil)
	for name, c := range map[string]struct {
		path      string
		headers   []string
		status    int
		challenge string
		code      string
		reason    string
	}{
		"no token":           {"/items", nil, 401, `Bearer realm="Latchkey"`, "UNAUTHORIZED", "Send an access token"},
		"bad token":          {"/items", bearer("lkpat_nonsense"), 401, `error="invalid_token"`, "UNAUTHORIZED", "not valid"},
		"missing permission": {"/destinations/d1", bearer(viewer), 403, `error="insufficient_scope"`, "FORBIDDEN", "destination:edit"},
	} {
		got := w.ask("GET", c.path, "", c.headers...)
		if got.status != c.status || !strings.Contains(got.header.Get("WWW-Authenticate"), c.challenge) ||
			got.header.Get("Saw-Accept-Encoding") != "" {
			t.Errorf("%s: %d %v", name, got.status, got.header)
		}
		if n := len(got.header.Values("WWW-Authenticate")); n != 1 {
			t.Errorf("%s: %d challenges: %v", name, n, got.header)
		}
		problem := w.object(got)
		text, _ := problem["message"].(string)
		if problem["code"] != c.code || problem["error"] != text || !strings.Contains(text, c.reason) ||
			got.header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: %v %s", name, got.header, got.body)
		}
	}
	if got := w.ask("GET", "/_latchkey", "", bearer(viewer)...); got.header.Get("Latchkey-Subject") != "" {
		t.Errorf("the check itself can be asked from outside: %d", got.status)
	}
}

func proxyDropsForgedHeaders(t *testing.T, w *world) {
	_, secret := w.insert(organizationToken())
	got := w.ask("GET", "/items", "", append(bearer(secret), "Latchkey-Subject", "root", "Latchkey-Workspace", "forged",
		"latchkey-permissions", "everything", "Latchkey-Token-Kind", "forged", "Latchkey-Token-Id", "forged",
		"Latchkey_Subject", "root", "Latchkey_Token-Id", "forged")...)
	if got.status != 200 {
		t.Fatalf("status %d", got.status)
	}
	for name, values := range got.header {
		for _, v := range values {
			if strings.HasPrefix(name, "Saw-Latchkey") && (strings.Contains(v, "forged") || v == "root" || v == "everything" ||
				strings.Contains(v, "{")) {
				t.Errorf("the API saw %s: %q", name, v)
			}
		}
	}
	if v := got.header.Get("Saw-Latchkey-Workspace"); v != "" {
		t.Errorf("the API saw the workspace %q of a token that has none", v)
	}
}

func proxyNotesTheClient(t *testing.T, w *world) {
	tok, secret := w.service(nil)
	_, err := w.tokens.Rotate(w.ctx, w.admin.Caller(), tok.ID, token.Rotation{Overlap: time.Hour})
	w.must(err)
	w.ask("GET", "/items", "", append(bearer(secret), "X-Forwarded-For", "203.0.113.66", "User-Agent", "ci/1.0")...)
	w.must(w.verify.Flush(w.ctx))
	got, err := w.store.Token(w.ctx, w.org, tok.ID)
	w.must(err)
	if len(got.LastUsedFrom) != 1 || got.LastUsedFrom[0].IP != "127.0.0.1" {
		t.Errorf("used from %v: a client can choose its address", got.LastUsedFrom)
	}
	secrets, err := w.tokens.Secrets(w.ctx, w.admin, tok.ID)
	w.must(err)
	if i := slices.IndexFunc(secrets, func(s token.SecretState) bool { return len(s.LastUsedFrom) > 0 }); i < 0 ||
		secrets[i].LastUsedFrom[0].Agent != "ci/1.0" {
		t.Errorf("the user agent is not known: %+v", secrets)
	}
}

// proxyKeepsTheHeadersThatAClientWantsDropped: what Connection names is for the next hop
// only, and a proxy that believes a client there would drop what Latchkey has just said.
func proxyKeepsTheHeadersThatAClientWantsDropped(t *testing.T, w *world) {
	tok, secret := w.service(nil)
	got := w.ask("GET", "/items", "",
		append(bearer(secret), "Connection", "keep-alive, Latchkey-Workspace,latchkey-subject, LATCHKEY-TOKEN-ID")...)
	for name, want := range map[string]string{"Workspace": w.main, "Subject": tok.ID, "Token-Id": tok.ID} {
		if v := got.header.Get("Saw-Latchkey-" + name); got.status != 200 || v != want {
			t.Errorf("%d, the API saw Latchkey-%s %q, want %q", got.status, name, v, want)
		}
	}
}

// proxyCoversThePathItself: /destinations is not below /destinations/.
func proxyCoversThePathItself(t *testing.T, w *world) {
	_, viewer := w.service(nil)
	for _, path := range []string{"/destinations", "/destinations/", "//destinations/d1", "/%64estinations/d1", "/x/../destinations/d1",
		"/Destinations", "/DESTINATIONS/d1", "/%44estinations/d1", "//deSTinations/", "/destinations;x=y"} {
		if got := w.ask("POST", path, "a=b", bearer(viewer)...); got.status != 403 {
			t.Errorf("%s: %d", path, got.status)
		}
	}
}

// proxyPassesPreflights: a browser sends no token with a preflight. What passes for one reaches
// the API as nobody's, even with a token and forged headers.
func proxyPassesPreflights(t *testing.T, w *world) {
	tok, secret := w.service(access.Policy{"destination:edit": access.Everywhere()})
	preflight := []string{"Origin", "https://app.example.com", "Access-Control-Request-Method", "PUT",
		"Access-Control-Request-Headers", "authorization"}
	forged := []string{"Latchkey-Subject", tok.ID, "latchkey-workspace", w.main, "Latchkey_Subject", tok.ID,
		"Connection", "keep-alive, Latchkey-Subject"}
	for _, path := range []string{"/items", "/destinations/d1", "/Destinations?permission=destination:edit"} {
		for name, headers := range map[string][]string{"a browser's": nil, "with a token": bearer(secret), "with forged headers": forged,
			"with a bad token": bearer("lkpat_nonsense")} {
			got := w.ask("OPTIONS", path, "", append(preflight, headers...)...)
			if got.status != 200 || got.body != saw("OPTIONS", path, "") || got.header.Get("Saw-Access-Control-Request-Method") != "PUT" {
				t.Errorf("%s preflight of %s: %d %q", name, path, got.status, got.body)
			}
			for header, values := range got.header {
				if strings.HasPrefix(header, "Saw-Latchkey") || header == "Saw-Authorization" {
					t.Errorf("%s preflight of %s: the API saw %s %q", name, path, header, values)
				}
			}
		}
	}
	for name, c := range map[string]struct {
		method  string
		headers []string
	}{
		"OPTIONS alone":               {"OPTIONS", nil},
		"OPTIONS of a browser":        {"OPTIONS", []string{"Origin", "https://app.example.com"}},
		"an empty request method":     {"OPTIONS", []string{"Access-Control-Request-Method", ""}},
		"POST with the header":        {"POST", preflight},
		"GET with the header":         {"GET", preflight},
		"a preflight that overrides":  {"OPTIONS", append([]string{"X-HTTP-Method-Override", "DELETE"}, preflight...)},
		"a preflight, another header": {"OPTIONS", append([]string{"X-HTTP-Method", "DELETE"}, preflight...)},
		"a preflight, a third header": {"OPTIONS", append([]string{"x-method-override", "DELETE"}, preflight...)},
		"DELETE that calls itself so": {"DELETE", append([]string{"X-HTTP-Method-Override", "OPTIONS"}, preflight...)},
		// As if a rule joined the header and the method with a colon.
		"DELETE that forges a rule":      {"DELETE", []string{"X-HTTP-Method-Override", ":OPTIONS:PUT"}},
		"DELETE that forges another":     {"DELETE", append([]string{"X-Method-Override", "OPTIONS::PUT"}, preflight...)},
		"a preflight that forges a rule": {"OPTIONS", append([]string{"X-HTTP-Method-Override", ":", "X-HTTP-Method", "DELETE"}, preflight...)},
	} {
		if got := w.ask(c.method, "/items", "", c.headers...); got.status != 401 {
			t.Errorf("%s without a token: %d %q", name, got.status, got.body)
		}
	}
	if got := w.ask("options", "/items", "", preflight...); got.status < 400 { // another method: they are case-sensitive
		t.Errorf("options without a token: %d %q", got.status, got.body)
	}
}

// proxyPassesWebSockets speaks through an upgraded connection, which needs a token as well.
func proxyPassesWebSockets(t *testing.T, w *world, b *backend) {
	tok, secret := w.service(nil)
	for name, c := range map[string]struct {
		headers []string
		want    string
	}{
		"without a token": {nil, "HTTP/1.1 401 "},
		"with one":        {bearer(secret), "HTTP/1.1 101 "},
	} {
		conn, err := net.Dial("tcp", strings.TrimPrefix(w.url, "http://"))
		w.must(err)
		defer conn.Close()
		w.must(conn.SetDeadline(time.Now().Add(20 * time.Second)))
		request := "GET /socket HTTP/1.1\r\nHost: " + strings.TrimPrefix(w.url, "http://") + "\r\nConnection: Upgrade\r\nUpgrade: WebSocket\r\n" +
			"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
		for i := 0; i < len(c.headers); i += 2 {
			request += c.headers[i] + ": " + c.headers[i+1] + "\r\n"
		}
		_, err = io.WriteString(conn, request+"\r\n")
		w.must(err)
		lines := bufio.NewReader(conn)
		status, err := lines.ReadString('\n')
		w.must(err)
		if !strings.HasPrefix(status, c.want) {
			t.Errorf("%s: %q", name, status)
			continue
		}
		if c.want != "HTTP/1.1 101 " {
			continue
		}
		header, err := textproto.NewReader(lines).ReadMIMEHeader()
		w.must(err)
		_, err = io.WriteString(conn, "hello\n")
		w.must(err)
		if back, err := lines.ReadString('\n'); err != nil || back != "hello\n" || header.Get("Saw-Latchkey-Subject") != tok.ID {
			t.Errorf("%s: %q %v %v", name, back, err, header)
		}
	}
}

// proxyKeepsConnections: a connection per check would cost more than the check.
func proxyKeepsConnections(t *testing.T, w *world, b *backend) {
	_, secret := w.service(nil)
	checks, calls := w.connections.Load(), b.connections.Load()
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 50 {
				if got := w.ask("GET", "/items", "", bearer(secret)...); got.status != 200 {
					t.Errorf("status %d", got.status)
					return
				}
			}
		})
	}
	wg.Wait()
	checks, calls = w.connections.Load()-checks, b.connections.Load()-calls
	if checks > 20 || calls > 20 {
		t.Errorf("200 requests took %d connections to Latchkey and %d to the API", checks, calls)
	}
}

// proxyRefusesWithoutLatchkey: an answer that does not come is no yes.
func proxyRefusesWithoutLatchkey(t *testing.T, w *world, b *backend, start func(*testing.T, *world, *backend) string) {
	_, secret := w.service(access.Policy{"destination:edit": access.Everywhere()})
	w.socket = filepath.Join(t.TempDir(), "none") // where nothing listens
	w.url = start(t, w, b)
	for _, path := range []string{"/items", "/destinations/d1"} {
		if got := w.ask("GET", path, "", bearer(secret)...); got.status < 500 || strings.Contains(got.body, "bytes") {
			t.Errorf("%s without Latchkey: %d %q", path, got.status, got.body)
		}
	}
}

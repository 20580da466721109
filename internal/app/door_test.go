package app_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"os/user"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"latchkey/internal/access"
	"latchkey/internal/account"
	"latchkey/internal/actor"
	"latchkey/internal/apiclient"
	"latchkey/internal/app"
	"latchkey/internal/config"
	"latchkey/internal/signin"
	"latchkey/internal/store"
	"latchkey/internal/token"
)

// running is a server with a listener for verification.
type running struct {
	app   *app.App
	main  string // address of the main listener
	stop  context.CancelCauseFunc
	ended chan error
}

// run runs a server on an empty database with the listener for verification.
func run(t *testing.T, cfg config.Config) running {
	t.Helper()
	ctx, stop := context.WithCancelCause(context.Background())
	said, out := io.Pipe()
	cfg.Addr, cfg.Data = "127.0.0.1:0", t.TempDir()
	a, err := app.New(ctx, cfg, app.Options{Out: out})
	if err != nil {
		t.Fatal(err)
	}
	r := running{app: a, stop: stop, ended: make(chan error, 1)}
	go func() {
		err := a.Run(ctx)
		_ = out.CloseWithError(io.ErrClosedPipe)
		r.ended <- err
	}()
	t.Cleanup(func() {
		stop(app.ErrAtTerminal)
		if err := a.Close(); err != nil {
			t.Error(err)
		}
	})
	line, err := bufio.NewReader(said).ReadString('\n')
	if err != nil {
		t.Fatal(<-r.ended)
	}
	go func() { _, _ = io.Copy(io.Discard, said) }()
	_, r.main, _ = strings.Cut(strings.TrimSpace(line), "http://")
	return r
}

// through returns a client that reaches every host by a socket.
func through(path string) *http.Client {
	var d net.Dialer
	return &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return d.DialContext(ctx, "unix", path)
	}}}
}

// status returns the status of a GET; 0 if there is no answer.
func status(client *http.Client, target string) int {
	answer, err := client.Get(target)
	if err != nil {
		return 0
	}
	defer answer.Body.Close()
	_, _ = io.Copy(io.Discard, answer.Body)
	return answer.StatusCode
}

func TestVerifyListener_ServesVerificationAndNothingElse(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "verify")
	r := run(t, config.Config{VerifyAddr: "unix:" + socket})
	client := through(socket)
	for path, want := range map[string]int{"/auth/verify": 401, "/auth/verify/x": 401, "/healthz": 200, "/oauth2/introspect": 405,
		"/": 404, "/readyz": 404, "/sign-in": 404, "/v2/token": 404, "/oauth2/revoke": 404, "/auth/verify/../../sign-in": 401,
		"/auth": 404, "/scim/v2/Users": 404, "/healthz/": 404, "/metrics": 404} {
		if got := status(client, "http://latchkey"+path); got != want {
			t.Errorf("%s: %d, want %d", path, got, want)
		}
	}
	for path, want := range map[string]int{"/v2/token/rotate": 404, "/oauth2/revoke": 404, "/oauth2/introspect": 401} {
		answer, err := client.Post("http://latchkey"+path, "", nil)
		if err != nil || answer.StatusCode != want {
			t.Fatalf("POST %s: %+v, %v, want %d", path, answer, err, want)
		}
		answer.Body.Close()
	}
	r.stop(app.ErrAtTerminal)
	if err := <-r.ended; err != nil {
		t.Error(err)
	}
	if _, err := os.Lstat(socket); !os.IsNotExist(err) {
		t.Errorf("the socket is still there: %v", err)
	}
}

func TestVerifyListener_ItsSocketIsForOwnerAndGroup(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "verify")
	stale, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	stale.(*net.UnixListener).SetUnlinkOnClose(false)
	if err := stale.Close(); err != nil {
		t.Fatal(err)
	}
	me, err := user.Current()
	if err != nil {
		t.Fatal(err)
	}
	run(t, config.Config{VerifyAddr: "unix:" + socket, VerifySocketGroup: me.Gid})
	info, err := os.Stat(socket)
	if err != nil || info.Mode().Perm() != 0o660 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	if got := status(through(socket), "http://latchkey/healthz"); got != 200 {
		t.Errorf("in the place of a stale socket: %d", got)
	}
}

func TestVerifyListener_TakesNothingFromOthers(t *testing.T) {
	dir := t.TempDir()
	used, file := filepath.Join(dir, "used"), filepath.Join(dir, "file")
	l, err := net.Listen("unix", used)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if err := os.WriteFile(file, []byte("precious"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []config.Config{{VerifyAddr: "unix:" + used}, {VerifyAddr: "unix:" + file}, {VerifyAddr: "unix:" + dir + "/none/x"},
		{VerifyAddr: "unix:" + dir + "/new", VerifySocketGroup: "no such group"}} {
		c.Addr, c.Data = "127.0.0.1:0", t.TempDir()
		a, err := app.New(t.Context(), c, app.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if err := a.Run(t.Context()); err == nil || !strings.Contains(err.Error(), c.VerifyAddr) {
			t.Errorf("%s: %v", c.VerifyAddr, err)
		}
		if err := a.Close(); err != nil {
			t.Error(err)
		}
	}
	if text, err := os.ReadFile(file); string(text) != "precious" {
		t.Errorf("the file has %q, %v", text, err)
	}
	if _, err := os.Lstat(used); err != nil {
		t.Error(err)
	}
}

// TestVerifyListener_StopsAsTheMainOneDoes asks while the server drains: answers end their connections, and both
// listeners serve until the drain is over.
func TestVerifyListener_StopsAsTheMainOneDoes(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "verify")
	r := run(t, config.Config{VerifyAddr: "unix:" + socket, Drain: time.Second})
	client := through(socket)
	if got := status(client, "http://latchkey/healthz"); got != 200 {
		t.Fatal(got)
	}
	r.stop(nil)
	for begin := time.Now(); status(http.DefaultClient, "http://"+r.main+"/readyz") != 503; {
		if time.Since(begin) > soon {
			t.Fatal("the server does not say that it stops")
		}
	}
	answer, err := client.Get("http://latchkey/healthz")
	if err != nil {
		t.Fatal(err)
	}
	if answer.StatusCode != 200 || !answer.Close {
		t.Errorf("while draining: %d, close %v", answer.StatusCode, answer.Close)
	}
	if err := <-r.ended; err != nil {
		t.Error(err)
	}
	if got := status(client, "http://latchkey/healthz"); got != 0 {
		t.Errorf("after the end: %d", got)
	}
}

// token makes an organization with a token, and returns its secret.
func (r running) token(t *testing.T) string {
	t.Helper()
	ctx, now := t.Context(), time.Now()
	err := r.app.Store.InTx(ctx, actor.System(""), func(tx *store.Tx) error {
		return errors.Join(
			tx.InsertOrganization(ctx, account.Organization{ID: "acme", Name: "Acme", Plan: access.PlanEnterprise, CreatedAt: now}),
			tx.InsertMember(ctx, account.Member{ID: "ada", Organization: "acme", Email: "ada@acme.example", Name: "Ada",
				Role: access.RoleAdmin, Status: account.Active, CreatedAt: now, UpdatedAt: now}, ""),
			tx.InsertSession(ctx, signin.Session{ID: "ada's", Member: "ada", CreatedAt: now, LastSeenAt: now,
				Proof: actor.Proof{How: actor.ByPassword, At: now}}, []byte("a digest")))
	})
	if err != nil {
		t.Fatal(err)
	}
	made, err := r.app.Tokens.GenerateOrganization(ctx, ada(), token.NewOrganization{Name: "Proxy", IdempotencyKey: "1"})
	if err != nil {
		t.Fatal(err)
	}
	return made.Secret.Reveal()
}

// ada is the Admin whom token makes.
func ada() actor.Caller { return actor.Caller{Ref: actor.Ref{Kind: actor.Session, ID: "ada's"}} }

// TestVerifyListener_ItsShortcutIsLikeItsHandler asks about a token by both ways: with Go's client by the shortcut, and with
// Connection: close by the handler. Both are below the path of the public URL, are counted once, and end connections
// while the server drains.
func TestVerifyListener_ItsShortcutIsLikeItsHandler(t *testing.T) {
	socket, metrics := filepath.Join(t.TempDir(), "verify"), freeAddress(t)
	r := run(t, config.Config{VerifyAddr: "unix:" + socket, MetricsAddr: metrics, PublicURL: "https://latchkey.example/keys", Drain: time.Second})
	secret, client := r.token(t), through(socket)
	api, err := r.app.Clients.Register(t.Context(), ada(), apiclient.NewClient{Name: "API"})
	if err != nil {
		t.Fatal(err)
	}
	ask := func(path string, close bool) *http.Response {
		request, _ := http.NewRequest(http.MethodGet, "http://latchkey"+path, nil)
		request.Header.Set("Authorization", "Bearer "+secret)
		if strings.HasPrefix(path, "/oauth2/") {
			request, _ = http.NewRequest(http.MethodPost, "http://latchkey"+path, strings.NewReader("token="+secret))
			request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			request.SetBasicAuth(api.ID, api.Secret.Reveal())
		}
		request.Close = close
		answer, err := client.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		return answer
	}
	for _, path := range []string{"/keys/auth/verify", "/auth/verify", "/keys/auth/verify?permission=nonsense", "/auth/verify/keys", "/oauth2/introspect"} {
		shortly, handled := ask(path, false), ask(path, true)
		if shortly.StatusCode != handled.StatusCode || shortly.ContentLength != handled.ContentLength ||
			shortly.Header.Get("Latchkey-Subject") != handled.Header.Get("Latchkey-Subject") {
			t.Errorf("%s: %v, %v by the handler", path, shortly, handled)
		}
	}
	answer, err := http.Get("http://" + metrics + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, _ := io.ReadAll(answer.Body)
	for _, want := range []string{`latchkey_verifications_total{result="accepted"} 10`, "latchkey_verification_seconds_count 10",
		`latchkey_http_requests_total{door="oauth2",method="POST",status="200"} 2`,
		`latchkey_http_requests_total{door="forward_auth",method="GET",status="200"} 6`,
		`latchkey_http_requests_total{door="forward_auth",method="GET",status="403"} 2`} {
		if !strings.Contains(string(text), want+"\n") {
			t.Errorf("no line %q in\n%s", want, text)
		}
	}
	r.stop(nil)
	for begin := time.Now(); !ask("/healthz", false).Close; {
		if time.Since(begin) > soon {
			t.Fatal("the server does not say that it stops")
		}
	}
	if answer := ask("/auth/verify", false); answer.StatusCode != 200 || !answer.Close {
		t.Errorf("while draining: %v", answer)
	}
}

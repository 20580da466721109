package load

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/valyala/fasthttp"

	"latchkey/internal/access"
	"latchkey/internal/account"
	"latchkey/internal/actor"
	"latchkey/internal/app"
	"latchkey/internal/config"
	"latchkey/internal/fault"
	"latchkey/internal/signin"
	"latchkey/internal/store"
	"latchkey/internal/token"
)

// announce is the line by which a child tells where it listens.
const announce = "listening on "

// serveBare is the yardstick: hash, map, small JSON. args: a file with one secret per line.
func serveBare(args []string) error {
	known, err := knownSecrets(args[0])
	if err != nil {
		return err
	}
	return listen(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id, ok := known[sha256.Sum256([]byte(strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")))]
		if !ok {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(append(append([]byte(`{"active":true,"id":"`), id...), `"}`...))
	}))
}

// serveBareFast is the most that fasthttp allows: hash, map, and headers as those of /auth/verify. args: a file with
// one secret per line, and the network and the address to listen at.
func serveBareFast(args []string) error {
	known, err := knownSecrets(args[0])
	if err != nil {
		return err
	}
	l, err := net.Listen(args[1], args[2])
	if err != nil {
		return err
	}
	fmt.Println(announce + l.Addr().String())
	return (&fasthttp.Server{NoDefaultServerHeader: true, NoDefaultContentType: true, Handler: func(ctx *fasthttp.RequestCtx) {
		id, ok := known[sha256.Sum256(bytes.TrimPrefix(ctx.Request.Header.Peek("Authorization"), []byte("Bearer ")))]
		if !ok {
			ctx.SetStatusCode(http.StatusUnauthorized)
			return
		}
		h := &ctx.Response.Header
		h.Set("Latchkey-Subject", id)
		h.Set("Latchkey-Token-Id", id)
		h.Set("Latchkey-Token-Kind", "organization")
		h.Set("Latchkey-Workspace", "")
		h.Set("Latchkey-Permissions", "")
	}}).Serve(l)
}

// knownSecrets reads a file with one secret per line. It returns the line of each digest.
func knownSecrets(file string) (map[[32]byte]string, error) {
	text, err := os.ReadFile(file)
	known := map[[32]byte]string{}
	for i, secret := range strings.Fields(string(text)) {
		known[sha256.Sum256([]byte(secret))] = strconv.Itoa(i)
	}
	return known, err
}

// serveAPI is an API behind a proxy.
func serveAPI([]string) error {
	return listen(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"items":[]}`)
	}))
}

func listen(h http.Handler) error {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Println(announce + l.Addr().String())
	return http.Serve(l, h)
}

// serveLatchkey is the server as the program runs it, on the data folder args[0], with a
// second listener that makes it create tokens: GET /create?rate=…&for=….
func serveLatchkey(args []string) error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	cfg := config.Config{Addr: "127.0.0.1:" + args[1], Data: args[0], LogLevel: "info", LogFormat: "text", TrustedProxies: []string{"127.0.0.1"}}
	if len(args) > 2 {
		cfg.VerifyAddr = args[2]
	}
	a, err := app.New(ctx, cfg, app.Options{Out: os.Stdout, Log: io.Discard})
	if err != nil {
		return err
	}
	control := http.NewServeMux()
	control.HandleFunc("/create", func(w http.ResponseWriter, r *http.Request) {
		rate, _ := strconv.Atoi(r.FormValue("rate"))
		during, _ := time.ParseDuration(r.FormValue("for"))
		begin := time.Now()
		n, err := createTokens(ctx, a, rate, during)
		fmt.Fprintf(w, "%d %v %v", n, time.Since(begin).Seconds(), err)
	})
	control.HandleFunc("/make", func(w http.ResponseWriter, r *http.Request) { makeToken(w, r, a) })
	control.HandleFunc("/delete", func(w http.ResponseWriter, r *http.Request) { deleteToken(w, r, a) })
	control.HandleFunc("/rotate", func(w http.ResponseWriter, r *http.Request) { rotateToken(w, r, a) })
	control.HandleFunc("/end", func(w http.ResponseWriter, r *http.Request) { endPrevious(w, r, a) })
	control.HandleFunc("/loaded", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, a.Verify.Complete(), a.Verify.Tokens())
	})
	control.HandleFunc("/heap", func(w http.ResponseWriter, _ *http.Request) {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		fmt.Fprint(w, m.HeapAlloc)
	})
	control.HandleFunc("/churn", func(w http.ResponseWriter, r *http.Request) { fmt.Fprintln(w, churnTokens(r.Context(), a, w)) })
	go func() { _ = listen(control) }()
	if err := a.Run(ctx); err != nil {
		return err
	}
	return a.Close()
}

// admin is the signed-in Admin of the only organization; it is made when there is none.
func admin(ctx context.Context, a *app.App) (actor.Caller, error) {
	by := actor.Caller{Ref: actor.Ref{Kind: actor.Session, ID: "session of ada"}}
	organization, err := a.Store.SignInOrganization(ctx)
	if err != nil {
		return by, err
	}
	err = a.Store.InTx(ctx, actor.System(organization), func(tx *store.Tx) error { return signInAda(ctx, tx, organization) })
	return by, err
}

// signInAda makes the Admin Ada with a session, unless she is there, and proves the session.
func signInAda(ctx context.Context, tx *store.Tx, organization string) error {
	now, proof := tx.Now(), actor.Proof{How: actor.ByPassword, At: tx.Now()}
	if _, err := tx.Member(ctx, organization, "ada"); !fault.Is(err, fault.NotFound) {
		return errors.Join(err, tx.ProveSession(ctx, "session of ada", proof))
	}
	return errors.Join(
		tx.InsertMember(ctx, account.Member{ID: "ada", Organization: organization, Email: "ada@acme.example", Name: "Ada",
			Role: access.RoleAdmin, Status: account.Active, CreatedAt: now, UpdatedAt: now}, ""),
		tx.InsertSession(ctx, signin.Session{ID: "session of ada", Member: "ada", CreatedAt: now, LastSeenAt: now, Proof: proof},
			[]byte("a digest")))
}

// churnTokens makes tokens, and deletes, rotates, suspends or restricts most of them. It tells of each secret that must be
// good and of each that must not, once that was acknowledged: of one that is about to change nobody can
// say in which state the end of the process finds it.
func churnTokens(ctx context.Context, a *app.App, w http.ResponseWriter) error {
	by, err := admin(ctx, a)
	tell := func(what string, secret token.Secret) {
		fmt.Fprintln(w, what, secret.Reveal())
		w.(http.Flusher).Flush()
	}
	begin := time.Now().UnixNano()
	for i := 0; err == nil; i++ {
		var g token.Generated
		key := fmt.Sprintf("churn %x %d", begin, i)
		if g, err = a.Tokens.GenerateOrganization(ctx, by, token.NewOrganization{Name: key, IdempotencyKey: key}); err != nil {
			break
		}
		switch i % 6 {
		case 4:
			if _, err = a.Tokens.Suspend(ctx, by, g.ID, "churn"); err == nil {
				tell("ended", g.Secret)
			}
		case 5: // the server asks from 127.0.0.1
			if _, err = a.Tokens.SetAddresses(ctx, by, g.ID, "192.0.2.0/24"); err == nil {
				tell("ended", g.Secret)
			}
		case 0:
			if _, err = a.Tokens.Delete(ctx, by, g.ID); err == nil {
				tell("ended", g.Secret)
			}
		case 1:
			tell("made", g.Secret)
		default:
			var done token.Rotated
			overlap, what := time.Duration(0), "ended"
			if i%6 == 3 {
				overlap, what = time.Hour, "made" // it still works
			}
			if done, err = a.Tokens.Rotate(ctx, by, g.ID, token.Rotation{Overlap: overlap, SameLength: true}); err == nil {
				tell(what, g.Secret)
				tell("made", done.Secret)
			}
		}
	}
	return err
}

// makeToken makes a token with the given name and writes its id and its secret.
func makeToken(w http.ResponseWriter, r *http.Request, a *app.App) {
	by, err := admin(r.Context(), a)
	var g token.Generated
	if err == nil {
		name := r.FormValue("name")
		g, err = a.Tokens.GenerateOrganization(r.Context(), by, token.NewOrganization{Name: name, IdempotencyKey: name})
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	fmt.Fprintln(w, g.ID, g.Secret.Reveal())
}

// deleteToken deletes the token with the given id.
func deleteToken(w http.ResponseWriter, r *http.Request, a *app.App) {
	by, err := admin(r.Context(), a)
	if err == nil {
		_, err = a.Tokens.Delete(r.Context(), by, r.FormValue("id"))
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
	}
}

// rotateToken rotates the token with the given id and writes its id and its new secret.
func rotateToken(w http.ResponseWriter, r *http.Request, a *app.App) {
	by, err := admin(r.Context(), a)
	overlap, wrong := time.ParseDuration(r.FormValue("overlap"))
	var done token.Rotated
	if err = errors.Join(err, wrong); err == nil {
		done, err = a.Tokens.Rotate(r.Context(), by, r.FormValue("id"), token.Rotation{Overlap: overlap, SameLength: true})
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	fmt.Fprintln(w, done.ID, done.Secret.Reveal())
}

// endPrevious ends the previous secret of the token with the given id.
func endPrevious(w http.ResponseWriter, r *http.Request, a *app.App) {
	by, err := admin(r.Context(), a)
	if err == nil {
		_, err = a.Tokens.EndPrevious(r.Context(), by, r.FormValue("id"))
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
	}
}

// creators is how many creations may be under way at a time.
const creators = 16

// createTokens makes tokens through the use case at a steady rate, as several people do.
func createTokens(ctx context.Context, a *app.App, rate int, during time.Duration) (int64, error) {
	by, err := admin(ctx, a)
	if err != nil {
		return 0, err
	}
	var made, due atomic.Int64
	var failure atomic.Pointer[error]
	var running sync.WaitGroup
	begin := time.Now()
	for range creators {
		running.Go(func() {
			for {
				n := due.Add(1)
				at := begin.Add(time.Duration(n) * time.Second / time.Duration(rate))
				if at.Sub(begin) > during {
					return
				}
				time.Sleep(time.Until(at))
				key := strconv.FormatInt(begin.UnixNano()+n, 36)
				_, err := a.Tokens.GenerateOrganization(ctx, by, token.NewOrganization{Name: key, IdempotencyKey: key})
				if err != nil {
					failure.Store(&err)
					return
				}
				made.Add(1)
			}
		})
	}
	running.Wait()
	if err := failure.Load(); err != nil {
		return made.Load(), *err
	}
	return made.Load(), nil
}

// child is a server in a process of its own.
type child struct {
	addr    string // where it serves
	control string // where the second listener is, if there is one
	cmd     *exec.Cmd
	started time.Time
}

// process returns a process, not yet started, that runs this program again in another role.
func process(role string, args ...string) *exec.Cmd {
	cmd := exec.Command(os.Args[0], args...)
	cmd.Env = append(os.Environ(), childRole+"="+role)
	cmd.Stderr = os.Stderr
	return cmd
}

// start runs this program again in another role and waits for its addresses.
func start(t *testing.T, role string, addresses int, args ...string) *child {
	t.Helper()
	c := &child{cmd: process(role, args...), started: time.Now()}
	out, err := c.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.stop)
	lines := bufio.NewScanner(out)
	for found := 0; found < addresses && lines.Scan(); {
		if at, ok := strings.CutPrefix(lines.Text(), announce); ok {
			c.control, found = at, found+1
			if c.addr == "" {
				c.addr = at
			}
		}
		if _, at, ok := strings.Cut(lines.Text(), "ready at http://"); ok {
			c.addr, found = at, found+1
		}
	}
	if c.addr == "" {
		t.Fatalf("%s does not start", role)
	}
	go func() { _, _ = io.Copy(io.Discard, out) }()
	return c
}

// stop ends the process orderly and waits for its end.
func (c *child) stop() {
	if c.cmd.ProcessState == nil {
		_ = c.cmd.Process.Signal(syscall.SIGTERM)
		_ = c.cmd.Wait()
	}
}

// processor is how much processor time the process has used so far.
func (c *child) processor(t *testing.T) time.Duration {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", c.cmd.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	// After the name in parentheses, fields 14 and 15 (utime, stime) in ticks of 10 ms.
	fields := strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:]))
	user, _ := strconv.Atoi(fields[11])
	system, _ := strconv.Atoi(fields[12])
	return time.Duration(user+system) * 10 * time.Millisecond
}

// resident is the memory that the process occupies, in megabytes.
func (c *child) resident(t *testing.T) int {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", c.cmd.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(text), "VmRSS:")
	kb, err := strconv.Atoi(strings.Fields(rest)[0])
	if err != nil {
		t.Fatal(err)
	}
	return kb / 1024
}

// get asks the second listener.
func (c *child) get(t *testing.T, path string) string {
	resp, err := http.Get("http://" + c.control + path)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

package api_test

import (
	"bufio"
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"latchkey/internal/access"
	"latchkey/internal/account"
	"latchkey/internal/actor"
	"latchkey/internal/apiclient"
	"latchkey/internal/store"
	"latchkey/internal/token"
)

// twins are the two servers over the same handlers, and secrets to ask them about.
type twins struct {
	*world
	plain, fast string
	secrets     *strings.Replacer
}

// newTwins serves the handlers of a world by the fast server too.
func newTwins(t testing.TB, options ...option) twins {
	w := newWorld(t, options...)
	_, good := w.service(access.Policy{"destination:edit": access.Everywhere(), "source:edit": access.Only("s1")})
	client, err := w.clients.Register(w.ctx, w.admin.Caller(), apiclient.NewClient{Name: "Twin"})
	w.must(err)
	basic := base64.StdEncoding.EncodeToString([]byte(client.ID + ":" + client.Secret.Reveal()))
	l, err := net.Listen("tcp", "127.0.0.1:0")
	w.must(err)
	s := w.fast()
	served := make(chan error, 1)
	go func() { served <- s.Serve(l) }()
	t.Cleanup(func() {
		w.must(s.Shutdown(context.Background()))
		w.must(<-served)
	})
	// A first use reads the database, which net/http cuts off when a client has sent all it will.
	for _, got := range []answer{w.ask("GET", "/auth/verify", "", bearer(good)...),
		w.ask("POST", "/oauth2/introspect", "token="+good, basicAuth(client.ID, client.Secret.Reveal())...)} {
		if got.status != 200 {
			t.Fatal(got)
		}
	}
	return twins{world: w, plain: strings.TrimPrefix(w.url, "http://"), fast: l.Addr().String(),
		secrets: strings.NewReplacer("GOOD", good, "CLIENT", basic, "ID", client.ID, "SECRET", client.Secret.Reveal())}
}

// said is an answer in a form that can be compared.
type said struct {
	text    string // status, headers that must be the same, body
	refused bool   // as no proper HTTP, by the server itself
}

// say sends bytes and the end of the connection, and returns all answers.
func (tw twins) say(t testing.TB, address, text string) []said {
	t.Helper()
	c, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(20 * time.Second))
	go func() {
		_, _ = io.WriteString(c, text)
		_ = c.(*net.TCPConn).CloseWrite()
	}()
	method, _, _ := strings.Cut(strings.TrimLeft(text, "\r\n"), " ")
	var answers []said
	for r := bufio.NewReader(c); ; {
		answer, err := http.ReadResponse(r, &http.Request{Method: method})
		if err != nil {
			if network, ok := err.(net.Error); ok && network.Timeout() {
				t.Fatalf("%q: no end after %d answers", text, len(answers))
			}
			return answers
		}
		body, _ := io.ReadAll(answer.Body)
		if answer.StatusCode < 200 {
			continue
		}
		answers = append(answers, comparable(answer, string(body)))
	}
}

func comparable(answer *http.Response, body string) said {
	var lines []string
	for name, values := range answer.Header {
		if !slices.Contains([]string{"Date", "Server", "Connection", "X-Request-Id"}, name) {
			lines = append(lines, fmt.Sprintf("%s: %q", name, values))
		}
	}
	slices.Sort(lines)
	plain := body == "" || strings.HasPrefix(answer.Header.Get("Content-Type"), "text/plain")
	return said{fmt.Sprintf("%d\n%s\n%d\n%s", answer.StatusCode, strings.Join(lines, "\n"), answer.ContentLength, body),
		answer.Close && plain && answer.StatusCode >= 400 && answer.Header.Get("Latchkey-Reason") == ""}
}

// compare asks both servers. What net/http refuses must be refused; what it accepts must be answered the same,
// or, where stricter says so, may be refused.
func (tw twins) compare(t testing.TB, text string, stricter bool) {
	t.Helper()
	text = tw.secrets.Replace(text)
	plain, fast := served(tw.say(t, tw.plain, text)), served(tw.say(t, tw.fast, text))
	if gone := func(text string) bool { return strings.HasPrefix(text, "499") }; slices.ContainsFunc(plain, gone) {
		return // net/http noticed in time that the client would not send the rest; nobody reads this answer
	}
	if stricter && len(fast) < len(plain) {
		plain = plain[:len(fast)]
	}
	if d := cmp.Diff(plain, fast); d != "" {
		t.Errorf("%.300q: net/http (-), fast (+):\n%s", text, d)
	}
}

// measured returns a request with the length of its body.
func (tw twins) measured(text string) string {
	_, body, _ := strings.Cut(tw.secrets.Replace(text), "\r\n\r\n")
	return strings.ReplaceAll(text, "LENGTH", fmt.Sprint(len(body)))
}

// served returns what a handler answered.
func served(answers []said) []string {
	texts := []string{}
	for _, a := range answers {
		if !a.refused {
			texts = append(texts, a.text)
		}
	}
	return texts
}

// get is a request with header lines.
func get(target string, lines ...string) string {
	return "GET " + target + " HTTP/1.1\r\nHost: twin\r\n" + strings.Join(append(lines, "", ""), "\r\n")
}

// post is an introspection.
func post(body string, lines ...string) string {
	return "POST /oauth2/introspect HTTP/1.1\r\nHost: twin\r\nAuthorization: Basic CLIENT\r\n" +
		strings.Join(append(lines, "", ""), "\r\n") + body
}

const (
	good = "Authorization: Bearer GOOD"
	form = "Content-Type: application/x-www-form-urlencoded"
)

// requests are cases that a proxy, a resource server or an attacker may send.
func requests() map[string]string {
	return map[string]string{
		"accepted":           get("/auth/verify", good),
		"no token":           get("/auth/verify"),
		"unknown token":      get("/auth/verify", "Authorization: Bearer lkwat_unknown"),
		"basic":              get("/auth/verify", "Authorization: Basic OkdPT0Q="),
		"two tokens":         get("/auth/verify", good, good),
		"joined tokens":      get("/auth/verify", good+", Bearer GOOD"),
		"tabs and blanks":    get("/auth/verify", "authorization: \t Bearer GOOD \t"),
		"empty value":        get("/auth/verify", "Authorization:"),
		"HEAD":               "HEAD /auth/verify HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer GOOD\r\n\r\n",
		"HEAD refused":       "HEAD /auth/verify HTTP/1.1\r\nHost: a\r\n\r\n",
		"other methods":      "PROPFIND /auth/verify HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer GOOD\r\n\r\n",
		"lower-case method":  "get /auth/verify HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer GOOD\r\n\r\n",
		"one permission":     get("/auth/verify?permission=destination:edit", good),
		"missing permission": get("/auth/verify?permission=nonsense", good),
		"injected lines":     get("/auth/verify?permission=a%0d%0aX-Injected:%20b&workspace=c%0a%00", good),
		"injected header":    get("/auth/verify?workspace=c%0a%00%c3%a9", good),
		"header asks":        get("/auth/verify", good, "Latchkey-Require-Permission: destination:edit"),
		"header asks twice": get("/auth/verify", good, "Latchkey-Require-Permission: destination:edit",
			"latchkey-require-permission: nonsense"),
		"header asks nothing":  get("/auth/verify", good, "Latchkey-Require-Permission: ,"),
		"path below":           get("/auth/verify/a//b/../%2e%2e/%00?x=%zz", good),
		"path beside":          get("/auth/verifyx", good),
		"path with dots":       get("/auth/../auth/verify", good),
		"path with slashes":    get("//auth/verify", good),
		"escaped path":         get("/auth/%76erify", good),
		"escaped slash":        get("/auth%2fverify", good),
		"broken escape":        get("/auth/verify/%zz", good),
		"absolute":             get("http://elsewhere/auth/verify", good),
		"absolute with user":   get("http://a:b@elsewhere/auth/verify", good),
		"fragment":             get("/auth/verify#x", good),
		"question mark":        get("/auth/verify?", good),
		"blank in target":      get("/auth/verify /x", good),
		"letters beyond ASCII": get("/auth/verify/\xc3\xa9?\xff=\xfe", good),
		"letters in a value":   get("/auth/verify", good, "User-Agent: \xc3\xa9\xff"),
		"forwarded once":       get("/auth/verify", good, "X-Forwarded-For: 192.0.2.1, 192.0.2.2"),
		"forwarded":            get("/auth/verify", good, "X-Forwarded-For: 192.0.2.1", "X-Forwarded-For: 192.0.2.2"),
		"1.0":                  "GET /auth/verify HTTP/1.0\r\nAuthorization: Bearer GOOD\r\n\r\n",
		"1.0 kept alive": "GET /auth/verify HTTP/1.0\r\nConnection: keep-alive\r\nAuthorization: Bearer GOOD\r\n\r\n" +
			"GET /auth/verify HTTP/1.0\r\n\r\n",
		"1.2":       "GET /auth/verify HTTP/1.2\r\nHost: a\r\nAuthorization: Bearer GOOD\r\n\r\n",
		"2.0":       "GET /auth/verify HTTP/2.0\r\nHost: a\r\nAuthorization: Bearer GOOD\r\n\r\n",
		"0.9":       "GET /auth/verify\r\n\r\n",
		"no host":   "GET /auth/verify HTTP/1.1\r\nAuthorization: Bearer GOOD\r\n\r\n",
		"two hosts": get("/auth/verify", good, "Host: other"),
		"bad host":  "GET /auth/verify HTTP/1.1\r\nHost: a b\r\nAuthorization: Bearer GOOD\r\n\r\n",
		"pipelined": get("/auth/verify", good) + get("/auth/verify") + get("/auth/verify?permission=x", good, "Connection: close") +
			get("/auth/verify", good),
		"blank before a colon":          get("/auth/verify", "Authorization : Bearer GOOD"),
		"blank in a name":               get("/auth/verify", good, "X Y: z"),
		"no name":                       get("/auth/verify", good, ": z"),
		"no colon":                      get("/auth/verify", good, "nonsense"),
		"NUL in a value":                get("/auth/verify", good, "X: a\x00b"),
		"NUL in a name":                 get("/auth/verify", good, "X\x00: a"),
		"CR in a value":                 get("/auth/verify", good, "X: a\rAuthorization: Bearer x"),
		"DEL in a value":                get("/auth/verify", good, "X: a\x7f"),
		"continued line":                get("/auth/verify", good, "X: a", " b", "\tc"),
		"continued token":               get("/auth/verify", "Authorization: Bearer", " GOOD"),
		"continued first":               "GET /auth/verify HTTP/1.1\r\n Host: a\r\n\r\n",
		"body with GET":                 get("/auth/verify", good, "Content-Length: 5") + "hello" + get("/auth/verify"),
		"negative length":               get("/auth/verify", good, "Content-Length: -1"),
		"signed length":                 get("/auth/verify", good, "Content-Length: +5") + "hello",
		"huge length":                   get("/auth/verify", good, "Content-Length: 99999999999999999999"),
		"two lengths":                   get("/auth/verify", good, "Content-Length: 5", "Content-Length: 6") + "hello!",
		"joined lengths":                get("/auth/verify", good, "Content-Length: 5, 6") + "hello!",
		"length and chunks":             get("/auth/verify", good, "Content-Length: 5", "Transfer-Encoding: chunked") + "0\r\n\r\n",
		"identity":                      get("/auth/verify", good, "Transfer-Encoding: identity"),
		"two codings":                   get("/auth/verify", good, "Transfer-Encoding: gzip, chunked") + "0\r\n\r\n",
		"chunked twice":                 get("/auth/verify", good, "Transfer-Encoding: chunked", "Transfer-Encoding: chunked") + "0\r\n\r\n",
		"odd coding":                    get("/auth/verify", good, "Transfer-Encoding: xchunked") + "0\r\n\r\n",
		"expects":                       post("token=GOOD", form, "Content-Length: LENGTH", "Expect: 100-continue"),
		"expects something":             get("/auth/verify", good, "Expect: something"),
		"introspected":                  post("token=GOOD", form, "Content-Length: LENGTH"),
		"introspected in chunks":        post("6\r\ntoken=\r\n1\r\nx\r\n0\r\n\r\n", form, "Transfer-Encoding: chunked"),
		"broken chunks":                 post("z\r\ntoken=\r\n", form, "Transfer-Encoding: chunked"),
		"introspected without a form":   post("", "Content-Length: 0"),
		"introspected with JSON":        post("{}", "Content-Type: application/json", "Content-Length: 2"),
		"introspected compressed":       post("token=x", form, "Content-Encoding: gzip", "Content-Length: 7"),
		"introspected too long":         post("token="+strings.Repeat("a", 70<<10), form, fmt.Sprint("Content-Length: ", 6+70<<10)),
		"introspected by GET":           get("/oauth2/introspect"),
		"introspected cut":              post("token=", form, "Content-Length: 100"),
		"introspected without a client": "POST /oauth2/introspect HTTP/1.1\r\nHost: a\r\n" + form + "\r\nContent-Length: 7\r\n\r\ntoken=x",
		"two after another":             post("token=x", form, "Content-Length: 7") + post("token=y", form, "Content-Length: 7"),
		"many headers":                  get("/auth/verify", good, strings.Repeat("X: y\r\n", 500)+"Z: z"),
		"long headers":                  get("/auth/verify", good, "X: "+strings.Repeat("y", 60<<10)),
		"too long headers":              get("/auth/verify", good, "X: "+strings.Repeat("y", 100<<10)),
		"too long a target":             get("/auth/verify/"+strings.Repeat("y", 100<<10), good),
		"connect":                       "CONNECT /auth/verify HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer GOOD\r\n\r\n",
		"nothing":                       "",
		"half a request":                "GET /auth/verify HTTP/1.1\r\nHost",
	}
}

func TestFast_AnswersAsNetHTTPDoes(t *testing.T) {
	tw := newTwins(t)
	for name, text := range requests() {
		t.Run(name, func(t *testing.T) {
			tw.compare(t, tw.measured(text), false)
		})
	}
}

// TestFast_TakesTheShortcut holds which requests the listener answers before fasthttp reads them, and that both ways count
// the same.
func TestFast_TakesTheShortcut(t *testing.T) {
	tw := newTwins(t, trust("127.0.0.0/8"))
	for _, c := range []struct {
		text  string
		takes int32
	}{
		{get("/auth/verify", good), 1},
		{get("/auth/verify/a//b?permission=destination:edit&x=y", good, "Cookie: a=b", "X-Forwarded-For: 192.0.2.1, 192.0.2.2"), 1},
		{get("/auth/verify", "authorization: basic OkdPT0Q=", "Latchkey-Require-Permission: destination:edit"), 0}, // no such secret
		{get("/auth/verify", good, "latchkey-require-permission: destination:edit, source:edit"), 0},               // source:edit is limited
		{get("/auth/verify", good, "Latchkey-Require-Permission: destination:edit"), 1},
		{get("/auth/verify", good, "Latchkey-Require-Permission: destination:edit", "Latchkey-Require-Permission: nonsense"), 0},
		{get("/auth/verify", good, "Latchkey-Require-Permission:"), 0},
		{get("/auth/verify?permission=nonsense", good), 0},
		{get("/auth/verify?resource=s1", good), 0},
		{get("/auth/verify?permission=source:edit&resource=s1", good), 1},
		{get("/auth/verify", good, good), 0},
		{get("/auth/verify", good, "X-Forwarded-For: 192.0.2.1", "X-Forwarded-For: 192.0.2.2"), 0},
		{get("/auth/verify", good, "Content-Length: 0"), 1}, // as Envoy
		{strings.Replace(get("/auth/verify", good, "Content-Length: 5"), "GET", "POST", 1) + "hello", 1},
		{get("/auth/verify", good, "Content-Length: 5") + "hello", 0},
		{get("/auth/verify"), 0},
		{get("/auth/verifyx", good), 0},
		{get("/healthz", good), 0},
		{get("/oauth2/introspect", good), 0},
		{get("/auth/verify", good) + get("/auth/verify", good), 0},
		{post("token=GOOD", form, "Content-Length: LENGTH"), 1},
		{post("token=GOOD&client_ip=192.0.2.1&token_type_hint=x", form, "Content-Length: LENGTH", "X-Forwarded-For: 192.0.2.1"), 1},
		{post("token=GOOD&client_ip=nonsense", form, "Content-Length: LENGTH"), 0},
		{post("token=GOOD&client_secret=x", form, "Content-Length: LENGTH"), 0},
		{post("token=GOOD&token=GOOD", form, "Content-Length: LENGTH"), 0},
		{post("token=unknown", form, "Content-Length: LENGTH"), 0},
		{post("token=GOOD", form, "Content-Length: LENGTH", "Content-Encoding: identity"), 0},
		{post("token=GOOD", form+"; charset=utf-8", "Content-Length: LENGTH"), 0},
		{post("token=GOOD", form, "Content-Length: LENGTH", "Authorization: Basic CLIENT"), 0},
		{strings.Replace(post("token=GOOD", form, "Content-Length: LENGTH"), "CLIENT", "QTpi", 1), 0},
		{strings.Replace(post("token=GOOD&client_id=ID&client_secret=SECRET", form, "Content-Length: LENGTH"), "Authorization: Basic CLIENT\r\n", "", 1), 1},
		{strings.Replace(post("token=GOOD", form, "Content-Length: LENGTH"), "POST", "GET", 1), 0},
	} {
		before := tw.shortcuts.Load()
		tw.compare(t, tw.measured(c.text), false)
		if took := tw.shortcuts.Load() - before; took != c.takes {
			t.Errorf("%q: %d shortcuts, want %d", c.text, took, c.takes)
		}
	}
}

// TestFast_TellsClientsOfTheirOwnOrganizationOnly introspects a token of another one.
func TestFast_TellsClientsOfTheirOwnOrganizationOnly(t *testing.T) {
	tw := newTwins(t)
	tw.must(tw.store.InTx(tw.ctx, actor.System(""), func(tx *store.Tx) error {
		return tx.InsertOrganization(tw.ctx, account.Organization{ID: "other", Name: "Other", Plan: access.PlanEnterprise, CreatedAt: tw.now()})
	}))
	_, theirs := tw.insert(token.Token{Kind: token.Organization, Organization: "other"})
	if got := tw.ask("GET", "/auth/verify", "", bearer(theirs)...); got.status != 200 {
		t.Fatal(got)
	}
	text := tw.measured(post("token="+theirs, form, "Content-Length: LENGTH"))
	tw.compare(t, text, false)
	if got := served(tw.say(t, tw.fast, tw.secrets.Replace(text))); !strings.HasSuffix(got[0], `{"active":false}`) || tw.shortcuts.Load() != 0 {
		t.Errorf("%q, %d shortcuts", got, tw.shortcuts.Load())
	}
}

// TestFast_TakesNoOtherSchemeForAnEmptySecret has a token whose secret is empty, which only an import can make.
func TestFast_TakesNoOtherSchemeForAnEmptySecret(t *testing.T) {
	tw := newTwins(t)
	tok := token.Token{ID: "empty", Organization: tw.org, Kind: token.Organization, Name: "Empty", Legacy: true, CreatedAt: tw.now()}
	tw.must(tw.store.InTx(tw.ctx, actor.System(""), func(tx *store.Tx) error { return tx.InsertToken(tw.ctx, tok, token.Digest(""), "") }))
	if got := tw.ask("GET", "/auth/verify", "", "Authorization", "Bearer"); got.status != 200 { // it is in memory now
		t.Fatal(got)
	}
	tw.compare(t, get("/auth/verify", "Authorization: Digest x"), false)
}

// TestFast_LeavesStrangersToTheHandler sends X-Forwarded-For from a peer that is not trusted, which is noted.
func TestFast_LeavesStrangersToTheHandler(t *testing.T) {
	tw := newTwins(t)
	tw.compare(t, get("/auth/verify", good, "X-Forwarded-For: 192.0.2.1"), false)
	tw.compare(t, tw.measured(post("token=GOOD", form, "Content-Length: LENGTH", "X-Forwarded-For: 192.0.2.1")), false)
	if n := tw.shortcuts.Load(); n != 0 {
		t.Errorf("%d shortcuts", n)
	}
}

// TestFast_RefusesWhatIsAmbiguous has the requests that net/http accepts and the fast server does not.
func TestFast_RefusesWhatIsAmbiguous(t *testing.T) {
	tw := newTwins(t)
	for name, text := range map[string]string{
		"LF alone":          strings.ReplaceAll(get("/auth/verify", good), "\r\n", "\n"),
		"the same twice":    get("/auth/verify", good, "Content-Length: 5", "Content-Length: 5") + "hello",
		"length of twice":   get("/auth/verify", good, "Content-Length: 5, 5") + "hello",
		"coding with 1.0":   "GET /auth/verify HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
		"preface of HTTP/2": "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
		"trailer": post("7\r\ntoken=x\r\n0\r\nAuthorization: Basic x\r\n\r\n", form, "Transfer-Encoding: chunked",
			"Trailer: Authorization"),
		"empty host":         "GET /auth/verify HTTP/1.1\r\nHost:\r\nAuthorization: Bearer GOOD\r\n\r\n",
		"no end of the last": strings.TrimSuffix(get("/auth/verify", good), "\r\n") + "\n",
	} {
		if answers := tw.say(t, tw.fast, tw.secrets.Replace(text)); len(served(answers)) > 0 {
			t.Errorf("%s: %v", name, answers)
		}
	}
}

// FuzzFast_AnswersNothingElse allows the fast server to refuse more, but not to answer differently, nor to see
// more requests.
func FuzzFast_AnswersNothingElse(f *testing.F) {
	tw := newTwins(f)
	for _, text := range requests() {
		if len(text) < 2000 {
			f.Add(text)
		}
	}
	f.Fuzz(func(t *testing.T, text string) {
		if strings.Trim(text[:min(len(text), 1)], "\r\n") == "" || strings.Contains(text, "\n\r\n\r\n") || strings.Contains(text, "\n\n") {
			t.Skip("fasthttp skips empty lines before a request, as RFC 9112 allows")
		}
		tw.compare(t, text, true)
	})
}

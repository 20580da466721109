package api_test

import (
	"bufio"
	"errors"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"latchkey/internal/access"
	"latchkey/internal/actor"
	"latchkey/internal/apiclient"
	"latchkey/internal/token"
	"latchkey/internal/verify"
)

func (w *world) ranges(text string) actor.Ranges {
	w.Helper()
	r, err := actor.ParseRanges(text)
	w.must(err)
	return r
}

// restricted stores a token that may be used from some addresses only.
func (w *world) restricted(ranges string) (token.Token, string) {
	w.Helper()
	return w.insert(token.Token{Kind: token.Workspace, Workspace: w.main, Addresses: w.ranges(ranges),
		Policy: access.Policy{"source:edit": access.Everywhere()}})
}

// Only a trusted proxy says where a request comes from, on every door and both listeners. The answer does not
// tell a token that is used elsewhere from one that does not exist.
func TestAddresses_AreThoseThatTrustedProxiesSay(t *testing.T) {
	for name, c := range map[string]struct {
		proxies   []option
		forwarded []string
		want      int
	}{
		"the proxy says so":                       {[]option{trust("127.0.0.0/8")}, []string{"192.0.2.9"}, 200},
		"in another form":                         {[]option{trust("127.0.0.0/8")}, []string{"[::ffff:192.0.2.9]:80"}, 200},
		"behind what the client made up":          {[]option{trust("127.0.0.0/8")}, []string{"203.0.113.9, 192.0.2.9"}, 200},
		"the client says so, through the proxy":   {[]option{trust("127.0.0.0/8")}, []string{"192.0.2.9, 203.0.113.9"}, 401},
		"the client says so on a line of its own": {[]option{trust("127.0.0.0/8")}, []string{"192.0.2.9", "203.0.113.9"}, 401},
		"elsewhere":                  {[]option{trust("127.0.0.0/8")}, []string{"203.0.113.9"}, 401},
		"no header":                  {[]option{trust("127.0.0.0/8")}, nil, 401},
		"nothing that is an address": {[]option{trust("127.0.0.0/8")}, []string{"192.0.2.9, unknown"}, 401},
		"with a zone":                {[]option{trust("127.0.0.0/8")}, []string{"fe80::1%192.0.2.9"}, 401},
		"a stranger says so":         {nil, []string{"192.0.2.9"}, 401},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, c.proxies...)
			w.listenOnSocket()
			_, secret := w.restricted("192.0.2.0/24")
			headers := bearer(secret)
			for _, line := range c.forwarded {
				headers = append(headers, "X-Forwarded-For", line, "X-Real-IP", "192.0.2.9", "Forwarded", "for=192.0.2.9")
			}
			unknown := w.ask("GET", "/v2/token", "", bearer(w.badSecrets()["unknown"])...)
			for _, path := range []string{"/auth/verify", "/v2/token"} {
				got := w.ask("GET", path, "", headers...)
				if got.status != c.want || c.want == 401 && got.body != unknown.body {
					t.Errorf("%s: %d %s", path, got.status, got.body)
				}
			}
			if got := w.askSocket("GET", "/auth/verify", "", headers...); got.status != c.want { // a socket's client counts as 127.0.0.1
				t.Errorf("through the socket: %d", got.status)
			}
		})
	}
}

// askSocket is like ask, but asks the fast server, in parts and at once, and wants the same answer.
func (w *world) askSocket(method, path, body string, headers ...string) (got answer) {
	w.Helper()
	head := method + " " + path + " HTTP/1.1\r\nHost: a\r\n"
	if body != "" {
		headers = append(headers, "Content-Type", "application/x-www-form-urlencoded", "Content-Length", strconv.Itoa(len(body)))
	}
	for i := 0; i < len(headers); i += 2 {
		head += headers[i] + ": " + headers[i+1] + "\r\n"
	}
	whole := head + "\r\n" + body
	for i, parts := range [][]string{strings.SplitAfter(whole, "\n"), {whole}} {
		conn, err := net.Dial("unix", w.socket)
		w.must(err)
		for _, part := range parts {
			_, err = io.WriteString(conn, part)
			w.must(err)
		}
		resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
		w.must(err)
		text, err := io.ReadAll(resp.Body)
		w.must(errors.Join(err, resp.Body.Close(), conn.Close()))
		now := answer{resp.StatusCode, resp.Header, string(text)}
		if i > 0 && (now.status != got.status || now.body != got.body) {
			w.Errorf("%q: %d %s in parts, %d %s at once", whole, got.status, got.body, now.status, now.body)
		}
		got = now
	}
	return got
}

// A refusal is reported with the address that was used.
func TestAddresses_ARefusalIsReported(t *testing.T) {
	w := newWorld(t, trust("127.0.0.0/8"))
	tok, secret := w.restricted("192.0.2.0/24")
	c := w.client()
	as := basicAuth(c.ID, c.Secret.Reveal())
	w.ask("GET", "/auth/verify", "", append(bearer(secret), "X-Forwarded-For", "203.0.113.9")...)
	w.ask("GET", "/v2/token", "", append(bearer(secret), "X-Forwarded-For", "::ffff:203.0.113.10")...)
	w.ask("POST", "/oauth2/introspect", "token="+secret+"&client_ip=2001:db8::1", as...)
	w.ask("POST", "/oauth2/introspect", "token="+secret, as...)
	var from []string
	for _, r := range w.refused {
		if r.Refusal != verify.Elsewhere || r.Token.ID != tok.ID {
			t.Errorf("reported %+v", r)
		}
		from = append(from, r.From)
	}
	if got := strings.Join(from, " "); got != "203.0.113.9 203.0.113.10 2001:db8::1 " {
		t.Errorf("reported from %q", got)
	}
}

func TestIntrospect_ChecksTheAddressThatItIsTold(t *testing.T) {
	w := newWorld(t)
	w.listenOnSocket()
	plain := w.client()
	self, err := w.clients.Register(w.ctx, w.admin.Caller(), apiclient.NewClient{Name: "self", ChecksAddresses: true})
	w.must(err)
	_, restricted := w.restricted("192.0.2.0/24 2001:db8::/32")
	_, free := w.service(nil)
	const inactive, told = `{"active":false}`, `"allowed_ips":["192.0.2.0/24","2001:db8::/32"]`
	for _, c := range []struct {
		by      apiclient.Registered
		secret  string
		address string // as a further parameter
		want    string // part of the answer
		status  int
	}{
		{plain, restricted, "", inactive, 200},
		{plain, restricted, "&client_ip=", inactive, 200},
		{plain, restricted, "&client_ip=192.0.2.9", `"active":true`, 200},
		{plain, restricted, "&client_ip=%3A%3Affff%3A192.0.2.9", `"active":true`, 200},
		{plain, restricted, "&client_ip=2001:db8::1", `"active":true`, 200},
		{plain, restricted, "&client_ip=192.0.3.9", inactive, 200},
		{plain, free, "", `"active":true`, 200},
		{plain, free, "&client_ip=192.0.3.9", `"active":true`, 200},
		{self, restricted, "", told, 200},
		{self, restricted, "&client_ip=192.0.2.9", told, 200},
		{self, restricted, "&client_ip=192.0.3.9", inactive, 200},
		{self, free, "", `"active":true`, 200},
		{plain, restricted, "&client_ip=nonsense", "invalid_request", 400},
		{plain, free, "&client_ip=nonsense", "invalid_request", 400},
		{plain, "unknown", "&client_ip=nonsense", "invalid_request", 400},
		{self, restricted, "&client_ip=fe80::1%25eth0", "invalid_request", 400},
		{self, restricted, "&client_ip=192.0.2.9:80", "invalid_request", 400},
		{self, restricted, "&client_ip=192.0.2.0/24", "invalid_request", 400},
		{self, restricted, "&client_ip=%zz", "invalid_request", 400},
		{plain, restricted, "&client_ip=192.0.3.9&client_ip=192.0.2.9", "repeats the parameter client_ip", 400},
	} {
		form, as := "token="+c.secret+c.address, basicAuth(c.by.ID, c.by.Secret.Reveal())
		got, by := w.ask("POST", "/oauth2/introspect", form, as...), w.shortcuts.Load()
		fast := w.askSocket("POST", "/oauth2/introspect", form, as...)
		if fast.status != got.status || fast.body != got.body {
			t.Errorf("through the socket: %d %s, want %d %s", fast.status, fast.body, got.status, got.body)
		}
		if short := w.shortcuts.Load() > by; short != (c.by.ID == plain.ID && got.status == 200 && got.body != inactive) {
			t.Errorf("%s of %s %s: shortcut %v", c.by.Name, c.secret[:6], c.address, short)
		}
		if got.status != c.status || !strings.Contains(got.body, c.want) ||
			strings.Contains(got.body, "allowed_ips") != strings.Contains(c.want, "allowed_ips") {
			t.Errorf("%s of %s %s: %d %s", c.by.Name, c.secret[:6], c.address, got.status, got.body)
		}
	}
	w.must(w.tokens.SetAllowedAddresses(w.ctx, w.admin.Caller(), "192.0.2.7 10.0.0.0/8"))
	for form, want := range map[string]string{
		"token=" + restricted: `"allowed_ips":["192.0.2.7/32"]`,
		"token=" + free:       `"allowed_ips":["10.0.0.0/8","192.0.2.7/32"]`,
	} {
		if got := w.ask("POST", "/oauth2/introspect", form, basicAuth(self.ID, self.Secret.Reveal())...); !strings.Contains(got.body, want) {
			t.Errorf("with ranges of the organization: %s, want %s", got.body, want)
		}
	}
	w.must(w.tokens.SetAllowedAddresses(w.ctx, w.admin.Caller(), "10.0.0.0/8"))
	if got := w.ask("POST", "/oauth2/introspect", "token="+restricted, basicAuth(self.ID, self.Secret.Reveal())...); got.body != inactive {
		t.Errorf("no address is allowed: %s", got.body)
	}
}

// Anybody who finds a token can have it revoked, wherever they are.
func TestRevoke_AnAPIClientMayRevokeARestrictedToken(t *testing.T) {
	w := newWorld(t)
	c := w.client()
	_, secret := w.restricted("192.0.2.0/24")
	if got := w.ask("POST", "/oauth2/revoke", "token="+secret, bearer(secret)...); got.status != 401 {
		t.Errorf("the token itself, from elsewhere: %d", got.status)
	}
	w.ask("POST", "/oauth2/revoke", "token="+secret, basicAuth(c.ID, c.Secret.Reveal())...)
	if _, err := w.verify.VerifyAnywhere(w.ctx, secret); err == nil {
		t.Error("the token still works")
	}
}

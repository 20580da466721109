package web_test

import (
	"context"
	"crypto/rand"
	"errors"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"testing"

	"latchkey/internal/config"
	"latchkey/internal/demo"
	"latchkey/internal/store/storetest"
)

// entrance is a request through one front door that leaves an event with the client's address.
type entrance struct {
	name string
	make func(r *rig) sent
}

// entrances returns a request for each door that records addresses.
func entrances() []entrance {
	return []entrance{
		{"the API", func(r *rig) sent {
			return sent{by: r.browser(r.t), secret: r.revokedToken(r.t), method: http.MethodGet, path: "/v2/token"}
		}},
		{"forward-auth", func(r *rig) sent {
			return sent{by: r.browser(r.t), secret: r.revokedToken(r.t), method: http.MethodGet, path: "/auth/verify"}
		}},
		{"SCIM, refused", func(r *rig) sent {
			return sent{by: r.browser(r.t), secret: r.revokedToken(r.t), method: http.MethodGet, path: "/scim/v2/Users"}
		}},
		{"SCIM", func(r *rig) sent {
			return r.provide(http.MethodPost, "/Users", `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"`+
				strings.ToLower(rand.Text())+`@acme.example","displayName":"Nora"}`)
		}},
		{"a failed sign-in", func(r *rig) sent {
			return r.browser(r.t).form("/sign-in", "email", strings.ToLower(rand.Text())+"@acme.example", "password", "not the password")
		}},
		{"a sign-in", func(r *rig) sent {
			return r.browser(r.t).form("/sign-in", "email", viewerEmail, "password", demo.Password)
		}},
		{"an invitation", func(r *rig) sent {
			return r.browser(r.t).form("/accept-invitation", "secret", r.invited("emails",
				strings.ToLower(rand.Text())+"@acme.example", "role", "member", "workspaces", firstWorkspace(r.t, r.site)), "name", "Nora", "password", "a long enough password")
		}},
	}
}

// TestClientAddress_IsTheSameThroughEveryDoor sends what proxies write through every door of one
// server, and looks for the client's address in the events and in the access log.
func TestClientAddress_IsTheSameThroughEveryDoor(t *testing.T) {
	site := newSiteOn(t, config.Config{Data: filepath.Dir(storetest.Empty(t)), TrustedProxies: []string{"127.0.0.1", "10.0.0.0/24"}})
	r := newRigOn(t, site)
	for _, c := range []struct {
		name, want string
		lines      []string
	}{
		{"no header", "127.0.0.1", nil},
		{"Azure Application Gateway", "203.0.113.9", []string{"203.0.113.9:4711"}},
		{"brackets and a port", "2001:db8::7", []string{"[2001:db8::7]:4711"}},
		{"a zone", "fe80::1", []string{"fe80::1%eth0"}},
		{"a zone in brackets", "fe80::1", []string{"[fe80::1%eth0]:4711"}},
		{"IPv4 in IPv6", "203.0.113.9", []string{"::ffff:203.0.113.9"}},
		{"several lines", "203.0.113.9", []string{"198.51.100.1", "203.0.113.9:4711", "10.0.0.2"}},
		{"empty items", "203.0.113.9", []string{"203.0.113.9, ,10.0.0.2,", ""}},
		{"10 kB of commas", "127.0.0.1", []string{strings.Repeat(",", 10_000)}},
		{"10 kB of commas after an address", "127.0.0.1", []string{"203.0.113.9" + strings.Repeat(",", 10_000)}},
		{"10 kB of commas before an address", "203.0.113.9", []string{strings.Repeat(",", 10_000) + "203.0.113.9"}},
	} {
		for _, e := range entrances() {
			t.Run(c.name+"/"+e.name, func(t *testing.T) {
				r.t, r.admin.t = t, t
				r.from = nil
				request := e.make(r)
				r.flush()
				head, logged := r.head(), len(site.logs.String())
				r.from = c.lines
				got := r.send(request)
				r.flush()
				events := r.eventsAfter(head)
				if len(events) == 0 {
					t.Fatalf("no event: %d %.300s", got.status, got.body)
				}
				for _, event := range events {
					if event.Origin.IP != c.want {
						t.Errorf("%s is recorded from %q, want %q", event.Action, event.Origin.IP, c.want)
					}
				}
				if line := site.logs.String()[logged:]; request.path != "/auth/verify" && !strings.Contains(line, " ip="+c.want+" ") {
					t.Errorf("the access log has another address than %s: %s", c.want, line)
				}
			})
		}
	}
}

// flush writes the events that are gathered in memory: of refused tokens, and of failed sign-ins
// beyond ten a second.
func (r *rig) flush() {
	r.t.Helper()
	r.must(errors.Join(r.app.Audit.Flush(context.Background()), r.app.SignIn.Flush(context.Background())))
}

// TestClientAddress_FailuresBehindOneProxyLockOutOneClient is the reason for it: an attacker
// behind a proxy that writes ports must not lock out everybody else behind it.
func TestClientAddress_FailuresBehindOneProxyLockOutOneClient(t *testing.T) {
	site := newSiteOn(t, config.Config{Data: filepath.Dir(storetest.Empty(t)), TrustedProxies: []string{"127.0.0.1"}})
	from := func(addr, email, password string) int {
		b := site.browser(t)
		r, err := http.NewRequest(http.MethodPost, site.URL+"/sign-in", strings.NewReader(url.Values{"email": {email}, "password": {password}}.Encode()))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", formKind)
		r.Header.Set("X-Forwarded-For", addr)
		return b.do(r).status
	}
	for range 30 {
		from("203.0.113.9:4711", strings.ToLower(rand.Text())+"@acme.example", "wrong")
	}
	if got := from("203.0.113.9:4712", adminEmail, demo.Password); got != http.StatusTooManyRequests {
		t.Errorf("the attacker's address from another port: %d, want 429", got)
	}
	if got := from("203.0.113.10:4711", adminEmail, demo.Password); got != http.StatusSeeOther {
		t.Errorf("another client behind the proxy: %d, want 303", got)
	}
}

// TestHome_WarnsAdminsOfAProxyThatIsNotNamed holds that nobody is locked out in silence: behind a
// proxy that --trusted-proxies does not name, one client's failures block all.
func TestHome_WarnsAdminsOfAProxyThatIsNotNamed(t *testing.T) {
	const warning = "Latchkey may not see the addresses of your users"
	for _, c := range []struct {
		name    string
		trusted []string
		lines   []string
		want    bool
	}{
		{"a proxy that is not named", nil, []string{"203.0.113.9"}, true},
		{"another one is named", []string{"10.0.0.1"}, []string{"203.0.113.9"}, true},
		{"a proxy that is named", []string{"127.0.0.1"}, []string{"203.0.113.9"}, false},
		{"no proxy", nil, nil, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRigOn(t, newSiteOn(t, config.Config{Data: filepath.Dir(storetest.Empty(t)), TrustedProxies: c.trusted}))
			r.from = c.lines
			for range 3 {
				r.send(sent{by: r.browser(t), secret: r.workspace, method: http.MethodGet, path: "/auth/verify"})
			}
			home := r.admin.get("/").body
			if got := strings.Contains(home, warning) && strings.Contains(home, "sent by 127.0.0.1 and ignored"); got != c.want {
				t.Errorf("an Admin is warned: %t, want %t", got, c.want)
			}
			if strings.Contains(r.signedIn(t, viewerEmail).get("/").body, warning) {
				t.Error("a member is warned")
			}
			if got := strings.Count(r.logs.String(), "X-Forwarded-For is ignored"); got == 1 != c.want {
				t.Errorf("%d warnings in the log", got)
			}
		})
	}
}

package oidc_test

import (
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"latchkey/internal/fault"
	"latchkey/internal/identity"
	"latchkey/internal/outbound"
	"latchkey/internal/signin/oidc"
	"latchkey/internal/signin/oidc/oidctest"
)

// rig is a client, a provider and a request.
type rig struct {
	*oidctest.Provider
	t      *testing.T
	client *oidc.Client
	now    time.Time
	conn   identity.Connection
	asked  identity.Challenge
}

func newRig(t *testing.T) *rig {
	r := &rig{t: t, now: time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)}
	clock := func() time.Time { return r.now }
	r.Provider = oidctest.Start(t, clock)
	r.client = oidc.New(loopback(), clock)
	r.conn = identity.Connection{Issuer: r.URL, ClientID: oidctest.ClientID, Secret: oidctest.Secret,
		Redirect:    "https://latchkey.example/callback",
		GroupsClaim: "groups"}
	r.asked = identity.Challenge{State: "state", Nonce: "nonce", Verifier: strings.Repeat("v", 43)}
	return r
}

// loopback returns an HTTP client that reaches the test's servers.
func loopback() *http.Client {
	return outbound.New([]netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, nil).HTTP(oidc.Timeout, oidc.MostAnswer)
}

// answer goes to the provider and comes back.
func (r *rig) answer() identity.Answer {
	r.t.Helper()
	address, err := r.client.Begin(r.t.Context(), r.conn, r.asked)
	if err != nil {
		r.t.Fatal(err)
	}
	u, err := url.Parse(address)
	if err != nil {
		r.t.Fatal(err)
	}
	back, err := url.Parse(r.Back(u.Query()))
	if err != nil {
		r.t.Fatal(err)
	}
	q := back.Query()
	return identity.Answer{State: q.Get("state"), Code: q.Get("code"), Issuer: q.Get("iss")}
}

func TestFinish_ReadsWhatTheProviderSays(t *testing.T) {
	r := newRig(t)
	r.Claims = map[string]any{"email": "ada@acme.example", "email_verified": true, "name": "Ada", "groups": []string{"eng"}, "sid": "s-1",
		"auth_time": r.now.Add(-time.Minute).Unix()}
	proof, err := r.client.Finish(t.Context(), r.conn, r.asked, r.answer())
	if err != nil {
		t.Fatal(err)
	}
	c := proof.Claims
	if c.Issuer != r.URL || c.Subject != "subject" || c.Email != "ada@acme.example" || !c.Verified || c.Name != "Ada" || len(c.Groups) != 1 ||
		!c.HasGroups || c.Session != "s-1" || !c.At.Equal(r.now.Add(-time.Minute)) || proof.Token == "" {
		t.Errorf("%+v", c)
	}
	for _, check := range proof.Checks {
		if check.State != identity.Passed {
			t.Errorf("%+v", check)
		}
	}
}

func TestFinish_TakesWhatTheTokenLacksFromTheUserInfo(t *testing.T) {
	r := newRig(t)
	r.Claims = map[string]any{"name": "Signed"}
	r.Info = map[string]any{"sub": "subject", "email": "ada@acme.example", "email_verified": "true", "groups": []string{}, "name": "Unsigned"}
	proof, err := r.client.Finish(t.Context(), r.conn, r.asked, r.answer())
	if c := proof.Claims; err != nil || c.Email != "ada@acme.example" || !c.Verified || !c.HasGroups || len(c.Groups) != 0 ||
		c.Name != "Signed" {
		t.Errorf("%+v %v", c, err)
	}
}

// A provider says that an address is verified, that it is not, or nothing.
func TestFinish_TellsUnverifiedFromSilent(t *testing.T) {
	for _, c := range []struct {
		said         any
		is, explicit bool
	}{{true, true, false}, {"true", true, false}, {false, false, true}, {"false", false, true}, {nil, false, false}, {"maybe", false, false}} {
		r := newRig(t)
		r.Claims = map[string]any{"email": "ada@acme.example", "email_verified": c.said}
		proof, err := r.client.Finish(t.Context(), r.conn, r.asked, r.answer())
		if got := proof.Claims; err != nil || got.Verified != c.is || got.Unverified != c.explicit {
			t.Errorf("%v: %+v, %v", c.said, got, err)
		}
	}
}

// The token names one address, and the user info says of another one that it is verified.
func TestFinish_TakesNoWordAboutAnotherAddress(t *testing.T) {
	for address, want := range map[string]bool{"ada@acme.example": true, "eve@evil.example": false} {
		r := newRig(t)
		r.Claims = map[string]any{"email": "ada@acme.example"}
		r.Info = map[string]any{"sub": "subject", "email": address, "email_verified": true, "groups": []string{"eng"}}
		proof, err := r.client.Finish(t.Context(), r.conn, r.asked, r.answer())
		if c := proof.Claims; err != nil || c.Email != "ada@acme.example" || c.Verified != want || !c.HasGroups {
			t.Errorf("%s: %+v %v", address, c, err)
		}
	}
}

// Every line is an attack, or a mistake of the provider. Each is refused by the check that it names.
func TestFinish_RefusesHostileProviders(t *testing.T) {
	for name, c := range map[string]struct {
		change func(r *rig)
		answer func(r *rig, a *identity.Answer)
		check  string
	}{
		"alg none": {change: func(r *rig) { r.Raw = oidctest.Unsigned }, check: identity.CheckSignature},
		"HS256 with the public key": {change: func(r *rig) {
			der, err := x509.MarshalPKIXPublicKey(r.Key.Public())
			if err != nil {
				r.t.Fatal(err)
			}
			key := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
			r.Document = func(d map[string]any) {
				d["id_token_signing_alg_values_supported"] = []string{"ES256", "HS256", "none"}
			}
			r.Raw = func(claims map[string]any) string { return oidctest.SignWithSecret(key, claims) }
		}, check: identity.CheckSignature},
		"HS256 with the client secret": {change: func(r *rig) {
			r.Document = func(d map[string]any) { d["id_token_signing_alg_values_supported"] = []string{"HS256"} }
			r.Raw = func(claims map[string]any) string {
				return oidctest.SignWithSecret([]byte(oidctest.Secret+strings.Repeat(" ", 32)), claims)
			}
		}, check: identity.CheckSignature},
		"key of another provider": {change: func(r *rig) {
			other := oidctest.NewKey(r.t)
			r.Raw = func(claims map[string]any) string { return oidctest.Sign(other, claims) }
		}, check: identity.CheckSignature},
		"changed after signing": {change: func(r *rig) {
			key := r.Key
			r.Raw = func(claims map[string]any) string {
				parts := strings.Split(oidctest.Sign(key, claims), ".")
				claims["email"] = "ada@acme.example"
				return parts[0] + "." + strings.Split(oidctest.Unsigned(claims), ".")[1] + "." + parts[2]
			}
		}, check: identity.CheckSignature},
		"no token":            {change: func(r *rig) { r.Raw = func(map[string]any) string { return "" } }, check: identity.CheckCode},
		"other issuer":        {change: claim("iss", "https://evil.example"), check: identity.CheckIssuer},
		"issuer with a slash": {change: func(r *rig) { r.Claims = map[string]any{"iss": r.URL + "/"} }, check: identity.CheckIssuer},
		"wrong audience":      {change: claim("aud", "another-client"), check: identity.CheckAudience},
		"no audience":         {change: claim("aud", nil), check: identity.CheckAudience},
		"several audiences":   {change: claim("aud", []string{oidctest.ClientID, "another"}), check: identity.CheckNonce},
		"made for another":    {change: claim("azp", "another-client"), check: identity.CheckNonce},
		"expired": {change: func(r *rig) { r.Claims = map[string]any{"exp": r.now.Add(-time.Second).Unix()} },
			check: identity.CheckTime},
		"without end": {change: claim("exp", nil), check: identity.CheckTime},
		"issued in the future": {change: func(r *rig) { r.Claims = map[string]any{"iat": r.now.Add(10 * time.Minute).Unix()} },
			check: identity.CheckTime},
		"not valid yet": {change: func(r *rig) { r.Claims = map[string]any{"nbf": r.now.Add(10 * time.Minute).Unix()} },
			check: identity.CheckTime},
		"wrong nonce":          {change: claim("nonce", "another"), check: identity.CheckNonce},
		"no nonce":             {change: claim("nonce", nil), check: identity.CheckNonce},
		"no subject":           {change: claim("sub", nil), check: identity.CheckClaims},
		"subject too long":     {change: claim("sub", strings.Repeat("s", 300)), check: identity.CheckClaims},
		"1 MB token":           {change: claim("name", strings.Repeat("n", 1<<20)), check: identity.CheckCode},
		"5,000 groups":         {change: claim("groups", strings.Split(strings.Repeat("g,", 5000), ",")), check: identity.CheckGroups},
		"groups that are none": {change: claim("groups", map[string]any{"a": 1}), check: identity.CheckGroups},
		"user info of another": {change: func(r *rig) {
			r.Info = map[string]any{"sub": "somebody else",
				"email": "ada@acme.example"}
		}, check: identity.CheckClaims},
		"user info without sub": {change: func(r *rig) { r.Info = map[string]any{"email": "ada@acme.example"} }, check: identity.CheckClaims},
		"code injection": {answer: func(r *rig, a *identity.Answer) { // a code that another request got
			asked := r.asked
			r.asked = identity.Challenge{State: "other", Nonce: "other", Verifier: strings.Repeat("w", 43)}
			a.Code = r.answer().Code
			r.asked = asked
		}, check: identity.CheckCode},
		"invented code":           {answer: func(_ *rig, a *identity.Answer) { a.Code = "guess" }, check: identity.CheckCode},
		"no code":                 {answer: func(_ *rig, a *identity.Answer) { a.Code = "" }, check: identity.CheckAnswer},
		"refused by the provider": {answer: func(_ *rig, a *identity.Answer) { a.Error = "access_denied" }, check: identity.CheckAnswer},
		"mix-up":                  {answer: func(_ *rig, a *identity.Answer) { a.Issuer = "https://evil.example" }, check: identity.CheckOrigin},
		"issuer left out":         {answer: func(_ *rig, a *identity.Answer) { a.Issuer = "" }, check: identity.CheckOrigin},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			if c.change != nil {
				c.change(r)
			}
			a := r.answer()
			if c.answer != nil {
				c.answer(r, &a)
			}
			proof, err := r.client.Finish(t.Context(), r.conn, r.asked, a)
			var failure *identity.Failure
			if !errors.As(err, &failure) || failure.Check != c.check || failure.Reason == "" {
				t.Fatalf("%v: %+v", err, proof.Checks)
			}
			if last := proof.Checks[len(proof.Checks)-1]; last.State != identity.Failed || last.Name != c.check || len(last.Detail) > 1200 {
				t.Errorf("%+v", last)
			}
		})
	}
}

// claim returns a change of one claim.
func claim(name string, value any) func(*rig) {
	return func(r *rig) { r.Claims = map[string]any{name: value} }
}

// A new key is found, and tokens with unknown keys cannot make the server ask again and again.
func TestFinish_FollowsNewKeys(t *testing.T) {
	r := newRig(t)
	finish := func() error {
		_, err := r.client.Finish(t.Context(), r.conn, r.asked, r.answer())
		return err
	}
	if err := finish(); err != nil {
		t.Fatal(err)
	}
	r.Key = oidctest.NewKey(t)
	r.now = r.now.Add(time.Minute)
	if err := finish(); err != nil {
		t.Error("a new key:", err)
	}
	before, stranger := r.KeyReads, oidctest.NewKey(t)
	for range 5 {
		if _, err := r.client.Logout(t.Context(), r.conn, oidctest.Sign(stranger, r.With(nil))); err == nil {
			t.Error("a token of an unknown key is accepted")
		}
	}
	if r.KeyReads > before+1 {
		t.Errorf("the keys were read %d times", r.KeyReads-before)
	}
}

// Keys are read where the configuration says and nowhere else, however long the provider takes.
func TestFinish_FollowsNoRedirectToKeys(t *testing.T) {
	r := newRig(t)
	followed := false
	r.Hook = func(w http.ResponseWriter, q *http.Request) bool {
		switch q.URL.Path {
		case "/keys":
			r.now = r.now.Add(time.Minute)
			http.Redirect(w, q, "/elsewhere", http.StatusFound)
		case "/elsewhere":
			followed = true
		default:
			return false
		}
		return true
	}
	if _, err := r.client.Finish(t.Context(), r.conn, r.asked, r.answer()); err == nil || followed {
		t.Errorf("followed: %v, %v", followed, err)
	}
}

func TestDiscover_SaysWhatIsWrong(t *testing.T) {
	hang := make(chan struct{})
	t.Cleanup(func() { close(hang) })
	for name, c := range map[string]struct {
		change func(r *rig)
		says   string
	}{
		"calls itself otherwise": {func(r *rig) { r.Document = func(d map[string]any) { d["issuer"] = "https://other.example" } },
			"https://other.example"},
		"redirects": {func(r *rig) {
			r.Hook = func(w http.ResponseWriter, q *http.Request) bool {
				http.Redirect(w, q, "/elsewhere", http.StatusFound)
				return true
			}
		}, "302"},
		"is not there": {func(r *rig) {
			r.Hook = func(w http.ResponseWriter, _ *http.Request) bool {
				http.Error(w, "<html><p>Nothing is here.", http.StatusNotFound)
				return true
			}
		}, "cannot be read: its address answers 404 Not Found"},
		"is too large": {func(r *rig) {
			r.Document = func(d map[string]any) { d["filler"] = strings.Repeat("x", oidc.MostAnswer) }
		}, "too large"},
		"has no keys": {func(r *rig) { r.Document = func(d map[string]any) { delete(d, "jwks_uri") } }, "jwks_uri"},
		"has odd address": {func(r *rig) {
			r.Document = func(d map[string]any) { d["authorization_endpoint"] = "javascript:alert(1)" }
		}, "authorization_endpoint"},
		"knows no PKCE": {func(r *rig) {
			r.Document = func(d map[string]any) { d["code_challenge_methods_supported"] = []string{"plain"} }
		}, "S256"},
		"is private": {func(r *rig) {
			r.client = oidc.New(outbound.NewFor("--provider-allow", nil, nil).HTTP(oidc.Timeout, 1000), time.Now)
		}, "--provider-allow"},
		"is no JSON": {func(r *rig) {
			r.Hook = func(w http.ResponseWriter, _ *http.Request) bool { fmt.Fprint(w, "<html>"); return true }
		}, "configuration"},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			c.change(r)
			if err := r.client.Discover(t.Context(), r.conn.Issuer); err == nil || !strings.Contains(err.Error(), c.says) ||
				!strings.HasSuffix(err.Error(), ".") {
				t.Error(err)
			}
		})
	}
}

// A provider that never answers holds up no other, and its own steps only so many.
func TestBegin_ASlowProviderHoldsNothingUp(t *testing.T) {
	slow, fine := newRig(t), newRig(t)
	slow.client = fine.client
	hang := make(chan struct{})
	slow.Hook = func(http.ResponseWriter, *http.Request) bool { <-hang; return true }
	var waiting sync.WaitGroup
	for range 32 {
		waiting.Go(func() { _, _ = slow.client.Begin(t.Context(), slow.conn, slow.asked) })
	}
	time.Sleep(100 * time.Millisecond)
	if _, err := fine.client.Begin(t.Context(), fine.conn, fine.asked); err != nil {
		t.Error(err)
	}
	began := time.Now()
	if _, err := slow.client.Begin(t.Context(), slow.conn, slow.asked); !fault.Is(err, fault.Unavailable) ||
		time.Since(began) > 4*time.Second {
		t.Errorf("%v after %v", err, time.Since(began))
	}
	close(hang)
	waiting.Wait()
}

func TestLogout_TakesLogoutTokensOnly(t *testing.T) {
	event := map[string]any{"http://schemas.openid.net/event/backchannel-logout": map[string]any{}}
	good := map[string]any{"events": event, "jti": "j-1", "sid": "s-1"}
	for name, c := range map[string]struct {
		change map[string]any
		fine   bool
	}{
		"logout token": {nil, true}, "without subject": {map[string]any{"sub": nil}, true}, "without session": {map[string]any{"sid": nil}, true},
		"ID token": {map[string]any{"events": nil}, false}, "with a nonce": {map[string]any{"nonce": "n"}, false},
		"about nobody": {map[string]any{"sub": nil, "sid": nil}, false}, "without id": {map[string]any{"jti": nil}, false},
		"of an hour ago": {map[string]any{"iat": time.Date(2026, 11, 29, 11, 0, 0, 0, time.UTC).Unix()}, false},
		"other audience": {map[string]any{"aud": "another"}, false}, "other issuer": {map[string]any{"iss": "https://evil.example"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			claims := r.With(good)
			for key, value := range c.change {
				if claims[key] = value; value == nil {
					delete(claims, key)
				}
			}
			out, err := r.client.Logout(t.Context(), r.conn, oidctest.Sign(r.Key, claims))
			if (err == nil) != c.fine || c.fine && (out.ID != "j-1" || out.Subject == "" && out.Session == "") {
				t.Errorf("%+v %v", out, err)
			}
		})
	}
	r := newRig(t)
	for typ, fine := range map[string]bool{"logout+jwt": true, "JWT": true, "application/logout+jwt": true, "at+jwt": false,
		"secevent+jwt": false} {
		if _, err := r.client.Logout(t.Context(), r.conn, oidctest.SignAs(typ, r.Key, r.With(good))); (err == nil) != fine {
			t.Errorf("of type %s: %v", typ, err)
		}
	}
	if _, err := r.client.Logout(t.Context(), r.conn, oidctest.Unsigned(r.With(good))); err == nil {
		t.Error("an unsigned logout token is accepted")
	}
	// Anybody can send a token; what is wrong with it goes into the audit log.
	header := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"` + strings.Repeat("x", 30_000) + `"}`))
	long := header + "." + strings.Split(oidctest.Unsigned(r.With(good)), ".")[1] + ".AAAA"
	if _, err := r.client.Logout(t.Context(), r.conn, long); err == nil || len(err.Error()) > 1200 {
		t.Errorf("%.200v", err)
	}
}

// A provider that cannot be asked says nothing about a token: it may be sent again.
func TestLogout_IsNotRefusedWhileTheProviderIsUnreachable(t *testing.T) {
	r := newRig(t)
	down := ""
	r.Hook = func(w http.ResponseWriter, q *http.Request) bool {
		if q.URL.Path == down {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
		return q.URL.Path == down
	}
	logout := func() error {
		token := oidctest.Sign(r.Key, r.With(map[string]any{"jti": "j-1",
			"events": map[string]any{"http://schemas.openid.net/event/backchannel-logout": map[string]any{}}}))
		_, err := r.client.Logout(t.Context(), r.conn, token)
		return err
	}
	for _, down = range []string{"/.well-known/openid-configuration", "/keys", "/keys"} { // at last within the pace
		if err := logout(); !fault.Is(err, fault.Unavailable) {
			t.Errorf("without %s: %v", down, err)
		}
	}
	down, r.now = "", r.now.Add(time.Minute)
	err := errors.New("not asked")
	for range 100 { // the key set may still hand out the failure that it has just got
		if err = logout(); err == nil {
			break
		}
		time.Sleep(time.Millisecond)
	}
	if err != nil {
		t.Error(err)
	}
	r.Key = oidctest.NewKey(t) // nobody can say yet that the provider does not have it
	if err := logout(); err == nil || fault.Is(err, fault.Unavailable) {
		t.Errorf("an unknown key within the pace: %v", err)
	}
}

func TestEndSession_LeadsBack(t *testing.T) {
	r := newRig(t)
	address, err := r.client.EndSession(t.Context(), r.conn, "raw", "https://latchkey.example/sign-in")
	if err != nil || !strings.HasPrefix(address, r.URL+"/end?") || !strings.Contains(address, "id_token_hint=raw") {
		t.Error(address, err)
	}
}

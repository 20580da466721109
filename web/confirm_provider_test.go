package web_test

import (
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"latchkey/internal/app"
	"latchkey/internal/audit"
	"latchkey/internal/signin/saml/samltest"
	"latchkey/internal/store/storetest"
)

// wayTo returns the address at which the page of a question leads to a provider.
func wayTo(t *testing.T, page answer, provider string) string {
	t.Helper()
	m := regexp.MustCompile(`href="([^"]*/confirm/provider/` + provider + `[^"]*)"`).FindStringSubmatch(page.body)
	if m == nil {
		t.Fatalf("the page leads to no provider: %s", page.body)
	}
	return html.UnescapeString(m[1])
}

// TestConfirm_ByOpenIDConnect asks an Admin again who signed in with a provider: the form waits, and is sent once.
func TestConfirm_ByOpenIDConnect(t *testing.T) {
	t.Parallel()
	clock := storetest.NewClock(time.Now())
	s := newSite(t, func(o *app.Options) { o.Now = clock.Now })
	r := newRigOn(t, s)
	l := s.newLogin(t, s.caller(t, adminEmail))
	b := s.browser(t)
	says := func(more ...any) {
		l.Do(func() {
			l.Claims = map[string]any{"sub": "s-ada", "email": adminEmail, "email_verified": true, "auth_time": clock.Now().Unix()}
			for i := 0; i < len(more); i += 2 {
				l.Claims[more[i].(string)] = more[i+1]
			}
		})
	}
	says()
	l.arrives(b, "/sso/oidc/"+l.id+"/start").seeOther(t, "/")
	clock.Pass(16 * time.Minute)
	const path = administration + "/service-access-tokens/organization"
	made := func() string {
		return strings.Join(r.texts(`SELECT count(*) FROM tokens WHERE name = 'made after the question'`), "")
	}
	page := b.post(path, url.Values{"name": {"made after the question"}, "expiration": {"30d"}, "submission": {"one"}})
	held, way := asked(t, page), wayTo(t, page, l.id)
	if away := b.get(way); !strings.Contains(away.header.Get("Location"), "max_age=0") {
		t.Errorf("%d %s", away.status, away.header.Get("Location"))
	}

	// Each refusal leaves an event, and the form goes on waiting.
	for name, claims := range map[string][]any{
		"an old sign-in":            {"auth_time", clock.Now().Add(-10 * time.Minute).Unix()},
		"no time":                   {"auth_time", nil},
		"a sign-in of the future":   {"auth_time", clock.Now().Add(10 * time.Minute).Unix()},
		"a sign-in of somebody":     {"sub", "s-1"},
		"a sign-in of nobody known": {"sub", "s-2"},
	} {
		head := r.head()
		says(claims...)
		got := l.arrives(b, way)
		if got.status != http.StatusForbidden || !strings.Contains(got.body, "did not confirm that it&#39;s you") {
			t.Errorf("%s: %d %s", name, got.status, got.body)
		}
		if asked(t, got) != held || wayTo(t, got, l.id) != way {
			t.Errorf("%s: the page does not ask again", name)
		}
		if events := r.eventsAfter(head); len(events) != 1 || events[0].Action != audit.ConfirmFailed {
			t.Errorf("%s: %+v", name, events)
		}
		if got := b.post(path, confirmation(held, "", "")); got.status == http.StatusOK || made() != "0" {
			t.Errorf("%s: the form was sent, %d", name, got.status)
		}
	}

	says()
	on := l.arrives(b, way)
	on.seeOther(t, "/confirm?form="+held)
	// Nobody else can go on with it, and nothing was sent by coming back.
	if got := r.admin.get("/confirm?form=" + held); got.status != http.StatusConflict {
		t.Errorf("another session goes on with the form: %d", got.status)
	}
	b.get("/confirm?form="+held).has(t, "You have confirmed that it&#39;s you.", "Continue", `action="`+path+`"`)
	if made() != "0" {
		t.Error("coming back sends the form")
	}
	if got := b.post(path, url.Values{"confirm_form": {held}}); got.status != http.StatusOK || made() != "1" {
		t.Errorf("%d %s", got.status, got.body)
	}
	if got := b.post(path, url.Values{"confirm_form": {held}}); got.status != http.StatusConflict || made() != "1" {
		t.Errorf("a second time: %d, %s tokens", got.status, made())
	}
}

// TestConfirm_BySAML is the same with a provider whose answer comes across sites.
func TestConfirm_BySAML(t *testing.T) {
	t.Parallel()
	clock := storetest.NewClock(time.Now())
	s := newSite(t, func(o *app.Options) { o.Now = clock.Now })
	r := newRigOn(t, s)
	admin := s.caller(t, adminEmail)
	idp, id := s.newSAML(t, admin)
	p, err := s.app.Identity.Get(t.Context(), admin, id)
	r.must(err)
	b := s.browser(t)
	// back goes on with the answer, and returns where that ends.
	back := func(path string, form url.Values) answer {
		on := b.postAcross(path, form)
		if on.status != http.StatusSeeOther {
			t.Fatal(on.status, on.body)
		}
		return b.get(on.header.Get("Location"))
	}
	back(answerTo(t, b, idp, id, "new@"+p.Domains[0])).seeOther(t, "/settings/profile")
	clock.Pass(16 * time.Minute)
	const path = "/settings/profile/sessions/end-others"
	way := wayTo(t, b.post(path, nil), id) // the only one: the member has no password
	_, held, _ := strings.Cut(way, "?form=")
	answers := func(change func(*samltest.Answer)) answer {
		return back(answerAt(t, b, idp, id, way, func(r samltest.Request) string {
			if !r.Force {
				t.Error("the provider is not told to ask again")
			}
			return idp.Answer(r, change)
		}))
	}
	for name, change := range map[string]func(*samltest.Answer){
		"an old sign-in":        func(a *samltest.Answer) { a.Proven = clock.Now().Add(-10 * time.Minute) },
		"a sign-in of somebody": func(a *samltest.Answer) { a.NameID = "subject-2" },
	} {
		head := r.head()
		if got := answers(change); got.status != http.StatusForbidden || wayTo(t, got, id) != way {
			t.Errorf("%s: %d", name, got.status)
		}
		if events := r.eventsAfter(head); len(events) != 1 || events[0].Action != audit.ConfirmFailed {
			t.Errorf("%s: %+v", name, events)
		}
	}
	answers(nil).seeOther(t, "/confirm?form="+held)
	b.post(path, url.Values{"confirm_form": {held}}).seeOther(t, "/settings/profile")
	if got := b.post(path, url.Values{"confirm_form": {held}}); got.status != http.StatusConflict {
		t.Errorf("a second time: %d", got.status)
	}
}

package e2e

import (
	"net/http"
	"strings"
	"testing"
)

// TestHome_WarnsAnAdminOfAProxyThatIsNotNamed sends a request as a proxy does that
// --trusted-proxies does not name.
func TestHome_WarnsAnAdminOfAProxyThatIsNotNamed(t *testing.T) {
	t.Parallel()
	const warning = "Latchkey may not see the addresses of your users"
	s := start(t, "demo")
	ada := admin(t, s)
	ada.open("/")
	ada.lacksText(warning)
	r, err := http.NewRequest(http.MethodGet, s.URL+"/sign-in", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("X-Forwarded-For", "203.0.113.9:4711")
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	_ = answer.Body.Close()
	ada.open("/")
	ada.seesText(warning)
	ada.seesText("127.0.0.1")
	axe(t, ada)
	screenshot(t, ada, "home-proxy")
	phone := admin(t, s, mobile, dark, noScript)
	phone.open("/")
	phone.seesText(warning)
	axe(t, phone)
	screenshot(t, phone, "home-proxy-phone")
	viewer := newPage(t, s)
	signIn(t, viewer, viewerEmail, demoPassword)
	viewer.open("/")
	viewer.sees("heading", "Home")
	viewer.lacksText(warning)
	if n := strings.Count(s.Logs(), "X-Forwarded-For is ignored"); n != 1 {
		t.Errorf("%d warnings in the log, want 1", n)
	}
}

package web_test

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
)

func setupForm(code string) url.Values {
	return url.Values{"code": {code}, "organization": {"Initech"}, "workspace": {"Production"}, "environment": {"PRODUCTION"},
		"name": {"Bill"}, "email": {"bill@initech.example"}, "password": {"a long enough password"}}
}

func TestSetup_WithoutTheLinkNobodyClaims(t *testing.T) {
	s := newSite(t, withoutDemo)
	for _, code := range []string{"", "guess", s.setupCode + "x", strings.ToLower(s.setupCode)} {
		if got := s.browser(t).get("/setup?code=" + url.QueryEscape(code)); strings.Contains(got.body, "Your organization") {
			t.Errorf("GET with code %q shows the form", code)
		}
		if got := s.browser(t).post("/setup/open", url.Values{"code": {code}}); got.status == http.StatusOK ||
			strings.Contains(got.body, "Your organization") {
			t.Errorf("the code %q opens the form: %d", code, got.status)
		}
		if got := s.browser(t).post("/setup", setupForm(code)); got.status != http.StatusNotFound {
			t.Errorf("POST with code %q: %d, want 404", code, got.status)
		}
	}
	if claimed, err := s.app.Accounts.Organizations.Claimed(context.Background()); err != nil || claimed {
		t.Errorf("claimed = %v, %v", claimed, err)
	}
}

func TestSetup_MakesTheAdminOnceAndIsThenGone(t *testing.T) {
	s := newSite(t, withoutDemo)
	b := s.browser(t)
	if got := b.get("/setup?code=" + s.setupCode); got.status != http.StatusOK || strings.Contains(got.body, "Your organization") {
		t.Errorf("a code in the query opens the form: %d", got.status)
	}
	if got := b.post("/setup/open", url.Values{"code": {"http://127.0.0.1/setup#code=" +
		s.setupCode}}); got.status != http.StatusOK || got.compressed ||
		!strings.Contains(got.body, "Your organization") {
		t.Fatalf("the form: %d", got.status)
	}
	if got := b.post("/setup", setupForm(s.setupCode)); got.status != http.StatusSeeOther || got.header.Get("Location") != "/" {
		t.Fatalf("the set-up: %d %s", got.status, got.body)
	}
	if got := b.get("/"); got.status != http.StatusOK || !strings.Contains(got.body, "Initech") {
		t.Errorf("the new Admin is not signed in: %d", got.status)
	}
	for _, again := range []answer{b.get("/setup"), b.post("/setup/open", url.Values{"code": {s.setupCode}}),
		b.post("/setup", setupForm(s.setupCode))} {
		if again.status != http.StatusNotFound {
			t.Errorf("/setup afterwards: %d, want 404", again.status)
		}
	}
}

func TestSetup_EveryMistakeIsNamedAndTheFormKeepsWhatWasTyped(t *testing.T) {
	s := newSite(t, withoutDemo)
	for field, bad := range map[string][]string{
		"organization": {"", "   ", strings.Repeat("x", 65), "a\x00b", "abc\u202edef", "\xff\xfe"},
		"workspace":    {"", strings.Repeat("x", 65)},
		"name":         {"", "a\u202eb"},
		"email":        {"", "bill", "bill@", "bill at initech.example", "bill@initech.example\r\nBcc: x@y.z"},
		"password":     {"", "short", strings.Repeat("x", 300), "bill@initech.example"},
		"environment":  {"MARS"},
	} {
		for _, value := range bad {
			form := setupForm(s.setupCode)
			form.Set(field, value)
			got := s.browser(t).post("/setup", form)
			if got.status != http.StatusBadRequest || !strings.Contains(got.body, `href="#`+field+`"`) {
				t.Errorf("%s = %q: %d, and the summary must lead to the field", field, value, got.status)
			}
			if field != "organization" && !strings.Contains(got.body, `value="Initech"`) {
				t.Errorf("%s = %q: what was typed is lost", field, value)
			}
			if strings.Contains(got.body, "a long enough password") {
				t.Errorf("%s = %q: the page repeats the password", field, value)
			}
		}
	}
	if claimed, err := s.app.Accounts.Organizations.Claimed(context.Background()); err != nil || claimed {
		t.Errorf("claimed = %v, %v", claimed, err)
	}
}

func TestSetup_OfTwoAtOnceOneClaims(t *testing.T) {
	s := newSite(t, withoutDemo)
	code, statuses := s.setupCode, make([]int, 4)
	var wg sync.WaitGroup
	for i := range statuses {
		wg.Go(func() { statuses[i] = s.browser(t).post("/setup", setupForm(code)).status })
	}
	wg.Wait()
	won := 0
	for _, status := range statuses {
		if status == http.StatusSeeOther {
			won++
		} else if status != http.StatusConflict && status != http.StatusNotFound {
			t.Errorf("a loser got %d, want 409 or 404", status)
		}
	}
	if won != 1 {
		t.Errorf("%d set-ups won, want one: %v", won, statuses)
	}
}

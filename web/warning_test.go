package web_test

import (
	"context"
	"crypto/rand"
	"fmt"
	mathrand "math/rand/v2"
	"net/http"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"latchkey/internal/app"
	"latchkey/internal/config"
	"latchkey/internal/mail/mailtest"
	"latchkey/internal/store/storetest"
	"latchkey/internal/token"
)

const (
	warningDays  = notifications + "/warnings"
	calendarPage = "/settings/calendar"
)

// warningActs are about warnings and calendars.
func warningActs() []act {
	contact := "POST " + administration + "/service-access-tokens/:id/contact"
	return []act{
		{"POST " + warningDays, func(r *rig) sent {
			return r.admin.form(warningDays, "days", fmt.Sprint(mathrand.N(180)*2+2, ", 1"))
		}, "organization.updated"},
		{contact, func(r *rig) sent {
			return r.filled(strings.TrimPrefix(contact, "POST "), "emails", rand.Text()+"@acme.example")
		}, "service_access_token.updated"},
		{"POST " + calendarPage, func(r *rig) sent {
			return r.admin.form(calendarPage, "submission", submission(r.t, r.admin.get(calendarPage)))
		}, "calendar_link.created"},
		{"POST " + calendarPage + "/revoke", func(r *rig) sent {
			r.admin.calendar(r.t)
			return r.admin.form(calendarPage + "/revoke")
		}, "calendar_link.deleted"},
	}
}

// calendar makes a calendar link and returns its path.
func (b *browser) calendar(t *testing.T) string {
	t.Helper()
	made := b.post(calendarPage, url.Values{"submission": {submission(t, b.get(calendarPage))}})
	m := regexp.MustCompile(`value="http[^"]*(/calendar/[A-Za-z0-9_-]{43}\.ics)"`).FindStringSubmatch(made.body)
	if made.status != http.StatusOK || m == nil || !strings.Contains(made.header.Get("Cache-Control"), "no-store") {
		t.Fatalf("%d %s", made.status, made.body)
	}
	return m[1]
}

func TestCalendar_IsForWhoeverHasItsAddress(t *testing.T) {
	s := newSite(t)
	admin, viewer, nobody := s.signedIn(t, adminEmail), s.signedIn(t, viewerEmail), s.browser(t)
	path := viewer.calendar(t)
	got := nobody.get(path)
	if got.status != http.StatusOK || got.header.Get("Content-Type") != "text/calendar; charset=utf-8" ||
		got.header.Get("Cache-Control") != "no-store" || got.header.Get("Referrer-Policy") != "no-referrer" ||
		got.header.Get("Set-Cookie") != "" {
		t.Fatalf("%d %v", got.status, got.header)
	}
	// A Member sees their own tokens, an Admin service tokens as well, and nobody those of others.
	made, err := s.app.Tokens.GenerateOrganization(t.Context(), s.caller(t, adminEmail).Caller(),
		token.NewOrganization{Name: "provisioning of Acme", ExpiresAt: s.now().Add(time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	all := nobody.get(admin.calendar(t))
	if !strings.Contains(all.body, "SUMMARY:Token provisioning of Acme expires\r\n") ||
		!strings.Contains(all.body, "UID:token-"+made.ID+"@latchkey\r\n") {
		t.Errorf("%s", all.body)
	}
	if mine := nobody.get(path); strings.Contains(mine.body, made.ID) {
		t.Error("a Member sees service tokens")
	}
	// Everything else has one answer.
	newer := viewer.calendar(t)
	unknown := strings.Replace(path, path[len("/calendar/"):len("/calendar/")+5], "AAAAA", 1)
	refused := []string{path, unknown, "/calendar/x.ics", newer + "x", strings.TrimSuffix(newer, ".ics"), strings.ToUpper(newer)}
	want := nobody.get("/calendar/x.ics")
	for _, p := range refused {
		got := nobody.get(p)
		if got.status != http.StatusNotFound || p != strings.ToUpper(newer) && (got.body != want.body || len(got.header) != len(want.header)) {
			t.Errorf("%s: %d %s %v", p, got.status, got.body, got.header)
		}
	}
	viewer.get(calendarPage).has(t, "Make new link", "Revoke")
	viewer.post(calendarPage+"/revoke", nil).seeOther(t, calendarPage)
	if got := nobody.get(newer); got.status != http.StatusNotFound {
		t.Errorf("revoked: %d", got.status)
	}
	if got := viewer.post(calendarPage+"/revoke", nil); got.status != http.StatusNotFound {
		t.Errorf("revoked twice: %d", got.status)
	}
	for _, p := range []string{path, newer, newer + "/", "/Calendar/" + newer[len("/calendar/"):],
		"//calendar/" + newer[len("/calendar/"):], "/x" + newer[len("/calendar"):]} {
		nobody.get(p)
	}
	assertNowhere(t, s, "the first address", path[len("/calendar/"):len(path)-len(".ics")])
	assertNowhere(t, s, "the second address", newer[len("/calendar/"):len(newer)-len(".ics")])
}

func TestCalendar_TheAddressIsShownOnceAndEndsWithItsMember(t *testing.T) {
	s := newSite(t)
	viewer, nobody := s.signedIn(t, viewerEmail), s.browser(t)
	form := url.Values{"submission": {submission(t, viewer.get(calendarPage))}}
	first := viewer.post(calendarPage, form)
	again := viewer.post(calendarPage, form)
	if first.status != http.StatusOK || again.status != http.StatusConflict || strings.Contains(again.body, ".ics") {
		t.Errorf("%d, %d", first.status, again.status)
	}
	path := regexp.MustCompile(`/calendar/[A-Za-z0-9_-]{43}\.ics`).FindString(first.body)
	if page := viewer.get(calendarPage); strings.Contains(page.body, ".ics") || nobody.get(path).status != http.StatusOK {
		t.Error("the page shows it, or it does not work")
	}
	who := s.caller(t, viewerEmail).ID
	members := s.app.Accounts.Members
	if _, err := members.Deactivate(t.Context(), s.caller(t, adminEmail).Caller(), who); err != nil {
		t.Fatal(err)
	}
	if got := nobody.get(path); got.status != http.StatusNotFound {
		t.Errorf("deactivated: %d", got.status)
	}
	if _, err := members.Reactivate(t.Context(), s.caller(t, adminEmail).Caller(), who); err != nil {
		t.Fatal(err)
	}
	if got := nobody.get(path); got.status != http.StatusNotFound {
		t.Errorf("reactivated: %d", got.status)
	}
}

func TestCalendar_AnAddressThatAsksTooOftenWaits(t *testing.T) {
	s := newSite(t)
	nobody := s.browser(t)
	for range 30 {
		nobody.get("/calendar/x.ics")
	}
	if got := nobody.get("/calendar/x.ics"); got.status != http.StatusTooManyRequests || got.header.Get("Retry-After") == "" {
		t.Errorf("%d %v", got.status, got.header)
	}
}

func TestWarnings_EveryMistakeIsNamed(t *testing.T) {
	s := newSite(t)
	admin := s.signedIn(t, adminEmail)
	for _, days := range []string{"0", "x", "400", "1,2,3,4,5,6"} {
		if got := admin.post(warningDays, url.Values{"days": {days}}); got.status != http.StatusUnprocessableEntity &&
			got.status != http.StatusBadRequest || !strings.Contains(got.body, "field-error") {
			t.Errorf("%q: %d", days, got.status)
		}
	}
	admin.post(warningDays, url.Values{"days": {"14; 3"}}).seeOther(t, notifications)
	admin.get(notifications).has(t, "14 and 3 days before a token expires", "Not set up")
	s.signedIn(t, viewerEmail).get("/").has(t, "expires within 14 days")
	admin.get("/needs-attention?show=expires-soon").has(t, "expire within 14 days")
	admin.post(warningDays, url.Values{"days": {""}}).seeOther(t, notifications)
	admin.get(notifications).has(t, "Nobody is warned")
	s.signedIn(t, viewerEmail).get("/").has(t, "expires within 7 days")
	path := s.fill(t, administration+"/service-access-tokens/:id") + "/contact"
	for _, emails := range []string{"x", "a@b.example, nobody", "a@x.example b@x.example c@x.example d@x.example e@x.example f@x.example"} {
		if got := admin.post(path, url.Values{"emails": {emails}}); got.status != http.StatusUnprocessableEntity &&
			got.status != http.StatusBadRequest || !strings.Contains(got.body, "field-error") {
			t.Errorf("%q: %d", emails, got.status)
		}
	}
	if got := admin.post(path, url.Values{"emails": {"Team <TEAM@acme.example>; ops@acme.example\u200b"}}); got.status != http.StatusSeeOther {
		t.Fatalf("%d", got.status)
	}
	page := admin.get(s.fill(t, "/tokens/") + strings.Split(path, "/")[4])
	page.has(t, "team@acme.example, ops@acme.example")
	if got := admin.get(strings.Replace(path, strings.Split(path, "/")[4], s.anyPersonalToken(t, s.caller(t, adminEmail)),
		1)); got.status != http.StatusNotFound {
		t.Errorf("of a personal token: %d", got.status)
	}
}

// TestWarnings_AreMailed warns of a token that was made through the API, by a mail server.
func TestWarnings_AreMailed(t *testing.T) {
	server := mailtest.New(t)
	clock := storetest.NewClock(time.Now())
	s := newSiteOn(t, config.Config{Data: filepath.Dir(storetest.Empty(t)), PublicURL: "http://keys.acme.example",
		SMTPURL: server.URL("latchkey@acme.example")}, func(o *app.Options) { o.Now = clock.Now })
	ctx := context.Background()
	work := func() {
		t.Helper()
		if err := s.app.Warnings.Note(ctx); err != nil {
			t.Fatal(err)
		}
		if err := s.app.Warnings.Send(ctx); err != nil {
			t.Fatal(err)
		}
	}
	work()
	made, err := s.app.Tokens.GeneratePersonal(ctx, s.caller(t, viewerEmail).Caller(),
		token.NewPersonal{Name: "ci of Vera", Scope: "read_only",
			Workspace: firstWorkspace(t, s), ExpiresAt: clock.Now().Add(7*24*time.Hour + time.Minute)})
	if err != nil {
		t.Fatal(err)
	}
	clock.Pass(time.Minute)
	server.Refuse.Store(true)
	work()
	<-server.Heard
	if !strings.Contains(s.logs.String(), "cannot send an email") {
		t.Error("the log does not say that a mail was refused")
	}
	server.Refuse.Store(false)
	clock.Pass(time.Minute)
	work()
	text := mailtest.Plain(<-server.Heard)
	for _, want := range []string{"RCPT TO:<" + viewerEmail + ">", `Token "ci of Vera" expires in 7 days`,
		"http://keys.acme.example/tokens/" + made.ID} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	work()
	if len(server.Heard) > 0 {
		t.Errorf("again: %s", <-server.Heard)
	}
	s.signedIn(t, viewerEmail).get("/tokens/"+made.ID).has(t, "30, 7 and 1 days before it expires, by email to "+viewerEmail,
		"Sent to "+viewerEmail)
}

package api_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"latchkey/internal/access"
	"latchkey/internal/fault"
	"latchkey/internal/token"
)

// TestRotate_GivesTheCallingTokenAnotherValue rotates a token as a program does whose answer may be lost.
func TestRotate_GivesTheCallingTokenAnotherValue(t *testing.T) {
	w := newWorld(t)
	made, first := w.insert(token.Token{Kind: token.Workspace, Workspace: w.main, Policy: access.Policy{},
		ExpiresAt: w.now().Add(48 * time.Hour)})
	rotate := func(secret, body string, want int) (value string, a answer) {
		t.Helper()
		a = w.ask("POST", "/v2/token/rotate", body, append(bearer(secret), "Content-Type", "application/json")...)
		if a.status != want || a.header.Get("Cache-Control") != "no-store" {
			t.Fatalf("%d %v %s, want %d", a.status, a.header, a.body, want)
		}
		var got struct {
			Token, ID, ExpiresAt string
			Previous             struct{ Hint, EndsAt string }
		}
		if want == http.StatusOK && (json.Unmarshal([]byte(a.body), &got) != nil || got.ID != made.ID || !token.WellFormed(got.Token) ||
			got.Previous.Hint != token.Hint(first)) {
			t.Fatalf("%s", a.body)
		}
		return got.Token, a
	}
	status := func(secret string, want int) {
		t.Helper()
		if got := w.ask("GET", "/v2/token", "", bearer(secret)...); got.status != want {
			t.Errorf("%s: %d, want %d", token.Hint(secret), got.status, want)
		}
	}
	for _, body := range []string{`{"overlap":"721h"}`, `{"overlap":"-1s"}`, `{"overlap":"a day"}`, `{"overlap":24}`, `{"other":1}`, `[]`} {
		rotate(first, body, http.StatusBadRequest)
	}
	lost, a := rotate(first, "", http.StatusOK)
	if !strings.Contains(a.body, `"endsAt":"`+w.now().Add(24*time.Hour).UTC().Format("2006-01-02T15:04:05.000Z")) {
		t.Errorf("the overlap is not 24 hours: %s", a.body)
	}
	second, _ := rotate(first, `{"overlap":"1h"}`, http.StatusOK) // the answer was lost
	status(lost, http.StatusUnauthorized)
	status(second, http.StatusOK)
	status(first, http.StatusOK)
	if _, a := rotate(first, `{}`, http.StatusConflict); !strings.Contains(a.body, `"code":"ALREADY_ROTATED"`) {
		t.Errorf("rotated again by the previous value: %s", a.body)
	}
	w.clock.Add(time.Hour.Milliseconds())
	status(first, http.StatusUnauthorized)
	rotate(first, "", http.StatusUnauthorized)
	if last := w.refused[len(w.refused)-1]; last.Refusal.String() != "rotated" || last.Token == nil || last.Token.ID != made.ID {
		t.Errorf("refused: %+v", last)
	}
	first = second
	third, _ := rotate(second, `{"overlap":"0s"}`, http.StatusOK)
	status(second, http.StatusUnauthorized)
	status(third, http.StatusOK)
}

// TestRevoke_APreviousValueIsRevokedAlone is for a client that finds an old value, such as in a log. The
// programs that have the current one must not stop.
func TestRevoke_APreviousValueIsRevokedAlone(t *testing.T) {
	for name, as := range map[string]func(w *world, secret string) []string{
		"an API client": func(w *world, _ string) []string {
			c := w.client()
			return basicAuth(c.ID, c.Secret.Reveal())
		},
		"itself": func(_ *world, secret string) []string { return bearer(secret) },
	} {
		w := newWorld(t)
		made, old := w.service(nil)
		var got struct{ Token string }
		w.must(json.Unmarshal([]byte(w.ask("POST", "/v2/token/rotate", "", bearer(old)...).body), &got))
		if a := w.ask("POST", "/oauth2/revoke", "token="+old, as(w, old)...); a.status != 200 || a.body != "" {
			t.Errorf("%s: %d %s", name, a.status, a.body)
		}
		for secret, want := range map[string]int{old: 401, got.Token: 200} {
			if a := w.ask("GET", "/v2/token", "", bearer(secret)...); a.status != want {
				t.Errorf("%s: %s: %d, want %d", name, token.Hint(secret), a.status, want)
			}
		}
		events, err := w.store.RecentEvents(w.ctx, w.org, "", 1)
		w.must(err)
		if e := events[0]; e.Action != "updated" || e.Target.ID != made.ID || !strings.Contains(e.After, token.Hint(old)) ||
			!strings.Contains(e.After, "which held it") || !strings.Contains(e.After, `"kind":"workspace"`) ||
			strings.Contains(e.Before+e.After, old) {
			t.Errorf("%s: %+v", name, e)
		}
		c := w.client()
		w.ask("POST", "/oauth2/revoke", "token="+got.Token, basicAuth(c.ID, c.Secret.Reveal())...)
		if a := w.ask("GET", "/v2/token", "", bearer(got.Token)...); a.status != 401 {
			t.Errorf("%s: the current value: %d", name, a.status)
		}
	}
}

// TestRevoke_ASuspendedTokenDoesNotComeBack revokes a token while it is suspended.
func TestRevoke_ASuspendedTokenDoesNotComeBack(t *testing.T) {
	w := newWorld(t)
	c := w.client()
	made, secret := w.service(nil)
	_, err := w.tokens.Suspend(w.ctx, w.admin.Caller(), made.ID, "leaked")
	w.must(err)
	if a := w.ask("POST", "/oauth2/revoke", "token="+secret, basicAuth(c.ID, c.Secret.Reveal())...); a.status != 200 {
		t.Errorf("%d %s", a.status, a.body)
	}
	if _, err := w.tokens.Resume(w.ctx, w.admin.Caller(), made.ID); !fault.Is(err, fault.NotFound) {
		t.Errorf("resumed: %v", err)
	}
}

// TestRotate_BothValuesAreKnownByTheirUserAgents uses both values of a token through two front doors.
func TestRotate_BothValuesAreKnownByTheirUserAgents(t *testing.T) {
	w := newWorld(t)
	made, old := w.service(nil)
	var got struct{ Token string }
	w.must(json.Unmarshal([]byte(w.ask("POST", "/v2/token/rotate", "", bearer(old)...).body), &got))
	w.ask("GET", "/auth/verify", "", append(bearer(old), "User-Agent", "old/1")...)
	w.ask("GET", "/v2/token", "", append(bearer(got.Token), "User-Agent", "new/2")...)
	w.must(w.verify.Flush(w.ctx))
	secrets, err := w.tokens.Secrets(w.ctx, w.admin, made.ID)
	w.must(err)
	var agents []string
	for _, s := range secrets {
		for _, from := range s.LastUsedFrom {
			agents = append(agents, from.Agent)
		}
	}
	if !slices.Equal(agents, []string{"new/2", "old/1"}) {
		t.Errorf("used by %q", agents)
	}
}

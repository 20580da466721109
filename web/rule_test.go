package web_test

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"latchkey/internal/actor"
	"latchkey/internal/token"
)

const rulePath = administration + "/token-rules"

// rule saves rules and leaves the tokens that break them.
func (s *site) rule(t *testing.T, r token.Rules) {
	t.Helper()
	ada := s.caller(t, adminEmail)
	now, err := s.app.Rules.Ruling(t.Context(), ada)
	s.must(t, err)
	_, err = s.app.Rules.Save(t.Context(), ada.Caller(), token.RuleChange{Rules: r, Revision: now.Revision, Answer: token.Leave,
		Told: 1 << 20})
	s.must(t, err)
}

// TestRules_FormsOfferWhatTheyAllow has a rule of each kind, and looks at each form.
func TestRules_FormsOfferWhatTheyAllow(t *testing.T) {
	s := newSite(t)
	admin := s.signedIn(t, adminEmail)
	const own, sats = "/settings/personal-access-tokens", administration + "/service-access-tokens"
	s.rule(t, token.Rules{Personal: token.Lifetime{Longest: 45}, Service: token.Lifetime{MustExpire: true, Default: 77},
		ReadOnly: true, NeedAddresses: true})
	for path, c := range map[string]struct{ has, lacks []string }{
		own + "/new": {[]string{`value="45d"`, `value="30d" selected`},
			[]string{`value="60d"`, `value="none"`, `value="read_write"`}},
		own + "/new?expires=none":     {[]string{"the expiration: token rules require an expiration", `value="30d" selected`}, nil},
		own + "/new?scope=read_write": {[]string{"which token rules don&#39;t allow"}, []string{`value="read_write"`}},
		own + "/new?expires=44d":      {[]string{`value="30d" selected`}, nil},
		sats + "/organization/new": {[]string{`value="77d" selected`, `value="1y"`, "Token rules require at least one range"},
			[]string{`value="none"`}},
		sats + "/workspace/new": {[]string{`value="77d" selected`, "Token rules require at least one range"}, []string{`value="none"`}},
	} {
		body := admin.get(path).body
		for _, text := range c.has {
			if !strings.Contains(body, text) && path != own+"/new?expires=44d" {
				t.Errorf("%s has no %s", path, text)
			}
		}
		for _, text := range c.lacks {
			if strings.Contains(body, text) {
				t.Errorf("%s has %s", path, text)
			}
		}
	}
	got := admin.post(sats+"/organization", url.Values{"name": {"o"}, "expiration": {"none"},
		"submission": {submission(t, admin.get(sats+"/organization/new"))}})
	if got.status != http.StatusUnprocessableEntity && got.status != http.StatusBadRequest ||
		!strings.Contains(got.body, "Token rules require an expiration") ||
		!strings.Contains(got.body, "Token rules require allowed addresses") {
		t.Errorf("refused with %d", got.status)
	}
	made, err := s.app.Tokens.GenerateOrganization(t.Context(), s.caller(t, adminEmail).Caller(),
		token.NewOrganization{Name: "open", Addresses: "192.0.2.0/24", ExpiresAt: s.now().Add(time.Hour)})
	s.must(t, err)
	s.rule(t, token.Rules{Makers: token.Nobody, Service: token.Lifetime{MustExpire: true}})
	if got := admin.get("/tokens/" + made.ID); strings.Contains(got.body, "Breaks a rule") {
		t.Error("the page of a token that keeps the rules says that it breaks one")
	}
	mine, err := every(s.app.Tokens.Personal(t.Context(), s.caller(t, adminEmail), token.Listing{Limit: 100}))
	s.must(t, err)
	i := slices.IndexFunc(mine, func(tok token.Token) bool { return !token.ExpiredAt(tok.ExpiresAt, s.now()) })
	if got := admin.get("/tokens/" + mine[i].ID); !strings.Contains(got.body, "Breaks a rule") {
		t.Error("the page of a token that breaks a rule does not say so")
	}
	if got := admin.get(own + "/new"); got.status != http.StatusForbidden || !strings.Contains(got.body, "don&#39;t let you") {
		t.Errorf("the form of who may not: %d", got.status)
	}
	if got := admin.get(own); got.status != http.StatusOK || strings.Contains(got.body, "Generate new token") {
		t.Errorf("the list of who may not: %d", got.status)
	}
}

// TestRules_TheQuestionIsAboutTheTokensThatWereCounted answers it for fewer than there are.
func TestRules_TheQuestionIsAboutTheTokensThatWereCounted(t *testing.T) {
	s := newSite(t)
	ids, admin := stock(t, s), s.signedIn(t, adminEmail)
	send := func(pairs ...string) answer {
		form := url.Values{}
		all := ruleForm(append([]string{"most_personal", "", "service_longest", "10"}, pairs...)...)
		for i := 0; i < len(all); i += 2 {
			form.Set(all[i], all[i+1])
		}
		return admin.post(rulePath, form)
	}
	if got := send("revision", "0"); got.status != http.StatusOK || !strings.Contains(got.body, "2 tokens break the new rules") {
		t.Fatalf("%d", got.status)
	}
	draft := token.Rules{Service: token.Lifetime{Longest: 10, MustExpire: true}}.String()
	if got := inventoried(t, admin, "?breaks="+url.QueryEscape(draft)); strings.Join(got, " ") != "=cmd|calc org" {
		t.Errorf("the list of the question has %q", got)
	}
	if got := inventoried(t, admin, "?breaks=1"); len(got) != 0 {
		t.Errorf("no rules are broken by %q", got)
	}
	if got := send("revision", "0", "answer", "suspend", "told", "1"); got.status != http.StatusOK ||
		!strings.Contains(got.body, "2 tokens break the new rules") {
		t.Errorf("told of 1: %d", got.status)
	}
	if got := send("revision", "0", "answer", "shorten", "told", "2", "days",
		"x"); got.status != http.StatusUnprocessableEntity && got.status != http.StatusBadRequest {
		t.Errorf("days: %d", got.status)
	}
	if got := send("revision", "5", "answer", "suspend", "told", "2"); got.status != http.StatusConflict {
		t.Errorf("other rules: %d", got.status)
	}
	send("revision", "0", "answer", "suspend", "told", "2").seeOther(t, rulePath)
	if got := send("revision", "0", "answer", "suspend", "told", "2"); got.status != http.StatusConflict {
		t.Errorf("sent twice: %d", got.status)
	}
	for _, name := range []string{"org", "=cmd|calc"} {
		if tok, err := s.app.Tokens.Get(t.Context(), s.caller(t, adminEmail), ids[name]); err != nil || !tok.Suspension.Set() {
			t.Errorf("%s: %+v, %v", name, tok.Suspension, err)
		}
	}
	if got := admin.post(rulePath, url.Values{"revision": {"1"}}); got.status != http.StatusBadRequest &&
		got.status != http.StatusUnprocessableEntity {
		t.Errorf("a form without fields: %d", got.status)
	}
	if r, err := s.app.Rules.Ruling(t.Context(), s.caller(t, adminEmail)); err != nil || r.Service.Longest != 10 {
		t.Errorf("a form without fields lifted the rules: %+v, %v", r, err)
	}
	if got := s.signedIn(t, editorEmail).get(rulePath); got.status != http.StatusForbidden {
		t.Errorf("a Member gets %d", got.status)
	}
}

// TestRules_ASelfRotationThatIsForbidden is answered as any refusal.
func TestRules_ASelfRotationThatIsForbidden(t *testing.T) {
	s := newSite(t)
	g, err := s.app.Tokens.GenerateOrganization(t.Context(), s.caller(t, adminEmail).Caller(), token.NewOrganization{Name: "self"})
	s.must(t, err)
	s.rule(t, token.Rules{NoSelfRotation: true})
	if got := s.bearing(t, "POST", "/v2/token/rotate", g.Secret.Reveal(), nil); got.status != http.StatusForbidden ||
		!strings.Contains(got.body, `"code":"FORBIDDEN"`) {
		t.Errorf("%d %s", got.status, got.body)
	}
	_, err = s.app.Tokens.RotateSelf(t.Context(), actor.Caller{Ref: actor.Ref{Kind: actor.Token, ID: g.ID}}, 0)
	if err == nil || errors.Is(err, token.ErrAlreadyRotated) {
		t.Errorf("%v", err)
	}
}

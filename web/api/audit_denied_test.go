package api_test

import (
	"net/http"
	"strings"
	"testing"

	"latchkey/internal/access"
	"latchkey/internal/audit"
	"latchkey/internal/token"
	"latchkey/web/api"
)

// TestDenied_WhatAGoodTokenIsRefusedIsToldOnce sends requests of good tokens to every front door
// and looks at what the audit log is told.
func TestDenied_WhatAGoodTokenIsRefusedIsToldOnce(t *testing.T) {
	var told []audit.Attempt
	o := newOffice(t, func(d *api.Deps) { d.Denied = func(a audit.Attempt) { told = append(told, a) } })
	owner := o.member("reader", access.BuiltIn().Everything())
	personal, pat := o.personal(owner, access.ScopeReadOnly)
	_, service := o.service(access.Policy{})
	organization, oat := o.insert(token.Token{Kind: token.Organization})
	for _, tt := range []struct {
		name, secret, method, path, body string
		status                           int
		reason                           string // "": nothing is told
	}{
		{"a missing permission", pat, http.MethodPost, "/v2/sources", sourceBody, 403,
			"the token's scope, Read-Only, excludes the permission source:create_delete"},
		{"another level", service, http.MethodGet, "/v2/audit-logs", "", 401, "This endpoint requires an organization-level access token"},
		{"another level, the other way", oat, http.MethodGet, "/v2/sources", "", 401, "This endpoint requires a workspace-level access token"},
		{"a missing permission before a proxy", service, http.MethodGet, "/auth/verify?permission=source:edit", "", 403,
			"the permission source:edit is missing"},
		{"another workspace before a proxy", pat, http.MethodGet, "/auth/verify?workspace=" + o.other, "", 403,
			"the token has no such workspace"},
		{"a permission that is none", pat, http.MethodGet, "/auth/verify?permission=hunter:two", "", 403,
			"the requested permission does not exist"},
		{"a good request", pat, http.MethodGet, "/v2/sources", "", 200, ""},
		{"a good request before a proxy", service, http.MethodGet, "/auth/verify", "", 200, ""},
		{"what is not there", pat, http.MethodGet, "/v2/sources/nothing", "", 404, ""},
		{"a mistake", service, http.MethodGet, "/v2/sources?per_page=x", "", 400, ""},
		{"an unknown token", "lkoat_x", http.MethodGet, "/v2/audit-logs", "", 401, ""},
		{"no token", "", http.MethodGet, "/v2/audit-logs", "", 401, ""},
	} {
		told = nil
		got := o.call(tt.secret, tt.method, tt.path, tt.body)
		if got.status != tt.status {
			t.Errorf("%s: %d %s", tt.name, got.status, got.body)
		}
		if tt.reason == "" {
			if len(told) != 0 {
				t.Errorf("%s: told %+v", tt.name, told)
			}
			continue
		}
		if len(told) != 1 || !strings.Contains(told[0].Reason, tt.reason) || strings.Contains(told[0].Reason, "hunter") {
			t.Errorf("%s: told %+v", tt.name, told)
			continue
		}
		a := told[0]
		if a.Action != audit.AccessDenied || a.Organization != o.org || a.Token == "" || a.Origin.IP != "127.0.0.1" ||
			a.Origin.RequestID == "" || a.Origin.RequestID != got.header.Get("X-Request-Id") {
			t.Errorf("%s: %+v", tt.name, a)
		}
	}
	for kind, secret := range map[access.Kind]string{access.PersonalToken: pat, access.OrganizationToken: oat,
		access.WorkspaceToken: service} {
		told = nil
		o.call(secret, http.MethodGet, "/auth/verify?permission=member:manage", "")
		if len(told) != 1 || told[0].Kind != kind || (told[0].Owner == owner.ID) != (kind == access.PersonalToken) ||
			(told[0].Workspace == o.main) == (kind == access.OrganizationToken) {
			t.Errorf("%v: %+v", kind, told)
		}
		if kind == access.PersonalToken && (told[0].Token != personal.ID || told[0].Name != personal.Name) ||
			kind == access.OrganizationToken && told[0].Token != organization.ID {
			t.Errorf("%v is told as %s %s", kind, told[0].Token, told[0].Name)
		}
	}
}

// TestRefused_NoAnswerTellsATokenThatWasGoodFromAnother compares whole answers.
func TestRefused_NoAnswerTellsATokenThatWasGoodFromAnother(t *testing.T) {
	o := newOffice(t)
	bad := o.badSecrets()
	for _, path := range []string{"/auth/verify", "/v2/token"} {
		was, unknown := o.call(bad["revoked"], http.MethodGet, path, ""), o.call(bad["unknown"], http.MethodGet, path, "")
		for _, header := range []http.Header{was.header, unknown.header} {
			header.Del("Date")
		}
		if was.status != 401 || was.body != unknown.body || len(was.header) != len(unknown.header) {
			t.Errorf("%s: %d %v, and %d %v", path, was.status, was.header, unknown.status, unknown.header)
		}
	}
	if len(o.refused) == 0 {
		t.Error("the revoked token is not told of: this test is about nothing")
	}
}

package web_test

import (
	"context"
	"crypto/rand"
	"fmt"
	mathrand "math/rand/v2"
	"net/http"
	"regexp"

	"latchkey/internal/token"
)

// tokenActs are about tokens and API clients.
func tokenActs() []act {
	const (
		pats      = "/settings/profile/personal-access-tokens"
		own       = "/settings/personal-access-tokens"
		sats      = administration + "/service-access-tokens"
		clients   = administration + "/api-clients"
		inventory = administration + "/tokens"
		created   = "service_access_token.created"
	)
	return []act{
		{"POST " + pats, func(r *rig) sent {
			return r.admin.form(pats, "name", "probe", "workspace", firstWorkspace(r.t, r.site), "scope", "read_only", "expiration", "30d",
				"submission", submission(r.t, r.admin.get(pats+"/new")))
		}, "personal_access_token.created"},
		{"POST " + pats + "/:id/delete", func(r *rig) sent { return r.filled(pats + "/:id/delete") }, "personal_access_token.deleted"},
		{"POST " + own, func(r *rig) sent {
			return r.admin.form(own, "name", "probe 2", "workspace", firstWorkspace(r.t, r.site), "scope", "read_only", "expiration", "30d",
				"submission", submission(r.t, r.admin.get(own+"/new")))
		}, "personal_access_token.created"},
		{"POST " + own + "/:id/delete", func(r *rig) sent { return r.filled(own + "/:id/delete") }, "personal_access_token.deleted"},
		{"POST /tokens/:id/rename", func(r *rig) sent { return r.filled("/tokens/:id/rename", "name", rand.Text()) },
			"personal_access_token.updated"},
		{"POST /tokens/:id/describe", func(r *rig) sent { return r.filled("/tokens/:id/describe", "description", rand.Text()) },
			"personal_access_token.updated"},
		{"POST /tokens/:id/addresses", func(r *rig) sent { return r.filled("/tokens/:id/addresses", "addresses", anyAddresses()) },
			"personal_access_token.updated"},
		{"POST " + administration + "/token-rules/addresses", func(r *rig) sent {
			return r.admin.form(administration+"/token-rules/addresses", "addresses", anyAddresses())
		}, "organization.updated"},
		{"POST " + administration + "/token-rules", func(r *rig) sent {
			page := r.admin.get(administration + "/token-rules").body
			revision := regexp.MustCompile(`name="revision" value="(\d+)"`).FindStringSubmatch(page)
			if revision == nil {
				r.t.Fatal("the page of the rules has no revision")
			}
			return r.admin.form(administration+"/token-rules", ruleForm("revision", revision[1], "most_personal",
				fmt.Sprint(1000+mathrand.N(8000)))...)
		}, "organization.updated"},
		{"POST /tokens/:id/suspend", func(r *rig) sent { return r.admin.form("/tokens/"+r.newOwnToken()+"/suspend", "reason", "it leaked") },
			"personal_access_token.suspended"},
		{"POST /tokens/:id/resume", func(r *rig) sent {
			id := r.newOwnToken()
			if _, err := r.app.Tokens.Suspend(context.Background(), r.caller(r.t, adminEmail).Caller(), id, ""); err != nil {
				r.t.Fatal(err)
			}
			return r.admin.form("/tokens/" + id + "/resume")
		}, "personal_access_token.resumed"},
		{"POST /tokens/:id/rotate", func(r *rig) sent {
			return r.admin.form("/tokens/"+r.newOwnToken()+"/rotate", "overlap", "24h", "expiration", "same")
		}, "personal_access_token.rotated"},
		{"POST /tokens/:id/end-previous", func(r *rig) sent {
			id := r.newOwnToken()
			if _, err := r.app.Tokens.Rotate(context.Background(), r.caller(r.t, adminEmail).Caller(), id,
				token.Rotation{Overlap: token.DefaultOverlap}); err != nil {
				r.t.Fatal(err)
			}
			return r.admin.form("/tokens/" + id + "/end-previous")
		}, "personal_access_token.updated"},
		{"POST " + sats + "/organization", func(r *rig) sent {
			return r.admin.form(sats+"/organization", "name", "siem", "expiration", "30d", "submission",
				submission(r.t, r.admin.get(sats+"/organization/new")))
		}, created},
		{"POST " + sats + "/workspace/new", func(r *rig) sent {
			form := wizardForm(r.t, r.site, r.admin)
			return sent{by: r.admin, method: http.MethodPost, path: sats + "/workspace/new", kind: formKind, body: form.Encode()}
		}, created},
		{"POST " + sats + "/:id/delete", func(r *rig) sent { return r.filled(sats + "/:id/delete") }, "service_access_token.deleted"},
		{"POST " + inventory + "/delete", func(r *rig) sent {
			return r.admin.form(inventory+"/delete", "token", r.madeToken("gone 1"), "token", r.madeToken("gone 2"))
		}, "service_access_token.deleted service_access_token.deleted"},
		{"POST " + inventory + "/suspend", func(r *rig) sent {
			return r.admin.form(inventory+"/suspend", "token", r.madeToken("still"), "reason", "leaked?")
		}, "service_access_token.suspended"},
		{"POST " + inventory + "/resume", func(r *rig) sent {
			id := r.madeToken("again")
			if _, err := r.app.Tokens.Suspend(context.Background(), r.caller(r.t, adminEmail).Caller(), id, ""); err != nil {
				r.t.Fatal(err)
			}
			return r.admin.form(inventory+"/resume", "token", id)
		}, "service_access_token.resumed"},
		{"POST " + inventory + "/shorten", func(r *rig) sent {
			return r.admin.form(inventory+"/shorten", "token", r.madeToken("short"), "expiration", "7d")
		}, "service_access_token.updated"},
		{"POST " + clients, func(r *rig) sent {
			return r.admin.form(clients, "name", "Billing", "submission", submission(r.t, r.admin.get(clients+"/new")))
		}, "api_client.created"},
		{"POST " + clients + "/:id/delete", func(r *rig) sent { return r.filled(clients + "/:id/delete") }, "api_client.deleted"},
		{"POST " + administration + "/presets/:id/delete", func(r *rig) sent {
			return r.filled(administration + "/presets/:id/delete")
		}, "policy_preset.deleted"},
		{"POST /oauth2/revoke", func(r *rig) sent {
			made, err := r.app.Tokens.GenerateOrganization(context.Background(), r.caller(r.t, adminEmail).Caller(),
				token.NewOrganization{Name: "own end"})
			if err != nil {
				r.t.Fatal(err)
			}
			q := r.browser(r.t).form("/oauth2/revoke", "token", made.Secret.Reveal())
			q.secret = made.Secret.Reveal()
			return q
		}, "service_access_token.deleted"},
	}
}

// ruleForm returns the fields of the page "Token rules" without rules, and others.
func ruleForm(pairs ...string) []string {
	return append([]string{"personal_longest", "", "personal_options", "forever", "personal_default", "", "makers", "everybody", "groups", "",
		"personal_scopes", "read_write", "service_longest", "", "service_options", "forever", "service_default", "", "unused_days", "",
		"all_options", "rotate"}, pairs...)
}

// madeToken makes an organization token and returns its id.
func (r *rig) madeToken(name string) string {
	r.t.Helper()
	made, err := r.app.Tokens.GenerateOrganization(context.Background(), r.caller(r.t, adminEmail).Caller(),
		token.NewOrganization{Name: name + rand.Text()})
	if err != nil {
		r.t.Fatal(err)
	}
	return made.ID
}

// filled posts an empty form to a route whose parameters are made for it.
func (r *rig) filled(route string, pairs ...string) sent {
	r.t.Helper()
	return r.admin.form(r.fill(r.t, route), pairs...)
}

// selfActs are what a token does to itself.
func selfActs() []act {
	return []act{
		{"POST /v2/token/rotate", func(r *rig) sent {
			return sent{by: r.browser(r.t), secret: r.organization, method: http.MethodPost, path: "/v2/token/rotate",
				kind: "application/json", body: `{}`}
		}, "service_access_token.rotated"},
	}
}

// newOwnToken generates a personal token of the Admin and returns its id.
func (r *rig) newOwnToken() string {
	r.t.Helper()
	made, err := r.app.Tokens.GeneratePersonal(context.Background(), r.caller(r.t, adminEmail).Caller(),
		token.NewPersonal{Name: rand.Text(), Workspace: firstWorkspace(r.t, r.site), Scope: "read_only"})
	if err != nil {
		r.t.Fatal(err)
	}
	return made.ID
}

// anyAddresses returns ranges that allow every address of the tests, and differ each time.
func anyAddresses() string {
	return fmt.Sprintf("0.0.0.0/0 ::1 2001:db8:%x:%x::/64", mathrand.IntN(1<<16), mathrand.IntN(1<<16))
}

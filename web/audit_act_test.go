package web_test

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"latchkey/internal/access"
	"latchkey/internal/account"
	"latchkey/internal/actor"
	"latchkey/internal/demo"
	"latchkey/internal/store"
	"latchkey/internal/store/storetest"
	"latchkey/internal/token"
)

const administration = "/settings/access-management"

// profileActs are what members do to themselves.
func profileActs() []act {
	const (
		profile  = "/settings/profile"
		security = "/settings/security"
	)
	return []act{
		{"POST /sign-in", func(r *rig) sent {
			return r.browser(r.t).form("/sign-in", "email", viewerEmail, "password", demo.Password)
		}, "session.signed_in"},
		{"POST /sign-in/confirm", func(r *rig) sent {
			f := r.factored()
			half := r.browser(r.t)
			half.post("/sign-in", url.Values{"email": {f.email}, "password": {demo.Password}}).seeOther(r.t, "/sign-in/confirm?next=%2F")
			return half.form("/sign-in/confirm", "recovery_code", f.codes[0])
		}, "session.signed_in"},
		{"POST " + security + "/authenticator-apps/:id", func(r *rig) sent {
			who := r.person(access.RoleMember)
			b := r.signedIn(r.t, who.Email)
			id, code := r.app2FA(b)
			return b.form(security+"/authenticator-apps/"+id, "code", code)
		}, "user.second_factor_added"},
		{"POST " + security + "/second-factors/:id/remove", func(r *rig) sent {
			f := r.factored()
			return f.browser.form(security+"/second-factors/"+f.id+"/remove", "password", demo.Password)
		}, "user.second_factor_removed"},
		{"POST " + security + "/recovery-codes", func(r *rig) sent {
			return r.factored().browser.form(security+"/recovery-codes", "password", demo.Password)
		}, "user.recovery_codes_created"},
		{"POST /sign-out", func(r *rig) sent { return r.signedIn(r.t, viewerEmail).form("/sign-out") }, "session.signed_out"},
		{"POST " + profile + "/name", func(r *rig) sent { return r.admin.form(profile+"/name", "name", "Ada Renamed") }, "user.profile_updated"},
		{"POST " + profile + "/time-zone", func(r *rig) sent {
			return r.admin.form(profile+"/time-zone", "time_zone",
				"Asia/Kathmandu")
		}, "user.profile_updated"},
		{"POST " + profile + "/sessions/:id/end", func(r *rig) sent {
			r.signedIn(r.t, editorEmail)
			here := r.signedIn(r.t, editorEmail)
			other := regexp.MustCompile(`/sessions/([0-9A-Za-z]+)/end`).FindStringSubmatch(here.get(profile).body)
			if other == nil {
				r.t.Fatal("no other session")
			}
			return here.form(profile + "/sessions/" + other[1] + "/end")
		}, "session.signed_out"},
		{"POST " + profile + "/sessions/end-others", func(r *rig) sent {
			return r.signedIn(r.t, editorEmail).form(profile + "/sessions/end-others")
		}, "session.signed_out"},
		{"POST " + profile + "/password", func(r *rig) sent {
			return r.signedIn(r.t, viewerEmail).form(profile+"/password", "current", demo.Password, "new", "quite another password")
		}, "session.signed_out user.password_changed"},
	}
}

// memberActs are what Admins do to members.
func memberActs() []act {
	const users = administration + "/users"
	change := func(name string) func(*rig) sent {
		return func(r *rig) sent {
			return r.admin.form(users + "/" + r.newMember(r.t, r.caller(r.t, adminEmail)) + "/" + name)
		}
	}
	after := func(first, then string) func(*rig) sent {
		return func(r *rig) sent {
			member := users + "/" + r.newMember(r.t, r.caller(r.t, adminEmail)) + "/"
			if got := r.admin.post(member+first, nil); got.status != http.StatusSeeOther {
				r.t.Fatalf("%s: %d", first, got.status)
			}
			return r.admin.form(member + then)
		}
	}
	policy := func(end string) func(r *rig) string {
		return func(r *rig) string {
			return users + "/" + r.newMember(r.t, r.caller(r.t, adminEmail)) + "/policies/" + firstWorkspace(r.t, r.site) + end
		}
	}
	return []act{
		{"POST " + users + "/add-to-groups", func(r *rig) sent {
			ada := r.caller(r.t, adminEmail)
			return r.admin.form(users+"/add-to-groups", "member", r.newMember(r.t, ada), "groups", r.newGroup(r.t, ada))
		}, "group.member_added"},
		{"POST " + users + "/delete", func(r *rig) sent {
			return r.admin.form(users+"/delete", "member", r.newMember(r.t, r.caller(r.t, adminEmail)))
		}, "user.removed_from_organization"},
		{"POST " + users + "/:id/deactivate", change("deactivate"), "user.deactivated"},
		{"POST " + users + "/:id/reactivate", after("deactivate", "reactivate"), "user.reactivated"},
		{"POST " + users + "/:id/make-admin", change("make-admin"), "user.changed_permission"},
		{"POST " + users + "/:id/make-member", after("make-admin", "make-member"), "user.changed_permission"},
		{"POST " + users + "/:id/tokens/:token/delete", func(r *rig) sent {
			eli := r.caller(r.t, editorEmail)
			made, err := r.app.Tokens.GeneratePersonal(context.Background(), eli.Caller(),
				token.NewPersonal{Name: rand.Text()[:8], Workspace: firstWorkspace(r.t, r.site),
					Scope: "read_only"})
			if err != nil {
				r.t.Fatal(err)
			}
			return r.admin.form(users + "/" + eli.ID + "/tokens/" + made.ID + "/delete")
		}, "personal_access_token.deleted"},
		{"POST " + users + "/:id/sessions/:session/end", func(r *rig) sent {
			member := r.newMember(r.t, r.caller(r.t, adminEmail))
			session := storetest.SignIn(r.t, r.app.Store, member).Ref.ID
			return r.admin.form(users + "/" + member + "/sessions/" + session + "/end")
		}, "session.signed_out"},
		{"POST " + users + "/:id/sessions/end-all", func(r *rig) sent {
			member := r.newMember(r.t, r.caller(r.t, adminEmail))
			storetest.SignIn(r.t, r.app.Store, member)
			return r.admin.form(users + "/" + member + "/sessions/end-all")
		}, "session.signed_out"},
		{"POST " + users + "/:id/reset-link", change("reset-link"), "user.recovery_created"},
		{"POST " + users + "/:id/reset-second-factor", func(r *rig) sent {
			return r.admin.form(users + "/" + r.factored().member + "/reset-second-factor")
		}, "user.second_factor_reset"},
		{"POST /recover", func(r *rig) sent {
			secret := r.recovery(r.newMember(r.t, r.caller(r.t, adminEmail)))
			return r.browser(r.t).form("/recover", "secret", secret, "password", "a long enough password")
		}, "user.recovered session.signed_in"},
		{"POST " + users + "/:id/policies/:workspace", func(r *rig) sent { return r.policyForm(policy("")(r)) },
			"permission.resource_access_updated"},
		{"POST " + users + "/:id/policies/:workspace/remove", func(r *rig) sent { return r.removal(policy("")(r)) },
			"permission.deleted_user_permissions"},
	}
}

// hidden reads a hidden field of a page.
func hidden(r *rig, page answer, name string) string {
	r.t.Helper()
	m := regexp.MustCompile(`name="` + name + `" value="([^"]*)"`).FindStringSubmatch(page.body)
	if m == nil {
		r.t.Fatalf("no field %s on the page (%d): %.300s", name, page.status, page.body)
	}
	return m[1]
}

// policyForm grants something in a policy's editor.
func (r *rig) policyForm(at string) sent {
	page := r.admin.get(at)
	return r.admin.form(at, "step", "save", "policy_id", hidden(r, page, "policy_id"), "version",
		hidden(r, page, "version"), "grant", "table:connect")
}

// removal takes a policy away.
func (r *rig) removal(at string) sent {
	page := r.admin.get(at + "/remove")
	return r.admin.form(at+"/remove", "policy_id", hidden(r, page, "policy_id"), "version", hidden(r, page, "version"))
}

// invitationActs are about inviting and joining.
func invitationActs() []act {
	const invitations = administration + "/invitations"
	form := func(r *rig) []string {
		return []string{"emails", strings.ToLower(rand.Text()) + "@acme.example", "role", "member", "workspaces", firstWorkspace(r.t, r.site),
			"groups", r.newGroup(r.t, r.caller(r.t, adminEmail))}
	}
	return []act{
		{"POST " + invitations + "/new", func(r *rig) sent { return r.admin.form(invitations+"/new", form(r)...) }, "user_invitation.created"},
		{"POST " + invitations + "/:id/resend", func(r *rig) sent { return r.filled(invitations + "/:id/resend") }, "user_invitation.updated"},
		{"POST " + invitations + "/:id/delete", func(r *rig) sent { return r.filled(invitations + "/:id/delete") }, "user_invitation.deleted"},
		{"POST /accept-invitation", func(r *rig) sent {
			return r.browser(r.t).form("/accept-invitation", "secret", r.invited(form(r)...), "name", "Nora",
				"password", "a long enough password")
		}, "user_invitation.updated user.added_to_organization group.member_added session.signed_in"},
	}
}

// invited sends the form "Invite users" and returns the secret in the link.
func (r *rig) invited(form ...string) string {
	r.t.Helper()
	page := r.send(r.admin.form(administration+"/invitations/new", form...))
	_, rest, found := strings.Cut(page.body, "/accept-invitation#secret=")
	if !found {
		r.t.Fatalf("no link: %d", page.status)
	}
	return rest[:43]
}

// recovery makes a link that sets a member's password and returns its secret.
func (r *rig) recovery(member string) string {
	r.t.Helper()
	page := r.send(r.admin.form(administration + "/users/" + member + "/reset-link"))
	_, rest, found := strings.Cut(page.body, "/recover#secret=")
	if !found {
		r.t.Fatalf("no link: %d", page.status)
	}
	return rest[:43]
}

// groupActs are about groups.
func groupActs() []act {
	const groups = administration + "/groups"
	policy := func(r *rig) string {
		return groups + "/" + r.newGroup(r.t, r.caller(r.t, adminEmail)) + "/policies/" + firstWorkspace(r.t, r.site)
	}
	return []act{
		{"POST " + groups + "/new", func(r *rig) sent {
			return r.admin.form(groups+"/new", "step", "create", "name", "Deployers", "workspaces", firstWorkspace(r.t, r.site))
		}, "group.created"},
		{"POST " + groups + "/:id/edit", func(r *rig) sent {
			return r.filled(groups+"/:id/edit", "name", "Renamed",
				"description", "New")
		}, "group.updated"},
		{"POST " + groups + "/:id/delete", func(r *rig) sent { return r.filled(groups + "/:id/delete") }, "group.deleted"},
		{"POST " + groups + "/:id/members/new", func(r *rig) sent {
			return r.filled(groups+"/:id/members/new", "member", r.caller(r.t, editorEmail).ID)
		}, "group.member_added"},
		{"POST " + groups + "/:id/members/remove", func(r *rig) sent {
			group, eli := r.newGroup(r.t, r.caller(r.t, adminEmail)), r.caller(r.t, editorEmail).ID
			if err := r.app.Store.InTx(context.Background(), actor.System(""),
				func(tx *store.Tx) error { return tx.AddToGroup(context.Background(), group, eli) }); err != nil {
				r.t.Fatal(err)
			}
			return r.admin.form(groups+"/"+group+"/members/remove", "member", eli)
		}, "group.member_removed"},
		{"POST " + groups + "/:id/policies/:workspace", func(r *rig) sent { return r.policyForm(policy(r)) }, "policy.updated"},
		{"POST " + groups + "/:id/policies/:workspace/remove", func(r *rig) sent { return r.removal(policy(r)) }, "policy.deleted"},
	}
}

// organizationActs are about workspaces and what holds for everybody in them.
func organizationActs() []act {
	const (
		workspaces = "/settings/workspaces"
		baselines  = administration + "/baseline-policies"
		switching  = administration + "/provisioning"
		signInPage = administration + "/sign-in"
	)
	return []act{
		{"POST " + administration + "/sign-in/second-factor", func(r *rig) sent {
			r.exec(`UPDATE sessions SET proven_by = 'factor'`) // otherwise it would lock the Admin out
			return r.admin.form(administration+"/sign-in/second-factor", "who", "admins", "date", "2126-01-01")
		}, "organization.updated"},
		{"POST " + workspaces + "/new", func(r *rig) sent {
			return r.admin.form(workspaces+"/new", "name", "Sandbox", "environment", string(account.Development), "region", "US")
		}, "workspace.created"},
		{"POST " + workspaces + "/:id/edit", func(r *rig) sent {
			return r.filled(workspaces+"/:id/edit", "name", "Renamed", "environment", string(account.Development), "region", "US")
		}, "workspace.updated"},
		{"POST " + workspaces + "/:id/delete", func(r *rig) sent {
			name := rand.Text()
			w, err := r.app.Accounts.Workspaces.Create(context.Background(), r.caller(r.t, adminEmail).Caller(),
				account.WorkspaceSettings{Name: name, Environment: account.Development, Region: "US"})
			if err != nil {
				r.t.Fatal(err)
			}
			return r.admin.form(workspaces+"/"+w.ID+"/delete", "name", name)
		}, "workspace.deleted"},
		{"POST " + baselines + "/:workspace", func(r *rig) sent {
			return r.policyForm(baselines + "/" +
				firstWorkspace(r.t, r.site))
		}, "policy.updated"},
		{"POST " + signInPage + "/emails", func(r *rig) sent {
			r.must(r.app.SignIn.Mute(context.Background(), r.caller(r.t, adminEmail).Caller(), nil))
			return r.admin.form(signInPage+"/emails", "emails_sent", "recovered")
		}, "organization.updated"},
		{"POST " + switching, func(r *rig) sent { return r.admin.form(switching, "switch", "off") }, "organization.updated"},
		{"POST " + switching, func(r *rig) sent { return r.admin.form(switching, "switch", "on") }, "organization.updated"},
	}
}

// made creates something as the workspace token and returns its id.
func (r *rig) made(path, body string) string {
	r.t.Helper()
	got := r.send(r.call(http.MethodPost, path, body))
	var object map[string]json.RawMessage
	if got.status != http.StatusOK || json.Unmarshal([]byte(got.body), &object) != nil {
		r.t.Fatalf("POST %s: %d %s", path, got.status, got.body)
	}
	return idIn(r, object)
}

// idIn is the id of an object, or of the one that it wraps.
func idIn(r *rig, object map[string]json.RawMessage) string {
	var id string
	if json.Unmarshal(object["id"], &id) == nil {
		return id
	}
	for _, inner := range object {
		var wrapped map[string]json.RawMessage
		if json.Unmarshal(inner, &wrapped) == nil && json.Unmarshal(wrapped["id"], &id) == nil {
			return id
		}
	}
	r.t.Fatalf("no id in %s", object)
	return ""
}

// thing is a type of resource as the API has it.
type thing struct{ path, body, change, event string }

// resourceActs are those of the workspace API.
func resourceActs() []act {
	source := thing{"/v2/sources", `{"name":"Web shop","type":"Javascript","enabled":true}`,
		`{"name":"Shop","type":"Javascript","enabled":false}`, "source"}
	destination := thing{"/v2/destinations", `{"name":"Warehouse","type":"POSTGRES","enabled":true}`,
		`{"name":"Lake","type":"POSTGRES","enabled":false}`, "destination"}
	plan := thing{"/v2/catalog/tracking-plans", `{"name":"Checkout"}`, `{"name":"Purchase"}`, "tracking_plan"}
	script := thing{"/transformations", `{"name":"Mask","code":"export function transformEvent(e) { return e }","language":"javascript"}`,
		`{"name":"Hide","code":"export function transformEvent(e) { return null }","language":"javascript"}`, "transformation"}
	library := thing{"/libraries", `{"name":"geo-lookup","code":"export const x = 1","language":"javascript"}`,
		`{"name":"geo-lookup","code":"export const x = 2","language":"javascript"}`, "transformation_library"}
	acts := scriptActs(script, library)
	for _, k := range []thing{source, destination, plan, script, library} {
		update := http.MethodPut
		if k == script || k == library {
			update = http.MethodPost
		}
		acts = append(acts,
			act{"POST " + k.path, func(r *rig) sent { return r.call(http.MethodPost, k.path, k.body) }, k.event + ".created"},
			act{update + " " + k.path + "/:id", func(r *rig) sent {
				return r.call(update,
					k.path+"/"+r.made(k.path, unique(k.body)), unique(k.change))
			}, k.event + ".updated"},
			act{"DELETE " + k.path + "/:id", func(r *rig) sent {
				return r.call(http.MethodDelete,
					k.path+"/"+r.made(k.path, unique(k.body)), "")
			}, k.event + ".deleted"},
			act{"PUT " + k.path + "/:id/external-id", func(r *rig) sent {
				return r.call(http.MethodPut, k.path+"/"+r.made(k.path, unique(k.body))+"/external-id", `{"externalId":"`+rand.Text()+`"}`)
			}, k.event + ".updated"})
	}
	return append(acts, linkActs(source, destination, plan, script)...)
}

// unique gives a thing a name that no other one has.
func unique(body string) string {
	return regexp.MustCompile(`"name":"([^"]*)"`).ReplaceAllString(body, `"name":"$1 `+rand.Text()[:6]+`"`)
}

func scriptActs(script, library thing) []act {
	publish := func(path string) act {
		return act{"POST " + path, func(r *rig) sent {
			id := r.made(script.path, unique(script.body))
			version := r.send(r.call(http.MethodGet, script.path+"/"+id, ""))
			var found struct{ VersionID string }
			if err := json.Unmarshal([]byte(version.body), &found); err != nil {
				r.t.Fatal(err)
			}
			return r.call(http.MethodPost, path, `{"transformations":[{"versionId":"`+found.VersionID+`"}]}`)
		}, "transformation.published"}
	}
	return []act{publish(script.path + "/publish"), publish(script.path + library.path + "/publish")}
}

// linkActs join things and part them.
func linkActs(source, destination, plan, script thing) []act {
	const connections = "/v2/connections"
	ends := func(r *rig) string {
		return `{"sourceId":"` + r.made(source.path, unique(source.body)) + `","destinationId":"` +
			r.made(destination.path, unique(destination.body)) + `","enabled":true}`
	}
	connection := func(r *rig) string { return connections + "/" + r.made(connections, ends(r)) }
	attachment := func(r *rig) sent {
		return r.call(http.MethodPut, destination.path+"/"+r.made(destination.path, unique(destination.body))+"/transformation",
			`{"transformationId":"`+r.made(script.path+"?publish=true", unique(script.body))+`"}`)
	}
	link := func(r *rig) sent {
		return r.call(http.MethodPost, plan.path+"/"+r.made(plan.path, unique(plan.body))+"/sources/"+r.made(source.path,
			unique(source.body)), `{}`)
	}
	// done is the path of something that q has made.
	done := func(r *rig, q sent) string {
		if got := r.send(q); got.status != http.StatusOK {
			r.t.Fatalf("%s %s: %d %s", q.method, q.path, got.status, got.body)
		}
		return q.path
	}
	return []act{
		{"POST " + connections, func(r *rig) sent { return r.call(http.MethodPost, connections, ends(r)) },
			"connection.created source.connected_destination destination.connected_source"},
		{"PUT " + connections + "/:id", func(r *rig) sent {
			return r.call(http.MethodPut, connection(r),
				`{"enabled":false}`)
		}, "connection.updated"},
		{"PUT " + connections + "/:id/external-id", func(r *rig) sent {
			return r.call(http.MethodPut, connection(r)+"/external-id", `{"externalId":"mine"}`)
		}, "connection.updated"},
		{"DELETE " + connections + "/:id", func(r *rig) sent { return r.call(http.MethodDelete, connection(r), "") },
			"connection.deleted source.disconnected_destination destination.disconnected_source"},
		{"PUT " + destination.path + "/:id/transformation", attachment, "destination.connected_transformation"},
		{"DELETE " + destination.path + "/:id/transformation", func(r *rig) sent {
			return r.call(http.MethodDelete,
				done(r, attachment(r)), "")
		}, "destination.disconnected_transformation"},
		{"POST " + plan.path + "/:id/sources/:source", link, "tracking_plan.connected_source source.connected_tracking_plan"},
		{"PUT " + plan.path + "/:id/sources/:source", func(r *rig) sent {
			return r.call(http.MethodPut, done(r, link(r)), `{"config":{"track":{"allowUnplannedEvents":"false"}}}`)
		}, "tracking_plan.updated"},
		{"DELETE " + plan.path + "/:id/sources/:source", func(r *rig) sent {
			return r.call(http.MethodDelete,
				done(r, link(r)), "")
		}, "tracking_plan.disconnected_source source.disconnected_tracking_plan"},
	}
}

// scimActs are those of the identity provider.
func scimActs() []act {
	user := func(active string) string {
		return `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"` + strings.ToLower(rand.Text()) +
			`@acme.example","displayName":"Nora","active":` + active + `}`
	}
	group := func(members string) string {
		return `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"],"displayName":"` + rand.Text() + `","members":[` + members + `]}`
	}
	patch := func(operations string) string {
		return `{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[` + operations + `]}`
	}
	made := func(r *rig, path, body string) (at, text string) {
		got := r.send(r.provide(http.MethodPost, path, body))
		var object map[string]json.RawMessage
		if got.status != http.StatusCreated || json.Unmarshal([]byte(got.body), &object) != nil {
			r.t.Fatalf("POST %s: %d %s", path, got.status, got.body)
		}
		return path + "/" + idIn(r, object), got.body
	}
	return []act{
		{"POST /scim/v2/Users", func(r *rig) sent { return r.provide(http.MethodPost, "/Users", user("true")) }, "user.added_to_organization"},
		{"PUT /scim/v2/Users/:id", func(r *rig) sent {
			at, text := made(r, "/Users", user("true"))
			return r.provide(http.MethodPut, at, strings.Replace(text, `"Nora"`, `"Nora N."`, 1))
		}, "user.profile_updated"},
		{"PATCH /scim/v2/Users/:id", func(r *rig) sent {
			at, _ := made(r, "/Users", user("true"))
			return r.provide(http.MethodPatch, at, patch(`{"op":"replace","value":{"active":false}}`))
		}, "user.deactivated"},
		{"DELETE /scim/v2/Users/:id", func(r *rig) sent {
			at, _ := made(r, "/Users", user("true"))
			return r.provide(http.MethodDelete, at, "")
		}, "user.deactivated"},
		{"POST /scim/v2/Groups", func(r *rig) sent { return r.provide(http.MethodPost, "/Groups", group("")) }, "group.created"},
		{"PUT /scim/v2/Groups/:id", func(r *rig) sent {
			at, text := made(r, "/Groups", group(""))
			return r.provide(http.MethodPut, at, strings.Replace(text, `"displayName":"`, `"displayName":"New `, 1))
		}, "group.updated"},
		{"PATCH /scim/v2/Groups/:id", func(r *rig) sent {
			at, _ := made(r, "/Groups", group(""))
			member, _ := made(r, "/Users", user("true"))
			return r.provide(http.MethodPatch, at,
				patch(`{"op":"add","path":"members","value":[{"value":"`+strings.TrimPrefix(member, "/Users/")+`"}]}`))
		}, "group.member_added"},
		{"DELETE /scim/v2/Groups/:id", func(r *rig) sent {
			at, _ := made(r, "/Groups", group(""))
			return r.provide(http.MethodDelete, at, "")
		}, "group.deleted"},
	}
}

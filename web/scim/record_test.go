package scim_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"latchkey/internal/access"
	"latchkey/internal/account"
	"latchkey/internal/actor"
	"latchkey/internal/audit"
	"latchkey/internal/store"
	"latchkey/internal/token"
)

// told is what a request left in the audit log.
type told struct {
	Events string // "target action", one after the other
	ID     string // of the last one's target
	Name   string // of it
}

// tells sends a request and returns what it left there; each event must be the token's own.
func (w *world) tells(t *testing.T, status int, method, path, body string, header ...string) told {
	t.Helper()
	before := len(w.log(w.satID))
	w.want(status, method, path, body, header...)
	var out told
	for _, e := range w.log(w.satID)[before:] {
		out.Events = strings.TrimSpace(out.Events + " " + string(e.Target.Type) + " " + string(e.Action))
		out.ID, out.Name = e.Target.ID, e.Target.Name
		if e.ActorType != audit.ServiceAccessToken || e.ActorID != w.satID || e.TokenID != w.satID ||
			e.ActorName != "identity provider" || e.Origin.IP == "" ||
			e.Origin.UserAgent != "Okta SCIM Client 1.0.0" {
			t.Errorf("%s %s: the event is not the token's: %+v", method, path, e)
		}
	}
	return out
}

// TestAudit_EveryRequestLeavesOneEvent walks through every kind of outcome: what changes
// something tells of that and of nothing else, all other requests of themselves.
func TestAudit_EveryRequestLeavesOneEvent(t *testing.T) {
	w := newWorld(t)
	user := w.want(201, "POST", "/Users", oktaUser("x@acme.example", "X", "Y", "1"))
	id, etag := user.text("id"), user.header.Get("ETag")
	group := w.want(201, "POST", "/Groups", groupStart+`"displayName":"G"}`).text("id")
	add := patch(`{"op":"add","path":"members","value":[{"value":"` + id + `"}]}`)
	title := patch(`{"op":"replace","path":"title","value":"Dr"}`)
	const read, unchanged, refused, provisioned = "scim_request read", "scim_request unchanged", "scim_request refused", "user provisioned"
	for _, c := range []struct {
		status             int
		method, path, body string
		header             []string
		want               told
	}{
		{200, "GET", "/Users", "", nil, told{read, "", "GET /Users"}},
		{200, "GET", `/Users?filter=userName eq "x@acme.example"`, "", nil, told{read, "", "GET /Users"}},
		{200, "POST", "/Users/.search", `{"schemas":["urn:ietf:params:scim:api:messages:2.0:SearchRequest"]}`, nil,
			told{read, "", "POST /Users/.search"}},
		{200, "GET", "/Users/" + id, "", nil, told{read, id, "GET /Users x@acme.example"}},
		{304, "GET", "/Users/" + id, "", []string{"If-None-Match", etag}, told{read, id, "GET /Users x@acme.example"}},
		{200, "GET", "/Groups/" + group, "", nil, told{read, group, "GET /Groups G"}},
		{200, "GET", "/Schemas", "", nil, told{read, "", "GET /Schemas"}},
		{200, "GET", "/ServiceProviderConfig/", "", nil, told{read, "", "GET /ServiceProviderConfig/"}},

		{200, "PATCH", "/Users/" + id, title, nil, told{provisioned, id, "X Y"}},
		{200, "PATCH", "/Users/" + id, title, nil, told{unchanged, id, "PATCH /Users x@acme.example"}},
		{200, "PATCH", "/Users/" + id, patch(`{"op":"replace","path":"displayName","value":"Z"}`), nil, told{"user profile_updated", id, "Z"}},
		{204, "PATCH", "/Groups/" + group, add, nil, told{"group member_added", group, "G"}},
		{204, "PATCH", "/Groups/" + group, add, nil, told{unchanged, group, "PATCH /Groups G"}},
		{201, "POST", "/Users", strings.Replace(oktaUser("ada@acme.example", "A", "B", "2"), `"displayName":"A B"`,
			`"displayName":"Ada"`, 1), nil, told{provisioned, w.admin.ID, "Ada"}},

		{404, "GET", "/Users/nobody", "", nil, told{refused, "nobody", "GET /Users/nobody"}},
		{409, "POST", "/Users", oktaUser("x@acme.example", "X", "Y", "1"), nil, told{refused, "", "POST /Users x@acme.example"}},
		{400, "POST", "/Users", `{`, nil, told{refused, "", "POST /Users"}},
		{400, "GET", "/Users?filter=nonsense", "", nil, told{refused, "", "GET /Users"}},
		{409, "PATCH", "/Users/" + id, patch(`{"op":"replace","path":"userName","value":"ada@acme.example"}`), nil,
			told{refused, id, "PATCH /Users x@acme.example"}},
		{412, "DELETE", "/Users/" + id, "", []string{"If-Match", `"old"`}, told{refused, id, "DELETE /Users x@acme.example"}},
		{404, "GET", "/Devices/7", "", nil, told{refused, "", "GET /Devices/7"}},
		{405, "DELETE", "/Users", "", nil, told{refused, "", "DELETE /Users"}},
		{415, "POST", "/Users", "userName=x", []string{"Content-Type", "application/x-www-form-urlencoded"}, told{refused, "", "POST /Users"}},
		{501, "POST", "/Bulk", "{}", nil, told{"scim_request failed", "", "POST /Bulk"}},
		{409, "DELETE", "/Users/" + w.admin.ID, "", nil, told{refused, w.admin.ID, "DELETE /Users ada@acme.example"}},

		{200, "PATCH", "/Users/" + id, patch(`{"op":"replace","path":"userName","value":"q@acme.example"}`), nil,
			told{"user profile_updated", id, "Z"}},
		{200, "PATCH", "/Users/" + id, patch(`{"op":"replace","path":"active","value":false}`), nil, told{"user deactivated", id, "Z"}},
		{204, "DELETE", "/Groups/" + group, "", nil, told{"group deleted", group, "G"}},
		{204, "DELETE", "/Users/" + id, "", nil, told{provisioned, id, "Z"}},
	} {
		if diff := cmp.Diff(c.want, w.tells(t, c.status, c.method, c.path, c.body, c.header...)); diff != "" {
			t.Errorf("%s %s: %s", c.method, c.path, diff)
		}
	}
	before := len(w.log(w.satID))
	w.must(w.audit.Flush(w.ctx))
	if more := w.log(w.satID)[before:]; len(more) > 0 {
		t.Errorf("what was refused is told twice: %+v", more)
	}
}

func TestAudit_SaysWhyARequestWasRefused(t *testing.T) {
	w := newWorld(t)
	w.want(201, "POST", "/Users", oktaUser("x@acme.example", "X", "Y", "1"))
	w.problem(409, "uniqueness", "POST", "/Users", oktaUser("X@acme.example", "X", "Y", "1"))
	log := w.log(w.satID)
	var got map[string]any
	w.must(json.Unmarshal([]byte(log[len(log)-1].After), &got))
	want := map[string]any{"request": "POST /Users", "subject": "X@acme.example", "status": 409.0, "scimType": "uniqueness",
		"reason": "The user x@acme.example is provisioned already."}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// TestAudit_NamesWhatChangedWithoutItsValue holds that what only the provider cares for is in
// the log by name: its values cannot be taken out again.
func TestAudit_NamesWhatChangedWithoutItsValue(t *testing.T) {
	w := newWorld(t)
	id := w.want(201, "POST", "/Users", oktaUser("x@acme.example", "X", "Y", "1")).text("id")
	w.want(200, "PATCH", "/Users/"+id,
		patch(`{"op":"add","path":"phoneNumbers","value":[{"value":"555-0100","type":"work"}]}`, `{"op":"remove","path":"locale"}`))
	log := w.log(w.satID)
	last := log[len(log)-1]
	if last.Action != audit.Provisioned || last.After != `{"attributes":["locale","phoneNumbers"],"provisioned":true}` {
		t.Errorf("told %s", last.After)
	}
	for _, e := range log {
		if strings.Contains(e.Before+e.After+e.Target.Name, "555-0100") {
			t.Errorf("the number is in the log: %+v", e)
		}
	}
}

// TestRecord_KeepsNoSecretThatAClientPutsWhereNoneBelongs looks for secrets in all that stays.
func TestRecord_KeepsNoSecretThatAClientPutsWhereNoneBelongs(t *testing.T) {
	w := newWorld(t)
	const password = "hunter2-hunter2"
	w.ask("GET", "/Users?access_token="+w.sat+"&count=1", "")
	w.ask("GET", "/Users/"+w.sat, "")
	w.ask("GET", "/"+w.sat, "")
	w.ask("GET", `/Users?filter=userName eq "`+w.sat+`"`, "")
	w.ask("GET", `/Users?filter=password eq "`+password+`"`, "")
	w.ask("POST", "/Users", userStart+`"userName":"`+w.sat+`","password":"`+password+`"}`)
	requests, err := w.provision.Requests(w.ctx, w.admin, false, 100)
	w.must(err)
	var kept strings.Builder
	for _, r := range requests {
		kept.WriteString(strings.Join([]string{r.Path, r.Subject, r.Detail}, "\n"))
	}
	for _, e := range w.log(w.satID) {
		kept.WriteString(strings.Join([]string{e.Target.ID, e.Target.Name, e.Before, e.After}, "\n"))
	}
	if len(requests) != 6 || strings.Contains(kept.String(), w.sat[6:]) || strings.Contains(kept.String(), password) {
		t.Errorf("%d requests; kept: %s", len(requests), kept.String())
	}
	if !strings.Contains(kept.String(), "/Users?count=1") || !strings.Contains(kept.String(), `userName eq "lkoat_…"`) {
		t.Errorf("what is no secret is gone, too: %s", kept.String())
	}
}

// TestTokens_OfTheWrongKindDoNotFillTheList holds that whoever has a token of another kind
// cannot push out the failures that an Admin looks for, and that its attempts are in the log.
func TestTokens_OfTheWrongKindDoNotFillTheList(t *testing.T) {
	w := newWorld(t)
	w.problem(404, "", "GET", "/Users/nobody", "")
	id, workspace := w.token(token.Token{Kind: token.Workspace, Workspace: w.main, Policy: access.Policy{}, Name: "ci"})
	for range 250 {
		w.askAs(workspace, "GET", "/Users", "")
	}
	failed, err := w.provision.Requests(w.ctx, w.admin, true, 1000)
	w.must(err)
	if len(failed) != 4 || failed[3].Path != "/Users/nobody" || failed[0].Status != 401 || failed[0].TokenName != "ci" ||
		failed[0].Detail == "" {
		t.Errorf("listed: %+v", failed)
	}
	w.must(w.audit.Flush(w.ctx))
	log := w.log(id)
	if len(log) != 1 || log[0].Action != audit.AccessDenied || log[0].ActorType != audit.ServiceAccessToken ||
		!strings.Contains(log[0].After, `"attempts":250`) {
		t.Errorf("in the log: %+v", log)
	}
}

// TestHome_ShowsChangesAndNotWhatProvidersAsk holds that reading does not push out what happened.
func TestHome_ShowsChangesAndNotWhatProvidersAsk(t *testing.T) {
	w := newWorld(t)
	w.want(201, "POST", "/Users", oktaUser("x@acme.example", "X", "Y", "1"))
	for range 20 {
		w.want(200, "GET", "/Users", "")
	}
	events, err := w.accounts.Organizations.RecentActivity(w.ctx, w.admin, 1)
	w.must(err)
	if len(events) != 1 || events[0].Action != audit.AddedToOrganization {
		t.Errorf("newest: %+v", events)
	}
}

// TestAudit_IsNotFloodedByATokenThatMayNotProvision holds that whoever has an organization
// token cannot fill the log, nor the list, while nobody may provision at all.
func TestAudit_IsNotFloodedByATokenThatMayNotProvision(t *testing.T) {
	for name, close := range map[string]func(w *world){
		"switched off": func(w *world) { w.must(w.provision.Enable(w.ctx, w.admin.Caller(), false)) },
		"not included": func(w *world) {
			w.must(w.store.InTx(w.ctx, actor.System(""), func(tx *store.Tx) error {
				return tx.InsertOrganization(w.ctx, account.Organization{ID: "small", Name: "Small", Plan: access.PlanGrowth,
					SCIMEnabled: true, CreatedAt: tx.Now()})
			}))
			w.org, w.admin.Organization = "small", "small"
			w.satID, w.sat = w.token(token.Token{Kind: token.Organization, Name: "identity provider"})
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			close(w)
			for range 250 {
				w.want(403, "GET", "/Users", "")
			}
			failed, err := w.provision.Requests(w.ctx, w.admin, true, 1000)
			w.must(err)
			if len(failed) != 3 || failed[0].Status != 403 || failed[0].TokenName != "identity provider" ||
				!strings.Contains(failed[0].Detail, "SCIM provisioning") {
				t.Errorf("%d listed: %+v", len(failed), failed[:min(len(failed), 3)])
			}
			w.must(w.audit.Flush(w.ctx))
			log := w.log(w.satID)
			if len(log) != 1 || log[0].Target.Type != audit.TargetServiceToken || log[0].Action != audit.AccessDenied ||
				!strings.Contains(log[0].After, `"attempts":250`) {
				t.Errorf("%d events, the last: %+v", len(log), log[len(log)-1:])
			}
		})
	}
}

package api_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"latchkey/internal/access"
	"latchkey/internal/actor"
	"latchkey/internal/audit"
	"latchkey/internal/store"
	"latchkey/internal/token"
)

const auditLogs = "/v2/audit-logs"

// happen writes n events a second apart, every third in the main workspace.
func (o *office) happen(n int) {
	o.Helper()
	by := o.admin
	by.Origin = actor.Origin{IP: "198.51.100.7", UserAgent: "Firefox", RequestID: "request-1"}
	for i := range n {
		o.clock.Add(time.Second.Milliseconds())
		target := audit.Target{Type: audit.TargetGroup, ID: fmt.Sprint("group-", i), Name: "Analysts"}
		if i%3 == 0 {
			target = audit.Target{Type: audit.TargetSource, ID: fmt.Sprint("source-", i), Name: "Web shop", Workspace: o.main}
		}
		o.must(o.store.InTx(o.ctx, actor.System(""), func(tx *store.Tx) error {
			return tx.AppendEvent(o.ctx,
				audit.Did(by, audit.Created, target))
		}))
	}
}

// organizationToken is the secret of a service token of the organization.
func (o *office) organizationToken() string {
	o.Helper()
	_, secret := o.insert(token.Token{Kind: token.Organization})
	return secret
}

// entries are the ids of an answer, and its next path.
func (o *office) entries(a answer) (ids []string, next string, total float64) {
	o.Helper()
	if a.status != http.StatusOK {
		o.Fatalf("%d %s", a.status, a.body)
	}
	body := o.object(a)
	for _, item := range body["data"].([]any) {
		ids = append(ids, item.(map[string]any)["id"].(string))
	}
	paging := body["paging"].(map[string]any)
	next, _ = paging["next"].(string)
	return ids, next, paging["total"].(float64)
}

// idsIn lists the log's ids, oldest first.
func (o *office) idsIn(f audit.Filter) []string {
	o.Helper()
	f.Organization = o.org
	var ids []string
	o.must(o.store.EachEvent(o.ctx, f, func(e audit.Event) error { ids = append(ids, e.ID); return nil }))
	return ids
}

func TestAuditLogs_BodyIsTheFamilys(t *testing.T) {
	o := newOffice(t)
	secret := o.organizationToken()
	start := o.now()
	o.happen(4)
	a := o.call(secret, http.MethodGet, auditLogs+"?per_page=2&created_after="+url.QueryEscape(start.Format(time.RFC3339)), "")
	// Ids are made anew by each run; what they name must stay the same.
	named := map[string]string{o.org: "ORGANIZATION", o.main: "WORKSPACE", o.admin.ID: "ADMIN"}
	for i, id := range o.idsIn(audit.Filter{From: start.Add(time.Millisecond)}) {
		named[id] = fmt.Sprint("EVENT-", i+1)
	}
	got := regexp.MustCompile(`[0-9A-Za-z]{27}`).ReplaceAllStringFunc(a.body, func(id string) string { return named[id] })
	const path = "testdata/audit_logs.golden"
	want, err := os.ReadFile(path)
	o.must(err)
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("the body (-want +got)\n%s", diff)
	}
	if a.header.Get("Content-Type") != "application/json" || a.header.Get("Cache-Control") != "no-store" {
		t.Errorf("headers %v", a.header)
	}
}

func TestAuditLogs_SaysWhatTheClockSaidOnceItWasSetBack(t *testing.T) {
	o := newOffice(t)
	secret, start := o.organizationToken(), o.now()
	o.happen(1)
	o.clock.Add(-time.Hour.Milliseconds())
	o.happen(1)
	a := o.call(secret, http.MethodGet, auditLogs+"?created_after="+url.QueryEscape(start.Add(time.Millisecond).Format(time.RFC3339Nano)), "")
	data := o.object(a)["data"].([]any)
	if len(data) != 2 {
		t.Fatal(a.body)
	}
	first, second := data[0].(map[string]any), data[1].(map[string]any)
	if _, ok := first["clockTime"]; ok || first["createdAt"].(string) >= second["createdAt"].(string) ||
		second["clockTime"] != audit.FormatTime(start.Add(2*time.Second-time.Hour)) {
		t.Error(a.body)
	}
}

// TestAuditLogs_EveryKindOfBody holds whole bodies against testdata/audit_logs_bodies.golden, one a line.
func TestAuditLogs_EveryKindOfBody(t *testing.T) {
	o := newOffice(t)
	secret := o.organizationToken()
	_, workspaceToken := o.service(nil)
	start := o.now()
	o.happen(1)
	after := "&created_after=" + url.QueryEscape(start.Add(time.Millisecond).Format("2006-01-02T15:04:05.000Z07:00"))
	events := o.idsIn(audit.Filter{From: start.Add(2 * time.Millisecond)})
	ids := strings.NewReplacer(o.org, "ORGANIZATION", o.main, "WORKSPACE", o.admin.ID, "ADMIN", events[len(events)-1], "EVENT")
	var got strings.Builder
	for _, ask := range []struct{ name, secret, query string }{
		{"the last page", secret, "?per_page=1" + after}, {"nothing new", secret,
			"?created_after=2999-01-01"}, {"a workspace without events", secret, "?workspace_id=nowhere"},
		{"mistakes", secret, "?per_page=0&created_after=yesterday&after_cursor=nobody"}, {"no such cursor", secret, "?after_cursor=nobody"},
		{"another level", workspaceToken, ""}, {"an unknown token", "lkoat_x", ""}, {"no token", "", ""},
	} {
		a := o.call(ask.secret, http.MethodGet, auditLogs+ask.query, "")
		fmt.Fprintf(&got, "%s: %d %s\n", ask.name, a.status, ids.Replace(strings.TrimSpace(a.body)))
	}
	want, err := os.ReadFile("testdata/audit_logs_bodies.golden")
	o.must(err)
	if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(got.String(), "\n")); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestAuditLogs_OnlyAnOrganizationTokenReadsThem(t *testing.T) {
	o := newOffice(t)
	_, workspaceToken := o.service(access.BuiltIn().Everything())
	_, personal := o.personal(o.member("reader", access.BuiltIn().Everything()), access.ScopeReadWrite)
	for name, secret := range map[string]string{"no token": "", "a workspace token": workspaceToken,
		"a personal token": personal, "a made-up token": "lkoat_x"} {
		// What else is wrong with the request is not said to them.
		for _, query := range []string{"", "?per_page=0"} {
			a := o.call(secret, http.MethodGet, auditLogs+query, "")
			if a.status != http.StatusUnauthorized || !strings.Contains(a.body, `"code":"UNAUTHORIZED"`) || a.header.Get("WWW-Authenticate") == "" {
				t.Errorf("%s%s: %d %s", name, query, a.status, a.body)
			}
		}
	}
	for _, plan := range []access.Plan{access.PlanFree, access.PlanStarter, access.PlanGrowth} {
		o.must(o.store.InTx(o.ctx, actor.System(""), func(tx *store.Tx) error { return tx.SetPlan(o.ctx, o.org, plan) }))
		a := o.call(o.organizationToken(), http.MethodGet, auditLogs, "")
		if a.status != http.StatusForbidden || !strings.Contains(a.body, access.UpgradeText) {
			t.Errorf("on the plan %s: %d %s", plan, a.status, a.body)
		}
	}
}

func TestAuditLogs_BadParametersAreNamed(t *testing.T) {
	o := newOffice(t)
	secret := o.organizationToken()
	for query, path := range map[string]string{
		"per_page=0": "per_page", "per_page=101": "per_page", "per_page=": "per_page", "per_page=1e1": "per_page", "per_page=-1": "per_page",
		"created_after=yesterday": "created_after", "created_after=": "created_after", "created_after=2026-13-01": "created_after",
		"after_cursor=": "after_cursor", "after_cursor=nobody": "after_cursor", "after_cursor=%ff": "after_cursor", "after_cursor=%00": "after_cursor",
		"workspace_id=": "workspace_id", "workspace_id=%ff": "workspace_id", "page=0": "page", "page=x": "page",
		"after_cursor=" + strings.Repeat("x", 5000): "after_cursor",
		"page=2&after_cursor=x":                     "after_cursor",
		"actor_id=":                                 "actor_id", "token_id=%00": "token_id", "target_id=%ff": "target_id",
		"action=": "action", "action=made": "action", "action=Created": "action",
		"actorId=x": "actorId", "workspace=x": "workspace", "Per_Page=1": "Per_Page", "=x": "", "limit": "limit",
		"action=created&action=deleted": "action", "per_page=1&per_page=2": "per_page", "%1b%5b31m=1": "\ufffd[31m",
	} {
		a := o.call(secret, http.MethodGet, auditLogs+"?"+query, "")
		details, _ := o.object(a)["details"].(map[string]any)
		if text, _ := details[path].(string); a.status != http.StatusBadRequest || text == "" {
			t.Errorf("%.60s: %d %s", query, a.status, a.body)
		}
	}
	for _, query := range []string{"%zz=1", "per_page=%zz", "per_page=1;page=2"} {
		if a := o.call(secret, http.MethodGet, auditLogs+"?"+query, ""); a.status != http.StatusBadRequest {
			t.Errorf("%s: %d %s", query, a.status, a.body)
		}
	}
	var many strings.Builder
	for i := range 1000 {
		fmt.Fprintf(&many, "x%d&", i)
	}
	if details, _ := o.object(o.call(secret, http.MethodGet, auditLogs+"?"+many.String(),
		""))["details"].(map[string]any); len(details) != 10 {
		t.Errorf("%d unknown parameters are named", len(details))
	}
	a := o.call(secret, http.MethodGet, auditLogs+"?per_page=0&created_after=x&page=0", "")
	if details, _ := o.object(a)["details"].(map[string]any); len(details) != 3 {
		t.Errorf("not every mistake is named: %s", a.body)
	}
}

func TestAuditLogs_NextLeadsThroughEverythingAndKeepsTheFilters(t *testing.T) {
	o := newOffice(t)
	secret := o.organizationToken()
	start := o.now()
	o.happen(31)
	after := url.QueryEscape(start.Add(4 * time.Second).Format("2006-01-02T15:04:05.000Z07:00"))
	for query, f := range map[string]audit.Filter{
		"":                        {},
		"workspace_id=" + o.main:  {Workspace: o.main},
		"workspace_id=" + o.other: {Workspace: o.other},
		"created_after=" + after:  {From: start.Add(4*time.Second + time.Millisecond)},
		"created_after=" + after + "&workspace_id=" + o.main: {From: start.Add(4*time.Second + time.Millisecond), Workspace: o.main},
		"actor_id=" + o.admin.ID:                             {Actor: o.admin.ID},
		"target_id=" + o.main:                                {Target: o.main},
		"token_id=nobody":                                    {Token: "nobody"},
		"action=created":                                     {Action: audit.Created},
		"actor_id=" + o.admin.ID + "&action=created&workspace_id=" + o.main: {Actor: o.admin.ID, Action: audit.Created, Workspace: o.main},
		"page=1":                        {},
		"page=1&workspace_id=" + o.main: {Workspace: o.main},
		"created_after=2999-01-01":      {From: time.Date(2999, 1, 1, 0, 0, 0, 0, time.UTC)},
	} {
		want := o.idsIn(f)
		var got []string
		steps := 0
		for next := auditLogs + "?per_page=4&" + query; next != ""; steps++ {
			ids, more, total := o.entries(o.call(secret, http.MethodGet, next, ""))
			if !strings.HasPrefix(more, "/v2/audit-logs?") && more != "" || int(total) != len(want) {
				t.Fatalf("%s: next %q, total %v of %d", query, more, total, len(want))
			}
			got, next = append(got, ids...), more
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s in %d steps (-want +got)\n%s", query, steps, diff)
		}
	}
}

func TestAuditLogs_CreatedAfterIsReadInTheFormsOfISO8601(t *testing.T) {
	o := newOffice(t)
	secret := o.organizationToken()
	base := o.now().Truncate(time.Second) // on a whole second, of 1 March 2026
	o.happen(3)
	for _, form := range []string{"2006-01-02T15:04:05Z", "2006-01-02T15:04:05.000Z", "2006-01-02T15:04:05", "2006-01-02T15:04:05+00:00"} {
		_, _, total := o.entries(o.call(secret, http.MethodGet,
			auditLogs+"?created_after="+url.QueryEscape(base.Add(time.Second).Format(form)), ""))
		if total != 2 {
			t.Errorf("%s: %v events, want 2", form, total)
		}
	}
	east := base.Add(time.Second).In(time.FixedZone("", 2*3600)).Format(time.RFC3339)
	if _, _, total := o.entries(o.call(secret, http.MethodGet, auditLogs+"?created_after="+url.QueryEscape(east), "")); total != 2 {
		t.Errorf("%s: %v events, want 2", east, total)
	}
}

func TestAuditLogs_TheCursorAloneDecidesAmongEventsOfOneTime(t *testing.T) {
	o := newOffice(t)
	secret := o.organizationToken()
	o.clock.Add(1000)
	o.must(o.store.InTx(o.ctx, actor.System(""), func(tx *store.Tx) error {
		var failed error
		for range 5 {
			failed = errors.Join(failed, tx.AppendEvent(o.ctx,
				audit.Did(o.admin, audit.Created, audit.Target{Type: audit.TargetGroup, ID: "g", Name: "G"})))
		}
		return failed
	}))
	ids := o.idsIn(audit.Filter{From: o.now()})
	if len(ids) != 5 {
		t.Fatalf("%d events of one time", len(ids))
	}
	at := url.QueryEscape(audit.FormatTime(o.now()))
	got, _, _ := o.entries(o.call(secret, http.MethodGet, auditLogs+"?created_after="+at+"&after_cursor="+ids[1], ""))
	if diff := cmp.Diff(ids[2:], got); diff != "" {
		t.Errorf("after the second of five (-want +got)\n%s", diff)
	}
	if got, _, _ := o.entries(o.call(secret, http.MethodGet, auditLogs+"?created_after="+at, "")); len(got) != 0 {
		t.Errorf("after their time: %v", got)
	}
}

func TestAuditLogs_AnswersFitTheDocument(t *testing.T) {
	o := newOffice(t)
	c, document := o.schemas()
	secret := o.organizationToken()
	o.happen(3)
	for _, secret := range []string{secret, "", o.everything()} {
		for _, query := range []string{"", "?per_page=1", "?per_page=x", "?created_after=2999-01-01"} {
			o.validate(c, document, http.MethodGet, auditLogs, o.call(secret, http.MethodGet, auditLogs+query, ""))
		}
	}
}

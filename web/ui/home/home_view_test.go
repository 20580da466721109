package home

import (
	"strings"
	"testing"
	"time"

	"latchkey/internal/access"
	"latchkey/internal/account"
	"latchkey/internal/token"
	page "latchkey/views/page/home"
	"latchkey/web/ui/kit"
	"latchkey/web/ui/uitest"
)

func TestHomeView_CountsTheOrganizationForAdminsOnly(t *testing.T) {
	member := homeView(uitest.Member(), seen{})
	if member.Org != nil || member.OrgTitle != "" || !strings.HasPrefix(member.Calm, "None of your tokens") || member.Recent.Action != nil {
		t.Errorf("a member sees %+v, %+v", member.Org, member.Calm)
	}
	v := uitest.Member()
	v.Principal.Role = access.RoleAdmin
	admin := homeView(v, seen{summary: token.Summary{All: true, Organization: map[token.Kind]token.Counts{token.Workspace: {Active: 2,
		ExpiresSoon: 1}}}, days: []token.DayCount{{Day: 1, Requests: 2, Refusals: 1}}})
	if admin.OrgTitle != "Acme" || len(admin.Org) != 3 || len(admin.Usage.Days) != 1 || admin.Calm == member.Calm {
		t.Fatalf("an Admin sees %+v, %+v", admin.Org, admin.Usage)
	}
	if tile := admin.Org[1]; tile.Value != "3" || tile.Note != "1 expires soon" || tile.Href != kit.ServiceTokenList(token.Workspace) {
		t.Errorf("%+v", tile)
	}
}

func TestNextSteps_DisappearWhenDone(t *testing.T) {
	labels := func(steps []page.NextStep) string {
		var out []string
		for _, s := range steps {
			out = append(out, strings.Fields(s.Label)[0])
		}
		return strings.Join(out, " ")
	}
	all := account.Progress{Invited: true, Baseline: true, Generated: true, Used: true, Client: true, Provisioned: true}
	for _, c := range []struct {
		name  string
		admin bool
		plan  access.Plan
		age   time.Duration
		done  account.Progress
		want  string
	}{
		{"a new installation", true, access.PlanEnterprise, 0, account.Progress{}, "Invite Set Generate Make Connect Connect"},
		{"someone was invited", true, access.PlanEnterprise, 0, account.Progress{Invited: true}, "Set Generate Make Connect Connect"},
		{"a baseline was set", true, access.PlanEnterprise, 0, account.Progress{Baseline: true}, "Invite Generate Make Connect Connect"},
		{"a token was used", true, access.PlanEnterprise, 0, account.Progress{Generated: true, Used: true}, "Invite Set Connect Connect"},
		{"all is done", true, access.PlanEnterprise, 0, all, ""},
		{"after a month", true, access.PlanEnterprise, newFor + time.Millisecond,
			account.Progress{Invited: true, Baseline: true, Generated: true, Used: true}, ""},
		{"a plan without tokens", true, access.PlanFree, 0, account.Progress{}, "Invite"},
		{"a member", false, access.PlanEnterprise, 0, account.Progress{}, "Generate Make"},
		{"a member who is done", false, access.PlanEnterprise, 0, account.Progress{Generated: true, Used: true}, ""},
	} {
		v := uitest.Member()
		v.Organization.Plan, v.Organization.CreatedAt = c.plan, v.Now.Add(-c.age)
		if got := labels(nextSteps(v, c.done, c.admin)); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

func TestWithReason_LinksToTheListOfMore(t *testing.T) {
	all := func(n int) page.Reason {
		r := page.Reason{Alerts: make([]page.Alert, n)}
		r.All.Href = "/all"
		return r
	}
	if got := withReason(nil, all(0)); got != nil {
		t.Errorf("nothing needs attention: %v", got)
	}
	if got := withReason(nil, all(rows)); len(got[0].Alerts) != rows || got[0].All.Href != "" {
		t.Errorf("as many as fit: %v", got)
	}
	if got := withReason(nil, all(rows+1)); len(got[0].Alerts) != rows || got[0].All.Href != "/all" {
		t.Errorf("one more: %v", got)
	}
}

func TestAttentionView_HasPages(t *testing.T) {
	list := make([]page.Alert, alertsPerPage+1)
	if m := attentionView(showSoon, 30, list[1:], 1); m.Pages != nil || len(m.Alerts) != alertsPerPage {
		t.Errorf("%+v", m.Pages)
	}
	if m := attentionView(showUnused, 30, list, 1); m.Pages == nil || m.Pages.PrevHref != "" || len(m.Alerts) != alertsPerPage ||
		m.Pages.NextHref != "/needs-attention?page=2&show=unused" {
		t.Errorf("%+v", m.Pages)
	}
	if m := attentionView(showUnused, 30, nil, 2); m.Pages == nil || m.Pages.NextHref != "" ||
		m.Pages.PrevHref != "/needs-attention?page=1&show=unused" {
		t.Errorf("%+v", m.Pages)
	}
}

func TestAlerts_SayWhoseAndWhy(t *testing.T) {
	v, tok := uitest.Member(), uitest.Tokens(1)[0]
	if a := endingAlert(v, tok); a.Detail != "Personal access token in Staging" || a.Href != kit.TokenPage(tok.ID) || a.Before != "expires" {
		t.Errorf("own: %+v", a)
	}
	tok.Owner, tok.OwnerName, tok.Suspended = "m2", "Robin", true
	a := refusedAlert(v, token.Refused{Token: tok, Requests: 1200, Refusals: 130, Latest: token.DayOf(v.Now)})
	if a.Detail != "Personal access token of Robin in Staging (suspended)" || a.Before != "130 of 1,200 requests refused, the latest on" ||
		a.When.Text != "21 Nov 2026 UTC" {
		t.Errorf("%+v", a)
	}
	if a := unusedAlert(v, tok); a.Before != "never used, generated" {
		t.Errorf("%+v", a)
	}
}

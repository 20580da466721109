package provision

import (
	"strings"
	"testing"
	"time"

	"latchkey/internal/access"
	"latchkey/internal/provision"
	"latchkey/views/component"
	"latchkey/web/ui/kit"
)

func provisioningVisit(plan access.Plan, enabled bool) kit.Visit {
	v := kit.Visit{Now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}
	v.Organization.Plan, v.Organization.SCIMEnabled = plan, enabled
	return v
}

func TestProvisioningView_OffersWhatTheStateAndThePlanAllow(t *testing.T) {
	for name, c := range map[string]struct {
		plan     access.Plan
		enabled  bool
		state    string
		value    string
		disabled bool
		refused  bool
	}{
		"off":                      {access.PlanEnterprise, false, "Off", "on", false, false},
		"on":                       {access.PlanEnterprise, true, "On", "off", false, false},
		"not in the plan":          {access.PlanGrowth, false, "Not in the plan", "on", true, true},
		"not in the plan any more": {access.PlanGrowth, true, "Not in the plan", "off", false, true},
	} {
		m := view(provisioningVisit(c.plan, c.enabled), nil, false, "https://keys.example")
		if m.State.Text != c.state || m.Switch.Value != c.value || m.Switch.Disabled != c.disabled || (m.Refusal != nil) != c.refused {
			t.Errorf("%s: state %q, switch %+v, refusal %v", name, m.State.Text, m.Switch, m.Refusal)
		}
		if m.Base.Text != "https://keys.example/scim/v2" || m.Empty == nil || m.Kinds != nil {
			t.Errorf("%s: base %q, empty %v, kinds %v", name, m.Base.Text, m.Empty, m.Kinds)
		}
	}
}

func TestProvisioningView_OffersTheOtherRuleForAddresses(t *testing.T) {
	for fixed, want := range map[bool][3]string{false: {"Allowed", "Stop address changes", "fix-addresses"},
		true: {"Not allowed", "Allow address changes", "allow-addresses"}} {
		v := provisioningVisit(access.PlanEnterprise, true)
		v.Organization.SCIMFixedAddresses = fixed
		m := view(v, nil, false, "")
		if got := [3]string{m.Changes, m.Allow.Label, m.Allow.Value}; got != want {
			t.Errorf("fixed %v: %q, want %q", fixed, got, want)
		}
	}
}

func TestProvisioningView_SaysHowEachRequestEnded(t *testing.T) {
	v := provisioningVisit(access.PlanEnterprise, true)
	m := view(v, []provision.Request{
		{At: v.Now.Add(-time.Minute), Method: "POST", Path: "/Users", Subject: "x@acme.example", Status: 409, Detail: "why", TokenName: "okta",
			Token: "t1"},
		{At: v.Now, Method: "GET", Path: "/Users?filter=userName eq \"x\"", Status: 200, Detail: "not shown"},
	}, false, "")
	if len(m.Rows) != 2 || m.Empty != nil || m.Kinds == nil || !m.Kinds.Tabs[0].Current {
		t.Fatalf("%+v", m)
	}
	failed, done := m.Rows[0], m.Rows[1]
	if failed.Outcome.Text != "409 Failed" || failed.Outcome.Tone != component.Bad || failed.Detail != "why" ||
		failed.Subject != "x@acme.example" || failed.Token.Label != "okta" || failed.Token.Href != "/settings/audit-logs?about=t1" ||
		failed.What != "Add user" {
		t.Errorf("failed: %+v", failed)
	}
	if done.Outcome.Text != "200 Done" || done.Detail != "" || done.Call != `GET /Users?filter=userName eq "x"` ||
		done.What != "Find user" {
		t.Errorf("done: %+v", done)
	}
	if m := view(v, nil, true, ""); m.Empty == nil || m.Kinds == nil || !m.Kinds.Tabs[1].Current {
		t.Errorf("no failures: %+v", m)
	}
}

func TestRequestWords_SayWhatTheProviderWants(t *testing.T) {
	for request, want := range map[string]string{
		"GET /Users": "List users", "GET /Users?count=5": "List users", "GET /Groups?filter=x": "Find group",
		"POST /Users/.search": "Find user",
		"GET /Users/1":        "Read user", "POST /Groups": "Add group", "POST /Users/": "Add user", "PUT /Users/1": "Update user",
		"PATCH /Groups/1": "Update group",
		"DELETE /Users/1": "Delete user", "GET /Schemas/x": "Read what Latchkey supports",
		"GET /ServiceProviderConfig": "Read what Latchkey supports",
		"POST /Bulk":                 "Unknown request", "GET ": "Unknown request", "OPTIONS /Users": "Unknown request",
	} {
		method, path, _ := strings.Cut(request, " ")
		if got := requestWords(provision.Request{Method: method, Path: path}); got != want {
			t.Errorf("%s is %q, want %q", request, got, want)
		}
	}
}

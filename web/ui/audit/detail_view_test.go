package audit

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"latchkey/internal/access"
	"latchkey/internal/account"
	"latchkey/internal/audit"
	"latchkey/internal/policy"
	page "latchkey/views/page/audit"
	"latchkey/web/ui/kit"
	policyui "latchkey/web/ui/policy"
)

func TestAuditChange_IsReadable(t *testing.T) {
	v := kit.Visit{Subject: policy.Subject{Workspaces: []account.Workspace{{ID: "ws-1", Name: "Production"}}}}
	words := policyui.Words{Catalogue: access.BuiltIn(), Listed: true,
		Resources: map[string][]policy.Resource{"source": {{ID: "s1", Type: "source", Name: "Web shop"},
			{ID: "s2", Type: "source", Name: "iOS app"}}}}
	policy := func(action audit.Action, before, after string) audit.Event {
		return audit.Event{Action: action, Target: audit.Target{Type: audit.TargetPolicy}, Before: before, After: after}
	}
	before := access.Policy{"source:edit": access.Only("s1"), "destination:edit": access.Everywhere(),
		"table:connect": access.Everywhere()}.String()
	after := access.Policy{"source:edit": access.Only("s1", "s2"), "destination:edit": access.Everywhere(),
		"destination:live_events": access.Everywhere()}.String()
	for name, tt := range map[string]struct {
		event audit.Event
		want  *page.Change
	}{
		"nothing told": {audit.Event{Action: audit.SignedIn}, nil},
		"a policy changes": {policy(audit.Updated, before, after), &page.Change{Gained: []string{"Live events Destinations",
			"Edit 1 of 2 Event Stream Sources (iOS app)"}, Lost: []string{"Connect Tables"}}},
		"a policy goes": {policy(audit.Deleted, before, ""), &page.Change{Lost: []string{"Edit Destinations",
			"Edit 1 of 2 Event Stream Sources (Web shop)", "Connect Tables"}}},
		"an empty policy": {policy(audit.Created, "", "{}"), &page.Change{Note: "No permissions changed."}},
		"a field changes": {audit.Event{Action: audit.Updated, Before: `{"enabled":true,"name":"a","version":1}`,
			After: `{"enabled":false,"name":"a","version":2}`},
			&page.Change{Title: "What changed", Facts: []page.Fact{{Term: "Enabled", Text: "No", Note: "Before: Yes"},
				{Term: "Version", Text: "2", Note: "Before: 1"}}}},
		"a token is made": {audit.Event{Action: audit.Created,
			After: `{"name":"ci","kind":"personal","hint":"lkpat_…a1B2","workspace":"ws-1",` +
				`"scope":"read_only","expiresAt":"2026-12-31T12:00:00.000Z"}`},
			&page.Change{Title: "As created", Facts: []page.Fact{{Term: "Expires at", Text: "31 Dec 2026, 12:00 UTC"},
				{Term: "Token", Text: "lkpat_…a1B2"},
				{Term: "Kind", Text: "Personal access token"}, {Term: "Name", Text: "ci"}, {Term: "Scope", Text: "Read-Only"},
				{Term: "Workspace", Text: "Production"}}}},
		"a workspace that is gone": {audit.Event{Action: audit.Deleted, Before: `{"workspace":"ws-2"}`},
			&page.Change{Title: "As it was", Facts: []page.Fact{{Term: "Workspace", Text: "ws-2 (deleted)"}}}},
		"a refusal, which is told as facts": {audit.Event{Action: audit.AccessDenied, After: `{"reason":"Not allowed.","attempts":3}`}, nil},
		"a failed sign-in":                  {audit.Event{Action: audit.SignInFailed, After: `{"reason":"wrong current password"}`}, nil},
		"a pruning": {audit.Event{Action: audit.Pruned, After: `{"seq":12,"retention":"9600h0m0s"}`},
			&page.Change{Title: "Details", Facts: []page.Fact{{Term: "Retention", Text: "400 days"}, {Term: "Up to event", Text: "12"}}}},
		"no JSON": {audit.Event{Action: audit.Updated, After: `<b>`},
			&page.Change{Title: "Details", Facts: []page.Fact{{Term: "State", Text: "<b>"}}}},
	} {
		got := changeView(v, tt.event, words)
		if diff := cmp.Diff(tt.want, got, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("%s (-want +got)\n%s", name, diff)
		}
	}
}

func TestEventLabel_SaysWhoseSessionEndedAndWhatWasRefused(t *testing.T) {
	session := audit.Target{Type: audit.TargetSession, Name: "bo@acme.example"}
	for want, e := range map[string]audit.Event{
		"Signed out":            {Action: audit.SignedOut, ActorEmail: "bo@acme.example", Target: session},
		"Ended a session":       {Action: audit.SignedOut, ActorEmail: "ada@acme.example", Target: session},
		"Was refused":           {Action: audit.Refused, Target: audit.Target{Type: audit.TargetInvitation, Name: "gil@acme.example"}},
		"Was refused over SCIM": {Action: audit.Refused, Target: audit.Target{Type: audit.TargetSCIMRequest, Name: "GET /Users"}},
	} {
		if got := eventLabel(e); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

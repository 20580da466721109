package audit

import (
	"strings"
	"testing"

	"latchkey/internal/access"
	"latchkey/internal/audit"
	page "latchkey/views/page/audit"
	policyui "latchkey/web/ui/policy"
)

func testTeller() teller {
	return teller{patterns: allPatterns(), words: policyui.Words{Catalogue: access.BuiltIn()},
		workspaces: map[string]string{"w1": "Production"}}
}

func TestPatterns_HaveASentenceForEveryPairOfTheVocabulary(t *testing.T) {
	all := allPatterns()
	for _, typ := range audit.TargetTypes() {
		for _, action := range audit.ActionsOn(typ) {
			if all[typ][action] == "" {
				t.Errorf("%s %s has no sentence", typ, action)
			}
		}
	}
	for typ, sentences := range all {
		for action, pattern := range sentences {
			if !audit.InVocabulary(typ, action) {
				t.Errorf("%s %s has a sentence, but is not in the vocabulary", typ, action)
			}
			e := audit.Event{ActorType: audit.User, ActorID: "m1", ActorName: "Ada", ActorEmail: "same", Action: action,
				Target: audit.Target{Type: typ, ID: "t1", Name: "same"}}
			got := testTeller().sentence(e).String()
			if strings.ContainsAny(got, "{}") || strings.Contains(got, "  ") || got != strings.TrimSpace(got) {
				t.Errorf("%q became %q", pattern, got)
			}
		}
	}
}

func TestSentence_SaysWhatHappenedInOrdinaryWords(t *testing.T) {
	member := func(name string) audit.Event {
		return audit.Event{ActorType: audit.User, ActorID: "id-" + name, ActorName: name, ActorEmail: name + "@acme.example"}
	}
	done := func(e audit.Event, action audit.Action, target audit.Target, states ...string) audit.Event {
		e.Action, e.Target = action, target
		if e.Workspace = target.Workspace; len(states) == 2 {
			e.Before, e.After = states[0], states[1]
		}
		return e
	}
	ada, bo, nobody := member("Ada"), member("Bo"), audit.Event{ActorType: audit.System, ActorName: "Not signed in"}
	service := audit.Event{ActorType: audit.ServiceAccessToken, ActorID: "s1", ActorName: "ci"}
	target := func(typ audit.TargetType, name string) audit.Target {
		return audit.Target{Type: typ, ID: "id-" + name, Name: name}
	}
	user, session := target(audit.TargetUser, "Ada"), target(audit.TargetSession, "Bo@acme.example")
	invitation, group := target(audit.TargetInvitation, "gil@acme.example"), target(audit.TargetGroup, "Analysts")
	token, pat := target(audit.TargetServiceToken, "ci"), target(audit.TargetPersonalToken, "probe")
	place := func(typ audit.TargetType, name string) audit.Target {
		return audit.Target{Type: typ, Name: name, Workspace: "w1"}
	}
	edit := access.Policy{"destination:edit": access.Everywhere()}.String()
	connect := access.Policy{"table:connect": access.Everywhere(), "source:edit": access.Only("s1", "s2")}.String()
	for want, e := range map[string]audit.Event{
		"Ada joined the organization":              done(ada, audit.AddedToOrganization, user),
		"Bo added Ada to the organization":         done(bo, audit.AddedToOrganization, user),
		"Bo changed the role of Ada":               done(bo, audit.ChangedPermission, user),
		"Ada changed their own password":           done(ada, audit.PasswordChanged, user),
		"Ada set a new password with a reset link": done(ada, audit.Recovered, user),
		"Bo created a password reset link for Ada": done(bo, audit.RecoveryCreated, user),
		"Bo changed the role of Ada from Admin to Member": done(bo, audit.ChangedPermission, user, `{"role":"admin"}`,
			`{"role":"member"}`),
		"Ada accepted the invitation":                      done(ada, audit.Updated, invitation, "", `{"accepted":true,"member":"m1"}`),
		"Bo updated the invitation gil@acme.example":       done(bo, audit.Updated, invitation, "", `{"role":"admin"}`),
		"Bo updated the invitation gil@acme.example: role": done(bo, audit.Updated, invitation, `{"role":"member"}`, `{"role":"admin"}`),
		"Bo was refused the invitation gil@acme.example":   done(bo, audit.Refused, invitation),
		"Ada added Gil to the group Analysts": done(ada, audit.MemberAdded, group, "",
			`{"member":"m3","name":"Gil","email":"gil@acme.example"}`),
		"Ada removed a member from the group Analysts": done(ada, audit.MemberRemoved, group),
		"Bo signed out":                                        done(bo, audit.SignedOut, session),
		"Ada ended a session of Bo@acme.example":               done(ada, audit.SignedOut, session),
		"Someone failed to sign in as Bo@acme.example":         done(nobody, audit.SignInFailed, session),
		"Bo failed to confirm the password of Bo@acme.example": done(bo, audit.SignInFailed, session),
		"Ada changed Production's baseline: gained Edit Destinations": done(ada, audit.Updated, place(audit.TargetPolicy, "Production"),
			"", edit),
		"Ada changed the policy of Analysts in Production: gained Edit 2 Event Stream Sources and Connect Tables; lost Edit Destinations": done(
			ada, audit.Updated, place(audit.TargetPolicy, "Analysts in Production"), edit, connect),
		"Ada removed the access of Bo in Production: lost Edit Destinations": done(ada, audit.DeletedUserPermissions,
			place(audit.TargetPermission, "Bo in Production"), edit, ""),
		`Personal access token "probe" expired`: done(audit.Event{ActorType: audit.System, ActorName: "System"}, audit.Expired, pat),
		"ci was denied Create & Delete Event Stream Sources (3 times)": done(service, audit.AccessDenied, token, "",
			`{"reason":"Not allowed: the permission source:create_delete is missing: neither this nor that grants it.","attempts":3}`),
		"Ada was denied Manage members with the personal access token probe": done(ada, audit.AccessDenied, pat, "",
			`{"reason":"Not allowed: member:manage needs the organization role Admin.","attempts":1}`),
		"ci was refused: the requested permission does not exist": done(service, audit.AccessDenied, token, "",
			`{"reason":"Not allowed: the requested permission does not exist.","attempts":1}`),
		"ci was refused: it was used from 203.0.113.9, which is not an allowed address": done(service, audit.AccessDenied, token, "",
			`{"reason":"Not allowed: it was used from 203.0.113.9, which is not an allowed address.","attempts":1}`),
		"Ada was refused with the personal access token probe: no reason was recorded": done(ada, audit.AccessDenied, pat),
		"Service access token ci was used after expiry or revocation":                  done(service, audit.UsedAfterRevocation, token),
		"Ada connected the destination Warehouse to the source Shop": done(ada, audit.ConnectedDestination,
			target(audit.TargetSource, "Shop"), "", `{"source":"Shop","destination":"Warehouse"}`),
		"Ada disconnected a tracking plan from the source Shop": done(ada, audit.DisconnectedTrackingPlan, target(audit.TargetSource, "Shop")),
		"Ada updated the workspace Production: name and region": done(ada, audit.Updated, target(audit.TargetWorkspace, "Production"),
			`{"name":"Prod","region":"EU","environment":"PRODUCTION"}`, `{"name":"Production","region":"US","environment":"PRODUCTION"}`),
		"Ada changed the token rules: longest lifetime of personal access tokens from unlimited to 30 days; " +
			"who may generate personal access tokens from everybody to nobody. 2 tokens broke them and were suspended": done(ada, audit.Updated,
			target(audit.TargetOrganization, "Acme"), `{"tokenRules":0,"personalLongestDays":0,"personalMakers":"everybody","selfRotation":true}`,
			`{"tokenRules":1,"personalLongestDays":30,"personalMakers":"nobody","selfRotation":true,"breaking":2,"decision":"suspend"}`),
		"Ada changed the token rules: rotation of tokens by themselves from allowed to forbidden": done(ada, audit.Updated,
			target(audit.TargetOrganization, "Acme"), `{"tokenRules":4,"selfRotation":true}`, `{"tokenRules":5,"selfRotation":false}`),
		"Ada: vanished, group Analysts": done(ada, "vanished", group),
	} {
		if got := testTeller().sentence(e).String(); got != want {
			t.Errorf("%q\nwant %q", got, want)
		}
	}
}

func TestSentence_LinksOnlyWhatStillExists(t *testing.T) {
	e := audit.Event{ActorType: audit.User, ActorID: "m1", ActorName: "Ada", Action: audit.MemberAdded,
		Target: audit.Target{Type: audit.TargetGroup, ID: "g1", Name: "Analysts"}, After: `{"member":"m2","name":"Bo"}`}
	links := func(s page.Sentence) string {
		var out []string
		for _, p := range s {
			if p.Href != "" && !p.Name {
				t.Errorf("%q is a link, but not isolated as a name", p.Text)
			}
			if p.Href != "" {
				out = append(out, p.Href)
			}
		}
		return strings.Join(out, " ")
	}
	teller := testTeller()
	const root = "/settings/access-management"
	for name, tt := range map[string]struct {
		existing audit.Existing
		want     string
	}{
		"a visitor who may not see the pages": {nil, ""},
		"everything exists": {audit.Existing{"m1": "", "m2": "", "g1": ""},
			root + "/users/m1 " + root + "/users/m2 " + root + "/groups/g1"},
		"the group was deleted": {audit.Existing{"m1": ""}, root + "/users/m1"},
	} {
		if teller.existing = tt.existing; links(teller.sentence(e)) != tt.want {
			t.Errorf("%s: %q, want %q", name, links(teller.sentence(e)), tt.want)
		}
	}
	policy := audit.Event{Action: audit.Updated, Workspace: "w1", Target: audit.Target{Type: audit.TargetPolicy, ID: "p1", Name: "A in B"}}
	for subject, want := range map[string]string{"": root + "/baseline-policies/w1", "g1": root + "/groups/g1"} {
		if teller.existing = (audit.Existing{"p1": subject, "w1": "", "g1": ""}); links(teller.sentence(policy)) != want {
			t.Errorf("the policy of %q: %q, want %q", subject, links(teller.sentence(policy)), want)
		}
	}
}

package account_test

import (
	"strings"
	"testing"

	"latchkey/internal/access"
	"latchkey/internal/account"
	"latchkey/internal/fault"
	"latchkey/internal/store"
	"latchkey/internal/token"
)

func TestEffectiveOf_NamesWhereEachPermissionComesFrom(t *testing.T) {
	b := newBed(t, access.PlanEnterprise)
	bo := b.member("Bo")
	v, err := b.Policy(t.Context(), b.admin, b.at(account.BaselinePolicy, ""))
	b.must(err)
	_, err = b.SavePolicy(t.Context(), b.admin.Caller(), placeOf(v.Policy), v.Revision(), access.Policy{"source:edit": access.Everywhere()})
	b.must(err)
	g := b.group("Analysts")
	b.policy(account.GroupPolicy, b.prod, g.ID, access.Policy{"source:edit": access.Everywhere(), "table:edit": access.Everywhere()})
	b.join(g.ID, bo.ID)
	b.policy(account.MemberPolicy, b.prod, bo.ID, access.Policy{"audience:edit": access.Everywhere()})
	view, err := b.EffectiveOf(t.Context(), b.caller(bo.ID), bo.ID)
	b.must(err)
	if len(view.Access) != 1 || view.Access[0].Workspace.Name != "Production" {
		t.Fatalf("%+v", view.Access)
	}
	for perm, want := range map[access.Permission]string{
		"source:edit":   "Baseline Workspace Policy, group Analysts",
		"table:edit":    "group Analysts",
		"audience:edit": "Member Workspace Policy",
		"profile:edit":  "",
	} {
		var got []string
		for _, l := range view.Access[0].Layers {
			if l.Policy.Allows(perm, "") {
				got = append(got, l.Source())
			}
		}
		if strings.Join(got, ", ") != want || view.Access[0].Policy.Allows(perm, "") != (want != "") {
			t.Errorf("%s from %q, want %q", perm, got, want)
		}
	}
}

func TestEffectiveOf_IsOnesOwnOrForAdmins(t *testing.T) {
	b := newBed(t, access.PlanEnterprise)
	bo, cy := b.member("Bo", b.prod), b.member("Cy", b.prod)
	_, err := b.EffectiveOf(t.Context(), b.caller(bo.ID), cy.ID)
	wantKind(t, err, fault.NotFound)
	_, err = b.EffectiveOf(t.Context(), b.caller(bo.ID), "nobody")
	wantKind(t, err, fault.NotFound)
	view, err := b.EffectiveOf(t.Context(), b.admin, cy.ID)
	b.must(err)
	if len(view.Access) != 1 || len(view.Access[0].Policy) != 0 {
		t.Errorf("%+v", view.Access)
	}
	own, err := b.EffectiveOf(t.Context(), b.admin, b.ada.ID)
	b.must(err)
	if l := own.Access[0].Layers; len(l) != 1 || l[0].Source() != "organization role Admin" || !l[0].Policy.Allows("table:edit", "T1") {
		t.Errorf("an Admin's power comes from %v", l)
	}
}

func TestExplain_AnswersWithTheRuleThatDecided(t *testing.T) {
	b := newBed(t, access.PlanEnterprise)
	staging := b.workspace("Staging")
	b.resource(b.prod, "source", "S1")
	b.resource(b.prod, "source", "S2")
	bo, off, out := b.member("Bo"), b.member("Off", b.prod), b.member("Out", b.prod)
	b.policy(account.MemberPolicy, b.prod, bo.ID, access.Policy{"source:edit": access.Only("S1"), "source:live_events": access.Everywhere()})
	readOnly := b.token(func(tok *token.Token) { tok.Owner, tok.Scope = bo.ID, access.ScopeReadOnly })
	readWrite := b.pat(bo.ID)
	adminPAT := b.token(func(tok *token.Token) { tok.Owner, tok.Scope = b.ada.ID, access.ScopeAdmin })
	offPAT, outPAT := b.pat(off.ID), b.pat(out.ID)
	expired := b.token(func(tok *token.Token) { tok.Owner, tok.ExpiresAt = bo.ID, b.clock.now() })
	sat := b.sat(access.Policy{"source:connect": access.Everywhere()})
	org := b.token(func(tok *token.Token) { tok.Kind, tok.Workspace, tok.Scope = token.Organization, "", "" })
	_, err := b.Deactivate(t.Context(), b.admin.Caller(), off.ID)
	b.must(err)
	_, err = b.RemovePolicy(t.Context(), b.admin.Caller(), b.at(account.MemberPolicy, out.ID))
	b.must(err)
	for _, tt := range []struct {
		q    account.Question
		want access.ReasonCode
	}{
		{account.Question{Member: bo.ID, Permission: "source:edit", Workspace: b.prod, Resource: "S1"}, access.ByPolicy},
		{account.Question{Member: bo.ID, Permission: "source:edit", Workspace: b.prod, Resource: "S2"}, access.NotCovered},
		{account.Question{Member: bo.ID, Permission: "source:connect", Workspace: b.prod}, access.Missing},
		{account.Question{Member: bo.ID, Permission: "table:edit", Workspace: b.prod, Resource: "S1"}, access.WrongType},
		{account.Question{Member: bo.ID, Permission: "source:edit", Workspace: staging.ID}, access.NotInWorkspace},
		{account.Question{Member: bo.ID, Permission: access.ManageMembers}, access.AdminOnly},
		{account.Question{Member: b.ada.ID, Permission: "source:edit", Workspace: staging.ID}, access.ByRole},
		{account.Question{Member: off.ID, Permission: access.ViewWorkspace, Workspace: b.prod}, access.NoPrincipal},
		{account.Question{Token: readOnly, Permission: "source:edit", Workspace: b.prod, Resource: "S1"}, access.NotInScope},
		{account.Question{Token: readOnly, Permission: "source:live_events", Workspace: b.prod, Resource: "S1"}, access.ByPolicy},
		{account.Question{Token: readWrite, Permission: "source:edit", Workspace: b.prod, Resource: "S1"}, access.ByPolicy},
		{account.Question{Token: adminPAT, Permission: access.ManageMembers}, access.ByRole},
		{account.Question{Token: offPAT, Permission: access.ViewWorkspace, Workspace: b.prod}, access.NoPrincipal},
		{account.Question{Token: outPAT, Permission: access.ViewWorkspace, Workspace: b.prod}, access.NoPrincipal},
		{account.Question{Token: expired, Permission: access.ViewWorkspace, Workspace: b.prod}, access.NoPrincipal},
		{account.Question{Token: sat, Permission: "source:connect", Workspace: b.prod}, access.ByPolicy},
		{account.Question{Token: sat, Permission: "source:edit", Workspace: b.prod}, access.Missing},
		{account.Question{Token: org, Permission: access.UseSCIM}, access.ByTokenLevel},
		{account.Question{Token: org, Permission: access.ViewWorkspace, Workspace: b.prod}, access.WrongTokenLevel},
	} {
		x, err := b.Explain(t.Context(), b.admin, tt.q)
		b.must(err)
		if x.Decision.Reason.Code != tt.want {
			t.Errorf("%+v: %s, want %s", tt.q, x.Decision.Reason.Code, tt.want)
		}
		if (x.Inactive != "") != (tt.want == access.NoPrincipal) {
			t.Errorf("%+v: inactive %q", tt.q, x.Inactive)
		}
		if (len(x.Sources) > 0) != (tt.want == access.ByPolicy) {
			t.Errorf("%+v: sources %v", tt.q, x.Sources)
		}
	}
}

func TestExplain_FollowsTheBaselineForServiceTokens(t *testing.T) {
	b := newBed(t, access.PlanEnterprise)
	sat := b.sat(access.Policy{})
	v, err := b.Policy(t.Context(), b.admin, b.at(account.BaselinePolicy, ""))
	b.must(err)
	_, err = b.SavePolicy(t.Context(), b.admin.Caller(), placeOf(v.Policy), v.Revision(), access.Policy{"table:edit": access.Everywhere()})
	b.must(err)
	x, err := b.Explain(t.Context(), b.admin, account.Question{Token: sat, Permission: "table:edit", Workspace: b.prod})
	b.must(err)
	if !x.Decision.Allowed || x.Decision.Reason.Source() != "Baseline Workspace Policy" {
		t.Error(x.Decision.Reason.Text())
	}
}

func TestExplain_RefusesQuestionsAboutNothing(t *testing.T) {
	b := newBed(t, access.PlanEnterprise)
	gone := b.sat(access.Policy{})
	b.inTx(func(tx *store.Tx) error { return tx.DeleteToken(t.Context(), b.org, gone) })
	_, err := b.Explain(t.Context(), b.admin, account.Question{})
	wantField(t, err, "subject")
	wantField(t, err, "permission")
	for _, q := range []account.Question{
		{Member: "nobody", Permission: "table:edit"},
		{Token: gone, Permission: "table:edit"},
		{Member: b.ada.ID, Permission: "table:edit", Workspace: "elsewhere"},
		{Member: b.ada.ID, Permission: "table:edit", Workspace: b.prod, Resource: "elsewhere"},
	} {
		_, err := b.Explain(t.Context(), b.admin, q)
		wantKind(t, err, fault.NotFound)
	}
}

func TestFindSubjects_FindsMembersAndTokens(t *testing.T) {
	b := newBed(t, access.PlanEnterprise)
	bo := b.member("Probus", b.prod)
	b.token(func(tok *token.Token) { tok.Owner, tok.Name = bo.ID, "ci-probe" })
	b.token(func(tok *token.Token) {
		tok.Kind, tok.Scope, tok.Name, tok.Hint = token.Workspace, "", "deploy", "lksat_…PROB"
	})
	gone := b.token(func(tok *token.Token) { tok.Owner, tok.Name = bo.ID, "old probe" })
	b.inTx(func(tx *store.Tx) error { return tx.DeleteToken(t.Context(), b.org, gone) })
	for search, want := range map[string]string{"PROB": "Probus ci-probe deploy", "deploy": "deploy", " ": "", "%": ""} {
		found, err := b.FindSubjects(t.Context(), b.admin, search)
		b.must(err)
		var got []string
		for _, m := range found.Members {
			got = append(got, m.Name)
		}
		for _, tok := range found.Tokens {
			got = append(got, tok.Name)
		}
		if strings.Join(got, " ") != want || found.More {
			t.Errorf("%q finds %q, want %q", search, got, want)
		}
	}
}

package policy_test

import (
	"slices"
	"strings"
	"testing"

	"latchkey/internal/access"
	"latchkey/internal/fault"
	"latchkey/internal/policy"
	"latchkey/internal/store"
	"latchkey/internal/store/storetest"
	"latchkey/internal/token"
)

func TestEffectiveOf_NamesWhereEachPermissionComesFrom(t *testing.T) {
	b := storetest.NewBed(t, access.PlanEnterprise)
	bo := b.Member("Bo")
	v, err := b.Policies.At(t.Context(), b.Admin, at(b, policy.Baseline, ""))
	b.Must(err)
	_, err = b.Policies.Save(t.Context(), b.Admin.Caller(), placeOf(v.Policy), v.Revision(), access.Policy{"source:edit": access.Everywhere()})
	b.Must(err)
	g := b.Group("Analysts")
	b.Policy(policy.OfGroup, b.Prod, g.ID, access.Policy{"source:edit": access.Everywhere(), "table:edit": access.Everywhere()})
	b.Join(g.ID, bo.ID)
	b.Policy(policy.OfMember, b.Prod, bo.ID, access.Policy{"audience:edit": access.Everywhere()})
	view, err := b.Policies.EffectiveOf(t.Context(), b.Caller(bo.ID), bo.ID)
	b.Must(err)
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
	b := storetest.NewBed(t, access.PlanEnterprise)
	bo, cy := b.Member("Bo", b.Prod), b.Member("Cy", b.Prod)
	_, err := b.Policies.EffectiveOf(t.Context(), b.Caller(bo.ID), cy.ID)
	storetest.WantKind(t, err, fault.NotFound)
	_, err = b.Policies.EffectiveOf(t.Context(), b.Caller(bo.ID), "nobody")
	storetest.WantKind(t, err, fault.NotFound)
	view, err := b.Policies.EffectiveOf(t.Context(), b.Admin, cy.ID)
	b.Must(err)
	if len(view.Access) != 1 || len(view.Access[0].Policy) != 0 {
		t.Errorf("%+v", view.Access)
	}
	own, err := b.Policies.EffectiveOf(t.Context(), b.Admin, b.Ada.ID)
	b.Must(err)
	if l := own.Access[0].Layers; len(l) != 1 || l[0].Source() != "organization role Admin" || !l[0].Policy.Allows("table:edit", "T1") {
		t.Errorf("an Admin's power comes from %v", l)
	}
}

func TestExplain_AnswersWithTheRuleThatDecided(t *testing.T) {
	b := storetest.NewBed(t, access.PlanEnterprise)
	staging := b.Workspace("Staging")
	b.Resource(b.Prod, "source", "S1")
	b.Resource(b.Prod, "source", "S2")
	bo, off, out := b.Member("Bo"), b.Member("Off", b.Prod), b.Member("Out", b.Prod)
	b.Policy(policy.OfMember, b.Prod, bo.ID, access.Policy{"source:edit": access.Only("S1"), "source:live_events": access.Everywhere()})
	readOnly := b.Token(func(tok *token.Token) { tok.Owner, tok.Scope = bo.ID, access.ScopeReadOnly })
	readWrite := b.PAT(bo.ID)
	adminPAT := b.Token(func(tok *token.Token) { tok.Owner, tok.Scope = b.Ada.ID, access.ScopeAdmin })
	offPAT, outPAT := b.PAT(off.ID), b.PAT(out.ID)
	expired := b.Token(func(tok *token.Token) { tok.Owner, tok.ExpiresAt = bo.ID, b.Clock.Now() })
	sat := b.SAT(access.Policy{"source:connect": access.Everywhere()})
	org := b.Token(func(tok *token.Token) { tok.Kind, tok.Workspace, tok.Scope = token.Organization, "", "" })
	_, err := b.Members.Deactivate(t.Context(), b.Admin.Caller(), off.ID)
	b.Must(err)
	_, err = b.Policies.Remove(t.Context(), b.Admin.Caller(), at(b, policy.OfMember, out.ID))
	b.Must(err)
	for _, tt := range []struct {
		q    policy.Question
		want access.ReasonCode
	}{
		{policy.Question{Member: bo.ID, Permission: "source:edit", Workspace: b.Prod, Resource: "S1"}, access.ByPolicy},
		{policy.Question{Member: bo.ID, Permission: "source:edit", Workspace: b.Prod, Resource: "S2"}, access.NotCovered},
		{policy.Question{Member: bo.ID, Permission: "source:connect", Workspace: b.Prod}, access.Missing},
		{policy.Question{Member: bo.ID, Permission: "table:edit", Workspace: b.Prod, Resource: "S1"}, access.WrongType},
		{policy.Question{Member: bo.ID, Permission: "source:edit", Workspace: staging.ID}, access.NotInWorkspace},
		{policy.Question{Member: bo.ID, Permission: access.ManageMembers}, access.AdminOnly},
		{policy.Question{Member: b.Ada.ID, Permission: "source:edit", Workspace: staging.ID}, access.ByRole},
		{policy.Question{Member: off.ID, Permission: access.ViewWorkspace, Workspace: b.Prod}, access.NoPrincipal},
		{policy.Question{Token: readOnly, Permission: "source:edit", Workspace: b.Prod, Resource: "S1"}, access.NotInScope},
		{policy.Question{Token: readOnly, Permission: "source:live_events", Workspace: b.Prod, Resource: "S1"}, access.ByPolicy},
		{policy.Question{Token: readWrite, Permission: "source:edit", Workspace: b.Prod, Resource: "S1"}, access.ByPolicy},
		{policy.Question{Token: adminPAT, Permission: access.ManageMembers}, access.ByRole},
		{policy.Question{Token: offPAT, Permission: access.ViewWorkspace, Workspace: b.Prod}, access.NoPrincipal},
		{policy.Question{Token: outPAT, Permission: access.ViewWorkspace, Workspace: b.Prod}, access.NoPrincipal},
		{policy.Question{Token: expired, Permission: access.ViewWorkspace, Workspace: b.Prod}, access.NoPrincipal},
		{policy.Question{Token: sat, Permission: "source:connect", Workspace: b.Prod}, access.ByPolicy},
		{policy.Question{Token: sat, Permission: "source:edit", Workspace: b.Prod}, access.Missing},
		{policy.Question{Token: org, Permission: access.UseSCIM}, access.ByTokenLevel},
		{policy.Question{Token: org, Permission: access.ViewWorkspace, Workspace: b.Prod}, access.WrongTokenLevel},
	} {
		x, err := b.Policies.Explain(t.Context(), b.Admin, tt.q)
		b.Must(err)
		if x.Decision.Reason.Code != tt.want {
			t.Errorf("%+v: %s, want %s", tt.q, x.Decision.Reason.Code, tt.want)
		}
		if (x.Inactive != "") != (tt.want == access.NoPrincipal) {
			t.Errorf("%+v: inactive %q", tt.q, x.Inactive)
		}
		if granted := slices.ContainsFunc(x.Layers, func(w policy.Weighed) bool { return w.Grants }); tt.want == access.ByPolicy && !granted ||
			(tt.want == access.Missing || tt.want == access.NotCovered) && granted {
			t.Errorf("%+v: layers %v", tt.q, x.Layers)
		}
	}
}

func TestExplain_FollowsTheBaselineForServiceTokens(t *testing.T) {
	b := storetest.NewBed(t, access.PlanEnterprise)
	sat := b.SAT(access.Policy{})
	v, err := b.Policies.At(t.Context(), b.Admin, at(b, policy.Baseline, ""))
	b.Must(err)
	_, err = b.Policies.Save(t.Context(), b.Admin.Caller(), placeOf(v.Policy), v.Revision(), access.Policy{"table:edit": access.Everywhere()})
	b.Must(err)
	x, err := b.Policies.Explain(t.Context(), b.Admin, policy.Question{Token: sat, Permission: "table:edit", Workspace: b.Prod})
	b.Must(err)
	if !x.Decision.Allowed || x.Decision.Reason.Source() != "Baseline Workspace Policy" {
		t.Error(x.Decision.Reason.Text())
	}
}

func TestExplain_RefusesQuestionsAboutNothing(t *testing.T) {
	b := storetest.NewBed(t, access.PlanEnterprise)
	gone := b.SAT(access.Policy{})
	b.InTx(func(tx *store.Tx) error { return tx.DeleteToken(t.Context(), b.Org, gone) })
	_, err := b.Policies.Explain(t.Context(), b.Admin, policy.Question{})
	storetest.WantField(t, err, "subject")
	storetest.WantField(t, err, "permission")
	for _, q := range []policy.Question{
		{Member: "nobody", Permission: "table:edit"},
		{Token: gone, Permission: "table:edit"},
		{Member: b.Ada.ID, Permission: "table:edit", Workspace: "elsewhere"},
		{Member: b.Ada.ID, Permission: "table:edit", Workspace: b.Prod, Resource: "elsewhere"},
	} {
		_, err := b.Policies.Explain(t.Context(), b.Admin, q)
		storetest.WantKind(t, err, fault.NotFound)
	}
}

func TestFindSubjects_FindsMembersAndTokens(t *testing.T) {
	b := storetest.NewBed(t, access.PlanEnterprise)
	bo := b.Member("Probus", b.Prod)
	b.Token(func(tok *token.Token) { tok.Owner, tok.Name = bo.ID, "ci-probe" })
	b.Token(func(tok *token.Token) {
		tok.Kind, tok.Scope, tok.Name, tok.Hint = token.Workspace, "", "deploy", "lksat_…PROB"
	})
	gone := b.Token(func(tok *token.Token) { tok.Owner, tok.Name = bo.ID, "old probe" })
	b.InTx(func(tx *store.Tx) error { return tx.DeleteToken(t.Context(), b.Org, gone) })
	for search, want := range map[string]string{"PROB": "Probus ci-probe deploy", "deploy": "deploy", " ": "", "%": ""} {
		found, err := b.Policies.FindSubjects(t.Context(), b.Admin, search)
		b.Must(err)
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

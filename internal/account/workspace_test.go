package account_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"latchkey/internal/access"
	"latchkey/internal/account"
	"latchkey/internal/audit"
	"latchkey/internal/fault"
	"latchkey/internal/store"
)

func TestCreateWorkspace_HasAViewOnlyBaselineAndNobodyIn(t *testing.T) {
	b := newBed(t, access.PlanEnterprise)
	bo := b.member("Bo", b.prod)
	w := b.workspace("Staging")
	p, err := b.Baseline(t.Context(), b.admin, w.ID)
	b.must(err)
	if len(p.Body) != 0 || p.Version != 1 {
		t.Errorf("baseline is %v", p)
	}
	if b.caller(bo.ID).IsIn(w.ID) || !b.caller(b.ada.ID).IsIn(w.ID) {
		t.Error("a new workspace is for Admins only")
	}
	if got := b.events(audit.TargetWorkspace, 0); !cmp.Equal(got, []string{"created Production", "created Staging"}) {
		t.Errorf("events %v", got)
	}
}

func TestCreateWorkspace_RefusesBadFields(t *testing.T) {
	b := newBed(t, access.PlanEnterprise)
	good := account.WorkspaceForm{Name: "Staging", Environment: account.Development, Region: "US"}
	for path, change := range map[string]func(*account.WorkspaceForm){
		"name":        func(f *account.WorkspaceForm) { f.Name = "  pRODUCTION " }, // taken
		"environment": func(f *account.WorkspaceForm) { f.Environment = "STAGE" },
		"region":      func(f *account.WorkspaceForm) { f.Region = "MOON" },
	} {
		form := good
		change(&form)
		_, err := b.CreateWorkspace(t.Context(), b.admin.Caller(), form)
		wantField(t, err, path)
	}
	_, err := b.CreateWorkspace(t.Context(), b.admin.Caller(), account.WorkspaceForm{})
	if fields := fault.Of(err).Fields; len(fields) != 3 {
		t.Errorf("all problems at once, got %v", fields)
	}
}

func TestUpdateWorkspace_RenamesAndTellsBeforeAndAfter(t *testing.T) {
	b := newBed(t, access.PlanEnterprise)
	w, err := b.UpdateWorkspace(t.Context(), b.admin.Caller(), b.prod, account.WorkspaceForm{Name: "production", Environment: account.Development, Region: "EU"})
	b.must(err)
	row, err := b.Workspace(t.Context(), b.admin, b.prod)
	b.must(err)
	if diff := cmp.Diff(w, row.Workspace); diff != "" {
		t.Error(diff)
	}
	list, err := b.store.RecentEvents(t.Context(), b.org, "", 1)
	b.must(err)
	if list[0].Before != `{"environment":"PRODUCTION","name":"Production","region":"US"}` ||
		list[0].After != `{"environment":"DEVELOPMENT","name":"production","region":"EU"}` {
		t.Errorf("event %s -> %s", list[0].Before, list[0].After)
	}
	n := b.logged()
	_, err = b.UpdateWorkspace(t.Context(), b.admin.Caller(), b.prod, account.WorkspaceForm{Name: "production", Environment: account.Development, Region: "EU"})
	b.must(err)
	if b.logged() != n {
		t.Error("saving without a change is logged")
	}
}

func TestDeleteWorkspace_TakesTokensPoliciesAndResourcesAlong(t *testing.T) {
	b := newBed(t, access.PlanEnterprise)
	bo := b.member("Bo", b.prod)
	keep := b.workspace("Staging")
	b.resource(b.prod, "source", "S1")
	pat, sat := b.pat(bo.ID), b.sat(access.Policy{})
	n := b.logged()

	_, err := b.DeleteWorkspace(t.Context(), b.admin.Caller(), b.prod, "production")
	wantField(t, err, "name")
	if b.logged() != n {
		t.Fatal("a refused deletion changed something")
	}
	_, err = b.DeleteWorkspace(t.Context(), b.admin.Caller(), b.prod, " Production ")
	b.must(err)

	for _, id := range []string{pat, sat} {
		_, err := b.store.Token(t.Context(), b.org, id)
		wantKind(t, err, fault.NotFound)
	}
	_, err = b.Workspace(t.Context(), b.admin, b.prod)
	wantKind(t, err, fault.NotFound)
	if b.caller(bo.ID).IsIn(b.prod) {
		t.Error("the member still is in it")
	}
	rows, err := b.WorkspaceRows(t.Context(), b.admin)
	b.must(err)
	if len(rows) != 1 || rows[0].ID != keep.ID {
		t.Errorf("left: %v", rows)
	}
	if got := b.events(audit.TargetWorkspace, n); !cmp.Equal(got, []string{"deleted Production"}) {
		t.Errorf("events %v", got)
	}
	if got := append(b.events(audit.TargetPersonalToken, n), b.events(audit.TargetServiceToken, n)...); len(got) != 2 {
		t.Errorf("token events %v", got)
	}
}

func TestWorkspaceRows_CountsEverybodyOnce(t *testing.T) {
	b := newBed(t, access.PlanEnterprise)
	bo, cy := b.member("Bo", b.prod), b.member("Cy")
	g := b.group("Analysts", b.prod)
	b.join(g.ID, bo.ID, cy.ID, b.ada.ID) // Bo and the Admin Ada are in already
	b.resource(b.prod, "source", "S1")
	b.pat(bo.ID)
	b.sat(access.Policy{})
	gone := b.sat(access.Policy{})
	b.inTx(func(tx *store.Tx) error { return tx.TombstoneTokens(t.Context(), b.org, []string{gone}) })
	rows, err := b.WorkspaceRows(t.Context(), b.admin)
	b.must(err)
	want := account.WorkspaceCounts{Members: 3, Groups: 1, Resources: 1, ServiceTokens: 1, PersonalTokens: 1}
	if diff := cmp.Diff(want, rows[0].WorkspaceCounts); diff != "" {
		t.Error(diff)
	}
}

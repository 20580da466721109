package account_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"latchkey/internal/access"
	"latchkey/internal/account"
	"latchkey/internal/audit"
	"latchkey/internal/fault"
	"latchkey/internal/store"
	"latchkey/internal/store/storetest"
)

func TestCreateWorkspace_HasAViewOnlyBaselineAndNobodyIn(t *testing.T) {
	b := storetest.NewBed(t, access.PlanEnterprise)
	bo := b.Member("Bo", b.Prod)
	w := b.Workspace("Staging")
	p, err := b.Policies.Baseline(t.Context(), b.Admin, w.ID)
	b.Must(err)
	if len(p.Body) != 0 || p.Version != 1 {
		t.Errorf("baseline is %v", p)
	}
	if b.Caller(bo.ID).IsIn(w.ID) || !b.Caller(b.Ada.ID).IsIn(w.ID) {
		t.Error("a new workspace is for Admins only")
	}
	if got := b.Events(audit.TargetWorkspace, 0); !cmp.Equal(got, []string{"created Production", "created Staging"}) {
		t.Errorf("events %v", got)
	}
}

func TestCreateWorkspace_RefusesBadFields(t *testing.T) {
	b := storetest.NewBed(t, access.PlanEnterprise)
	good := account.WorkspaceSettings{Name: "Staging", Environment: account.Development, Region: "US"}
	for path, change := range map[string]func(*account.WorkspaceSettings){
		"name":        func(f *account.WorkspaceSettings) { f.Name = "  pRODUCTION " }, // taken
		"environment": func(f *account.WorkspaceSettings) { f.Environment = "STAGE" },
		"region":      func(f *account.WorkspaceSettings) { f.Region = "MOON" },
	} {
		form := good
		change(&form)
		_, err := b.Workspaces.Create(t.Context(), b.Admin.Caller(), form)
		storetest.WantField(t, err, path)
	}
	_, err := b.Workspaces.Create(t.Context(), b.Admin.Caller(), account.WorkspaceSettings{})
	if fields := fault.Of(err).Fields; len(fields) != 3 {
		t.Errorf("all problems at once, got %v", fields)
	}
}

func TestUpdateWorkspace_RenamesAndTellsBeforeAndAfter(t *testing.T) {
	b := storetest.NewBed(t, access.PlanEnterprise)
	w, err := b.Workspaces.Update(t.Context(), b.Admin.Caller(), b.Prod,
		account.WorkspaceSettings{Name: "production", Environment: account.Development, Region: "EU"})
	b.Must(err)
	row, err := b.Workspaces.Get(t.Context(), b.Admin, b.Prod)
	b.Must(err)
	if diff := cmp.Diff(w, row.Workspace); diff != "" {
		t.Error(diff)
	}
	list, err := b.Store.RecentEvents(t.Context(), b.Org, "", 1)
	b.Must(err)
	if list[0].Before != `{"environment":"PRODUCTION","name":"Production","region":"US"}` ||
		list[0].After != `{"environment":"DEVELOPMENT","name":"production","region":"EU"}` {
		t.Errorf("event %s -> %s", list[0].Before, list[0].After)
	}
	n := b.Logged()
	_, err = b.Workspaces.Update(t.Context(), b.Admin.Caller(), b.Prod,
		account.WorkspaceSettings{Name: "production", Environment: account.Development, Region: "EU"})
	b.Must(err)
	if b.Logged() != n {
		t.Error("saving without a change is logged")
	}
}

func TestDeleteWorkspace_TakesTokensPoliciesAndResourcesAlong(t *testing.T) {
	b := storetest.NewBed(t, access.PlanEnterprise)
	bo := b.Member("Bo", b.Prod)
	keep := b.Workspace("Staging")
	b.Resource(b.Prod, "source", "S1")
	pat, sat := b.PAT(bo.ID), b.SAT(access.Policy{})
	n := b.Logged()

	_, err := b.Workspaces.Delete(t.Context(), b.Admin.Caller(), b.Prod, "production")
	storetest.WantField(t, err, "name")
	if b.Logged() != n {
		t.Fatal("a refused deletion changed something")
	}
	_, err = b.Workspaces.Delete(t.Context(), b.Admin.Caller(), b.Prod, " Production ")
	b.Must(err)

	for _, id := range []string{pat, sat} {
		_, err := b.Store.Token(t.Context(), b.Org, id)
		storetest.WantKind(t, err, fault.NotFound)
	}
	_, err = b.Workspaces.Get(t.Context(), b.Admin, b.Prod)
	storetest.WantKind(t, err, fault.NotFound)
	if b.Caller(bo.ID).IsIn(b.Prod) {
		t.Error("the member is still in it")
	}
	rows, err := b.Workspaces.List(t.Context(), b.Admin, nil)
	b.Must(err)
	if len(rows) != 1 || rows[0].ID != keep.ID {
		t.Errorf("left: %v", rows)
	}
	if got := b.Events(audit.TargetWorkspace, n); !cmp.Equal(got, []string{"deleted Production"}) {
		t.Errorf("events %v", got)
	}
	if got := append(b.Events(audit.TargetPersonalToken, n), b.Events(audit.TargetServiceToken, n)...); len(got) != 2 {
		t.Errorf("token events %v", got)
	}
}

func TestWorkspaceRows_CountsEverybodyOnce(t *testing.T) {
	b := storetest.NewBed(t, access.PlanEnterprise)
	bo, cy := b.Member("Bo", b.Prod), b.Member("Cy")
	g := b.Group("Analysts", b.Prod)
	b.Join(g.ID, bo.ID, cy.ID, b.Ada.ID) // Bo and the Admin Ada are already in the workspace
	b.Resource(b.Prod, "source", "S1")
	b.PAT(bo.ID)
	b.SAT(access.Policy{})
	gone := b.SAT(access.Policy{})
	b.InTx(func(tx *store.Tx) error { return tx.TombstoneTokens(t.Context(), b.Org, []string{gone}) })
	rows, err := b.Workspaces.List(t.Context(), b.Admin, nil)
	b.Must(err)
	want := account.WorkspaceCounts{Members: 3, Groups: 1, Resources: 1, ServiceTokens: 1, PersonalTokens: 1}
	if diff := cmp.Diff(want, rows[0].WorkspaceCounts); diff != "" {
		t.Error(diff)
	}
}

package account_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"latchkey/internal/access"
	"latchkey/internal/account"
	"latchkey/internal/audit"
	"latchkey/internal/fault"
)

func TestCreateGroup_LinksWorkspacesWithEmptyPolicies(t *testing.T) {
	b := newBed(t, access.PlanEnterprise)
	staging := b.workspace("Staging")
	g, err := b.CreateGroup(t.Context(), b.admin.Caller(), account.GroupForm{Name: " Analysts ", Description: "They look.\nOnly."}, []string{staging.ID, b.prod, b.prod})
	b.must(err)
	d, err := b.GroupDetails(t.Context(), b.admin, g.ID)
	b.must(err)
	if diff := cmp.Diff(g, d.Group); diff != "" {
		t.Error(diff)
	}
	if len(d.Policies) != 2 || d.Policies[0].WorkspaceName != "Production" || len(d.Policies[0].Body) != 0 || len(d.Outside) != 0 {
		t.Errorf("policies %v, outside %v", d.Policies, d.Outside)
	}
	rows, err := b.GroupRows(t.Context(), b.admin)
	b.must(err)
	want := []account.GroupRow{{Group: g, Workspaces: []account.Named{{ID: b.prod, Name: "Production"}, {ID: staging.ID, Name: "Staging"}}}}
	if diff := cmp.Diff(want, rows); diff != "" {
		t.Error(diff)
	}
}

func TestCreateGroup_RefusesBadFields(t *testing.T) {
	b := newBed(t, access.PlanEnterprise)
	b.group("Analysts")
	for path, act := range map[string]func() error{
		"name": func() error {
			_, err := b.CreateGroup(t.Context(), b.admin.Caller(), account.GroupForm{Name: "aNALYSTS"}, nil)
			return err
		},
		"description": func() error {
			return b.CheckGroup(t.Context(), b.admin, account.GroupForm{Name: "New", Description: strings.Repeat("x", 501)})
		},
		"workspaces": func() error {
			_, err := b.CreateGroup(t.Context(), b.admin.Caller(), account.GroupForm{Name: "New"}, []string{"elsewhere"})
			return err
		},
	} {
		wantField(t, act(), path)
	}
}

func TestCreateGroup_KeepsToThePlan(t *testing.T) {
	for plan, limit := range map[access.Plan]int{access.PlanFree: 0, access.PlanStarter: 0, access.PlanGrowth: 3, access.PlanEnterprise: 5} {
		b := newBed(t, plan)
		made := 0
		for i := range 5 {
			if _, err := b.CreateGroup(t.Context(), b.admin.Caller(), account.GroupForm{Name: fmt.Sprint("Group ", i)}, nil); err == nil {
				made++
			} else if fault.Of(err).Kind != fault.Denied || fault.Of(err).Message != access.UpgradeText {
				t.Fatal(err)
			}
		}
		if made != limit {
			t.Errorf("%s makes %d groups, want %d", plan, made, limit)
		}
		if err := b.CheckGroup(t.Context(), b.admin, account.GroupForm{Name: "New"}); (err != nil) != (plan != access.PlanEnterprise) {
			t.Errorf("%s, first step: %v", plan, err)
		}
	}
}

func TestGroupMembership_GivesAndTakes(t *testing.T) {
	b := newBed(t, access.PlanEnterprise)
	bo, cy := b.member("Bo"), b.member("Cy")
	g := b.group("Analysts")
	b.policy(account.GroupPolicy, b.prod, g.ID, access.Policy{"source:connect": access.Everywhere()})
	n := b.logged()
	added, err := b.AddToGroups(t.Context(), b.admin.Caller(), []string{bo.ID, cy.ID}, []string{g.ID})
	b.must(err)
	again, err := b.AddToGroups(t.Context(), b.admin.Caller(), []string{cy.ID}, []string{g.ID})
	b.must(err)
	if added != 2 || again != 0 || !b.allows(bo.ID, b.prod, "source:connect", "") {
		t.Errorf("added %d, then %d", added, again)
	}
	_, err = b.RemoveFromGroup(t.Context(), b.admin.Caller(), g.ID, []string{bo.ID})
	b.must(err)
	if b.caller(bo.ID).IsIn(b.prod) || !b.caller(cy.ID).IsIn(b.prod) {
		t.Error("the wrong one lost the workspace")
	}
	_, err = b.RemoveFromGroup(t.Context(), b.admin.Caller(), g.ID, []string{cy.ID, bo.ID})
	wantKind(t, err, fault.NotFound)
	_, err = b.DeleteGroup(t.Context(), b.admin.Caller(), g.ID)
	b.must(err)
	if b.caller(cy.ID).IsIn(b.prod) {
		t.Error("a deleted group still gives")
	}
	want := []string{"member_added Analysts", "member_added Analysts", "member_removed Analysts", "deleted Analysts"}
	if diff := cmp.Diff(want, b.events(audit.TargetGroup, n)); diff != "" {
		t.Error(diff)
	}
}

func TestExternalGroup_HasItsMembersLocked(t *testing.T) {
	b := newBed(t, access.PlanEnterprise)
	bo, cy := b.member("Bo"), b.member("Cy")
	g, ours := b.group("From the provider"), b.group("Ours")
	b.join(g.ID, bo.ID)
	b.markExternal(g.ID)
	n := b.logged()
	_, err := b.AddToGroups(t.Context(), b.admin.Caller(), []string{cy.ID}, []string{ours.ID, g.ID})
	wantKind(t, err, fault.Denied)
	_, err = b.RemoveFromGroup(t.Context(), b.admin.Caller(), g.ID, []string{bo.ID})
	wantKind(t, err, fault.Denied)
	if b.logged() != n {
		t.Error("part of it was done")
	}
	b.policy(account.GroupPolicy, b.prod, g.ID, access.Policy{}) // its policies are ours
}

// TestExternalGroup_IsOursWhileProvisioningIsOff holds that nobody is left without anybody who can
// change who is in a group: neither when an Admin switches provisioning off nor when the plan loses it.
func TestExternalGroup_IsOursWhileProvisioningIsOff(t *testing.T) {
	for name, off := range map[string]func(b *bed){
		"switched off":    func(b *bed) { b.provisioning(false) },
		"not in the plan": func(b *bed) { b.must(b.SetPlan(b.t.Context(), access.PlanGrowth)) },
	} {
		t.Run(name, func(t *testing.T) {
			b := newBed(t, access.PlanEnterprise)
			bo, cy := b.member("Bo"), b.member("Cy")
			g := b.group("From the provider", b.prod)
			b.join(g.ID, bo.ID)
			b.markExternal(g.ID)
			if d, err := b.GroupDetails(t.Context(), b.admin, g.ID); err != nil || !d.Locked {
				t.Fatalf("%+v, %v", d, err)
			}
			off(b)
			d, err := b.GroupDetails(t.Context(), b.admin, g.ID)
			b.must(err)
			rows, err := b.GroupRows(t.Context(), b.admin)
			b.must(err)
			if d.Locked || rows[0].Locked || !d.External || !rows[0].External {
				t.Errorf("%+v, %+v", d, rows)
			}
			_, err = b.AddToGroups(t.Context(), b.admin.Caller(), []string{cy.ID}, []string{g.ID})
			b.must(err)
			_, err = b.RemoveFromGroup(t.Context(), b.admin.Caller(), g.ID, []string{bo.ID})
			b.must(err)
			_, err = b.MakeAdmin(t.Context(), b.admin.Caller(), cy.ID)
			b.must(err)
			_, err = b.MakeMember(t.Context(), b.admin.Caller(), cy.ID) // leaves nothing but baselines
			b.must(err)
			if d, err := b.GroupDetails(t.Context(), b.admin, g.ID); err != nil || d.Members != 0 {
				t.Errorf("%d members are left, %v", d.Members, err)
			}
		})
	}
}

func TestUpdateGroup_Renames(t *testing.T) {
	b := newBed(t, access.PlanEnterprise)
	g := b.group("Analysts")
	b.group("Editors")
	_, err := b.UpdateGroup(t.Context(), b.admin.Caller(), g.ID, account.GroupForm{Name: "editors"})
	wantField(t, err, "name")
	got, err := b.UpdateGroup(t.Context(), b.admin.Caller(), g.ID, account.GroupForm{Name: "ANALYSTS", Description: "New"})
	b.must(err)
	if got.Name != "ANALYSTS" || got.Description != "New" {
		t.Errorf("%+v", got)
	}
}

package migration_test

import (
	"slices"
	"strings"
	"testing"

	"latchkey/internal/access"
	"latchkey/internal/account"
	"latchkey/internal/actor"
	"latchkey/internal/audit"
	"latchkey/internal/fault"
	"latchkey/internal/migration"
	"latchkey/internal/policy"
	"latchkey/internal/store"
)

// group finds a live group by its name, with its members' addresses in order.
func (b *bed) group(name string) (account.Group, []string) {
	b.t.Helper()
	groups, err := b.store.Groups(b.t.Context(), b.org)
	b.must(err)
	at := slices.IndexFunc(groups, func(g account.Group) bool { return g.Name == name })
	if at < 0 {
		b.t.Fatalf("no group %q among %+v", name, groups)
	}
	present, err := b.store.PresentMembers(b.t.Context(), b.org)
	b.must(err)
	var addresses []string
	for _, m := range present {
		in, err := b.store.MembersOfGroups(b.t.Context(), []string{groups[at].ID}, []string{m.ID})
		b.must(err)
		if in[groups[at].ID][m.ID] {
			addresses = append(addresses, m.Email)
		}
	}
	slices.Sort(addresses)
	return groups[at], addresses
}

// liveGroup makes a group that is here before the import, linked to Main with a policy. An external
// one is locked.
func (b *bed) liveGroup(name string, external bool, body access.Policy) {
	b.t.Helper()
	b.must(b.store.InTx(b.t.Context(), actor.System(""), func(tx *store.Tx) error {
		if err := tx.SaveSCIM(b.t.Context(), b.org, external); err != nil {
			return err
		}
		return tx.InsertGroup(b.t.Context(), account.Group{ID: "live-" + name, Organization: b.org, Name: name, External: external,
			CreatedAt: tx.Now(), UpdatedAt: tx.Now()})
	}))
	_, err := b.policies.Add(b.t.Context(), b.admin.Caller(), policy.Place{Kind: policy.OfGroup, Workspace: b.main,
		Subject: "live-" + name}, body)
	b.must(err)
}

// isIn reports whether the member with an address is in a workspace.
func (b *bed) isIn(address, workspace string) bool {
	b.t.Helper()
	present, err := b.store.PresentMembers(b.t.Context(), b.org)
	b.must(err)
	for _, m := range present {
		if m.Email == address {
			return b.caller(m.ID).Principal.IsIn(workspace)
		}
	}
	b.t.Fatalf("no member %s", address)
	return false
}

func TestDeploy_AGroupComesWithItsMembersAndGivesNothing(t *testing.T) {
	b := newBed(t, access.PlanEnterprise)
	b.stage(migration.WithPolicies)
	if data := b.item(migration.Groups, "g-data"); len(data.After.Policies) != 1 ||
		len(data.After.Policies[0].Body) != 0 || data.After.Joins != 2 || data.Rank != migration.Quiet {
		t.Errorf("the group is staged as %+v", data)
	}
	if all := b.item(migration.Groups, "g-all"); len(all.After.Policies) != 0 || all.Rank != migration.Watch ||
		!entry(b.preview(), migration.LevelWatch, "g-all", "would give access to 1 of its members") {
		t.Errorf("a link that would let somebody in is staged: %+v", all)
	}
	b.deploy()
	data, members := b.group("Data team")
	if data.Description != "Pipelines and warehouse" || data.External || strings.Join(members, " ") != "cora@acme.example ed@acme.example" {
		t.Errorf("group %+v with %v", data, members)
	}
	p, err := b.store.PolicyAt(t.Context(), b.org, policy.Place{Kind: policy.OfGroup, Workspace: "ws-prod", Subject: data.ID})
	if err != nil || len(p.Body) != 0 {
		t.Errorf("its policy is %s, %v", p.Body, err)
	}
	if _, members := b.group("Everybody"); len(members) != 4 || b.isIn("cora@acme.example", "ws-stage") ||
		!b.isIn("ed@acme.example", "ws-stage") {
		t.Errorf("members %v; Cora in a workspace that she was not in: %v", members, b.isIn("cora@acme.example", "ws-stage"))
	}
}

func TestSavePolicy_OfAGroupIsWhatItsMembersGet(t *testing.T) {
	b := newBed(t, access.PlanEnterprise)
	b.stage(migration.WithPolicies)
	seq := b.item(migration.Groups, "g-data").Seq
	b.must(b.SavePolicy(t.Context(), b.admin.Caller(), seq, "ws-prod", access.Policy{"audience:create_delete": access.Everywhere()}))
	if err := b.SavePolicy(t.Context(), b.admin.Caller(), seq, "ws-stage", access.Policy{}); !fault.Is(err, fault.NotFound) {
		t.Errorf("a workspace that the group is not linked to: %v", err)
	}
	v, err := b.Item(t.Context(), b.admin, seq)
	if err != nil || strings.Join(v.Members, " ") != "Cora Ed" || v.More != 0 {
		t.Errorf("the group's page names %v and %d more, %v", v.Members, v.More, err)
	}
	if v, err := b.Item(t.Context(), b.admin, b.item(migration.Members, "m-ed").Seq); err != nil ||
		strings.Join(v.Groups, ", ") != "Data team, Everybody" {
		t.Errorf("the member's page names %v, %v", v.Groups, err)
	}
	b.deploy()
	if !b.allows(edSecret, "audience:create_delete", "") || b.allows(edSecret, "source:create_delete", "") ||
		b.allows(etlSecret, "audience:create_delete", "") {
		t.Error("the group's members do not have what was decided for the group, and nothing else")
	}
}

func TestChoose_AGroupOfTheSameName(t *testing.T) {
	for choice, want := range map[migration.Choice]struct {
		name, members string
		gets          bool
	}{
		migration.Use:      {"data TEAM", "cora@acme.example ed@acme.example", true},
		migration.AsNew:    {"Data team (imported)", "cora@acme.example ed@acme.example", false},
		migration.LeaveOut: {"data TEAM", "", false},
	} {
		b := newBed(t, access.PlanEnterprise)
		b.liveGroup("data TEAM", false, access.Policy{"profile:edit": access.Everywhere()})
		b.stage(migration.WithPolicies)
		if i := b.item(migration.Groups, "g-data"); i.Conflict != migration.SameGroup || i.Rank != migration.Unresolved {
			t.Fatalf("the group is %+v", i)
		}
		b.choose(migration.Groups, "g-data", choice)
		b.deploy()
		if _, members := b.group(want.name); strings.Join(members, " ") != want.members {
			t.Errorf("%s: %s has %v, want %s", choice, want.name, members, want.members)
		}
		if got := b.isIn("ed@acme.example", b.main); got != want.gets {
			t.Errorf("%s: Ed gets what the group that was here gives: %v", choice, got)
		}
		events, err := b.store.RecentEvents(t.Context(), b.org, "", 100)
		b.must(err)
		added := 0
		for _, e := range events {
			if e.Action == audit.MemberAdded {
				added++
			}
		}
		if want := map[migration.Choice]int{migration.Use: 2}[choice]; added != want {
			t.Errorf("%s: %d members are told to have come into a group that was here, want %d", choice, added, want)
		}
		before := b.dump()
		b.stage(migration.WithPolicies)
		if choice == migration.LeaveOut {
			b.choose(migration.Groups, "g-data", choice)
		}
		b.deploy()
		if after := b.dump(); after != before {
			t.Errorf("%s: the same file again changed something:\n%s\n---\n%s", choice, before, after)
		}
	}
}

func TestChoose_NobodyJoinsAGroupThatTheProviderManages(t *testing.T) {
	b := newBed(t, access.PlanEnterprise)
	b.liveGroup("Data team", true, nil)
	b.stage(migration.WithPolicies)
	i := b.item(migration.Groups, "g-data")
	if _, err := b.Choose(t.Context(), b.admin.Caller(), i.Seq, migration.Use); !fault.Is(err, fault.Invalid) ||
		i.Conflict != migration.ManagedGroup {
		t.Errorf("%+v: %v", i, err)
	}
	b.choose(migration.Groups, "g-data", migration.AsNew)
	b.deploy()
	if _, members := b.group("Data team"); len(members) != 0 {
		t.Errorf("%v came into it", members)
	}
	off := newBed(t, access.PlanEnterprise)
	off.liveGroup("Data team", true, nil)
	off.must(off.store.InTx(t.Context(), actor.System(""), func(tx *store.Tx) error { return tx.SaveSCIM(t.Context(), off.org, false) }))
	off.stage(migration.WithPolicies)
	if i := off.item(migration.Groups, "g-data"); i.Conflict != migration.SameGroup {
		t.Errorf("while provisioning is off: %+v", i)
	}
}

func TestDeploy_GroupsKeepWithinThePlan(t *testing.T) {
	b := newBed(t, access.PlanGrowth)
	b.liveGroup("one", false, nil)
	b.liveGroup("two", false, nil)
	b.stage(migration.WithPolicies)
	if i := b.item(migration.Groups, "g-all"); !i.LeftOut() || i.Rank != migration.Warning ||
		!entry(b.preview(), migration.LevelLess, "g-all", "plan has no room") {
		t.Errorf("the fourth group is %+v", i)
	}
	b.deploy()
	groups, err := b.store.Groups(t.Context(), b.org)
	if err != nil || len(groups) != 3 || groups[0].Name != "Data team" {
		t.Errorf("groups %+v, %v", groups, err)
	}
	// Somebody takes the last place between preview and deployment: that group is left out too, once
	// the preview says so.
	late := newBed(t, access.PlanGrowth)
	late.liveGroup("one", false, nil)
	late.liveGroup("two", false, nil)
	late.stage(migration.WithPolicies)
	late.liveGroup("three", false, nil)
	if _, err := late.Deploy(t.Context(), late.admin, "Acme"); !fault.Is(err, fault.Conflict) ||
		!late.item(migration.Groups, "g-data").LeftOut() {
		t.Errorf("the plan was filled since the preview was made: %v", err)
	}
	late.deploy()
	if groups, err := late.store.Groups(t.Context(), late.org); err != nil || len(groups) != 3 {
		t.Errorf("groups %+v, %v", groups, err)
	}
}

func TestChoose_WhoStaysAsTheyAreJoinsNoGroup(t *testing.T) {
	b := newBed(t, access.PlanEnterprise)
	b.member("edgar", "ed@acme.example", access.RoleMember)
	b.stage(migration.WithPolicies)
	b.choose(migration.Members, "m-ed", migration.Keep)
	if i := b.item(migration.Groups, "g-data"); i.After.Joins != 1 || len(i.After.Policies) != 1 {
		t.Errorf("with one who stays as they are the group is %+v", i)
	}
	ed := b.item(migration.Members, "m-ed")
	if err := b.SavePolicy(t.Context(), b.admin.Caller(), ed.Seq, "ws-prod", access.Policy{}); !fault.Is(err,
		fault.Conflict) || ed.Rank != migration.Quiet {
		t.Errorf("a policy that will not be: %v, %+v", err, ed)
	}
	for _, line := range b.preview().Members {
		if line.Ref == "m-ed" {
			t.Errorf("the report tells what one who stays as they are would have: %+v", line)
		}
	}
	b.choose(migration.Members, "m-ed", migration.Add)
	if i := b.item(migration.Groups, "g-data"); i.After.Joins != 2 {
		t.Errorf("with one who joins the group is %+v", i)
	}
	b.choose(migration.Members, "m-ed", migration.Keep)
	b.deploy()
	if _, members := b.group("Data team"); strings.Join(members, " ") != "cora@acme.example" || b.isIn("ed@acme.example", "ws-prod") {
		t.Errorf("members %v", members)
	}
}

func TestDeploy_ALaterGroupDoesNotLetBackInWhoWasTakenOut(t *testing.T) {
	b := newBed(t, access.PlanEnterprise)
	b.upload(withoutGroups(t))
	b.must(b.Import(t.Context(), b.admin, migration.WithPolicies))
	ed := b.item(migration.Members, "m-ed").Local
	b.deploy()
	_, err := b.policies.Remove(t.Context(), b.admin.Caller(), policy.Place{Kind: policy.OfMember, Workspace: "ws-prod", Subject: ed})
	b.must(err)
	b.stage(migration.WithPolicies)
	if i := b.item(migration.Groups, "g-data"); len(i.After.Policies) != 0 || i.Rank != migration.Watch {
		t.Errorf("the group is %+v", i)
	}
	b.deploy()
	if b.isIn("ed@acme.example", "ws-prod") || !b.isIn("cora@acme.example", "ws-prod") {
		t.Error("a group let somebody back in")
	}
}

func TestDeploy_AGroupThatIsUsedDoesNotChangeWhereAnotherIsLinked(t *testing.T) {
	b := newBed(t, access.PlanEnterprise)
	b.upload(withoutGroups(t))
	b.must(b.Import(t.Context(), b.admin, migration.WithPolicies))
	b.deploy() // Cora is known from now on, and not in Staging
	b.liveGroup("Data team", false, nil)
	_, err := b.policies.Add(t.Context(), b.admin.Caller(), policy.Place{Kind: policy.OfGroup, Workspace: "ws-stage",
		Subject: "live-Data team"}, access.Policy{})
	b.must(err)
	b.upload(strings.Replace(example(t), `["m-olga", "m-cora", "m-ed", "m-vic"]`, `["m-cora"]`, 1))
	b.must(b.Import(t.Context(), b.admin, migration.WithPolicies))
	b.choose(migration.Groups, "g-data", migration.Use) // lets Cora into Staging
	if all := b.item(migration.Groups, "g-all"); len(all.After.Policies) != 0 {
		t.Fatalf("the preview links the other group: %+v", all)
	}
	b.deploy()
	if all, _ := b.group("Everybody"); !b.isIn("cora@acme.example", "ws-stage") {
		t.Error("Cora did not come into Staging: this test shows nothing")
	} else if _, err := b.store.PolicyAt(t.Context(), b.org, policy.Place{Kind: policy.OfGroup, Workspace: "ws-stage",
		Subject: all.ID}); !fault.Is(err, fault.NotFound) {
		t.Errorf("the other group is linked: %v", err)
	}
}

func TestDeploy_AMemberWhoIsJoinedDoesNotChangeWhereAGroupIsLinked(t *testing.T) {
	b := newBed(t, access.PlanEnterprise)
	b.upload(withoutGroups(t))
	b.must(b.Import(t.Context(), b.admin, migration.WithPolicies))
	b.deploy()
	// The file has another address of Cora's by now, and somebody in Staging under her old one.
	b.upload(strings.NewReplacer(`["m-olga", "m-cora", "m-ed", "m-vic"]`, `["m-cora"]`, "cora@acme", "c@acme", `"members": [
`, `"members": [
    {"id": "m-coco", "email": "cora@acme.example", "name": "Coco", "org_role": "member", "workspaces": [{"workspace": "ws-stage", "role": "connections_viewer"}]},
`).Replace(example(t)))
	b.must(b.Import(t.Context(), b.admin, migration.WithPolicies))
	b.choose(migration.Members, "m-coco", migration.Add)
	b.deploy()
	if !b.isIn("cora@acme.example", "ws-stage") {
		t.Error("she did not come into Staging: this test shows nothing")
	}
}

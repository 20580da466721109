package migration_test

import (
	"errors"
	"strings"
	"testing"

	"latchkey/internal/access"
	"latchkey/internal/account"
	"latchkey/internal/actor"
	"latchkey/internal/fault"
	"latchkey/internal/invitation"
	"latchkey/internal/migration"
	"latchkey/internal/policy"
	"latchkey/internal/random"
	"latchkey/internal/store"
	"latchkey/internal/store/storetest"
)

func TestImport_ConflictsWaitForAChoice(t *testing.T) {
	b := newBed(t, access.PlanEnterprise)
	b.member("edgar", "ed@acme.example", access.RoleMember)
	_, err := b.policies.Add(t.Context(), b.admin.Caller(), policy.Place{Kind: policy.OfMember, Workspace: b.main, Subject: "edgar"},
		access.Policy{"audience:create_delete": access.Everywhere()})
	b.must(err)
	b.upload(strings.Replace(example(t), `"name": "Production"`, `"name": "MAIN"`, 1))
	b.must(b.Import(t.Context(), b.admin, migration.WithPolicies))
	if r := b.preview(); r.Unsolved() != 2 || !entry(r, migration.LevelConflict, "m-ed", "address exists") ||
		!entry(r, migration.LevelConflict, "ws-prod", "name exists") {
		t.Errorf("conflicts %+v", r.Entries)
	}
	if _, err := b.Deploy(t.Context(), b.admin, "Acme"); !fault.Is(err, fault.Conflict) {
		t.Errorf("deployed with open conflicts: %v", err)
	}
	if items, _, err := b.Find(t.Context(), b.admin, migration.Query{Kind: migration.Members, Limit: 10}); err != nil ||
		items[0].Ref != "m-ed" {
		t.Errorf("the list begins with %+v, %v; want the conflict", items[0], err)
	}
	b.choose(migration.Workspaces, "ws-prod", migration.Use)
	b.choose(migration.Members, "m-ed", migration.Add)
	b.deploy()
	p, err := b.store.PolicyAt(t.Context(), b.org, policy.Place{Kind: policy.OfMember, Workspace: b.main, Subject: "edgar"})
	if err != nil || !p.Body["audience:create_delete"].Unlimited() || !p.Body["source:edit"].Unlimited() || p.Version != 2 {
		t.Errorf("policy after Add: %s, %v", p.Body, err)
	}
	if !b.allows(edSecret, "source:edit", "src-app") {
		t.Error("the token of the member who was here is good for nothing")
	}
}

func TestChoose_SaysWhatHappensToAMemberWhoIsHere(t *testing.T) {
	for choice, want := range map[migration.Choice]access.Policy{
		migration.Keep:    {"audience:edit": access.Everywhere()},
		migration.Replace: {},
	} {
		b := newBed(t, access.PlanEnterprise)
		b.member("vic-here", "vic@acme.example", access.RoleAdmin)
		_, err := b.policies.Add(t.Context(), b.admin.Caller(), policy.Place{Kind: policy.OfMember, Workspace: b.main, Subject: "vic-here"},
			access.Policy{"audience:edit": access.Everywhere()})
		b.must(err)
		b.upload(strings.Replace(example(t), `"name": "Staging"`, `"name": "Main"`, 1))
		b.must(b.Import(t.Context(), b.admin, migration.WithPolicies))
		b.choose(migration.Workspaces, "ws-stage", migration.Use)
		b.choose(migration.Members, "m-vic", choice)
		b.deploy()
		p, err := b.store.PolicyAt(t.Context(), b.org, policy.Place{Kind: policy.OfMember, Workspace: b.main, Subject: "vic-here"})
		if err != nil || !p.Body.Equal(want) {
			t.Errorf("%s: policy %s, %v; want %s", choice, p.Body, err, want)
		}
		m, err := b.store.Member(t.Context(), b.org, "vic-here")
		if err != nil || (m.Role == access.RoleAdmin) != (choice == migration.Keep) || m.Status != account.Active {
			t.Errorf("%s: %+v, %v", choice, m, err)
		}
	}
}

func TestChoose_AWorkspaceOfAnotherNameTakesItsResourcesAlong(t *testing.T) {
	b := newBed(t, access.PlanEnterprise)
	b.must(b.store.InTx(t.Context(), actor.System(""), func(tx *store.Tx) error {
		return storetest.InsertResource(t.Context(), tx, b.main, policy.Resource{ID: "src-app", Type: "source", Name: "Another"})
	}))
	b.upload(strings.Replace(example(t), `"name": "Production"`, `"name": "Main"`, 1))
	b.must(b.Import(t.Context(), b.admin, migration.WithPolicies))
	if i := b.item(migration.Resources, "src-app"); !i.Imported {
		t.Errorf("in the existing workspace it is the same resource: %+v", i)
	}
	b.choose(migration.Workspaces, "ws-prod", migration.AsNew)
	i := b.item(migration.Resources, "src-app")
	if i.Imported || i.Local == "src-app" || i.Rank != migration.Watch {
		t.Errorf("in a new workspace it needs a new id: %+v", i)
	}
	b.deploy()
	w, err := b.store.Workspace(t.Context(), b.org, "ws-prod")
	if err != nil || w.Name != "Main (imported)" {
		t.Errorf("workspace %+v, %v", w, err)
	}
	if b.allows(etlSecret, "source:edit", i.Local) || !b.allows(etlSecret, "source:edit", "src-web") {
		t.Error("the lock did not follow the new id")
	}
}

func TestChoose_AnEditedPolicyFollowsItsResourcesToTheirNewIds(t *testing.T) {
	b := newBed(t, access.PlanEnterprise)
	b.must(b.store.InTx(t.Context(), actor.System(""), func(tx *store.Tx) error {
		return storetest.InsertResource(t.Context(), tx, b.main, policy.Resource{ID: "src-app", Type: "source", Name: "Another"})
	}))
	b.upload(strings.Replace(example(t), `"name": "Production"`, `"name": "Main"`, 1))
	b.must(b.Import(t.Context(), b.admin, migration.WithPolicies))
	ed, etl := b.item(migration.Members, "m-ed"), b.item(migration.ServiceTokens, "sat-etl")
	b.must(b.SavePolicy(t.Context(), b.admin.Caller(), ed.Seq, "ws-prod", access.Policy{"source:edit": access.Only("src-app")}))
	b.must(b.SavePolicy(t.Context(), b.admin.Caller(), etl.Seq, "ws-prod", access.Policy{"source:edit": access.AllBut("src-app", "src-web")}))
	b.choose(migration.Workspaces, "ws-prod", migration.AsNew)
	moved := b.item(migration.Resources, "src-app").Local
	b.deploy()
	if !b.allows(edSecret, "source:edit", moved) || b.allows(edSecret, "source:edit", "src-web") {
		t.Error("the choice of one resource did not follow its new id")
	}
	if b.allows(etlSecret, "source:edit", moved) || !b.allows(etlSecret, "source:edit", "new") {
		t.Error("the exception of one resource did not follow its new id: the token may do more than was decided")
	}
}

func TestImport_TellsTheNewNameOfAWorkspaceThatTheFileNamesTwice(t *testing.T) {
	b := newBed(t, access.PlanEnterprise)
	b.upload(strings.Replace(example(t), `"name": "Staging"`, `"name": "production"`, 1))
	b.must(b.Import(t.Context(), b.admin, migration.WithPolicies))
	if !entry(b.preview(), migration.LevelWatch, "ws-stage", "production (imported)") {
		t.Errorf("the report says %+v", b.preview().Entries)
	}
	b.deploy()
}

func TestImport_ATokenWithAKnownSecretIsLeftOutByChoice(t *testing.T) {
	b := newBed(t, access.PlanEnterprise)
	b.stage(migration.WithPolicies)
	b.deploy()
	other := strings.NewReplacer("legacy-acme", "other", "@acme", "@other", "@Acme", "@other", `"name": "Production"`,
		`"name": "P2"`, `"name": "Staging"`, `"name": "S2"`, "Data team", "D2", "Everybody", "E2").Replace(example(t))
	b.upload(other)
	b.must(b.Import(t.Context(), b.admin, migration.WithPolicies))
	if r := b.preview(); r.Unsolved() != 5 {
		t.Errorf("%d open conflicts, want that of 5 tokens: %+v", r.Unsolved(), r.Entries)
	}
	if n, err := b.ChooseAll(t.Context(), b.admin.Caller(), migration.SameDigest, migration.LeaveOut); err != nil || n != 5 {
		t.Errorf("%d resolved, %v", n, err)
	}
	b.deploy()
	v, err := b.verify.Verify(t.Context(), etlSecret)
	if err != nil || v.Principal().Workspace != "ws-prod" {
		t.Errorf("the token that was here: %v", err)
	}
}

func TestImport_WhoWasRemovedComesBackByChoiceOnly(t *testing.T) {
	for _, choice := range []migration.Choice{migration.LeaveOut, migration.AsNew} {
		b := newBed(t, access.PlanEnterprise)
		b.stage(migration.WithPolicies)
		ed := b.item(migration.Members, "m-ed").Local
		b.deploy()
		_, err := b.accounts.Members.Delete(t.Context(), b.admin.Caller(), account.These(ed))
		b.must(err)
		b.stage(migration.WithPolicies)
		if i := b.item(migration.Members, "m-ed"); i.Conflict != migration.Removed {
			t.Fatalf("who was removed is %+v", i)
		}
		b.choose(migration.Members, "m-ed", choice)
		b.deploy()
		present, err := b.store.PresentMembers(t.Context(), b.org)
		b.must(err)
		back := false
		for _, m := range present {
			back = back || m.Email == "ed@acme.example"
		}
		if back != (choice == migration.AsNew) {
			t.Errorf("%s: back is %v", choice, back)
		}
		if !b.refused(edSecret) {
			t.Errorf("%s: a revoked secret is good again", choice)
		}
	}
}

func TestImport_AnOwnerWhoIsLeftOutTakesTheTokensAlong(t *testing.T) {
	b := newBed(t, access.PlanEnterprise)
	b.stage(migration.WithPolicies)
	ed := b.item(migration.Members, "m-ed").Local
	b.deploy()
	_, err := b.accounts.Members.Delete(t.Context(), b.admin.Caller(), account.These(ed))
	b.must(err)
	more := strings.Replace(example(t), `    {"id": "pat-vic"`,
		`    {"id": "pat-ed-2", "name": "second", "owner": "m-ed", "workspace": "ws-prod", "scope": "read_only",
     "created_at": "2024-05-05T00:00:00Z", "secret": "another secret of ed's"},
    {"id": "pat-vic"`, 1)
	b.upload(more)
	b.must(b.Import(t.Context(), b.admin, migration.WithPolicies))
	b.choose(migration.Members, "m-ed", migration.LeaveOut)
	if i := b.item(migration.PersonalTokens, "pat-ed-2"); i.Choice != migration.LeaveOut {
		t.Errorf("the token is %+v", i)
	}
	b.choose(migration.Members, "m-ed", migration.AsNew)
	if i := b.item(migration.PersonalTokens, "pat-ed-2"); i.Choice != "" {
		t.Errorf("with its owner back the token is %+v", i)
	}
	b.deploy()
	if !b.allows("another secret of ed's", "source:live_events", "src-web") || b.allows("another secret of ed's", "source:edit", "src-web") {
		t.Error("the new Read-Only token does not see what it should")
	}
}

func TestDeploy_FindsAConflictThatCameUpMeanwhile(t *testing.T) {
	b := newBed(t, access.PlanEnterprise)
	b.stage(migration.WithPolicies)
	b.member("late", "ed@acme.example", access.RoleMember)
	if _, err := b.Deploy(t.Context(), b.admin, "Acme"); !fault.Is(err, fault.Conflict) {
		t.Fatalf("deployed over a member who came meanwhile: %v", err)
	}
	if i := b.item(migration.Members, "m-ed"); !i.Open() || i.Rank != migration.Unresolved {
		t.Errorf("the new conflict is not there: %+v", i)
	}
	if !b.refused(edSecret) {
		t.Error("something of the failed deployment is left")
	}
	b.choose(migration.Members, "m-ed", migration.Keep)
	b.deploy()
	if !b.refused(edSecret) || b.refused(etlSecret) {
		t.Error("the token does not follow the member who was kept, who is in no workspace")
	}
}

func TestDeploy_DoesNothingThatThePreviewDoesNotShow(t *testing.T) {
	for name, change := range map[string]func(b *bed, edgar policy.Place){
		"a policy of a member who is here": func(b *bed, edgar policy.Place) {
			v, err := b.policies.At(t.Context(), b.admin, edgar)
			b.must(err)
			_, err = b.policies.Save(t.Context(), b.admin.Caller(), edgar, v.Revision(), access.Policy{"source:edit": access.Only()})
			b.must(err)
		},
		"a policy that they had": func(b *bed, edgar policy.Place) {
			_, err := b.policies.Remove(t.Context(), b.admin.Caller(), edgar)
			b.must(err)
		},
		"the role of a member who is here": func(b *bed, _ policy.Place) {
			b.must(b.store.InTx(t.Context(), actor.System(""), func(tx *store.Tx) error {
				m, err := tx.Member(t.Context(), b.org, "edgar")
				m.Role = access.RoleAdmin
				return errors.Join(err, tx.UpdateMember(t.Context(), m))
			}))
		},
		"the baseline of a workspace that is used": func(b *bed, _ policy.Place) {
			at := policy.Place{Kind: policy.Baseline, Workspace: b.main}
			v, err := b.policies.At(t.Context(), b.admin, at)
			b.must(err)
			_, err = b.policies.Save(t.Context(), b.admin.Caller(), at, v.Revision(), access.Policy{"table:edit": access.Everywhere()})
			b.must(err)
		},
		"a policy of a group that is used": func(b *bed, _ policy.Place) {
			at := policy.Place{Kind: policy.OfGroup, Workspace: b.main, Subject: "live-data TEAM"}
			v, err := b.policies.At(t.Context(), b.admin, at)
			b.must(err)
			_, err = b.policies.Save(t.Context(), b.admin.Caller(), at, v.Revision(), access.Policy{"table:edit": access.Everywhere()})
			b.must(err)
		},
		"a workspace of a group that is used": func(b *bed, _ policy.Place) {
			w, err := b.accounts.Workspaces.Create(t.Context(), b.admin.Caller(),
				account.WorkspaceSettings{Name: "More", Environment: account.Production, Region: "US"})
			b.must(err)
			_, err = b.policies.Add(t.Context(), b.admin.Caller(), policy.Place{Kind: policy.OfGroup, Workspace: w.ID,
				Subject: "live-data TEAM"}, access.Policy{})
			b.must(err)
		},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBed(t, access.PlanEnterprise)
			b.member("edgar", "ed@acme.example", access.RoleMember)
			edgar := policy.Place{Kind: policy.OfMember, Workspace: b.main, Subject: "edgar"}
			_, err := b.policies.Add(t.Context(), b.admin.Caller(), edgar, access.Policy{"audience:edit": access.Everywhere()})
			b.must(err)
			b.liveGroup("data TEAM", false, access.Policy{"profile:edit": access.Everywhere()})
			b.upload(strings.Replace(example(t), `"name": "Production"`, `"name": "Main"`, 1))
			b.must(b.Import(t.Context(), b.admin, migration.WithPolicies))
			b.choose(migration.Workspaces, "ws-prod", migration.Use)
			b.choose(migration.Members, "m-ed", migration.Replace)
			b.choose(migration.Groups, "g-data", migration.Use)
			change(b, edgar)
			if _, err := b.Deploy(t.Context(), b.admin, "Acme"); !fault.Is(err, fault.Conflict) ||
				!strings.Contains(err.Error(), "has changed since the preview") {
				t.Errorf("deployed something else than the preview shows: %v", err)
			}
			if !b.refused(etlSecret) {
				t.Error("something of it is live")
			}
			b.deploy() // the preview is up to date
		})
	}
}

func TestDeploy_StopsWhenABaselineThatGaveMoreGivesEvenMore(t *testing.T) {
	b := newBed(t, access.PlanEnterprise)
	at := policy.Place{Kind: policy.Baseline, Workspace: b.main}
	widen := func(p access.Policy) {
		v, err := b.policies.At(t.Context(), b.admin, at)
		b.must(err)
		_, err = b.policies.Save(t.Context(), b.admin.Caller(), at, v.Revision(), p)
		b.must(err)
	}
	widen(access.Policy{"table:edit": access.Everywhere()})
	b.upload(strings.Replace(example(t), `"name": "Production"`, `"name": "Main"`, 1))
	b.must(b.Import(t.Context(), b.admin, migration.WithPolicies))
	b.choose(migration.Workspaces, "ws-prod", migration.Use)
	widen(access.Policy{"table:edit": access.Everywhere(), "source:create_delete": access.Everywhere()})
	if _, err := b.Deploy(t.Context(), b.admin, "Acme"); !fault.Is(err, fault.Conflict) ||
		!strings.Contains(err.Error(), "has changed since the preview") {
		t.Errorf("the preview did not show what is deployed: %v", err)
	}
	b.deploy()
	if !b.allows(etlSecret, "source:create_delete", "") {
		t.Error("the baseline means nothing to an imported token: this test shows nothing")
	}
}

func TestChoose_WhoIsHereAndStaysAsTheyAreHoldsNothingUp(t *testing.T) {
	b := newBed(t, access.PlanEnterprise)
	b.member("edgar", "ed@acme.example", access.RoleMember)
	b.upload(withoutGroups(t))
	b.must(b.Import(t.Context(), b.admin, migration.WithPolicies))
	for _, choice := range []migration.Choice{migration.Keep, migration.Add, migration.Replace, migration.Keep} {
		b.choose(migration.Members, "m-ed", choice)
	}
	b.deploy()
}

func TestDeploy_EndsTheCredentialsOfThoseItDemotesOrAddsInactive(t *testing.T) {
	b := newBed(t, access.PlanEnterprise)
	b.member("vic-here", "vic@acme.example", access.RoleAdmin)
	invitations := invitation.New(store.Invitations(b.store), access.BuiltIn(), b.clock.now)
	invite := func(by actor.Standing, email string) random.Secret {
		out, err := invitations.Invite(t.Context(), by.Caller(), invitation.NewInvitations{Emails: []string{email}, Role: access.RoleAdmin},
			random.Secret.Reveal)
		b.must(err)
		return random.Secret(out.Sent[0].Link)
	}
	dead := map[string]random.Secret{
		"made by the demoted one": invite(b.caller("vic-here"), "friend@acme.example"),
		"to the demoted one":      invite(b.admin, "vic@acme.example"),
		"to one added inactive":   invite(b.admin, "ed@acme.example"),
	}
	text := strings.Replace(example(t), `"email": "Ed@Acme.example",`, `"email": "Ed@Acme.example", "status": "deactivated",`, 1)
	b.upload(text)
	b.must(b.Import(t.Context(), b.admin, migration.WithPolicies))
	b.choose(migration.Members, "m-vic", migration.Replace)
	b.deploy()
	for name, secret := range dead {
		if inv, err := invitations.Open(t.Context(), secret, actor.Origin{}); err == nil {
			t.Errorf("%s: still open, %+v", name, inv)
		}
	}
	if m, err := b.store.Member(t.Context(), b.org, "vic-here"); err != nil || m.Role != access.RoleMember || m.AdminUntil.IsZero() {
		t.Errorf("%+v, %v", m, err)
	}
}

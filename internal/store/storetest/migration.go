package storetest

import (
	"context"
	"crypto/sha256"
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"latchkey/internal/access"
	"latchkey/internal/fault"
	"latchkey/internal/legacy"
	"latchkey/internal/migration"
	"latchkey/internal/policy"
	"latchkey/internal/store"
)

// Migrations checks what the store promises of the staging area, and deploys an export on it.
func Migrations(t *testing.T, open Open) {
	for name, test := range map[string]func(*testing.T, *accountBed){
		"an organization stages one import at a time": stagesOne,
		"another organization sees nothing":           separatesMigrations,
		"items are found, sorted and counted":         findsItems,
		"items go with their migration":               dropsItems,
		"a link is replaced":                          replacesLinks,
		"what exists is recognized":                   recognizes,
		"an export is deployed":                       deploysExport,
		"of two deployments one is refused":           deploysOnce,
	} {
		t.Run(strings.ReplaceAll(name, " ", "_"), func(t *testing.T) { test(t, newAccountBed(t, open(t))) })
	}
}

func bedMigration(b *accountBed, id string) migration.Migration {
	return migration.Migration{ID: id, Organization: bedOrg, State: migration.Reading, FileName: "export.json", CreatedAt: b.Now(),
		CreatedBy: bedAda, CreatedByName: "ada", Summary: legacy.Summary{Counts: legacy.Counts{Members: 3},
			Warnings: []legacy.Warning{{Path: "x", Message: "y"}}}}
}

func bedItems() []migration.Item {
	digest := sha256.Sum256([]byte("secret"))
	return []migration.Item{
		{Seq: 1, Kind: migration.Members, Ref: "m1", Name: "Zoë", Detail: "zoe@acme.example", Body: "{}"},
		{Seq: 2, Kind: migration.Members, Ref: "m2", Name: "Bob_1", Detail: "bob@acme.example", Rank: migration.Unresolved,
			Conflict: migration.SameEmail, Body: "{}"},
		{Seq: 3, Kind: migration.Members, Ref: "m3", Name: "Cy", Detail: "cy@acme.example", Rank: migration.Watch,
			Local: "local", Imported: true, Body: "{}",
			After: migration.After{Role: access.RoleMember, Policies: []migration.Policy{{Workspace: "w", Before: "was",
				Body: access.Policy{"source:edit": access.AllBut("s")}, Edited: true}}}},
		{Seq: 4, Kind: migration.ServiceTokens, Ref: "t1", Name: "etl", Digest: digest[:], Body: "{}"},
		{Seq: 5, Kind: migration.Groups, Ref: "m1", Name: "Data", Detail: "2 members", Body: "{}",
			After: migration.After{Joins: 2, NoRoom: true}},
	}
}

// stageBed stages the items.
func stageBed(t *testing.T, b *accountBed) migration.Migration {
	t.Helper()
	m := bedMigration(b, "mig")
	b.inTx(t, func(ctx context.Context, tx *store.Tx) error {
		return errors.Join(tx.InsertMigration(ctx, m), tx.InsertItems(ctx, m.ID, bedItems()))
	})
	return m
}

func stagesOne(t *testing.T, b *accountBed) {
	m := stageBed(t, b)
	got, err := b.Staging(t.Context(), bedOrg)
	if diff := cmp.Diff(m, got); err != nil || diff != "" {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	err = b.try(t, func(ctx context.Context, tx *store.Tx) error {
		return tx.InsertMigration(ctx, bedMigration(b, "second"))
	})
	if !fault.Is(err, fault.Conflict) {
		t.Errorf("a second staged import: %v, want Conflict", err)
	}
	m.State, m.Strategy, m.DeployedAt, m.DeployedByName, m.Report = migration.Deployed, migration.Fresh, b.Now(), "ada", `{"a":1}`
	b.inTx(t, func(ctx context.Context, tx *store.Tx) error {
		return errors.Join(tx.UpdateMigration(ctx, m), tx.InsertMigration(ctx, bedMigration(b, "third")), tx.DeleteMigration(ctx, bedOrg, m.ID))
	})
	got, err = b.Migration(t.Context(), bedOrg, m.ID)
	if diff := cmp.Diff(m, got); err != nil || diff != "" {
		t.Errorf("deployed: %v (-want +got):\n%s", err, diff)
	}
	if list, err := b.Deployments(t.Context(), bedOrg); err != nil || len(list) != 1 || list[0].Report != "" {
		t.Errorf("deployments %+v, %v", list, err)
	}
}

func separatesMigrations(t *testing.T, b *accountBed) {
	m := stageBed(t, b)
	if _, err := b.Staging(t.Context(), "other"); !fault.Is(err, fault.NotFound) {
		t.Errorf("staging of another organization: %v", err)
	}
	if _, err := b.Migration(t.Context(), "other", m.ID); !fault.Is(err, fault.NotFound) {
		t.Errorf("a migration of another organization: %v", err)
	}
	m.Organization = "other"
	err := b.try(t, func(ctx context.Context, tx *store.Tx) error {
		return errors.Join(tx.DeleteMigration(ctx, "other", m.ID), tx.UpdateMigration(ctx, m))
	})
	if _, still := b.Staging(t.Context(), bedOrg); !fault.Is(err, fault.NotFound) || still != nil {
		t.Errorf("changed from another organization: %v, %v", err, still)
	}
}

func findsItems(t *testing.T, b *accountBed) {
	m, ctx := stageBed(t, b), t.Context()
	for _, tt := range []struct {
		query migration.Query
		want  string
		total int
	}{
		{migration.Query{Kind: migration.Members, Limit: 10}, "m2 m3 m1", 3},
		{migration.Query{Kind: migration.Members, Limit: 1, Offset: 1}, "m3", 3},
		{migration.Query{Kind: migration.Members, Search: "ZOË", Limit: 10}, "m1", 1},
		{migration.Query{Kind: migration.Members, Search: "b_1", Limit: 10}, "m2", 1},
		{migration.Query{Kind: migration.Members, Search: "cy@", Limit: 10}, "m3", 1},
		{migration.Query{Kind: migration.Members, Open: true, Limit: 10}, "m2", 1},
		{migration.Query{Kind: migration.Members, Notes: true, Limit: 10}, "m2 m3", 2},
		{migration.Query{Kind: migration.ServiceTokens, Search: "zoë", Limit: 10}, "", 0},
	} {
		items, total, err := b.FindStaged(ctx, m.ID, tt.query)
		var refs []string
		for _, i := range items {
			refs = append(refs, i.Ref)
		}
		if got := strings.Join(refs, " "); err != nil || got != tt.want || total != tt.total {
			t.Errorf("%+v: %q of %d, %v; want %q of %d", tt.query, got, total, err, tt.want, tt.total)
		}
	}
	for _, want := range bedItems() {
		got, err := b.StagedItem(ctx, m.ID, want.Seq)
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("item %d: %v (-want +got):\n%s", want.Seq, err, diff)
		}
	}
	if items, err := b.StagedItems(ctx, m.ID, migration.Members, 1, 1); err != nil || len(items) != 1 || items[0].Seq != 2 {
		t.Errorf("items after the first: %+v, %v", items, err)
	}
	items, err := b.StagedByRef(ctx, m.ID, migration.Members, []string{"m3", "m1", "t1", "none"})
	if err != nil || len(items) != 2 || items[0].Ref != "m1" || items[1].Ref != "m3" {
		t.Errorf("members by their old ids: %+v, %v", items, err)
	}
	tallies, err := b.Tallies(ctx, m.ID)
	want := []migration.Tally{{Kind: migration.Groups, Count: 1}, {Kind: migration.Members, Rank: migration.Unresolved,
		Conflict: migration.SameEmail, Count: 1},
		{Kind: migration.Members, Rank: migration.Watch, Imported: true, Count: 1}, {Kind: migration.Members,
			Count: 1}, {Kind: migration.ServiceTokens, Count: 1}}
	if diff := cmp.Diff(want, tallies); err != nil || diff != "" {
		t.Errorf("tallies: %v (-want +got):\n%s", err, diff)
	}
	changed := bedItems()[0]
	changed.Rank, changed.Choice, changed.Local = migration.Warning, migration.LeaveOut, "here"
	b.inTx(t, func(ctx context.Context, tx *store.Tx) error { return tx.UpdateItem(ctx, m.ID, changed) })
	if got, err := b.StagedItem(ctx, m.ID, 1); err != nil || cmp.Diff(changed, got) != "" {
		t.Errorf("after the update: %+v, %v", got, err)
	}
}

func dropsItems(t *testing.T, b *accountBed) {
	m := stageBed(t, b)
	b.inTx(t, func(ctx context.Context, tx *store.Tx) error { return tx.DeleteMigration(ctx, bedOrg, m.ID) })
	if _, err := b.StagedItem(t.Context(), m.ID, 1); !fault.Is(err, fault.NotFound) {
		t.Errorf("an item of a migration that is gone: %v", err)
	}
	m = stageBed(t, b)
	b.inTx(t, func(ctx context.Context, tx *store.Tx) error { return tx.DeleteItems(ctx, m.ID) })
	if tallies, err := b.Tallies(t.Context(), m.ID); err != nil || len(tallies) != 0 {
		t.Errorf("items are left: %+v, %v", tallies, err)
	}
}

func replacesLinks(t *testing.T, b *accountBed) {
	for _, local := range []string{"first", "second"} {
		b.inTx(t, func(ctx context.Context, tx *store.Tx) error {
			return tx.SaveLinks(ctx, bedOrg, "src", []migration.Link{{Kind: migration.Members, Ref: "m1", Local: local},
				{Kind: migration.Members, Ref: "m2", Local: "other"}})
		})
	}
	got, err := b.Links(t.Context(), bedOrg, "src", migration.Members)
	if diff := cmp.Diff(map[string]string{"m1": "second", "m2": "other"}, got); err != nil || diff != "" {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	for _, from := range []struct{ organization, source string }{{"other", "src"}, {bedOrg, "elsewhere"}} {
		if got, err := b.Links(t.Context(), from.organization, from.source, migration.Members); err != nil || len(got) != 0 {
			t.Errorf("links of %+v: %v, %v", from, got, err)
		}
	}
}

func recognizes(t *testing.T, b *accountBed) {
	ctx := t.Context()
	b.inTx(t, func(ctx context.Context, tx *store.Tx) error {
		return InsertResource(ctx, tx, bedProd, policy.Resource{ID: "src-1", Type: "source", Name: "One"})
	})
	members, err := b.PresentMembers(ctx, bedOrg)
	if err != nil || len(members) != 2 {
		t.Errorf("members %+v, %v", members, err)
	}
	located, err := b.LocatedResources(ctx, []string{"src-1", "src-2"})
	if diff := cmp.Diff(map[string]migration.Located{"src-1": {ID: "src-1", Workspace: bedProd, Type: "source"}},
		located); err != nil || diff != "" {
		t.Errorf("resources: %v (-want +got):\n%s", err, diff)
	}
	taken, err := b.WorkspaceIDsTaken(ctx, []string{bedProd, "none"})
	if diff := cmp.Diff(map[string]bool{bedProd: true}, taken); err != nil || diff != "" {
		t.Errorf("workspaces: %v (-want +got):\n%s", err, diff)
	}
	for _, step := range []struct {
		end  string // which policy of Bo's ends before
		want bool
	}{{"", true}, {"p-member", true}, {"p-group", false}} {
		b.inTx(t, func(ctx context.Context, tx *store.Tx) error {
			if step.end == "" {
				return nil
			}
			return tx.DeletePolicy(ctx, bedPolicy(step.end, policy.Kind(strings.TrimPrefix(step.end, "p-")),
				map[string]string{"p-member": bedBo, "p-group": bedGroup}[step.end], tx.Now()))
		})
		if inside, err := b.MembersInside(ctx, bedOrg, bedProd); err != nil || inside[bedBo] != step.want {
			t.Errorf("without %q inside are %v, %v", step.end, inside, err)
		}
	}
	if inside, err := b.MembersInside(ctx, "other", bedProd); err != nil || len(inside) != 0 {
		t.Errorf("for another organization, inside are %v, %v", inside, err)
	}
	if held, err := b.HeldDigests(ctx, nil); err != nil || len(held) != 0 {
		t.Errorf("no digests: %+v, %v", held, err)
	}
}

const smallExport = `{"format":"latchkey-legacy-export","version":1,"organization":{"id":"old","name":"Old"},
"workspaces":[{"id":"w1","name":"First","data_privacy":{"members":["m1"]}}],
"resources":[{"id":"s1","workspace":"w1","type":"source","name":"S","lock":{"members":["m1"]}}],
"members":[{"id":"m1","email":"new@acme.example","name":"New","org_role":"member","workspaces":[{"workspace":"w1","role":"connections_editor"}]}],
"groups":[{"id":"g1","name":"Crew","description":"All","members":["m1"],"workspaces":["w1"]}],
"personal_tokens":[{"id":"p1","name":"p","owner":"m1","workspace":"w1","scope":"read_write","created_at":"2024-05-01T12:00:00Z","secret":"a secret of the old system"}],
"service_tokens":[{"id":"t1","name":"t","level":"workspace","workspace":"w1","role":"read_write","created_at":"2024-05-01T12:00:00Z","secret":"another secret of the old system"}]}`

// stagedExport stages the small export on the service.
func stagedExport(t *testing.T, b *accountBed) *migration.Service {
	t.Helper()
	s := migration.New(store.Migrations(b.Store), access.BuiltIn())
	if _, err := s.Upload(t.Context(), b.admin, "small.json", strings.NewReader(smallExport), nil); err != nil {
		t.Fatal(err)
	}
	if err := s.Import(t.Context(), b.admin, migration.WithPolicies); err != nil {
		t.Fatal(err)
	}
	return s
}

func deploysExport(t *testing.T, b *accountBed) {
	s, ctx := stagedExport(t, b), t.Context()
	if _, err := s.Deploy(ctx, b.admin, "Acme"); err != nil {
		t.Fatal(err)
	}
	held, err := b.TokenByDigest(ctx, sha256.Sum256([]byte("another secret of the old system")))
	if err != nil || !held.Legacy || held.Workspace != "w1" || !held.Policy["source:edit"].Equal(access.AllBut("s1")) {
		t.Errorf("the service token is %+v, %v", held, err)
	}
	groups, err := b.Groups(ctx, bedOrg)
	if err != nil || len(groups) != 2 || groups[1].Name != "Crew" {
		t.Fatalf("groups %+v, %v", groups, err)
	}
	if counts, err := b.CountGroupMembers(ctx, bedOrg); err != nil || counts[groups[1].ID] != 1 {
		t.Errorf("members of the group: %v, %v", counts, err)
	}
	again := stagedExport(t, b)
	r, err := again.Preview(ctx, b.admin)
	if err != nil || r.Changes() != 0 {
		t.Errorf("the same file again: %+v, %v", r.Totals, err)
	}
}

// deploysOnce deploys the same staging area from two sides at once.
func deploysOnce(t *testing.T, b *accountBed) {
	s := stagedExport(t, b)
	var wg sync.WaitGroup
	errs := make([]error, 2)
	for n := range errs {
		wg.Go(func() { _, errs[n] = s.Deploy(t.Context(), b.admin, "Acme") })
	}
	wg.Wait()
	if (errs[0] == nil) == (errs[1] == nil) {
		t.Errorf("both ended alike: %v, %v", errs[0], errs[1])
	}
	if n, err := b.CountMembers(t.Context(), bedOrg); err != nil || n != 3 {
		t.Errorf("%d members, %v; want 3", n, err)
	}
}

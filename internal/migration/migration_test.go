package migration_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"latchkey/internal/access"
	"latchkey/internal/audit"
	"latchkey/internal/fault"
	"latchkey/internal/migration"
	"latchkey/internal/store"
	"latchkey/internal/token"
)

// The secrets of the example.
const (
	olgaSecret = "2Jq0Tz-admin-token-of-olga"
	edSecret   = "old style secret, of ed"
	vicSecret  = "test"
	etlSecret  = "legacy-service-secret-0001"
	scimSecret = "legacy-service-secret-0002"
)

func TestDeploy_BringsEverythingOver(t *testing.T) {
	b := newBed(t, access.PlanEnterprise)
	b.stage(migration.WithPolicies)
	b.deploy()
	for _, tt := range []struct {
		secret string
		perm   access.Permission
		on     string
		want   bool
	}{
		{edSecret, "source:edit", "src-app", true},
		{edSecret, "destination:edit", "dst-pg", false}, // locked for others
		{edSecret, "destination:edit", "new", true},
		{edSecret, "transformation:create_delete", "", true},
		{edSecret, "transformation_library:edit", "", true},
		{edSecret, "source:create_delete", "", false},
		{edSecret, "source:live_events", "src-web", true},
		{etlSecret, "source:edit", "src-web", true},
		{etlSecret, "source:edit", "src-app", false}, // locked for others
		{etlSecret, "destination:edit", "dst-pg", true},
		{etlSecret, "destination:data_access", "dst-pg", true},
		{etlSecret, "transformation:edit", "tr-clean", false},
		{olgaSecret, "source:create_delete", "", true},
		{olgaSecret, "member:manage", "", true},
		{scimSecret, "scim:use", "", true},
		{scimSecret, "source:edit", "src-web", false},
	} {
		if got := b.allows(tt.secret, tt.perm, tt.on); got != tt.want {
			t.Errorf("%s: %s on %q is %v, want %v", tt.secret, tt.perm, tt.on, got, tt.want)
		}
	}
	if !b.refused(vicSecret) {
		t.Error("the token of a deactivated member is good")
	}
	list, err := b.store.Resources(t.Context(), b.org, "ws-prod")
	if err != nil || len(list) != 5 {
		t.Errorf("resources %+v, %v", list, err)
	}
	tokens, err := b.store.ServiceTokens(t.Context(), b.org, "workspace")
	if err != nil || len(tokens) != 1 || !tokens[0].Legacy || tokens[0].CreatedAt.Year() != 2022 || tokens[0].Hint != "…0001" {
		t.Errorf("service tokens %+v, %v", tokens, err)
	}
	o, err := b.Overview(t.Context(), b.admin)
	if err != nil || !o.Empty() || len(o.Deployments) != 1 {
		t.Errorf("after deploying: %+v, %v", o, err)
	}
}

func TestImport_FreshLetsMembersViewOnlyAndKeepsServiceTokens(t *testing.T) {
	b := newBed(t, access.PlanEnterprise)
	b.stage(migration.Fresh)
	b.deploy()
	for perm, want := range map[access.Permission]bool{"workspace:view": true, "source:edit": false,
		"source:live_events": false, "source:connect": false} {
		on := "src-web"
		if perm == "workspace:view" {
			v, err := b.verify.Verify(t.Context(), edSecret)
			b.must(err)
			if !v.Principal().IsIn("ws-prod") {
				t.Error("a fresh member's token is in no workspace")
			}
			continue
		}
		if got := b.allows(edSecret, perm, on); got != want {
			t.Errorf("%s: %v, want %v", perm, got, want)
		}
	}
	if !b.allows(etlSecret, "destination:edit", "dst-pg") || !b.allows(etlSecret, "source:live_events", "src-web") {
		t.Error("a service token lost something")
	}
	if !b.allows(olgaSecret, "source:edit", "src-app") {
		t.Error("an Admin is none any more")
	}
}

func TestStaging_LeavesLiveAccessAlone(t *testing.T) {
	b := newBed(t, access.PlanEnterprise)
	b.stage(migration.WithPolicies)
	b.deploy()
	// From now on etl is live; a second export takes all from it and adds others.
	check := func(step string) {
		t.Helper()
		if !b.allows(etlSecret, "source:edit", "src-web") || b.allows(etlSecret, "source:edit", "src-app") ||
			!b.allows(edSecret, "source:edit", "src-app") {
			t.Errorf("live access changed with %s", step)
		}
		if members, err := b.store.CountMembers(t.Context(), b.org); err != nil || members != 5 {
			t.Errorf("%d members after %s, %v", members, step, err)
		}
	}
	other := strings.NewReplacer("legacy-acme", "other", "ws-prod", "ws-other", "connections_editor", "read_only", "cora@",
		"coral@").Replace(example(t))
	b.upload(other)
	check("upload")
	b.must(b.Import(t.Context(), b.admin, migration.WithPolicies))
	check("import")
	i := b.item(migration.Members, "m-cora")
	b.must(b.SavePolicy(t.Context(), b.admin.Caller(), i.Seq, "ws-other", access.Policy{"source:edit": access.Everywhere()}))
	check("edit")
	for _, c := range []migration.Conflict{migration.SameName, migration.SameEmail, migration.SameDigest} {
		if _, err := b.ChooseAll(t.Context(), b.admin.Caller(), c, c.Choices()[0]); err != nil {
			t.Fatal(err)
		}
		check("choice")
	}
	b.preview()
	check("preview")
	if was, err := b.Reset(t.Context(), b.admin); err != nil || !was {
		t.Fatalf("reset: %v, %v", was, err)
	}
	check("reset")
	if was, err := b.Reset(t.Context(), b.admin); err != nil || was {
		t.Errorf("an empty staging area was reset: %v, %v", was, err)
	}
	if o, err := b.Overview(t.Context(), b.admin); err != nil || !o.Empty() {
		t.Errorf("after the reset: %+v, %v", o, err)
	}
}

func TestDeploy_TheSameFileTwiceChangesNothing(t *testing.T) {
	for _, second := range []migration.Strategy{migration.WithPolicies, migration.Fresh} {
		b := newBed(t, access.PlanEnterprise)
		b.stage(migration.WithPolicies)
		b.deploy()
		before := b.dump()
		b.stage(second)
		if got := totals(b.preview()); got != "workspace 0/0/2/0, resource 0/0/5/0, member 0/0/4/0, group 0/0/2/0, personal_token 0/0/3/0, service_token 0/0/2/0" {
			t.Errorf("%s: the second import says %s", second, got)
		}
		b.deploy()
		if after := b.dump(); after != before {
			t.Errorf("%s: the second import changed something:\n%s\n---\n%s", second, before, after)
		}
	}
}

// dump is what the database holds of everything that an import touches.
func (b *bed) dump() string {
	b.t.Helper()
	var out strings.Builder
	s := b.store
	ctx := b.t.Context()
	members, err := s.PresentMembers(ctx, b.org)
	b.must(err)
	for _, m := range members {
		policies, err := s.PoliciesOfMember(ctx, b.org, m.ID)
		b.must(err)
		tokens, err := s.PersonalTokens(ctx, b.org, m.ID)
		b.must(err)
		out.WriteString(m.ID + m.Email + string(m.Role) + string(m.Status) + "\n")
		for _, p := range policies {
			out.WriteString("  " + p.ID + p.Body.String() + p.UpdatedAt.String() + "\n")
		}
		for _, t := range tokens {
			out.WriteString("  " + t.ID + t.Name + "\n")
		}
	}
	groups, err := s.Groups(ctx, b.org)
	b.must(err)
	counts, err := s.CountGroupMembers(ctx, b.org)
	b.must(err)
	for _, g := range groups {
		fmt.Fprintln(&out, g, counts[g.ID])
	}
	for _, kind := range []string{"workspace", "organization"} {
		tokens, err := s.ServiceTokens(ctx, b.org, kindOf(kind))
		b.must(err)
		for _, t := range tokens {
			out.WriteString(t.ID + t.Name + t.Policy.String() + "\n")
		}
	}
	list, err := s.Workspaces(ctx, b.org)
	b.must(err)
	for _, w := range list {
		resources, err := s.Resources(ctx, b.org, w.ID)
		b.must(err)
		out.WriteString(w.ID + w.Name + "\n")
		for _, r := range resources {
			out.WriteString("  " + r.ID + r.Name + "\n")
		}
	}
	events, err := s.RecentEvents(ctx, b.org, "", 100)
	b.must(err)
	for _, e := range events {
		if e.Target.Type != audit.TargetMigration { // what is staged is no change of what lives
			out.WriteString(e.ID)
			break
		}
	}
	return out.String()
}

func TestSavePolicy_ChangesWhatIsDeployed(t *testing.T) {
	b := newBed(t, access.PlanEnterprise)
	b.stage(migration.WithPolicies)
	sat, ed := b.item(migration.ServiceTokens, "sat-etl"), b.item(migration.Members, "m-ed")
	b.must(b.SavePolicy(t.Context(), b.admin.Caller(), sat.Seq, "ws-prod", access.Policy{"source:edit": access.Only("src-web")}))
	b.must(b.SavePolicy(t.Context(), b.admin.Caller(), ed.Seq, "ws-prod", access.Policy{"source:edit": access.Only("src-app")}))
	// Importing again with the same strategy keeps what was edited.
	b.must(b.Import(t.Context(), b.admin, migration.WithPolicies))
	if r := b.preview(); !entry(r, migration.LevelEdited, "sat-etl", "edited") {
		t.Errorf("the report tells nothing of the edit: %+v", r.Entries)
	}
	b.deploy()
	if !b.allows(etlSecret, "source:edit", "src-web") || b.allows(etlSecret, "destination:edit", "dst-pg") ||
		!b.allows(edSecret, "source:edit", "src-app") || b.allows(edSecret, "source:edit", "src-web") {
		t.Error("what was deployed is not what was edited")
	}
}

func TestSavePolicy_RefusesWhatCannotBe(t *testing.T) {
	b := newBed(t, access.PlanGrowth)
	b.stage(migration.WithPolicies)
	cora := b.item(migration.Members, "m-cora")
	for name, body := range map[string]access.Policy{
		"an unknown permission":               {"moon:edit": access.Everywhere()},
		"a limit where none may be":           {"source:connect": access.Only("src-web")},
		"a resource that will not be there":   {"source:edit": access.Only("src-none")},
		"a resource of another type":          {"source:edit": access.Only("dst-pg")},
		"personal data that the plan has not": {"source:live_events": access.Everywhere()},
	} {
		if err := b.SavePolicy(t.Context(), b.admin.Caller(), cora.Seq, "ws-prod", body); !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := b.SavePolicy(t.Context(), b.admin.Caller(), cora.Seq, "ws-stage", access.Policy{}); !fault.Is(err, fault.NotFound) {
		t.Errorf("a workspace that she is not in: %v", err)
	}
}

func TestImport_LeavesOutWhatThePlanLacksAndSaysSo(t *testing.T) {
	b := newBed(t, access.PlanGrowth)
	b.stage(migration.WithPolicies)
	if r := b.preview(); !entry(r, migration.LevelLess, "m-ed", "plan") || !entry(r, migration.LevelLess, "sat-etl", "plan") {
		t.Errorf("the report says %+v", r.Entries)
	}
	b.deploy()
	if b.allows(etlSecret, "source:live_events", "src-web") || !b.allows(etlSecret, "source:edit", "src-web") {
		t.Error("personal data on a plan without it")
	}
}

func TestDeploy_KeepsWithinThePlan(t *testing.T) {
	free := newBed(t, access.PlanFree)
	free.stage(migration.WithPolicies)
	if _, err := free.Deploy(t.Context(), free.admin, "Acme"); !fault.Is(err, fault.Denied) {
		t.Errorf("tokens on a plan without them: %v", err)
	}
	starter := newBed(t, access.PlanStarter)
	for _, name := range []string{"a", "b", "c", "d", "e", "f"} {
		starter.member(name, name+"@acme.example", access.RoleMember)
	}
	starter.stage(migration.WithPolicies)
	if _, err := starter.Deploy(t.Context(), starter.admin, "Acme"); !fault.Is(err, fault.Denied) {
		t.Errorf("an eleventh member: %v", err)
	}
	if n, err := starter.store.CountMembers(t.Context(), starter.org); err != nil || n != 7 {
		t.Errorf("%d members are left, %v", n, err)
	}
}

func TestDeploy_NeedsTheNameAndLeavesAnAdmin(t *testing.T) {
	b := newBed(t, access.PlanEnterprise)
	b.upload(strings.NewReplacer("vic@acme", "ada@acme", `"org_role": "admin"`, `"org_role": "member"`).Replace(example(t)))
	b.must(b.Import(t.Context(), b.admin, migration.WithPolicies))
	b.choose(migration.Members, "m-vic", migration.Replace)
	if _, err := b.Deploy(t.Context(), b.admin, "acme"); !fault.Is(err, fault.Invalid) {
		t.Errorf("deployed with another name: %v", err)
	}
	if _, err := b.Deploy(t.Context(), b.admin, "Acme"); !fault.Is(err, fault.Conflict) || !strings.Contains(fault.Of(err).Message, "Admin") {
		t.Errorf("deployed without an Admin: %v", err)
	}
	b.choose(migration.Members, "m-vic", migration.Keep)
	b.deploy()
}

func TestDeploy_IsAudited(t *testing.T) {
	b := newBed(t, access.PlanEnterprise)
	b.stage(migration.WithPolicies)
	m := b.deploy()
	events, err := b.store.RecentEvents(t.Context(), b.org, "", 100)
	b.must(err)
	count := map[string]int{}
	for _, e := range events {
		count[string(e.Target.Type)+" "+string(e.Action)]++
		for _, secret := range []string{olgaSecret, edSecret, etlSecret, scimSecret} {
			if strings.Contains(e.Before+e.After+e.Target.Name, secret) {
				t.Errorf("%s %s tells a secret", e.Target.Type, e.Action)
			}
		}
	}
	for what, n := range map[string]int{"organization migrated": 1, "workspace created": 2,
		"user added_to_organization": 4 + 1, "group created": 2, "service_access_token created": 2} {
		if what == "workspace created" {
			n++ // Main
		}
		if count[what] != n {
			t.Errorf("%d × %s, want %d", count[what], what, n)
		}
	}
	if e := events[0]; e.Action != audit.Migrated || e.ActorID != b.admin.ID || !strings.Contains(e.After, m.ID) ||
		!strings.Contains(e.After, m.Digest) {
		t.Errorf("the last event is %+v", e)
	}
}

func TestDeploy_NotesTheTokensThatHaveExpiredLongAgo(t *testing.T) {
	b := newBed(t, access.PlanEnterprise)
	b.upload(strings.NewReplacer("2030-01-01T", "2020-01-01T", `"secret": "legacy-service-secret-0001"`,
		`"expires_at": "2021-01-01T00:00:00Z", "secret": "legacy-service-secret-0001"`).Replace(example(t)))
	b.must(b.Import(t.Context(), b.admin, migration.WithPolicies))
	b.deploy()
	noted := func() string {
		events, err := b.store.RecentEvents(t.Context(), b.org, "", 100)
		b.must(err)
		var words []string
		for _, e := range events {
			if e.Action == audit.Expired && e.ActorType == audit.System && strings.Contains(e.After, `"expiresAt":"202`) {
				words = append(words, string(e.Target.Type)+" "+e.Target.Name)
			}
		}
		slices.Sort(words)
		return strings.Join(words, ", ")
	}
	want := "personal_access_token deploy, service_access_token nightly etl"
	if got := noted(); got != want {
		t.Errorf("noted are %q, want %q", got, want)
	}
	tokens := token.New(token.Deps{Store: store.Tokens(b.store), Catalogue: access.BuiltIn(), Now: b.clock.now})
	if _, err := tokens.NoteExpired(t.Context(), time.Time{}); err != nil || noted() != want {
		t.Errorf("noted again: %q, %v", noted(), err)
	}
}

func TestUpload_KeepsNoSecretAndNothingOfAMistakenFile(t *testing.T) {
	b := newBed(t, access.PlanEnterprise)
	bad := strings.Replace(example(t), "connections_admin", "boss", 1)
	_, err := b.Upload(t.Context(), b.admin, "bad.json", strings.NewReader(bad), nil)
	if f := fault.Of(err); f == nil || f.Kind != fault.Invalid || len(f.Fields) != 1 || f.Fields[0].Path != "members[1].workspaces[0].role" {
		t.Errorf("error %v", err)
	}
	if o, err := b.Overview(t.Context(), b.admin); err != nil || !o.Empty() {
		t.Errorf("a mistaken file left %+v, %v", o, err)
	}
	b.stage(migration.WithPolicies)
	b.scanFiles(olgaSecret, edSecret, etlSecret)
	b.deploy()
	b.scanFiles(olgaSecret, edSecret, etlSecret)
}

// scanFiles looks for secrets in all that the database has written.
func (b *bed) scanFiles(secrets ...string) {
	b.t.Helper()
	files, err := filepath.Glob(filepath.Join(filepath.Dir(b.file()), "*"))
	b.must(err)
	for _, file := range files {
		text, err := os.ReadFile(file)
		b.must(err)
		for _, secret := range secrets {
			if strings.Contains(string(text), secret) {
				b.t.Errorf("%s contains a secret", filepath.Base(file))
			}
		}
	}
}

func TestUpload_RefusesASecondFileAndABrokenSource(t *testing.T) {
	b := newBed(t, access.PlanEnterprise)
	boom := errors.New("boom")
	if _, err := b.Upload(t.Context(), b.admin, "x", errReader{boom}, nil); !errors.Is(err, boom) {
		t.Errorf("error %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	if _, err := b.Upload(ctx, b.admin, "x", stopReader{strings.NewReader(example(t)), cancel}, nil); err == nil {
		t.Error("a request that ended has uploaded something")
	}
	if o, err := b.Overview(t.Context(), b.admin); err != nil || !o.Empty() {
		t.Fatalf("an upload that broke off left %+v, %v", o, err)
	}
	b.upload(example(t))
	if _, err := b.Upload(t.Context(), b.admin, "y", strings.NewReader(example(t)), nil); !fault.Is(err, fault.Conflict) {
		t.Errorf("a second upload: %v", err)
	}
}

type errReader struct{ err error }

func (r errReader) Read([]byte) (int, error) { return 0, r.err }

// stopReader ends the request with its first byte.
type stopReader struct {
	*strings.Reader
	cancel context.CancelFunc
}

func (r stopReader) Read(p []byte) (int, error) { r.cancel(); return r.Reader.Read(p) }

func TestService_IsForAdminsOnly(t *testing.T) {
	b := newBed(t, access.PlanEnterprise)
	b.stage(migration.WithPolicies)
	b.member("mo", "mo@acme.example", access.RoleMember)
	mo, ctx := b.caller("mo"), t.Context()
	for name, call := range map[string]func() error{
		"Overview":    func() error { _, err := b.Overview(ctx, mo); return err },
		"Upload":      func() error { _, err := b.Upload(ctx, mo, "x", strings.NewReader(""), nil); return err },
		"Import":      func() error { return b.Import(ctx, mo, migration.Fresh) },
		"Reset":       func() error { _, err := b.Reset(ctx, mo); return err },
		"Work":        func() error { _, err := b.Work(t.Context(), mo); return err },
		"Running":     func() error { _, _, err := b.Running(t.Context(), mo); return err },
		"StartImport": func() error { _, err := b.StartImport(ctx, mo, migration.Fresh, time.Minute); return err },
		"StartDeploy": func() error { _, err := b.StartDeploy(ctx, mo, "Acme", time.Minute); return err },
		"Find":        func() error { _, _, err := b.Find(ctx, mo, migration.Query{Kind: migration.Members}); return err },
		"Tallies":     func() error { _, err := b.Tallies(ctx, mo); return err },
		"Item":        func() error { _, err := b.Item(ctx, mo, 1); return err },
		"Choose":      func() error { _, err := b.Choose(ctx, mo.Caller(), 1, migration.Use); return err },
		"ChooseAll":   func() error { _, err := b.ChooseAll(ctx, mo.Caller(), migration.SameName, migration.Use); return err },
		"SavePolicy":  func() error { return b.SavePolicy(ctx, mo.Caller(), 1, "ws-prod", nil) },
		"Preview":     func() error { _, err := b.Preview(ctx, mo); return err },
		"Deploy":      func() error { _, err := b.Deploy(ctx, mo, "Acme"); return err },
		"Deployment":  func() error { _, err := b.Deployment(ctx, mo, "x"); return err },
	} {
		if err := call(); !fault.Is(err, fault.Denied) {
			t.Errorf("%s: %v, want Denied", name, err)
		}
	}
	if o, err := b.Overview(ctx, b.admin); err != nil || o.Staging.State != migration.Staged {
		t.Errorf("the staging area is %+v, %v", o, err)
	}
}

package token_test

import (
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"latchkey/internal/access"
	"latchkey/internal/actor"
	"latchkey/internal/audit"
	"latchkey/internal/fault"
	"latchkey/internal/store"
	"latchkey/internal/token"
)

func TestGenerate_MakesWhatWasAskedFor(t *testing.T) {
	w := newWorld(t)
	policy := access.Policy{"source:edit": access.Only("s2", "s1"), "destination:connect": access.Everywhere(),
		"source:live_events": access.AllBut("s2")}
	for _, c := range []struct {
		by      actor.Standing
		command any
		want    token.Token
		prefix  string
	}{
		{w.editor, token.NewPersonal{Name: "  ci probe\t", Workspace: "staging", Scope: "read_only", ExpiresAt: noon.AddDate(0, 0, 30)},
			token.Token{Kind: token.Personal, Name: "ci probe", Owner: "editor", OwnerName: "EDITOR", Workspace: "staging", WorkspaceName: "STAGING",
				Scope: access.ScopeReadOnly, ExpiresAt: noon.AddDate(0, 0, 30)}, "lkpat_"},
		{w.admin, token.NewPersonal{Name: "mine", Workspace: "production", Scope: "read_write",
			ExpiresAt: time.Date(2027, 1, 1, 1, 0, 0, 1999, time.FixedZone("east", 3600))},
			token.Token{Kind: token.Personal, Name: "mine", Owner: "admin", OwnerName: "ADMIN", Workspace: "production", WorkspaceName: "PRODUCTION",
				Scope: access.ScopeReadWrite, ExpiresAt: time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)}, "lkpat_"},
		{w.admin, token.NewWorkspace{Name: "deploy", Workspace: "production", Policy: policy},
			token.Token{Kind: token.Workspace, Name: "deploy", Workspace: "production", WorkspaceName: "PRODUCTION", Policy: policy}, "lksat_"},
		{w.admin, token.NewWorkspace{Name: "view only", Workspace: "staging"},
			token.Token{Kind: token.Workspace, Name: "view only", Workspace: "staging", WorkspaceName: "STAGING",
				Policy: access.Policy{}}, "lksat_"},
		{w.admin, token.NewOrganization{Name: "scim", ExpiresAt: noon.AddDate(1, 0, 0)},
			token.Token{Kind: token.Organization, Name: "scim", ExpiresAt: noon.AddDate(1, 0, 0)}, "lkoat_"},
	} {
		got := w.made(c.by, c.command)
		secret := got.Secret.Reveal()
		if kind, err := token.Parse(secret); err != nil || kind != c.want.Kind || !strings.HasPrefix(secret, c.prefix) {
			t.Errorf("secret %q: %v", secret, err)
		}
		c.want.ID, c.want.Hint = got.ID, c.prefix+"…"+secret[51:]
		c.want.Organization, c.want.CreatedBy, c.want.CreatedByName, c.want.CreatedAt = "acme", c.by.ID, c.by.Name, noon
		c.want.LastUsedFrom = []token.Use{}
		if d := cmp.Diff(c.want, got.Token); d != "" || len(got.ID) != 27 {
			t.Error(d)
		}
		stored, err := w.store.TokenByDigest(t.Context(), token.Digest(secret))
		if d := cmp.Diff(got.Token, stored); err != nil || d != "" {
			t.Errorf("stored: %v\n%s", err, d)
		}
		read, err := w.Get(t.Context(), c.by, got.ID)
		if d := cmp.Diff(got.Token, read); err != nil || d != "" {
			t.Errorf("read: %v\n%s", err, d)
		}
	}
}

func TestGenerate_KeepsNoSecretAnywhere(t *testing.T) {
	w := newWorld(t)
	for _, g := range []token.Generated{
		w.made(w.editor, w.personal(nil)),
		w.made(w.admin, w.workspace(nil)),
		w.made(w.admin, token.NewOrganization{Name: "scim"}),
	} {
		secret := g.Secret.Reveal()
		digest := token.Digest(secret)
		if _, err := w.Delete(t.Context(), w.admin.Caller(), g.ID); err != nil {
			t.Fatal(err)
		}
		if files := w.files(); strings.Contains(files, secret) || strings.Contains(files, secret[6:49]) ||
			!strings.Contains(files, string(digest[:])) {
			t.Error("the database holds the secret, or not its digest")
		}
		text := fmt.Sprintf("%v %+v %#v", g, g, w.events())
		if strings.Contains(text, secret[6:49]) || strings.Contains(strings.ToLower(text), hex.EncodeToString(digest[:])) {
			t.Error("the secret or its digest is in the result's text or in the audit log")
		}
	}
}

func TestGenerate_RefusesNames(t *testing.T) {
	w := newWorld(t)
	for _, name := range []string{
		"", "   ", "\u00a0\t\n", strings.Repeat("x", 65), strings.Repeat("é", 65), strings.Repeat("x", 10_000_000),
		"a\x00b", "a\nb", "a\x1b[31mb", "a\x7fb", "a\u0085b", "a\u202eb", "a\u200bb", "a\u2028b", "\ufeffa", "a\xffb",
	} {
		commands := []any{w.personal(func(in *token.NewPersonal) { in.Name = name }),
			w.workspace(func(in *token.NewWorkspace) { in.Name = name })}
		for _, command := range commands {
			if got, _ := w.refused(w.admin, command, fault.Invalid); got != "name" {
				t.Errorf("%.20q: fields %q", name, got)
			}
		}
	}
	for _, name := range []string{"x", strings.Repeat("é", 64), " " + strings.Repeat("x", 64) + " ", "日本語 🔑", "<script>", "'; --"} {
		got := w.made(w.editor, w.personal(func(in *token.NewPersonal) { in.Name = name }))
		if got.Name != strings.TrimSpace(name) {
			t.Errorf("name = %q", got.Name)
		}
	}
}

func TestGenerate_NamesAreUniqueAmongTheLiving(t *testing.T) {
	w := newWorld(t)
	personal := func(name, workspace string) token.NewPersonal {
		return w.personal(func(in *token.NewPersonal) { in.Name, in.Workspace = name, workspace })
	}
	ending := personal("Élan CI", "production")
	ending.ExpiresAt = w.in(7 * 24 * time.Hour)
	first := w.made(w.editor, ending)
	for _, command := range []token.NewPersonal{personal("Élan CI", "production"), personal(" éLAN ci ", "staging")} {
		if got, _ := w.refused(w.editor, command, fault.Invalid); got != "name" {
			t.Errorf("%q: fields %q", command.Name, got)
		}
	}
	w.made(w.viewer, personal("Élan CI", "production")) // another owner
	w.wait(7*24*time.Hour - time.Millisecond)
	w.refused(w.editor, personal("Élan CI", "production"), fault.Invalid)
	w.wait(time.Millisecond) // the first has expired
	second := w.made(w.editor, personal("Élan CI", "production"))
	if _, err := w.Delete(t.Context(), w.editor.Caller(), second.ID); err != nil {
		t.Fatal(err)
	}
	w.made(w.editor, personal("Élan CI", "production"))
	if _, err := w.Get(t.Context(), w.editor, first.ID); err != nil {
		t.Errorf("the expired one is gone: %v", err)
	}
}

func TestGenerate_ServiceNamesAreUniquePerKindAndWorkspace(t *testing.T) {
	w := newWorld(t)
	in := func(workspace, name string) token.NewWorkspace {
		return w.workspace(func(in *token.NewWorkspace) { in.Workspace, in.Name = workspace, name })
	}
	organization := func(name string) token.NewOrganization {
		return token.NewOrganization{Name: name}
	}
	w.made(w.admin, in("production", "Deploy"))
	w.made(w.admin, in("staging", "deploy"))
	w.made(w.admin, organization("deploy"))
	w.made(w.admin, w.personal(func(in *token.NewPersonal) { in.Name = "deploy" }))
	for _, command := range []any{in("production", "DEPLOY"), in("staging", "Deploy"), organization("Deploy")} {
		if got, _ := w.refused(w.admin, command, fault.Invalid); got != "name" {
			t.Errorf("%+v: fields %q", command, got)
		}
	}
}

func TestGenerate_WithholdsWorkspacesThatOneIsNotIn(t *testing.T) {
	w := newWorld(t)
	var messages []string
	refuse := func(by actor.Standing, command any) {
		fields, f := w.refused(by, command, fault.Invalid)
		if fields != "workspace" {
			t.Errorf("%+v: fields %q", command, fields)
			return
		}
		messages = append(messages, f.Fields[0].Message)
	}
	for _, id := range []string{"foreign", "unknown", "production ", "' OR '1'='1"} {
		refuse(w.admin, w.personal(func(in *token.NewPersonal) { in.Workspace = id }))
		refuse(w.viewer, w.personal(func(in *token.NewPersonal) { in.Workspace = id }))
		refuse(w.admin, w.workspace(func(in *token.NewWorkspace) { in.Workspace = id }))
	}
	refuse(w.viewer, w.personal(func(in *token.NewPersonal) { in.Workspace = "staging" }))
	for _, m := range messages {
		if m != messages[0] {
			t.Errorf("existence shows in %q and %q", m, messages[0])
		}
	}
	refuse(w.viewer, w.personal(func(in *token.NewPersonal) { in.Workspace = "" }))
}

func TestGenerate_NobodyCanMakeTheAdminScope(t *testing.T) {
	w := newWorld(t)
	for _, by := range []actor.Standing{w.admin, w.editor, w.viewer} {
		for _, scope := range []access.Scope{"admin", "Admin", "ADMIN", "", "read", "read_only ", "read_only,admin", "\x00"} {
			command := w.personal(func(in *token.NewPersonal) { in.Scope = scope })
			if got, _ := w.refused(by, command, fault.Invalid); got != "scope" {
				t.Errorf("%q: fields %q", scope, got)
			}
		}
	}
}

func TestGenerate_ReportsEveryProblemAtOnce(t *testing.T) {
	w := newWorld(t)
	got, _ := w.refused(w.editor, token.NewPersonal{Name: "\x00", Workspace: "x", Scope: "admin", ExpiresAt: noon}, fault.Invalid)
	if got != "expiresAt name scope workspace" {
		t.Errorf("fields %q", got)
	}
	w.made(w.editor, w.personal(func(in *token.NewPersonal) { in.Name = "taken" }))
	got, _ = w.refused(w.editor, w.personal(func(in *token.NewPersonal) { in.Name, in.ExpiresAt = "taken", noon }), fault.Invalid)
	if got != "expiresAt name" {
		t.Errorf("fields %q", got)
	}
}

func TestGenerate_NeedsAPlanWithTokens(t *testing.T) {
	w := newWorld(t)
	before := w.made(w.editor, w.personal(nil))
	w.exec(`UPDATE organizations SET plan = 'free' WHERE id = 'acme'`)
	for _, command := range []any{w.personal(nil), w.workspace(nil), token.NewOrganization{Name: "scim"}} {
		if _, f := w.refused(w.admin, command, fault.Denied); f.Message != access.UpgradeText {
			t.Errorf("message = %q", f.Message)
		}
	}
	if _, err := w.Delete(t.Context(), w.editor.Caller(), before.ID); err != nil {
		t.Errorf("an existing token cannot be deleted: %v", err)
	}
	w.exec(`UPDATE organizations SET plan = 'starter' WHERE id = 'acme'`)
	w.made(w.editor, w.personal(nil))
}

func TestGenerate_IsForMembersAndServiceTokensForAdmins(t *testing.T) {
	w := newWorld(t)
	as := func(kind access.Kind) actor.Standing {
		c := w.editor
		c.Kind, c.ID, c.Owner, c.Workspace, c.Scope = kind, "some-token", "editor", "production", access.ScopeReadWrite
		return w.cast.as(c)
	}
	for _, by := range []actor.Standing{as(access.PersonalToken), as(access.WorkspaceToken), as(access.OrganizationToken)} {
		w.refused(by, w.personal(nil), fault.Denied)
	}
	w.refused(actor.Standing{}, w.personal(nil), fault.Unauthenticated)
	for _, command := range []any{w.workspace(nil), token.NewOrganization{Name: "scim"}, token.NewWorkspace{}, token.NewOrganization{}} {
		w.refused(w.editor, command, fault.Denied)
		w.refused(as(access.PersonalToken), command, fault.Denied)
		w.refused(as(access.OrganizationToken), command, fault.Denied)
		w.refused(as(access.WorkspaceToken), command, fault.Unauthenticated)
		w.refused(actor.Standing{}, command, fault.Unauthenticated)
	}
}

func TestGenerate_AdminScopeTokenActsForItsOwner(t *testing.T) {
	w := newWorld(t)
	pat := w.admin
	pat.Kind, pat.ID, pat.Owner, pat.Workspace, pat.Scope = access.PersonalToken, "pat", "admin", "staging", access.ScopeAdmin
	pat = w.cast.as(pat)
	made := w.made(pat, w.workspace(nil))
	if made.CreatedBy != "admin" || made.Owner != "" || made.Workspace != "production" {
		t.Errorf("token = %+v", made.Token)
	}
	if e := w.events()[0]; e.ActorID != "admin" || e.TokenID != "pat" || e.ActorType != audit.User {
		t.Errorf("event = %+v", e)
	}
}

func TestGenerate_RefusesEndsThatAreOverOrTooFarAway(t *testing.T) {
	w := newWorld(t)
	latest := time.Date(2036, 3, 11, 0, 0, 0, 0, time.UTC)
	for end, ok := range map[time.Time]bool{
		noon.Add(-time.Hour): false, time.Unix(0, 0): false, noon: false, noon.Add(time.Microsecond): false, noon.Add(time.Millisecond): true,
		latest: true, latest.Add(time.Millisecond): false, latest.AddDate(1000, 0, 0): false,
	} {
		for _, command := range []any{
			w.personal(func(in *token.NewPersonal) { in.ExpiresAt = end }), w.workspace(func(in *token.NewWorkspace) { in.ExpiresAt = end }),
			token.NewOrganization{Name: end.String(), ExpiresAt: end},
		} {
			if ok {
				w.made(w.admin, command)
			} else if got, _ := w.refused(w.admin, command, fault.Invalid); got != "expiresAt" {
				t.Errorf("%v: fields %q", end, got)
			}
		}
	}
	if got := token.LatestEnd(noon); !got.Equal(latest) {
		t.Errorf("LatestEnd = %v", got)
	}
}

func TestGenerate_AUsedKeyMakesNothing(t *testing.T) {
	w := newWorld(t)
	for _, command := range []any{w.personal(nil), w.workspace(nil), token.NewOrganization{Name: "scim", IdempotencyKey: w.key()}} {
		made := w.made(w.admin, command)
		for range 2 {
			if _, f := w.refused(w.admin, command, fault.Conflict); !errors.Is(f, fault.ErrRepeated) || !strings.Contains(f.Message, "shown once") {
				t.Errorf("fault = %v", f)
			}
		}
		if _, err := w.Delete(t.Context(), w.admin.Caller(), made.ID); err != nil {
			t.Fatal(err)
		}
		w.refused(w.admin, command, fault.Conflict)
	}
	for _, key := range []string{strings.Repeat("k", 129), "\xff", "a\x00b"} {
		command := w.personal(func(in *token.NewPersonal) { in.IdempotencyKey = key })
		if got, _ := w.refused(w.editor, command, fault.Invalid); got != "idempotencyKey" {
			t.Errorf("%.10q: fields %q", key, got)
		}
	}
	// Another member may use the same key, and commands without a key are not compared.
	w.made(w.editor, w.personal(func(in *token.NewPersonal) { in.IdempotencyKey = "key-1" }))
	for range 2 {
		w.made(w.editor, w.personal(func(in *token.NewPersonal) { in.IdempotencyKey = "" }))
	}
}

func TestGenerateWorkspace_RefusesPoliciesThatCannotBe(t *testing.T) {
	w := newWorld(t)
	for fields, policy := range map[string]access.Policy{
		"invoice:refund":               {"invoice:refund": access.Everywhere()},
		"audit_log:read":               {"audit_log:read": access.Everywhere()},
		"service_access_token:manage":  {"service_access_token:manage": access.Everywhere()},
		"source:connect":               {"source:connect": access.Only("s1")},
		"source:edit":                  {"source:edit": access.Only("s1", "nothing")},
		"source:live_events":           {"source:live_events": access.Only("s3")},                                 // in another workspace
		"destination:edit":             {"destination:edit": access.Only("s1"), "source:edit": access.Only("s1")}, // of another type
		"destination:edit source:edit": {"source:edit": access.AllBut("s4"), "destination:edit": access.Only("d2")},
		"source:create_delete table:edit": {"source:create_delete": access.AllBut("s1"),
			"table:edit": access.Only("t1"), "source:edit": access.Only("s1")},
	} {
		command := w.workspace(func(in *token.NewWorkspace) { in.Policy = policy })
		if got, _ := w.refused(w.admin, command, fault.Invalid); got != fields {
			t.Errorf("%v: fields %q, want %q", policy, got, fields)
		}
	}
}

func TestGenerateWorkspace_PrivacyPermissionsNeedThePlan(t *testing.T) {
	w := newWorld(t)
	w.exec(`UPDATE organizations SET plan = 'growth' WHERE id = 'acme'`)
	command := w.workspace(func(in *token.NewWorkspace) {
		in.Policy = access.Policy{"source:live_events": access.Only("s1"), "source:edit": access.Only("s1")}
	})
	got, f := w.refused(w.admin, command, fault.Invalid)
	if got != "source:live_events" || f.Fields[0].Message != access.UpgradeText {
		t.Errorf("fields %q: %+v", got, f.Fields)
	}
}

func TestGenerateWorkspace_PolicyIsACopy(t *testing.T) {
	w := newWorld(t)
	policy := access.Policy{"source:edit": access.Only("s1")}
	made := w.made(w.admin, w.workspace(func(in *token.NewWorkspace) { in.Policy = policy }))
	policy["source:edit"] = access.Everywhere()
	stored, err := w.Get(t.Context(), w.admin, made.ID)
	if err != nil || made.Policy.Allows("source:edit", "s2") || stored.Policy.Allows("source:edit", "s2") {
		t.Errorf("policies = %v, %v, %v", made.Policy, stored.Policy, err)
	}
}

// BenchmarkGeneratePersonal is the whole use case on SQLite, with its synchronous commit.
func BenchmarkGeneratePersonal(b *testing.B) {
	w := newWorld(b)
	w.Service = token.New(token.Deps{Store: stage{store.Tokens(w.store), w.cast}, Catalogue: access.BuiltIn(),
		Now: w.clock, MaxPersonal: 1 << 20})
	for b.Loop() {
		w.made(w.editor, w.personal(nil))
	}
}

func TestGenerate_AMemberHasAtMostSoManyPersonalTokens(t *testing.T) {
	w := newWorld(t)
	w.Service = token.New(token.Deps{Store: stage{store.Tokens(w.store), w.cast}, Catalogue: access.BuiltIn(), Now: w.clock, MaxPersonal: 3})
	named := func(name string) token.NewPersonal { return w.personal(func(in *token.NewPersonal) { in.Name = name }) }
	ending := named("ending")
	ending.ExpiresAt = w.in(time.Hour)
	w.made(w.editor, ending)
	w.made(w.editor, named("second"))
	third := w.made(w.editor, named("third"))
	w.wait(2 * time.Hour) // an expired one counts
	full := func() {
		t.Helper()
		if _, f := w.refused(w.editor, named("fourth"), fault.Denied); !errors.Is(f, fault.ErrFull) ||
			!strings.Contains(f.Message, "at most 3 ") {
			t.Errorf("%v", f)
		}
	}
	full()
	w.made(w.viewer, named("of somebody else"))
	w.made(w.admin, w.workspace(func(*token.NewWorkspace) {}))
	if _, err := w.Delete(t.Context(), w.editor.Caller(), third.ID); err != nil {
		t.Fatal(err)
	}
	w.made(w.editor, named("fourth"))
	full()
}

func TestGenerate_OneHundredPersonalTokensUnlessToldOtherwise(t *testing.T) {
	w := newWorld(t)
	for n := range 100 {
		w.made(w.editor, w.personal(func(in *token.NewPersonal) { in.Name = fmt.Sprint("token ", n) }))
	}
	w.refused(w.editor, w.personal(func(in *token.NewPersonal) { in.Name = "one more" }), fault.Denied)
}

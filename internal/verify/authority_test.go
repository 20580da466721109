package verify_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"latchkey/internal/access"
	"latchkey/internal/account"
	"latchkey/internal/policy"
	"latchkey/internal/store"
	"latchkey/internal/token"
	"latchkey/internal/verify"
)

const (
	editSources = access.Permission("source:edit")
	editDests   = access.Permission("destination:edit")
	liveEvents  = access.Permission("source:live_events")
)

func TestVerify_KnowsTheTokenAndItsOwner(t *testing.T) {
	w := newWorld(t)
	eve := w.member("eve")
	w.policy(policy.OfMember, w.main, eve.ID, everywhere(editSources))
	g := w.personal(eve, w.main, access.ScopeReadWrite)

	v, err := w.verify.Verify(w.ctx, g.Secret.Reveal())
	w.must(err)
	got := []string{v.ID(), v.Name(), v.Hint(), string(v.Kind()), v.Subject(),
		v.Owner(), v.Email(), v.Workspace(), v.Organization(), v.Scope()}
	want := []string{g.ID, g.Name, g.Hint, "personal", eve.ID, "eve", "eve@example.com", "Main", "Acme", "workspace:view source:edit"}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if !v.ExpiresAt().IsZero() || !v.CreatedAt().Equal(g.CreatedAt) {
		t.Errorf("times: %v, %v", v.CreatedAt(), v.ExpiresAt())
	}
	if c := v.Standing(w.admin.Origin); c.Name != "eve" || c.Email != "eve@example.com" || c.ID != g.ID || c.Owner != eve.ID {
		t.Errorf("caller = %+v", c)
	}
}

func TestVerify_ServiceTokensStandForThemselves(t *testing.T) {
	w := newWorld(t)
	w.policy(policy.Baseline, w.main, "", everywhere(editDests))
	sat, oat := w.service(w.main, everywhere(editSources)), w.organizationToken()

	v, err := w.verify.Verify(w.ctx, sat.Secret.Reveal())
	w.must(err)
	if v.Subject() != sat.ID || v.Scope() != "workspace:view destination:edit source:edit" {
		t.Errorf("workspace token: %q, %q", v.Subject(), v.Scope())
	}
	v, err = w.verify.Verify(w.ctx, oat.Secret.Reveal())
	w.must(err)
	if v.Subject() != oat.ID || v.Scope() != "audit_log:read usage:read scim:use" || v.Workspace() != "" {
		t.Errorf("organization token: %q, %q", v.Subject(), v.Scope())
	}
}

func TestVerify_LimitedPermissionsAreNotInTheScope(t *testing.T) {
	w := newWorld(t)
	w.insert(token.Token{Kind: token.Workspace, Workspace: w.main, Legacy: true,
		Policy: access.Policy{editSources: access.Only("s1"), editDests: access.AllBut("d1"), liveEvents: access.Everywhere()}}, "imported")
	v, err := w.verify.Verify(w.ctx, "imported")
	w.must(err)
	if v.Scope() != "workspace:view source:live_events" {
		t.Errorf("scope = %q", v.Scope())
	}
	want := access.Policy{editSources: access.Only("s1"), editDests: access.AllBut("d1")}
	if !v.Limited().Equal(want) {
		t.Errorf("limited = %v", v.Limited())
	}
}

func TestVerify_RefusesForTheRightReason(t *testing.T) {
	w := newWorld(t)
	eve := w.member("eve")
	w.policy(policy.OfMember, w.main, eve.ID, nil)
	w.must(w.verify.Load(w.ctx))
	secret := func() string { return w.personal(eve, w.main, access.ScopeReadOnly).Secret.Reveal() }

	deleted := w.personal(eve, w.main, access.ScopeReadOnly)
	_, err := w.tokens.Delete(w.ctx, w.caller(eve).Caller(), deleted.ID)
	w.must(err)
	good := secret()
	for name, c := range map[string]struct {
		secret string
		want   verify.Refusal
	}{
		"good":      {good, 0},
		"deleted":   {deleted.Secret.Reveal(), verify.Revoked},
		"unknown":   {w.newSecret(token.Personal), verify.Unknown},
		"typo":      {good[:54] + "!", verify.Malformed},
		"empty":     {"", verify.Malformed},
		"very long": {strings.Repeat("x", 1<<20), verify.Malformed},
	} {
		if got := w.refusal(c.secret); got != c.want {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
	found, err := w.verify.Verify(w.ctx, good)
	w.must(err)
	goodID := found.ID()
	_, err = w.tokens.Suspend(w.ctx, w.admin.Caller(), goodID, "it leaked")
	w.must(err)
	if got := w.refusal(good); got != verify.Suspended {
		t.Errorf("suspended: %v", got)
	}
	_, err = w.tokens.Resume(w.ctx, w.caller(eve).Caller(), goodID)
	w.must(err)
	if got := w.refusal(good); got != 0 {
		t.Errorf("resumed: %v", got)
	}
	_, err = w.accounts.Members.Deactivate(w.ctx, w.admin.Caller(), eve.ID)
	w.must(err)
	if got := w.refusal(good); got != verify.Suspended {
		t.Errorf("owner deactivated: %v", got)
	}
	_, err = w.accounts.Members.Reactivate(w.ctx, w.admin.Caller(), eve.ID)
	w.must(err)
	if got := w.refusal(good); got != 0 {
		t.Errorf("owner reactivated: %v", got)
	}
	w.removePolicy(policy.OfMember, w.main, eve.ID)
	if got := w.refusal(good); got != verify.Displaced {
		t.Errorf("owner out of the workspace: %v", got)
	}
	_, err = w.accounts.Members.Delete(w.ctx, w.admin.Caller(), account.These(eve.ID))
	w.must(err)
	if got := w.refusal(good); got != verify.Revoked {
		t.Errorf("owner deleted: %v", got)
	}
}

func TestVerify_ARefusalNamesTheTokenWithoutItsDigest(t *testing.T) {
	w := newWorld(t)
	g := w.service(w.main, everywhere(editSources))
	end := w.now().Add(time.Hour)
	over := w.insert(token.Token{Kind: token.Organization, Name: "over", Legacy: true, ExpiresAt: end}, "an imported secret")
	w.clock.Store(end.UnixMilli())
	_, err := w.tokens.Delete(w.ctx, w.admin.Caller(), g.ID)
	w.must(err)
	for secret, want := range map[string]verify.Refused{
		g.Secret.Reveal(): {Refusal: verify.Revoked, Token: &verify.Record{ID: g.ID, Organization: w.org, Kind: token.Workspace,
			Name: g.Name, Hint: g.Hint,
			Workspace: w.main, Policy: everywhere(editSources).String(), CreatedAt: g.CreatedAt, Deleted: true}},
		"an imported secret": {Refusal: verify.Expired, Token: &verify.Record{ID: over.ID, Organization: w.org, Kind: token.Organization,
			Name: "over",
			Hint: over.Hint, Legacy: true, CreatedAt: over.CreatedAt, ExpiresAt: end}},
	} {
		_, err := w.verify.Verify(w.ctx, secret)
		var refused *verify.Refused
		if !errors.As(err, &refused) {
			t.Fatalf("verified with %v", err)
		}
		if d := cmp.Diff(want, *refused); d != "" {
			t.Error(d)
		}
	}
}

func TestVerify_ExpiryIsExactToTheClock(t *testing.T) {
	w := newWorld(t)
	end := w.now().Add(time.Hour)
	w.insert(token.Token{Kind: token.Organization, Legacy: true, ExpiresAt: end}, "imported-secret")
	w.clock.Store(end.UnixMilli() - 1)
	if got := w.refusal("imported-secret"); got != 0 {
		t.Errorf("one millisecond before: %v", got)
	}
	w.clock.Store(end.UnixMilli())
	if got := w.refusal("imported-secret"); got != verify.Expired {
		t.Errorf("at the end: %v", got)
	}
	w.clock.Store(end.UnixMilli() - 1)
	if got := w.refusal("imported-secret"); got != 0 {
		t.Errorf("the clock was set back: %v", got)
	}
}

func TestVerify_ImportedSecretsHaveAnyShape(t *testing.T) {
	w := newWorld(t)
	w.must(w.verify.Load(w.ctx))
	secrets := []string{"1", "1aFG…ü", strings.Repeat("long ", 2000), "lkpat_not-really", "\x00\xff"}
	for _, s := range secrets {
		if got := w.refusal(s); got != verify.Malformed {
			t.Fatalf("%.20q before the import: %v", s, got)
		}
	}
	for _, s := range secrets {
		w.insert(token.Token{Kind: token.Organization, Legacy: true}, s)
	}
	again := w.newAuthority(verify.Deps{})
	w.must(again.Load(w.ctx))
	for _, s := range secrets {
		if got := w.refusal(s); got != 0 {
			t.Errorf("%.20q: %v", s, got)
		}
		if got := refusalOf(t, again, s); got != 0 {
			t.Errorf("%.20q after a start: %v", s, got)
		}
	}
	if got := w.refusal("2"); got != verify.Malformed {
		t.Errorf("a shape of nobody: %v", got)
	}
}

func TestVerify_AnswersTheSameBeforeAndAfterLoading(t *testing.T) {
	w := newWorld(t)
	eve := w.member("eve")
	w.policy(policy.OfMember, w.main, eve.ID, everywhere(editSources))
	good, gone := w.personal(eve, w.main, access.ScopeReadWrite), w.organizationToken()
	_, err := w.tokens.Delete(w.ctx, w.admin.Caller(), gone.ID)
	w.must(err)
	w.insert(token.Token{Kind: token.Organization, Legacy: true}, "legacy")
	a := w.newAuthority(verify.Deps{})
	check := func(when string) {
		t.Helper()
		for secret, want := range map[string]verify.Refusal{
			good.Secret.Reveal(): 0, "legacy": 0, gone.Secret.Reveal(): verify.Revoked,
			w.newSecret(token.Workspace): verify.Unknown,
		} {
			if got := refusalOf(t, a, secret); got != want {
				t.Errorf("%s: %v, want %v", when, got, want)
			}
		}
	}
	check("empty memory")
	w.must(a.Load(w.ctx))
	if !a.Complete() || a.Tokens() != 2 {
		t.Errorf("complete = %v, tokens = %d", a.Complete(), a.Tokens())
	}
	check("loaded")
	a.Forget()
	if a.Complete() || a.Tokens() != 0 {
		t.Error("something was not forgotten")
	}
	check("forgotten")
}

func TestApply_BringsNewAndDeletedTokens(t *testing.T) {
	w := newWorld(t)
	w.must(w.verify.Load(w.ctx))
	g := w.organizationToken()
	if w.verify.Tokens() != 1 || w.verify.Holders() != 1 {
		t.Errorf("after the creation: %d tokens, %d holders", w.verify.Tokens(), w.verify.Holders())
	}
	_, err := w.tokens.Delete(w.ctx, w.admin.Caller(), g.ID)
	w.must(err)
	if w.verify.Tokens() != 0 || w.verify.Holders() != 0 {
		t.Errorf("after the deletion: %d tokens, %d holders", w.verify.Tokens(), w.verify.Holders())
	}
}

func TestApply_EveryWayToGainAndLoseARightHoldsAtOnce(t *testing.T) {
	w := newWorld(t)
	eve := w.member("eve")
	group := w.group("Analysts")
	w.policy(policy.OfMember, w.main, eve.ID, nil)
	secret := w.personal(eve, w.main, access.ScopeReadWrite).Secret.Reveal()
	w.must(w.verify.Load(w.ctx))
	expect := func(what string, want bool) {
		t.Helper()
		if got := w.may(secret, w.main, editSources); got != want {
			t.Errorf("%s: may edit = %v", what, got)
		}
	}
	expect("at first", false)
	w.policy(policy.Baseline, w.main, "", everywhere(editSources))
	expect("baseline grows", true)
	w.policy(policy.Baseline, w.main, "", nil)
	expect("baseline shrinks", false)
	w.policy(policy.OfMember, w.main, eve.ID, everywhere(editSources))
	expect("member policy grows", true)
	w.policy(policy.OfMember, w.main, eve.ID, nil)
	expect("member policy shrinks", false)
	w.policy(policy.OfGroup, w.main, group, everywhere(editSources))
	expect("a group that she is not in", false)
	_, err := w.accounts.Groups.AddMembers(w.ctx, w.admin.Caller(), account.These(eve.ID), []string{group})
	w.must(err)
	expect("she joins the group", true)
	w.policy(policy.OfGroup, w.main, group, nil)
	expect("group policy shrinks", false)
	w.policy(policy.OfGroup, w.main, group, everywhere(editSources))
	expect("group policy grows", true)
	w.removePolicy(policy.OfGroup, w.main, group)
	expect("the group leaves the workspace", false)
	w.policy(policy.OfGroup, w.main, group, everywhere(editSources))
	expect("the group enters the workspace", true)
	_, _, err = w.accounts.Groups.RemoveMembers(w.ctx, w.admin.Caller(), group, account.These(eve.ID))
	w.must(err)
	expect("she leaves the group", false)
	_, err = w.accounts.Groups.AddMembers(w.ctx, w.admin.Caller(), account.These(eve.ID), []string{group})
	w.must(err)
	_, err = w.accounts.Groups.Delete(w.ctx, w.admin.Caller(), group)
	w.must(err)
	expect("the group is deleted", false)
	_, err = w.accounts.Members.MakeAdmin(w.ctx, w.admin.Caller(), eve.ID)
	w.must(err)
	expect("she becomes Admin", true)
	_, err = w.accounts.Members.MakeMember(w.ctx, w.admin.Caller(), eve.ID)
	w.must(err)
	expect("she is a Member again", false)
}

func TestApply_ADeletedWorkspaceEndsItsTokens(t *testing.T) {
	w := newWorld(t)
	other := w.workspace("Other")
	sat := w.service(other, everywhere(editSources)).Secret.Reveal()
	pat := w.personal(account.Member{ID: w.admin.ID, Organization: w.org, Role: access.RoleAdmin},
		other, access.ScopeReadWrite).Secret.Reveal()
	if w.refusal(sat) != 0 || w.refusal(pat) != 0 {
		t.Fatal("not accepted at first")
	}
	_, err := w.accounts.Workspaces.Delete(w.ctx, w.admin.Caller(), other, "Other")
	w.must(err)
	if w.refusal(sat) != verify.Revoked || w.refusal(pat) != verify.Revoked {
		t.Errorf("after the deletion: %v, %v", w.refusal(sat), w.refusal(pat))
	}
}

func TestApply_NamesFollowAsWell(t *testing.T) {
	w := newWorld(t)
	eve := w.member("eve")
	w.policy(policy.OfMember, w.main, eve.ID, nil)
	secret := w.personal(eve, w.main, access.ScopeReadOnly).Secret.Reveal()
	w.refusal(secret)
	_, err := w.accounts.Members.Rename(w.ctx, w.caller(eve).Caller(), "Eve Moneypenny")
	w.must(err)
	_, err = w.accounts.Workspaces.Update(w.ctx, w.admin.Caller(), w.main,
		account.WorkspaceSettings{Name: "Renamed", Environment: account.Production, Region: "US"})
	w.must(err)
	v, err := w.verify.Verify(w.ctx, secret)
	w.must(err)
	if v.Owner() != "Eve Moneypenny" || v.Workspace() != "Renamed" {
		t.Errorf("names: %q, %q", v.Owner(), v.Workspace())
	}
}

func TestSweep_ForgetsTokensOfWhatIsGone(t *testing.T) {
	w := newWorld(t)
	eve := w.member("eve")
	w.policy(policy.OfMember, w.main, eve.ID, nil)
	secret := w.personal(eve, w.main, access.ScopeReadOnly).Secret.Reveal()
	// No use case does this: the member is deleted and the token stays.
	w.tx(func(tx *store.Tx) error { return tx.DeleteMembers(w.ctx, w.org, []string{eve.ID}) })
	if got := w.refusal(secret); got != verify.Revoked {
		t.Fatalf("refusal = %v", got)
	}
	w.verify.Sweep()
	if n := w.verify.Tokens(); n != 0 {
		t.Errorf("%d tokens are left", n)
	}
	if got := w.refusal(secret); got != verify.Revoked {
		t.Errorf("after the sweep: %v", got)
	}
}

package storetest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"latchkey/internal/access"
	"latchkey/internal/account"
	"latchkey/internal/actor"
	"latchkey/internal/audit"
	"latchkey/internal/change"
	"latchkey/internal/fault"
	"latchkey/internal/policy"
	"latchkey/internal/store"
	"latchkey/internal/token"
)

// Tokens checks what the store promises of tokens. open gives an empty store of its own to
// every test and closes it with the test.
func Tokens(t *testing.T, open func(t *testing.T) *store.Store) {
	for name, test := range map[string]func(*testing.T, *tokenBed){
		"every field is kept":                       keepsTokens,
		"times are kept to the millisecond":         keepsMilliseconds,
		"a digest is unique":                        refusesSecondDigest,
		"an idempotency key is unique per creator":  refusesAUsedKey,
		"a deleted token is a tombstone":            keepsTombstones,
		"another organization sees nothing":         separatesOrganizations,
		"lists are newest first":                    listsNewestFirst,
		"queries agree with the states":             agreesWithStates,
		"live names only":                           findsLiveNames,
		"a search is of one organization":           searchesOneOrganization,
		"each live token is in one part":            readsLiveTokensInParts,
		"only secrets that may work are live":       readsSecretsThatMayWork,
		"tokens that end soon":                      findsEnding,
		"expired tokens are noted once each":        notesExpired,
		"changes are told after the commit":         tellsChanges,
		"concurrent requests of one key make one":   makesOnePerKey,
		"concurrent creations of a name make one":   makesOnePerName,
		"requests are counted by day":               countsUses,
		"tokens that are refused often":             findsRefused,
		"tokens that nobody uses":                   findsIdle,
		"inventories agree with the rules":          inventories,
		"ends only move nearer":                     shortens,
		"a search knows the hints that work":        searchesPreviousHints,
		"no previous secret outlives its token":     shortensPrevious,
		"rules are read as they were saved":         keepsRules,
		"notices end when a token is used":          keepsNotices,
		"an unknown organization has no plan":       refusesUnknownOrganization,
		"workspaces are found in their own":         findsWorkspaces,
		"a failed transaction leaves no token":      rollsBack,
		"the owner's and workspace's names are new": joinsNames,
	} {
		t.Run(strings.ReplaceAll(name, " ", "_"), func(t *testing.T) { test(t, newTokenBed(t, open(t))) })
	}
}

// tokenBed is a store with what tokens hang on: two organizations, each with a workspace
// and an active member, and a deactivated one.
type tokenBed struct {
	*store.Store
	now   time.Time // of the set-up
	count int
}

const (
	bedOrg, bedOtherOrg             = "org-1", "org-2"
	bedWorkspace, bedOtherWorkspace = "ws-1", "ws-2"
	bedMember, bedOtherMember       = "member-1", "member-2"
	bedDeactivated                  = "member-3"
)

func newTokenBed(t *testing.T, s *store.Store) *tokenBed {
	t.Helper()
	b := &tokenBed{Store: s}
	b.inTx(t, func(ctx context.Context, tx *store.Tx) error {
		b.now = tx.Now()
		for i, org := range []string{bedOrg, bedOtherOrg} {
			n := fmt.Sprint(i + 1)
			if err := tx.InsertOrganization(ctx, account.Organization{ID: org, Name: "Org " + n, Plan: access.PlanGrowth,
				CreatedAt: b.now}); err != nil {
				return err
			}
			if err := tx.InsertWorkspace(ctx, account.Workspace{ID: "ws-" + n, Organization: org, Name: "Workspace " + n,
				Environment: account.Production, Region: "US", CreatedAt: b.now, UpdatedAt: b.now}); err != nil {
				return err
			}
			if err := tx.InsertMember(ctx, bedPerson("member-"+n, org, account.Active, b.now), ""); err != nil {
				return err
			}
		}
		return tx.InsertMember(ctx, bedPerson(bedDeactivated, bedOrg, account.Deactivated, b.now), "")
	})
	return b
}

func bedPerson(id, org string, status account.Status, now time.Time) account.Member {
	return account.Member{ID: id, Organization: org, Email: id + "@acme.example", Name: "Name of " + id,
		Role: access.RoleMember, Status: status, CreatedAt: now, UpdatedAt: now}
}

// inTx runs fn in a transaction that must succeed.
func (b *tokenBed) inTx(t *testing.T, fn func(ctx context.Context, tx *store.Tx) error) {
	t.Helper()
	if err := b.InTx(t.Context(), actor.System(""), func(tx *store.Tx) error { return fn(t.Context(), tx) }); err != nil {
		t.Fatal(err)
	}
}

// insert adds a token in a transaction of its own.
func (b *tokenBed) insert(ctx context.Context, tok token.Token, digest [32]byte, key string) error {
	return b.InTx(ctx, actor.System(""), func(tx *store.Tx) error { return tx.InsertToken(ctx, tok, digest, key) })
}

// add inserts tokens, each under a digest of its id.
func (b *tokenBed) add(t *testing.T, tokens ...token.Token) {
	t.Helper()
	for _, tok := range tokens {
		if err := b.insert(t.Context(), tok, token.Digest(tok.ID), ""); err != nil {
			t.Fatal(err)
		}
	}
}

// personal is a new token of the member in the bed's organization.
func (b *tokenBed) personal(change func(*token.Token)) token.Token {
	b.count++
	tok := token.Token{ID: fmt.Sprintf("token-%03d", b.count), Organization: bedOrg, Kind: token.Personal,
		Name: fmt.Sprintf("probe %03d", b.count), Hint: "lkpat_…abcd", Owner: bedMember, Workspace: bedWorkspace,
		Scope: access.ScopeReadOnly, CreatedBy: bedMember, CreatedByName: "Ann", CreatedAt: b.now}
	if change != nil {
		change(&tok)
	}
	return tok
}

// service is a new organization token, unless changed.
func (b *tokenBed) service(change func(*token.Token)) token.Token {
	return b.personal(func(tok *token.Token) {
		tok.Kind, tok.Owner, tok.Workspace, tok.Scope, tok.Hint = token.Organization, "", "", "", "lkoat_…abcd"
		if change != nil {
			change(tok)
		}
	})
}

// diff compares tokens; nil and empty lists are alike.
func diff(want, got any) string { return cmp.Diff(want, got, cmpopts.EquateEmpty()) }

func wantKind(t *testing.T, err error, kind fault.Kind) {
	t.Helper()
	if err == nil || !fault.Is(err, kind) {
		t.Errorf("error = %v, want %v", err, kind)
	}
}

func keepsTokens(t *testing.T, b *tokenBed) {
	personal := b.personal(func(tok *token.Token) {
		tok.Scope, tok.Legacy, tok.Name = access.ScopeAdmin, true, "Ünïcode 🔑 'quoted'"
		tok.Description = "of two\nlines"
		tok.CreatedAt = time.Date(2019, 2, 3, 4, 5, 6, 7e6, time.UTC)
		tok.ExpiresAt, tok.LastUsedAt = b.now.Add(time.Hour), b.now.Add(-time.Hour)
		tok.LastUsedFrom = []token.Use{{IP: "2001:db8::1", At: b.now.Add(-time.Hour)}, {IP: "192.0.2.7", At: b.now.Add(-2 * time.Hour)}}
	})
	workspace := b.service(func(tok *token.Token) {
		tok.Kind, tok.Workspace = token.Workspace, bedWorkspace
		tok.Policy = access.Policy{"source:edit": access.Only("s1", "s2"), "destination:edit": access.AllBut("d1"),
			"source:connect": access.Everywhere()}
	})
	organization := b.service(func(tok *token.Token) {
		ranges, err := actor.ParseRanges("2001:db8::/32 192.0.2.0/24")
		if err != nil {
			t.Fatal(err)
		}
		tok.Addresses = ranges
	})
	b.add(t, personal, workspace, organization)

	personal.OwnerName, personal.WorkspaceName, workspace.WorkspaceName = "Name of "+bedMember, "Workspace 1", "Workspace 1"
	for _, want := range []token.Token{personal, workspace, organization} {
		got, err := b.Token(t.Context(), bedOrg, want.ID)
		if d := diff(want, got); err != nil || d != "" {
			t.Errorf("Token: %v\n%s", err, d)
		}
		byDigest, err := b.TokenByDigest(t.Context(), token.Digest(want.ID))
		if d := diff(want, byDigest); err != nil || d != "" {
			t.Errorf("TokenByDigest: %v\n%s", err, d)
		}
	}
	_, err := b.TokenByDigest(t.Context(), token.Digest("unknown"))
	wantKind(t, err, fault.NotFound)
	organization.Name, organization.Description = "Another", "name"
	b.inTx(t, func(ctx context.Context, tx *store.Tx) error { return tx.SaveTokenTexts(ctx, organization) })
	got, err := b.Token(t.Context(), bedOrg, organization.ID)
	if d := diff(organization, got); err != nil || d != "" {
		t.Errorf("SaveTokenTexts: %v\n%s", err, d)
	}
	organization.Addresses = personal.Addresses // none
	b.inTx(t, func(ctx context.Context, tx *store.Tx) error { return tx.SaveTokenAddresses(ctx, organization) })
	got, err = b.Token(t.Context(), bedOrg, organization.ID)
	if d := diff(organization, got); err != nil || d != "" {
		t.Errorf("SaveTokenAddresses: %v\n%s", err, d)
	}
	same := organization
	same.ID = "other"
	if taken, err := b.TokenNameTaken(t.Context(), same, b.now); err != nil || !taken {
		t.Errorf("the new name is free: %v", err)
	}
	organization.Organization = bedOtherOrg
	foreign := b.InTx(t.Context(), actor.System(""), func(tx *store.Tx) error { return tx.SaveTokenTexts(t.Context(), organization) })
	wantKind(t, foreign, fault.NotFound)
	foreign = b.InTx(t.Context(), actor.System(""), func(tx *store.Tx) error { return tx.SaveTokenAddresses(t.Context(), organization) })
	wantKind(t, foreign, fault.NotFound)
}

func keepsMilliseconds(t *testing.T, b *tokenBed) {
	exact := time.Date(2031, 1, 2, 3, 4, 5, 6_999_999, time.FixedZone("east", 7200))
	b.add(t, b.personal(func(tok *token.Token) { tok.ID, tok.CreatedAt, tok.ExpiresAt = "timed", exact, exact }))
	got, err := b.Token(t.Context(), bedOrg, "timed")
	want := time.Date(2031, 1, 2, 1, 4, 5, 6e6, time.UTC)
	if err != nil || got.CreatedAt != want || got.ExpiresAt != want || !got.LastUsedAt.IsZero() || !got.DeletedAt.IsZero() {
		t.Errorf("times = %+v, %v", got, err)
	}
}

func refusesSecondDigest(t *testing.T, b *tokenBed) {
	digest := token.Digest("secret")
	first, second := b.personal(nil), b.personal(nil)
	if err := b.insert(t.Context(), first, digest, ""); err != nil {
		t.Fatal(err)
	}
	wantKind(t, b.insert(t.Context(), second, digest, ""), fault.Conflict)
	b.inTx(t, func(ctx context.Context, tx *store.Tx) error { return tx.DeleteToken(ctx, bedOrg, first.ID) })
	wantKind(t, b.insert(t.Context(), second, digest, ""), fault.Conflict)
	if list, err := b.PersonalTokens(t.Context(), bedOrg, bedMember); err != nil || len(list) != 0 {
		t.Errorf("list = %v, %v", list, err)
	}
}

func refusesAUsedKey(t *testing.T, b *tokenBed) {
	ctx := t.Context()
	submit := func(creator, key string) error {
		tok := b.personal(func(tok *token.Token) { tok.CreatedBy = creator })
		return b.insert(ctx, tok, token.Digest(tok.ID), key)
	}
	for _, ok := range [][2]string{{bedMember, "key-1"}, {bedMember, "key-2"}, {bedDeactivated, "key-1"}, {bedMember, ""}, {bedMember, ""}} {
		if err := submit(ok[0], ok[1]); err != nil {
			t.Errorf("%v: %v", ok, err)
		}
	}
	wantKind(t, submit(bedMember, "key-1"), fault.Conflict)
	for key, want := range map[[2]string]bool{
		{bedMember, "key-1"}: true, {bedDeactivated, "key-2"}: false, {bedMember, ""}: false, {"", "key-1"}: false,
	} {
		if got, err := b.TokenKeyUsed(ctx, key[0], key[1]); err != nil || got != want {
			t.Errorf("TokenKeyUsed%v = %v, %v", key, got, err)
		}
	}
}

func keepsTombstones(t *testing.T, b *tokenBed) {
	ctx := t.Context()
	for _, tok := range []token.Token{b.personal(nil), b.service(nil)} {
		if err := b.insert(ctx, tok, token.Digest(tok.ID), "key of "+tok.ID); err != nil {
			t.Fatal(err)
		}
		var at time.Time
		b.inTx(t, func(ctx context.Context, tx *store.Tx) error {
			at = tx.Now()
			return tx.DeleteToken(ctx, bedOrg, tok.ID)
		})
		_, err := b.Token(ctx, bedOrg, tok.ID)
		wantKind(t, err, fault.NotFound)
		again := b.InTx(ctx, actor.System(""), func(tx *store.Tx) error { return tx.DeleteToken(ctx, bedOrg, tok.ID) })
		wantKind(t, again, fault.NotFound)
		if got, err := b.TokenByDigest(ctx, token.Digest(tok.ID)); err != nil || got.ID != tok.ID || got.DeletedAt != at {
			t.Errorf("tombstone = %+v, %v, want deleted at %v", got, err, at)
		}
		if used, err := b.TokenKeyUsed(ctx, bedMember, "key of "+tok.ID); err != nil || !used {
			t.Errorf("the key of a deleted token is forgotten: %v", err)
		}
	}
	personal, err := b.PersonalTokens(ctx, bedOrg, bedMember)
	services, err2 := b.ServiceTokens(ctx, bedOrg, token.Organization)
	counts, err3 := b.TokenCounts(ctx, bedOrg, b.Now())
	if err != nil || err2 != nil || err3 != nil || len(personal)+len(services)+len(counts) != 0 {
		t.Errorf("deleted tokens are listed: %v %v %v (%v %v %v)", personal, services, counts, err, err2, err3)
	}
}

func separatesOrganizations(t *testing.T, b *tokenBed) {
	ctx := t.Context()
	b.add(t, b.personal(func(tok *token.Token) { tok.ID, tok.ExpiresAt = "p", b.now.Add(time.Hour) }),
		b.service(func(tok *token.Token) { tok.ID, tok.ExpiresAt = "o", b.now.Add(time.Hour) }))
	for _, id := range []string{"p", "o"} {
		_, err := b.Token(ctx, bedOtherOrg, id)
		wantKind(t, err, fault.NotFound)
		wantKind(t, b.InTx(ctx, actor.System(""), func(tx *store.Tx) error { return tx.DeleteToken(ctx, bedOtherOrg, id) }), fault.NotFound)
		if _, err := b.Token(ctx, bedOrg, id); err != nil {
			t.Errorf("%s is gone: %v", id, err)
		}
	}
	personal, err := b.PersonalTokens(ctx, bedOtherOrg, bedMember)
	services, err2 := b.ServiceTokens(ctx, bedOtherOrg, token.Organization)
	ending, err3 := b.EndingTokens(ctx, bedOtherOrg, "", b.now, b.now.Add(2*time.Hour), 9, 0)
	counts, err4 := b.TokenCounts(ctx, bedOtherOrg, b.now)
	elsewhere := b.personal(nil)
	elsewhere.Organization, elsewhere.Name = bedOtherOrg, "probe 001"
	taken, err5 := b.TokenNameTaken(ctx, elsewhere, b.now)
	if n := len(personal) + len(services) + len(ending) + len(counts); n != 0 || taken || err != nil || err2 != nil ||
		err3 != nil || err4 != nil || err5 != nil {
		t.Errorf("seen from outside: %v %v %v %v %v", personal, services, ending, counts, taken)
	}
}

// notesExpired lets tokens expire, in more than one transaction's worth, and has their ends noted
// by two at once.
func notesExpired(t *testing.T, b *tokenBed) {
	ctx := t.Context()
	ends := func(d time.Duration) func(*token.Token) {
		return func(tok *token.Token) { tok.ExpiresAt = b.now.Add(d) }
	}
	const many = 203
	for range many {
		b.add(t, b.personal(ends(-time.Hour)))
	}
	b.add(t, b.service(ends(-time.Minute)), b.service(ends(time.Hour)), b.personal(nil))
	deleted := b.personal(ends(-time.Hour))
	b.add(t, deleted)
	inTx(t, b.Store, func(ctx context.Context, tx *store.Tx) error { return tx.DeleteToken(ctx, bedOrg, deleted.ID) })
	service := token.New(token.Deps{Store: store.Tokens(b.Store), Catalogue: access.BuiltIn()})
	var noting sync.WaitGroup
	for range 2 {
		noting.Go(func() {
			if _, err := service.NoteExpired(ctx, time.Time{}); err != nil {
				t.Error(err)
			}
		})
	}
	noting.Wait()
	events, err := b.EventsAfter(ctx, 0, 1000)
	if err != nil || len(events) != many+1 {
		t.Fatalf("%d events, %v; want %d", len(events), err, many+1)
	}
	seen := map[string]bool{}
	for _, e := range events {
		if e.Action != audit.Expired || e.ActorType != audit.System || seen[e.Target.ID] || !strings.Contains(e.After, `"expiresAt":"`) {
			t.Errorf("%+v", e)
		}
		seen[e.Target.ID] = true
	}
	if due, err := b.ExpiredTokens(ctx, b.now.Add(-2*time.Minute), b.now.Add(2*time.Hour), 10); err != nil || len(due) != 1 {
		t.Errorf("in two hours: %d are due, %v; want the one that expires in an hour", len(due), err)
	}
}

func tellsChanges(t *testing.T, b *tokenBed) {
	var told []change.Change
	b.OnCommit(func(_ context.Context, changes []change.Change) { told = append(told, changes...) })
	tok := b.personal(nil)
	b.add(t, tok)
	b.inTx(t, func(ctx context.Context, tx *store.Tx) error { return tx.DeleteToken(ctx, bedOrg, tok.ID) })
	made := change.Change{Kind: change.Token, ID: tok.ID}
	if d := cmp.Diff([]change.Change{made, made}, told); d != "" {
		t.Error(d)
	}
}

// caller is the bed's member, in its workspace.
func (b *tokenBed) caller(t *testing.T) actor.Standing {
	t.Helper()
	b.inTx(t, func(ctx context.Context, tx *store.Tx) error {
		return tx.InsertPolicy(ctx, policy.Policy{ID: "policy-" + bedMember, Organization: bedOrg, Workspace: bedWorkspace,
			Kind: policy.OfMember, Subject: bedMember, Body: access.Policy{}, Version: 1, UpdatedAt: b.now})
	})
	return SignIn(t, b.Store, bedMember)
}

// generateAtOnce makes many tokens at the same moment and returns the errors of those that failed.
func (b *tokenBed) generateAtOnce(t *testing.T, command func(i int) token.NewPersonal) []error {
	t.Helper()
	const many = 12
	service := token.New(token.Deps{Store: store.Tokens(b.Store), Catalogue: access.BuiltIn()})
	errs, by := make([]error, many), b.caller(t).Caller()
	var start, done sync.WaitGroup
	start.Add(1)
	for i := range many {
		done.Go(func() {
			start.Wait()
			_, errs[i] = service.GeneratePersonal(t.Context(), by, command(i))
		})
	}
	start.Done()
	done.Wait()
	var failed []error
	for _, err := range errs {
		if err != nil {
			failed = append(failed, err)
		}
	}
	if list, err := b.PersonalTokens(t.Context(), bedOrg, bedMember); err != nil || len(list) != 1 || len(failed) != many-1 {
		t.Fatalf("%d tokens, %d failures: %v", len(list), len(failed), err)
	}
	return failed
}

func makesOnePerKey(t *testing.T, b *tokenBed) {
	for _, err := range b.generateAtOnce(t, func(i int) token.NewPersonal {
		return token.NewPersonal{Name: fmt.Sprint("name ", i), Workspace: bedWorkspace, Scope: "read_only", IdempotencyKey: "once"}
	}) {
		wantKind(t, err, fault.Conflict)
		if !errors.Is(err, fault.ErrRepeated) {
			t.Errorf("err = %v", err)
		}
	}
}

func makesOnePerName(t *testing.T, b *tokenBed) {
	for _, err := range b.generateAtOnce(t, func(int) token.NewPersonal {
		return token.NewPersonal{Name: "the name", Workspace: bedWorkspace, Scope: "read_only"}
	}) {
		wantKind(t, err, fault.Invalid)
	}
}

func refusesUnknownOrganization(t *testing.T, b *tokenBed) {
	ctx := t.Context()
	wantKind(t, b.InTx(ctx, actor.System(""), func(tx *store.Tx) error { _, err := tx.TokenPlan(ctx, "unknown"); return err }), fault.NotFound)
	b.inTx(t, func(ctx context.Context, tx *store.Tx) error {
		plan, err := tx.TokenPlan(ctx, bedOrg)
		if plan != access.PlanGrowth {
			t.Errorf("plan = %q", plan)
		}
		return err
	})
	tok := b.service(func(tok *token.Token) { tok.Organization = "unknown" })
	wantKind(t, b.insert(ctx, tok, token.Digest(tok.ID), ""), fault.Conflict)
}

func rollsBack(t *testing.T, b *tokenBed) {
	ctx := t.Context()
	tok := b.personal(nil)
	err := b.InTx(ctx, actor.System(""), func(tx *store.Tx) error {
		if err := tx.InsertToken(ctx, tok, token.Digest(tok.ID), "key"); err != nil {
			return err
		}
		return fault.NewDenied("no")
	})
	wantKind(t, err, fault.Denied)
	_, err = b.TokenByDigest(ctx, token.Digest(tok.ID))
	wantKind(t, err, fault.NotFound)
}

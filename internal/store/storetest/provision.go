package storetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"latchkey/internal/access"
	"latchkey/internal/account"
	"latchkey/internal/actor"
	"latchkey/internal/audit"
	"latchkey/internal/change"
	"latchkey/internal/fault"
	"latchkey/internal/provision"
	"latchkey/internal/store"
)

// Provision checks what the store promises of provisioned users and groups. open gives an
// empty store of its own to every test and closes it with the test.
func Provision(t *testing.T, open func(t *testing.T) *store.Store) {
	for name, test := range map[string]func(*testing.T, *accountBed){
		"a document is kept and replaced":      keepsDocuments,
		"a deleted user is out of sight":       hidesForgottenUsers,
		"ids of removed users are known":       knowsRemovedUsers,
		"conditions find what they say":        runsConditions,
		"values are data and never SQL":        bindsValues,
		"lists are paged in order":             pagesUsers,
		"another organization is not provided": separatesProvisioning,
		"old requests go, failed ones stay":    boundsRequests,
		"a group keeps who manages it":         keepsGroupLinks,
		"the switch is told":                   tellsSwitch,
		"an address is one member's":           movesAddresses,
		"documents go with their member":       dropsDocuments,
		"members of groups, by group":          listsGroupMembers,
		"requests are no recent activity":      tellsChangesFromRequests,
	} {
		t.Run(strings.ReplaceAll(name, " ", "_"), func(t *testing.T) { test(t, newAccountBed(t, open(t))) })
	}
}

// saveUser writes a document of a member of the bed.
func (b *accountBed) saveUser(t *testing.T, id, external, document string, elements ...provision.Element) {
	t.Helper()
	b.inTx(t, func(ctx context.Context, tx *store.Tx) error {
		return tx.SaveUser(ctx, account.Member{ID: id, Organization: bedOrg, ExternalID: external}, document, elements)
	})
}

// found is the ids of the users for whom a condition holds.
func (b *accountBed) found(t *testing.T, c provision.Condition) []string {
	t.Helper()
	users, total, err := b.FindUsers(t.Context(), bedOrg, provision.Search{Where: c, Limit: 100})
	if err != nil {
		t.Fatal(err)
	}
	ids := []string{}
	for _, u := range users {
		ids = append(ids, u.ID)
	}
	if total != len(ids) {
		t.Errorf("%d counted, %d found", total, len(ids))
	}
	return ids
}

func keepsDocuments(t *testing.T, b *accountBed) {
	before, err := b.ProvisionedUser(t.Context(), bedOrg, bedBo)
	if err != nil || before.Linked || before.Document != "" || before.Email != "bo@acme.example" {
		t.Fatalf("before: %+v, %v", before, err)
	}
	b.saveUser(t, bedBo, "x1", `{"title":"Dr"}`, provision.Element{Attribute: "title", Value: "dr"})
	b.saveUser(t, bedBo, "x2", `{"title":"Prof"}`, provision.Element{Attribute: "title", Value: "prof"})
	u, err := b.UserByName(t.Context(), bedOrg, "bo@acme.example")
	if err != nil || !u.Linked || u.Removed || u.Document != `{"title":"Prof"}` || u.ExternalID != "x2" ||
		u.UpdatedAt.Before(before.UpdatedAt) {
		t.Errorf("after: %+v, %v", u, err)
	}
	title := func(text string) provision.Condition {
		return provision.Some{Attribute: "title", Where: provision.Compare{Field: provision.ElementValue, Op: provision.Equal, Text: text}}
	}
	if diff := cmp.Diff([][]string{{}, {bedBo}}, [][]string{b.found(t, title("dr")), b.found(t, title("prof"))}); diff != "" {
		t.Errorf("old values are still found: %s", diff)
	}
	if err := b.try(t, func(ctx context.Context, tx *store.Tx) error {
		return tx.SaveUser(ctx, account.Member{ID: "nobody", Organization: bedOrg}, `{}`, nil)
	}); !fault.Is(err, fault.NotFound) {
		t.Errorf("a user without a member: %v", err)
	}
}

func hidesForgottenUsers(t *testing.T, b *accountBed) {
	b.saveUser(t, bedBo, "x1", `{}`, provision.Element{Attribute: "emails", Value: "bo@acme.example"})
	b.inTx(t, func(ctx context.Context, tx *store.Tx) error { return tx.ForgetUser(ctx, bedOrg, bedBo) })
	if _, err := b.ProvisionedUser(t.Context(), bedOrg, bedBo); !fault.Is(err, fault.NotFound) {
		t.Errorf("by id: %v", err)
	}
	u, err := b.UserByName(t.Context(), bedOrg, "bo@acme.example")
	if err != nil || !u.Removed || u.Linked || u.ExternalID != "" {
		t.Errorf("by name: %+v, %v", u, err)
	}
	if diff := cmp.Diff([]string{bedAda}, b.found(t, nil)); diff != "" {
		t.Errorf("listed: %s", diff)
	}
	members, err := b.MembersByGroup(t.Context(), bedOrg, []string{bedGroup})
	if err != nil || len(members[bedGroup]) != 0 {
		t.Errorf("members of the group: %v, %v", members, err)
	}
	b.saveUser(t, bedBo, "x1", `{}`)
	if diff := cmp.Diff([]string{bedAda, bedBo}, b.found(t, nil)); diff != "" {
		t.Errorf("made anew: %s", diff)
	}
}

func knowsRemovedUsers(t *testing.T, b *accountBed) {
	many := make([]string, 3000)
	for i := range many {
		many[i] = fmt.Sprintf("nobody-%d", i)
	}
	among := func(organization string) map[string]provision.Presence {
		got, err := b.UsersAmong(t.Context(), organization, append(many, bedAda, bedBo))
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	if diff := cmp.Diff(map[string]provision.Presence{bedAda: provision.There, bedBo: provision.There}, among(bedOrg)); diff != "" {
		t.Errorf("before: %s", diff)
	}
	b.inTx(t, func(ctx context.Context, tx *store.Tx) error { return tx.ForgetUser(ctx, bedOrg, bedBo) })
	gone := map[string]provision.Presence{bedAda: provision.There, bedBo: provision.Gone}
	if diff := cmp.Diff(gone, among(bedOrg)); diff != "" {
		t.Errorf("removed by the provider: %s", diff)
	}
	b.inTx(t, func(ctx context.Context, tx *store.Tx) error { return tx.DeleteMembers(ctx, bedOrg, []string{bedBo}) })
	if diff := cmp.Diff(gone, among(bedOrg)); diff != "" {
		t.Errorf("removed as a member: %s", diff)
	}
	if got := among("org-2"); len(got) != 0 {
		t.Errorf("another organization knows %v", got)
	}
}

// text compares a text.
func text(field provision.Field, op provision.Operator, value string) provision.Condition {
	return provision.Compare{Field: field, Op: op, Text: value, Typed: value, Fold: field == provision.FieldName ||
		field == provision.FieldUserName}
}

func runsConditions(t *testing.T, b *accountBed) {
	b.saveUser(t, bedBo, "Ext", `{}`,
		provision.Element{Attribute: "emails", Value: "bo@acme.example", Kind: "work", Primary: true},
		provision.Element{Attribute: "emails", Value: "bo@home.example", Kind: "home", Display: "bo at home"},
		provision.Element{Attribute: "name.givenName", Value: "bo"})
	both, none := []string{bedAda, bedBo}, []string{}
	kind := func(k string) provision.Condition { return text(provision.ElementKind, provision.Equal, k) }
	emails := func(c provision.Condition) provision.Condition {
		return provision.Some{Attribute: "emails", Where: c}
	}
	past := time.UnixMilli(1)
	for name, c := range map[string]struct {
		of   provision.Condition
		want []string
	}{
		"id":             {text(provision.FieldID, provision.Equal, bedBo), []string{bedBo}},
		"address begins": {text(provision.FieldUserName, provision.StartsWith, "ada@"), []string{bedAda}},
		"address ends":   {text(provision.FieldUserName, provision.EndsWith, ".example"), both},
		"ends with more": {text(provision.FieldUserName, provision.EndsWith, strings.Repeat("x", 40)), none},
		"part of it":     {text(provision.FieldUserName, provision.Contains, "o@"), []string{bedBo}},
		"part of none":   {text(provision.FieldUserName, provision.Contains, ""), both},
		"name":           {text(provision.FieldName, provision.Equal, "bo"), []string{bedBo}},
		"greater":        {text(provision.FieldUserName, provision.Greater, "b"), []string{bedBo}},
		"at most":        {text(provision.FieldUserName, provision.LessOrEqual, "ada@acme.example"), []string{bedAda}},
		"external id":    {text(provision.FieldExternalID, provision.Equal, "ext"), none},
		"has one":        {provision.Has{Field: provision.FieldExternalID}, []string{bedBo}},
		"active":         {provision.Compare{Field: provision.FieldActive, Op: provision.Equal, Bool: true}, both},
		"inactive":       {provision.Compare{Field: provision.FieldActive, Op: provision.Equal}, none},
		"made since":     {provision.Compare{Field: provision.FieldCreated, Op: provision.GreaterOrEqual, Time: past}, both},
		"changed before": {provision.Compare{Field: provision.FieldModified, Op: provision.Less, Time: past}, none},
		"not":            {provision.Not{Of: text(provision.FieldID, provision.Equal, bedBo)}, []string{bedAda}},
		"or": {provision.Either{Left: text(provision.FieldID, provision.Equal, bedBo),
			Right: text(provision.FieldID, provision.Equal, bedAda)}, both},
		"and": {provision.All{Left: text(provision.FieldID, provision.Equal, bedBo),
			Right: text(provision.FieldID, provision.Equal, bedAda)}, none},
		"always": {provision.Const(true), both},
		"never":  {provision.Const(false), none},
		"one element": {emails(provision.All{Left: kind("home"), Right: text(provision.ElementValue, provision.Contains,
			"home")}), []string{bedBo}},
		"of two":   {emails(provision.All{Left: kind("work"), Right: text(provision.ElementValue, provision.Contains, "home")}), none},
		"its mark": {emails(provision.Compare{Field: provision.ElementPrimary, Op: provision.Equal, Bool: true}), both},
		"unwritten": {emails(provision.All{Left: kind("work"), Right: text(provision.ElementValue, provision.Equal,
			"ada@acme.example")}), []string{bedAda}},
		"display": {emails(text(provision.ElementDisplay, provision.EndsWith, "home")), []string{bedBo}},
		"one value": {provision.Some{Attribute: "name.givenName", Where: text(provision.ElementValue, provision.Equal,
			"bo")}, []string{bedBo}},
		"a group": {provision.Some{Attribute: "groups", Where: text(provision.ElementValue, provision.Equal, bedGroup)}, []string{bedBo}},
		"a group's name": {provision.Some{Attribute: "groups", Where: text(provision.ElementDisplay, provision.Equal,
			"analysts")}, []string{bedBo}},
		"no such field": {text(provision.ElementValue, provision.Equal, "x"), none},
	} {
		if diff := cmp.Diff(c.want, b.found(t, c.of)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	b.saveUser(t, bedBo, "Ext", `{}`, provision.Element{Attribute: "emails", Value: "bo@home.example", Kind: "home"})
	if ids := b.found(t, emails(kind("work"))); !slices.Equal(ids, []string{bedAda}) {
		t.Errorf("without an address for work: %v", ids)
	}
	for name, c := range map[string]provision.Condition{
		"name": text(provision.FieldName, provision.Equal, "analysts"),
		"member": provision.All{Left: text(provision.FieldID, provision.Equal, bedGroup),
			Right: provision.Some{Attribute: "members", Where: text(provision.ElementValue, provision.Equal, bedBo)}},
		"not external": provision.Not{Of: provision.Has{Field: provision.FieldExternalID}},
	} {
		groups, total, err := b.FindGroups(t.Context(), bedOrg, provision.Search{Where: c, Limit: 10})
		if err != nil || total != 1 || len(groups) != 1 || groups[0].ID != bedGroup {
			t.Errorf("groups by %s: %v, %d, %v", name, groups, total, err)
		}
	}
}

func bindsValues(t *testing.T, b *accountBed) {
	for _, value := range []string{`' OR '1'='1`, `"; DROP TABLE members; --`, `%`, `_`, `\`, `$1`, `?`, "a\nb"} {
		for _, op := range []provision.Operator{provision.Equal, provision.Contains, provision.StartsWith, provision.EndsWith} {
			for _, field := range []provision.Field{provision.FieldID, provision.FieldUserName, provision.FieldName, provision.FieldExternalID} {
				if ids := b.found(t, text(field, op, value)); len(ids) > 0 {
					t.Errorf("%s %s %q finds %v", field, op, value, ids)
				}
			}
			if ids := b.found(t, provision.Some{Attribute: value, Where: text(provision.ElementValue, op, value)}); len(ids) > 0 {
				t.Errorf("attribute %q finds %v", value, ids)
			}
		}
	}
}

func pagesUsers(t *testing.T, b *accountBed) {
	b.inTx(t, func(ctx context.Context, tx *store.Tx) error {
		var errs []error
		for i := range 8 {
			m := bedMemberOf(fmt.Sprint("m", i), "member", tx.Now())
			m.Name = fmt.Sprint("Name ", 9-i)
			errs = append(errs, tx.InsertMember(ctx, m, ""), tx.SaveUser(ctx, m, "{}",
				[]provision.Element{{Attribute: "title", Value: fmt.Sprint(i % 2)},
					{Attribute: "emails", Value: fmt.Sprint(i)}, {Attribute: "emails", Value: fmt.Sprint("z", 9-i), Primary: true}}))
		}
		return errors.Join(errs...)
	})
	for name, s := range map[string]provision.Search{
		"ids":   {},
		"names": {Sort: provision.Sort{Field: provision.FieldName}, Descending: true},
		"title": {Sort: provision.Sort{Attribute: "title"}},
		"mails": {Sort: provision.Sort{Attribute: "emails"}},
		"flag":  {Sort: provision.Sort{Field: provision.FieldActive}},
		"time":  {Sort: provision.Sort{Field: provision.FieldModified}, Descending: true},
	} {
		var seen []string
		for s.Offset = 0; s.Offset < 12; s.Offset += 3 {
			s.Limit = 3
			users, total, err := b.FindUsers(t.Context(), bedOrg, s)
			if err != nil || total != 10 {
				t.Fatalf("%s: %d, %v", name, total, err)
			}
			for _, u := range users {
				seen = append(seen, u.ID)
			}
		}
		if sorted := slices.Compact(slices.Sorted(slices.Values(seen))); len(sorted) != 10 {
			t.Errorf("%s: pages show %v", name, seen)
		}
		if name == "names" && (seen[0] != "m0" || seen[7] != "m7" && seen[9] != bedAda) {
			t.Errorf("names: %v", seen)
		}
		if name == "mails" && !slices.Equal(seen, []string{bedAda, bedBo, "m7", "m6", "m5", "m4", "m3", "m2", "m1", "m0"}) {
			t.Errorf("primary addresses: %v", seen)
		}
	}
	if users, total, err := b.FindUsers(t.Context(), bedOrg, provision.Search{}); err != nil || total != 10 || len(users) != 0 {
		t.Errorf("counting: %d, %d, %v", len(users), total, err)
	}
}

func separatesProvisioning(t *testing.T, b *accountBed) {
	const other = "org-2"
	b.saveUser(t, bedBo, "x", `{}`)
	if _, err := b.ProvisionedUser(t.Context(), other, bedBo); !fault.Is(err, fault.NotFound) {
		t.Errorf("by id: %v", err)
	}
	if _, err := b.UserByName(t.Context(), other, "bo@acme.example"); !fault.Is(err, fault.NotFound) {
		t.Errorf("by name: %v", err)
	}
	users, _, err := b.FindUsers(t.Context(), other, provision.Search{Where: provision.Either{Left: provision.Const(true),
		Right: provision.Const(true)}, Limit: 10})
	groups, _, err2 := b.FindGroups(t.Context(), other, provision.Search{Limit: 10})
	members, err3 := b.MembersByGroup(t.Context(), other, []string{bedGroup})
	if err := errors.Join(err, err2, err3); err != nil || len(users)+len(groups)+len(members) > 0 {
		t.Errorf("seen: %v %v %v, %v", users, groups, members, err)
	}
	for name, write := range map[string]func(context.Context, *store.Tx) error{
		"SaveUser": func(ctx context.Context, tx *store.Tx) error {
			return tx.SaveUser(ctx, account.Member{ID: bedBo, Organization: other}, "{}", nil)
		},
		"ForgetUser": func(ctx context.Context, tx *store.Tx) error { return tx.ForgetUser(ctx, other, bedBo) },
		"SaveGroupLink": func(ctx context.Context, tx *store.Tx) error {
			return tx.SaveGroupLink(ctx, account.Group{ID: bedGroup, Organization: other})
		},
		"UpdateEmail": func(ctx context.Context, tx *store.Tx) error {
			return tx.UpdateEmail(ctx, account.Member{ID: bedBo, Organization: other, Email: "new@acme.example"})
		},
		"SaveSCIMAddresses": func(ctx context.Context, tx *store.Tx) error { return tx.SaveSCIMAddresses(ctx, other, true) },
		"SaveSCIM":          func(ctx context.Context, tx *store.Tx) error { return tx.SaveSCIM(ctx, other, true) },
	} {
		if err := b.try(t, write); !fault.Is(err, fault.NotFound) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func boundsRequests(t *testing.T, b *accountBed) {
	at := time.UnixMilli(1_000_000).UTC()
	record := func(i, status int) {
		b.inTx(t, func(ctx context.Context, tx *store.Tx) error {
			return tx.RecordRequest(ctx, provision.Request{ID: fmt.Sprint("r", i), Organization: bedOrg,
				At: at.Add(time.Duration(i) * time.Millisecond), Token: "t", TokenName: "n",
				Method: "GET", Path: fmt.Sprint("/", i), Subject: "s", Status: status, Type: provision.InvalidValue, Detail: "d", IP: "192.0.2.1"}, 3)
		})
	}
	record(0, 404)
	for i := range 10 {
		record(i+1, 200)
	}
	requests, err := b.ProvisionRequests(t.Context(), bedOrg, false, 100)
	if err != nil || len(requests) != 4 || requests[0].Path != "/10" || requests[3].Path != "/0" {
		t.Fatalf("kept: %+v, %v", requests, err)
	}
	failed, err := b.ProvisionRequests(t.Context(), bedOrg, true, 100)
	want := provision.Request{ID: requests[3].ID, Organization: bedOrg, At: at, Token: "t", TokenName: "n", Method: "GET",
		Path: "/0", Subject: "s", Status: 404,
		Type: provision.InvalidValue, Detail: "d", IP: "192.0.2.1"}
	if diff := cmp.Diff([]provision.Request{want}, failed); err != nil || diff != "" {
		t.Errorf("failed: %v %s", err, diff)
	}
	if other, err := b.ProvisionRequests(t.Context(), "org-2", false, 100); err != nil || len(other) != 0 {
		t.Errorf("another organization sees %v, %v", other, err)
	}
}

func keepsGroupLinks(t *testing.T, b *accountBed) {
	b.inTx(t, func(ctx context.Context, tx *store.Tx) error {
		return tx.SaveGroupLink(ctx, account.Group{ID: bedGroup, Organization: bedOrg, External: true, ExternalID: "g1"})
	})
	g, err := b.Group(t.Context(), bedOrg, bedGroup)
	if err != nil || !g.External || g.ExternalID != "g1" || g.Name != "Analysts" {
		t.Errorf("%+v, %v", g, err)
	}
}

func tellsSwitch(t *testing.T, b *accountBed) {
	var told []change.Change
	b.OnCommit(func(_ context.Context, changes []change.Change) { told = append(told, changes...) })
	b.inTx(t, func(ctx context.Context, tx *store.Tx) error { return tx.SaveSCIM(ctx, bedOrg, true) })
	org, err := b.Organization(t.Context(), bedOrg)
	if err != nil || !org.SCIMEnabled {
		t.Errorf("%+v, %v", org, err)
	}
	if diff := cmp.Diff([]change.Change{{Kind: change.Organization, ID: bedOrg}}, told); diff != "" {
		t.Errorf("told: %s", diff)
	}
}

func movesAddresses(t *testing.T, b *accountBed) {
	var told []change.Change
	b.OnCommit(func(_ context.Context, changes []change.Change) { told = append(told, changes...) })
	move := func(address string) error {
		return b.try(t, func(ctx context.Context, tx *store.Tx) error {
			return tx.UpdateEmail(ctx, account.Member{ID: bedBo, Organization: bedOrg, Email: address})
		})
	}
	if err := move("new@acme.example"); err != nil {
		t.Fatal(err)
	}
	if u, err := b.UserByName(t.Context(), bedOrg, "new@acme.example"); err != nil || u.ID != bedBo {
		t.Errorf("%+v, %v", u, err)
	}
	if diff := cmp.Diff([]change.Change{{Kind: change.Member, ID: bedBo}}, told); diff != "" {
		t.Errorf("told: %s", diff)
	}
	if err := move("ada@acme.example"); !fault.Is(err, fault.Conflict) {
		t.Errorf("the address of another: %v", err)
	}
	for _, fixed := range []bool{true, false} {
		b.inTx(t, func(ctx context.Context, tx *store.Tx) error { return tx.SaveSCIMAddresses(ctx, bedOrg, fixed) })
		if org, err := b.Organization(t.Context(), bedOrg); err != nil || org.SCIMFixedAddresses != fixed || org.SCIMEnabled {
			t.Errorf("%+v, %v", org, err)
		}
	}
}

func dropsDocuments(t *testing.T, b *accountBed) {
	b.saveUser(t, bedBo, "x", `{"title":"Dr"}`, provision.Element{Attribute: "title", Value: "dr"})
	b.inTx(t, func(ctx context.Context, tx *store.Tx) error {
		return errors.Join(tx.DeleteMembers(ctx, bedOrg, []string{bedBo}), tx.InsertMember(ctx, bedMemberOf(bedBo, "member", tx.Now()), ""))
	})
	u, err := b.ProvisionedUser(t.Context(), bedOrg, bedBo)
	if err != nil || u.Linked || u.Document != "" {
		t.Errorf("%+v, %v", u, err)
	}
	if ids := b.found(t, provision.Some{Attribute: "title", Where: provision.Const(true)}); len(ids) != 0 {
		t.Errorf("values are left: %v", ids)
	}
}

func listsGroupMembers(t *testing.T, b *accountBed) {
	b.inTx(t, func(ctx context.Context, tx *store.Tx) error {
		return errors.Join(tx.AddToGroup(ctx, bedGroup, bedAda),
			tx.InsertGroup(ctx, account.Group{ID: "empty", Organization: bedOrg, Name: "Empty", CreatedAt: tx.Now(), UpdatedAt: tx.Now()}))
	})
	got, err := b.MembersByGroup(t.Context(), bedOrg, []string{bedGroup, "empty"})
	want := map[string][]account.Named{bedGroup: {{ID: bedAda, Name: "ada"}, {ID: bedBo, Name: "bo"}}}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("%v %s", err, diff)
	}
}

func tellsChangesFromRequests(t *testing.T, b *accountBed) {
	by := actor.Standing{Principal: access.Principal{Kind: access.OrganizationToken, ID: "sat", Organization: bedOrg}, Name: "okta"}
	b.inTx(t, func(ctx context.Context, tx *store.Tx) error {
		request := audit.Did(by, audit.Read, audit.Target{Type: audit.TargetSCIMRequest, Name: "GET /Users"})
		return errors.Join(tx.AppendEvent(ctx, request), tx.AppendEvent(ctx,
			audit.Did(by, audit.Provisioned, audit.Target{Type: audit.TargetUser, ID: bedBo})), tx.AppendEvent(ctx, request))
	})
	for actor, want := range map[string][]audit.Action{"": {audit.Provisioned}, "sat": {audit.Read, audit.Provisioned, audit.Read}} {
		events, err := b.RecentEvents(t.Context(), bedOrg, actor, 10)
		var got []audit.Action
		for _, e := range events {
			got = append(got, e.Action)
		}
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("of %q: %v %s", actor, err, diff)
		}
	}
}

package storetest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"latchkey/internal/access"
	"latchkey/internal/account"
	"latchkey/internal/actor"
	"latchkey/internal/fault"
	"latchkey/internal/plaintext"
	"latchkey/internal/policy"
	"latchkey/internal/store"
	"latchkey/internal/token"
)

// world is a random organization, and what its tokens may do by package access.
type world struct {
	*tokenBed
	random  *rand.Rand
	places  []string
	members map[string]account.Member
	in      map[string][]access.Placed // layers by member
	base    map[string]access.Policy   // by workspace
	tokens  []token.Token
}

// granted are the permissions that the policies of the world have: one that can be limited, one that the scope
// Read-Only keeps, and one for whole types.
var granted = [...]access.Permission{"source:edit", "source:live_events", "source:connect"}

// strange is a part of an id that reads like the end of a reach.
const strange = `s-[]}"<é`

// policy returns a random policy of a workspace.
func (w *world) policy(at string) access.Policy {
	p := access.Policy{}
	for _, perm := range granted {
		switch w.random.IntN(6) {
		case 0:
			p[perm] = access.Everywhere()
		case 1:
			p[perm] = access.Only("s-1"+at, strange+at, "s-3"+at)
		case 2:
			if perm != "source:connect" { // which no policy limits
				p[perm] = access.AllBut("s-2"+at, "s-1"+at)
			}
		}
	}
	p["destination:edit"] = access.Only("s-1"+at, "s-2"+at) // of a name that must not be confused with another
	return p
}

func newWorld(t *testing.T, b *tokenBed, seed uint64) *world {
	w := &world{tokenBed: b, random: rand.New(rand.NewPCG(seed, 7)), places: []string{bedWorkspace, "ws-a", "ws-b"},
		members: map[string]account.Member{}, in: map[string][]access.Placed{}, base: map[string]access.Policy{}}
	b.inTx(t, func(ctx context.Context, tx *store.Tx) error { return w.settle(ctx, tx) })
	for i := range 120 {
		w.tokens = append(w.tokens, w.token(i))
	}
	b.add(t, w.tokens...)
	if err := store.Tokens(b.Store).NoteIdle(t.Context(), b.now); err != nil {
		t.Fatal(err)
	}
	return w
}

// settle adds workspaces, members, groups and policies.
func (w *world) settle(ctx context.Context, tx *store.Tx) error {
	place := func(kind policy.Kind, workspace, subject string, body access.Policy) error {
		return tx.InsertPolicy(ctx, policy.Policy{ID: fmt.Sprint("p-", kind, workspace, subject), Organization: bedOrg,
			Kind: kind, Workspace: workspace, Subject: subject, Body: body, Version: 1, UpdatedAt: w.now})
	}
	for _, id := range w.places {
		if id != bedWorkspace {
			if err := tx.InsertWorkspace(ctx, account.Workspace{ID: id, Organization: bedOrg, Name: id, Environment: account.Production,
				Region: "US", CreatedAt: w.now, UpdatedAt: w.now}); err != nil {
				return err
			}
		}
		w.base[id] = w.policy(id)
		if err := place(policy.Baseline, id, "", w.base[id]); err != nil {
			return err
		}
		for _, s := range []string{"s-1", "s-2", strange} {
			if err := InsertResource(ctx, tx, id, policy.Resource{ID: s + id, Type: "source", Name: s}); err != nil {
				return err
			}
		}
	}
	for i := range 8 {
		m := bedPerson(fmt.Sprint("m-", i), bedOrg, account.Active, w.now)
		if i == 1 {
			m.Role = access.RoleAdmin
		}
		if i%4 == 2 {
			m.Status = account.Deactivated
		}
		w.members[m.ID] = m
		if err := tx.InsertMember(ctx, m, ""); err != nil {
			return err
		}
		for _, id := range w.places {
			if w.random.IntN(3) == 0 {
				body := w.policy(id)
				w.in[m.ID] = append(w.in[m.ID], access.Placed{Workspace: id, Layer: access.Layer{Kind: access.LayerMember, Policy: body}})
				if err := place(policy.OfMember, id, m.ID, body); err != nil {
					return err
				}
			}
		}
	}
	for g := range 3 {
		group := fmt.Sprint("g-", g)
		if err := tx.InsertGroup(ctx, account.Group{ID: group, Organization: bedOrg, Name: group, CreatedAt: w.now,
			UpdatedAt: w.now}); err != nil {
			return err
		}
		at := w.places[g]
		body := w.policy(at)
		if err := place(policy.OfGroup, at, group, body); err != nil {
			return err
		}
		for id := range w.members {
			if (len(id)+int(id[2])+g)%3 == 0 {
				w.in[id] = append(w.in[id], access.Placed{Workspace: at, Layer: access.Layer{Kind: access.LayerGroup, Policy: body}})
				if err := tx.AddToGroup(ctx, group, id); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// token returns a random token.
func (w *world) token(i int) token.Token {
	day := 24 * time.Hour
	scopes := []access.Scope{access.ScopeReadOnly, access.ScopeReadWrite, access.ScopeAdmin}
	ends := []time.Duration{-day, 0, time.Millisecond, token.SoonAfter, token.SoonAfter + 1e6, 40 * day, 400 * day}
	tok := w.personal(func(tok *token.Token) {
		tok.Owner, tok.Workspace, tok.Scope = fmt.Sprint("m-", w.random.IntN(8)), w.places[w.random.IntN(3)], scopes[w.random.IntN(3)]
		tok.Name, tok.Hint = fmt.Sprintf("Tok%% %c%d", 'A'+rune(w.random.IntN(5)), i), fmt.Sprintf("lkpat_…%04d", w.random.IntN(30))
		tok.CreatedByName = []string{"Ann", "Äda Ö", "Bob"}[w.random.IntN(3)]
		tok.CreatedAt = w.now.Add(-time.Duration(w.random.IntN(100)) * day)
		switch w.random.IntN(6) {
		case 0:
			tok.Kind, tok.Owner, tok.Scope, tok.Policy = token.Workspace, "", "", w.policy(tok.Workspace)
		case 1:
			tok.Kind, tok.Owner, tok.Scope, tok.Workspace = token.Organization, "", "", ""
		}
		if w.random.IntN(2) == 0 {
			tok.Addresses, _ = actor.ParseRanges("192.0.2.0/24")
		}
		if n := w.random.IntN(len(ends) + 1); n < len(ends) {
			tok.ExpiresAt = w.now.Add(ends[n])
		}
		if w.random.IntN(2) == 0 {
			tok.LastUsedAt = tok.CreatedAt.Add(time.Duration(w.random.Int64N(int64(w.now.Sub(tok.CreatedAt)) + 1))).Truncate(time.Millisecond)
		}
		if w.random.IntN(12) == 0 {
			tok.DeletedAt = w.now
		}
		if w.random.IntN(8) == 0 {
			tok.Suspension = token.Suspension{At: w.now, ByName: "Ann"}
		}
		tok.Suspended = tok.Suspension.Set() || tok.Kind == token.Personal && w.members[tok.Owner].Status != account.Active
	})
	return tok
}

// may returns what a token may do while it works.
func (w *world) may(tok token.Token) access.Policy {
	c, p := access.BuiltIn(), access.Principal{ID: tok.ID, Organization: bedOrg, Workspace: tok.Workspace, Owner: tok.Owner, Scope: tok.Scope}
	base := access.Placed{Workspace: tok.Workspace, Layer: access.Layer{Kind: access.LayerBaseline, Policy: w.base[tok.Workspace]}}
	switch tok.Kind {
	case token.Organization:
		return nil
	case token.Workspace:
		p.Kind = access.WorkspaceToken
		p.In = access.Assemble([]access.Placed{base, {Workspace: tok.Workspace,
			Layer: access.Layer{Kind: access.LayerToken, Policy: tok.Policy}}})
	case token.Personal:
		p.Kind, p.Role = access.PersonalToken, w.members[tok.Owner].Role
		p.In = access.Assemble(append([]access.Placed{base}, w.in[tok.Owner]...))
	}
	return access.EffectivePolicy(c, p, tok.Workspace)
}

// matches is the filter in Go.
func (w *world) matches(f token.Filter, tok token.Token) bool {
	named := func(text string, parts ...string) bool {
		return slices.ContainsFunc(parts, func(p string) bool { return strings.Contains(strings.ToLower(p), strings.ToLower(text)) })
	}
	used := tok.LastUsedAt
	if used.IsZero() {
		used = tok.CreatedAt
	}
	state := tok.State(w.now)
	owner := w.members[tok.Owner]
	reach, grants := w.may(tok)[f.Grants.Permission]
	if _, in, ok := strings.Cut(f.Resource, "ws-"); ok {
		grants = grants && tok.Workspace == "ws-"+in && reach.Covers(f.Resource)
	} else if f.Resource != "" {
		grants = false
	}
	grants = grants && (f.Resource == "" || f.Grants.Permission.Type() == "source") // all of them are sources
	return state != token.Deleted && (f.Kind == "" || f.Kind == tok.Kind) &&
		(f.Owner == "" || tok.Owner != "" && named(f.Owner, owner.Name, owner.Email)) &&
		(f.Workspace == "" || f.Workspace == tok.Workspace) && (f.State == "" || f.State == state) &&
		(f.EndsFrom.IsZero() || !tok.ExpiresAt.IsZero() && !tok.ExpiresAt.Before(f.EndsFrom)) &&
		(f.EndsBefore.IsZero() || !tok.ExpiresAt.IsZero() && tok.ExpiresAt.Before(f.EndsBefore)) &&
		(!f.NeverEnds || tok.ExpiresAt.IsZero()) && (f.MadeBy == "" || named(f.MadeBy, tok.CreatedByName)) &&
		(f.UnusedFor == 0 || (state == token.Active || state == token.ExpiresSoon) && !used.After(w.now.Add(-f.UnusedFor))) &&
		(f.Text == "" || strings.Contains(plaintext.NameKey(tok.Name), plaintext.NameKey(f.Text)) || f.Text == tok.ID ||
			strings.HasSuffix(tok.Hint, "…"+f.Text) || tok.Hint == f.Text) &&
		(f.Grants.Permission == "" || grants) && (f.Breaks == nil || w.breaks(*f.Breaks, tok))
}

// breaks reports whether a token breaks rules and works otherwise, by the rules themselves.
func (w *world) breaks(r token.Rules, tok token.Token) bool {
	var groups []string
	for g := range 3 {
		if id := tok.Owner; id != "" && (len(id)+int(id[2])+g)%3 == 0 {
			groups = append(groups, fmt.Sprint("g-", g))
		}
	}
	return !token.ExpiredAt(tok.ExpiresAt, w.now) && !tok.Suspension.Set() && len(r.Breaches(tok, r.MayMake(groups), w.now)) > 0
}

// rules returns rules of every kind, and some of several.
func rules() []token.Rules {
	return []token.Rules{{}, {Personal: token.Lifetime{MustExpire: true}}, {Service: token.Lifetime{MustExpire: true}},
		{Personal: token.Lifetime{Longest: 40, MustExpire: true}}, {Service: token.Lifetime{Longest: 7, MustExpire: true}},
		{ReadOnly: true}, {Makers: token.Nobody}, {Makers: token.InGroups, Groups: []string{"g-0"}},
		{Makers: token.InGroups, Groups: []string{"g-1", "g-2", "gone"}}, {NeedAddresses: true},
		{NeedAddresses: true, ReadOnly: true, Makers: token.InGroups, Groups: []string{"g-2"},
			Service: token.Lifetime{Longest: 7, MustExpire: true}}}
}

// broken returns filters for tokens that break rules.
func broken() []token.Filter {
	var list []token.Filter
	live, _ := access.BuiltIn().Lookup("source:live_events")
	for _, r := range rules() {
		for _, f := range []token.Filter{{}, {State: token.Active}, {State: token.Suspended}, {Owner: "m-3"}, {Workspace: "ws-a"},
			{UnusedFor: token.NotedAfter},
			{Grants: live}, {Kind: token.Workspace}, {Text: "tok% a"}} {
			f.Breaks = &r
			list = append(list, f)
		}
	}
	return list
}

// filters returns a filter of each kind, and some of several.
func (w *world) filters() []token.Filter {
	day := 24 * time.Hour
	list := []token.Filter{{}, {Owner: "m-3"}, {Owner: "NAME OF"}, {Owner: "nobody"}, {Workspace: "ws-a"}, {Workspace: "unknown"},
		{EndsFrom: w.now}, {EndsBefore: w.now.Add(token.SoonAfter)}, {EndsFrom: w.now.Add(1e6), EndsBefore: w.now.Add(41 * day)},
		{NeverEnds: true},
		{UnusedFor: token.NotedAfter}, {UnusedFor: 60 * day}, {UnusedFor: 90 * day}, {MadeBy: "ann"}, {MadeBy: "äda"}, {MadeBy: "%"},
		{Text: "tok% a"}, {Text: "0007"}, {Text: "lkpat_…0007"}, {Text: w.tokens[5].ID}, {Text: "_"}}
	for _, k := range []token.Kind{token.Personal, token.Workspace, token.Organization} {
		list = append(list, token.Filter{Kind: k}, token.Filter{Kind: k, UnusedFor: 40 * day})
	}
	for _, s := range []token.State{token.Active, token.ExpiresSoon, token.Expired, token.Suspended, token.Deleted} {
		list = append(list, token.Filter{State: s}, token.Filter{State: s, Workspace: "ws-b"}, token.Filter{State: s, Owner: "name of m"})
	}
	for _, perm := range append(granted[:], "destination:edit", "destination:connect", "source:create_delete") {
		entry, _ := access.BuiltIn().Lookup(perm)
		for _, at := range []string{"", "ws-a"} {
			list = append(list, token.Filter{Grants: entry, Workspace: at}, token.Filter{Grants: entry, Workspace: at, Owner: "m-3"},
				token.Filter{Grants: entry, Workspace: at, UnusedFor: token.NotedAfter},
				token.Filter{Grants: entry, Workspace: at, State: token.Active})
			for _, r := range []string{"s-1ws-a", "s-2ws-a", strange + "ws-a", "unknown"} {
				list = append(list, token.Filter{Grants: entry, Workspace: at, Resource: r})
			}
		}
	}
	return list
}

// inventories compares what every filter finds with the rules of package access and of the states.
func inventories(t *testing.T, b *tokenBed) {
	w := newWorld(t, b, 1)
	found := 0
	for _, f := range w.filters() {
		want := tokenIDs(matching(w.tokens, func(tok token.Token) bool { return w.matches(f, tok) }))
		slices.Sort(want)
		ids, err := b.InventoryIDs(t.Context(), bedOrg, f, b.now)
		slices.Sort(ids)
		if d := diff(want, ids); err != nil || d != "" {
			t.Errorf("%+v: %v (-want +got)\n%s", f, err, d)
		}
		found += len(want)
		for _, sort := range []token.Sort{token.ByCreation, token.ByName, token.ByUse, token.ByEnd} {
			for _, reverse := range []bool{false, true} {
				w.pages(t, token.Query{Filter: f, Sort: sort, Reverse: reverse}, len(want))
			}
		}
	}
	if found < 500 {
		t.Errorf("the filters choose only %d tokens", found)
	}
	for _, f := range broken() {
		w.broken(t, f)
	}
	other, err := b.FindInventory(t.Context(), bedOtherOrg, token.Query{Limit: 10}, b.now)
	if err != nil || other.Matching != 0 {
		t.Errorf("another organization has %+v, %v", other, err)
	}
}

// broken compares the tokens that a filter finds, and how many there are, with the rules themselves.
func (w *world) broken(t *testing.T, f token.Filter) {
	t.Helper()
	want := tokenIDs(matching(w.tokens, func(tok token.Token) bool { return w.matches(f, tok) }))
	slices.Sort(want)
	ids, err := w.InventoryIDs(t.Context(), bedOrg, f, w.now)
	slices.Sort(ids)
	if d := diff(want, ids); err != nil || d != "" {
		t.Errorf("%s, %+v: %v (-want +got)\n%s", f.Breaks, f, err, d)
	}
	w.pages(t, token.Query{Filter: f, Sort: token.ByEnd}, len(want))
	if f == (token.Filter{Breaks: f.Breaks}) {
		if n, err := w.CountBreaking(t.Context(), bedOrg, *f.Breaks, w.now); err != nil || n != len(want) {
			t.Errorf("%s: %d are counted, want %d, %v", f.Breaks, n, len(want), err)
		}
	}
}

// pages reads an inventory in pages, and compares it with the same list in Go.
func (w *world) pages(t *testing.T, q token.Query, want int) {
	t.Helper()
	var got []token.Token
	for q.Limit = 50; ; q.Offset += q.Limit {
		page, err := w.FindInventory(t.Context(), bedOrg, q, w.now)
		if err != nil || page.More || page.Matching != want {
			t.Fatalf("%+v: %+v %v", q, page, err)
		}
		if got = append(got, page.Tokens...); len(page.Tokens) == 0 {
			break
		}
	}
	sorted := token.Listing{Sort: q.Sort, Reverse: q.Reverse}.Of(got).Tokens
	if d := diff(tokenIDs(sorted), tokenIDs(got)); len(got) != want || d != "" {
		t.Errorf("%+v: %d of %d (-want +got)\n%s", q, len(got), want, d)
	}
}

// shortensPrevious checks that the previous secret of a token does not outlive it: else another rotation
// would let it work again.
func shortensPrevious(t *testing.T, b *tokenBed) {
	tok := b.personal(nil)
	b.add(t, tok)
	secret := func(name string, ends, ended time.Time) token.SecretState {
		return token.SecretState{Digest: token.Digest(name), Hint: name, MadeAt: b.now, EndsAt: ends, EndedAt: ended}
	}
	early, end, late := b.now.Add(time.Minute), b.now.Add(time.Hour), b.now.Add(2*time.Hour)
	b.inTx(t, func(ctx context.Context, tx *store.Tx) error {
		return tx.SaveTokenSecrets(ctx, tok, []token.SecretState{secret("current", time.Time{}, time.Time{}),
			secret("early", early, time.Time{}), secret("late", late, time.Time{}), secret("ended", late, b.now)})
	})
	tok.ExpiresAt = end
	b.inTx(t, func(ctx context.Context, tx *store.Tx) error {
		was, err := tx.ShortenToken(ctx, tok)
		if err == nil && (was == nil || was.Hint != "late" || !was.EndsAt.Equal(late)) {
			t.Errorf("it moved the end of %+v", was)
		}
		return err
	})
	secrets, err := b.TokenSecrets(t.Context(), tok)
	want := map[string]time.Time{"current": {}, "early": early, "late": end, "ended": late}
	if err != nil || len(secrets) != len(want) {
		t.Fatalf("%v %v", secrets, err)
	}
	for _, s := range secrets {
		if !s.EndsAt.Equal(want[s.Hint]) {
			t.Errorf("%s ends at %v, want %v", s.Hint, s.EndsAt, want[s.Hint])
		}
	}
}

// shorten moves the end of a token without a previous secret.
func (b *tokenBed) shorten(t *testing.T, tok token.Token) error {
	return b.InTx(t.Context(), actor.System(""), func(tx *store.Tx) error {
		was, err := tx.ShortenToken(t.Context(), tok)
		if was != nil {
			t.Errorf("%s has no previous secret: %+v", tok.ID, was)
		}
		return err
	})
}

// shortens checks that an end only ever moves nearer.
func shortens(t *testing.T, b *tokenBed) {
	never, late := b.personal(nil), b.personal(func(tok *token.Token) { tok.ExpiresAt = b.now.Add(time.Hour) })
	b.add(t, never, late)
	for _, step := range []struct {
		tok token.Token
		end time.Time
		ok  bool
	}{
		{never, b.now.Add(time.Minute), true}, {never, b.now.Add(time.Hour), false}, {never, time.Time{}, false},
		{late, b.now.Add(2 * time.Hour), false}, {late, b.now.Add(time.Minute), true},
	} {
		tok := step.tok
		tok.ExpiresAt = step.end
		if err := b.shorten(t, tok); (err == nil) != step.ok {
			t.Errorf("%s to %v: %v", tok.ID, step.end, err)
		}
	}
	foreign := late
	foreign.Organization, foreign.ExpiresAt = bedOtherOrg, b.now
	wantKind(t, b.shorten(t, foreign), fault.NotFound)
	got, err := b.Token(t.Context(), bedOrg, late.ID)
	if err != nil || !got.ExpiresAt.Equal(b.now.Add(time.Minute)) {
		t.Errorf("%v %v", got.ExpiresAt, err)
	}
}

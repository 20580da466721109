package storetest

import (
	"slices"
	"testing"
	"time"

	"latchkey/internal/account"
	"latchkey/internal/metric"
	"latchkey/internal/policy"
	"latchkey/internal/token"
	"latchkey/internal/verify"
)

// agreesWithStates compares every query that selects or counts tokens by what they are at a
// moment with token.Token.State, for tokens of every kind and owner at every boundary.
func agreesWithStates(t *testing.T, b *tokenBed) {
	all := b.tokensInEveryState(t)
	for name, step := range map[string]struct {
		want func(token.Token) bool
		read func() ([]string, error)
	}{
		"lists":                   {kept, func() ([]string, error) { return b.listed(t) }},
		"what verification reads": {kept, func() ([]string, error) { return b.verifiable(t) }},
		"tokens that go with a workspace": {kept, func() ([]string, error) {
			held, err := b.TokensOfWorkspace(t.Context(), bedOrg, bedWorkspace)
			return heldIDs(held), err
		}},
		"found tokens": {kept, func() ([]string, error) {
			held, err := b.FindTokens(t.Context(), bedOrg, "probe", 1000, token.Personal, token.Workspace, token.Organization)
			return heldIDs(held), err
		}},
		"tokens of members": {func(tok token.Token) bool { return kept(tok) && tok.Kind == token.Personal }, func() ([]string, error) {
			held, err := b.TokensOfMembers(t.Context(), bedOrg, []string{bedMember, bedDeactivated, "removed"})
			return heldIDs(held), err
		}},
		"live tokens of members": {func(tok token.Token) bool { return b.live(tok) && tok.Kind == token.Personal }, func() ([]string, error) {
			held, err := b.TokensOfMembers(t.Context(), bedOrg, []string{bedMember, bedDeactivated, "removed"})
			return heldIDs(slices.DeleteFunc(held, func(h account.HeldToken) bool { return !h.Live(b.now) })), err
		}},
		"taken names": {b.live, func() ([]string, error) { return b.namesTaken(t, all) }},
		"tokens that end soon": {func(tok token.Token) bool { return tok.State(b.now) == token.ExpiresSoon }, func() ([]string, error) {
			list, err := b.EndingTokens(t.Context(), bedOrg, "", b.now, b.now.Add(token.SoonAfter), 1000, 0)
			return tokenIDs(list), err
		}},
		"expired tokens": {func(tok token.Token) bool { return tok.State(b.now) == token.Expired }, func() ([]string, error) {
			list, err := b.ExpiredTokens(t.Context(), time.Time{}, b.now, 1000)
			return tokenIDs(list), err
		}},
	} {
		got, err := step.read()
		slices.Sort(got)
		if d := diff(tokenIDs(matching(all, step.want)), got); err != nil || d != "" {
			t.Errorf("%s: %v (-want +got)\n%s", name, err, d)
		}
	}
	b.listsAgree(t, all)
	b.countsAgree(t, all)
	for _, at := range []time.Duration{0, token.SoonAfter + time.Millisecond, -time.Hour - time.Millisecond, -time.Millisecond} {
		if err := b.SettleTokens(t.Context(), b.now.Add(at), 1); err != nil {
			t.Fatal(err)
		}
		b.countsAgree(t, all)
	}
}

// tokensInEveryState adds tokens of each kind and owner with each end, deleted and not, and
// returns them as the store must read them, by id.
func (b *tokenBed) tokensInEveryState(t *testing.T) []token.Token {
	t.Helper()
	const soon = token.SoonAfter
	owners := []string{bedMember, bedDeactivated, "removed", ""} // "" is a service token of each kind
	ends := []time.Duration{-time.Hour, -time.Millisecond, 0, time.Millisecond,
		soon - time.Millisecond, soon, soon + time.Millisecond, 90 * 24 * time.Hour}
	var all []token.Token
	add := func(end, deleted, suspended time.Time) {
		for _, owner := range owners {
			for _, kind := range []token.Kind{token.Personal, token.Workspace, token.Organization} {
				if (kind == token.Personal) != (owner != "") {
					continue
				}
				all = append(all, b.personal(func(tok *token.Token) {
					tok.Kind, tok.Owner, tok.ExpiresAt, tok.DeletedAt = kind, owner, end, deleted
					tok.Suspended = kind == token.Personal && owner != bedMember
					if !suspended.IsZero() {
						tok.Suspension = token.Suspension{At: suspended, By: bedMember, ByName: "Ann", Reason: "it leaked"}
						tok.Suspended = true
					}
				}))
			}
		}
	}
	for _, deleted := range []time.Time{{}, b.now} {
		for _, suspended := range []time.Time{{}, b.now.Add(-time.Minute)} {
			add(time.Time{}, deleted, suspended)
			for _, end := range ends {
				add(b.now.Add(end), deleted, suspended)
			}
		}
	}
	b.add(t, all...)
	for _, want := range all {
		got, err := b.TokenByDigest(t.Context(), token.Digest(want.ID))
		if err != nil || got.Suspended != want.Suspended || got.Suspension != want.Suspension || got.State(b.now) != want.State(b.now) {
			t.Errorf("%s is %s, suspended %v, %v; want %s", want.ID, got.State(b.now), got.Suspended, err, want.State(b.now))
		}
	}
	return all
}

// kept reports whether a token is not deleted.
func kept(tok token.Token) bool { return tok.DeletedAt.IsZero() }

// live reports whether a token is in a state that store counts as live.
func (b *tokenBed) live(tok token.Token) bool {
	return slices.Contains([]token.State{token.Active, token.ExpiresSoon, token.Suspended}, tok.State(b.now))
}

func matching(list []token.Token, is func(token.Token) bool) []token.Token {
	return slices.DeleteFunc(slices.Clone(list), func(tok token.Token) bool { return !is(tok) })
}

func tokenIDs(list []token.Token) []string {
	var out []string
	for _, tok := range list {
		out = append(out, tok.ID)
	}
	return out
}

func heldIDs(list []account.HeldToken) []string {
	var out []string
	for _, tok := range list {
		out = append(out, tok.ID)
	}
	return out
}

// listed reads all lists of tokens.
func (b *tokenBed) listed(t *testing.T) ([]string, error) {
	var out []string
	for _, owner := range []string{bedMember, bedDeactivated, "removed"} {
		list, err := b.PersonalTokens(t.Context(), bedOrg, owner)
		if err != nil {
			return nil, err
		}
		out = append(out, tokenIDs(list)...)
	}
	for _, kind := range []token.Kind{token.Workspace, token.Organization} {
		list, err := b.ServiceTokens(t.Context(), bedOrg, kind)
		if err != nil {
			return nil, err
		}
		out = append(out, tokenIDs(list)...)
	}
	return out, nil
}

// listsAgree compares pages of lists with the same pages of the tokens in memory.
func (b *tokenBed) listsAgree(t *testing.T, all []token.Token) {
	t.Helper()
	expired := func(tok token.Token) bool { return tok.State(b.now) == token.Expired }
	for _, of := range []struct {
		kind  token.Kind
		owner string
	}{
		{token.Personal, bedMember}, {token.Personal, bedDeactivated}, {token.Personal, "nobody"},
		{token.Workspace, ""}, {token.Organization, ""},
	} {
		var list []token.Token
		for _, tok := range matching(all, func(tok token.Token) bool { return kept(tok) && tok.Kind == of.kind && tok.Owner == of.owner }) {
			stored, err := b.Token(t.Context(), bedOrg, tok.ID)
			if err != nil {
				t.Fatal(err)
			}
			list = append(list, stored)
		}
		for _, sort := range []token.Sort{token.ByCreation, token.ByName, token.ByUse, token.ByEnd} {
			for _, l := range []token.Listing{{}, {Reverse: true}, {Limit: 3}, {Limit: 3, Offset: 5, Reverse: true}, {Limit: 3, Offset: 1000},
				{Matches: expired}, {Matches: expired, Limit: 2, Offset: 1}, {Offset: 4}} {
				l.Sort = sort
				got, err := b.ListTokens(t.Context(), bedOrg, of.kind, of.owner, l)
				want := l.Of(list)
				d := diff(tokenIDs(want.Tokens), tokenIDs(got.Tokens))
				if err != nil || d != "" || got.Matching != want.Matching || got.Total != want.Total {
					t.Errorf("%s of %q, %+v: %d of %d, want %d of %d, %v\n%s",
						of.kind, of.owner, l, got.Matching, got.Total, want.Matching, want.Total, err, d)
				}
			}
		}
	}
	mine, err := b.PersonalTokenCounts(t.Context(), bedOrg, bedMember, b.now)
	var want token.Counts
	for _, tok := range matching(all, func(tok token.Token) bool { return kept(tok) && tok.Owner == bedMember }) {
		want.Add(tok.State(b.now), 1)
	}
	if err != nil || mine != want {
		t.Errorf("a member's own tokens: %+v, %v, want %+v", mine, err, want)
	}
	soon, err := b.EndingTokens(t.Context(), bedOrg, bedMember, b.now, b.now.Add(token.SoonAfter), 1000, 0)
	if err != nil || len(soon) != want.ExpiresSoon {
		t.Errorf("%d of a member's own tokens end soon, %v, want %d", len(soon), err, want.ExpiresSoon)
	}
}

// verifiable reads what verification begins with: all that is not deleted.
func (b *tokenBed) verifiable(t *testing.T) (out []string, err error) {
	err = b.Store.LiveTokens(t.Context(), verify.Part{Number: 0, Of: 1}, func(r verify.Record) error {
		out = append(out, r.ID)
		return nil
	})
	return out, err
}

// namesTaken returns the tokens whose names are taken; each has a name of its own.
func (b *tokenBed) namesTaken(t *testing.T, all []token.Token) (out []string, err error) {
	for _, tok := range all {
		same := tok
		same.ID = "another"
		taken, err := b.TokenNameTaken(t.Context(), same, b.now)
		if err != nil {
			return nil, err
		}
		if taken {
			out = append(out, tok.ID)
		}
	}
	return out, nil
}

// countsAgree compares what is counted by state with the tokens themselves.
func (b *tokenBed) countsAgree(t *testing.T, all []token.Token) {
	t.Helper()
	ctx := t.Context()
	number := func(is func(token.Token) bool) int { return len(matching(all, is)) }
	liveOf := func(kind token.Kind, owner string) int {
		return number(func(tok token.Token) bool {
			return b.live(tok) && tok.Kind == kind && (owner == "" || tok.Owner == owner)
		})
	}
	want := map[token.Kind]token.Counts{}
	for _, tok := range all {
		counts := want[tok.Kind]
		counts.Add(tok.State(b.now), 1)
		want[tok.Kind] = counts
	}
	counts, err := b.TokenCounts(ctx, bedOrg, b.now)
	if d := diff(want, counts); err != nil || d != "" {
		t.Errorf("by state: %v (-want +got)\n%s", err, d)
	}
	places, err := b.WorkspaceCounts(ctx, bedOrg, []string{bedWorkspace}, b.now)
	place := places[bedWorkspace]
	if err != nil || place.ServiceTokens != liveOf(token.Workspace, "") || place.PersonalTokens != liveOf(token.Personal, "") {
		t.Errorf("in the workspace: %+v, %v", place, err)
	}
	audience, err := b.Audience(ctx, bedOrg, policy.Place{Workspace: bedWorkspace, Kind: policy.Baseline}, b.now)
	if err != nil || audience.ServiceTokens != liveOf(token.Workspace, "") {
		t.Errorf("a baseline concerns %d service tokens, %v", audience.ServiceTokens, err)
	}
	members, _, err := b.FindMembers(ctx, bedOrg, account.MemberQuery{Limit: 10}, b.now)
	if err != nil || len(members) != 2 {
		t.Errorf("%d members, %v", len(members), err)
	}
	for _, m := range members {
		if m.LiveTokens != liveOf(token.Personal, m.ID) {
			t.Errorf("%s has %d live tokens, want %d", m.ID, m.LiveTokens, liveOf(token.Personal, m.ID))
		}
	}
	ends, err := b.TokenMetrics(ctx, b.now)
	if err != nil || ends.EndingLater+ends.Endless != number(b.live) {
		t.Errorf("%d live tokens with an end, %d without, %v; want %d in all", ends.EndingLater, ends.Endless, err, number(b.live))
	}
	for i, h := range metric.Horizons() {
		if n := number(func(tok token.Token) bool { return b.live(tok) && token.ExpiredAt(tok.ExpiresAt, b.now.Add(h)) }); ends.Ends[i] != n {
			t.Errorf("within %v: %d live tokens end, want %d", h, ends.Ends[i], n)
		}
	}
}

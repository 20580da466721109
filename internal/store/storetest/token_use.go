package storetest

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"latchkey/internal/store"
	"latchkey/internal/token"
	"latchkey/internal/verify"
)

// saves saves requests and refusals of tokens today.
func (b *tokenBed) saves(t *testing.T, uses ...verify.Use) {
	t.Helper()
	for i := range uses {
		uses[i].Organization = bedOrg
	}
	if err := b.Store.SaveUses(t.Context(), nil,
		func(map[string]verify.Use) []verify.Use { return uses }); err != nil {
		t.Fatal(err)
	}
}

func (b *tokenBed) days(t *testing.T, subject string, first, last token.Day) []token.DayCount {
	t.Helper()
	got, err := b.UseDays(t.Context(), subject, first, last)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// countsUses checks the counts of requests by day.
func countsUses(t *testing.T, b *tokenBed) {
	today := token.DayOf(b.now)
	b.saves(t, verify.Use{Token: "one", Owner: "ada", Requests: 3, Refusals: 1})
	b.saves(t, verify.Use{Token: "one", Owner: "ada", Requests: 4}, verify.Use{Token: "two", Requests: 5, Refusals: 5},
		verify.Use{Token: "three"})
	for subject, want := range map[string][]token.DayCount{
		"one": {{Day: today, Requests: 7, Refusals: 1}}, "two": {{Day: today, Requests: 5, Refusals: 5}},
		bedOrg: {{Day: today, Requests: 12, Refusals: 6}}, "ada": {{Day: today, Requests: 7, Refusals: 1}}, "three": {}, "none": {},
	} {
		if d := cmp.Diff(want, b.days(t, subject, today-29, today)); d != "" {
			t.Errorf("%s: %s", subject, d)
		}
	}
	if got := b.days(t, "one", today-29, today-1); len(got) > 0 {
		t.Errorf("before today: %v", got)
	}
	tokens := store.Tokens(b.Store)
	if err := tokens.ForgetUses(t.Context(), today); err != nil || len(b.days(t, "one", today, today)) != 1 {
		t.Errorf("today is forgotten: %v", err)
	}
	many := make([]verify.Use, 2001) // more than one transaction deletes
	for i := range many {
		many[i] = verify.Use{Token: fmt.Sprint("token ", i), Requests: 1}
	}
	b.saves(t, many...)
	if err := tokens.ForgetUses(t.Context(), today+1); err != nil || len(b.days(t, bedOrg, today, today)) != 0 ||
		len(b.days(t, "two", today, today)) != 0 {
		t.Errorf("not all is forgotten: %v", err)
	}
}

// findsRefused checks which tokens were refused often, at every boundary of the rule.
func findsRefused(t *testing.T, b *tokenBed) {
	for _, c := range []struct {
		requests, refusals int
		often              bool
	}{{20, 20, true}, {19, 19, false}, {200, 20, false}, {199, 20, true}, {1000, 100, false}, {1000, 101, true}, {20, 0, false}} {
		if got := token.RefusedOften(c.requests, c.refusals); got != c.often {
			t.Errorf("%+v: the rule says %v", c, got)
		}
		tok := b.personal(nil)
		b.add(t, tok)
		b.saves(t, verify.Use{Token: tok.ID, Owner: tok.Owner, Requests: c.requests, Refusals: c.refusals})
		today := token.DayOf(b.now)
		for owner, want := range map[string]bool{"": c.often, tok.Owner: c.often, "somebody": false} {
			got, err := b.RefusedTokens(t.Context(), bedOrg, owner, today-6, today, 100, 0)
			found := slices.IndexFunc(got, func(r token.Refused) bool { return r.ID == tok.ID })
			if err != nil || found >= 0 != want {
				t.Errorf("%+v for %q: %v, found at %d", c, owner, err, found)
			}
			if found >= 0 && (got[found].Requests != c.requests || got[found].Refusals != c.refusals || got[found].Latest != today) {
				t.Errorf("%+v", got[found])
			}
		}
		if got, err := b.RefusedTokens(t.Context(), bedOrg, "", today-7, today-1, 100, 0); err != nil || len(got) > 0 {
			t.Errorf("before today: %v, %v", got, err)
		}
	}
}

// findsIdle checks which tokens are noted as idle, and that a use takes them out at once.
func findsIdle(t *testing.T, b *tokenBed) {
	made := func(ago time.Duration, more func(*token.Token)) token.Token {
		tok := b.personal(func(tok *token.Token) {
			tok.CreatedAt = b.now.Add(-ago)
			if more != nil {
				more(tok)
			}
		})
		b.add(t, tok)
		return tok
	}
	old, older := made(token.IdleAfter, nil), made(2*token.IdleAfter, nil)
	used := made(3*token.IdleAfter, nil)
	made(token.IdleAfter-time.Millisecond, nil)
	made(token.IdleAfter, func(tok *token.Token) { tok.ExpiresAt = b.now })
	made(token.IdleAfter, func(tok *token.Token) { tok.DeletedAt = b.now })
	made(token.IdleAfter, func(tok *token.Token) { tok.Owner = bedDeactivated })
	b.saves(t, verify.Use{Token: used.ID, At: b.now.Add(-token.IdleAfter + time.Millisecond)})
	tokens := store.Tokens(b.Store)
	check := func(when string, want ...string) {
		t.Helper()
		for _, owner := range []string{"", bedMember} {
			got, err := b.IdleTokens(t.Context(), bedOrg, owner, b.now, 100, 0)
			if d := cmp.Diff(want, tokenIDs(got)); err != nil || d != "" {
				t.Errorf("%s, of %q: %v %s", when, owner, err, d)
			}
		}
	}
	if err := tokens.NoteIdle(t.Context(), b.now); err != nil {
		t.Fatal(err)
	}
	check("at first", older.ID, old.ID)
	b.saves(t, verify.Use{Token: older.ID, At: b.now})
	check("after a use", old.ID)
	if err := tokens.NoteIdle(t.Context(), b.now); err != nil {
		t.Fatal(err)
	}
	check("after another look", old.ID)
	if got, err := b.IdleTokens(t.Context(), bedOtherOrg, "", b.now, 9, 0); err != nil || len(got) > 0 {
		t.Errorf("from outside: %v, %v", got, err)
	}
}

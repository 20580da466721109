package storetest

import (
	"fmt"
	"testing"

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
	b.saves(t, verify.Use{Token: "one", Requests: 3, Refusals: 1})
	b.saves(t, verify.Use{Token: "one", Requests: 4}, verify.Use{Token: "two", Requests: 5, Refusals: 5}, verify.Use{Token: "three"})
	for subject, want := range map[string][]token.DayCount{
		"one": {{Day: today, Requests: 7, Refusals: 1}}, "two": {{Day: today, Requests: 5, Refusals: 5}},
		bedOrg: {{Day: today, Requests: 12, Refusals: 6}}, "three": {}, "none": {},
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

package storetest

import (
	"context"
	"testing"
	"time"

	"latchkey/internal/account"
	"latchkey/internal/store"
	"latchkey/internal/token"
	"latchkey/internal/warning"
)

// keepsRules checks that rules, and what is still to be done, are read as they were saved.
func keepsRules(t *testing.T, b *tokenBed) {
	if r, err := b.Ruling(t.Context(), bedOrg); err != nil || !r.Equal(token.Rules{}) || r.Revision != 0 || r.Sweep.Pending() {
		t.Fatalf("without a row: %+v, %v", r, err)
	}
	want := token.Ruling{Rules: token.Rules{Makers: token.InGroups, Groups: []string{"g-1", "g-2"}, UnusedDays: 90}, Revision: 1,
		Sweep: token.Sweep{Answer: token.Shorten, From: b.now.UTC(), End: b.now.UTC().Add(time.Hour), By: "m", ByName: "M"}}
	for range 2 {
		b.inTx(t, func(ctx context.Context, tx *store.Tx) error { return tx.SaveRuling(ctx, bedOrg, want) })
		got, err := b.Ruling(t.Context(), bedOrg)
		if d := diff(want, got); err != nil || d != "" {
			t.Errorf("%v (-want +got)\n%s", err, d)
		}
		swept, err := b.SweptOrganizations(t.Context())
		if err != nil || len(swept) > 1 || (len(swept) == 1) != want.Sweep.Pending() {
			t.Errorf("%v to sweep, %v", swept, err)
		}
		want.Revision, want.Rules, want.Sweep = 2, token.Rules{}, token.Sweep{}
	}
	if r, err := b.Ruling(t.Context(), bedOtherOrg); err != nil || r.Revision != 0 {
		t.Errorf("another organization: %+v, %v", r, err)
	}
	b.inTx(t, func(ctx context.Context, tx *store.Tx) error {
		return tx.InsertGroup(ctx, account.Group{ID: "g-1", Organization: bedOrg, Name: "Makers", CreatedAt: b.now, UpdatedAt: b.now})
	})
	names, err := b.GroupNames(t.Context(), bedOrg, []string{"g-1", "g-2"})
	if d := diff(map[string]string{"g-1": "Makers"}, names); err != nil || d != "" {
		t.Errorf("%v (-want +got)\n%s", err, d)
	}
}

// keepsNotices checks when the notices about unused tokens end.
func keepsNotices(t *testing.T, b *tokenBed) {
	since := b.now.Add(-100 * 24 * time.Hour)
	made := func(name string) token.Token {
		return b.personal(func(tok *token.Token) { tok.Name, tok.CreatedAt = name, since })
	}
	idle, used, ended, ahead := made("idle"), made("used"), made("ended"), made("ahead")
	used.LastUsedAt, ended.ExpiresAt = b.now, b.now
	b.add(t, idle, used, ended, ahead)
	if err := b.NoteIdle(t.Context(), b.now); err != nil {
		t.Fatal(err)
	}
	looks := warning.Looks{At: b.now.UTC(), Gaps: []warning.Gap{{From: since.UTC(), To: b.now.UTC()}}}
	b.inTx(t, func(ctx context.Context, tx *store.Tx) error {
		if l, err := tx.Looks(ctx, bedOrg); err != nil || !l.At.IsZero() {
			t.Errorf("before the first look: %+v, %v", l, err)
		}
		for _, tok := range []token.Token{idle, used, ended, ahead} {
			u := warning.Unused{Token: tok.ID, IdleSince: since, Noticed: b.now}
			if tok.ID == ahead.ID {
				u.Noticed = b.now.Add(2 * time.Hour)
			}
			if err := tx.SaveNotice(ctx, bedOrg, u); err != nil {
				return err
			}
		}
		if err := tx.EndNotices(ctx, bedOrg, b.now.Add(time.Hour), b.now, false); err != nil {
			return err
		}
		for _, tok := range []token.Token{idle, used, ended, ahead} {
			if got, err := tx.HasNotice(ctx, tok.ID); err != nil || got != (tok.ID == idle.ID) {
				t.Errorf("%s: notice %v, %v", tok.Name, got, err)
			}
		}
		list, err := tx.UnusedTokens(ctx, bedOrg, "", since, b.now, 10)
		if err != nil || len(list) != 2 || list[0].Token > list[1].Token || !list[0].IdleSince.Equal(since) {
			t.Errorf("unused: %+v, %v", list, err)
		}
		if list, err = tx.UnusedTokens(ctx, bedOrg, list[0].Token, since, b.now, 10); err != nil || len(list) != 1 {
			t.Errorf("unused, the second part: %+v, %v", list, err)
		}
		if err := tx.SaveLooks(ctx, bedOrg, looks); err != nil {
			return err
		}
		got, err := tx.Looks(ctx, bedOrg)
		if d := diff(looks, got); err != nil || d != "" {
			t.Errorf("%v (-want +got)\n%s", err, d)
		}
		return tx.EndNotices(ctx, bedOrg, b.now, b.now, true)
	})
	b.inTx(t, func(ctx context.Context, tx *store.Tx) error {
		l, err := tx.Looks(ctx, bedOrg)
		if had, noticeErr := tx.HasNotice(ctx, idle.ID); err != nil || noticeErr != nil || had || !l.At.IsZero() {
			t.Errorf("without the rule: %v, %+v, %v, %v", had, l, err, noticeErr)
		}
		return nil
	})
}

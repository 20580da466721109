package warning_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"latchkey/internal/access"
	"latchkey/internal/audit"
	"latchkey/internal/store"
	"latchkey/internal/store/storetest"
	"latchkey/internal/token"
	"latchkey/internal/verify"
	"latchkey/internal/warning"
)

// unused has the servers look for unused tokens every three hours while time passes.
func (b *bed) unused(d time.Duration) {
	b.Helper()
	for ; d > 0; d -= 3 * time.Hour {
		b.clock.Pass(min(d, 3*time.Hour))
		b.look()
	}
}

// days passes as quickly as unused does not: as if the servers had looked, and had not found anything.
func (b *bed) days(n int) {
	b.Helper()
	for range n {
		b.clock.Pass(day) // a gap, were it not for the next line
		b.inTx(func(tx *store.Tx) error { return tx.SaveLooks(b.Context(), b.org, warning.Looks{At: b.clock.Now()}) })
	}
}

// look has every server look once.
func (b *bed) look() {
	b.Helper()
	b.must(b.stores[0].NoteIdle(b.Context(), b.clock.Now()))
	for _, n := range b.nodes {
		b.must(n.SuspendUnused(b.Context()))
		b.must(n.Send(b.Context()))
	}
}

// rule has unused tokens suspended after so many days.
func (b *bed) rule(days int) {
	b.Helper()
	b.inTx(func(tx *store.Tx) error {
		r, err := tx.Ruling(b.Context(), b.org)
		r.Rules, r.Revision = token.Rules{UnusedDays: days}, r.Revision+1
		if err == nil {
			err = tx.SaveRuling(b.Context(), b.org, r)
		}
		return err
	})
}

func (b *bed) use(id string) {
	b.Helper()
	b.must(b.stores[0].SaveUses(b.Context(), []string{id}, func(map[string]verify.Use) []verify.Use {
		return []verify.Use{{Token: id, At: b.clock.Now()}}
	}))
}

func (b *bed) suspended(id string) bool {
	b.Helper()
	t, err := b.stores[0].Token(b.Context(), b.org, id)
	b.must(err)
	return t.Suspension.Set()
}

// lasting is longer than any of the tests.
const lasting = 2000 * day

// wantUnused checks the warnings and suspensions in the audit log, oldest first.
func (b *bed) wantUnused(want ...string) {
	b.Helper()
	list, err := b.stores[0].RecentEvents(b.Context(), b.org, "", 10_000)
	b.must(err)
	var got []string
	for _, e := range slices.Backward(list) {
		if e.Action == audit.Unused || e.Action == audit.Suspended {
			got = append(got, string(e.Action)+" "+e.Target.Name)
		}
	}
	if !slices.Equal(got, want) {
		b.Errorf("the log has %v, want %v", got, want)
	}
}

// single is a bed on SQLite.
func single(t *testing.T) *bed {
	t.Parallel()
	return newBed(t, 1, store.Options{Path: storetest.Empty(t)}, nil)
}

func TestSuspendUnused_WarnsAWeekBefore(t *testing.T) {
	engines(t, func(b *bed) {
		bo := b.person("bo", access.RoleMember)
		idle, used := b.token("idle", lasting, bo.ID, bo.ID), b.token("used", lasting, bo.ID, bo.ID)
		b.rule(40)
		b.look()
		b.days(32)
		b.unused(21 * time.Hour)
		b.wantMails()
		b.use(used)
		b.unused(3 * time.Hour)
		b.wantMails("bo@acme.example: Token \"idle\" is suspended in 7 days")
		if text := b.bodies[len(b.bodies)-1]; !strings.Contains(text, "is suspended because nobody uses it, on 11 December 2026") {
			b.Errorf("the mail says %s", text)
		}
		b.unused(7*day - 3*time.Hour)
		if b.suspended(idle) {
			b.Fatal("suspended too early")
		}
		b.unused(3 * time.Hour)
		if !b.suspended(idle) || b.suspended(used) {
			b.Errorf("idle %v, used %v", b.suspended(idle), b.suspended(used))
		}
		b.wantUnused("unused idle", "suspended idle")
	})
}

// TestSuspendUnused_WhatWasUnusedAlreadyHasItsWeek also has a token that is used after its notice.
func TestSuspendUnused_WhatWasUnusedAlreadyHasItsWeek(t *testing.T) {
	b := single(t)
	old, used := b.token("old", lasting, "", b.ada.ID), b.token("used", lasting, "", b.ada.ID)
	b.clock.Pass(400 * day)
	b.rule(90)
	b.look()
	b.unused(7*day - 3*time.Hour)
	if b.suspended(old) || b.suspended(used) {
		t.Fatal("suspended without a week's notice")
	}
	b.use(used)
	b.unused(6 * time.Hour)
	if !b.suspended(old) || b.suspended(used) {
		t.Errorf("old %v, used %v", b.suspended(old), b.suspended(used))
	}
	b.wantUnused("unused old", "unused used", "suspended old")
}

func TestSuspendUnused_AClockThatJumpsSuspendsNothing(t *testing.T) {
	b := single(t)
	id := b.token("quiet", lasting, "", b.ada.ID)
	b.rule(40)
	b.unused(5 * day)
	b.clock.Pass(300 * day) // ahead, for more than a week
	b.unused(10 * day)
	b.clock.Pass(-300 * day)
	b.unused(10 * day)
	if b.suspended(id) {
		t.Fatal("suspended because of a clock")
	}
	b.wantUnused()
	b.unused(16 * day)
	if !b.suspended(id) {
		t.Error("never suspended")
	}
}

// TestSuspendUnused_AJumpAfterTheNoticeDoesNotShortenIt jumps in the week between the two.
func TestSuspendUnused_AJumpAfterTheNoticeDoesNotShortenIt(t *testing.T) {
	b := single(t)
	id := b.token("quiet", lasting, "", b.ada.ID)
	b.clock.Pass(50 * day)
	b.rule(40)
	b.look()
	b.wantUnused("unused quiet")
	b.clock.Pass(30 * day)
	b.unused(6 * day)
	if b.suspended(id) {
		t.Error("suspended because of a clock")
	}
	b.unused(1*day + 3*time.Hour)
	if !b.suspended(id) {
		t.Error("never suspended")
	}
}

func TestSuspendUnused_NothingOnceTheRuleIsGone(t *testing.T) {
	b := single(t)
	id := b.token("quiet", lasting, "", b.ada.ID)
	b.clock.Pass(50 * day)
	b.rule(40)
	b.look()
	b.rule(0)
	b.unused(8 * day)
	if b.suspended(id) {
		t.Error("suspended without a rule")
	}
	b.wantUnused("unused quiet")
}

// Who resumes a token has a week's notice again, and so has a token that was suspended by hand during its week.
func TestSuspendUnused_WhatIsResumedHasItsWeekAgain(t *testing.T) {
	b := single(t)
	id, byHand := b.token("quiet", lasting, "", b.ada.ID), b.token("by hand", lasting, "", b.ada.ID)
	suspend := func(id string, to token.Suspension) {
		b.inTx(func(tx *store.Tx) error {
			found, err := tx.Token(b.Context(), b.org, id)
			if found.Suspension = to; err == nil {
				err = tx.SaveTokenSuspension(b.Context(), found)
			}
			return err
		})
	}
	b.clock.Pass(50 * day)
	b.rule(40)
	b.look()
	b.unused(6 * day)
	suspend(byHand, token.Suspension{At: b.clock.Now(), By: b.ada.ID, ByName: b.ada.Name})
	b.unused(day)
	if !b.suspended(id) {
		t.Fatal("not suspended after a week")
	}
	suspend(id, token.Suspension{})
	suspend(byHand, token.Suspension{})
	b.unused(7 * day)
	if b.suspended(id) || b.suspended(byHand) {
		t.Error("suspended again without a week's notice")
	}
	b.unused(3 * time.Hour)
	b.wantUnused("unused quiet", "unused by hand", "suspended quiet", "unused quiet", "unused by hand", "suspended quiet", "suspended by hand")
}

// A longer rule ends the notices that the shorter one gave too early for it.
func TestSuspendUnused_ALongerRuleGivesItsOwnNotice(t *testing.T) {
	b := single(t)
	id := b.token("quiet", lasting, "", b.ada.ID)
	b.rule(40)
	b.look()
	b.days(33)
	b.unused(3 * time.Hour)
	b.wantUnused("unused quiet")
	b.rule(90)
	b.look()
	b.days(48)
	b.unused(3 * time.Hour)
	b.wantUnused("unused quiet")
	if b.suspended(id) {
		t.Fatal("suspended by the shorter rule")
	}
	b.unused(2 * day)
	b.wantUnused("unused quiet", "unused quiet")
	b.unused(5 * day)
	if b.suspended(id) {
		t.Error("suspended without a week's notice")
	}
	b.unused(2 * day)
	b.wantUnused("unused quiet", "unused quiet", "suspended quiet")
}

func TestLooks_CountNoGaps(t *testing.T) {
	t.Parallel()
	start := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	at := func(h int) time.Time { return start.Add(time.Duration(h) * time.Hour) }
	var l warning.Looks
	for _, h := range []int{0, 1, 2, 12, 13, 40} {
		l = l.Next(at(h))
	}
	for from, want := range map[int]int{0: 3, 2: 1, 5: 1, 12: 1, 13: 0, 20: 0, 40: 0, 50: 0, -10: 13} {
		if got := l.Since(at(from)); got != time.Duration(want)*time.Hour {
			t.Errorf("since %d: %v, want %d hours", from, got, want)
		}
	}
	if l = l.Next(at(14)); l.Since(at(0)) != 4*time.Hour { // the clock was ahead
		t.Errorf("%v since the start: %+v", l.Since(at(0)), l)
	}
	for n := range 500 {
		l = l.Next(at(100 + 10*n))
	}
	if got := l.Since(at(0)); len(l.Gaps) > 100 || got > 4*time.Hour {
		t.Errorf("%d gaps, %v", len(l.Gaps), got)
	}
}

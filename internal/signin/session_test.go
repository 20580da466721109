package signin_test

import (
	"context"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"latchkey/internal/access"
	"latchkey/internal/actor"
	"latchkey/internal/audit"
	"latchkey/internal/fault"
	"latchkey/internal/signin"
	"latchkey/internal/store"
	"latchkey/internal/store/storetest"
)

func TestLookup_RefusesWhatIsNoLiveSecret(t *testing.T) {
	f := newFixture(t)
	started := f.mustSignIn(t, ada, "")
	for _, secret := range []string{"", "x", started.Session.ID, strings.Repeat("A", 43), started.Secret + "A",
		started.Secret[1:], strings.Repeat("=", 43), strings.Repeat("x", 1<<20)} {
		if _, err := f.Lookup(t.Context(), secret); !fault.Is(err, fault.Unauthenticated) {
			t.Errorf("Lookup(%.50q) = %v", secret, err)
		}
	}
}

func TestLookup_IdleLimitHoldsToTheMillisecond(t *testing.T) {
	f := newFixture(t)
	early, late := f.mustSignIn(t, ada, ""), f.mustSignIn(t, ada, "")
	f.clock.Advance(signin.IdleLimit - time.Millisecond)
	f.wantLive(t, early, true) // and counts as used now
	f.clock.Advance(time.Millisecond)
	f.wantLive(t, late, false)
	f.wantLive(t, early, true)
}

// TestLookup_GoesByTheClock holds what docs/audit-log.md says of clocks that are set back: a session that had
// ended works again unless it was deleted, and one that was used in the future becomes idle in time.
func TestLookup_GoesByTheClock(t *testing.T) {
	f := newFixture(t)
	swept, used := f.mustSignIn(t, ada, ""), f.mustSignIn(t, ada, "")
	f.clock.Advance(signin.IdleLimit)
	f.wantLive(t, used, false)
	f.clock.Advance(-signin.IdleLimit)
	f.wantLive(t, used, true)
	f.clock.Advance(signin.IdleLimit - time.Hour) // the clock is ahead by that
	f.wantLive(t, used, true)
	f.clock.Advance(time.Hour)
	if _, err := f.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	f.clock.Advance(-signin.IdleLimit)
	f.wantLive(t, swept, false)
	f.wantLive(t, used, true)
	f.clock.Advance(signin.IdleLimit)
	f.wantLive(t, used, false)
}

func TestLookup_AbsoluteLimitHoldsToTheMillisecond(t *testing.T) {
	f := newFixture(t)
	started := f.mustSignIn(t, ada, "")
	end := f.clock.Now().Add(signin.AbsoluteLimit)
	for f.clock.Now().Before(end.Add(-signin.IdleLimit)) {
		f.clock.Advance(signin.IdleLimit - time.Hour)
		f.wantLive(t, started, true)
	}
	f.clock.Advance(end.Sub(f.clock.Now()) - time.Millisecond)
	f.wantLive(t, started, true)
	f.clock.Advance(time.Millisecond)
	f.wantLive(t, started, false)
}

func TestLookup_WritesTheLastUseOncePerInterval(t *testing.T) {
	f := newFixture(t)
	started := f.mustSignIn(t, ada, "")
	seen := func() int { return f.count(t, `SELECT last_seen_at FROM sessions`) }
	start := seen()
	f.clock.Advance(signin.TouchInterval - time.Millisecond)
	f.wantLive(t, started, true)
	if seen() != start {
		t.Error("written within the interval")
	}
	f.clock.Advance(time.Millisecond)
	if got := inParallel(20, func(int) error { _, err := f.Lookup(t.Context(), started.Secret); return err }); got["ok"] != 20 {
		t.Errorf("parallel look-ups: %v", got)
	}
	if seen() != start+int(signin.TouchInterval.Milliseconds()) {
		t.Error("not written after the interval")
	}
	if n := f.count(t, `SELECT last_seen_at FROM members WHERE id = $1`, f.ids[ada]); n != seen() {
		t.Error("the member was not seen with the session")
	}
	if n := f.count(t, `SELECT count(*) FROM members WHERE last_seen_at IS NOT NULL`); n != 1 {
		t.Errorf("%d members were seen", n)
	}
}

// slow is a store whose first transaction waits until it is let go.
type slow struct {
	signin.Store
	entered, release chan struct{}
	transactions     atomic.Int64
}

func (s *slow) InTx(ctx context.Context, by actor.Caller, fn func(signin.Tx) error) error {
	if s.transactions.Add(1) == 1 {
		close(s.entered)
		<-s.release
	}
	return s.Store.InTx(ctx, by, fn)
}

func TestLookup_WhileOneRequestWritesTheLastUseOthersDoNotWait(t *testing.T) {
	f := newFixture(t)
	started := f.mustSignIn(t, ada, "")
	f.clock.Advance(signin.TouchInterval)
	st := &slow{Store: store.SignIns(f.store), entered: make(chan struct{}), release: make(chan struct{})}
	f.Service = signin.New(st, f.hasher, access.BuiltIn())
	first := make(chan error)
	go func() {
		_, err := f.Lookup(t.Context(), started.Secret)
		first <- err
	}()
	<-st.entered
	f.wantLive(t, started, true)
	close(st.release)
	if err := <-first; err != nil {
		t.Error(err)
	}
	if n := st.transactions.Load(); n != 1 {
		t.Errorf("%d transactions, want 1", n)
	}
}

func TestLookup_DeactivationSuspendsTheSession(t *testing.T) {
	f := newFixture(t)
	started := f.mustSignIn(t, ada, "")
	f.exec(t, `UPDATE members SET status = 'deactivated' WHERE id = $1`, f.ids[ada])
	f.wantLive(t, started, false)
	f.exec(t, `UPDATE members SET status = 'active' WHERE id = $1`, f.ids[ada])
	f.wantLive(t, started, true)
}

func TestSignOut_EndsTheSessionOnce(t *testing.T) {
	f := newFixture(t)
	started, other := f.mustSignIn(t, ada, ""), f.mustSignIn(t, ada, "")
	for range 2 {
		if err := f.SignOut(t.Context(), started.Secret, from(home)); err != nil {
			t.Fatal(err)
		}
	}
	if err := f.SignOut(t.Context(), "nonsense", from(home)); err != nil {
		t.Fatal(err)
	}
	f.wantLive(t, started, false)
	f.wantLive(t, other, true)
	if e := f.events(t); len(e) != 3 {
		t.Errorf("%d events, want two sign-ins and one sign-out", len(e))
	}
}

func TestSignOut_OfASessionThatIsOverIsNotLogged(t *testing.T) {
	f := newFixture(t)
	started := f.mustSignIn(t, ada, "")
	f.clock.Advance(signin.IdleLimit)
	if err := f.SignOut(t.Context(), started.Secret, from(home)); err != nil {
		t.Fatal(err)
	}
	if e := f.events(t); len(e) != 1 {
		t.Errorf("%d events, want the sign-in only", len(e))
	}
}

func ids(sessions []signin.Session) string {
	var list []string
	for _, s := range sessions {
		list = append(list, s.ID)
	}
	return strings.Join(list, " ")
}

func TestList_ShowsOwnRunningSessionsLastUsedFirst(t *testing.T) {
	f := newFixture(t)
	f.mustSignIn(t, ada, "") // over by the time of the list
	f.clock.Advance(signin.IdleLimit - time.Hour)
	older := f.mustSignIn(t, ada, "")
	f.mustSignIn(t, bo, "")
	f.clock.Advance(time.Minute)
	newer := f.mustSignIn(t, ada, "")
	f.clock.Advance(time.Hour)
	f.wantLive(t, older, true)
	got, err := f.List(t.Context(), f.in(t, newer), f.ids[ada])
	if want := older.Session.ID + " " + newer.Session.ID; err != nil || ids(got) != want {
		t.Errorf("List = %s, %v; want %s", ids(got), err, want)
	}
}

func TestEnd_OtherMembersSessionIsNotFound(t *testing.T) {
	f := newFixture(t)
	adas, bos := f.mustSignIn(t, ada, ""), f.mustSignIn(t, bo, "")
	wantKind(t, f.End(t.Context(), f.in(t, bos).Caller(), adas.Session.ID), fault.NotFound)
	wantKind(t, f.End(t.Context(), f.in(t, bos).Caller(), "unknown"), fault.NotFound)
	f.wantLive(t, adas, true)
	if err := f.End(t.Context(), f.in(t, bos).Caller(), bos.Session.ID); err != nil {
		t.Fatal(err)
	}
	f.wantLive(t, bos, false)
	events := f.events(t)
	if e := events[len(events)-1]; len(events) != 3 || e.Action != audit.SignedOut || e.Target.ID != bos.Session.ID || e.ActorID != f.ids[bo] {
		t.Errorf("events = %+v", events)
	}
}

func TestEndOthers_SparesTheCurrentSessionAndOtherMembers(t *testing.T) {
	f := newFixture(t)
	f.mustSignIn(t, ada, "")
	f.clock.Advance(signin.IdleLimit) // that one is over: it goes without an event
	current, another, bos := f.mustSignIn(t, ada, ""), f.mustSignIn(t, ada, ""), f.mustSignIn(t, bo, "")
	logged := len(f.events(t))
	n, err := f.EndOthers(t.Context(), f.in(t, current).Caller())
	if n != 1 || err != nil {
		t.Fatalf("EndOthers = %d, %v", n, err)
	}
	f.wantLive(t, current, true)
	f.wantLive(t, another, false)
	f.wantLive(t, bos, true)
	if e := f.events(t); len(e) != logged+1 || e[logged].Target.ID != another.Session.ID {
		t.Errorf("events = %+v", e[logged:])
	}
}

func TestAdmin_SeesAndEndsTheSessionsOfAMember(t *testing.T) {
	f := newFixture(t)
	admin := f.caller(t, ada)
	one, two, three, own := f.mustSignIn(t, bo, ""), f.mustSignIn(t, bo, ""), f.mustSignIn(t, bo, ""), f.mustSignIn(t, ada, "")
	list, err := f.List(t.Context(), admin, f.ids[bo])
	if err != nil || len(list) != 3 {
		t.Fatalf("%d sessions, %v", len(list), err)
	}
	logged := len(f.events(t))
	if err := f.EndOf(t.Context(), admin.Caller(), f.ids[bo], one.Session.ID); err != nil {
		t.Fatal(err)
	}
	f.wantLive(t, one, false)
	f.wantLive(t, two, true)
	n, err := f.EndAllOf(t.Context(), admin.Caller(), f.ids[bo])
	if n != 2 || err != nil {
		t.Errorf("EndAllOf = %d, %v", n, err)
	}
	f.wantLive(t, two, false)
	f.wantLive(t, three, false)
	f.wantLive(t, own, true)
	events := f.events(t)[logged:]
	if len(events) != 3 {
		t.Fatalf("%d events", len(events))
	}
	for _, e := range events {
		if e.Action != audit.SignedOut || e.Target.Type != audit.TargetSession || e.Target.Name != bo || e.ActorID != f.ids[ada] {
			t.Errorf("event %+v", e)
		}
	}
	if events[0].Target.ID != one.Session.ID {
		t.Errorf("the first is %s", events[0].Target.ID)
	}
}

func TestSessionsOfOthers_AreForAdminsOfTheOrganization(t *testing.T) {
	f := newFixture(t)
	adas, bos := f.mustSignIn(t, ada, ""), f.mustSignIn(t, bo, "")
	f.exec(t, `INSERT INTO organizations (id, name, plan, created_at) VALUES ('other', 'Other', 'enterprise', 1)`)
	f.exec(t, `INSERT INTO members (id, organization_id, email, name, role, status, created_at, updated_at)
		VALUES ('zoe', 'other', 'zoe@other.example', 'Zoe', 'member', 'active', 1, 1)`)
	zoes := storetest.SignIn(t, f.store, "zoe")
	admin, member := f.in(t, adas), f.in(t, bos)
	for name, c := range map[string]struct {
		by              actor.Standing
		member, session string
		want            fault.Kind
	}{
		"a Member, an Admin's":         {member, f.ids[ada], adas.Session.ID, fault.Denied},
		"another organization's":       {admin, "zoe", zoes.Ref.ID, fault.NotFound},
		"nobody's":                     {admin, "nobody", adas.Session.ID, fault.NotFound},
		"one person's as another's":    {admin, f.ids[gone], bos.Session.ID, fault.NotFound},
		"from another organization in": {zoes, f.ids[bo], bos.Session.ID, fault.Denied},
	} {
		t.Run(name, func(t *testing.T) {
			wantKind(t, f.EndOf(t.Context(), c.by.Caller(), c.member, c.session), c.want)
			if name == "one person's as another's" {
				return
			}
			_, err := f.EndAllOf(t.Context(), c.by.Caller(), c.member)
			wantKind(t, err, c.want)
			_, err = f.List(t.Context(), c.by, c.member)
			wantKind(t, err, c.want)
		})
	}
	f.wantLive(t, adas, true)
	f.wantLive(t, bos, true)
	if own, err := f.List(t.Context(), member, f.ids[bo]); err != nil || len(own) != 1 {
		t.Errorf("the own ones: %d, %v", len(own), err)
	}
}

func TestEndSessionsOf_EndsAllOfAMember(t *testing.T) {
	f := newFixture(t)
	one, two, bos := f.mustSignIn(t, ada, ""), f.mustSignIn(t, ada, ""), f.mustSignIn(t, bo, "")
	err := f.store.InTx(t.Context(), actor.System(""), func(tx *store.Tx) error {
		_, err := tx.EndSessionsOf(t.Context(), f.ids[ada], "")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	f.wantLive(t, one, false)
	f.wantLive(t, two, false)
	f.wantLive(t, bos, true)
}

func TestSessionActs_AreClosedToTokens(t *testing.T) {
	f := newFixture(t)
	started := f.mustSignIn(t, ada, "")
	by := f.token(t, ada)
	wantKind(t, f.End(t.Context(), by.Caller(), started.Session.ID), fault.Denied)
	_, err := f.EndOthers(t.Context(), by.Caller())
	wantKind(t, err, fault.Denied)
	_, err = f.ChangePassword(t.Context(), by, password, "another good one")
	wantKind(t, err, fault.Denied)
	f.wantLive(t, started, true)
}

func TestSweep_DropsOnlyWhatIsOver(t *testing.T) {
	f := newFixture(t)
	f.mustSignIn(t, ada, "")
	wantKind(t, f.try(t, nobody, wrong, "192.0.2.1"), fault.Unauthenticated)
	f.clock.Advance(signin.IdleLimit - time.Minute)
	live := f.mustSignIn(t, bo, "")
	wantKind(t, f.try(t, ada, wrong, "203.0.113.1"), fault.Unauthenticated)
	f.clock.Advance(time.Minute)
	swept, err := f.Sweep(t.Context())
	// The address, the account and the pair of the first failure are a day old.
	if want := (signin.Swept{Sessions: 1, Attempts: 3}); swept != want || err != nil {
		t.Errorf("Sweep = %+v, %v; want %+v", swept, err, want)
	}
	f.wantLive(t, live, true)
	// Left are the address, the account and the pair of the last failure, and the two acquaintances.
	if n := f.count(t, `SELECT count(*) FROM attempts`); n != 5 {
		t.Errorf("%d attempts left, want 5", n)
	}
	f.clock.Advance(signin.Acquaintance)
	if _, err := f.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := f.count(t, `SELECT (SELECT count(*) FROM attempts) + (SELECT count(*) FROM sessions)`); n != 0 {
		t.Errorf("%d rows left after everything is over", n)
	}
}

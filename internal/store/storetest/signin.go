package storetest

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/segmentio/ksuid"

	"latchkey/internal/access"
	"latchkey/internal/account"
	"latchkey/internal/actor"
	"latchkey/internal/fault"
	"latchkey/internal/signin"
	"latchkey/internal/store"
)

// SignIns checks what package signin expects of a store: sessions, password swaps and the
// counting of attempts. open returns an empty, migrated database.
func SignIns(t *testing.T, open func(t *testing.T) *store.Store) {
	for name, test := range map[string]func(*testing.T, signIns){
		"Account":                            signInAccount,
		"MarkSignedIn":                       markSignedIn,
		"SwapPassword":                       swapPassword,
		"Session":                            sessionRoundTrip,
		"Session_DigestIsUnique":             sessionDigestIsUnique,
		"Session_LimitsAreExact":             sessionLimits,
		"EndSessionsOf":                      endSessionsOf,
		"TouchSession_WritesOnce":            touchSession,
		"SwapNotices":                        swapNotices,
		"CountAttempt_CountsAndBlocks":       countAttempt,
		"CountAttempt_ClockSetBack":          countAfterSetBack,
		"CountAttempt_ParallelOnesAllCount":  countInParallel,
		"CountAttempt_RollsBack":             countRollsBack,
		"ForgiveAttempt":                     forgiveAttempt,
		"TellBlock_OnceForEach":              tellBlock,
		"Recovery_EndsWithWhatEndsIt":        recoveries,
		"Recovery_IsAddedBesideNone":         addedRecoveries,
		"Factors":                            factors,
		"Passkeys":                           passkeys,
		"PasskeyChallenges":                  passkeyChallenges,
		"RecoveryCodes":                      recoveryCodes,
		"PendingSignIns":                     pendingSignIns,
		"Settings":                           signInSettings,
		"RememberBrowser":                    rememberBrowser,
		"DropAttempts_KeepsWhatStillMatters": dropAttempts,
	} {
		t.Run(name, func(t *testing.T) { test(t, newSignIns(t, open(t))) })
	}
}

// signIns is a database with two members.
type signIns struct {
	*store.Store
	organization, ada, bo string
}

func newSignIns(t *testing.T, st *store.Store) signIns {
	t.Helper()
	s := signIns{Store: st, organization: ksuid.New().String(), ada: ksuid.New().String(), bo: ksuid.New().String()}
	err := st.InTx(t.Context(), actor.System(""), func(tx *store.Tx) error {
		if err := tx.InsertOrganization(t.Context(), account.Organization{ID: s.organization, Name: "Acme",
			Plan: access.PlanEnterprise, CreatedAt: tx.Now()}); err != nil {
			return err
		}
		ada := account.Member{ID: s.ada, Organization: s.organization, Email: "ada@acme.example", Name: "Ada", Role: access.RoleAdmin,
			Status: account.Active, CreatedAt: tx.Now(), UpdatedAt: tx.Now()}
		bo := ada
		bo.ID, bo.Email, bo.Name, bo.Status = s.bo, "bo@acme.example", "Bo", account.Deactivated
		return errors.Join(tx.InsertMember(t.Context(), ada, "hash"), tx.InsertMember(t.Context(), bo, "hash"))
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// tx runs fn in a transaction that must succeed.
func (s signIns) tx(t *testing.T, fn func(ctx context.Context, tx signin.Tx) error) {
	t.Helper()
	if err := store.SignIns(s.Store).InTx(t.Context(), actor.System(""), func(tx signin.Tx) error { return fn(t.Context(), tx) }); err != nil {
		t.Fatal(err)
	}
}

// raw is tx with all that the store can do.
func (s signIns) raw(t *testing.T, fn func(ctx context.Context, tx *store.Tx) error) {
	t.Helper()
	if err := s.InTx(t.Context(), actor.System(""), func(tx *store.Tx) error { return fn(t.Context(), tx) }); err != nil {
		t.Fatal(err)
	}
}

// yes runs an act that reports whether it changed something, and checks its report.
func (s signIns) yes(t *testing.T, want bool, act func(ctx context.Context, tx signin.Tx) (bool, error)) {
	t.Helper()
	s.tx(t, func(ctx context.Context, tx signin.Tx) error {
		got, err := act(ctx, tx)
		if got != want {
			t.Errorf("reports %v, want %v", got, want)
		}
		return err
	})
}

// session adds a session of Ada and returns it.
func (s signIns) session(t *testing.T, digest string, created, seen time.Time) signin.Session {
	t.Helper()
	session := signin.Session{ID: ksuid.New().String(), Member: s.ada, Organization: s.organization,
		CreatedAt: created, LastSeenAt: seen, IP: "2001:db8::1", UserAgent: "Firefox",
		Proof: actor.Proof{How: actor.ByFactor, At: created}}
	s.tx(t, func(ctx context.Context, tx signin.Tx) error { return tx.InsertSession(ctx, session, []byte(digest)) })
	return session
}

func signInAccount(t *testing.T, s signIns) {
	want := signin.Account{ID: s.ada, Organization: s.organization, Email: "ada@acme.example", Name: "Ada",
		Role: access.RoleAdmin, Active: true, PasswordHash: "hash"}
	got, err := s.SignInAccount(t.Context(), "ada@acme.example")
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("by e-mail (-want +got):\n%s%v", diff, err)
	}
	got, err = s.SignInAccountOf(t.Context(), s.ada)
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("by id (-want +got):\n%s%v", diff, err)
	}
	if bo, err := s.SignInAccountOf(t.Context(), s.bo); bo.Active || err != nil {
		t.Errorf("a deactivated member is %+v, %v", bo, err)
	}
	if _, err := s.SignInAccount(t.Context(), "nobody@acme.example"); !fault.Is(err, fault.NotFound) {
		t.Errorf("unknown e-mail: %v", err)
	}
	if id, err := s.SignInOrganization(t.Context()); id != s.organization || err != nil {
		t.Errorf("organization = %s, %v", id, err)
	}
}

func markSignedIn(t *testing.T, s signIns) {
	for _, c := range []struct {
		member, hash string
		want         bool
	}{{s.ada, "hash", true}, {s.ada, "other", false}, {s.bo, "hash", false}, {"unknown", "hash", false}} {
		s.yes(t, c.want, func(ctx context.Context, tx signin.Tx) (bool, error) { return tx.MarkSignedIn(ctx, c.member, c.hash) })
	}
	ada, err := s.Member(t.Context(), s.organization, s.ada)
	if ada.LastSeenAt.IsZero() || err != nil {
		t.Errorf("Ada was not seen: %+v, %v", ada, err)
	}
}

func swapPassword(t *testing.T, s signIns) {
	s.yes(t, false, func(ctx context.Context, tx signin.Tx) (bool, error) {
		return tx.SwapPassword(ctx, s.ada, "other", "new")
	})
	s.yes(t, true, func(ctx context.Context, tx signin.Tx) (bool, error) {
		return tx.SwapPassword(ctx, s.ada, "hash", "new")
	})
	ada, err := s.SignInAccountOf(t.Context(), s.ada)
	if ada.PasswordHash != "new" || err != nil {
		t.Errorf("hash = %q, %v", ada.PasswordHash, err)
	}
	if bo, err := s.SignInAccountOf(t.Context(), s.bo); bo.PasswordHash != "hash" || err != nil {
		t.Errorf("another member's hash = %q, %v", bo.PasswordHash, err)
	}
}

func sessionRoundTrip(t *testing.T, s signIns) {
	now := s.Now()
	want := s.session(t, "digest", now.Add(-time.Hour), now.Add(-time.Millisecond))
	got, account, err := s.SessionByDigest(t.Context(), []byte("digest"))
	if diff := cmp.Diff(want, got); diff != "" || err != nil || account.ID != s.ada || !account.Active {
		t.Errorf("session of %+v, %v (-want +got):\n%s", account, err, diff)
	}
	if _, _, err := s.SessionByDigest(t.Context(), []byte("Digest")); !fault.Is(err, fault.NotFound) {
		t.Errorf("unknown digest: %v", err)
	}
	s.yes(t, true, func(ctx context.Context, tx signin.Tx) (bool, error) { return tx.EndSession(ctx, want.ID) })
	s.yes(t, false, func(ctx context.Context, tx signin.Tx) (bool, error) { return tx.EndSession(ctx, want.ID) })
}

func sessionDigestIsUnique(t *testing.T, s signIns) {
	session := s.session(t, "digest", s.Now(), s.Now())
	session.ID = ksuid.New().String()
	err := store.SignIns(s.Store).InTx(t.Context(), actor.System(""),
		func(tx signin.Tx) error { return tx.InsertSession(t.Context(), session, []byte("digest")) })
	if !fault.Is(err, fault.Conflict) {
		t.Errorf("a second session with the digest: %v", err)
	}
}

func sessionLimits(t *testing.T, s signIns) {
	now := s.Now()
	limits := signin.Limits{Idle: now.Add(-time.Hour), Absolute: now.Add(-time.Minute * 90)}
	s.session(t, "idle", limits.Idle, limits.Idle)
	s.session(t, "old", limits.Absolute, now)
	older := s.session(t, "older", limits.Absolute.Add(time.Millisecond), limits.Idle.Add(time.Millisecond))
	newer := s.session(t, "newer", now, now)
	got, err := s.SessionsOf(t.Context(), s.ada, limits)
	if diff := cmp.Diff([]signin.Session{newer, older}, got); diff != "" || err != nil {
		t.Errorf("sessions (-want +got):\n%s%v", diff, err)
	}
	for _, c := range []struct {
		member string
		want   int64
	}{{s.bo, 0}, {s.ada, 2}, {"", 0}} {
		s.tx(t, func(ctx context.Context, tx signin.Tx) error {
			n, err := tx.DropEndedSessions(ctx, c.member, limits)
			if n != c.want {
				t.Errorf("dropped %d of %q, want %d", n, c.member, c.want)
			}
			return err
		})
	}
	s.tx(t, func(ctx context.Context, tx signin.Tx) error {
		n, err := tx.DropEndedSessions(ctx, "", signin.Limits{Idle: now, Absolute: limits.Absolute})
		if n != 2 {
			t.Errorf("dropped %d of everybody's, want 2", n)
		}
		return err
	})
}

func endSessionsOf(t *testing.T, s signIns) {
	one, two := s.session(t, "one", s.Now(), s.Now()), s.session(t, "two", s.Now(), s.Now())
	for _, c := range []struct {
		member, except string
		want           []string
	}{{s.bo, "", []string{}}, {s.ada, two.ID, []string{one.ID}}, {s.ada, "", []string{two.ID}}} {
		s.tx(t, func(ctx context.Context, tx signin.Tx) error {
			got, err := tx.EndSessionsOf(ctx, c.member, c.except)
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("ended (-want +got):\n%s", diff)
			}
			return err
		})
	}
}

func touchSession(t *testing.T, s signIns) {
	seen := s.Now().Add(-time.Hour)
	s.session(t, "digest", seen, seen)
	session, _, err := s.SessionByDigest(t.Context(), []byte("digest"))
	if err != nil {
		t.Fatal(err)
	}
	at := func() time.Time {
		got, _, err := s.SessionByDigest(t.Context(), []byte("digest"))
		if err != nil {
			t.Fatal(err)
		}
		return got.LastSeenAt
	}
	s.tx(t, func(ctx context.Context, tx signin.Tx) error {
		return tx.TouchSession(ctx, session.ID, seen.Add(-time.Millisecond))
	})
	if !at().Equal(seen) {
		t.Error("written although it was recorded after the given moment")
	}
	var now time.Time
	s.tx(t, func(ctx context.Context, tx signin.Tx) error {
		now = tx.Now()
		return tx.TouchSession(ctx, session.ID, seen)
	})
	later := s.session(t, "ahead", now, now.Add(time.Hour)) // used before the clock was set back
	s.tx(t, func(ctx context.Context, tx signin.Tx) error {
		return tx.TouchSession(ctx, later.ID, tx.Now().Add(-time.Minute))
	})
	if got, _, err := s.SessionByDigest(t.Context(), []byte("ahead")); err != nil || got.LastSeenAt.After(s.Now()) {
		t.Errorf("last seen at %v, in the future; %v", got.LastSeenAt, err)
	}
	s.tx(t, func(ctx context.Context, tx signin.Tx) error {
		now = tx.Now()
		return tx.TouchSession(ctx, session.ID, now)
	})
	member, err := s.Member(t.Context(), s.organization, s.ada)
	if !at().Equal(now) || !member.LastSeenAt.Equal(now) || err != nil {
		t.Errorf("session %v, member %v, %v; want %v", at(), member.LastSeenAt, err, now)
	}
}

func swapNotices(t *testing.T, s signIns) {
	session := s.session(t, "digest", s.Now(), s.Now())
	const list = `[{"Kind":"info","Text":"é"}]`
	s.yes(t, true, func(ctx context.Context, tx signin.Tx) (bool, error) {
		return tx.SwapNotices(ctx, session.ID, "", list)
	})
	s.yes(t, false, func(ctx context.Context, tx signin.Tx) (bool, error) {
		return tx.SwapNotices(ctx, session.ID, "", "[]")
	})
	if got, err := s.SessionNotices(t.Context(), session.ID); got != list || err != nil {
		t.Errorf("notices = %s, %v", got, err)
	}
	if _, err := s.SessionNotices(t.Context(), "unknown"); !fault.Is(err, fault.NotFound) {
		t.Errorf("unknown session: %v", err)
	}
}

const most = 3

// countOne counts a failure in a window and with a block of an hour.
func (s signIns) countOne(t *testing.T, key string, want bool) {
	t.Helper()
	s.yes(t, want, func(ctx context.Context, tx signin.Tx) (bool, error) {
		return tx.Throttle.CountAttempt(ctx, key, most, tx.Now().Add(-time.Hour), tx.Now().Add(time.Hour))
	})
}

// wantAttempt checks what is recorded under key; failures -1: nothing.
func (s signIns) wantAttempt(t *testing.T, key string, failures int, blocked bool) {
	t.Helper()
	got, err := s.Attempts(t.Context(), key, "unknown")
	if err != nil {
		t.Fatal(err)
	}
	if failures < 0 {
		if len(got) != 0 {
			t.Errorf("recorded: %+v, want nothing", got)
		}
		return
	}
	if len(got) != 1 || got[0].Key != key || got[0].Failures != failures || got[0].BlockedUntil.After(s.Now()) != blocked {
		t.Errorf("recorded: %+v, want %d failures, blocked = %v", got, failures, blocked)
	}
}

func countAttempt(t *testing.T, s signIns) {
	for i := range most {
		s.countOne(t, "key", true)
		s.wantAttempt(t, "key", i+1, i+1 == most)
	}
	s.countOne(t, "key", false)
	s.wantAttempt(t, "key", most, true)
	s.countOne(t, "other", true)
	s.yes(t, true, func(ctx context.Context, tx signin.Tx) (bool, error) { // its window is over
		return tx.Throttle.CountAttempt(ctx, "other", most, tx.Now(), tx.Now().Add(time.Hour))
	})
	s.wantAttempt(t, "other", 1, false)
	for range 2 {
		s.yes(t, true, func(ctx context.Context, tx signin.Tx) (bool, error) { // blocks for no time
			return tx.Throttle.CountAttempt(ctx, "other", most, tx.Now().Add(-time.Hour), tx.Now())
		})
	}
	s.countOne(t, "other", true) // the block has passed: anew
	s.wantAttempt(t, "other", 1, false)
}

// countAfterSetBack counts when what is recorded lies further in the future than a block can: a node whose
// clock was an hour ahead recorded it.
func countAfterSetBack(t *testing.T, s signIns) {
	for range most {
		s.yes(t, true, func(ctx context.Context, tx signin.Tx) (bool, error) {
			return tx.Throttle.CountAttempt(ctx, "key", most, tx.Now().Add(-time.Hour), tx.Now().Add(2*time.Hour))
		})
	}
	s.wantAttempt(t, "key", most, true)
	s.countOne(t, "key", true) // a block that lasts longer than an hour has no effect
	s.wantAttempt(t, "key", 1, false)
	for i := range most - 1 {
		s.countOne(t, "key", true)
		s.wantAttempt(t, "key", i+2, i+2 == most)
	}
	s.yes(t, true, func(ctx context.Context, tx signin.Tx) (bool, error) { // nor has a window that has not begun
		_, err := tx.Throttle.CountAttempt(ctx, "window", most, tx.Now().Add(-time.Hour), tx.Now().Add(time.Hour))
		if err != nil {
			return false, err
		}
		return tx.Throttle.CountAttempt(ctx, "window", most, tx.Now().Add(-3*time.Hour), tx.Now().Add(-time.Hour))
	})
	s.wantAttempt(t, "window", 1, false)
}

func countInParallel(t *testing.T, s signIns) {
	const calls = 12
	var counted [calls]bool
	var wg sync.WaitGroup
	for i := range calls {
		wg.Go(func() {
			err := store.SignIns(s.Store).InTx(t.Context(), actor.System(""), func(tx signin.Tx) error {
				var err error
				counted[i], err = tx.Throttle.CountAttempt(t.Context(), "key", most, tx.Now().Add(-time.Hour), tx.Now().Add(time.Hour))
				return err
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	n := 0
	for _, ok := range counted {
		if ok {
			n++
		}
	}
	if n != most {
		t.Errorf("%d counted, want %d and then a block", n, most)
	}
	s.wantAttempt(t, "key", most, true)
}

func countRollsBack(t *testing.T, s signIns) {
	stop := errors.New("stop")
	err := store.SignIns(s.Store).InTx(t.Context(), actor.System(""), func(tx signin.Tx) error {
		_, err := tx.Throttle.CountAttempt(t.Context(), "key", most, tx.Now().Add(-time.Hour), tx.Now())
		return errors.Join(err, stop)
	})
	if !errors.Is(err, stop) {
		t.Fatal(err)
	}
	s.wantAttempt(t, "key", -1, false)
}

func forgiveAttempt(t *testing.T, s signIns) {
	forgive := func() {
		t.Helper()
		s.tx(t, func(ctx context.Context, tx signin.Tx) error { return tx.Throttle.ForgiveAttempt(ctx, "key", most) })
	}
	forgive() // nothing there
	for range most {
		s.countOne(t, "key", true)
	}
	forgive()
	s.wantAttempt(t, "key", most-1, false)
	s.countOne(t, "key", true)
	s.wantAttempt(t, "key", most, true)
	for range most {
		forgive()
	}
	s.wantAttempt(t, "key", -1, false)
	s.countOne(t, "key", true)
	s.tx(t, func(ctx context.Context, tx signin.Tx) error { return tx.Throttle.ClearAttempts(ctx, "unknown", "key") })
	s.wantAttempt(t, "key", -1, false)
}

func tellBlock(t *testing.T, s signIns) {
	end := s.Now().Add(time.Hour)
	var wg sync.WaitGroup
	var first atomic.Int64
	for range 12 {
		wg.Go(func() {
			err := store.SignIns(s.Store).InTx(t.Context(), actor.System(""), func(tx signin.Tx) error {
				ok, err := tx.Throttle.RecordBlock(t.Context(), "key", end)
				if ok && err == nil {
					first.Add(1)
				}
				return err
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if first.Load() != 1 {
		t.Errorf("%d were the first", first.Load())
	}
	s.wantAttempt(t, "key", 1, true)
	tell := func(want bool, till time.Time) {
		t.Helper()
		s.yes(t, want, func(ctx context.Context, tx signin.Tx) (bool, error) {
			return tx.Throttle.RecordBlock(ctx, "key", till)
		})
	}
	tell(false, end)
	tell(true, end.Add(time.Millisecond)) // another block
	got, err := s.Attempts(t.Context(), "key")
	if err != nil || len(got) != 1 || !got[0].BlockedUntil.Equal(end.Add(time.Millisecond)) {
		t.Errorf("recorded %+v, %v", got, err)
	}
}

func dropAttempts(t *testing.T, s signIns) {
	s.countOne(t, "failed", true)
	for range most {
		s.countOne(t, "blocked", true)
	}
	for range 2 { // a second time is no error
		s.tx(t, func(ctx context.Context, tx signin.Tx) error { return tx.Throttle.RememberKey(ctx, "remembered") })
	}
	s.wantAttempt(t, "remembered", 0, false)
	drop := func(want int64, counted, remembered time.Duration) {
		t.Helper()
		s.tx(t, func(ctx context.Context, tx signin.Tx) error {
			n, err := tx.Throttle.DropAttempts(ctx, tx.Now().Add(counted), tx.Now().Add(remembered))
			if n != want {
				t.Errorf("dropped %d, want %d", n, want)
			}
			return err
		})
	}
	drop(0, -time.Hour, -time.Hour)
	drop(1, time.Hour, -time.Hour)
	s.wantAttempt(t, "failed", -1, false)
	s.wantAttempt(t, "blocked", most, true)
	drop(1, -time.Hour, time.Hour)
	s.wantAttempt(t, "remembered", -1, false)
}

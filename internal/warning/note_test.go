package warning_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	_ "modernc.org/sqlite"

	"latchkey/internal/access"
	"latchkey/internal/account"
	"latchkey/internal/actor"
	"latchkey/internal/audit"
	"latchkey/internal/store"
	"latchkey/internal/store/pgtest"
	"latchkey/internal/store/storetest"
	"latchkey/internal/token"
	"latchkey/internal/warning"
)

const day = 24 * time.Hour

// bed is an installation with a clock that stands still, on one node or two.
type bed struct {
	*testing.T
	stores []*store.Store
	nodes  []*warning.Service
	clock  *storetest.Clock
	change func(statement string) // of the database
	org    string
	ada    account.Member
	admin  actor.Standing
	made   int

	mu      sync.Mutex
	mails   []string // "to: subject"
	bodies  []string
	refuse  bool
	refused func(to string) bool // besides
}

// Send is the mail server.
func (b *bed) Send(_ context.Context, to, subject, text string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.refuse || b.refused != nil && b.refused(to) {
		return errors.New("mail: try again later")
	}
	b.mails, b.bodies = append(b.mails, to+": "+subject), append(b.bodies, text)
	return nil
}

func (b *bed) must(err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}

// engines runs a test on SQLite, and with two nodes on PostgreSQL.
func engines(t *testing.T, test func(b *bed)) {
	t.Run("SQLite", func(t *testing.T) {
		file := storetest.Empty(t)
		test(newBed(t, 1, store.Options{Path: file}, func(statement string) {
			db, err := sql.Open("sqlite", file)
			if err == nil {
				_, err = db.Exec(statement)
			}
			if err = errors.Join(err, db.Close()); err != nil {
				t.Fatal(err)
			}
		}))
	})
	t.Run("PostgreSQL", func(t *testing.T) {
		url := pgtest.Migrated(t)
		test(newBed(t, 2, store.Options{URL: url}, func(statement string) { pgtest.Exec(t, url, statement) }))
	})
}

func newBed(t *testing.T, nodes int, o store.Options, change func(string)) *bed {
	t.Helper()
	b := &bed{T: t, clock: storetest.NewClock(time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)), change: change}
	o.Now = b.clock.Now
	for range nodes {
		s, err := store.Open(t.Context(), o)
		b.must(err)
		t.Cleanup(func() { b.must(s.Close()) })
		b.stores = append(b.stores, s)
		b.nodes = append(b.nodes, b.service(s, b))
	}
	var err error
	b.ada, err = storetest.NewUseCases(b.stores[0]).Organizations.Install(t.Context(), account.NewInstallation{Organization: "Acme",
		Workspace: "Production", PasswordHash: "a hash", Name: "Ada", Email: "ada@acme.example", Plan: access.PlanGrowth})
	b.must(err)
	b.org, b.admin = b.ada.Organization, storetest.SignIn(t, b.stores[0], b.ada.ID)
	return b
}

func (b *bed) service(s *store.Store, mailer warning.Mailer) *warning.Service {
	return warning.New(warning.Deps{Store: store.Warnings(s), Queue: store.WarningQueue(s), Unused: store.Unused(s),
		Catalogue: access.BuiltIn(), Now: b.clock.Now,
		Mailer: mailer, Link: func(id string) string { return "https://keys.acme.example/tokens/" + id }})
}

func (b *bed) inTx(fn func(tx *store.Tx) error) {
	b.Helper()
	b.must(b.stores[0].InTx(b.Context(), actor.System(""), fn))
}

// person adds a member.
func (b *bed) person(name string, role access.Role) account.Member {
	b.Helper()
	m := account.Member{ID: "member-" + name, Organization: b.org, Email: strings.ToLower(name) + "@acme.example", Name: name, Role: role,
		Status: account.Active, CreatedAt: b.clock.Now(), UpdatedAt: b.clock.Now()}
	b.inTx(func(tx *store.Tx) error { return tx.InsertMember(b.Context(), m, "a hash") })
	return m
}

// token adds a token that ends after a time. Without an owner it is a service token, made by maker.
func (b *bed) token(name string, life time.Duration, owner, maker string) string {
	b.Helper()
	b.made++
	t := token.Token{ID: fmt.Sprintf("token-%03d", b.made), Organization: b.org, Kind: token.Organization, Name: name, Hint: "lkoat_…abcd",
		CreatedBy: maker, CreatedAt: b.clock.Now(), ExpiresAt: b.clock.Now().Add(life)}
	if owner != "" {
		t.Kind, t.Owner, t.Scope = token.Personal, owner, access.ScopeReadOnly
	}
	b.inTx(func(tx *store.Tx) error { return tx.InsertToken(b.Context(), t, token.Digest(t.ID), "") })
	return t.ID
}

// work does once what the background does, on all nodes at once.
func (b *bed) work() {
	b.Helper()
	var running sync.WaitGroup
	for _, n := range b.nodes {
		running.Go(func() {
			if err := errors.Join(n.Note(b.Context()), n.Send(b.Context())); err != nil {
				b.Error(err)
			}
		})
	}
	running.Wait()
}

// pass lets time pass, with work at the beginning and after every step.
func (b *bed) pass(d, step time.Duration) {
	b.Helper()
	b.work()
	for ; d > 0; d -= step {
		b.clock.Pass(min(d, step))
		b.work()
	}
}

// events returns the warnings in the audit log, oldest first: the token's name and the days.
func (b *bed) events() []string {
	b.Helper()
	list, err := b.stores[0].RecentEvents(b.Context(), b.org, "", 10_000)
	b.must(err)
	out := []string{}
	for _, e := range slices.Backward(list) {
		if e.Action == audit.Expiring {
			days, _, _ := strings.Cut(strings.TrimPrefix(e.After, `{"days":`), ",")
			out = append(out, e.Target.Name+" "+days)
		}
	}
	return out
}

func (b *bed) wantEvents(want ...string) {
	b.Helper()
	if got := b.events(); !slices.Equal(got, append([]string{}, want...)) {
		b.Errorf("warned of %v, want %v", got, want)
	}
}

func (b *bed) wantMails(want ...string) {
	b.Helper()
	got := slices.Sorted(slices.Values(b.mails))
	if !slices.Equal(got, append([]string{}, slices.Sorted(slices.Values(want))...)) {
		b.Errorf("mailed\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// TestNote_WarnsOnceAtEachThreshold lets tokens of different lives end, seen from the first run after an upgrade.
func TestNote_WarnsOnceAtEachThreshold(t *testing.T) {
	engines(t, func(b *bed) {
		// These are there before the first run: what they are past is past.
		b.token("old-40", 40*day, b.ada.ID, "")
		b.token("old-20", 20*day, b.ada.ID, "")
		b.token("old-7", 7*day, b.ada.ID, "")
		b.token("old-half", day/2, b.ada.ID, "")
		b.token("old-never", 9000*day, b.ada.ID, "")
		b.work()
		b.wantEvents()
		// These are made afterwards, by whatever door: their life is shorter than a threshold, or not.
		b.token("new-50", 50*day, b.ada.ID, "")
		b.token("new-30", 30*day, b.ada.ID, "")
		b.token("new-8", 8*day, b.ada.ID, "")
		b.token("new-hour", time.Hour, b.ada.ID, "")
		b.pass(51*day, 6*time.Hour)
		got := b.events()
		slices.Sort(got)
		want := []string{"new-30 1", "new-30 7", "new-50 1", "new-50 30", "new-50 7", "new-8 1", "new-8 7", "old-20 1", "old-20 7",
			"old-40 1", "old-40 30", "old-40 7", "old-7 1"}
		if !slices.Equal(got, want) {
			b.Errorf("warned of\n%v, want\n%v", got, want)
		}
		for _, want := range want {
			name, _, _ := strings.Cut(want, " ")
			if !strings.Contains(strings.Join(b.bodies, ""), "\n"+name+"\n") {
				b.Errorf("no mail about %s", name)
			}
		}
	})
}

// TestNote_AfterABreakTheTightestWins stops the server for a while.
func TestNote_AfterABreakTheTightestWins(t *testing.T) {
	engines(t, func(b *bed) {
		b.work()
		b.token("a", 60*day, b.ada.ID, "") // is warned of twice
		b.token("b", 40*day, b.ada.ID, "") // both thresholds pass during the break
		b.token("c", 35*day, b.ada.ID, "") // ends during the break
		b.pass(27*day, 12*time.Hour)
		b.wantEvents("c 30", "b 30")
		b.clock.Pass(12*day + 12*time.Hour) // day 39.5: b has half a day left, a has 20.5 days
		b.work()
		b.wantEvents("c 30", "b 30", "a 30", "b 1")
		b.work()
		b.wantEvents("c 30", "b 30", "a 30", "b 1")
	})
}

// TestNote_ANewEndIsNew changes the end of tokens, as rotating or a rule does.
func TestNote_ANewEndIsNew(t *testing.T) {
	engines(t, func(b *bed) {
		b.work()
		rotated, shortened := b.token("rotated", 35*day, b.ada.ID, ""), b.token("shortened", 90*day, b.ada.ID, "")
		b.pass(10*day, day)
		b.wantEvents("rotated 30")
		set := func(id string, left time.Duration) {
			b.change(fmt.Sprintf("UPDATE tokens SET expires_at = %d WHERE id = '%s'", b.clock.Now().Add(left).UnixMilli(), id))
		}
		set(rotated, 35*day)
		set(shortened, 20*day)
		b.pass(14*day, day) // the rotated one has 21 days left, the shortened one 6
		b.wantEvents("rotated 30", "rotated 30", "shortened 7")
		set(shortened, 5*day) // is past the threshold of 7 days at once
		b.pass(5*day-time.Hour, 6*time.Hour)
		b.wantEvents("rotated 30", "rotated 30", "shortened 7", "shortened 1")
		atOnce := b.token("rotated at once", 30*day, b.ada.ID, "") // before the server looks
		b.clock.Pass(time.Second)
		set(atOnce, 30*day)
		b.work()
		b.wantEvents("rotated 30", "rotated 30", "shortened 7", "shortened 1")
	})
}

// TestNote_AnEndThatComesBackIsNotNew gives a token another end and then its old one again. What was reached meanwhile is
// warned of: somebody waits for it.
func TestNote_AnEndThatComesBackIsNotNew(t *testing.T) {
	engines(t, func(b *bed) {
		b.work()
		id, end := b.token("ci", 40*day, b.ada.ID, ""), b.clock.Now().Add(40*day)
		set := func(end time.Time) {
			b.change(fmt.Sprintf("UPDATE tokens SET expires_at = %d WHERE id = '%s'", end.UnixMilli(), id))
		}
		b.pass(day, day)
		set(end.Add(60 * day))
		b.pass(14*day, day)
		b.wantEvents()
		set(end)
		b.work()
		b.wantEvents("ci 30")
	})
}

// TestNote_WhoIsWarned has every kind of recipient.
func TestNote_WhoIsWarned(t *testing.T) {
	engines(t, func(b *bed) {
		b.work()
		eve, bo, cleo := b.person("Eve", access.RoleMember), b.person("Bo", access.RoleAdmin), b.person("Cleo", access.RoleMember)
		b.token("own", 8*day, eve.ID, "")
		withContacts := b.token("contacts", 8*day+time.Minute, "", bo.ID)
		b.token("maker", 8*day+2*time.Minute, "", bo.ID)
		b.token("orphan", 8*day+3*time.Minute, "", cleo.ID) // made by somebody who is no Admin any more
		onlyGone := b.token("gone", 8*day+4*time.Minute, "", bo.ID)
		gone := b.person("Gone", access.RoleMember)
		b.token("suspended", 8*day+5*time.Minute, gone.ID, "")
		deleted := b.token("deleted", 8*day+6*time.Minute, eve.ID, "")
		_, err := b.nodes[0].SetContacts(b.Context(), b.admin.Caller(), withContacts,
			[]string{"team@acme.example", "gone@acme.example", "OPS@acme.example"})
		b.must(err)
		_, err = b.nodes[0].SetContacts(b.Context(), b.admin.Caller(), onlyGone, []string{"gone@acme.example"})
		b.must(err)
		_, err = storetest.NewUseCases(b.stores[0]).Members.Deactivate(b.Context(), b.admin.Caller(), gone.ID)
		b.must(err)
		b.inTx(func(tx *store.Tx) error { return tx.DeleteToken(b.Context(), b.org, deleted) })
		b.pass(day+10*time.Minute, time.Minute*10)
		b.wantMails(`eve@acme.example: Token "own" expires in 7 days`, `team@acme.example: Token "contacts" expires in 7 days`,
			`ops@acme.example: Token "contacts" expires in 7 days`, `bo@acme.example: 3 tokens of Acme expire soon`,
			`ada@acme.example: Token "orphan" expires in 7 days`)
		b.wantEvents("own 7", "contacts 7", "maker 7", "orphan 7", "gone 7")
		// Somebody who is back is warned, once.
		_, err = storetest.NewUseCases(b.stores[0]).Members.Reactivate(b.Context(), b.admin.Caller(), gone.ID)
		b.must(err)
		b.mails = nil
		b.pass(3*time.Hour, 30*time.Minute)
		b.wantMails(`gone@acme.example: Token "suspended" expires in 6 days`)
	})
}

// TestSend_TriesAgainUntilItIsTaken has a mail server that refuses for a while, and servers that stop.
func TestSend_TriesAgainUntilItIsTaken(t *testing.T) {
	engines(t, func(b *bed) {
		b.work()
		b.token("ci", 8*day, b.ada.ID, "")
		gone := b.token("gone", 8*day, b.ada.ID, "")
		b.refuse = true
		b.pass(day+3*time.Hour, 5*time.Minute)
		b.wantMails()
		b.wantEvents("ci 7", "gone 7")
		b.inTx(func(tx *store.Tx) error { return tx.DeleteToken(b.Context(), b.org, gone) })
		b.refuse = false
		b.nodes = b.nodes[:0] // all of them start anew
		for _, s := range b.stores {
			b.nodes = append(b.nodes, b.service(s, b))
		}
		b.pass(5*time.Hour, 10*time.Minute)
		b.wantMails(`ada@acme.example: Token "ci" expires in 6 days`)
		b.wantEvents("ci 7", "gone 7")
		// A later warning replaces one that was never sent.
		b.refuse = true
		b.token("late", 7*day+10*time.Hour, b.ada.ID, "")
		b.mails = nil
		b.pass(7*day, time.Hour)
		b.refuse = false
		b.pass(9*time.Hour, 30*time.Minute)
		b.wantMails(`ada@acme.example: Token "late" expires in 6 hours`)
	})
}

// TestSend_NamesTheTokenAsItIsCalled has names with quotes, with joiners, and from imports of which nobody knows how.
func TestSend_NamesTheTokenAsItIsCalled(t *testing.T) {
	engines(t, func(b *bed) {
		b.work()
		for i, name := range []string{`the "old" \ one`, "می\u200cخواهم", "👩\u200d👧", "two\r\nBcc: eve@acme.example\r\n\r\nlines"} {
			owner := b.person(fmt.Sprint("p", i), access.RoleMember)
			b.token(name, 8*day, owner.ID, "")
		}
		b.pass(day, day)
		b.wantMails(`p0@acme.example: Token "the "old" \ one" expires in 7 days`, "p1@acme.example: Token \"می\u200cخواهم\" expires in 7 days",
			"p2@acme.example: Token \"👩\u200d👧\" expires in 7 days", `p3@acme.example: Token "twoBcc: eve@acme.examplelines" expires in 7 days`)
	})
}

// TestSend_AddressesThatAreRefusedHoldNobodyUp has a mail server that refuses every other address.
func TestSend_AddressesThatAreRefusedHoldNobodyUp(t *testing.T) {
	engines(t, func(b *bed) {
		b.work()
		var want []string
		refused := map[string]bool{}
		for i := range 12 {
			p := b.person(fmt.Sprint("p", i), access.RoleMember)
			b.token("ci", 8*day, p.ID, "")
			if refused[p.Email] = i%2 == 0; i%2 == 1 {
				want = append(want, p.Email+`: Token "ci" expires in 7 days`)
			}
		}
		b.refused = func(to string) bool { return refused[to] }
		b.clock.Pass(day)
		b.must(b.nodes[0].Note(b.Context()))
		b.change("UPDATE warning_mails SET id = email") // the order in which they are sent
		b.must(b.nodes[0].Send(b.Context()))
		b.wantMails(want...)
	})
}

// TestSend_WhatWasCutOffIsSentAgain has a server that dies after it took a mail to send.
func TestSend_WhatWasCutOffIsSentAgain(t *testing.T) {
	engines(t, func(b *bed) {
		b.work()
		b.token("ci", 8*day, b.ada.ID, "")
		b.clock.Pass(day)
		b.must(b.nodes[0].Note(b.Context()))
		stopping, stop := context.WithCancel(b.Context())
		cut := b.service(b.stores[0], mailerFunc(func() error { stop(); return context.Canceled }))
		if err := cut.Send(stopping); !errors.Is(err, context.Canceled) {
			b.Fatalf("%v, %v", err, b.events())
		}
		b.work() // an orderly stop puts it back at once
		b.wantMails(`ada@acme.example: Token "ci" expires in 7 days`)
		b.pass(time.Hour, time.Minute)
		b.wantMails(`ada@acme.example: Token "ci" expires in 7 days`)
		// A server that is killed leaves a claim, which ends.
		b.token("two", 7*day+2*time.Hour, b.ada.ID, "")
		b.clock.Pass(2 * time.Hour)
		b.must(b.nodes[0].Note(b.Context()))
		b.inTx(func(tx *store.Tx) error {
			_, err := tx.ClaimMails(b.Context(), b.org, "of a dead process", tx.Now().Add(2*time.Minute), 10)
			return err
		})
		b.mails = nil
		b.work()
		b.wantMails()
		b.clock.Pass(2 * time.Minute)
		b.work()
		b.wantMails(`ada@acme.example: Token "two" expires in 7 days`)
	})
}

type mailerFunc func() error

func (f mailerFunc) Send(context.Context, string, string, string) error { return f() }

// TestNote_AClockThatJumps sets the clock forward by mistake, and back.
func TestNote_AClockThatJumps(t *testing.T) {
	engines(t, func(b *bed) {
		b.work()
		b.token("ci", 40*day, b.ada.ID, "")
		b.pass(11*day, day)
		b.wantEvents("ci 30")
		b.clock.Pass(23 * day) // 6 days left, says the clock
		b.work()
		b.wantEvents("ci 30", "ci 7")
		b.clock.Pass(-23 * day)
		b.pass(28*day+12*time.Hour, 12*time.Hour)
		b.wantEvents("ci 30", "ci 7", "ci 7", "ci 1") // at the right time as well, and nothing twice by the right clock
	})
}

// TestNote_WhatAClockAheadSawIsLookedAtAgain sets the clock so far forward that tokens seem to have expired, are
// suspended then, or their ends are forgotten.
func TestNote_WhatAClockAheadSawIsLookedAtAgain(t *testing.T) {
	for _, jump := range []time.Duration{35 * day, 400 * day} {
		t.Run(fmt.Sprint(jump), func(t *testing.T) {
			engines(t, func(b *bed) {
				b.work()
				eve := b.person("Eve", access.RoleMember)
				b.token("ci", 40*day, b.ada.ID, "")
				b.token("old", 20*day, "", b.ada.ID)
				b.token("away", 60*day, eve.ID, "")
				members := storetest.NewUseCases(b.stores[0]).Members
				_, err := members.Deactivate(b.Context(), b.admin.Caller(), eve.ID)
				b.must(err)
				b.pass(11*day, day)
				b.wantEvents("ci 30")
				b.clock.Pass(jump)
				b.work()
				b.clock.Pass(-jump)
				b.work()
				_, err = members.Reactivate(b.Context(), b.admin.Caller(), eve.ID)
				b.must(err)
				b.pass(49*day, 6*time.Hour)
				got := slices.Sorted(slices.Values(b.events()))
				if want := []string{"away 1", "away 30", "away 7", "ci 1", "ci 30", "ci 7", "old 1", "old 7"}; !slices.Equal(got, want) {
					b.Errorf("warned of %v, want %v", got, want)
				}
			})
		})
	}
}

// TestSend_AClockThatWasAheadHoldsNothingUp has a mail tried in vain while the clock is ahead.
func TestSend_AClockThatWasAheadHoldsNothingUp(t *testing.T) {
	engines(t, func(b *bed) {
		b.work()
		b.token("ci", 31*day, b.ada.ID, "")
		b.refuse = true
		b.pass(day, day)
		b.clock.Pass(20 * day)
		b.work()
		b.clock.Pass(-20 * day)
		b.refuse = false
		b.pass(time.Hour, time.Minute)
		b.wantMails(`ada@acme.example: Token "ci" expires in 30 days`)
	})
}

// TestSetDays_CountsFromNowOn chooses other days.
func TestSetDays_CountsFromNowOn(t *testing.T) {
	engines(t, func(b *bed) {
		b.work()
		b.token("ci", 20*day, b.ada.ID, "")
		b.pass(10*day, day)
		b.must(b.nodes[0].SetDays(b.Context(), b.admin.Caller(), []int{14, 3}))
		b.pass(10*day-time.Hour, 6*time.Hour)
		b.wantEvents("ci 3")
		b.must(b.nodes[0].SetDays(b.Context(), b.admin.Caller(), nil))
		b.token("quiet", 2*day, b.ada.ID, "")
		b.pass(day+12*time.Hour, 6*time.Hour)
		b.must(b.nodes[0].SetDays(b.Context(), b.admin.Caller(), []int{1})) // half a day is left: too late
		b.pass(11*time.Hour, time.Hour)
		b.wantEvents("ci 3")
		if days, err := b.nodes[0].Days(b.Context(), b.admin); err != nil || !slices.Equal(days, []int{1}) {
			b.Errorf("%v, %v", days, err)
		}
		member := storetest.SignIn(b.T, b.stores[0], b.person("Eve", access.RoleMember).ID)
		if err := b.nodes[0].SetDays(b.Context(), member.Caller(), []int{9}); err == nil {
			b.Error("a member may choose")
		}
	})
}

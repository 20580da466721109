package demo_test

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"latchkey/internal/account"
	"latchkey/internal/actor"
	"latchkey/internal/app"
	"latchkey/internal/audit"
	"latchkey/internal/config"
	"latchkey/internal/demo"
	"latchkey/internal/notify"
	"latchkey/internal/signin"
	"latchkey/internal/store"
	"latchkey/internal/store/pgtest"
	"latchkey/internal/token"
)

// started is a demo with a history at a moment, as an Admin sees it.
type started struct {
	*app.App
	t       *testing.T
	present time.Time
	admin   actor.Standing
	events  []audit.Event
}

// start makes up a history before a moment.
func start(t *testing.T, present string) started {
	t.Helper()
	now, err := time.Parse("2006-01-02 15:04", present)
	if err != nil {
		t.Fatal(err)
	}
	return startOn(t, now, config.Config{Data: t.TempDir()})
}

func startOn(t *testing.T, now time.Time, cfg config.Config) started {
	t.Helper()
	cfg.Addr, cfg.LogLevel, cfg.LogFormat, cfg.MaxPersonalTokens = "127.0.0.1:0", "warn", "text", 100
	a, err := app.New(t.Context(), cfg, app.Options{Now: func() time.Time { return now },
		Cost: signin.Cost{MemoryKiB: 64, Iterations: 1}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = a.Close() })
	if err := demo.SeedWithHistory(t.Context(), a.Store, a.Hasher, a.Secrets); err != nil {
		t.Fatal(err)
	}
	s := started{App: a, t: t, present: now}
	if s.events, err = a.Store.EventsAfter(t.Context(), 0, 100_000); err != nil {
		t.Fatal(err)
	}
	session, err := a.SignIn.SignIn(t.Context(), "admin@acme.example", demo.Password, signin.Browser{}, actor.Origin{})
	if err != nil {
		t.Fatal(err)
	}
	err = a.Store.InTx(t.Context(), actor.Caller{Ref: actor.Ref{Kind: actor.Session, ID: session.Session.ID}}, func(tx *store.Tx) error {
		s.admin = tx.By()
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// everyToken returns the tokens that are not deleted.
func (s started) everyToken() []token.Token {
	s.t.Helper()
	var all []token.Token
	for _, kind := range []token.Kind{token.Organization, token.Workspace} {
		l, err := s.Tokens.Services(s.t.Context(), s.admin, kind, token.Listing{})
		if err != nil {
			s.t.Fatal(err)
		}
		all = append(all, l.Tokens...)
	}
	for _, m := range s.everyMember() {
		l, err := s.Tokens.OfMember(s.t.Context(), s.admin, m.ID, token.Listing{})
		if err != nil {
			s.t.Fatal(err)
		}
		all = append(all, l.Tokens...)
	}
	return all
}

func (s started) everyMember() []account.MemberRow {
	s.t.Helper()
	page, err := s.Accounts.Members.Find(s.t.Context(), s.admin, account.MemberQuery{Limit: 100})
	if err != nil {
		s.t.Fatal(err)
	}
	return page.Rows
}

// usage returns the requests of a token on each of the last 30 days.
func (s started) usage(id string) []token.DayCount {
	s.t.Helper()
	days, err := s.Tokens.Usage(s.t.Context(), s.admin, id)
	if err != nil {
		s.t.Fatal(err)
	}
	return days
}

// told returns what does not depend on chance: who did what when and from where, and how tokens were used.
func (s started) told() []string {
	var lines []string
	for _, e := range s.events {
		lines = append(lines, fmt.Sprintf("%s %s %s %s %s %s %s", e.Time.Format(time.RFC3339Nano), e.ActorName, e.Action, e.Target.Type,
			e.Origin.IP, e.Origin.UserAgent, stable(e)))
	}
	for _, t := range s.everyToken() {
		lines = append(lines, fmt.Sprint(t.Name, t.OwnerName, t.CreatedAt, t.ExpiresAt, t.LastUsedAt, t.LastUsedFrom, s.usage(t.ID)))
	}
	for _, m := range s.everyMember() {
		lines = append(lines, fmt.Sprint(m.Name, m.Email, m.Role, m.Status, m.CreatedAt))
	}
	slices.Sort(lines)
	return lines
}

// stable returns the name of the target unless it holds an id.
func stable(e audit.Event) string {
	if e.Target.Type == audit.TargetSession || e.Target.Type == audit.TargetSCIMRequest {
		return ""
	}
	return e.Target.Name
}

func TestHistory_OfTheSameMomentIsTheSame(t *testing.T) {
	one, other := start(t, "2026-10-15 14:20"), start(t, "2026-10-15 14:20")
	if diff := cmp.Diff(one.told(), other.told()); diff != "" {
		t.Errorf("two demos differ: %s", diff)
	}
	key := filepath.Join(t.TempDir(), "secret.key")
	if _, err := app.NewKeyFile(key); err != nil {
		t.Fatal(err)
	}
	postgres := startOn(t, one.present, config.Config{DatabaseURL: pgtest.Migrated(t), SecretKeyFile: key})
	if diff := cmp.Diff(one.told(), postgres.told()); diff != "" {
		t.Errorf("PostgreSQL differs: %s", diff)
	}
	hints := map[string]string{} // the last characters of secrets, which nobody may foresee
	for _, t := range one.everyToken() {
		hints[t.Name] = t.Hint
	}
	for _, tok := range other.everyToken() {
		if hints[tok.Name] == tok.Hint {
			t.Errorf("the token %s has a secret that ends the same in both: %s", tok.Name, tok.Hint)
		}
	}
}

// TestHistory_FillsEveryListWheneverTheDemoStarts tries an ordinary moment, just after midnight on a Sunday, when
// the working day has not begun and at the end of a year.
func TestHistory_FillsEveryListWheneverTheDemoStarts(t *testing.T) {
	for _, present := range []string{"2026-10-15 14:20", "2026-11-29 00:03", "2027-03-01 05:30", "2026-12-31 23:59"} {
		t.Run(present, func(t *testing.T) {
			s := start(t, present)
			s.checkLog()
			s.checkUsage()
			for what, n := range s.lists() {
				if n == 0 {
					t.Errorf("%s: none", what)
				}
			}
		})
	}
}

// checkLog checks the chain, the times and the days of the audit log.
func (s started) checkLog() {
	s.t.Helper()
	if _, err := audit.Verify(s.t.Context(), s.Store, 2); err != nil {
		s.t.Errorf("the log does not verify: %v", err)
	}
	weekdays, weekends, actors := 0, 0, map[string]bool{}
	perDay, kinds := map[token.Day]int{}, map[string]bool{}
	for _, e := range s.events {
		if !e.Time.Before(s.present) {
			s.t.Errorf("event %d lies in the future: %v", e.Seq, e.Time)
		}
		if !strings.HasPrefix(e.Origin.IP, "192.0.2.") && !strings.HasPrefix(e.Origin.IP, "198.51.100.") &&
			!strings.HasPrefix(e.Origin.IP, "203.0.113.") && !strings.HasPrefix(e.Origin.IP, "2001:db8:") &&
			e.Origin.IP != "" {
			s.t.Errorf("event %d comes from %s, which may belong to somebody", e.Seq, e.Origin.IP)
		}
		if s.present.Sub(e.Time) > 28*24*time.Hour {
			continue
		}
		perDay[token.DayOf(e.Time)]++
		actors[e.ActorName] = true
		kinds[string(e.Target.Type)+" "+string(e.Action)] = true
		if d := e.Time.Weekday(); d == time.Saturday || d == time.Sunday {
			weekends++
		} else {
			weekdays++
		}
	}
	if weekdays < 200 || weekends*10 > weekdays*2 || len(perDay) < 20 {
		s.t.Errorf("%d events on working days and %d on weekends, on %d days", weekdays, weekends, len(perDay))
	}
	if len(actors) < 10 || len(kinds) < 25 {
		s.t.Errorf("%d actors and %d kinds of events", len(actors), len(kinds))
	}
	for _, within := range []time.Duration{time.Hour, 24 * time.Hour, 7 * 24 * time.Hour, 30 * 24 * time.Hour} {
		found, err := s.Audit.Find(s.t.Context(), s.admin, audit.Query{Filter: audit.Filter{From: s.present.Add(-within)}, Limit: 10})
		if err != nil || len(found.Events) < 5 {
			s.t.Errorf("the last %v: %d events, %v", within, len(found.Events), err)
		}
	}
}

// checkUsage checks the charts.
func (s started) checkUsage() {
	s.t.Helper()
	days, err := s.Tokens.OrganizationUsage(s.t.Context(), s.admin)
	if err != nil {
		s.t.Fatal(err)
	}
	last := len(days) - 1
	for i, d := range days {
		weekend := d.Day.Time().Weekday() == time.Saturday || d.Day.Time().Weekday() == time.Sunday
		if d.Requests == 0 && i < last || d.Refusals > d.Requests {
			s.t.Errorf("day %d: %d requests, %d refusals", i, d.Requests, d.Refusals)
		}
		if i > 0 && i < last && weekend && d.Day.Time().Weekday() == time.Saturday && d.Requests*10 > days[i-1].Requests*8 {
			s.t.Errorf("%v: %d requests, the day before %d", d.Day.Time(), d.Requests, days[i-1].Requests)
		}
	}
	quiet := 0
	for _, t := range s.everyToken() {
		if t.LastUsedAt.After(s.present) || t.CreatedAt.After(s.present) {
			s.t.Errorf("%s: made at %v, used at %v", t.Name, t.CreatedAt, t.LastUsedAt)
		}
		if !t.ExpiresAt.IsZero() && t.LastUsedAt.After(t.ExpiresAt) {
			s.t.Errorf("%s: used at %v, after it had expired", t.Name, t.LastUsedAt)
		}
		for _, u := range t.LastUsedFrom {
			if u.At.Before(t.CreatedAt) || u.At.After(s.present) {
				s.t.Errorf("%s: used from %s at %v", t.Name, u.IP, u.At)
			}
		}
		if t.LastUsedAt.IsZero() {
			quiet++
		}
	}
	if quiet > 2 {
		s.t.Errorf("%d tokens were never used", quiet)
	}
}

// lists returns how many rows the lists of pages have.
func (s started) lists() map[string]int {
	ctx, by, first := s.t.Context(), s.admin, token.Part{Limit: 100}
	rows := map[string]int{"suspended tokens": 0, "secrets that were used lately": 0}
	add := func(what string, n int, err error) {
		rows[what] += n
		if err != nil {
			s.t.Errorf("%s: %v", what, err)
		}
	}
	ending, err := s.Tokens.ExpireSoon(ctx, by, token.SoonAfter, first)
	add("tokens that expire soon", len(ending), err)
	often, err := s.Tokens.RefusedOften(ctx, by, first)
	add("tokens that are refused often", len(often), err)
	unused, err := s.Tokens.Unused(ctx, by, first)
	add("unused tokens", len(unused), err)
	for _, t := range s.everyToken() {
		if t.State(s.present) == token.Suspended && t.Suspension.Set() {
			rows["suspended tokens"]++
		}
		secrets, err := s.Tokens.Secrets(ctx, by, t.ID)
		working := 0
		for _, secret := range secrets {
			if !secret.Previous() || secret.Overlaps(s.present) {
				working++
			}
			if secret.Uses.Hour > 0 && secret.Uses.Day > secret.Uses.Hour {
				rows["secrets that were used lately"]++
			}
		}
		add("tokens with two secrets that work", working-1, err)
	}
	invited, err := s.Invitations.Ending(ctx, by, 10)
	add("invitations that end", len(invited), err)
	activity, err := s.Accounts.Organizations.RecentActivity(ctx, by, 8)
	add("recent activity", len(activity), err)
	groups, err := s.Accounts.Groups.List(ctx, by)
	add("groups besides Analysts", len(groups)-1, err)
	presets, err := s.Presets.List(ctx, by)
	add("presets", len(presets), err)
	clients, err := s.Clients.List(ctx, by)
	add("API clients", len(clients), err)
	requests, err := s.Provision.Requests(ctx, by, false, 100)
	add("requests of the identity provider", len(requests), err)
	failed, err := s.Provision.Requests(ctx, by, true, 100)
	add("failed requests of the identity provider", len(failed), err)
	webhooks, err := s.Notify.List(ctx, by)
	add("webhooks", len(webhooks), err)
	for _, w := range webhooks {
		deliveries, err := s.Notify.Deliveries(ctx, by, w.ID, 0, 100)
		add("deliveries to "+w.Host(), len(deliveries), err)
		for _, d := range deliveries {
			switch d.State {
			case notify.Failed:
				rows["failed deliveries"]++
			case notify.Waiting:
				s.t.Errorf("a message to %s waits, and would be sent", w.Host())
			}
		}
	}
	return rows
}

func TestSeed_HasNoHistory(t *testing.T) {
	cfg := config.Config{Addr: "127.0.0.1:0", Data: t.TempDir(), LogLevel: "warn", LogFormat: "text", MaxPersonalTokens: 100}
	a, err := app.New(t.Context(), cfg, app.Options{Cost: signin.Cost{MemoryKiB: 64, Iterations: 1}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = a.Close() })
	// A second start changes nothing, with and without history.
	for range 2 {
		if err := demo.Seed(t.Context(), a.Store, a.Hasher, a.Secrets); err != nil {
			t.Fatal(err)
		}
		if err := demo.SeedWithHistory(t.Context(), a.Store, a.Hasher, a.Secrets); err != nil {
			t.Fatal(err)
		}
	}
	if events, err := a.Store.EventsAfter(t.Context(), 0, 100); err != nil || len(events) != 4 {
		t.Errorf("%d events, %v; want those of four members", len(events), err)
	}
}

package storetest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"latchkey/internal/access"
	"latchkey/internal/account"
	"latchkey/internal/actor"
	"latchkey/internal/audit"
	"latchkey/internal/audit/search"
	"latchkey/internal/fault"
	"latchkey/internal/store"
)

// AuditLog checks what the store promises of the audit log. open gives an empty store of its
// own to every test and closes it with the test.
func AuditLog(t *testing.T, open func(t *testing.T) *store.Store) {
	for name, test := range map[string]func(*testing.T, *logBed){
		"finding is what the filter means":             findsAsFiltered,
		"pages both ways see each event once":          pagesBothWays,
		"a filter never crosses organizations":         separatesLogs,
		"a word that begins too many names is refused": refusesTooManyNames,
		"an export is all that a page chooses":         exportsEverything,
		"a reader misses none and sees none twice":     readsWhileWriting,
		"pruning leaves a chain that holds":            prunesFromCheckpoint,
		"pruning twice goes on where it was":           prunesTwice,
		"pruning while the chain is followed":          prunesWhileFollowed,
		"pruning while the log is exported":            prunesWhileExported,
		"a pruned cursor leads to what is left":        readsFromPrunedCursor,
		"the chain of an export holds elsewhere":       verifiesExport,
		"refused attempts do not flood the log":        boundsAttempts,
		"what no engine can keep is replaced":          keepsCleanText,
	} {
		t.Run(strings.ReplaceAll(name, " ", "_"), func(t *testing.T) { test(t, newLogBed(t, open(t))) })
	}
}

// logBed is a store with an organization, and the service over it.
type logBed struct {
	*store.Store
	t     *testing.T
	admin actor.Standing
	ahead time.Duration // of the service's clock
}

func newLogBed(t *testing.T, s *store.Store) *logBed {
	t.Helper()
	b := &logBed{Store: s, t: t, admin: actor.Standing{Principal: access.Principal{Kind: access.Member, ID: "ada",
		Organization: bedOrg, Role: access.RoleAdmin}, Name: "Ada Admin", Email: "ada@acme.example"}}
	inTx(t, s, func(ctx context.Context, tx *store.Tx) error {
		o := organization(bedOrg, "Acme")
		o.Plan = access.PlanEnterprise
		return errors.Join(tx.InsertOrganization(ctx, o), tx.InsertMember(ctx, bedPerson("owner", bedOrg, account.Active, tx.Now()), ""))
	})
	return b
}

// service is the log with a retention.
func (b *logBed) service(retention time.Duration) *audit.Service {
	return audit.New(audit.Deps{Store: store.AuditLog(b.Store), Catalogue: access.BuiltIn(), Retention: retention,
		Now: func() time.Time { return time.Now().Add(b.ahead) }})
}

// write appends events, 500 in a transaction.
func (b *logBed) write(n int, event func(i int) audit.Event) {
	b.t.Helper()
	for from := 0; from < n; from += 500 {
		inTx(b.t, b.Store, func(ctx context.Context, tx *store.Tx) error {
			for i := from; i < min(n, from+500); i++ {
				if err := tx.AppendEvent(ctx, event(i)); err != nil {
					return err
				}
			}
			return nil
		})
	}
}

// plain is an event like any other.
func (b *logBed) plain(i int) audit.Event {
	return audit.Did(b.admin, audit.Created, audit.Target{Type: audit.TargetGroup, ID: fmt.Sprint("group-", i), Name: fmt.Sprint("Group ", i)})
}

// varied is an event of a random kind, with names that have words in common.
func varied(r *rand.Rand) audit.Event {
	pick := func(list ...string) string { return list[r.IntN(len(list))] }
	first, last := pick("Ada", "Bo", "Çelik", "Dora", "Eve"), pick("Admin", "Builder", "Carpenter-Jones", "Deployer", "X")
	by := actor.Standing{Principal: access.Principal{Kind: access.Member, ID: first + last, Organization: bedOrg}, Name: first + " " + last,
		Email: strings.ToLower(first) + "." + strings.ToLower(last) + "@" +
			pick("acme.example", "initech.example"), Origin: actor.Origin{IP: pick("10.0.0.1", "10.0.0.12", "2001:db8::7")}}
	switch r.IntN(10) {
	case 0:
		by.Kind, by.Name, by.Email = access.WorkspaceToken, "deploy-pipeline", ""
	case 1:
		by.Kind, by.Owner, by.ID = access.PersonalToken, by.ID, pick("pat-1", "pat-2")
	case 2:
		by = actor.OfSystem(bedOrg)
	}
	kind := audit.TargetType(pick("source", "destination", "workspace", "group"))
	name := pick("Web shop", "iOS app", "ci-probe", "deploy-pipeline", "Ada Admin", fmt.Sprintf("numbered-%05d", r.IntN(20_000)))
	return audit.Did(by, audit.Action(pick("created", "updated", "deleted")),
		audit.Target{Type: kind, ID: pick(name, name, first+last, "pat-1"), Name: name, Workspace: pick("", "prod", "staging")})
}

// everything is the whole log, oldest first.
func (b *logBed) everything() []audit.Event {
	b.t.Helper()
	events, err := b.EventsAfter(b.t.Context(), 0, 1_000_000)
	if err != nil {
		b.t.Fatal(err)
	}
	return events
}

func (b *logBed) index() {
	b.t.Helper()
	if err := b.service(0).Index(b.t.Context()); err != nil {
		b.t.Fatal(err)
	}
}

func idsOf(events []audit.Event) []string {
	ids := make([]string, len(events))
	for i, e := range events {
		ids[i] = e.ID
	}
	return ids
}

// randomFilter sets a few of a filter's fields to what may be in the log.
func randomFilter(r *rand.Rand, log []audit.Event) audit.Filter {
	f := audit.Filter{Organization: bedOrg}
	e := log[r.IntN(len(log))]
	for range r.IntN(4) {
		switch r.IntN(12) {
		case 0:
			f.Actor = e.ActorID
		case 1:
			f.ActorType = e.ActorType
		case 2:
			f.About = []string{e.ActorID, e.TokenID, e.Target.ID}[r.IntN(3)]
		case 3:
			f.Action = e.Action
		case 4:
			f.Type = e.Target.Type
		case 5:
			f.Workspace = e.Workspace
		case 6:
			f.From = e.Time
		case 7:
			f.Until = log[r.IntN(len(log))].Time
		case 8:
			f.Who = []string{"ada", "bo", "acme", "carpenter", "x", "jones", "initech.ex", "nobody"}[r.IntN(8)]
		case 9:
			f.Text = []string{"ci", "probe", "ci-pro", "ada admin", "web", "10.0.0.1", "numbered-000", "numbered-01234",
				"eve ios", e.ID, e.Target.Name}[r.IntN(11)]
		case 10: // mostly the id of something else, which the index does not tell apart
			f.Token = []string{e.TokenID, e.TokenID, e.ActorID, e.Target.ID}[r.IntN(4)]
		case 11:
			f.Target = []string{e.Target.ID, e.Target.ID, e.ActorID, e.TokenID}[r.IntN(4)]
		}
	}
	return f
}

func findsAsFiltered(t *testing.T, b *logBed) {
	r := rand.New(rand.NewPCG(1, 2))
	b.write(2*search.MinStep+300, func(int) audit.Event { return varied(r) })
	for _, indexed := range []string{"nothing", "everything", "most"} {
		switch indexed {
		case "everything":
			b.index()
		case "most":
			b.write(300, func(int) audit.Event { return varied(r) })
		}
		log := b.everything()
		for range 150 {
			f := randomFilter(r, log)
			if f.Check() != nil {
				continue
			}
			var want []audit.Event
			for _, e := range log {
				if f.Matches(e) {
					want = append(want, e)
				}
			}
			days := []time.Time{log[0].Time, log[len(log)/2].Time, log[len(log)-1].Time.Add(time.Hour)}
			found, err := b.FindEvents(t.Context(), audit.Query{Filter: f, Limit: 30, Days: days})
			if err != nil {
				t.Fatal(err)
			}
			slices.Reverse(want)
			if diff := cmp.Diff(idsOf(want[:min(30, len(want))]), idsOf(found.Events)); diff != "" || found.Total != len(want) {
				t.Fatalf("%s indexed, %+v: %d found, want %d (-want +got)\n%s", indexed, f, found.Total, len(want), diff)
			}
			if got := found.Counts[0] + found.Counts[1] + found.Counts[2]; got != len(want) || found.Counts[2] != 0 {
				t.Fatalf("%s indexed, %+v: counts %v, want %d in all", indexed, f, found.Counts, len(want))
			}
		}
	}
}

func pagesBothWays(t *testing.T, b *logBed) {
	r := rand.New(rand.NewPCG(3, 4))
	b.write(search.MinStep, func(int) audit.Event { return varied(r) })
	b.index()
	b.write(200, func(int) audit.Event { return varied(r) })
	for _, f := range []audit.Filter{{}, {Workspace: "prod", Text: "ada"}} {
		f.Organization = bedOrg
		for _, oldestFirst := range []bool{false, true} {
			forward, steps := b.pages(f, oldestFirst, false)
			backward, back := b.pages(f, oldestFirst, true)
			slices.Reverse(backward)
			if diff := cmp.Diff(forward, backward); diff != "" || len(forward) < 50 || steps < 3 || back < 3 {
				t.Errorf("oldest first %v: %d and %d pages (-forward +backward)\n%s", oldestFirst, steps, back, diff)
			}
			seen := map[string]bool{}
			for _, id := range forward {
				if seen[id] {
					t.Fatalf("%s is on two pages", id)
				}
				seen[id] = true
			}
		}
	}
}

// pages walks through all pages, from the last one when backwards, and checks what each says
// of those around it. The ids come in the order of the walk.
func (b *logBed) pages(f audit.Filter, oldestFirst, backwards bool) (ids []string, pages int) {
	b.t.Helper()
	q := audit.Query{Filter: f, OldestFirst: oldestFirst, Backwards: backwards, Limit: 17}
	if backwards {
		q.Cursor = 1 << 40
		if !oldestFirst {
			q.Cursor = -1
		}
	}
	for {
		found, err := b.FindEvents(b.t.Context(), q)
		if err != nil {
			b.t.Fatal(err)
		}
		if len(found.Events) == 0 {
			return ids, pages
		}
		pages++
		if before := len(ids); !backwards && (found.Before != before || found.More() != (before+len(found.Events) < found.Total)) {
			b.t.Fatalf("page %d says %d come before it of %d, want %d", pages, found.Before, found.Total, before)
		}
		events := found.Events
		q.Cursor = events[len(events)-1].Seq
		if backwards {
			slices.Reverse(events)
			q.Cursor = events[len(events)-1].Seq
		}
		ids = append(ids, idsOf(events)...)
	}
}

func separatesLogs(t *testing.T, b *logBed) {
	other := b.admin
	other.Organization = bedOtherOrg
	b.write(search.MinStep+10, func(i int) audit.Event {
		if i%2 == 0 {
			return audit.Did(other, audit.Created, audit.Target{Type: audit.TargetGroup, ID: "group-1", Name: "Secret"})
		}
		return b.plain(i)
	})
	for range 2 {
		found, err := b.service(0).Find(t.Context(), b.admin, audit.Query{Limit: 100})
		if err != nil || found.Total != search.MinStep/2+5 {
			t.Fatalf("%d found, %v", found.Total, err)
		}
		for _, f := range []audit.Filter{{Text: "secret"}, {Organization: bedOtherOrg, Text: "secret"}, {Text: b.everything()[0].ID}} {
			if found, err := b.service(0).Find(t.Context(), b.admin, audit.Query{Filter: f, Limit: 100}); err != nil || found.Total != 0 {
				t.Errorf("%+v: %d of another organization, %v", f, found.Total, err)
			}
		}
		b.index()
	}
	first := b.everything()[0]
	if _, _, err := b.service(0).Event(t.Context(), b.admin, first.ID); !fault.Is(err, fault.NotFound) {
		t.Errorf("an event of another organization: %v", err)
	}
	if at, err := b.service(0).Cursor(t.Context(), b.admin, first.ID); err != nil || at != 0 {
		t.Errorf("a cursor of another organization: %d, %v", at, err)
	}
}

func refusesTooManyNames(t *testing.T, b *logBed) {
	const words = 24 // of each name, so that few events have many
	b.write(search.MinStep, func(i int) audit.Event {
		var name strings.Builder
		for word := range words {
			fmt.Fprintf(&name, "numberedgroup%02d%04d ", word, i)
		}
		return audit.Did(b.admin, audit.Created, audit.Target{Type: audit.TargetGroup, ID: "g", Name: name.String()})
	})
	b.index()
	_, err := b.service(0).Find(t.Context(), b.admin, audit.Query{Filter: audit.Filter{Text: "numberedgroup"}, Limit: 1})
	if !fault.Is(err, fault.Invalid) {
		t.Errorf("24,576 names: %v, want invalid", err)
	}
	for text, want := range map[string]int{"numbered": search.MinStep, "numberedgroup2": search.MinStep,
		"numberedgroup0700": 100, "numberedgroup231023": 1} {
		if found, err := b.service(0).Find(t.Context(), b.admin, audit.Query{Filter: audit.Filter{Text: text},
			Limit: 1}); err != nil || found.Total != want {
			t.Errorf("%q: %d found, %v; want %d", text, found.Total, err, want)
		}
	}
}

func exportsEverything(t *testing.T, b *logBed) {
	r := rand.New(rand.NewPCG(5, 6))
	b.write(search.MinStep, func(int) audit.Event { return varied(r) })
	b.index()
	b.write(500, func(int) audit.Event { return varied(r) })
	for _, f := range []audit.Filter{{}, {Action: audit.Created, Text: "ada"}} {
		var got, want []string
		if err := b.service(0).Export(t.Context(), b.admin, f, func(e audit.Event) error { got = append(got, e.ID); return nil }); err != nil {
			t.Fatal(err)
		}
		f.Organization = bedOrg
		for _, e := range b.everything() {
			if f.Matches(e) {
				want = append(want, e.ID)
			}
		}
		if diff := cmp.Diff(want, got); diff != "" || len(want) == 0 {
			t.Errorf("%+v (-want +got)\n%s", f, diff)
		}
	}
	enough := errors.New("enough")
	if err := b.service(0).Export(t.Context(), b.admin, audit.Filter{}, func(audit.Event) error { return enough }); !errors.Is(err, enough) {
		t.Errorf("the reader's error is lost: %v", err)
	}
}

func readsWhileWriting(t *testing.T, b *logBed) {
	const writers, each = 6, 25
	s := b.service(0)
	stop := make(chan struct{})
	var reading sync.WaitGroup
	byCursor, byTime := reader{b: b, s: s}, reader{b: b, s: s, onlyTime: true}
	for _, r := range []*reader{&byCursor, &byTime} {
		reading.Go(func() { r.run(stop) })
	}
	var writing sync.WaitGroup
	for w := range writers {
		writing.Go(func() {
			for i := range each {
				err := b.InTx(t.Context(), actor.System(""), func(tx *store.Tx) error {
					var failed error
					for n := range 1 + i%3 {
						failed = errors.Join(failed, tx.AppendEvent(t.Context(), b.plain(w*1000+i*10+n)))
					}
					return failed
				})
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	writing.Wait()
	close(stop)
	reading.Wait()
	want := idsOf(b.everything())
	for name, r := range map[string]reader{"by cursor and time": byCursor, "by time only": byTime} {
		if diff := cmp.Diff(want, r.seen); diff != "" {
			t.Errorf("%s, %d events (-want +got)\n%s", name, len(want), diff)
		}
	}
}

// reader reads on until it is stopped, and once more then.
type reader struct {
	b        *logBed
	s        *audit.Service
	onlyTime bool
	seen     []string
}

func (r *reader) run(stop <-chan struct{}) {
	next := audit.Reading{PerPage: 7}
	for last := false; ; {
		found, err := r.s.Read(r.b.t.Context(), r.b.admin, next)
		if err != nil {
			r.b.t.Error(err)
			return
		}
		r.seen = append(r.seen, idsOf(found.Events)...)
		if n := len(found.Events); n > 0 {
			next.CreatedAfter, next.AfterCursor = found.Events[n-1].Time, found.Events[n-1].ID
		}
		if found.More() {
			continue // within one pass pages follow by cursor
		}
		if last {
			return
		}
		if r.onlyTime {
			next.AfterCursor = ""
		}
		select {
		case <-stop:
			last = true
		default:
		}
	}
}

func verifiesExport(t *testing.T, b *logBed) {
	b.write(30, b.plain)
	var file strings.Builder
	head, err := audit.WriteFile(t.Context(), b, &file, nil)
	if err != nil {
		t.Fatal(err)
	}
	v, err := audit.VerifyFile(strings.NewReader(file.String()), head)
	if err != nil || !v.SeekFound || v.Head.Seq != 30 {
		t.Errorf("%+v, %v", v, err)
	}
	b.write(5, b.plain)
	if err := audit.Compare(t.Context(), b, head); err != nil {
		t.Error(err)
	}
}

func keepsCleanText(t *testing.T, b *logBed) {
	e := b.plain(1)
	e.Target.Name, e.Origin.UserAgent = "nul \x00", "half \xc3"
	b.write(1, func(int) audit.Event { return e })
	log := b.everything()
	if log[0].Target.Name != "nul \uFFFD" || log[0].Origin.UserAgent != "half \uFFFD" {
		t.Errorf("%q %q", log[0].Target.Name, log[0].Origin.UserAgent)
	}
	if _, err := audit.Verify(t.Context(), b, 1); err != nil {
		t.Error(err)
	}
}

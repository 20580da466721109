package web_test

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	mathrand "math/rand/v2"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/segmentio/ksuid"

	"latchkey/internal/access"
	"latchkey/internal/actor"
	"latchkey/internal/audit"
	"latchkey/internal/config"
	"latchkey/internal/token"
)

// The log that is measured, and what a page of it may cost.
const (
	benchEvents  = 1_000_000
	benchYears   = 2
	mostPageTime = 20 * time.Millisecond // of processor time
)

// BenchmarkAuditLog measures the log at a million events: every filter, pages at both ends and in
// the middle, the API, the trails on other pages, verifying and exporting. It fails when a page
// costs more than it may.
func BenchmarkAuditLog(b *testing.B) {
	s := newSite(b)
	l := s.fillLog(b, openBehind(b, config.Config{Data: s.data}), rowsPerStatement(config.Config{}), benchEvents)
	started := time.Now()
	if err := s.app.Audit.Index(context.Background()); err != nil {
		b.Fatal(err)
	}
	b.Logf("indexed %d events in %.1f s", benchEvents, time.Since(started).Seconds())
	const logs = "/settings/audit-logs"
	visitor := s.signedIn(b, adminEmail)
	for _, page := range []struct{ name, path string }{
		{"first", logs},
		{"next", logs + "?after=" + l.at(0.999)},
		{"deep", logs + "?after=" + l.at(0.5)},
		{"deepBack", logs + "?before=" + l.at(0.5)},
		{"last", logs + "?after=" + l.at(0.0001)},
		{"details", logs + "/" + l.at(0.3)},
		{"actor", logs + "?by=" + l.admin},
		{"actorDeep", logs + "?by=" + l.admin + "&after=" + l.at(0.4)},
		{"about", logs + "?about=" + l.admin},
		{"actorName", logs + "?who=grace"},
		{"actorNames", logs + "?who=grace+hopper"},
		{"action", logs + "?action=updated"},
		{"actionDeep", logs + "?action=updated&after=" + l.at(0.4)},
		{"type", logs + "?type=source"},
		{"workspace", logs + "?workspace=" + l.workspace},
		{"workspaceDeep", logs + "?workspace=" + l.workspace + "&before=" + l.at(0.2)},
		{"oneDay", logs + "?from=" + l.day(0.5) + "&to=" + l.day(0.5)},
		{"oneYear", logs + "?from=" + l.day(0.1) + "&to=" + l.day(0.6)},
		{"everyDay", logs + "?from=" + l.day(0) + "&to=" + l.day(1)},
		{"textCommon", logs + "?q=ada"},
		{"textWords", logs + "?q=ada+source"},
		{"textDeep", logs + "?q=ada&after=" + l.at(0.4)},
		{"textRare", logs + "?q=zaphod"},
		{"textNone", logs + "?q=qwertyuiop"},
		{"textLong", logs + "?q=numbered-source-041"},
		{"textLongWords", logs + "?q=numbered-source-041+numbered-source-0412"},
		{"textShort", logs + "?q=a"},
		{"textAddress", logs + "?q=10.0.7.1"},
		{"textMail", logs + "?q=ada.hopper@acme.example"},
		{"eventID", logs + "?q=" + l.at(0.2)},
		{"everything", logs + "?q=ada&who=hopper&action=updated&type=source&workspace=" + l.workspace + "&from=" +
			l.day(0.2) + "&to=" + l.day(0.9)},
		{"memberTrail", "/settings/access-management/users/" + l.admin},
		{"tokenTrail", satRoot + "/" + l.token},
		{"workspaceTrail", "/settings/workspaces/" + l.workspace + "/edit"},
		{"home", "/"},
	} {
		b.Run("page="+page.name, func(b *testing.B) {
			r := httptest.NewRequest(http.MethodGet, s.URL+page.path, nil)
			for _, cookie := range visitor.cookies() {
				r.AddCookie(cookie)
			}
			benchRequest(b, s, r)
		})
	}
	made, err := s.app.Tokens.GenerateOrganization(context.Background(), s.caller(b, adminEmail).Caller(),
		token.NewOrganization{Name: "bench"})
	if err != nil {
		b.Fatal(err)
	}
	const api = "/v2/audit-logs"
	for _, page := range []struct{ name, path string }{
		{"first", api}, {"deep", api + "?after_cursor=" + l.at(0.5)}, {"newest", api + "?after_cursor=" + l.at(0.99999)},
		{"createdAfter", api + "?created_after=" + l.day(0.5)}, {"workspace", api + "?workspace_id=" + l.workspace +
			"&after_cursor=" + l.at(0.5)},
		{"number", api + "?page=5000"},
	} {
		b.Run("api="+page.name, func(b *testing.B) {
			r := httptest.NewRequest(http.MethodGet, s.URL+page.path, nil)
			r.Header.Set("Authorization", "Bearer "+made.Secret.Reveal())
			benchRequest(b, s, r)
		})
	}
	b.Run("verify", func(b *testing.B) { benchVerify(b, s) })
	b.Run("export=csv", func(b *testing.B) { benchExport(b, s, visitor, logs+"/export/csv") })
	b.Run("export=jsonl", func(b *testing.B) { benchExport(b, s, visitor, logs+"/export/jsonl?action=updated") })
	b.Run("export=file", benchFile(s))
}

// benchRequest measures one answer, and fails when it costs too much.
func benchRequest(b *testing.B, s *site, r *http.Request) {
	size, start := 0, processTime(b)
	for b.Loop() {
		w := httptest.NewRecorder()
		s.app.Handler.ServeHTTP(w, r.Clone(context.Background()))
		if w.Code != http.StatusOK {
			b.Fatalf("%s: %d", r.URL, w.Code)
		}
		size = w.Body.Len()
	}
	cost := (processTime(b) - start) / time.Duration(b.N)
	b.ReportMetric(float64(cost)/1e6, "cpu-ms/op")
	b.ReportMetric(float64(size)/1024, "KB")
	if cost > mostPageTime {
		b.Errorf("%s costs %v of processor time, more than %v", r.URL, cost, mostPageTime)
	}
}

func benchVerify(b *testing.B, s *site) {
	start := processTime(b)
	for b.Loop() {
		if _, err := audit.Verify(context.Background(), s.app.Store, runtime.NumCPU()); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(b.Elapsed().Seconds()/float64(b.N), "s/op")
	b.ReportMetric((processTime(b)-start).Seconds()/float64(b.N), "cpu-s/op")
}

// heapGauge is a client that keeps nothing and looks at the memory in use while it is served.
type heapGauge struct {
	header      http.Header
	status      int
	bytes, next int64
	peak        uint64
}

func (g *heapGauge) Header() http.Header    { return g.header }
func (g *heapGauge) WriteHeader(status int) { g.status = status }

func (g *heapGauge) Write(p []byte) (int, error) {
	const every = 4 << 20
	if g.bytes += int64(len(p)); g.bytes >= g.next {
		g.next = g.bytes + every
		g.peak = max(g.peak, heapInUse())
	}
	return len(p), nil
}

// heapInUse is what is reachable.
func heapInUse() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

func benchExport(b *testing.B, s *site, visitor *browser, path string) {
	r := httptest.NewRequest(http.MethodGet, s.URL+path, nil)
	for _, cookie := range visitor.cookies() {
		r.AddCookie(cookie)
	}
	before, g := heapInUse(), &heapGauge{}
	for b.Loop() {
		*g = heapGauge{header: http.Header{}, peak: g.peak}
		s.app.Handler.ServeHTTP(g, r.Clone(context.Background()))
	}
	b.ReportMetric(b.Elapsed().Seconds()/float64(b.N), "s/op")
	b.ReportMetric(float64(g.bytes)/(1<<20), "MB")
	b.ReportMetric((float64(g.peak)-float64(before))/(1<<20), "heap-MB")
}

// benchFile measures writing the file of latchkey audit export, and verifying it.
func benchFile(s *site) func(b *testing.B) {
	return func(b *testing.B) {
		var writing, verifying time.Duration
		for b.Loop() {
			var file bytes.Buffer
			start := time.Now()
			head, err := audit.WriteFile(context.Background(), s.app.Store, &file, nil)
			if err != nil {
				b.Fatal(err)
			}
			written := time.Now()
			if v, err := audit.VerifyFile(&file, head); err != nil || !v.SeekFound {
				b.Fatal(err)
			}
			writing, verifying = writing+written.Sub(start), verifying+time.Since(written)
		}
		b.ReportMetric(writing.Seconds()/float64(b.N), "write-s/op")
		b.ReportMetric(verifying.Seconds()/float64(b.N), "verify-s/op")
	}
}

// filledLog is what a benchmark knows of the log that it has made.
type filledLog struct {
	ids                     []string // of the events, oldest first
	start, end              time.Time
	admin, workspace, token string
}

// at is the id of an event somewhere between the oldest (0) and the newest (1).
func (l *filledLog) at(share float64) string { return l.ids[int(share*float64(len(l.ids)-1))] }

// day is the day somewhere between the first and the last.
func (l *filledLog) day(share float64) string {
	return l.start.Add(time.Duration(share * float64(l.end.Sub(l.start)))).Format(time.DateOnly)
}

// fillLog writes a long history into the log, behind the store's back because that is quicker;
// the chain holds.
func (s *site) fillLog(b testing.TB, db *sql.DB, rows, n int) *filledLog {
	b.Helper()
	ctx, started := context.Background(), time.Now()
	state, err := s.app.Store.AuditState(ctx)
	if err != nil {
		b.Fatal(err)
	}
	w := &logWriter{b: b, rows: rows, random: mathrand.New(mathrand.NewPCG(1, 2)), org: s.caller(b, adminEmail).Organization}
	w.admin, w.workspace, w.token = s.caller(b, adminEmail).ID, firstWorkspace(b, s), s.anyServiceToken(b, s.caller(b, adminEmail))
	w.end = s.now().UTC().Truncate(time.Millisecond)
	w.start = w.end.AddDate(-benchYears, 0, 0)
	head := state.Head
	for w.n < n {
		head = w.write(db, head, min(50_000, n-w.n), n)
	}
	b.Logf("wrote %d events in %.1f s", n, time.Since(started).Seconds())
	return &w.filledLog
}

// write writes some of n events behind head, in one transaction, and returns the new head.
func (w *logWriter) write(db *sql.DB, head audit.Anchor, some, n int) audit.Anchor {
	try := func(err error) {
		w.b.Helper()
		if err != nil {
			w.b.Fatal(err)
		}
	}
	tx, err := db.Begin()
	try(err)
	insert := into(tx, w.rows, `audit_events`, `seq, id, at, organization_id, workspace_id, actor_type, actor_id, actor_name, actor_email,
		token_id, action, target_type, target_id, target_name, ip, user_agent, request_id, before_state, after_state, prev_hash, hash`)
	var e audit.Event
	for range some {
		e = w.event(w.start.Add(time.Duration(float64(w.end.Sub(w.start)) * float64(w.n) / float64(n))).Truncate(time.Millisecond))
		e.Seq, e.PrevHash, e.ID = head.Seq+1, head.Hash, ksuid.New().String()
		e.Hash = e.Sum()
		head = audit.Anchor{Seq: e.Seq, Hash: e.Hash}
		w.ids = append(w.ids, e.ID)
		try(insert.add(e.Seq, e.ID, e.Time.UnixMilli(), e.Organization, e.Workspace, e.ActorType, e.ActorID,
			e.ActorName, e.ActorEmail, e.TokenID, e.Action,
			e.Target.Type, e.Target.ID, e.Target.Name, e.Origin.IP, e.Origin.UserAgent, e.Origin.RequestID, e.Before, e.After, e.PrevHash, e.Hash))
	}
	try(insert.flush())
	_, err = tx.Exec(`UPDATE audit_head SET seq = $1, at = $2, hash = $3`, head.Seq, e.Time.UnixMilli(), head.Hash)
	try(err)
	try(tx.Commit())
	return head
}

// logWriter makes up events.
type logWriter struct {
	filledLog
	b      testing.TB
	random *mathrand.Rand
	org    string
	rows   int // per statement
	n      int
}

func (w *logWriter) pick(list ...string) string { return list[w.random.IntN(len(list))] }

// event makes up an event: some four hundred people and forty tokens do things to thousands
// of others, from two thousand addresses.
func (w *logWriter) event(at time.Time) audit.Event {
	w.n++
	by := w.actor()
	by.Origin = actor.Origin{IP: fmt.Sprintf("10.0.%d.%d", w.random.IntN(8), w.random.IntN(250)), RequestID: ksuid.New().String(),
		UserAgent: w.pick("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
			"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15", "curl/8.5.0")}
	kind := w.pick("source", "source", "destination", "transformation", "group", "tracking_plan")
	target := audit.Target{Type: audit.TargetType(kind), ID: fmt.Sprintf("%s%020d", kind[:5], w.random.IntN(5000)),
		Name: fmt.Sprintf("numbered-%s-%05d", kind, w.random.IntN(5000))}
	if kind != "group" {
		target.Workspace = w.pick(w.workspace, "ws1", "ws2", "ws3", "ws4", "ws5")
	}
	e := audit.Did(by, audit.Action(w.pick("created", "updated", "updated", "updated", "deleted")), target).Changed(
		`{"enabled":true,"name":"`+target.Name+`","version":3}`, `{"enabled":false,"name":"`+target.Name+`","version":4}`)
	e.Time = at
	return e
}

func (w *logWriter) actor() actor.Standing {
	first := w.pick("Ada", "Grace", "Alan", "Edsger", "Barbara", "Donald", "Frances", "Ken", "Dennis", "Margaret",
		"Niklaus", "Tony", "Radia", "Leslie", "John", "Robin", "Joan", "Butler", "Adele", "Ivan")
	last := w.pick("Lovelace", "Hopper", "Turing", "Dijkstra", "Liskov", "Knuth", "Allen", "Thompson", "Ritchie",
		"Hamilton", "Wirth", "Hoare", "Perlman", "Lamport", "Backus", "Milner", "Clarke", "Lampson", "Goldberg", "Sutherland")
	person := access.Principal{Kind: access.Member, ID: "member-" + first + last, Organization: w.org}
	by := actor.Standing{Principal: person, Name: first + " " + last, Email: strings.ToLower(first + "." + last + "@acme.example")}
	switch k := w.random.IntN(20); {
	case w.n == benchEvents/3:
		by.Name = "Zaphod Beeblebrox"
	case k == 0:
		by.ID, by.Name, by.Email = w.admin, "Ada Admin", adminEmail
	case k == 1:
		by.Kind, by.ID, by.Name, by.Email = access.WorkspaceToken, w.token, "deploy-pipeline", ""
	case k == 2:
		by.Kind, by.Owner, by.ID = access.PersonalToken, by.ID, "pat-"+first
	case k == 3:
		by = actor.OfSystem(w.org)
	}
	return by
}

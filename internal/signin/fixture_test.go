package signin_test

import (
	"context"
	"database/sql"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/segmentio/ksuid"

	"latchkey/internal/access"
	"latchkey/internal/account"
	"latchkey/internal/actor"
	"latchkey/internal/audit"
	"latchkey/internal/fault"
	"latchkey/internal/signin"
	"latchkey/internal/store"
	"latchkey/internal/store/storetest"
	"latchkey/internal/token"
)

const (
	ada      = "ada@acme.example"      // an active Admin
	bo       = "bo@acme.example"       // an active member
	gone     = "gone@acme.example"     // deactivated
	external = "external@acme.example" // has no password
	nobody   = "nobody@acme.example"   // does not exist
	password = "correct horse battery"
	wrong    = "incorrect horse battery"
	home     = "198.51.100.7"
)

// clock is a time that only tests move.
type clock struct{ ms atomic.Int64 }

func (c *clock) Now() time.Time          { return time.UnixMilli(c.ms.Load()).UTC() }
func (c *clock) Advance(d time.Duration) { c.ms.Add(d.Milliseconds()) }

// counting counts the hashes that a hasher checks, and those of them that are nobody's.
type counting struct {
	signin.Hasher
	checked, dummies atomic.Int64
}

func (c *counting) Matches(ctx context.Context, hash, password string) (bool, error) {
	c.checked.Add(1)
	if hash == "" {
		c.dummies.Add(1)
	}
	return c.Hasher.Matches(ctx, hash, password)
}

type fixture struct {
	*signin.Service
	store  *store.Store
	clock  *clock
	hasher *counting
	path   string
	ids    map[string]string // e-mail → member id
	org    string
}

// cheap is a real hasher that takes little.
func cheap() *signin.Argon2 { return signin.NewArgon2(signin.Cost{MemoryKiB: 8, Iterations: 1}) }

// newFixture makes a database with members. Its test runs in parallel with others: they
// mostly wait for the disk.
func newFixture(t *testing.T) *fixture {
	t.Helper()
	t.Parallel()
	f := &fixture{clock: &clock{}, hasher: &counting{Hasher: cheap()}, ids: map[string]string{}, path: storetest.Empty(t)}
	f.clock.ms.Store(time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC).UnixMilli())
	st, err := store.Open(t.Context(), store.Options{Path: f.path, Now: f.clock.Now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := st.Close(); err != nil {
			t.Error(err)
		}
	})
	f.store, f.Service = st, signin.New(store.SignIns(st), f.hasher, access.BuiltIn())
	f.seed(t)
	return f
}

func (f *fixture) seed(t *testing.T) {
	t.Helper()
	hash, err := f.hasher.Hash(t.Context(), password)
	if err != nil {
		t.Fatal(err)
	}
	f.org = ksuid.New().String()
	err = f.store.InTx(t.Context(), actor.System(""), func(tx *store.Tx) error {
		if err := tx.InsertOrganization(t.Context(), account.Organization{ID: f.org, Name: "Acme",
			Plan: access.PlanEnterprise, CreatedAt: tx.Now()}); err != nil {
			return err
		}
		for _, m := range []struct {
			email, hash string
			role        access.Role
			status      account.Status
		}{
			{ada, hash, access.RoleAdmin, account.Active},
			{bo, hash, access.RoleMember, account.Active},
			{gone, hash, access.RoleMember, account.Deactivated},
			{external, "", access.RoleMember, account.Active},
		} {
			f.ids[m.email] = ksuid.New().String()
			member := account.Member{ID: f.ids[m.email], Organization: f.org, Email: m.email, Name: m.email[:2], Role: m.role,
				Status: m.status, CreatedAt: tx.Now(), UpdatedAt: tx.Now()}
			if err := tx.InsertMember(t.Context(), member, m.hash); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// exec changes the database behind the service's back.
func (f *fixture) exec(t *testing.T, query string, args ...any) {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+f.path+"?_pragma=busy_timeout(5000)")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec(query, args...); err != nil {
		t.Fatal(err)
	}
}

// count answers a query for one number.
func (f *fixture) count(t *testing.T, query string, args ...any) int {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+f.path+"?_pragma=busy_timeout(5000)")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var n int
	if err := db.QueryRow(query, args...).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func from(ip string) actor.Origin {
	return actor.Origin{IP: ip, UserAgent: "Firefox", RequestID: "request-1"}
}

func (f *fixture) try(t *testing.T, email, pw, ip string) error {
	t.Helper()
	_, err := f.SignIn(t.Context(), email, pw, signin.Browser{}, from(ip))
	return err
}

func (f *fixture) mustSignIn(t *testing.T, email, previous string) signin.Started {
	t.Helper()
	started, err := f.SignIn(t.Context(), email, password, signin.Browser{Session: previous}, from(home))
	if err != nil {
		t.Fatalf("sign in %s: %v", email, err)
	}
	return started
}

// caller is the member in a session of its own.
func (f *fixture) caller(t *testing.T, email string) actor.Standing {
	t.Helper()
	s := storetest.SignIn(t, f.store, f.ids[email])
	s.Origin = from(home)
	return s
}

// token is a personal access token of an Admin, who needs no policy to be in a workspace.
func (f *fixture) token(t *testing.T, email string) actor.Standing {
	t.Helper()
	const id = "a-personal-token"
	err := f.store.InTx(t.Context(), actor.System(""), func(tx *store.Tx) error {
		return errors.Join(
			tx.InsertWorkspace(t.Context(), account.Workspace{ID: "w", Organization: f.org, Name: "Main",
				Environment: account.Production, Region: "US", CreatedAt: tx.Now(), UpdatedAt: tx.Now()}),
			tx.InsertToken(t.Context(), token.Token{ID: id, Organization: f.org, Kind: token.Personal, Name: "probe", Owner: f.ids[email],
				Workspace: "w", Scope: access.ScopeReadWrite, CreatedAt: tx.Now()}, token.Digest(id), ""))
	})
	if err != nil {
		t.Fatal(err)
	}
	return storetest.Stands(t, f.store, actor.Caller{Ref: actor.Ref{Kind: actor.Token, ID: id}})
}

// in is the member in a session that was started.
func (f *fixture) in(t *testing.T, s signin.Started) actor.Standing {
	t.Helper()
	return storetest.Stands(t, f.store, actor.Caller{Ref: actor.Ref{Kind: actor.Session, ID: s.Session.ID}, Origin: from(home)})
}

// events lists what the log holds, oldest first.
func (f *fixture) events(t *testing.T) []audit.Event {
	t.Helper()
	list, err := f.store.RecentEvents(t.Context(), f.org, "", 1000)
	if err != nil {
		t.Fatal(err)
	}
	for i, j := 0, len(list)-1; i < j; i, j = i+1, j-1 {
		list[i], list[j] = list[j], list[i]
	}
	return list
}

func wantKind(t *testing.T, err error, k fault.Kind) *fault.Error {
	t.Helper()
	if err == nil {
		t.Fatalf("no error, want %v", k)
	}
	f := fault.Of(err)
	if f.Kind != k {
		t.Fatalf("error = %v, want %v", err, k)
	}
	return f
}

func (f *fixture) wantLive(t *testing.T, s signin.Started, live bool) {
	t.Helper()
	got, err := f.Lookup(t.Context(), s.Secret)
	if !live {
		wantKind(t, err, fault.Unauthenticated)
		return
	}
	if err != nil || got.ID != s.Session.ID {
		t.Fatalf("Lookup = %+v, %v; want session %s", got, err, s.Session.ID)
	}
}

// inParallel runs n calls at once and counts their outcomes by kind; "ok" is no error.
func inParallel(n int, call func(i int) error) map[string]int {
	var mu sync.Mutex
	var wg sync.WaitGroup
	outcomes := map[string]int{}
	for i := range n {
		wg.Go(func() {
			outcome := "ok"
			if err := call(i); err != nil {
				outcome = fault.Of(err).Kind.String()
			}
			mu.Lock()
			defer mu.Unlock()
			outcomes[outcome]++
		})
	}
	wg.Wait()
	return outcomes
}

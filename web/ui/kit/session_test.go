package kit_test

import (
	"crypto/tls"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/gorilla/sessions"
	"github.com/segmentio/ksuid"

	"latchkey/internal/access"
	"latchkey/internal/account"
	"latchkey/internal/actor"
	"latchkey/internal/fault"
	"latchkey/internal/signin"
	"latchkey/internal/store"
	"latchkey/internal/store/storetest"
	"latchkey/web/ui/kit"
)

const (
	sessionEmail    = "ada@acme.example"
	sessionPassword = "correct horse battery"
)

// browser keeps cookies over requests to a session store on a real database.
type browser struct {
	*kit.Sessions
	signin  *signin.Service
	store   *store.Store
	cookies map[string]*http.Cookie
	tls     bool
}

func newBrowser(t *testing.T, o kit.SessionOptions) *browser {
	t.Helper()
	st, err := store.Open(t.Context(), store.Options{Path: storetest.Empty(t)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = st.Close() }) // one test closes it early
	hasher := signin.NewArgon2(signin.Cost{MemoryKiB: 8, Iterations: 1})
	hash, err := hasher.Hash(t.Context(), sessionPassword)
	if err != nil {
		t.Fatal(err)
	}
	err = st.InTx(t.Context(), actor.System(""), func(tx *store.Tx) error {
		org := account.Organization{ID: ksuid.New().String(), Name: "Acme", Plan: access.PlanEnterprise, CreatedAt: tx.Now()}
		ada := account.Member{ID: ksuid.New().String(), Organization: org.ID, Email: sessionEmail, Name: "Ada", Role: access.RoleAdmin,
			Status: account.Active, CreatedAt: tx.Now(), UpdatedAt: tx.Now()}
		return errors.Join(tx.InsertOrganization(t.Context(), org), tx.InsertMember(t.Context(), ada, hash))
	})
	if err != nil {
		t.Fatal(err)
	}
	service := signin.New(store.SignIns(st), hasher, access.BuiltIn())
	return &browser{Sessions: kit.NewSessions(service, o), signin: service, store: st, cookies: map[string]*http.Cookie{}}
}

// visit runs one request and keeps the cookies that it sets, which it returns.
func (b *browser) visit(t *testing.T, handle func(w http.ResponseWriter, r *http.Request)) []*http.Cookie {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
	if b.tls {
		r.TLS = &tls.ConnectionState{}
	}
	for _, c := range b.cookies {
		r.AddCookie(c)
	}
	w := httptest.NewRecorder()
	handle(w, r)
	set := w.Result().Cookies()
	for _, c := range set {
		b.cookies[c.Name] = c
		if c.MaxAge < 0 {
			delete(b.cookies, c.Name)
		}
	}
	return set
}

// signIn signs Ada in and returns the cookies that this set.
func (b *browser) signIn(t *testing.T) []*http.Cookie {
	t.Helper()
	return b.visit(t, func(w http.ResponseWriter, r *http.Request) {
		started, err := b.signin.SignIn(r.Context(), sessionEmail, sessionPassword, b.Browser(r), actor.Origin{IP: "198.51.100.7"})
		if err != nil {
			t.Fatal(err)
		}
		if err := b.Begin(w, r, started); err != nil {
			t.Fatal(err)
		}
		if current, err := b.Current(r); current.ID != started.Session.ID || err != nil {
			t.Errorf("the session does not begin with its own request: %+v, %v", current, err)
		}
	})
}

// current returns the session of the next request.
func (b *browser) current(t *testing.T) (signin.Session, error) {
	t.Helper()
	var session signin.Session
	var err error
	set := b.visit(t, func(w http.ResponseWriter, r *http.Request) {
		session, err = b.Current(r)
		if err := sessions.Save(r, w); err != nil {
			t.Error(err)
		}
	})
	if len(set) != 0 {
		t.Errorf("a mere visit sets cookies: %v", set)
	}
	return session, err
}

func (b *browser) wantSignedIn(t *testing.T, want bool) {
	t.Helper()
	session, err := b.current(t)
	switch {
	case want && (err != nil || session.ID == ""):
		t.Errorf("not signed in: %v", err)
	case !want && !fault.Is(err, fault.Unauthenticated):
		t.Errorf("signed in as %s: %v", session.Member, err)
	}
}

func TestSessions_CookieHoldsOnlyTheSecretAndIsLockedDown(t *testing.T) {
	for name, c := range map[string]struct {
		options kit.SessionOptions
		tls     bool
		cookie  string
		secure  bool
		path    string
	}{
		"plain":           {kit.SessionOptions{}, false, "latchkey_session", false, "/"},
		"TLS":             {kit.SessionOptions{}, true, "__Host-latchkey_session", true, "/"},
		"TLS at the edge": {kit.SessionOptions{Secure: true}, false, "__Host-latchkey_session", true, "/"},
		"below a path":    {kit.SessionOptions{Secure: true, Path: "/keys"}, false, "__Secure-latchkey_session", true, "/keys"},
		"plain, below":    {kit.SessionOptions{Path: "/keys"}, false, "latchkey_session", false, "/keys"},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBrowser(t, c.options)
			b.tls = c.tls
			set := b.signIn(t)
			if len(set) != 2 {
				t.Fatalf("cookies = %v", set)
			}
			marker, got := set[0], set[1]
			if marker.Name != strings.Replace(c.cookie, "session", "browser", 1) || len(marker.Value) != 43 || !marker.HttpOnly ||
				marker.Secure != c.secure || marker.SameSite != http.SameSiteLaxMode || marker.Path != c.path || marker.Domain != "" {
				t.Errorf("the marker is %+v", marker)
			}
			if again := b.signIn(t); len(again) != 1 || again[0].Name != c.cookie {
				t.Errorf("the second sign-in sets %v", again)
			}
			b.wantSignedIn(t, true)
			if got.Name != c.cookie || len(got.Value) != 43 || !got.HttpOnly || got.Secure != c.secure ||
				got.SameSite != http.SameSiteLaxMode || got.Path != c.path || got.Domain != "" || got.MaxAge != 14*24*60*60 {
				t.Errorf("cookie = %+v", got)
			}
		})
	}
}

func TestSessions_PlainCookieCountsForNothingOverHTTPS(t *testing.T) {
	b := newBrowser(t, kit.SessionOptions{})
	b.signIn(t)
	b.tls = true
	b.wantSignedIn(t, false)
}

func TestSessions_PlantedCookieIsReplaced(t *testing.T) {
	b := newBrowser(t, kit.SessionOptions{})
	planted := strings.Repeat("A", 43)
	b.cookies[kit.SessionName] = &http.Cookie{Name: kit.SessionName, Value: planted}
	b.wantSignedIn(t, false)
	b.signIn(t)
	if b.cookies[kit.SessionName].Value == planted {
		t.Error("the planted secret was adopted")
	}
	b.wantSignedIn(t, true)
}

func TestSessions_SigningInAgainEndsTheFormerSession(t *testing.T) {
	b := newBrowser(t, kit.SessionOptions{})
	b.signIn(t)
	former := b.cookies[kit.SessionName]
	b.signIn(t)
	if b.cookies[kit.SessionName].Value == former.Value {
		t.Error("the secret did not change")
	}
	b.cookies[kit.SessionName] = former
	b.wantSignedIn(t, false)
}

func TestSessions_EndTakesTheCookieAway(t *testing.T) {
	b := newBrowser(t, kit.SessionOptions{Secure: true})
	b.signIn(t)
	secret := b.cookies["__Host-latchkey_session"]
	set := b.visit(t, func(w http.ResponseWriter, r *http.Request) {
		if err := b.signin.SignOut(r.Context(), b.Secret(r), actor.Origin{}); err != nil {
			t.Fatal(err)
		}
		if err := b.End(w, r); err != nil {
			t.Fatal(err)
		}
	})
	if len(set) != 1 || set[0].MaxAge >= 0 || set[0].Value != "" || !set[0].Secure || set[0].Expires.After(time.Now()) {
		t.Errorf("cookies = %+v", set)
	}
	b.cookies[secret.Name] = secret
	b.wantSignedIn(t, false)
}

func TestSessions_HeadLeavesTheNoticesForThePage(t *testing.T) {
	b := newBrowser(t, kit.SessionOptions{})
	b.signIn(t)
	b.visit(t, func(w http.ResponseWriter, r *http.Request) {
		if err := b.AddNotice(w, r, "Saved."); err != nil {
			t.Error(err)
		}
	})
	b.visit(t, func(w http.ResponseWriter, r *http.Request) {
		r.Method = http.MethodHead
		if got := b.TakeNotices(w, r); len(got) != 0 {
			t.Errorf("HEAD took %q", got)
		}
	})
	if got := b.take(t); len(got) != 1 {
		t.Errorf("the page shows %q", got)
	}
}

// take returns the notices that the next page shows.
func (b *browser) take(t *testing.T) []string {
	t.Helper()
	var texts []string
	b.visit(t, func(w http.ResponseWriter, r *http.Request) { texts = b.TakeNotices(w, r) })
	return texts
}

func TestSessions_NoticeShowsOnTheNextPageOnly(t *testing.T) {
	b := newBrowser(t, kit.SessionOptions{})
	b.signIn(t)
	b.visit(t, func(w http.ResponseWriter, r *http.Request) {
		for _, text := range []string{"Deleted.", "Saved."} {
			if err := b.AddNotice(w, r, text); err != nil {
				t.Fatal(err)
			}
		}
	})
	b.wantSignedIn(t, true) // a request that shows no notices leaves them
	if diff := cmp.Diff([]string{"Deleted.", "Saved."}, b.take(t)); diff != "" {
		t.Errorf("notices (-want +got):\n%s", diff)
	}
	if again := b.take(t); len(again) != 0 {
		t.Errorf("shown again: %v", again)
	}
}

// flashes runs one request with gorilla's own interface: it takes the flashes or leaves
// them, adds some, and saves.
func (b *browser) flashes(t *testing.T, take bool, add ...any) []any {
	t.Helper()
	var taken []any
	b.visit(t, func(w http.ResponseWriter, r *http.Request) {
		session, err := b.Get(r, kit.SessionName)
		if err != nil || session.IsNew || session.ID == "" {
			t.Fatalf("session = %+v, %v", session, err)
		}
		if take {
			taken = session.Flashes()
		}
		for _, f := range add {
			session.AddFlash(f)
		}
		for range 2 { // saving twice saves once
			if err := session.Save(r, w); err != nil {
				t.Fatal(err)
			}
		}
	})
	return taken
}

func TestSessions_GorillaFlashesLastUntilTaken(t *testing.T) {
	b := newBrowser(t, kit.SessionOptions{})
	b.signIn(t)
	one := signin.Notice{Kind: signin.Success, Text: "one"}
	two := signin.Notice{Kind: signin.Success, Text: "two"}
	b.flashes(t, false, one)
	b.flashes(t, false, two)
	if diff := cmp.Diff([]any{one, two}, b.flashes(t, true, "three")); diff != "" {
		t.Errorf("flashes (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]any{signin.Notice{Kind: signin.Success, Text: "three"}}, b.flashes(t, true)); diff != "" {
		t.Errorf("flashes (-want +got):\n%s", diff)
	}
	if rest := b.flashes(t, true); len(rest) != 0 {
		t.Errorf("taken twice: %v", rest)
	}
}

func TestSessions_SameNoticeAgainIsShownAgain(t *testing.T) {
	b := newBrowser(t, kit.SessionOptions{})
	b.signIn(t)
	b.flashes(t, false, "Saved.")
	b.visit(t, func(w http.ResponseWriter, r *http.Request) {
		if got := b.TakeNotices(w, r); len(got) != 1 {
			t.Errorf("notices = %v", got)
		}
		if err := b.AddNotice(w, r, "Saved."); err != nil {
			t.Fatal(err)
		}
	})
	if got := b.take(t); len(got) != 1 {
		t.Errorf("notices = %v", got)
	}
}

func TestSessions_NewSessionTakesNoNoticesOver(t *testing.T) {
	b := newBrowser(t, kit.SessionOptions{})
	b.signIn(t)
	b.flashes(t, false, "for the former session")
	set := b.visit(t, func(w http.ResponseWriter, r *http.Request) {
		started, err := b.signin.SignIn(r.Context(), sessionEmail, sessionPassword, b.Browser(r), actor.Origin{})
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(b.Begin(w, r, started), b.AddNotice(w, r, "Welcome back.")); err != nil {
			t.Fatal(err)
		}
	})
	if len(set) != 1 {
		t.Errorf("%d cookies, want 1", len(set))
	}
	if diff := cmp.Diff([]string{"Welcome back."}, b.take(t)); diff != "" {
		t.Errorf("notices (-want +got):\n%s", diff)
	}
}

func TestSessions_NoticeWithoutASessionIsAnError(t *testing.T) {
	b := newBrowser(t, kit.SessionOptions{})
	b.visit(t, func(w http.ResponseWriter, r *http.Request) {
		if err := b.AddNotice(w, r, "lost"); err == nil {
			t.Error("a notice went nowhere, silently")
		}
	})
	b.signIn(t)
	b.visit(t, func(w http.ResponseWriter, r *http.Request) {
		session, err := b.Get(r, kit.SessionName)
		if err != nil {
			t.Fatal(err)
		}
		session.AddFlash(7)
		if err := session.Save(r, w); err == nil {
			t.Error("a flash that is no notice was saved")
		}
	})
}

func TestSessions_DatabaseFailureIsNoSignOut(t *testing.T) {
	b := newBrowser(t, kit.SessionOptions{})
	b.signIn(t)
	if err := b.store.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := b.current(t); err == nil || fault.Is(err, fault.Unauthenticated) {
		t.Errorf("error = %v, want one that does not send to sign in", err)
	}
}

package kit

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/gorilla/sessions"
	"github.com/labstack/echo/v4"

	"latchkey/internal/fault"
	"latchkey/internal/random"
	"latchkey/internal/signin"
)

// SessionName is the name of the pages' session, and of its cookie over plain HTTP. Over HTTPS
// the cookie's name begins with __Host- (RFC 6265bis, 4.1.3.2), so that neither a sibling domain
// nor a plain connection can set one. On a server below a path it begins with __Secure-, because
// __Host- does not allow a path; the browser then sends it to nothing else on that host.
const SessionName = "latchkey_session"

// SessionOptions are the options of the session cookie.
type SessionOptions struct {
	// Secure says that clients reach this server over HTTPS, also if a proxy terminates it.
	// A request that arrives over TLS gets a secure cookie in any case.
	Secure bool
	// Path is the path that the server is below, e.g. "/latchkey"; "" at the root.
	Path string
}

// Sessions is the [sessions.Store] of the pages, on top of package signin. The cookie holds only
// the session's secret. Values that handlers put into a gorilla session last for the request,
// and flashes last until the next page.
//
// Sessions does not start a session for a visitor who has not signed in, and it does not sign
// anyone in or out: [Site.SignIn] and [Site.SignOut] call package signin and then
// [Sessions.Begin] or [Sessions.End].
type Sessions struct {
	signin  *signin.Service
	options SessionOptions
}

var _ sessions.Store = (*Sessions)(nil)

// NewSessions returns a store on top of s.
func NewSessions(s *signin.Service, o SessionOptions) *Sessions {
	return &Sessions{signin: s, options: o}
}

// state is what Sessions keeps with a gorilla session during one request.
type state struct {
	secret  string // from the cookie, live or not, or of a session that has just begun
	current signin.Session
	err     error // why there is no current session
	fresh   bool  // the browser does not have the secret yet
	loaded  []any // flashes that the database has
}

type stateKey struct{}

func stateOf(session *sessions.Session) *state {
	st, ok := session.Values[stateKey{}].(*state)
	if !ok {
		panic("kit: session of another store")
	}
	return st
}

// Get returns the session of this request, which it looks up once per request. If nobody is
// signed in, the session is new and there is no error. The name is [SessionName].
func (s *Sessions) Get(r *http.Request, name string) (*sessions.Session, error) {
	return sessions.GetRegistry(r).Get(s, name)
}

// New looks up the session. It returns any error of package signin except Unauthenticated.
func (s *Sessions) New(r *http.Request, name string) (*sessions.Session, error) {
	session := sessions.NewSession(s, name)
	session.IsNew = true
	session.Options = &sessions.Options{Path: cmp.Or(s.options.Path, "/"), HttpOnly: true, SameSite: http.SameSiteLaxMode,
		Secure: s.secure(r), MaxAge: int(signin.AbsoluteLimit.Seconds())}
	st := &state{}
	session.Values[stateKey{}] = st
	if cookie, err := r.Cookie(s.cookieName(r, name)); err == nil {
		st.secret = cookie.Value
	}
	st.current, st.err = s.signin.Lookup(r.Context(), st.secret)
	if fault.Is(st.err, fault.Unauthenticated) {
		return session, nil
	}
	if st.err != nil {
		return session, st.err
	}
	session.ID, session.IsNew = st.current.ID, false
	for _, notice := range st.current.Notices {
		session.AddFlash(notice)
		st.loaded = append(st.loaded, notice)
	}
	return session, nil
}

// Save sets the cookie if the browser does not have it yet, removes it if the session's MaxAge is
// negative, and stores the flashes ([signin.Notice] or string) if they changed. It must be called
// before the first byte of the body is written. It does not store other values.
func (s *Sessions) Save(r *http.Request, w http.ResponseWriter, session *sessions.Session) error {
	st := stateOf(session)
	if session.Options.MaxAge < 0 {
		http.SetCookie(w, sessions.NewCookie(s.cookieName(r, session.Name()), "", session.Options))
		return nil
	}
	if st.fresh {
		http.SetCookie(w, sessions.NewCookie(s.cookieName(r, session.Name()), st.secret, session.Options))
		st.fresh = false
	}
	return s.saveFlashes(r, session, st)
}

// saveFlashes stores the flashes that handlers added or took since they were loaded.
func (s *Sessions) saveFlashes(r *http.Request, session *sessions.Session, st *state) error {
	flashes := session.Flashes()
	added := flashes
	if len(flashes) >= len(st.loaded) && slices.Equal(flashes[:len(st.loaded)], st.loaded) {
		added = flashes[len(st.loaded):]
	} else if _, err := s.signin.TakeFlash(r.Context(), session.ID); err != nil {
		return err
	}
	for _, f := range flashes {
		session.AddFlash(f)
	}
	notices, err := asNotices(added)
	if err != nil {
		return err
	}
	st.loaded = flashes
	if len(notices) == 0 {
		return nil
	}
	if session.IsNew {
		return errors.New("kit: notice without a signed-in session")
	}
	return s.signin.AddFlash(r.Context(), session.ID, notices...)
}

func asNotices(flashes []any) ([]signin.Notice, error) {
	var list []signin.Notice
	for _, f := range flashes {
		switch f := f.(type) {
		case signin.Notice:
			list = append(list, f)
		case string:
			list = append(list, signin.Notice{Kind: signin.Success, Text: f})
		default:
			return nil, fmt.Errorf("kit: notice of type %T", f)
		}
	}
	return list, nil
}

// Current returns the session of the request. The error is Unauthenticated if nobody is signed in.
func (s *Sessions) Current(r *http.Request) (signin.Session, error) {
	session, err := s.Get(r, SessionName)
	if err != nil {
		return signin.Session{}, err
	}
	return stateOf(session).current, stateOf(session).err
}

// Reload looks up the session of the request again, because it may have ended since the request
// began.
func (s *Sessions) Reload(r *http.Request) {
	session, err := s.Get(r, SessionName)
	if err != nil {
		return // Current returns the error
	}
	st := stateOf(session)
	st.current, st.err = s.signin.Lookup(r.Context(), st.secret)
	session.IsNew = st.err != nil
}

// Secret returns the session secret that the browser sent, live or not, for the calls of package
// signin that end the session.
func (s *Sessions) Secret(r *http.Request) string {
	session, _ := s.Get(r, SessionName) // an error says nothing about the cookie
	return stateOf(session).secret
}

// markerName is the name of the cookie by which a browser is recognized that has signed in before. It is no
// credential.
const markerName = "latchkey_browser"

// Browser returns what package signin wants to know of the browser.
func (s *Sessions) Browser(r *http.Request) signin.Browser {
	return signin.Browser{Session: s.Secret(r), Marker: s.kept(r, markerName)}
}

// keep lets the browser keep a value beside the session, in a cookie with the same prefix, so that no sibling
// domain can plant one. A negative life removes it.
func (s *Sessions) keep(w http.ResponseWriter, r *http.Request, name, value string, life time.Duration) {
	http.SetCookie(w, sessions.NewCookie(s.cookieName(r, name), value, &sessions.Options{Path: cmp.Or(s.options.Path, "/"),
		HttpOnly: true, SameSite: http.SameSiteLaxMode, Secure: s.secure(r), MaxAge: int(life.Seconds())}))
}

// keepAcross is keep for a cookie that the browser also sends with requests of other sites.
func (s *Sessions) keepAcross(w http.ResponseWriter, r *http.Request, name, value string, life time.Duration) {
	http.SetCookie(w, sessions.NewCookie(s.cookieName(r, name), value, &sessions.Options{Path: cmp.Or(s.options.Path, "/"),
		HttpOnly: true, SameSite: http.SameSiteNoneMode, Secure: true, MaxAge: int(life.Seconds())}))
}

// kept returns what the browser keeps under a name, or "".
func (s *Sessions) kept(r *http.Request, name string) string {
	cookie, err := r.Cookie(s.cookieName(r, name))
	if err != nil {
		return ""
	}
	return cookie.Value
}

// Begin replaces the session of the request by one that package signin has just started, and
// sends its secret to the browser.
func (s *Sessions) Begin(w http.ResponseWriter, r *http.Request, started signin.Started) error {
	session, _ := s.Get(r, SessionName) // the new session replaces it, whatever the error
	session.Flashes()
	session.Values[stateKey{}] = &state{secret: started.Secret, current: started.Session, fresh: true}
	session.ID, session.IsNew = started.Session.ID, false
	if started.Marker != "" {
		s.keep(w, r, markerName, started.Marker, signin.BrowserLife)
	}
	return session.Save(r, w)
}

// End removes the cookie from the browser. [signin.Service.SignOut] ends the session itself.
func (s *Sessions) End(w http.ResponseWriter, r *http.Request) error {
	session, _ := s.Get(r, SessionName)
	session.Options.MaxAge = -1
	return session.Save(r, w)
}

// AddNotice adds a success message for the session's next page.
func (s *Sessions) AddNotice(w http.ResponseWriter, r *http.Request, text string) error {
	session, err := s.Get(r, SessionName)
	if err != nil {
		return err
	}
	session.AddFlash(signin.Notice{Kind: signin.Success, Text: text})
	return session.Save(r, w)
}

// TakeNotices returns the messages for this page and removes them. If two pages ask at once, one
// of them gets the messages. HEAD shows no page, so it leaves them. On an error of the database
// TakeNotices returns nil, because a page should not fail for want of a notice.
func (s *Sessions) TakeNotices(_ http.ResponseWriter, r *http.Request) []string {
	if r.Method == http.MethodHead {
		return nil
	}
	session, err := s.Get(r, SessionName)
	if err != nil || session.IsNew || len(session.Flashes()) == 0 {
		return nil
	}
	stateOf(session).loaded = nil
	notices, err := s.signin.TakeFlash(r.Context(), session.ID)
	if err != nil {
		return nil
	}
	texts := make([]string, len(notices))
	for i, n := range notices {
		texts[i] = n.Text
	}
	return texts
}

func (s *Sessions) secure(r *http.Request) bool { return s.options.Secure || r.TLS != nil }

func (s *Sessions) cookieName(r *http.Request, name string) string {
	switch {
	case !s.secure(r):
		return name
	case s.options.Path != "":
		return "__Secure-" + name
	}
	return "__Host-" + name
}

// SignIn signs a visitor in and sends the new session to the browser. It reports whether the sign-in waits for
// a second factor instead: see [Site.Confirm].
func (s *Site) SignIn(c echo.Context, email, password string) (waits bool, err error) {
	r := c.Request()
	started, err := s.signIn.SignIn(r.Context(), email, password, s.sessions.Browser(r), Origin(c))
	return s.begin(c, started, err)
}

// Recover sets a new password by a link, and sends the new session to the browser. It reports whether the
// sign-in waits for a second factor instead.
func (s *Site) Recover(c echo.Context, secret random.Secret, password string) (waits bool, err error) {
	r := c.Request()
	started, err := s.signIn.Recover(r.Context(), secret, password, s.sessions.Browser(r), Origin(c))
	return s.begin(c, started, err)
}

func (s *Site) begin(c echo.Context, started signin.Started, err error) (waits bool, _ error) {
	if err != nil {
		return false, err
	}
	if started.Pending != "" {
		s.sessions.keep(c.Response(), c.Request(), stepName, string(started.Pending), signin.PendingLife)
		return true, nil
	}
	return false, s.sessions.Begin(c.Response(), c.Request(), started)
}

// stepName is the name of the cookie of a sign-in that waits for the second factor. It is no session: nothing
// but the second step looks at it.
const stepName = "latchkey_step"

func (s *Sessions) waiting(r *http.Request) random.Secret { return random.Secret(s.kept(r, stepName)) }

// Confirm starts the session of the browser's sign-in that waits for the second factor.
func (s *Site) Confirm(c echo.Context, given signin.Proof) error {
	r := c.Request()
	started, err := s.signIn.Confirm(r.Context(), s.sessions.waiting(r), given, s.sessions.Browser(r), Origin(c))
	if err != nil {
		return err
	}
	s.sessions.keep(c.Response(), r, stepName, "", -time.Second)
	return s.sessions.Begin(c.Response(), r, started)
}

// Renew sends the browser a session that package signin has started in place of the current one.
func (s *Site) Renew(c echo.Context, started signin.Started) error {
	return s.sessions.Begin(c.Response(), c.Request(), started)
}

// SignOut ends the session and removes its cookie from the browser.
func (s *Site) SignOut(c echo.Context) error {
	r := c.Request()
	if err := s.signIn.SignOut(r.Context(), s.sessions.Secret(r), Origin(c)); err != nil {
		return err
	}
	return s.sessions.End(c.Response(), r)
}

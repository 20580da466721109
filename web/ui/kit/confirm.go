package kit

import (
	"bytes"
	"net/http"
	"net/url"

	"github.com/labstack/echo/v4"

	"latchkey/internal/access"
	"latchkey/internal/fault"
	"latchkey/internal/random"
	"latchkey/internal/signin"
	"latchkey/views/component"
	"latchkey/web/request"
)

// The fields with which somebody proves again who they are. The gate reads them: no handler sees them.
const (
	FieldHeld            = "confirm_form" // names the form that waits
	FieldConfirmPassword = "confirm_password"
	FieldConfirmCode     = "confirm_code"
)

// Question asks a visitor to prove again who they are, because of a form that waits for that.
type Question struct {
	Act    string // completes "Confirm it's you to …"
	Held   random.Secret
	Path   string // where the form is sent, and the answer
	Fault  *fault.Error
	Errors FieldErrors // what is wrong with the answer, by the names of the fields
}

// Confirms sets what shows a [Question].
func (s *Site) Confirms(show func(echo.Context, Question) error) { s.confirms = show }

// requestPath returns the address of a request below the path of the server, with the query.
func requestPath(r *http.Request) string { return r.URL.RequestURI() }

// hold keeps the form of a request whose act asks for a recent proof, and shows the question.
func (s *Site) hold(c echo.Context, f *fault.Error) error {
	body, ok := request.Form(c)
	if s.confirms == nil || !ok || c.Request().Method != http.MethodPost {
		return f
	}
	path := requestPath(c.Request())
	name, err := s.signIn.Hold(c.Request().Context(), VisitOf(c).By, path, f.Message, body)
	if err != nil {
		return err
	}
	return s.confirms(c, Question{Act: f.Message, Held: name, Path: path})
}

// resume puts the form that waits in the place of one that only proves who sends it. It reports whether it has answered
// the request instead, because the proof was refused.
func (s *Site) resume(c echo.Context, needs access.Permission, enrolling bool) (shown bool, err error) {
	body, ok := request.Form(c)
	if !ok || c.Request().Method != http.MethodPost || !bytes.Contains(body, []byte(FieldHeld+"=")) {
		return false, nil
	}
	form, err := url.ParseQuery(string(body))
	if err != nil || !form.Has(FieldHeld) {
		return false, nil //nolint:nilerr // the handler says what is wrong with the form
	}
	v, path, name := VisitOf(c), requestPath(c.Request()), random.Secret(form.Get(FieldHeld))
	held, err := s.signIn.Resume(c.Request().Context(), v.Standing, path, name,
		signin.Again{Password: form.Get(FieldConfirmPassword), Code: form.Get(FieldConfirmCode), Passkey: form.Get(FieldPasskey)})
	if err != nil {
		return s.askAgain(c, Question{Held: name, Path: path}, err)
	}
	request.Replace(c, held)
	s.sessions.Reload(c.Request())
	return false, s.enter(c, needs, enrolling)
}

// askAgain shows the question again if that helps, and otherwise returns the error.
func (s *Site) askAgain(c echo.Context, q Question, err error) (shown bool, _ error) {
	f := fault.Of(err)
	q.Fault = f
	fields, other := Invalid(err)
	switch {
	case f.Kind == fault.Unproven:
		q.Fault = nil // the question says it
	case f.Kind == fault.Throttled:
		q.Errors = FieldErrors{}
	case other != nil:
		return false, other
	default:
		q.Errors = FieldErrors{}
		for path, text := range fields {
			q.Errors["confirm_"+path] = text
		}
	}
	h, err := s.signIn.Held(c.Request().Context(), VisitOf(c).Standing, q.Held)
	if err != nil {
		return false, err
	}
	q.Act = h.Act
	RetryAfter(c, f)
	return true, s.confirms(c, q)
}

// AskAgain asks about a form that waits again, because a provider did not vouch for the visitor. Without such a form it
// returns why.
func (s *Site) AskAgain(c echo.Context, v Visit, name random.Secret, why *fault.Error) error {
	h, err := s.signIn.Held(c.Request().Context(), v.Standing, name)
	if fault.Is(err, fault.Conflict) {
		return why
	}
	if err != nil {
		return err
	}
	c.Set(visitKey, v)
	return s.confirms(c, Question{Act: h.Act, Held: name, Path: h.Path, Fault: why})
}

// factorNotice announces to somebody without a second factor that the organization requires one.
func factorNotice(c echo.Context, v Visit) *component.NoticeModel {
	if v.FactorFrom.IsZero() {
		return nil
	}
	m := component.NoticeModel{Kind: "warning", Title: "Your organization requires a second factor.",
		Text: "Add one to go on using Latchkey. Until then you can only open this page and sign out."}
	if !v.Lacks() {
		m.Text = "From " + Exact(v.FactorFrom, v.Now) + " on, you need one to use Latchkey."
		if c.Request().URL.Path != SecurityPath {
			m.Links = []component.Link{{Label: "Add a second factor", Href: SecurityPath}}
		}
	}
	return &m
}

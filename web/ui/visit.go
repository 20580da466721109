package ui

import (
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/labstack/echo/v4"

	"latchkey/internal/access"
	"latchkey/internal/account"
	"latchkey/internal/actor"
	"latchkey/internal/fault"
	"latchkey/web/respond"
)

// visit is one request of a signed-in member: who it is, loaded anew for each request.
type visit struct {
	account.Subject
	caller  actor.Standing
	session string // the session's public id
	now     time.Time
}

const visitKey = "latchkey.visit"

// visitOf returns the visit that the gate put into the context. Only handlers of routes
// that need a member may call it.
func visitOf(c echo.Context) visit {
	v, ok := c.Get(visitKey).(visit)
	if !ok {
		panic(fmt.Sprintf("ui: %s %s reads the visit but is not behind the gate", c.Request().Method, c.Path()))
	}
	return v
}

// may reports whether the visitor may do an act of the organization. Pages use it to
// choose what to offer; the services decide again.
func (h *Handlers) may(v visit, act access.Permission) bool {
	return access.Decide(h.d.Catalogue, v.Principal, act, access.Resource{Organization: v.Organization.ID}).Allowed
}

// Member lets signed-in, active members through and sends everybody else to sign in.
// With needs, the member must be allowed that act of the organization: a page that is
// not the visitor's is refused before its handler runs.
func (h *Handlers) Member(needs access.Permission) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			v, err := h.visit(c)
			if fault.Is(err, fault.Unauthenticated) {
				return h.askToSignIn(c)
			}
			if err != nil {
				return err
			}
			c.Set(visitKey, v)
			if needs != "" && !h.may(v, needs) {
				return fault.NewDenied("Only Admins can open this page.")
			}
			err = next(c)
			if fault.Is(err, fault.Unauthenticated) {
				return h.askToSignIn(c) // the session ended before the change was made
			}
			return err
		}
	}
}

// visit finds the session and loads its member. Unauthenticated: no live session.
func (h *Handlers) visit(c echo.Context) (visit, error) {
	session, err := h.d.Sessions.Current(c.Request())
	if err != nil {
		return visit{}, err
	}
	subject, err := h.d.Accounts.Subject(c.Request().Context(), session.Organization, session.Member)
	if fault.Is(err, fault.NotFound) || (err == nil && subject.Member.Status != account.Active) {
		return visit{}, fault.NewUnauthenticated("Sign in first.")
	}
	if err != nil {
		return visit{}, err
	}
	return visit{
		Subject: subject,
		caller: actor.Standing{Principal: subject.Principal, Name: subject.Member.Name,
			Email: subject.Member.Email, Origin: Origin(c), Ref: actor.Ref{Kind: actor.Session, ID: session.ID}},
		session: session.ID,
		now:     h.d.Now(),
	}, nil
}

// askToSignIn remembers where a reader wanted to go. A form that arrives without a
// session cannot be replayed, so it leads to the start.
func (h *Handlers) askToSignIn(c echo.Context) error {
	target := "/sign-in"
	if r := c.Request(); (r.Method == http.MethodGet || r.Method == http.MethodHead) && r.URL.Path != "/" {
		target += "?next=" + url.QueryEscape(r.URL.RequestURI())
	}
	return respond.SeeOther(c, target)
}

// Origin is where a request came from, for the audit log.
func Origin(c echo.Context) actor.Origin {
	return actor.NewOrigin(c.RealIP(), c.Request().UserAgent(), c.Response().Header().Get(echo.HeaderXRequestID))
}

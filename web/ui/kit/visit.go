package kit

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/labstack/echo/v4"

	"latchkey/internal/access"
	"latchkey/internal/account"
	"latchkey/internal/actor"
	"latchkey/internal/fault"
	"latchkey/internal/policy"
	"latchkey/internal/zone"
	"latchkey/web/request"
	"latchkey/web/respond"
)

// Visit is one request of a signed-in member. Every request loads the member again.
type Visit struct {
	policy.Subject
	Standing actor.Standing // for calls that only read
	By       actor.Caller   // for calls that write, which load the caller again in their transaction
	Now      time.Time      // in the zone of the visitor, in which pages show times
	// FactorFrom is from when on the organization requires a second factor that the session lacks; zero: it does not.
	FactorFrom time.Time
}

// zoneCookie holds the name of the browser's zone, which static/js/zone.js keeps there.
const zoneCookie = "latchkey_zone"

// zoneOf returns the zone in which the request's pages show times: the one that the member has chosen,
// otherwise the browser's, otherwise UTC.
func zoneOf(r *http.Request, m account.Member) *time.Location {
	browser := ""
	if c, err := r.Cookie(zoneCookie); err == nil {
		browser = c.Value
	}
	return zone.First(m.TimeZone, browser)
}

const visitKey = "latchkey.visit"

// VisitOf returns the visit that the gate put into the context. It panics if the page's gate is
// not [Member].
func VisitOf(c echo.Context) Visit {
	v, ok := c.Get(visitKey).(Visit)
	if !ok {
		panic(fmt.Sprintf("kit: %s %s reads the visit but is not behind the gate", c.Request().Method, c.Path()))
	}
	return v
}

// Visit finds the session and loads its member. The error is Unauthenticated if there is no live
// session, or if the member is not active, and Denied with the cause [fault.ErrNoFactor] if the session lacks the
// second factor that the organization requires.
func (s *Site) Visit(c echo.Context) (Visit, error) {
	v, err := s.visit(c)
	if err == nil && v.Lacks() {
		err = fault.NewNoFactor()
	}
	return v, err
}

// Lacks reports whether the session lacks the second factor that the organization requires by now.
func (v Visit) Lacks() bool { return !v.FactorFrom.IsZero() && !v.Now.Before(v.FactorFrom) }

func (s *Site) visit(c echo.Context) (Visit, error) {
	session, err := s.sessions.Current(c.Request())
	if err != nil {
		return Visit{}, err
	}
	subject, err := s.policies.Subject(c.Request().Context(), session.Organization, session.Member)
	if fault.Is(err, fault.NotFound) || (err == nil && subject.Member.Status != account.Active) {
		return Visit{}, fault.NewUnauthenticated("Sign in first.")
	}
	if err != nil {
		return Visit{}, err
	}
	by := actor.Caller{Ref: actor.Ref{Kind: actor.Session, ID: session.ID}, Origin: Origin(c)}
	v := Visit{
		Subject: subject,
		Standing: actor.Standing{Principal: subject.Principal, Name: subject.Member.Name,
			Email: subject.Member.Email, Ref: by.Ref, Origin: by.Origin, Proof: session.Proof},
		By:  by,
		Now: s.now().In(zoneOf(c.Request(), subject.Member)),
	}
	if session.Proof.How == actor.ByPassword {
		v.FactorFrom = session.FactorFrom
	}
	return v, nil
}

// May reports whether the visitor has a permission of the organization. Pages use it to choose
// what to offer. The services decide again.
func (s *Site) May(v Visit, act access.Permission) bool {
	return access.Decide(s.catalogue, v.Principal, act, access.Resource{Organization: v.Organization.ID}).Allowed
}

// member lets signed-in, active members through and sends all other visitors to the sign-in page,
// also those whose session ended before their change was made. If needs is not empty, the member
// must have that permission of the organization, otherwise the handler does not run. Unless enrolling is set, members
// whose session lacks the second factor that the organization requires are sent to the page where they add one.
//
// A form whose act asks for a recent proof waits until its sender has given one, see [Site.Confirms].
func (s *Site) member(needs access.Permission, enrolling bool) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			err := s.enter(c, needs, enrolling)
			if err == nil && request.Hold(c) { // the session may have ended while the body arrived
				s.sessions.Reload(c.Request())
				err = s.enter(c, needs, enrolling)
			}
			shown := false
			if err == nil {
				shown, err = s.resume(c, needs, enrolling)
			}
			if err == nil && !shown {
				err = next(c)
			}
			switch {
			case fault.Is(err, fault.Unauthenticated):
				return s.askToSignIn(c)
			case errors.Is(err, fault.ErrNoFactor):
				return respond.SeeOther(c, SecurityPath)
			case fault.Is(err, fault.Unproven):
				return s.hold(c, fault.Of(err))
			}
			return err
		}
	}
}

// enter loads the visit and puts it into the context for [VisitOf].
func (s *Site) enter(c echo.Context, needs access.Permission, enrolling bool) error {
	load := s.Visit
	if enrolling {
		load = s.visit
	}
	v, err := load(c)
	if err != nil {
		return err
	}
	if needs != "" && !s.May(v, needs) {
		return fault.NewDenied("Only Admins can open this page.")
	}
	c.Set(visitKey, v)
	return nil
}

// askToSignIn redirects to the sign-in page, which returns to the requested page afterwards. A
// form that arrives without a session cannot be sent again, so signing in leads to the home page.
func (s *Site) askToSignIn(c echo.Context) error {
	target := "/sign-in"
	if r := c.Request(); (r.Method == http.MethodGet || r.Method == http.MethodHead) && r.URL.Path != "/" {
		target += "?next=" + url.QueryEscape(r.URL.RequestURI())
	}
	return respond.SeeOther(c, target)
}

// firstRun lets requests through while no organization exists. Afterwards the page is NotFound.
func (s *Site) firstRun(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		claimed, err := s.organizations.Claimed(c.Request().Context())
		if err != nil {
			return err
		}
		if claimed {
			return fault.NewNotFound("This page")
		}
		return next(c)
	}
}

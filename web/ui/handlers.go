// Package ui is the HTML front door: it parses forms (*_form.go), calls the use cases and
// presents what they return (*_view.go: domain values to display-ready models).
//
// Handlers authenticate nobody and decide nothing themselves: the gate of the route
// table loads the visitor, the services decide. Errors are returned; [Handlers.Problem]
// renders them.
package ui

import (
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"latchkey/internal/access"
	"latchkey/internal/account"
	"latchkey/internal/apiclient"
	"latchkey/internal/audit"
	"latchkey/internal/fault"
	"latchkey/internal/migration"
	"latchkey/internal/provision"
	"latchkey/internal/registry"
	"latchkey/internal/signin"
	"latchkey/internal/token"
	"latchkey/views/component"
	problempage "latchkey/views/page/problem"
	"latchkey/web/openapi"
	"latchkey/web/respond"
)

// Deps is what the pages are made of.
type Deps struct {
	Accounts  *account.Service
	Tokens    *token.Service
	SignIn    *signin.Service
	Clients   *apiclient.Service
	Registry  *registry.Service
	Document  *openapi.Document // of the API, for its page
	Provision *provision.Service
	Migration *migration.Service
	Audit     *audit.Service
	Sessions  *Sessions
	Hasher    signin.Hasher // for passwords that are set outside of package signin
	Catalogue *access.Catalogue
	Now       func() time.Time
	SetupCode string // secret of the set-up link; never empty
	BaseURL   string // how clients reach this server, for the lines to copy; empty: as the request came
	Demo      *Demo  // offers the demonstration's accounts; nil outside of it
}

// Demo is what the sign-in page offers in the demonstration.
type Demo struct {
	Password string
	Accounts []DemoAccount
}

// DemoAccount is one account of the demonstration.
type DemoAccount struct{ Email, Note string }

// Handlers is the HTML front door.
type Handlers struct {
	d      Deps
	render *respond.Renderer
}

// New makes the handlers.
func New(d Deps) *Handlers { return &Handlers{d: d, render: respond.NewRenderer()} }

// Problem renders a fault as a page. It never fails: a client gets an answer.
func (h *Handlers) Problem(c echo.Context, f *fault.Error) {
	status := respond.Status(f.Kind)
	m := problempage.Problem{Title: problemTitle(f.Kind), Text: f.Message,
		Link: component.Link{Label: "Go to Home", Href: "/"}}
	if f.Kind == fault.Internal || f.Kind == fault.Unavailable {
		m.RequestID = c.Response().Header().Get(echo.HeaderXRequestID)
	}
	if err := h.render.HTML(c, status, problempage.ProblemPage(m)); err != nil {
		http.Error(c.Response(), f.Message, status)
	}
}

func problemTitle(k fault.Kind) string {
	switch k {
	case fault.NotFound:
		return "Not found"
	case fault.Denied:
		return "Not allowed"
	case fault.Invalid:
		return "That cannot be done like this"
	case fault.Conflict:
		return "That clashes with something"
	case fault.Unauthenticated:
		return "Sign in first"
	case fault.Throttled:
		return "Too many attempts"
	case fault.TooLarge:
		return "Too much at once"
	case fault.Unavailable:
		return "Not available right now"
	case fault.Internal:
	}
	return "Something went wrong"
}

// Package signin is the dashboard for people who are not signed in yet: setting up the
// installation, once, and signing in and out.
//
// It uses package account to install and package signin, through [kit.Site], for sessions. Joining
// by invitation is in package people.
package signin

import (
	"latchkey/internal/account"
	"latchkey/internal/signin"
	"latchkey/web/ui/kit"
)

// Demo is what the sign-in page offers in the demonstration.
type Demo struct {
	Password string
	Accounts []DemoAccount
}

// DemoAccount is one account of the demonstration.
type DemoAccount struct{ Email, Note string }

// Handlers answers the requests of the area.
type Handlers struct {
	site          *kit.Site
	organizations *account.Organizations
	hasher        signin.Hasher
	setupCode     string // secret of the set-up link; never empty
	demo          *Demo  // offers the demonstration's accounts; nil outside of it
}

// New returns the handlers of the area.
func New(site *kit.Site, organizations *account.Organizations, hasher signin.Hasher, setupCode string, demo *Demo) *Handlers {
	return &Handlers{site: site, organizations: organizations, hasher: hasher, setupCode: setupCode, demo: demo}
}

// Pages returns the rows of the area.
func (h *Handlers) Pages() []kit.Page {
	return []kit.Page{
		kit.Get("/setup", kit.FirstRun, "", h.setup),
		kit.Post("/setup", kit.FirstRun, "", h.install),
		kit.Get("/sign-in", kit.Open, "", h.signIn),
		kit.Post("/sign-in", kit.Open, "", h.startSession),
		kit.Post("/sign-out", kit.Member, "", h.signOut),
	}
}

// Package signin serves the pages for people who are not signed in: the set-up of a new installation,
// signing in with a second step, signing out, and setting a new password by a link.
//
// It calls the domain package account for the set-up, and package signin, through [kit.Site], for
// sessions. Package people serves invitations.
package signin

import (
	"latchkey/internal/account"
	"latchkey/internal/identity"
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

// Handlers serves the pages of the area.
type Handlers struct {
	site          *kit.Site
	organizations *account.Organizations
	hasher        signin.Hasher
	signIns       *signin.Service
	identity      *identity.Service
	setupCode     string // secret of the set-up link; never empty
	demo          *Demo  // accounts to offer on the sign-in page; nil outside the demonstration
}

// New returns the handlers of the area.
func New(site *kit.Site, organizations *account.Organizations, hasher signin.Hasher, signIns *signin.Service,
	providers *identity.Service, setupCode string, demo *Demo) *Handlers {
	return &Handlers{site: site, organizations: organizations, hasher: hasher, signIns: signIns, identity: providers,
		setupCode: setupCode, demo: demo}
}

// Pages returns the rows of the area.
func (h *Handlers) Pages() []kit.Page {
	return []kit.Page{
		kit.Get("/setup", kit.FirstRun, "", h.askCode),
		kit.Post(setupOpenPath, kit.FirstRun, "", h.setup),
		kit.Post("/setup", kit.FirstRun, "", h.install),
		kit.Get(kit.RecoverPath, kit.Open, "", h.askRecovery),
		kit.Post(recoverOpenPath, kit.Open, "", h.openRecovery),
		kit.Post(kit.RecoverPath, kit.Open, "", h.recover),
		kit.Get(forgotPath, kit.Open, "", h.askForgot),
		kit.Post(forgotPath, kit.Open, "", h.forgot),
		kit.Get("/sign-in", kit.Open, "", h.signIn),
		kit.Post("/sign-in", kit.Open, "", h.startSession),
		kit.Post(passkeyPath+kit.OptionsPath, kit.Open, "", h.passkeyOptions),
		kit.Post(passkeyPath, kit.Open, "", h.signInByPasskey),
		kit.Post(confirmPath+kit.OptionsPath, kit.Open, "", h.confirmOptions),
		kit.Get(confirmPath, kit.Open, "", h.askConfirm),
		kit.Post(confirmPath, kit.Open, "", h.confirm),
		kit.Post("/sign-out", kit.Enrolling, "", h.signOut),
	}
}

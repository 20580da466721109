// Package profile serves the page "Your Profile": the visitor's own account, sessions, access and
// personal access tokens.
//
// It calls the domain packages account, policy and signin. The section of tokens and its dialogs come
// from package token of the dashboard.
package profile

import (
	"slices"

	"latchkey/internal/account"
	"latchkey/internal/policy"
	"latchkey/internal/signin"
	"latchkey/web/ui/kit"
	tokenui "latchkey/web/ui/token"
)

// Handlers serves the pages of the area.
type Handlers struct {
	site       *kit.Site
	members    *account.Members
	policies   *policy.Service
	signIn     *signin.Service
	tokenPages *tokenui.Handlers
}

// New returns the handlers of the area.
func New(site *kit.Site, members *account.Members, policies *policy.Service, signIn *signin.Service,
	tokenPages *tokenui.Handlers) *Handlers {
	return &Handlers{site: site, members: members, policies: policies, signIn: signIn, tokenPages: tokenPages}
}

// Pages returns the rows of the area.
func (h *Handlers) Pages() []kit.Page {
	return slices.Concat([]kit.Page{
		kit.Get(kit.ProfilePath, kit.Member, "", h.profile),
	}, h.tokenPages.PersonalPages(kit.PersonalTokenPath, kit.ProfilePath, h.showTokens), []kit.Page{
		kit.Get(kit.ProfilePath+"/name", kit.Member, "", h.editName),
		kit.Post(kit.ProfilePath+"/name", kit.Member, "", h.saveName),
		kit.Get(kit.ProfilePath+"/time-zone", kit.Member, "", h.editZone),
		kit.Post(kit.ProfilePath+"/time-zone", kit.Member, "", h.saveZone),
		kit.Get(kit.ProfilePath+"/password", kit.Member, "", h.editPassword),
		kit.Post(kit.ProfilePath+"/password", kit.Member, "", h.savePassword),
		kit.Post(sessionsPath+"/end-others", kit.Member, "", h.endOtherSessions),
		kit.Post(sessionsPath+"/:id/end", kit.Member, "", h.endSession),
	})
}

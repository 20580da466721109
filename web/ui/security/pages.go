// Package security serves the pages about how people sign in: the visitor's page "Security", and the tab "Sign-in" of
// Access Management.
//
// It calls the domain package signin. The pages for people who are not signed in are in package signin of
// the dashboard.
package security

import (
	"latchkey/internal/access"
	"latchkey/internal/signin"
	"latchkey/web/ui/kit"
)

// Handlers serves the pages of the area.
type Handlers struct {
	site   *kit.Site
	signIn *signin.Service
}

// New returns the handlers of the area.
func New(site *kit.Site, signIn *signin.Service) *Handlers {
	return &Handlers{site: site, signIn: signIn}
}

// Pages returns the rows of the area.
func (h *Handlers) Pages() []kit.Page {
	return []kit.Page{
		kit.Get(kit.SecurityPath, kit.Enrolling, "", h.security),
		kit.Get(appPath+"/new", kit.Enrolling, "", h.newApp),
		kit.Post(appPath, kit.Enrolling, "", h.setUpApp),
		kit.Post(appPath+"/:id", kit.Enrolling, "", h.confirmApp),
		kit.Get(passkeyPath+"/new", kit.Enrolling, "", h.newPasskey),
		kit.Post(passkeyPath, kit.Enrolling, "", h.addPasskey),
		kit.Post(passkeyPath+"/:id"+kit.OptionsPath, kit.Enrolling, "", h.passkeyOptions),
		kit.Post(passkeyPath+"/:id", kit.Enrolling, "", h.confirmPasskey),
		kit.Get(renamePath, kit.Member, "", h.askRename),
		kit.Post(renamePath, kit.Member, "", h.rename),
		kit.Get(factorPath, kit.Member, "", h.askRemove),
		kit.Post(factorPath, kit.Member, "", h.remove),
		kit.Get(recoveryPath+"/new", kit.Member, "", h.askCodes),
		kit.Post(recoveryPath, kit.Member, "", h.newCodes),
		kit.Get(kit.SignInSettingsPath, kit.Member, access.ManageOrganization, h.settings),
		kit.Post(emailsPath, kit.Member, access.ManageOrganization, h.saveEmails),
		kit.Post(requirePath, kit.Member, access.ManageOrganization, h.saveRequire),
	}
}

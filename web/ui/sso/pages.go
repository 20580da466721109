// Package sso serves single sign-on: the pages where Admins set up identity providers and try them, and the way of
// people to a provider and back.
//
// It calls the domain package identity. The sign-in page, of area signin, links to the way.
package sso

import (
	"latchkey/internal/access"
	"latchkey/internal/identity"
	"latchkey/web/ui/kit"
)

// Handlers serves the pages of the area.
type Handlers struct {
	site     *kit.Site
	identity *identity.Service
}

// New returns the handlers of the area.
func New(site *kit.Site, service *identity.Service) *Handlers {
	return &Handlers{site: site, identity: service}
}

// maxLogout is enough for a logout token in a form, in bytes.
const maxLogout = 64 << 10

// maxAnswer is more than an answer of SAML may have, in bytes, so that one that is too large leaves an event.
const maxAnswer = 2 << 20

// Pages returns the rows of the area.
func (h *Handlers) Pages() []kit.Page {
	const one, way, across, manage = kit.ProviderPath + "/:id", "/sso/oidc/:id", "/sso/saml/:id", access.ManageOrganization
	answer := kit.Post(across+"/acs", kit.Open, "", h.answered)
	answer.Limit, answer.Across = maxAnswer, true
	logout := kit.Post(way+"/backchannel-logout", kit.Open, "", h.logout)
	logout.Limit = maxLogout
	return []kit.Page{
		kit.Get(kit.SSOPath, kit.Open, "", h.choose),
		kit.Get(way+"/start", kit.Open, "", h.start),
		kit.Get(way+"/callback", kit.Open, "", h.callback),
		logout,
		kit.Get(across+"/start", kit.Open, "", h.start),
		answer,
		kit.Get(across+"/finish", kit.Open, "", h.goOn),
		kit.Get(across+"/metadata", kit.Open, "", h.describe),
		kit.Get(kit.ProviderPath, kit.Member, manage, h.list),
		kit.Get(kit.ProviderPath+"/new", kit.Member, manage, h.newProvider),
		kit.Get(kit.ProviderPath+"/failure", kit.Member, manage, h.failure),
		kit.Post(kit.ProviderPath, kit.Member, manage, h.add),
		kit.Get(one, kit.Member, manage, h.provider),
		kit.Get(one+"/edit", kit.Member, manage, h.edit),
		kit.Post(one+"/edit", kit.Member, manage, h.save),
		kit.Get(one+"/groups", kit.Member, manage, h.editRules),
		kit.Post(one+"/groups", kit.Member, manage, h.saveRules),
		kit.Get(one+"/try", kit.Member, manage, h.try),
		kit.Post(one+"/enable", kit.Member, manage, h.enable),
		kit.Get(one+"/disable", kit.Member, manage, h.confirmDisable),
		kit.Post(one+"/disable", kit.Member, manage, h.disable),
		kit.Get(one+"/remove", kit.Member, manage, h.confirmRemove),
		kit.Post(one+"/remove", kit.Member, manage, h.remove),
		kit.Get(one+"/members/:member/unlink", kit.Member, manage, h.confirmUnlink),
		kit.Get(one+"/domains/:domain/require", kit.Member, manage, h.confirmRequire),
		kit.Post(one+"/domains/:domain/require", kit.Member, manage, h.require),
		kit.Get(one+"/domains/:domain/free", kit.Member, manage, h.confirmFree),
		kit.Post(one+"/domains/:domain/free", kit.Member, manage, h.free),
		kit.Post(one+"/members/:member/unlink", kit.Member, manage, h.unlink),
	}
}

// Package rule serves the tab "Token rules": what an organization requires of its tokens, what happens to those
// that break new rules, and from which addresses all tokens may be used.
//
// It calls the domain package token, and knows groups by their names.
package rule

import (
	"latchkey/internal/access"
	"latchkey/internal/account"
	"latchkey/internal/token"
	"latchkey/web/ui/kit"
)

// Handlers serves the pages of the area.
type Handlers struct {
	site   *kit.Site
	rules  *token.RuleBook
	tokens *token.Service
	groups *account.Groups
}

// New returns the handlers of the area.
func New(site *kit.Site, rules *token.RuleBook, tokens *token.Service, groups *account.Groups) *Handlers {
	return &Handlers{site: site, rules: rules, tokens: tokens, groups: groups}
}

// Pages returns the rows of the area.
func (h *Handlers) Pages() []kit.Page {
	const needs = access.ManageOrganization
	return []kit.Page{
		kit.Get(kit.RulePath, kit.Member, needs, h.show),
		kit.Post(kit.RulePath, kit.Member, needs, h.save),
		kit.Get(kit.RulePath+"/addresses", kit.Member, needs, h.editAddresses),
		kit.Post(kit.RulePath+"/addresses", kit.Member, needs, h.saveAddresses),
	}
}

// Package home serves the start page of the dashboard, and the way into "Access Management": it redirects
// to the first tab that the visitor may open, and shows other visitors their own access.
//
// It calls the domain package token for counts and package account for recent events. It changes nothing.
package home

import (
	"net/netip"

	"latchkey/internal/account"
	"latchkey/internal/token"
	auditui "latchkey/web/ui/audit"
	"latchkey/web/ui/kit"
)

// Handlers serves the pages of the area.
type Handlers struct {
	site          *kit.Site
	organizations *account.Organizations
	tokens        *token.Service
	log           *auditui.Handlers
	strangers     func() []netip.Addr
	damage        func() int
}

// New returns the handlers of the area. strangers returns who sent X-Forwarded-For lately without
// being a trusted proxy, and damage how much the latest check of the database found.
func New(site *kit.Site, organizations *account.Organizations, tokens *token.Service, log *auditui.Handlers,
	strangers func() []netip.Addr, damage func() int) *Handlers {
	return &Handlers{site: site, organizations: organizations, tokens: tokens, log: log, strangers: strangers, damage: damage}
}

// Pages returns the rows of the area.
func (h *Handlers) Pages() []kit.Page {
	return []kit.Page{
		kit.Get("/", kit.Member, "", h.home),
		kit.Get(kit.AccessManagementPath, kit.Member, "", h.accessManagement),
	}
}

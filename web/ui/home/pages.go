// Package home serves the start page of the dashboard, and the way into "Access Management": it redirects
// to the first tab that the visitor may open, and shows other visitors their own access.
//
// It calls the domain package token for counts and for tokens that need attention, package invitation for
// invitations that end, and package account for recent events and first steps. It changes nothing.
package home

import (
	"net/netip"

	"latchkey/internal/account"
	"latchkey/internal/invitation"
	"latchkey/internal/token"
	"latchkey/internal/warning"
	auditui "latchkey/web/ui/audit"
	"latchkey/web/ui/kit"
)

// Handlers serves the pages of the area.
type Handlers struct {
	site          *kit.Site
	organizations *account.Organizations
	tokens        *token.Service
	invitations   *invitation.Service
	log           *auditui.Handlers
	strangers     func() []netip.Addr
	damage        func() int
	warnings      *warning.Service
}

// New returns the handlers of the area. strangers returns who sent X-Forwarded-For lately without
// being a trusted proxy, and damage how much the latest check of the database found.
func New(site *kit.Site, organizations *account.Organizations, tokens *token.Service,
	invitations *invitation.Service, warnings *warning.Service, log *auditui.Handlers, strangers func() []netip.Addr,
	damage func() int) *Handlers {
	return &Handlers{site: site, organizations: organizations, tokens: tokens, invitations: invitations, warnings: warnings, log: log,
		strangers: strangers, damage: damage}
}

// Pages returns the rows of the area.
func (h *Handlers) Pages() []kit.Page {
	return []kit.Page{
		kit.Get("/", kit.Member, "", h.home),
		kit.Get(attentionPath, kit.Member, "", h.attention),
		kit.Get(kit.AccessManagementPath, kit.Member, "", h.accessManagement),
	}
}

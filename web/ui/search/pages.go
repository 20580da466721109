// Package search has the page "Search", over tokens, people, workspaces, pages and help, and the page
// "Help" with the keyboard shortcuts.
//
// It uses package account, which decides what a visitor finds. It changes nothing.
package search

import (
	"latchkey/internal/account"
	"latchkey/web/ui/kit"
)

// Handlers answers the requests of the area.
type Handlers struct {
	site  *kit.Site
	found *account.Search
}

// New returns the handlers of the area.
func New(site *kit.Site, found *account.Search) *Handlers { return &Handlers{site: site, found: found} }

// Pages returns the rows of the area.
func (h *Handlers) Pages() []kit.Page {
	return []kit.Page{
		kit.Get(kit.SearchPath, kit.Member, "", h.search),
		kit.Post(kit.SearchPath, kit.Member, "", h.ask),
		kit.Get(kit.HelpPath, kit.Member, "", h.help),
		kit.Get(kit.ShortcutPath, kit.Member, "", h.shortcuts),
	}
}

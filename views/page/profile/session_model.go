package profile

import "latchkey/views/component"

// Sessions is the section "Sessions".
type Sessions struct {
	Card component.CardModel
	List []SessionRow
	// EndOthersHref is where the form that ends all other sessions posts to. It is empty if there are none.
	EndOthersHref string
}

// SessionRow is one signed-in browser.
type SessionRow struct {
	Device   string // "Firefox on Linux"
	IP       string
	Current  bool
	Started  component.TimeModel
	LastSeen component.TimeModel
	EndHref  string // where the form that ends it posts to; empty for the current one
}

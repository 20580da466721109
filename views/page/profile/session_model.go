package profile

import "latchkey/views/component"

// Sessions is the section "Sessions".
type Sessions struct {
	Card component.CardModel
	List []SessionRow
	// EndOthersHref takes the form that signs out everywhere else; empty when there is nothing else.
	EndOthersHref string
}

// SessionRow is one signed-in browser.
type SessionRow struct {
	Device   string // "Firefox on Linux"
	IP       string
	Current  bool
	Started  component.TimeModel
	LastSeen component.TimeModel
	EndHref  string // the form that signs it out posts here; empty for the current one
}

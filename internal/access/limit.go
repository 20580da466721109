package access

import (
	"fmt"

	"latchkey/internal/fault"
)

// What an organization may have at most, whatever its plan. The limits keep pages, backups and
// memory in bounds when a script runs wild or an account was taken over. What exists beyond a
// limit, because it was imported or the limit was lowered, stays.
const (
	MaxWorkspaces = 500
	MaxGroups     = 5_000
	MaxAPIClients = 100
	MaxWebhooks   = 20
	MaxPresets    = 50
	MaxProviders  = 20 // identity providers
	// DefaultPersonalTokens is how many personal access tokens a member may have, unless the
	// operator says otherwise.
	DefaultPersonalTokens = 100
	// MaxPersonalTokens is the most that the operator may say.
	MaxPersonalTokens = 10_000
)

// Room returns an error of kind Denied with the cause [fault.ErrFull] if have is as many as the
// limit allows, and otherwise nil. who has them ("An organization"), and things names them
// ("workspaces").
func Room(have, limit int, who, things string) error {
	if have < limit {
		return nil
	}
	return fault.NewFull(fmt.Sprintf("%s can have at most %d %s. Delete those that are no longer needed.", who, limit, things))
}

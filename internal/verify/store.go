package verify

import (
	"context"
	"time"

	"latchkey/internal/access"
	"latchkey/internal/account"
	"latchkey/internal/policy"
	"latchkey/internal/token"
)

// Store is the database as verification needs it.
type Store interface {
	// LiveTokens calls each for every token of a part that is not deleted, including expired
	// ones. Each is as of some moment since it began; those that were made since may be left out. It
	// returns the first error of each, which ends it.
	LiveTokens(ctx context.Context, p Part, each func(Record) error) error
	// TokenRecords returns the tokens with these ids in any order, including deleted ones, once for
	// each secret that they have or had. It leaves out unknown ids.
	TokenRecords(ctx context.Context, ids []string) ([]Record, error)
	// RecordOfDigest returns the token with this digest of its secret, including a deleted one.
	// The error is NotFound if there never was one.
	RecordOfDigest(ctx context.Context, digest [32]byte) (Record, error)
	// SaveSecretUses saves uses of secrets while two of a token work.
	SaveSecretUses(ctx context.Context, uses []SecretUse) error
	// UseSecret notes the first use of a secret that is Fresh. The error is NotFound if the secret
	// was replaced or ended meanwhile.
	UseSecret(ctx context.Context, digest [32]byte) error
	// TokenStanding returns what decides about the tokens of a holder, as of one moment. The
	// error is NotFound if the member, the workspace or the organization was deleted.
	TokenStanding(ctx context.Context, h Holder) (Standing, error)
	// GroupMembers returns the ids of a group's members; none for an unknown group.
	GroupMembers(ctx context.Context, group string) ([]string, error)
	// SaveUses saves when and from where tokens were last used, and adds how often to the counts of
	// the day, in one transaction. It reads what
	// is stored for the tokens, calls merge with it and stores what merge returns. stored has no
	// tokens that were never accepted. No other process saves in between. merge may be called again.
	// A later use that is already stored is not replaced.
	SaveUses(ctx context.Context, tokens []string, merge func(stored map[string]Use) []Use) error
}

// Part is one of several parts of all tokens, which are about the same size. Each token is in
// exactly one.
type Part struct {
	Number int // from 0
	Of     int // how many there are, at least 1
}

// Record is a token as the database has it, with the digest of its secret. Times are UTC in
// whole milliseconds; zero means none.
type Record struct {
	ID           string
	Organization string
	Kind         token.Kind
	Name         string
	Hint         string
	Digest       [32]byte
	Owner        string // id of the member, of a personal token
	Workspace    string // id; empty for an organization token
	Scope        access.Scope
	Policy       string // own policy of a workspace token, as canonical JSON
	Legacy       bool
	Suspended    bool // by somebody, not with its owner
	CreatedAt    time.Time
	ExpiresAt    time.Time // of the secret or the token, whichever is earlier
	Deleted      bool
	Addresses    string // from which it may be used, as [actor.Ranges] writes them; "" for any

	// What follows is set for the secrets of tokens that were rotated.
	Previous   bool      // another secret has replaced this one
	Ended      bool      // and somebody has ended it before its end
	Fresh      bool      // it was never used: its first use must be noted before it is accepted
	WatchUntil time.Time // up to which two secrets of the token work, and their uses are counted apart
}

// Holder is what tokens with the same rights have in common. It is shared by all personal tokens
// of one member in one workspace with one scope, all workspace tokens of one workspace with the
// same policy, and all organization tokens. Tokens that are suspended, and tokens with the same allowed
// addresses, have holders of their own, so that the tokens of the others are not asked about that.
type Holder struct {
	Kind         token.Kind
	Organization string
	Owner        string
	Workspace    string
	Scope        access.Scope
	Policy       string
	Suspended    bool
	Addresses    string // see [Record]
}

// Holder returns what the token shares with other tokens of the same rights.
func (r Record) Holder() Holder {
	h := Holder{Kind: r.Kind, Organization: r.Organization, Suspended: r.Suspended, Addresses: r.Addresses}
	switch r.Kind {
	case token.Personal:
		h.Owner, h.Workspace, h.Scope = r.Owner, r.Workspace, r.Scope
	case token.Workspace:
		h.Workspace, h.Policy = r.Workspace, r.Policy
	case token.Organization:
	}
	return h
}

// Standing is what the database says about a holder.
type Standing struct {
	Organization string // name
	Addresses    string // from which tokens of the organization may be used, as [actor.Ranges] writes them; "" for any
	Workspace    string // name
	Owner        string // name; this and the next three only for personal tokens
	Email        string
	Role         access.Role
	Status       account.Status
	// Layers are the policies that apply in the workspace, in the order in which a reason
	// names them. A personal token has the baseline, those of its owner's groups and its
	// owner's; a workspace token has the baseline.
	Layers []Layer
}

// Layer is a stored policy.
type Layer struct {
	Kind  policy.Kind
	Group string // id, of a group's policy
	Name  string // of the group
	Body  string // canonical JSON
}

// Use is when and from where a token was last used.
type Use struct {
	Token string      // id
	At    time.Time   // zero if it was never accepted
	From  []token.Use // the latest addresses, newest first, at most MaxAddresses; may be empty

	// What is new since the last time; not set in what is stored.
	Organization string
	Owner        string // of a personal token
	Requests     int    // that came with the token
	Refusals     int    // those of them that were refused
}

// MaxAddresses is the number of distinct addresses that are kept per token.
const MaxAddresses = 5

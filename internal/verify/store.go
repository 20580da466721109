package verify

import (
	"context"
	"time"

	"latchkey/internal/access"
	"latchkey/internal/account"
	"latchkey/internal/policy"
	"latchkey/internal/token"
)

// Store is what verification needs of the database.
type Store interface {
	// LiveTokens calls each for every token of a part that is not deleted, expired ones
	// included, as of one moment. It ends with the first error of each.
	LiveTokens(ctx context.Context, p Part, each func(Record) error) error
	// TokenRecords returns the tokens with these ids, deleted ones included, in any order;
	// unknown ids are left out.
	TokenRecords(ctx context.Context, ids []string) ([]Record, error)
	// RecordOfDigest returns the token with this digest of its secret, deleted or not;
	// NotFound when there never was one.
	RecordOfDigest(ctx context.Context, digest [32]byte) (Record, error)
	// TokenStanding reads, as of one moment, what decides about the tokens of a holder;
	// NotFound when the member, the workspace or the organization is gone.
	TokenStanding(ctx context.Context, h Holder) (Standing, error)
	// GroupMembers lists the ids of a group's members; none for an unknown group.
	GroupMembers(ctx context.Context, group string) ([]string, error)
	// SaveUses saves when tokens were used last and from where, in one transaction. It reads
	// what is stored for the tokens, calls merge with it by token, without tokens that were
	// never used, and stores what merge returns. No other process saves in between. merge
	// may be called again. A later use that is stored already stays.
	SaveUses(ctx context.Context, tokens []string, merge func(stored map[string]Use) []Use) error
}

// Part is one of several parts of all tokens, of about the same size. Each token is in
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
	Owner        string // personal: the member's id
	Workspace    string // personal, workspace
	Scope        access.Scope
	Policy       string // workspace: its own policy as canonical JSON
	Legacy       bool
	CreatedAt    time.Time
	ExpiresAt    time.Time
	Deleted      bool
}

// Holder is what tokens with the same rights have in common: all personal tokens of one
// member in one workspace with one scope, all workspace tokens of one workspace with the
// same policy, all organization tokens.
type Holder struct {
	Kind         token.Kind
	Organization string
	Owner        string
	Workspace    string
	Scope        access.Scope
	Policy       string
}

// Holder returns what the token shares with others of the same rights.
func (r Record) Holder() Holder {
	h := Holder{Kind: r.Kind, Organization: r.Organization}
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

// Use is when a token was used last and from where.
type Use struct {
	Token string // id
	At    time.Time
	From  []token.Use // the latest addresses, newest first, at most MaxAddresses; may be empty
}

// MaxAddresses is the number of distinct addresses that are kept per token.
const MaxAddresses = 5

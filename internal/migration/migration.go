// Package migration brings an organization over from a role-based system: an export is
// read into a staging area, mirrored, looked at, changed where that is wanted, and
// deployed in one transaction.
//
// Nothing in the staging area bears on live access: it lives in tables of its own, which
// nobody asks about what a member or a token may do. What roles are as policies is decided
// in package legacy; this package compares with what exists, keeps what an Admin decides,
// and carries it out. It reads no files and prints nothing.
package migration

import (
	"time"

	"latchkey/internal/access"
	"latchkey/internal/account"
	"latchkey/internal/legacy"
)

// State is how far a migration has come.
type State string

// The states, in their order. Resetting the staging area removes a migration in any state
// but the last.
const (
	Reading  State = "reading"  // its file is being read, or reading broke off
	Uploaded State = "uploaded" // it waits for a strategy
	Staged   State = "staged"   // policies are mirrored: the preview
	Deployed State = "deployed"
)

// Strategy is what an import makes of roles.
type Strategy string

// The strategies.
const (
	WithPolicies Strategy = "with-policies" // mirror roles, locks and privacy lists
	Fresh        Strategy = "fresh"         // members only view; service tokens keep what they have
)

// Label is the strategy's name on pages.
func (s Strategy) Label() string {
	switch s {
	case WithPolicies:
		return "Import members with policies"
	case Fresh:
		return "Import members"
	}
	return ""
}

// Migration is one file on its way. Times are UTC; the zero time means not yet.
type Migration struct {
	ID             string
	Organization   string
	State          State
	Strategy       Strategy
	FileName       string
	Digest         string // of the file: SHA-256 in hexadecimal
	Source         legacy.Organization
	Summary        legacy.Summary
	CreatedAt      time.Time
	CreatedBy      string
	CreatedByName  string
	DeployedAt     time.Time
	DeployedByName string
	Report         string // [Report] as JSON, once deployed
}

// Kind is what an item of a staging area is.
type Kind string

// The kinds, in the order of an export.
const (
	Workspaces     Kind = "workspace"
	Resources      Kind = "resource"
	Members        Kind = "member"
	Groups         Kind = "group"
	PersonalTokens Kind = "personal_token"
	ServiceTokens  Kind = "service_token"
)

// Kinds lists the kinds.
func Kinds() []Kind {
	return []Kind{Workspaces, Resources, Members, Groups, PersonalTokens, ServiceTokens}
}

// Rank says how much an item wants to be looked at; lists begin with the highest.
type Rank int

// The ranks.
const (
	Quiet   Rank = iota
	Watch        // something is worth a look
	Warning      // somebody or something gets less than before
	Clash        // a conflict that waits for a choice
)

// Conflict is what an item clashes with.
type Conflict string

// The conflicts; "" is none.
const (
	SameName     Conflict = "name"          // a workspace of this name exists
	SameEmail    Conflict = "email"         // a member has this address
	Removed      Conflict = "removed"       // imported before, and removed here since
	SameGroup    Conflict = "group"         // a group of this name exists
	ManagedGroup Conflict = "managed-group" // the same, and an identity provider manages its members
	SameDigest   Conflict = "digest"        // a token with this secret exists, or was revoked here
)

// Choice is how a conflict is resolved.
type Choice string

// The choices; "" is none yet.
const (
	Use      Choice = "use"       // SameName, SameGroup: what is imported goes into the existing one
	Anew     Choice = "new"       // SameName, SameGroup: one of another name; Removed: the member comes back
	Keep     Choice = "keep"      // SameEmail: role and policies stay; the tokens come
	Add      Choice = "add"       // SameEmail: what is imported comes on top
	Replace  Choice = "replace"   // SameEmail: role and the policies in imported workspaces are replaced
	LeaveOut Choice = "leave-out" // Removed, SameGroup, SameDigest: it is not imported
)

// Choices lists how the conflict may be resolved.
func (c Conflict) Choices() []Choice {
	switch c {
	case SameName:
		return []Choice{Use, Anew}
	case SameEmail:
		return []Choice{Keep, Add, Replace}
	case Removed:
		return []Choice{LeaveOut, Anew}
	case SameGroup:
		return []Choice{Use, Anew, LeaveOut}
	case ManagedGroup:
		return []Choice{Anew, LeaveOut}
	case SameDigest:
		return []Choice{LeaveOut}
	}
	return nil
}

// Conflicts lists the conflicts.
func Conflicts() []Conflict {
	return []Conflict{SameName, SameEmail, Removed, SameGroup, ManagedGroup, SameDigest}
}

// Item is one element of an export in the staging area.
type Item struct {
	Seq      int64 // its place in the file: 1, 2, 3 …
	Kind     Kind
	Ref      string // its id in the old system
	Name     string
	Detail   string // a second line: an address, a type
	Rank     Rank
	Conflict Conflict
	Choice   Choice
	Known    bool   // imported before and still here: nothing happens to it
	Local    string // the id that it has or will have here
	Digest   []byte // tokens: SHA-256 of the secret
	Body     string // the element of package legacy as JSON
	After    After
}

// After is what deploying makes of an item.
type After struct {
	Role     access.Role   `json:"role,omitempty"`    // members
	Joins    int           `json:"joins,omitempty"`   // groups: how many members it gets
	NoRoom   bool          `json:"no_room,omitempty"` // groups: the plan has no room for it
	Here     string        `json:"here,omitempty"`    // of what is here and bears on it, in short: see stage.versions
	Policies []Policy      `json:"policies,omitempty"`
	Notes    []legacy.Note `json:"notes,omitempty"`
}

// Policy is a staged policy: of a member or a group in a workspace, or of a service token.
type Policy struct {
	Workspace string        `json:"workspace"` // id in the old system
	Before    string        `json:"before"`    // the role there, in words
	Body      access.Policy `json:"body"`
	Edited    bool          `json:"edited,omitempty"` // an Admin changed it in the staging area
	Notes     []legacy.Note `json:"notes,omitempty"`
}

// LeftOut reports whether deploying does nothing for the item.
func (i Item) LeftOut() bool { return i.Known || i.Choice == LeaveOut || i.After.NoRoom }

// Stays reports whether it is a member who is here and keeps role and policies as they are.
func (i Item) Stays() bool { return i.Conflict == SameEmail && i.Choice == Keep }

// Open reports whether the item has a conflict that waits for a choice.
func (i Item) Open() bool { return i.Conflict != "" && i.Choice == "" }

// Edited reports whether an Admin changed one of its policies.
func (i Item) Edited() bool {
	for _, p := range i.After.Policies {
		if p.Edited {
			return true
		}
	}
	return false
}

// rank is how much the item wants to be looked at.
func (i Item) rank() Rank {
	if i.Open() {
		return Clash
	}
	rank := Quiet
	if i.Stays() {
		return rank // what the file gives means nothing
	}
	look := func(notes []legacy.Note) {
		for _, n := range notes {
			if n.Effect == legacy.Less {
				rank = max(rank, Warning)
			}
			rank = max(rank, Watch)
		}
	}
	look(i.After.Notes)
	for _, p := range i.After.Policies {
		look(p.Notes)
	}
	return rank
}

// Query selects a page of items: those with the highest rank first, then in the order of the file.
type Query struct {
	Kind   Kind
	Search string // part of the name or the detail, in any letter case
	Open   bool   // only what has a conflict without a choice
	Notes  bool   // only what has something to look at
	Offset int
	Limit  int
}

// Tally counts items of a kind that are alike.
type Tally struct {
	Kind     Kind
	Rank     Rank
	Known    bool
	Conflict Conflict
	Choice   Choice
	Count    int
}

// Present is a member as the comparison needs it.
type Present struct {
	ID     string
	Email  string
	Role   access.Role
	Status account.Status
}

// Held is a token that has a digest already.
type Held struct {
	ID      string
	Deleted bool
}

// Located is where a resource is.
type Located struct {
	ID        string
	Workspace string
	Type      string
}

// Link remembers what an element of the old system became here.
type Link struct {
	Kind  Kind
	Ref   string
	Local string
}

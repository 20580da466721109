// Package migration imports an organization from a role-based system. It reads an export into a
// staging area and converts its roles; Admins review and edit the result, and deploy it in one
// transaction.
//
// Nothing in the staging area affects live access: it has its own tables, which authorization
// does not read. Package legacy converts roles to policies; this package compares the import
// with existing data, stores the Admins' decisions, and deploys. It opens no files and prints
// nothing.
package migration

import (
	"time"

	"latchkey/internal/access"
	"latchkey/internal/account"
	"latchkey/internal/legacy"
)

// State is the state of a migration.
type State string

// The states, in order. Resetting the staging area removes a migration in any state but the
// last.
const (
	Reading  State = "reading"  // the file is being read, or reading was interrupted
	Uploaded State = "uploaded" // a strategy is needed
	Staged   State = "staged"   // roles are converted and can be reviewed
	Deployed State = "deployed"
)

// Strategy is how an import converts roles.
type Strategy string

// The strategies.
const (
	WithPolicies Strategy = "with-policies" // convert roles, locks and privacy lists
	Fresh        Strategy = "fresh"         // members get view only; service tokens keep their permissions
)

// Label returns the name of the strategy on pages.
func (s Strategy) Label() string {
	switch s {
	case WithPolicies:
		return "Import members with policies"
	case Fresh:
		return "Import members"
	}
	return ""
}

// Migration is the import of one file. Times are UTC; the zero time means not yet.
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

// Kind is the kind of a staged item.
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

// Kinds returns the kinds in the order of an export.
func Kinds() []Kind {
	return []Kind{Workspaces, Resources, Members, Groups, PersonalTokens, ServiceTokens}
}

// Rank is how urgently an item needs review. Lists begin with the highest rank.
type Rank int

// The ranks.
const (
	Quiet      Rank = iota
	Watch           // needs review
	Warning         // gets less access than before
	Unresolved      // has an open conflict
)

// Conflict is the kind of conflict that an item has.
type Conflict string

// The conflicts; "" is none.
const (
	SameName     Conflict = "name"          // a workspace of this name exists
	SameEmail    Conflict = "email"         // a member has this address
	Removed      Conflict = "removed"       // imported before, and removed since
	SameGroup    Conflict = "group"         // a group of this name exists
	ManagedGroup Conflict = "managed-group" // the same, and an identity provider manages its members
	SameDigest   Conflict = "digest"        // a token with this secret exists, or was revoked
)

// Choice is how a conflict is resolved.
type Choice string

// The choices; "" is none yet.
const (
	Use      Choice = "use"       // SameName, SameGroup: import into the existing one
	AsNew    Choice = "new"       // SameName, SameGroup: create one with another name; Removed: restore the member
	Keep     Choice = "keep"      // SameEmail: role and policies stay; tokens are imported
	Add      Choice = "add"       // SameEmail: the import is added
	Replace  Choice = "replace"   // SameEmail: role and the policies in imported workspaces are replaced
	LeaveOut Choice = "leave-out" // Removed, SameGroup, SameDigest: it is not imported
)

// Choices returns the choices that can resolve the conflict.
func (c Conflict) Choices() []Choice {
	switch c {
	case SameName:
		return []Choice{Use, AsNew}
	case SameEmail:
		return []Choice{Keep, Add, Replace}
	case Removed:
		return []Choice{LeaveOut, AsNew}
	case SameGroup:
		return []Choice{Use, AsNew, LeaveOut}
	case ManagedGroup:
		return []Choice{AsNew, LeaveOut}
	case SameDigest:
		return []Choice{LeaveOut}
	}
	return nil
}

// Conflicts returns all kinds of conflicts.
func Conflicts() []Conflict {
	return []Conflict{SameName, SameEmail, Removed, SameGroup, ManagedGroup, SameDigest}
}

// Item is one element of an export in the staging area.
type Item struct {
	Seq      int64 // position in the file: 1, 2, 3 …
	Kind     Kind
	Ref      string // its id in the old system
	Name     string
	Detail   string // a second line: an address, a type
	Rank     Rank
	Conflict Conflict
	Choice   Choice
	Imported bool   // imported before and still exists: nothing happens to it
	Local    string // the id that it has or will have in Latchkey
	Digest   []byte // tokens: SHA-256 of the secret
	Body     string // the element of package legacy as JSON
	After    After
}

// After is the result of deploying an item.
type After struct {
	Role     access.Role   `json:"role,omitempty"`    // members
	Joins    int           `json:"joins,omitempty"`   // groups: number of members that join
	NoRoom   bool          `json:"no_room,omitempty"` // groups: the plan has no room for it
	Here     string        `json:"here,omitempty"`    // versions of existing data that affect it: see versions
	Policies []Policy      `json:"policies,omitempty"`
	Notes    []legacy.Note `json:"notes,omitempty"`
}

// Policy is a staged policy of a member or a group in a workspace, or of a service token.
type Policy struct {
	Workspace string        `json:"workspace"` // id in the old system
	Before    string        `json:"before"`    // the role there, in words
	Body      access.Policy `json:"body"`
	Edited    bool          `json:"edited,omitempty"` // an Admin changed it in the staging area
	Notes     []legacy.Note `json:"notes,omitempty"`
}

// LeftOut reports whether deploying does nothing for the item.
func (i Item) LeftOut() bool { return i.Imported || i.Choice == LeaveOut || i.After.NoRoom }

// Stays reports whether the item is an existing member who keeps role and policies.
func (i Item) Stays() bool { return i.Conflict == SameEmail && i.Choice == Keep }

// Open reports whether the item has a conflict without a choice.
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

// rank returns how urgently the item needs review.
func (i Item) rank() Rank {
	if i.Open() {
		return Unresolved
	}
	rank := Quiet
	if i.Stays() {
		return rank // the access in the file has no effect
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
	Open   bool   // only items with an open conflict
	Notes  bool   // only items with notes
	Offset int
	Limit  int
}

// Tally counts the items of a kind that have the same properties.
type Tally struct {
	Kind     Kind
	Rank     Rank
	Imported bool
	Conflict Conflict
	Choice   Choice
	Count    int
}

// Present is an existing member, as the comparison needs it.
type Present struct {
	ID     string
	Email  string
	Role   access.Role
	Status account.Status
}

// Held is an existing token with a given digest.
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

// Link records what an element of the old system became in Latchkey.
type Link struct {
	Kind  Kind
	Ref   string
	Local string
}

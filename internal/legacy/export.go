package legacy

import (
	"time"

	"latchkey/internal/access"
)

// The values of the first members of every export.
const (
	Format  = "latchkey-legacy-export"
	Version = 1
)

// Role is the role of a member or a service token in one workspace.
type Role string

// The roles. The last two are the oldest.
const (
	ConnectionsAdmin  Role = "connections_admin"
	ConnectionsEditor Role = "connections_editor"
	ConnectionsViewer Role = "connections_viewer"
	ReadOnly          Role = "read_only"
	ReadWrite         Role = "read_write"
)

// Roles returns every role, the most powerful first.
func Roles() []Role {
	return []Role{ReadWrite, ConnectionsAdmin, ConnectionsEditor, ConnectionsViewer, ReadOnly}
}

// Label returns the name of the role for people.
func (r Role) Label() string {
	switch r {
	case ConnectionsAdmin:
		return "Connections Admin"
	case ConnectionsEditor:
		return "Connections Editor"
	case ConnectionsViewer:
		return "Connections Viewer"
	case ReadOnly:
		return "Read-only"
	case ReadWrite:
		return "Read-write"
	}
	return string(r)
}

// oldest reports whether the role is older than the switch "Grant edit access".
func (r Role) oldest() bool { return r == ReadOnly || r == ReadWrite }

// Organization is the exported organization.
type Organization struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// Subjects are members and service tokens, by id.
type Subjects struct {
	Members []string `json:"members,omitempty"`
	Tokens  []string `json:"tokens,omitempty"`
}

// Workspace is an isolated environment. Privacy is its Data Privacy list: who can see personal
// data there.
type Workspace struct {
	ID          string   `json:"id"`
	Name        string   `json:"name"`
	Environment string   `json:"environment"` // PRODUCTION or DEVELOPMENT
	Region      string   `json:"region"`      // US or EU
	Privacy     Subjects `json:"privacy"`
}

// Resource is a resource in a workspace. If it has a lock, only the subjects in the lock can
// change it.
type Resource struct {
	ID         string    `json:"id"`
	Workspace  string    `json:"workspace"`
	Type       string    `json:"type"` // of the permission catalogue
	Name       string    `json:"name"`
	Definition string    `json:"definition,omitempty"` // what it is an instance of: "POSTGRES"
	Lock       *Subjects `json:"lock,omitempty"`
}

// Grant is a role in a workspace.
type Grant struct {
	Workspace  string `json:"workspace"`
	Role       Role   `json:"role"`
	EditAccess bool   `json:"editAccess,omitempty"` // "Grant edit access": transformations and libraries
}

// Member is a person. An Admin needs no grants.
type Member struct {
	ID     string  `json:"id"`
	Email  string  `json:"email"` // lower case
	Name   string  `json:"name"`
	Admin  bool    `json:"admin,omitempty"`
	Active bool    `json:"active"`
	Grants []Grant `json:"grants,omitempty"`
}

// Group is a list of members. In the old system it granted nothing, so its policy in each of
// its workspaces is empty at first.
type Group struct {
	ID          string   `json:"id"`
	Name        string   `json:"name"`
	Description string   `json:"description,omitempty"`
	Members     []string `json:"members,omitempty"`
	Workspaces  []string `json:"workspaces,omitempty"` // to link it to
}

// Secret describes a token's value. The zero time means never.
type Secret struct {
	Digest    [32]byte  `json:"-"`    // SHA-256
	Hint      string    `json:"hint"` // for display in lists
	CreatedAt time.Time `json:"createdAt"`
	ExpiresAt time.Time `json:"expiresAt,omitzero"`
}

// PersonalToken belongs to a member, in one workspace.
type PersonalToken struct {
	ID        string       `json:"id"`
	Name      string       `json:"name"`
	Owner     string       `json:"owner"`
	Workspace string       `json:"workspace"`
	Scope     access.Scope `json:"scope"`
	Secret    Secret       `json:"secret"`
}

// ServiceToken belongs to a workspace, with a role there, or to the organization, with a zero
// Grant.
type ServiceToken struct {
	ID     string `json:"id"`
	Name   string `json:"name"`
	Grant  Grant  `json:"grant"`
	Secret Secret `json:"secret"`
}

// Sink receives the elements in the order of the sections. An error from it ends the reading.
// Elements with problems are not passed to it.
type Sink interface {
	Organization(Organization) error
	Workspace(Workspace) error
	Resource(Resource) error
	Member(Member) error
	Group(Group) error
	PersonalToken(PersonalToken) error
	ServiceToken(ServiceToken) error
}

// Counts holds the numbers of elements in an export.
type Counts struct {
	Workspaces     int `json:"workspaces"`
	Resources      int `json:"resources"`
	Locks          int `json:"locks"`
	Private        int `json:"private"` // members and service tokens on Data Privacy lists
	Members        int `json:"members"`
	Admins         int `json:"admins"`
	Groups         int `json:"groups"`
	PersonalTokens int `json:"personalTokens"`
	ServiceTokens  int `json:"serviceTokens"`
}

// Warning is a flaw in an export that does not prevent the import.
type Warning struct {
	Path    string `json:"path"` // "members[3].nickname"
	Message string `json:"message"`
}

// Summary describes a whole export.
type Summary struct {
	Counts   Counts    `json:"counts"`
	Warnings []Warning `json:"warnings"` // the first warnings
	More     int       `json:"more"`     // number of further warnings
}

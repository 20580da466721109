package legacy

import (
	"time"

	"latchkey/internal/access"
)

// The first members of every export.
const (
	Format  = "latchkey-legacy-export"
	Version = 1
)

// Role is what a member or a service token was in one workspace.
type Role string

// The roles. The last two are of the oldest kind.
const (
	ConnectionsAdmin  Role = "connections_admin"
	ConnectionsEditor Role = "connections_editor"
	ConnectionsViewer Role = "connections_viewer"
	ReadOnly          Role = "read_only"
	ReadWrite         Role = "read_write"
)

// Roles lists every role, the most powerful first.
func Roles() []Role {
	return []Role{ReadWrite, ConnectionsAdmin, ConnectionsEditor, ConnectionsViewer, ReadOnly}
}

// Label names the role for people.
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

// oldest reports whether the role is from before "Grant edit access".
func (r Role) oldest() bool { return r == ReadOnly || r == ReadWrite }

// Organization is whose export it is.
type Organization struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// Subjects are members and service tokens, by id.
type Subjects struct {
	Members []string `json:"members,omitempty"`
	Tokens  []string `json:"tokens,omitempty"`
}

// Workspace is an isolated environment. Privacy is its Data Privacy list: who may see
// personal data there.
type Workspace struct {
	ID          string   `json:"id"`
	Name        string   `json:"name"`
	Environment string   `json:"environment"` // PRODUCTION or DEVELOPMENT
	Region      string   `json:"region"`      // US or EU
	Privacy     Subjects `json:"privacy"`
}

// Resource is something in a workspace. With a lock, only those that it names may change it.
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

// Group is a list of members. In the old system it gave no rights, so here its policy in
// each of its workspaces begins empty.
type Group struct {
	ID          string   `json:"id"`
	Name        string   `json:"name"`
	Description string   `json:"description,omitempty"`
	Members     []string `json:"members,omitempty"`
	Workspaces  []string `json:"workspaces,omitempty"` // that it is to be linked to
}

// Secret is what an export says about a token's value. The zero time means never.
type Secret struct {
	Digest    [32]byte  `json:"-"`    // SHA-256
	Hint      string    `json:"hint"` // what lists may show
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

// ServiceToken belongs to a workspace, with a role there, or to the organization: then
// Grant is zero.
type ServiceToken struct {
	ID     string `json:"id"`
	Name   string `json:"name"`
	Grant  Grant  `json:"grant"`
	Secret Secret `json:"secret"`
}

// Sink takes what is read, in the order of the sections. An error of it ends the reading.
// What has problems is not handed over.
type Sink interface {
	Organization(Organization) error
	Workspace(Workspace) error
	Resource(Resource) error
	Member(Member) error
	Group(Group) error
	PersonalToken(PersonalToken) error
	ServiceToken(ServiceToken) error
}

// Counts is how much an export holds.
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

// Warning is something in an export that is not as it should be, and was read anyway.
type Warning struct {
	Path    string `json:"path"` // "members[3].nickname"
	Message string `json:"message"`
}

// Summary is what a whole export holds.
type Summary struct {
	Counts   Counts    `json:"counts"`
	Warnings []Warning `json:"warnings"` // the first of them
	More     int       `json:"more"`     // warnings beyond those
}

// Package layout renders the frame of every page: Base for visitors who are not signed in, App for
// members.
//
// The models carry texts that are ready to show. The package does not format dates, check
// permissions or load data: a navigation entry that the reader may not open must not be in the
// model.
package layout

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/a-h/templ"

	"latchkey/views/component"
)

// Page is the model of Base.
type Page struct {
	Title string // the page's h1 and, with the product's name, its <title>
	Intro string // one sentence under the h1
	Wide  bool   // a wider card: the setup form
	Flash []component.NoticeModel
}

// Shell is the model of App. The children of App have the h1 (component.PageHeader).
type Shell struct {
	Title     string // "Personal Access Tokens"
	User      User
	Nav       []NavItem
	Workspace *Switcher // nil: no switcher
	Flash     []component.NoticeModel
	Above     templ.Component // an open dialog or nil
}

// User is the signed-in person.
type User struct {
	Name  string
	Email string
	Role  string // "Admin", "Member"
}

// NavItem is a link of the navigation or, with Children, a titled group.
type NavItem struct {
	Label    string
	Href     string
	Icon     string // a name that component.Icon knows
	Current  bool
	Children []NavItem
}

// Switcher links to the other workspaces.
type Switcher struct {
	Current string // name of the current workspace; empty: "All workspaces"
	Items   []SwitcherItem
}

// SwitcherItem is one workspace.
type SwitcherItem struct {
	Label   string
	Note    string // "Production"
	Href    string
	Current bool
}

// Bare is a page with a heading and one component.
type Bare struct {
	Shell  Shell
	Header component.PageHeaderModel
	Below  templ.Component
}

// documentTitle returns the text of <title>.
func documentTitle(title string) string {
	if title == "" {
		return "Latchkey"
	}
	return title + " · Latchkey"
}

func orElse(s, fallback string) string {
	if s == "" {
		return fallback
	}
	return s
}

// displayName returns the name or, if it is empty, the email address.
func (u User) displayName() string {
	return orElse(u.Name, u.Email)
}

// Initials returns one or two letters for the avatar.
func (u User) Initials() string {
	words := strings.FieldsFunc(u.displayName(), func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r)
	})
	if len(words) == 0 {
		return "?"
	}
	first, _ := utf8.DecodeRuneInString(words[0])
	if u.Name == "" || len(words) == 1 {
		return string(unicode.ToUpper(first))
	}
	last, _ := utf8.DecodeRuneInString(words[len(words)-1])
	return string(unicode.ToUpper(first)) + string(unicode.ToUpper(last))
}

func (s Switcher) label() string {
	return orElse(s.Current, "All workspaces")
}

// Tabbed is the frame of a page that is one of several tabs.
type Tabbed struct {
	Shell  Shell
	Header component.PageHeaderModel
	Tabs   component.TabsModel
}

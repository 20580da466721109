// Package layout frames every page: Base for people who are not signed in, App for those who are.
//
// The models carry texts that are ready to show. The package formats no dates, decides
// nothing about rights (a navigation item that is not the reader's must not be in the
// model) and loads nothing.
package layout

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/a-h/templ"

	"latchkey/views/component"
)

// Page is what Base shows around its children.
type Page struct {
	Title string // the page's h1 and, with the product's name, its <title>
	Intro string // one sentence under the h1
	Wide  bool   // a wider card: the setup form
	Flash []component.NoticeModel
}

// Shell is what App shows around its children, which bring the h1 (component.PageHeader).
type Shell struct {
	Title       string // "Personal Access Tokens"
	User        User
	Nav         []NavItem
	Workspace   *Switcher // nil: no switcher
	Flash       []component.NoticeModel
	Above       templ.Component // an open dialog, or why there is none; nil: nothing
	HomeHref    string          // "/" when empty
	SignOutHref string          // "/sign-out" when empty
}

// User is the signed-in person.
type User struct {
	Name        string
	Email       string
	Role        string // "Admin", "Member"
	ProfileHref string // "/settings/profile" when empty
}

// NavItem is a link of the navigation, or a titled group when it has Children.
type NavItem struct {
	Label    string
	Href     string
	Icon     string // a name that component.Icon knows
	Current  bool
	Children []NavItem
}

// Switcher leads from the current workspace to the others.
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

// Bare is a page with nothing in it but one thing.
type Bare struct {
	Shell  Shell
	Header component.PageHeaderModel
	Below  templ.Component
}

// documentTitle is the text of <title>.
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

// displayName is the name, or the address of somebody who has given none.
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

// Tabbed frames a page that is one of several tabs.
type Tabbed struct {
	Shell  Shell
	Header component.PageHeaderModel
	Tabs   component.TabsModel
}

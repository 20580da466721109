package component

import "strings"

// TabsModel is links to the pages of an area, one of which is the current page.
type TabsModel struct {
	Label string // names the navigation: "Access management"
	Tabs  []Tab
}

// tabGroup is the tabs that stand below one label.
type tabGroup struct {
	label string
	tabs  []Tab
}

func (g tabGroup) id() string {
	return "tabs-" + strings.ToLower(strings.ReplaceAll(g.label, " ", "-"))
}

// groups returns the tabs by their groups, in the order of the tabs.
func (m TabsModel) groups() []tabGroup {
	var out []tabGroup
	for _, t := range m.Tabs {
		if len(out) == 0 || out[len(out)-1].label != t.Group {
			out = append(out, tabGroup{label: t.Group})
		}
		last := &out[len(out)-1]
		last.tabs = append(last.tabs, t)
	}
	return out
}

// Tab is one link of Tabs or SubTabs.
type Tab struct {
	Group   string // of Tabs: the label above the tabs next to each other that have the same
	Label   string
	Href    string
	Current bool
	Count   string // shown after the label
}

// PaginationModel links to the neighbouring pages of a list. An empty Href means that there is none.
type PaginationModel struct {
	Label    string // "Pages" when empty
	Summary  string // "1–50 of 213"
	PrevHref string
	NextHref string
}

func (m PaginationModel) label() string {
	if m.Label == "" {
		return "Pages"
	}
	return m.Label
}

// FilterModel is a search form. It sends GET, so that the URL carries the state.
type FilterModel struct {
	Action  string
	Label   string // names the search landmark: "Filter tokens"
	ID      string // prefix of the fields' ids; "filter" when empty
	Name    string // search field's name; empty: no search field
	Search  string // search field's label
	Value   string
	Selects []SelectModel
	Fields  []FieldModel // dates and other inputs
	Hidden  []HiddenField
	Submit  string // "Filter" when empty
	// ClearHref is the target of the link "Clear"; empty: no link.
	ClearHref string
	// Live is a CSS selector. Typing also hides elements there that do not match.
	Live string
}

func (m FilterModel) searchID() string {
	if m.ID == "" {
		return "filter-search"
	}
	return m.ID + "-search"
}

func (m FilterModel) submit() string {
	if m.Submit == "" {
		return "Filter"
	}
	return m.Submit
}

// MenuModel is a small menu that a button opens. It works without script.
type MenuModel struct {
	Label string // accessible name: "Actions for ci-probe"
	Text  string // visible text; empty: three dots
	Items []MenuItem
}

// MenuItem is a link or, with Post, a button.
type MenuItem struct {
	Label  string
	Href   string
	Post   string // the button posts to this address
	Icon   string
	Danger bool
	Dialog bool
}

// StepperModel is the current step of a wizard. Current counts from 1.
type StepperModel struct {
	Current int
	Steps   []string
}

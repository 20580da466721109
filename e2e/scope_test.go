package e2e

import (
	"testing"

	"github.com/playwright-community/playwright-go"
)

// scope is a part of a page, with the verbs of a person: things are found by
// role and accessible name, or by label, always in full and in the right case.
// Each verb waits for its object and ends the test if it does not come.
type scope struct {
	t      *testing.T
	page   *page
	root   playwright.Locator
	expect playwright.PlaywrightAssertions
}

// find names an element by its role and accessible name; any name if empty.
func (s scope) find(role, name string) playwright.Locator {
	options := playwright.LocatorGetByRoleOptions{}
	if name != "" {
		options.Name, options.Exact = name, playwright.Bool(true)
	}
	return s.root.GetByRole(playwright.AriaRole(role), options)
}

// field names a form control by its label. The text of the label counts, and the
// accessible name where it differs, as with a select inside its own label.
func (s scope) field(label string) playwright.Locator {
	byLabel := s.root.GetByLabel(label, playwright.LocatorGetByLabelOptions{Exact: playwright.Bool(true)})
	return byLabel.Or(s.find("textbox", label)).Or(s.find("combobox", label))
}

// within is the part of the page inside one element.
func (s scope) within(role, name string) scope {
	s.root = s.find(role, name)
	return s
}

// row is the part of the page inside the table row or list item with the text.
func (s scope) row(text string) scope {
	options := playwright.LocatorFilterOptions{HasText: text}
	s.root = s.find("row", "").Or(s.find("listitem", "")).Filter(options).Last()
	return s
}

func (s scope) click(role, name string) {
	s.t.Helper()
	if err := s.find(role, name).Click(); err != nil {
		s.t.Fatalf("click %s %q on %s: %v", role, name, s.page.path(), err)
	}
}

func (s scope) fill(label, value string) {
	s.t.Helper()
	if err := s.field(label).Fill(value); err != nil {
		s.t.Fatalf("fill %q on %s: %v", label, s.page.path(), err)
	}
}

// choose picks an option of a select by its text.
func (s scope) choose(label, option string) {
	s.t.Helper()
	values := playwright.SelectOptionValues{Labels: &[]string{option}}
	if _, err := s.field(label).SelectOption(values); err != nil {
		s.t.Fatalf("choose %q in %q on %s: %v", option, label, s.page.path(), err)
	}
}

// check ticks a checkbox or picks a radio button.
func (s scope) check(name string) {
	s.t.Helper()
	if err := s.find("checkbox", name).Or(s.find("radio", name)).Check(); err != nil {
		s.t.Fatalf("check %q on %s: %v", name, s.page.path(), err)
	}
}

// uncheck clears a checkbox.
func (s scope) uncheck(name string) {
	s.t.Helper()
	if err := s.find("checkbox", name).Uncheck(); err != nil {
		s.t.Fatalf("uncheck %q on %s: %v", name, s.page.path(), err)
	}
}

// value is what a field holds.
func (s scope) value(label string) string {
	s.t.Helper()
	text, err := s.field(label).InputValue()
	if err != nil {
		s.t.Fatalf("value of %q on %s: %v", label, s.page.path(), err)
	}
	return text
}

// sees waits for one or more visible elements of that role and name.
func (s scope) sees(role, name string) {
	s.t.Helper()
	if err := s.expect.Locator(s.find(role, name).First()).ToBeVisible(); err != nil {
		s.t.Errorf("no %s %q on %s: %v", role, name, s.page.path(), err)
	}
}

// lacks waits until no element of that role and name is there.
func (s scope) lacks(role, name string) {
	s.t.Helper()
	if err := s.expect.Locator(s.find(role, name)).ToHaveCount(0); err != nil {
		s.t.Errorf("%s %q is on %s: %v", role, name, s.page.path(), err)
	}
}

// seesText waits for a visible text; case and the rest of its element are free.
func (s scope) seesText(text string) {
	s.t.Helper()
	visible := s.root.GetByText(text).Filter(playwright.LocatorFilterOptions{Visible: playwright.Bool(true)})
	if err := s.expect.Locator(visible.First()).ToBeVisible(); err != nil {
		s.t.Errorf("no text %q on %s: %v", text, s.page.path(), err)
	}
}

// lacksText waits until no visible element has the text.
func (s scope) lacksText(text string) {
	s.t.Helper()
	visible := s.root.GetByText(text).Filter(playwright.LocatorFilterOptions{Visible: playwright.Bool(true)})
	if err := s.expect.Locator(visible).ToHaveCount(0); err != nil {
		s.t.Errorf("text %q is on %s: %v", text, s.page.path(), err)
	}
}

// isChecked tells whether a checkbox or radio button is on.
func (s scope) isChecked(name string) bool {
	s.t.Helper()
	on, err := s.find("checkbox", name).Or(s.find("radio", name)).IsChecked()
	if err != nil {
		s.t.Fatalf("is %q checked on %s: %v", name, s.page.path(), err)
	}
	return on
}

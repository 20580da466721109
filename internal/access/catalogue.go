package access

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"latchkey/internal/fault"
	"latchkey/internal/plaintext"
)

// Section groups resource types in the policy editor.
type Section string

// The sections, in the order of the editor.
const (
	SectionResources Section = "resources"
	SectionPII       Section = "pii"
	SectionCustom    Section = "custom"
)

// Label returns the heading of the section.
func (s Section) Label() string {
	switch s {
	case SectionResources:
		return "Resources"
	case SectionPII:
		return "Data Privacy (PII)"
	case SectionCustom:
		return "Custom"
	}
	return string(s)
}

// Entry is one permission in the catalogue.
type Entry struct {
	Permission Permission
	Label      string // column or checkbox: "Edit", "Live events"
	Limitable  bool   // can be limited to selected resources
	ReadOnly   bool   // only views: a personal token with the Read-Only scope keeps it
	Note       string // what else it covers, or ""
}

// ResourceType is a row of the policy editor: the permissions of one type in one
// section. A type may have a row in more than one section.
type ResourceType struct {
	Type     string
	Label    string // plural: "Destinations"
	Singular string // "Destination"
	Section  Section
	Entries  []Entry
}

// Catalogue holds every permission that a policy can grant. It is immutable and safe for
// concurrent use. The nil *Catalogue is empty.
type Catalogue struct {
	rows    []ResourceType
	entries map[Permission]cataloged
	ends    map[string]endPermissions
}

type cataloged struct {
	entry   Entry
	section Section
}

// endPermissions are the two permissions that each end of a connection needs. They are
// computed in advance so that a decision does not allocate.
type endPermissions struct{ edit, connect Permission }

func newCatalogue(rows []ResourceType) *Catalogue {
	c := &Catalogue{
		rows:    rows,
		entries: make(map[Permission]cataloged),
		ends:    make(map[string]endPermissions),
	}
	for _, row := range rows {
		for _, entry := range row.Entries {
			c.entries[entry.Permission] = cataloged{entry, row.Section}
		}
		c.ends[row.Type] = endPermissions{
			edit:    NewPermission(row.Type, actionEdit),
			connect: NewPermission(row.Type, actionConnect),
		}
	}
	return c
}

// Extend returns a catalogue with the operator's own rows after the built-in ones, in
// [SectionCustom]. A row can add a new type or new actions to an existing one. The error is
// one fault.Invalid with every mistake, by a path such as "types[0].actions[1].label". A
// custom permission cannot be ReadOnly, so that no Read-Only token ever gets it. Extend does
// not change c.
func (c *Catalogue) Extend(types ...ResourceType) (*Catalogue, error) {
	x := extension{base: c, types: map[string]bool{}, permissions: map[Permission]bool{}}
	rows := cloneRows(c.all())
	for i, row := range cloneRows(types) {
		x.check(fmt.Sprintf("types[%d]", i), row)
		row.Section = SectionCustom
		rows = append(rows, row)
	}
	if err := x.problems.Err("The permission catalogue has mistakes."); err != nil {
		return nil, err
	}
	return newCatalogue(rows), nil
}

// extension collects the mistakes in the rows given to Extend.
type extension struct {
	base        *Catalogue
	problems    fault.Problems
	types       map[string]bool
	permissions map[Permission]bool
}

func (x *extension) check(path string, row ResourceType) {
	switch {
	case !wellFormedName(row.Type):
		x.problems.Add(path+".type", "A type is 1 to 64 characters from a-z, 0-9 and _, a letter first.")
	case systemType(row.Type):
		x.problems.Add(path+".type", "The type "+row.Type+" is reserved.")
	case x.types[row.Type]:
		x.problems.Add(path+".type", "The type "+row.Type+" is repeated.")
	}
	x.types[row.Type] = true
	x.label(path+".label", row.Label)
	x.label(path+".singular", row.Singular)
	if row.Section != "" && row.Section != SectionCustom {
		x.problems.Add(path+".section", "Only the section custom can be extended.")
	}
	if len(row.Entries) == 0 {
		x.problems.Add(path+".actions", "At least one action is needed.")
	}
	for i, entry := range row.Entries {
		x.entry(fmt.Sprintf("%s.actions[%d]", path, i), row.Type, entry)
	}
}

func (x *extension) entry(path, typ string, entry Entry) {
	perm := entry.Permission
	_, known := x.base.Lookup(perm)
	switch {
	case !wellFormedName(perm.Action()):
		x.problems.Add(path+".action", "An action is 1 to 64 characters from a-z, 0-9 and _, a letter first.")
	case perm.Type() != typ:
		x.problems.Add(path+".action", "The action belongs to the type "+perm.Type()+", not to "+typ+".")
	case known:
		x.problems.Add(path+".action", "The permission "+string(perm)+" already exists.")
	case x.permissions[perm]:
		x.problems.Add(path+".action", "The permission "+string(perm)+" is repeated.")
	}
	x.permissions[perm] = true
	x.label(path+".label", entry.Label)
	if entry.ReadOnly {
		x.problems.Add(path+".read_only", "A custom permission cannot be read-only.")
	}
}

const maxLabel = 64

func (x *extension) label(path, label string) {
	if strings.TrimSpace(label) == "" || utf8.RuneCountInString(label) > maxLabel || !plaintext.Showable(label) {
		x.problems.Add(path, "A label is 1 to 64 characters without control characters.")
	}
}

func (c *Catalogue) all() []ResourceType {
	if c == nil {
		return nil
	}
	return c.rows
}

func cloneRows(rows []ResourceType) []ResourceType {
	out := slices.Clone(rows)
	for i := range out {
		out[i].Entries = slices.Clone(out[i].Entries)
	}
	return out
}

// Sections returns the sections that have rows, in the order of the editor.
func (c *Catalogue) Sections() []Section {
	var out []Section
	for _, s := range []Section{SectionResources, SectionPII, SectionCustom} {
		if slices.ContainsFunc(c.all(), func(row ResourceType) bool { return row.Section == s }) {
			out = append(out, s)
		}
	}
	return out
}

// Types returns copies of the rows of a section, in catalogue order.
func (c *Catalogue) Types(s Section) []ResourceType {
	var out []ResourceType
	for _, row := range c.all() {
		if row.Section == s {
			out = append(out, row)
		}
	}
	return cloneRows(out)
}

// Permissions returns every permission in catalogue order.
func (c *Catalogue) Permissions() []Permission {
	var out []Permission
	for _, row := range c.all() {
		for _, entry := range row.Entries {
			out = append(out, entry.Permission)
		}
	}
	return out
}

// Lookup returns the entry of a permission, and whether the catalogue has it.
func (c *Catalogue) Lookup(p Permission) (Entry, bool) {
	if c == nil {
		return Entry{}, false
	}
	found, ok := c.entries[p]
	return found.entry, ok
}

// SectionOf returns the section of a permission, or "" if it is unknown.
func (c *Catalogue) SectionOf(p Permission) Section {
	if c == nil {
		return ""
	}
	return c.entries[p].section
}

// TypeLabel returns the plural label of a resource type, or typ itself if it is unknown.
func (c *Catalogue) TypeLabel(typ string) string {
	for _, row := range c.all() {
		if row.Type == typ {
			return row.Label
		}
	}
	return typ
}

// Describe returns a name for a permission that people can read: "Edit Event Stream Sources".
// For an unknown permission it returns the machine name.
func (c *Catalogue) Describe(p Permission) string {
	entry, ok := c.Lookup(p)
	if !ok {
		return string(p)
	}
	return entry.Label + " " + c.TypeLabel(p.Type())
}

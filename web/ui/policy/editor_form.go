package policy

import (
	"maps"
	"net/url"
	"slices"
	"strings"

	"latchkey/internal/access"
	"latchkey/internal/fault"
	"latchkey/internal/plaintext"
	"latchkey/views/component"
	"latchkey/web/ui/kit"
)

// The field names of [component.PolicyEditor]. All but grant are followed by ".<permission>".
const (
	fieldGrant  = "grant"
	fieldReach  = "reach"
	fieldOnly   = "only"
	fieldEvery  = "every"
	fieldFuture = "future"
	fieldFind   = "find"
)

// limitFields are the fields that belong to one permission.
var limitFields = [...]string{fieldReach, fieldOnly, fieldEvery, fieldFuture, fieldFind}

// IsField reports whether name is a field of the editor. Searches do not count.
func IsField(name string) bool {
	part, _, limit := strings.Cut(name, ".")
	return name == fieldGrant || limit && part != fieldFind && slices.Contains(limitFields[:], part)
}

// WithoutResources returns a copy of the form without the fields that choose or search resources, for
// a workspace with other resources.
func WithoutResources(form url.Values) url.Values {
	form = maps.Clone(form)
	maps.DeleteFunc(form, func(name string, _ []string) bool {
		part, _, limit := strings.Cut(name, ".")
		return limit && (part == fieldOnly || part == fieldEvery || part == fieldFind)
	})
	return form
}

// choice is the state of one permission in the form.
type choice struct {
	granted  bool
	selected bool            // "Selected resources" instead of "All resources"
	only     map[string]bool // the chosen ids
	every    bool            // "Select all"
	future   bool            // "Include all future resources"
	find     string
}

// Form is the state of the editor's form. Permissions that the form does not mention have the zero
// choice.
type Form map[access.Permission]choice

// Parse reads the editor's fields from a form, whether or not its policy could be saved. It also
// returns problems with input that the editor never sends: unknown permissions, resources of another
// type or workspace, and limits on permissions that have none. The returned form does not contain such
// input.
func (e Editor) Parse(form url.Values) (Form, []fault.Field) {
	f, problems := Form{}, fault.Problems{}
	for _, value := range form[fieldGrant] {
		if !e.known(value) {
			problems.Add(value, "There is no such permission.")
			continue
		}
		c := f[access.Permission(value)]
		c.granted = true
		f[access.Permission(value)] = c
	}
	for _, name := range slices.Sorted(maps.Keys(form)) {
		part, permission, found := strings.Cut(name, ".")
		if !found || !slices.Contains(limitFields[:], part) {
			continue
		}
		entry, known := e.catalogue.Lookup(access.Permission(permission))
		switch {
		case !known:
			problems.Add(permission, "There is no such permission.")
		case !entry.Limitable:
			problems.Add(permission, e.catalogue.Describe(entry.Permission)+" cannot be limited to selected resources.")
		default:
			c, message := e.readLimit(f[entry.Permission], part, entry.Permission, form[name])
			f[entry.Permission] = c
			if message != "" {
				problems.Add(permission, message)
			}
		}
	}
	for _, permission := range slices.Sorted(maps.Keys(f)) {
		entry, _ := e.catalogue.Lookup(permission)
		offered := entry.Limitable && e.offersLimit(permission, f[permission])
		if f[permission].granted && offered && form.Get(fieldReach+"."+string(permission)) == "" {
			problems.Add(string(permission), "Choose all resources or selected resources.")
		}
	}
	return f, problemFields(problems)
}

// readLimit reads one field of a permission's limit into c. The message is empty if the field is valid.
func (e Editor) readLimit(c choice, part string, permission access.Permission, values []string) (choice, string) {
	value := values[0]
	switch part {
	case fieldReach:
		c.selected = value == "selected"
		if value != "selected" && value != "all" {
			return c, "Choose all resources or selected resources."
		}
	case fieldEvery:
		c.every = value != ""
	case fieldFuture:
		c.future = value != ""
	case fieldFind:
		c.find = plaintext.Clip(kit.Search(value), 64)
	case fieldOnly:
		message := ""
		c.only = make(map[string]bool, len(values))
		for _, id := range values {
			if e.names[id].Type == permission.Type() {
				c.only[id] = true
			} else {
				message = "Some of the selected resources are not in this workspace. Check your selection."
			}
		}
		return c, message
	}
	return c, ""
}

// Policy returns the policy that the form asks for, and what is missing in it. It does not contain
// inherited permissions: the form does not send them.
func (e Editor) Policy(f Form) (access.Policy, []fault.Field) {
	p, problems := access.Policy{}, fault.Problems{}
	for _, permission := range slices.Sorted(maps.Keys(f)) {
		c := f[permission]
		if !c.granted {
			continue
		}
		reach := e.reach(permission, c)
		if reach.Empty() {
			problems.Add(string(permission), "Choose at least one resource, or all resources.")
			continue
		}
		p[permission] = reach
	}
	return p, problemFields(problems)
}

func (e Editor) reach(permission access.Permission, c choice) access.Reach {
	if !c.selected {
		return access.Everywhere()
	}
	var chosen, others []string
	for _, r := range e.resources[permission.Type()] {
		if c.every || c.only[r.ID] {
			chosen = append(chosen, r.ID)
		} else {
			others = append(others, r.ID)
		}
	}
	if c.future {
		return access.AllBut(others...)
	}
	return access.Only(chosen...)
}

// Form returns the form for editing p. It does not contain resources that no longer exist.
func (e Editor) Form(p access.Policy) Form {
	f := Form{}
	for _, permission := range e.catalogue.Known(p).Permissions() {
		reach := p[permission]
		c := choice{granted: true, selected: !reach.Unlimited(), future: !reach.Unlimited() && reach.All}
		if c.selected {
			all := e.resources[permission.Type()]
			c.only = map[string]bool{}
			for _, r := range all {
				if reach.Covers(r.ID) {
					c.only[r.ID] = true
				}
			}
		}
		f[permission] = c
	}
	return f
}

// hiddenChoice returns the hidden fields that carry a choice through a page that does not offer to
// change it.
func (e Editor) hiddenChoice(permission access.Permission, c choice) []component.HiddenField {
	var out []component.HiddenField
	add := func(field, value string) {
		out = append(out, component.HiddenField{Name: field, Value: value})
	}
	if c.granted {
		add(fieldGrant, string(permission))
	}
	if entry, _ := e.catalogue.Lookup(permission); !entry.Limitable {
		return out
	}
	suffix := "." + string(permission)
	switch {
	case c.selected:
		add(fieldReach+suffix, "selected")
	case c.granted:
		add(fieldReach+suffix, "all")
	}
	if c.every {
		add(fieldEvery+suffix, "1")
	}
	if c.future {
		add(fieldFuture+suffix, "1")
	}
	if !c.every {
		for _, id := range slices.Sorted(maps.Keys(c.only)) {
			add(fieldOnly+suffix, id)
		}
	}
	return out
}

// Describe returns the name of a permission on pages.
func (e Editor) Describe(permission access.Permission) string {
	return e.catalogue.Describe(permission)
}

func (e Editor) known(permission string) bool {
	_, ok := e.catalogue.Lookup(access.Permission(permission))
	return ok
}

// WithoutLimits returns the form without its choices of resources, for another workspace, and the
// permissions that were limited.
func (f Form) WithoutLimits() (Form, []access.Permission) {
	out, limited := Form{}, []access.Permission{}
	for _, permission := range slices.Sorted(maps.Keys(f)) {
		c := f[permission]
		if c.granted && c.selected {
			limited = append(limited, permission)
		}
		out[permission] = choice{granted: c.granted, selected: c.selected, future: c.future}
	}
	return out, limited
}

// problemFields returns the collected problems, or nil.
func problemFields(p fault.Problems) []fault.Field {
	if f := fault.Of(p.Err("")); f != nil {
		return f.Fields
	}
	return nil
}

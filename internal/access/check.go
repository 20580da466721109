package access

import (
	"maps"
	"slices"

	"latchkey/internal/fault"
	"latchkey/internal/plaintext"
)

// Everything returns the policy that grants every permission on all resources: what an Admin
// can do in a workspace.
func (c *Catalogue) Everything() Policy {
	out := Policy{}
	for _, perm := range c.Permissions() {
		out[perm] = Everywhere()
	}
	return out
}

// Check returns the problems of p, sorted by permission, which is the path of each: an unknown
// permission, a limit on a permission that cannot be limited, an id that no resource can have.
// It does not know which resources exist. Use [Catalogue.CheckChange] for a stored policy,
// which may name types that the catalogue no longer has.
func (c *Catalogue) Check(p Policy) []fault.Field {
	var problems []fault.Field
	for _, perm := range slices.Sorted(maps.Keys(p)) {
		if message := c.problem(perm, p[perm]); message != "" {
			problems = append(problems, fault.Field{Path: string(perm), Message: message})
		}
	}
	return problems
}

// CheckChange returns the problems of after that before does not have unchanged. So an unknown
// permission can be kept or dropped, but not added or altered.
func (c *Catalogue) CheckChange(before, after Policy) []fault.Field {
	return slices.DeleteFunc(c.Check(after), func(f fault.Field) bool {
		old, had := before[Permission(f.Path)]
		return had && old.Equal(after[Permission(f.Path)])
	})
}

func (c *Catalogue) problem(perm Permission, reach Reach) string {
	entry, known := c.Lookup(perm)
	if !known {
		return "There is no such permission."
	}
	if !entry.Limitable && !reach.Unlimited() {
		return c.Describe(perm) + " cannot be limited to selected resources."
	}
	for _, id := range reach.IDs {
		if !plaintext.PossibleID(id) {
			return "The list of resources contains an invalid id."
		}
	}
	return ""
}

// NewlyLimited returns the resource types of permissions that after limits to ids that before
// does not name. [CheckResources] needs the resources of these types.
func NewlyLimited(before, after Policy) []string {
	var types []string
	for _, perm := range after.Permissions() {
		if len(subtract(after[perm].IDs, before[perm].IDs)) > 0 && !slices.Contains(types, perm.Type()) {
			types = append(types, perm.Type())
		}
	}
	return types
}

// CheckResources returns, as [Catalogue.Check] does, the permissions that after limits to ids
// that are not resources of the permission's type in the policy's workspace. Ids that before
// names too are accepted, because they may have been deleted since. typeOf has the type of
// each resource of the workspace, by id, at least for the types of [NewlyLimited]. Ids that do
// not exist, of another type and of another workspace get the same answer, so that it reveals
// nothing.
func CheckResources(before, after Policy, typeOf map[string]string) []fault.Field {
	var problems []fault.Field
	for _, perm := range after.Permissions() {
		foreign := func(id string) bool { return typeOf[id] != perm.Type() }
		if slices.ContainsFunc(subtract(after[perm].IDs, before[perm].IDs), foreign) {
			problems = append(problems, fault.Field{Path: string(perm),
				Message: "Select only resources of this type in this workspace."})
		}
	}
	return problems
}

// Known returns p without the permissions that the catalogue does not have.
func (c *Catalogue) Known(p Policy) Policy {
	out := p.Clone()
	for perm := range out {
		if _, known := c.Lookup(perm); !known {
			delete(out, perm)
		}
	}
	return out
}

// Unknown returns the permissions of p that the catalogue does not have, sorted. A stored
// policy keeps them, but they grant nothing.
func (c *Catalogue) Unknown(p Policy) []Permission {
	return slices.DeleteFunc(p.Permissions(), func(perm Permission) bool {
		_, known := c.Lookup(perm)
		return known
	})
}

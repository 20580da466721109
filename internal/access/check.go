package access

import (
	"maps"
	"slices"

	"latchkey/internal/fault"
	"latchkey/internal/plaintext"
)

// Everything is the policy that holds every permission everywhere: the power of an
// Admin in a workspace.
func (c *Catalogue) Everything() Policy {
	out := Policy{}
	for _, perm := range c.Permissions() {
		out[perm] = Everywhere()
	}
	return out
}

// Check lists what is wrong with p, sorted by permission, which is the path of each
// problem: an unknown permission, a limit where none may be, an id that no resource can
// have. It does not know which resources exist. See [Catalogue.CheckChange] for a
// stored policy that may name types which the catalogue no longer has.
func (c *Catalogue) Check(p Policy) []fault.Field {
	var problems []fault.Field
	for _, perm := range slices.Sorted(maps.Keys(p)) {
		if message := c.problem(perm, p[perm]); message != "" {
			problems = append(problems, fault.Field{Path: string(perm), Message: message})
		}
	}
	return problems
}

// CheckChange is Check on after without the problems that before has already, unchanged:
// an unknown permission may be kept or dropped, never added or altered.
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
		return c.Describe(perm) + " cannot be limited to chosen resources."
	}
	for _, id := range reach.IDs {
		if !plaintext.PossibleID(id) {
			return "The list of resources has an id that no resource can have."
		}
	}
	return ""
}

// NewlyLimited lists the resource types of permissions that after limits to ids which before
// does not name: [CheckResources] wants to know the resources of these types.
func NewlyLimited(before, after Policy) []string {
	var types []string
	for _, perm := range after.Permissions() {
		if len(subtract(after[perm].IDs, before[perm].IDs)) > 0 && !slices.Contains(types, perm.Type()) {
			types = append(types, perm.Type())
		}
	}
	return types
}

// CheckResources lists, as [Catalogue.Check] does, the permissions that after limits to ids
// which are no resources of the permission's type in the policy's workspace, those aside that
// before names as well: what was deleted since may stay. typeOf has the type of each resource
// of the workspace, by id, for the types of [NewlyLimited] at least. Ids that do not exist, of
// another type and of another workspace get the same answer: existence is withheld.
func CheckResources(before, after Policy, typeOf map[string]string) []fault.Field {
	var problems []fault.Field
	for _, perm := range after.Permissions() {
		foreign := func(id string) bool { return typeOf[id] != perm.Type() }
		if slices.ContainsFunc(subtract(after[perm].IDs, before[perm].IDs), foreign) {
			problems = append(problems, fault.Field{Path: string(perm),
				Message: "Choose resources of this type in this workspace only: some of those chosen are not."})
		}
	}
	return problems
}

// Known is p without the permissions that the catalogue does not have.
func (c *Catalogue) Known(p Policy) Policy {
	out := p.Clone()
	for perm := range out {
		if _, known := c.Lookup(perm); !known {
			delete(out, perm)
		}
	}
	return out
}

// Unknown lists the permissions of p that the catalogue does not have, sorted. A stored
// policy keeps them; they grant nothing.
func (c *Catalogue) Unknown(p Policy) []Permission {
	return slices.DeleteFunc(p.Permissions(), func(perm Permission) bool {
		_, known := c.Lookup(perm)
		return known
	})
}

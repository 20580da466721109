package access

import (
	"maps"
	"slices"
)

// Policy is a set of permissions inside one workspace, each with its reach. The nil
// Policy is valid and grants nothing. A permission with an empty reach is the same as
// an absent one.
type Policy map[Permission]Reach

// Allows reports whether p gives perm on the resource id; id "" asks type-wide.
func (p Policy) Allows(perm Permission, id string) bool {
	reach, ok := p[perm]
	return ok && reach.Covers(id)
}

// Union is what p and q give together, as a new policy.
func (p Policy) Union(q Policy) Policy {
	out := make(Policy, max(len(p), len(q)))
	for perm, reach := range p {
		out.add(perm, reach)
	}
	for perm, reach := range q {
		out.add(perm, reach)
	}
	return out
}

func (p Policy) add(perm Permission, reach Reach) {
	if union := p[perm].Union(reach); !union.Empty() {
		p[perm] = union
	}
}

// Contains reports whether p gives everything that q gives.
func (p Policy) Contains(q Policy) bool {
	for perm, reach := range q {
		if !p[perm].Contains(reach) {
			return false
		}
	}
	return true
}

// Equal reports whether p and q give the same.
func (p Policy) Equal(q Policy) bool { return p.Contains(q) && q.Contains(p) }

// Permissions lists what p gives, fully or limited, sorted by name.
func (p Policy) Permissions() []Permission {
	out := make([]Permission, 0, len(p))
	for perm, reach := range p {
		if !reach.Empty() {
			out = append(out, perm)
		}
	}
	slices.Sort(out)
	return out
}

// Clone is a policy of its own with the same content, in canonical form.
func (p Policy) Clone() Policy {
	out := p.Union(nil)
	for perm, reach := range out {
		out[perm] = Reach{All: reach.All, IDs: slices.Clone(reach.IDs)}
	}
	return out
}

// Change is what a new policy gives and takes, compared with an old one. Both lists are
// sorted by permission and hold no empty reach.
type Change struct {
	Added, Removed []PermissionReach
}

// PermissionReach is one permission on some resources.
type PermissionReach struct {
	Permission Permission
	Reach      Reach
}

// Empty reports whether nothing changed.
func (c Change) Empty() bool { return len(c.Added) == 0 && len(c.Removed) == 0 }

// Difference says what is gained and lost when before becomes after.
func Difference(before, after Policy) Change {
	return Change{Added: beyond(after, before), Removed: beyond(before, after)}
}

// beyond is what p gives and q does not.
func beyond(p, q Policy) []PermissionReach {
	var out []PermissionReach
	for _, perm := range slices.Sorted(maps.Keys(p)) {
		if reach := p[perm].Minus(q[perm]); !reach.Empty() {
			out = append(out, PermissionReach{perm, reach})
		}
	}
	return out
}

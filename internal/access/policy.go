package access

import (
	"maps"
	"slices"
)

// Policy is a set of permissions in one workspace, each with its reach. The nil Policy is
// valid and grants nothing. A permission with an empty reach is the same as an absent one.
type Policy map[Permission]Reach

// Allows reports whether p grants perm on the resource id; id "" means type-wide.
func (p Policy) Allows(perm Permission, id string) bool {
	reach, ok := p[perm]
	return ok && reach.Covers(id)
}

// Union returns a new policy that grants what p or q grants.
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

// Contains reports whether p grants everything that q grants.
func (p Policy) Contains(q Policy) bool {
	for perm, reach := range q {
		if !p[perm].Contains(reach) {
			return false
		}
	}
	return true
}

// Equal reports whether p and q grant the same.
func (p Policy) Equal(q Policy) bool { return p.Contains(q) && q.Contains(p) }

// Permissions returns the permissions that p grants, fully or limited, sorted by name.
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

// Clone returns a copy of p in canonical form.
func (p Policy) Clone() Policy {
	out := p.Union(nil)
	for perm, reach := range out {
		out[perm] = Reach{All: reach.All, IDs: slices.Clone(reach.IDs)}
	}
	return out
}

// Change is what a new policy adds and removes compared with an old one. Both lists are sorted
// by permission and contain no empty reach.
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

// Difference returns what is gained and lost when before becomes after.
func Difference(before, after Policy) Change {
	return Change{Added: beyond(after, before), Removed: beyond(before, after)}
}

// beyond returns what p grants and q does not.
func beyond(p, q Policy) []PermissionReach {
	var out []PermissionReach
	for _, perm := range slices.Sorted(maps.Keys(p)) {
		if reach := p[perm].Minus(q[perm]); !reach.Empty() {
			out = append(out, PermissionReach{perm, reach})
		}
	}
	return out
}

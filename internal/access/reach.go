package access

import (
	"encoding/json"
	"slices"
	"strings"
)

// Reach is the set of resources of a type that a permission covers.
//
// All=false covers exactly IDs; All=true covers every resource of the type, including those
// that do not exist yet, except IDs. Finite and cofinite sets are closed under union,
// difference and intersection, so "include all future resources" needs no clock: it is All
// except the resources that exist today and were not selected.
//
// IDs is sorted, without duplicates and nil if empty; the constructors, the methods and JSON
// keep it so. Reaches share id lists: never write to one. The zero Reach covers nothing.
type Reach struct {
	All bool
	IDs []string
}

// Everywhere returns a reach that covers every resource of the type, present and future.
func Everywhere() Reach { return Reach{All: true} }

// Only returns a reach that covers exactly the given ids. It ignores empty ids.
func Only(ids ...string) Reach { return Reach{IDs: sortIDs(slices.Clone(ids))} }

// AllBut returns a reach that covers every resource, present and future, except the given ids.
func AllBut(ids ...string) Reach {
	return Reach{All: true, IDs: sortIDs(slices.Clone(ids))}
}

// Covers reports whether r covers the resource id. For the empty id, which means type-wide, it
// returns All. IDs can be in any order.
func (r Reach) Covers(id string) bool {
	if id == "" {
		return r.All
	}
	return r.All != slices.Contains(r.IDs, id)
}

// Empty reports whether r covers nothing at all.
func (r Reach) Empty() bool { return !r.All && len(r.IDs) == 0 }

// Unlimited reports whether r covers everything without exception.
func (r Reach) Unlimited() bool { return r.All && len(r.IDs) == 0 }

// Union returns a reach that covers what r or o covers.
func (r Reach) Union(o Reach) Reach {
	switch {
	case r.All && o.All:
		return Reach{All: true, IDs: intersect(r.IDs, o.IDs)}
	case r.All:
		return Reach{All: true, IDs: subtract(r.IDs, o.IDs)}
	case o.All:
		return Reach{All: true, IDs: subtract(o.IDs, r.IDs)}
	}
	return Reach{IDs: merge(r.IDs, o.IDs)}
}

// Minus returns a reach that covers what r covers and o does not.
func (r Reach) Minus(o Reach) Reach {
	switch {
	case r.All && o.All:
		return Reach{IDs: subtract(o.IDs, r.IDs)}
	case r.All:
		return Reach{All: true, IDs: merge(r.IDs, o.IDs)}
	case o.All:
		return Reach{IDs: intersect(r.IDs, o.IDs)}
	}
	return Reach{IDs: subtract(r.IDs, o.IDs)}
}

// Contains reports whether r covers everything that o covers.
func (r Reach) Contains(o Reach) bool { return o.Minus(r).Empty() }

// Equal reports whether r and o cover the same resources.
func (r Reach) Equal(o Reach) bool {
	return r.All == o.All && slices.Equal(idSet(r.IDs), idSet(o.IDs))
}

// MarshalJSON returns {"all":false,"ids":["a","b"]} with the ids sorted.
func (r Reach) MarshalJSON() ([]byte, error) {
	wire := struct {
		All bool     `json:"all"`
		IDs []string `json:"ids"`
	}{r.All, idSet(r.IDs)}
	if wire.IDs == nil {
		wire.IDs = []string{}
	}
	return json.Marshal(wire)
}

// idSet returns ids sorted, without duplicates and empty ids, or nil if nothing is left. It
// returns ids itself if it has that form already, and never changes it.
func idSet(ids []string) []string {
	if len(ids) == 0 {
		return nil
	}
	if isIDSet(ids) {
		return ids
	}
	return sortIDs(slices.Clone(ids))
}

// sortIDs is idSet in place.
func sortIDs(ids []string) []string {
	slices.Sort(ids)
	ids = slices.Compact(ids)
	if len(ids) > 0 && ids[0] == "" {
		ids = ids[1:]
	}
	if len(ids) == 0 {
		return nil
	}
	return slices.Clip(ids)
}

func isIDSet(ids []string) bool {
	last := ""
	for _, id := range ids {
		if id <= last {
			return false
		}
		last = id
	}
	return true
}

func merge(a, b []string) []string {
	a, b = idSet(a), idSet(b)
	if len(a) == 0 {
		return b
	}
	if len(b) == 0 {
		return a
	}
	out := make([]string, 0, len(a)+len(b))
	for len(a) > 0 && len(b) > 0 {
		switch order := strings.Compare(a[0], b[0]); {
		case order < 0:
			out, a = append(out, a[0]), a[1:]
		case order > 0:
			out, b = append(out, b[0]), b[1:]
		default:
			out, a, b = append(out, a[0]), a[1:], b[1:]
		}
	}
	return append(append(out, a...), b...)
}

func subtract(a, b []string) []string {
	return pick(a, b, false)
}

func intersect(a, b []string) []string {
	return pick(a, b, true)
}

// pick returns the ids of a that are in b (present) or are not in b (!present).
func pick(a, b []string, present bool) []string {
	a, b = idSet(a), idSet(b)
	var out []string
	for _, id := range a {
		if _, found := slices.BinarySearch(b, id); found == present {
			out = append(out, id)
		}
	}
	return out
}

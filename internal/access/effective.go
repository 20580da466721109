package access

import "slices"

// LayerKind says what kind of thing gives a layer's permissions.
type LayerKind string

// The kinds of layers.
const (
	LayerBaseline LayerKind = "baseline"
	LayerGroup    LayerKind = "group"
	LayerMember   LayerKind = "member"
	LayerToken    LayerKind = "token"
	LayerAdmin    LayerKind = "admin"
)

// Layer is one policy of those that make up an effective policy, and where it is from.
// ID and Name are the group's, for LayerGroup.
type Layer struct {
	Kind     LayerKind
	ID, Name string
	Policy   Policy
}

// Source names the layer for people, to follow "from": "group Analysts".
func (l Layer) Source() string { return source(l.Kind, l.Name) }

func source(kind LayerKind, name string) string {
	switch kind {
	case LayerBaseline:
		return "Baseline Workspace Policy"
	case LayerGroup:
		return "group " + name
	case LayerMember:
		return "Member Workspace Policy"
	case LayerToken:
		return "the token's access policy"
	case LayerAdmin:
		return "organization role Admin"
	}
	return "an unknown policy"
}

// Effective is the access policy of one subject in one workspace: the union of its
// layers. It is immutable and safe for concurrent use. The nil *Effective grants nothing.
type Effective struct {
	layers []Layer
	grants map[Permission]grant
}

// grant is the reach of one permission over all layers. full is the first layer that
// gives it without limits, or -1.
type grant struct {
	reach Reach
	full  int
}

// Placed is a layer and the workspace that it applies in.
type Placed struct {
	Workspace string
	Layer     Layer
}

// Assemble combines all layers that apply to one subject into its effective policy of each
// workspace that it is in. A baseline alone puts nobody into a workspace; every other layer
// does. It is the only way from stored policies to the rights of a [Principal].
func Assemble(layers []Placed) map[string]*Effective {
	byWorkspace := map[string][]Layer{}
	in := map[string]*Effective{}
	for _, l := range layers {
		byWorkspace[l.Workspace] = append(byWorkspace[l.Workspace], l.Layer)
		if l.Layer.Kind != LayerBaseline {
			in[l.Workspace] = nil
		}
	}
	for workspace := range in {
		in[workspace] = Combine(byWorkspace[workspace]...)
	}
	return in
}

// Combine unites layers: nothing is ever subtracted. The layers' policies belong to the
// result from then on: the caller must not change them.
func Combine(layers ...Layer) *Effective {
	e := &Effective{layers: slices.Clone(layers), grants: make(map[Permission]grant)}
	limited := map[Permission]*[]Reach{}
	for i, layer := range e.layers {
		for perm, reach := range layer.Policy {
			if g, ok := e.grants[perm]; ok && g.full >= 0 {
				continue
			}
			if reach.Unlimited() {
				e.grants[perm] = grant{Everywhere(), i}
			} else if !reach.Empty() {
				list, ok := limited[perm]
				if !ok {
					list = new([]Reach)
					limited[perm] = list
				}
				*list = append(*list, reach)
			}
		}
	}
	for perm, reaches := range limited {
		if _, full := e.grants[perm]; !full {
			e.grants[perm] = grant{uniteAll(*reaches), -1}
		}
	}
	return e
}

// uniteAll is the union of one or more, sorting all ids once instead of once per step.
func uniteAll(reaches []Reach) Reach {
	size := 0
	for _, r := range reaches {
		size += len(r.IDs)
	}
	ids := make([]string, 0, size)
	var cofinite Reach
	for _, r := range reaches {
		switch {
		case !r.All:
			ids = append(ids, r.IDs...)
		case !cofinite.All:
			cofinite = r
		default:
			cofinite = cofinite.Union(r)
		}
	}
	return cofinite.Union(Reach{IDs: sortIDs(ids)})
}

// Policy is the union of the layers, as a copy.
func (e *Effective) Policy() Policy {
	out := Policy{}
	if e == nil {
		return out
	}
	for perm, g := range e.grants {
		out[perm] = Reach{All: g.reach.All, IDs: slices.Clone(g.reach.IDs)}
	}
	return out
}

// Layers lists what e was combined from, in the same order. The policies in it are
// shared: do not change them.
func (e *Effective) Layers() []Layer {
	if e == nil {
		return nil
	}
	return slices.Clone(e.layers)
}

// Allows reports whether the union gives perm on the resource id; id "" asks type-wide.
// It does not allocate. It knows neither scopes nor roles: that is [Decide].
func (e *Effective) Allows(perm Permission, id string) bool {
	if e == nil {
		return false
	}
	g, ok := e.grants[perm]
	return ok && g.covers(id)
}

// covers is Reach.Covers in logarithmic time: Combine leaves the ids sorted.
func (g grant) covers(id string) bool {
	if id == "" || len(g.reach.IDs) == 0 {
		return g.reach.All
	}
	_, listed := slices.BinarySearch(g.reach.IDs, id)
	return g.reach.All != listed
}

// Sources lists the layers that give perm on the resource id, in order.
func (e *Effective) Sources(perm Permission, id string) []Layer {
	if e == nil {
		return nil
	}
	var out []Layer
	for _, layer := range e.layers {
		if layer.Policy.Allows(perm, id) {
			out = append(out, layer)
		}
	}
	return out
}

// first is the layer that a reason names for a granted permission: the first that gives
// it without limits, otherwise the first that covers id. It does not allocate.
func (e *Effective) first(perm Permission, id string) (LayerKind, string) {
	if g := e.grants[perm]; g.full >= 0 {
		return e.layers[g.full].Kind, e.layers[g.full].Name
	}
	for i := range e.layers {
		if e.layers[i].Policy.Allows(perm, id) {
			return e.layers[i].Kind, e.layers[i].Name
		}
	}
	return "", ""
}

// holds reports whether perm is given on some resource at least.
func (e *Effective) holds(perm Permission) bool {
	if e == nil {
		return false
	}
	_, ok := e.grants[perm]
	return ok
}

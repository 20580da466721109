package access

import "slices"

// LayerKind is the kind of source of a layer's permissions.
type LayerKind string

// The kinds of layers.
const (
	LayerBaseline LayerKind = "baseline"
	LayerGroup    LayerKind = "group"
	LayerMember   LayerKind = "member"
	LayerToken    LayerKind = "token"
	LayerAdmin    LayerKind = "admin"
)

// Layer is one of the policies that make up an effective policy, and its source. ID and Name
// are those of the group, for LayerGroup.
type Layer struct {
	Kind     LayerKind
	ID, Name string
	Policy   Policy
}

// Source returns a name for the layer that can follow "from": "group Analysts".
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

// grant is the reach of one permission over all layers. full is the first layer that grants it
// without limits, or -1.
type grant struct {
	reach Reach
	full  int
}

// Placed is a layer in a workspace.
type Placed struct {
	Workspace string
	Layer     Layer
}

// Assemble combines all layers that apply to one subject into an effective policy for each
// workspace that the subject is in. A baseline alone puts nobody into a workspace; any other
// layer does. It is the only way from stored policies to the permissions of a [Principal].
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

// Combine returns the union of layers; nothing is ever subtracted. The result keeps the
// layers' policies, so the caller must not change them afterwards.
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

// uniteAll returns the union of one or more reaches. It sorts all ids once instead of once per
// step.
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

// Policy returns a copy of the union of the layers.
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

// Layers returns the layers of e in their order. Their policies are shared: do not change
// them.
func (e *Effective) Layers() []Layer {
	if e == nil {
		return nil
	}
	return slices.Clone(e.layers)
}

// Allows reports whether the union grants perm on the resource id; id "" means type-wide. It
// does not allocate. It does not consider scopes and roles, as [Decide] does.
func (e *Effective) Allows(perm Permission, id string) bool {
	if e == nil {
		return false
	}
	g, ok := e.grants[perm]
	return ok && g.covers(id)
}

// covers is Reach.Covers in logarithmic time, since Combine sorts the ids.
func (g grant) covers(id string) bool {
	if id == "" || len(g.reach.IDs) == 0 {
		return g.reach.All
	}
	_, listed := slices.BinarySearch(g.reach.IDs, id)
	return g.reach.All != listed
}

// Sources returns the layers that grant perm on the resource id, in order.
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

// first returns the layer that a reason names for a granted permission: the first that grants
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

// holds reports whether perm is granted on at least one resource.
func (e *Effective) holds(perm Permission) bool {
	if e == nil {
		return false
	}
	_, ok := e.grants[perm]
	return ok
}

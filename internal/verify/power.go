package verify

import (
	"crypto/sha256"
	"encoding/binary"
	"maps"
	"slices"
	"strings"
	"sync"
	"weak"

	"latchkey/internal/access"
	"latchkey/internal/token"
)

// power is what tokens may do, with the answers that only depend on it. Many holders have
// the same: it is made once and shared. It is immutable.
type power struct {
	in          map[string]*access.Effective // as in access.Principal
	permissions []access.Permission          // held without limit, system acts first
	limited     access.Policy                // the others
	text        [1]string                    // permissions, separated by spaces
	limitedText string                       // limited as canonical JSON; "" when there is none
	layers      []*access.Layer              // holds on to what cache would forget
}

// powers makes every power and every decoded policy once, as long as somebody uses it.
type powers struct {
	catalogue *access.Catalogue
	made      cache[power]
	decoded   cache[access.Layer]
}

// of is the power of a holder with a standing. Its error is a stored policy that cannot be
// read; such a holder must not be taken for one without that policy.
func (ps *powers) of(h Holder, s Standing) (*power, error) {
	layers := layersOf(h, s)
	parts := []string{string(h.Kind), h.Organization, h.Workspace, string(h.Scope), string(s.Role)}
	for _, l := range layers {
		parts = append(parts, string(l.Kind), l.Group, l.Name, l.Body)
	}
	return ps.made.get(keyOf(parts...), func() (*power, error) { return ps.make(h, s.Role, layers) })
}

func (ps *powers) make(h Holder, role access.Role, layers []Layer) (*power, error) {
	p := &power{}
	placed := make([]access.Placed, len(layers))
	for i, l := range layers {
		layer, err := ps.layer(l)
		if err != nil {
			return nil, err
		}
		placed[i] = access.Placed{Workspace: h.Workspace, Layer: *layer}
		p.layers = append(p.layers, layer)
	}
	p.in = access.Assemble(placed)
	p.list(ps.catalogue, principal(h, role, p))
	return p, nil
}

// layer decodes a stored policy.
func (ps *powers) layer(l Layer) (*access.Layer, error) {
	key := keyOf(string(l.Kind), l.Group, l.Name, l.Body)
	return ps.decoded.get(key, func() (*access.Layer, error) {
		layer, err := l.decode()
		return &layer, err
	})
}

// list works out what the principal may do. A permission that is limited to chosen
// resources is not in permissions: a reader who knows nothing of resources would take it
// for the whole type.
func (p *power) list(c *access.Catalogue, who access.Principal) {
	for _, act := range access.SystemActs() {
		r := access.Resource{Organization: who.Organization}
		if act == access.ViewWorkspace {
			r.Workspace = who.Workspace
		}
		if access.Decide(c, who, act, r).Allowed {
			p.permissions = append(p.permissions, act)
		}
	}
	p.limited = access.EffectivePolicy(c, who, who.Workspace)
	for _, perm := range slices.Sorted(maps.Keys(p.limited)) {
		if p.limited[perm].Unlimited() {
			p.permissions = append(p.permissions, perm)
			delete(p.limited, perm)
		}
	}
	if len(p.limited) > 0 {
		p.limitedText = p.limited.String()
	}
	words := make([]string, len(p.permissions))
	for i, perm := range p.permissions {
		words[i] = string(perm)
	}
	p.text[0] = strings.Join(words, " ")
}

// principal is the principal of a holder's tokens, all but the id.
func principal(h Holder, role access.Role, p *power) access.Principal {
	return access.Principal{Kind: kindOf(h.Kind), Owner: h.Owner, Organization: h.Organization,
		Role: role, Scope: h.Scope, Workspace: h.Workspace, In: p.in}
}

func kindOf(k token.Kind) access.Kind {
	switch k {
	case token.Personal:
		return access.PersonalToken
	case token.Workspace:
		return access.WorkspaceToken
	case token.Organization:
		return access.OrganizationToken
	}
	return access.Nobody
}

// cache makes each value once per key while somebody holds on to it, and forgets it then.
type cache[T any] struct {
	mu   sync.Mutex
	made map[[32]byte]weak.Pointer[T]
	next int // size at which to look for what is forgotten
}

func (c *cache[T]) get(key [32]byte, make func() (*T, error)) (*T, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if v := c.made[key].Value(); v != nil {
		return v, nil
	}
	v, err := make()
	if err != nil {
		return nil, err
	}
	c.sweep()
	c.made[key] = weak.Make(v)
	return v, nil
}

// sweep drops the keys of forgotten values whenever the map has doubled.
func (c *cache[T]) sweep() {
	const least = 64
	if c.made == nil {
		c.made, c.next = map[[32]byte]weak.Pointer[T]{}, least
	}
	if len(c.made) < c.next {
		return
	}
	maps.DeleteFunc(c.made, func(_ [32]byte, p weak.Pointer[T]) bool { return p.Value() == nil })
	c.next = max(least, 2*len(c.made))
}

// keyOf is a digest of the parts and where each ends.
func keyOf(parts ...string) [32]byte {
	h := sha256.New()
	var length [8]byte
	for _, p := range parts {
		binary.LittleEndian.PutUint64(length[:], uint64(len(p)))
		h.Write(length[:])
		h.Write([]byte(p))
	}
	return [32]byte(h.Sum(nil))
}

package verify

import (
	"fmt"
	"slices"
	"time"

	"latchkey/internal/access"
	"latchkey/internal/account"
	"latchkey/internal/policy"
	"latchkey/internal/token"
)

// tokenPolicy is the place of a workspace token's own policy among the layers.
const tokenPolicy = policy.Kind(access.LayerToken)

// layersOf lists the layers that apply to the holder's tokens: those of its standing and
// the policy that a workspace token carries itself.
func layersOf(h Holder, s Standing) []Layer {
	if h.Kind == token.Workspace {
		return append(slices.Clip(s.Layers), Layer{Kind: tokenPolicy, Body: h.Policy})
	}
	return s.Layers
}

// refusal says why the tokens of a holder with this standing are not accepted; 0 is no
// reason.
func (s Standing) refusal(h Holder) Refusal {
	switch {
	case h.Kind == token.Personal && s.Status != account.Active:
		return Suspended
	case h.Kind == token.Personal && !s.belongs():
		return Displaced
	}
	return 0
}

// PrincipalOf returns who a token stands for, from what the database says of it at one
// moment. Its error is *[Refused] for a token that is not accepted then, or a stored policy
// that cannot be read.
//
// It keeps nothing in memory. It is for transactions, which must see nothing older than
// themselves; [Authority.Verify] answers the same from memory.
func PrincipalOf(r Record, s Standing, at time.Time) (access.Principal, error) {
	h := r.Holder()
	refusal := s.refusal(h)
	switch {
	case r.Deleted:
		refusal = Revoked
	case token.ExpiredAt(r.ExpiresAt, at):
		refusal = Expired
	}
	if refusal != 0 {
		return access.Principal{}, refuse(refusal, r)
	}
	var placed []access.Placed
	for _, l := range layersOf(h, s) {
		layer, err := l.decode()
		if err != nil {
			return access.Principal{}, err
		}
		placed = append(placed, access.Placed{Workspace: h.Workspace, Layer: layer})
	}
	p := principal(h, s.Role, access.Assemble(placed))
	p.ID = r.ID
	return p, nil
}

// decode reads a stored policy.
func (l Layer) decode() (access.Layer, error) {
	layer := access.Layer{Kind: access.LayerKind(l.Kind), ID: l.Group, Name: l.Name}
	if l.Body == "" {
		return layer, nil
	}
	var err error
	if layer.Policy, err = access.ParsePolicy(l.Body); err != nil {
		return layer, fmt.Errorf("stored policy of a %s: %w", l.Kind, err)
	}
	return layer, nil
}

package verify

import (
	"fmt"
	"net/netip"
	"slices"
	"time"

	"latchkey/internal/access"
	"latchkey/internal/account"
	"latchkey/internal/actor"
	"latchkey/internal/policy"
	"latchkey/internal/token"
)

// tokenPolicy is the kind of a workspace token's own policy among the layers.
const tokenPolicy = policy.Kind(access.LayerToken)

// layersOf returns the layers that apply to the holder's tokens: those of its standing, and the
// own policy of a workspace token.
func layersOf(h Holder, s Standing) []Layer {
	if h.Kind == token.Workspace {
		return append(slices.Clip(s.Layers), Layer{Kind: tokenPolicy, Body: h.Policy})
	}
	return s.Layers
}

// refusal returns why the tokens of a holder with this standing are refused; 0 if they are not.
func (s Standing) refusal(h Holder) Refusal {
	switch {
	case h.Suspended:
		return Suspended
	case h.Kind == token.Personal && s.Status != account.Active:
		return Suspended
	case h.Kind == token.Personal && !s.belongs():
		return Displaced
	}
	return 0
}

// limit returns from which addresses the tokens of a holder with this standing may be used. The error is
// for stored ranges that cannot be read: the holder must not be treated like one without them.
func (s Standing) limit(h Holder) (*actor.Limit, error) {
	if h.Addresses == "" && s.Addresses == "" {
		return nil, nil
	}
	own, err := actor.StoredRanges(h.Addresses)
	if err != nil {
		return nil, err
	}
	organization, err := actor.StoredRanges(s.Addresses)
	return actor.NewLimit(own, organization), err
}

// PrincipalOf returns the principal of a token that is used from an address, from what the database has of
// it at one moment. from is invalid if the address is unknown. The error is a [*Refused] if the token is
// refused at that moment, or that of a stored policy or stored ranges that cannot be read.
//
// PrincipalOf keeps nothing in memory. It is for transactions, which must see nothing older than
// themselves. [Authority.Verify] gives the same answers from memory.
func PrincipalOf(r Record, s Standing, from netip.Addr, at time.Time) (access.Principal, error) {
	h := r.Holder()
	refusal := s.refusal(h)
	switch {
	case r.Deleted:
		refusal = Revoked
	case r.Ended, r.Previous && token.ExpiredAt(r.ExpiresAt, at):
		refusal = Rotated
	case token.ExpiredAt(r.ExpiresAt, at):
		refusal = Expired
	}
	if refusal != 0 {
		return access.Principal{}, refuse(refusal, r)
	}
	limit, err := s.limit(h)
	if err != nil {
		return access.Principal{}, err
	}
	if !limit.Allows(from) {
		return access.Principal{}, refuseFrom(from, r)
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

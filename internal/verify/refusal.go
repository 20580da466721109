package verify

import (
	"net/netip"

	"latchkey/internal/actor"
)

// Refusal is why a secret is refused. It is for metrics, the audit log and operators. The client
// gets the same answer for all of them.
type Refusal uint8

// The refusals.
const (
	Malformed Refusal = iota + 1 // neither in Latchkey's format nor the secret of an imported token
	Unknown                      // in Latchkey's format, but of no token
	Revoked                      // it, its owner or its workspace was deleted
	Expired                      // it has expired
	Suspended                    // it is, or its owner is deactivated
	Displaced                    // its owner is no longer in its workspace
	Elsewhere                    // it is used from an address that is not one of those allowed
	Rotated                      // it is a previous secret of a token, and has ended
)

// String returns the machine name of the refusal.
func (r Refusal) String() string {
	names := [...]string{"none", "malformed", "unknown", "revoked", "expired", "suspended", "displaced", "address_not_allowed", "rotated"}
	if int(r) < len(names) {
		return names[r]
	}
	return names[0]
}

// Refused is the error for a secret that is refused.
type Refused struct {
	Refusal Refusal
	Token   *Record // the token, without its digest; nil for Malformed and Unknown
	From    string  // the address, if Refusal is Elsewhere; "" if it is unknown
}

// Error returns the refusal. It contains nothing of the secret.
func (r *Refused) Error() string { return "the token is refused: " + r.Refusal.String() }

func refuse(why Refusal, r Record) error {
	r.Digest = [32]byte{}
	return &Refused{Refusal: why, Token: &r}
}

// refuseFrom returns the error for a token that is used from an address which is not allowed.
func refuseFrom(from netip.Addr, r Record) error {
	r.Digest = [32]byte{}
	return &Refused{Refusal: Elsewhere, Token: &r, From: actor.AddressText(from)}
}

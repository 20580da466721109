package verify

// Refusal says why a secret is refused. It is for metrics, the audit log and operators. The
// presenter gets the same answer for all of them.
type Refusal uint8

// The refusals.
const (
	Malformed Refusal = iota + 1 // neither of our format nor an imported token's
	Unknown                      // of our format, but no token has it
	Revoked                      // deleted, or its owner or its workspace was
	Expired                      // at or after its expiry
	Suspended                    // its owner is deactivated
	Displaced                    // its owner is no longer in its workspace
)

// String returns the machine name of the refusal.
func (r Refusal) String() string {
	names := [...]string{"none", "malformed", "unknown", "revoked", "expired", "suspended", "displaced"}
	if int(r) < len(names) {
		return names[r]
	}
	return names[0]
}

// Refused is the error for a secret that is refused.
type Refused struct {
	Refusal Refusal
	Token   *Record // the token, without its digest; nil for Malformed and Unknown
}

// Error names the refusal. It contains nothing of the secret.
func (r *Refused) Error() string { return "the token is refused: " + r.Refusal.String() }

func refuse(why Refusal, r Record) error {
	r.Digest = [32]byte{}
	return &Refused{Refusal: why, Token: &r}
}

package verify

// Refusal says why a secret is not accepted. It is for metrics, the audit log and
// operators: whoever presented the secret gets the same answer for all of them.
type Refusal uint8

// The refusals.
const (
	Malformed Refusal = iota + 1 // neither of our format nor an imported token's
	Unknown                      // of our format, but no token has it
	Revoked                      // deleted, or its owner was removed, or its workspace
	Expired                      // at or after its end
	Suspended                    // its owner is deactivated
	Displaced                    // its owner is no longer in its workspace
)

// String is the refusal's machine name.
func (r Refusal) String() string {
	names := [...]string{"none", "malformed", "unknown", "revoked", "expired", "suspended", "displaced"}
	if int(r) < len(names) {
		return names[r]
	}
	return names[0]
}

// Refused is the error of a secret that is not accepted.
type Refused struct {
	Refusal Refusal
	Token   *Record // which token it was, without its digest; nil for Malformed and Unknown
}

// Error names the refusal. It holds nothing of the secret.
func (r *Refused) Error() string { return "the token is refused: " + r.Refusal.String() }

func refuse(r Refusal, e *entry) error {
	h := e.standing.holder
	return &Refused{Refusal: r, Token: &Record{ID: e.id[0], Organization: h.Organization, Kind: h.Kind, Name: e.name(),
		Hint: e.hint(), Owner: h.Owner, Workspace: h.Workspace, Scope: h.Scope, Legacy: e.legacy}}
}

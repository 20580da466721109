package verify

import (
	"time"

	"latchkey/internal/access"
	"latchkey/internal/actor"
	"latchkey/internal/token"
)

// Verified is an accepted token as it was at one moment. What its methods return is shared and
// must not be changed. Do not keep it beyond the request, because its rights may change. Only
// [Authority] returns one that is not zero. The principal of the
// zero Verified is nobody; its other methods panic.
type Verified struct {
	entry *entry
	state *state
	at    int64 // of the verification, in milliseconds since 1970 UTC
}

// Principal returns the token as [access.Decide] takes it.
func (v Verified) Principal() access.Principal {
	if v.entry == nil {
		return access.Principal{}
	}
	p := principal(v.entry.standing.holder, v.state.role, v.state.power.in)
	p.ID = v.ID()
	return p
}

// Standing returns the token as use cases and the audit log take it. The name and the address are
// those of the owner for a personal token.
func (v Verified) Standing(origin actor.Origin) actor.Standing {
	s := actor.Standing{Principal: v.Principal(), Name: v.Name(), Origin: origin,
		Ref: actor.Ref{Kind: actor.Token, ID: v.ID(), Digest: v.entry.digest}}
	if v.Kind() == token.Personal {
		s.Name, s.Email = v.Owner(), v.Email()
	}
	return s
}

// ID returns the token's public id.
func (v Verified) ID() string { return v.entry.text.id() }

// Kind returns the token's kind.
func (v Verified) Kind() token.Kind { return v.entry.standing.holder.Kind }

// Name returns the token's name.
func (v Verified) Name() string { return v.entry.text.name() }

// Hint returns the part of the secret that lists show.
func (v Verified) Hint() string { return v.entry.text.hint() }

// Holder returns what the token shares with other tokens of the same rights: organization,
// workspace, owner, scope.
func (v Verified) Holder() Holder { return v.entry.standing.holder }

// Subject returns the id of the owner of a personal token, and otherwise that of the token
// itself.
func (v Verified) Subject() string {
	if v.Kind() == token.Personal {
		return v.entry.standing.holder.Owner
	}
	return v.ID()
}

// Organization returns the organization's name.
func (v Verified) Organization() string { return v.state.organization }

// Workspace returns the workspace's name, or "" for an organization token.
func (v Verified) Workspace() string { return v.state.workspace }

// Owner returns the name of a personal token's owner, or "" for other tokens.
func (v Verified) Owner() string { return v.state.owner }

// Email returns the email address of a personal token's owner, or "" for other tokens.
func (v Verified) Email() string { return v.state.email }

// CreatedAt returns when the token was created.
func (v Verified) CreatedAt() time.Time { return time.UnixMilli(v.entry.createdAt).UTC() }

// ExpiresAt returns the first moment at which the token is refused; zero means never.
func (v Verified) ExpiresAt() time.Time { return v.entry.expiry() }

// Permissions returns what the token may do without limit. "workspace:view" and other acts that
// no policy holds come first, followed by those of the catalogue, sorted. Permissions that are
// limited to some resources are in Limited instead.
func (v Verified) Permissions() []access.Permission { return v.state.power.permissions }

// Limited returns what the token may do with some resources only, after its scope.
func (v Verified) Limited() access.Policy { return v.state.power.limited }

// LimitedText returns Limited as canonical JSON, or "" if it is empty.
func (v Verified) LimitedText() string { return v.state.power.limitedText }

// AllowedIPs returns the ranges of addresses that the token may be used from, in CIDR notation; nil if it
// may be used from any.
func (v Verified) AllowedIPs() []string {
	if v.state.limit == nil {
		return nil
	}
	return v.state.limit.Texts()
}

// Watched reports whether two secrets of the token work, so that [Authority.Used] keeps the user agent.
func (v Verified) Watched() bool { return v.entry.usage.marks.Load()&watched != 0 }

// Scope returns Permissions separated by spaces, the form of an OAuth scope.
func (v Verified) Scope() string { return v.state.power.scope }

package verify

import (
	"time"

	"latchkey/internal/access"
	"latchkey/internal/actor"
	"latchkey/internal/token"
)

// Verified is an accepted token as it stood at one moment. It is a small value; what it
// hands out is shared and must not be changed. Do not keep it beyond the request: the next
// one may find another truth. Only [Authority.Verify] makes one that is not zero, and the
// methods of the zero Verified panic, except Principal, which is nobody.
type Verified struct {
	entry *entry
	state *state
	at    int64 // when it was verified, in milliseconds since 1970 UTC
}

// Principal is who the token stands for, as access.Decide takes it.
func (v Verified) Principal() access.Principal {
	if v.entry == nil {
		return access.Principal{}
	}
	p := principal(v.entry.standing.holder, v.state.role, v.state.power)
	p.ID = v.entry.id[0]
	return p
}

// Standing returns the token as use cases and the audit log take it: an act through a
// personal token is its owner's.
func (v Verified) Standing(origin actor.Origin) actor.Standing {
	s := actor.Standing{Principal: v.Principal(), Name: v.entry.name(), Origin: origin,
		Ref: actor.Ref{Kind: actor.Token, ID: v.ID()}}
	if v.Kind() == token.Personal {
		s.Name, s.Email = v.state.owner, v.state.email
	}
	return s
}

// ID is the token's public id.
func (v Verified) ID() string { return v.entry.id[0] }

// IDValues is ID as the values of a response header. Like the other methods called
// …Values it returns memory that the token has anyway: the caller must not change it.
func (v Verified) IDValues() []string { return v.entry.id[:] }

// Kind is the token's kind.
func (v Verified) Kind() token.Kind { return v.entry.kind() }

// KindValues is Kind as the values of a response header.
func (v Verified) KindValues() []string { return v.state.kind[:] }

// Name is the token's name.
func (v Verified) Name() string { return v.entry.name() }

// Hint is what lists show of the secret.
func (v Verified) Hint() string { return v.entry.hint() }

// Holder is what the token shares with others of the same rights: organization, workspace,
// owner, scope.
func (v Verified) Holder() *Holder { return &v.entry.standing.holder }

// Subject is whom the token stands for: the owner's id for a personal token, otherwise the
// token's own.
func (v Verified) Subject() string {
	if v.Kind() == token.Personal {
		return v.entry.standing.holder.Owner
	}
	return v.entry.id[0]
}

// SubjectValues is Subject as the values of a response header.
func (v Verified) SubjectValues() []string {
	if v.state.person[0] != "" {
		return v.state.person[:]
	}
	return v.entry.id[:]
}

// WorkspaceValues is the workspace's id as the values of a response header; the id is ""
// for an organization token.
func (v Verified) WorkspaceValues() []string { return v.state.place[:] }

// Organization is the organization's name.
func (v Verified) Organization() string { return v.state.organization }

// Workspace is the workspace's name, or "" for an organization token.
func (v Verified) Workspace() string { return v.state.workspace }

// Owner and Email are those of a personal token's owner, otherwise "".
func (v Verified) Owner() string { return v.state.owner }

// Email is the owner's address.
func (v Verified) Email() string { return v.state.email }

// CreatedAt is when the token was made.
func (v Verified) CreatedAt() time.Time { return time.UnixMilli(v.entry.rest.created).UTC() }

// ExpiresAt is the first moment at which the token is no longer good; zero is never.
func (v Verified) ExpiresAt() time.Time {
	if v.entry.expires == 0 {
		return time.Time{}
	}
	return time.UnixMilli(v.entry.expires).UTC()
}

// Permissions is what the token may do without limit: "workspace:view" and other acts
// that no policy holds first, then those of the catalogue by name. Permissions that are
// limited to chosen resources are in Limited instead.
func (v Verified) Permissions() []access.Permission { return v.state.power.permissions }

// Limited is what the token may do with some resources only, after scope.
func (v Verified) Limited() access.Policy { return v.state.power.limited }

// LimitedText is Limited as canonical JSON, or "" when nothing is.
func (v Verified) LimitedText() string { return v.state.power.limitedText }

// Scope is Permissions separated by spaces, as OAuth writes a scope.
func (v Verified) Scope() string { return v.state.power.text[0] }

// ScopeValues is Scope as the values of a response header.
func (v Verified) ScopeValues() []string { return v.state.power.text[:] }

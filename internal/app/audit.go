package app

import (
	"context"
	"time"

	"latchkey/internal/access"
	"latchkey/internal/actor"
	"latchkey/internal/audit"
	"latchkey/internal/store"
	"latchkey/internal/verify"
)

// newAudit returns the service of the audit log.
func (a *App) newAudit(catalogue *access.Catalogue, now func() time.Time) *audit.Service {
	return audit.New(audit.Deps{Store: store.AuditLog{Store: a.Store}, Catalogue: catalogue, Now: now, Log: a.calm,
		Retention: a.cfg.AuditRetention})
}

// refused notes in the audit log that a token was used after its revocation or expiry.
func (a *App) refused(_ context.Context, r *verify.Refused, origin actor.Origin) {
	if r.Token == nil {
		return
	}
	a.Audit.Refused(audit.Attempt{Action: audit.UsedAfterRevocation, Organization: r.Token.Organization, Kind: r.Token.Kind.Principal(),
		Token: r.Token.ID, Name: r.Token.Name, Owner: r.Token.Owner, Workspace: r.Token.Workspace, Reason: r.Refusal.String(), Origin: origin})
}

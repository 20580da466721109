package app

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"latchkey/internal/access"
	"latchkey/internal/actor"
	"latchkey/internal/audit"
	"latchkey/internal/store"
	"latchkey/internal/verify"
	"latchkey/internal/witness"
)

// newAudit returns the service of the audit log.
func (a *App) newAudit(catalogue *access.Catalogue, now func() time.Time) *audit.Service {
	return audit.New(audit.Deps{Store: store.AuditLog(a.Store), Catalogue: catalogue, Now: now, Log: a.calm,
		Retention: a.cfg.AuditRetention, Signer: a.signer})
}

// newSigner loads the key that signs the audit log, if there is one, and sets a.signer and a.heads.
// It makes the key only in a data folder that belongs to this process, at the start of a server.
func (a *App) newSigner() error {
	path := a.cfg.AuditKey()
	if path == "" {
		return nil
	}
	inFolder := a.cfg.AuditKeyFile == ""
	key, err := witness.LoadKey(path)
	if inFolder && errors.Is(err, fs.ErrNotExist) {
		if !a.cfg.MakeAuditKey {
			return nil
		}
		key, err = witness.MakeKey(path)
	}
	if err != nil {
		return fmt.Errorf("the key of the audit log: %w", err)
	}
	var memory audit.Memory
	if m := witness.MemoryOf(path); m.Writable() {
		memory = m
	}
	var signed func(audit.SignedHead)
	switch {
	case a.cfg.AuditHeadURL():
		a.heads = witness.ToURL(a.cfg.AuditHeadTo, a.cfg.AuditHeadPrivate, a.calm)
	case a.cfg.AuditHeadTo != "":
		a.heads = witness.ToFile(a.cfg.AuditHeadTo, a.calm)
	}
	if a.heads != nil {
		signed = a.heads.Send
	}
	a.signer = audit.NewSigner(key, memory, signed)
	return nil
}

// warnOfSigning says in the log what weakens the signing of the audit log.
func (a *App) warnOfSigning(ctx context.Context) error {
	last, found, err := a.Store.LastSigned(ctx)
	if err != nil {
		return err
	}
	switch {
	case a.signer == nil && found:
		a.log.WarnContext(ctx, "the audit log is signed by other nodes, but this one has no --audit-key-file: while it leads, nothing is signed",
			"key", last.Key)
	case a.signer == nil:
		a.log.WarnContext(ctx, "the audit log is not signed: with --audit-key-file, a log that was rewritten in the database can be recognized")
	case found && last.Key != a.signer.Key():
		a.log.WarnContext(ctx,
			"another key signed the audit log before; who verifies it needs the new public key from \"latchkey audit key show\"",
			"before", last.Key, "now", a.signer.Key())
	}
	return nil
}

// refused notes in the audit log that a token was used after its revocation or expiry, or from an address
// that is not allowed.
func (a *App) refused(_ context.Context, r *verify.Refused, origin actor.Origin) {
	if r.Token == nil {
		return
	}
	attempt := audit.Attempt{Action: audit.UsedAfterRevocation, Organization: r.Token.Organization, Kind: r.Token.Kind.Principal(),
		Token: r.Token.ID, Name: r.Token.Name, Owner: r.Token.Owner, Workspace: r.Token.Workspace, Reason: r.Refusal.String(), Origin: origin}
	if r.Refusal == verify.Rotated {
		attempt.Apart = origin.IP // who still has the previous secret is what one wants to know
		a.reused.note(r.Token.Organization, r.Token.ID)
	}
	if r.Refusal == verify.Elsewhere {
		attempt.Action, attempt.Reason = audit.AccessDenied, elsewhere(r.From)
		if r.From != "" { // at an introspection, the origin is the service that asked
			attempt.Origin.IP = r.From
		}
	}
	a.Audit.Refused(attempt)
}

// elsewhere returns the reason for refusing a token that is used from an address. Attempts from different
// networks have different reasons, so that each leaves an event of its own.
func elsewhere(from string) string {
	addr, ok := actor.ParseAddress(from)
	switch {
	case !ok:
		return "Not allowed: it has allowed addresses, and the address of its client was not given."
	case addr.Is4():
		return "Not allowed: it was used from " + addr.String() + ", which is not an allowed address."
	}
	return "Not allowed: it was used from " + actor.Network(addr).String() + "/64, which is not allowed."
}

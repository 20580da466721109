// Package invitation lets people become members. An Admin invites an email address, and the
// person who receives the link chooses a name and a password. A link works once and expires after
// [Life]. The database stores only a digest of its secret.
//
// Package account has the rules for the members that this package creates. Package signin hashes
// passwords and starts sessions.
package invitation

import (
	"context"
	"strings"
	"time"

	"latchkey/internal/access"
	"latchkey/internal/account"
	"latchkey/internal/actor"
	"latchkey/internal/audit"
	"latchkey/internal/fault"
	"latchkey/internal/random"
)

// Service is the use cases of invitations. [Service.Open] and [Service.Accept] are for the person
// who has the link, all others for Admins. It is safe for concurrent use.
type Service struct {
	store     Store
	catalogue *access.Catalogue
	now       func() time.Time
	mailer    Mailer
}

// Option configures an optional part of a [Service].
type Option func(*Service)

// WithMailer sends invitations by email as well. Without it their links are only shown.
func WithMailer(m Mailer) Option { return func(s *Service) { s.mailer = m } }

// New returns a service.
func New(store Store, catalogue *access.Catalogue, now func() time.Time, options ...Option) *Service {
	s := &Service{store: store, catalogue: catalogue, now: now}
	for _, option := range options {
		option(s)
	}
	return s
}

func (s *Service) change(ctx context.Context, by actor.Caller, fn func(Tx, account.Organization) error) error {
	return account.Change(ctx, s.store.InTx, s.catalogue, by, access.ManageInvitations, fn)
}

// Query asks for one page of the invitations.
type Query struct {
	Search string // part of the email address
	State  State  // only invitations in this state; empty for all
	Limit  int
	Offset int
}

// Page is one page of the invitations, newest first.
type Page struct {
	Rows  []Invitation
	Total int
	Query Query
}

// Find returns one page of the invitations, in a fixed number of queries. The error is Denied
// unless the caller is an Admin.
func (s *Service) Find(ctx context.Context, by actor.Standing, q Query) (Page, error) {
	if err := account.May(s.catalogue, by, access.ManageInvitations); err != nil {
		return Page{}, err
	}
	q.Search = strings.TrimSpace(q.Search)
	q.Limit, q.Offset = account.PageBounds(q.Limit, q.Offset)
	rows, total, err := s.store.FindInvitations(ctx, by.Organization, q, s.now())
	return Page{rows, total, q}, err
}

// Ending returns up to limit invitations that can still be accepted, those that expire first come
// first, without their groups and workspaces. The error is Denied unless the caller is an Admin.
func (s *Service) Ending(ctx context.Context, by actor.Standing, limit int) ([]Invitation, error) {
	if err := account.May(s.catalogue, by, access.ManageInvitations); err != nil {
		return nil, err
	}
	return s.store.InvitationsEnding(ctx, by.Organization, s.now(), limit)
}

// Get returns an invitation. The error is NotFound if it is deleted or not in the organization,
// and Denied unless the caller is an Admin.
func (s *Service) Get(ctx context.Context, by actor.Standing, id string) (Invitation, error) {
	if err := account.May(s.catalogue, by, access.ManageInvitations); err != nil {
		return Invitation{}, err
	}
	return s.store.InvitationByID(ctx, by.Organization, id)
}

// Resend gives an invitation a new link, which expires after [Life]. The old link stops working.
// The error is Conflict if the invitation was accepted, or if the address belongs by now to a member
// who cannot be invited; NotFound if it is deleted or not in the organization; and Denied unless
// the caller is an Admin.
func (s *Service) Resend(ctx context.Context, by actor.Caller, id string, link random.Linker) (Sent, error) {
	var sent Sent
	var held account.Organization
	err := s.change(ctx, by, func(tx Tx, org account.Organization) error {
		held = org
		inv, err := tx.InvitationByID(ctx, org.ID, id)
		if err != nil {
			return err
		}
		if inv.State(tx.Now()) == Accepted {
			return fault.NewConflict("This invitation has already been accepted.")
		}
		if err := mayInvite(tx, inv.Role); err != nil {
			return err
		}
		// An expired one has not ended with the access of its member, and must not come back.
		known, err := tx.EmailsKnown(ctx, org.ID, []string{inv.Email})
		if err != nil {
			return err
		}
		if known[inv.Email] {
			return fault.NewConflict("The address of this invitation belongs to a member already.")
		}
		before := inv.state()
		secret := random.NewSecret()
		inv.ExpiresAt = tx.Now().Add(Life)
		// The invitation is the caller's now, who sees the link: it ends when the caller's role does.
		inv.InvitedBy, inv.InvitedByName = tx.By().Self(), tx.By().Name
		if err := tx.RenewInvitation(ctx, inv, secret.Digest()); err != nil {
			return err
		}
		sent = Sent{Invitation: inv, Link: link(secret)}
		return tx.AppendEvent(ctx, audit.Did(tx.By(), audit.Updated, inv.target()).Changed(before.String(), inv.state().String()))
	})
	if err != nil {
		return Sent{}, err
	}
	s.send(ctx, held, &sent)
	return sent, nil
}

// Delete deletes an invitation, so its link stops working. The error is Conflict if the
// invitation was accepted, in which case the member can be deleted, and otherwise as for
// [Service.Resend].
func (s *Service) Delete(ctx context.Context, by actor.Caller, id string) (Invitation, error) {
	var inv Invitation
	err := s.change(ctx, by, func(tx Tx, org account.Organization) error {
		var err error
		if inv, err = tx.InvitationByID(ctx, org.ID, id); err != nil {
			return err
		}
		if inv.State(tx.Now()) == Accepted {
			return fault.NewConflict("This invitation has already been accepted.")
		}
		if err := tx.CloseInvitation(ctx, inv.ID, false); err != nil {
			return err
		}
		return tx.AppendEvent(ctx, audit.Did(tx.By(), audit.Deleted, inv.target()).Changed(inv.state().String(), ""))
	})
	return inv, err
}

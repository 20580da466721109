package account

import (
	"context"
	"slices"

	"github.com/segmentio/ksuid"

	"latchkey/internal/access"
	"latchkey/internal/actor"
	"latchkey/internal/audit"
	"latchkey/internal/fault"
)

// OpenInvitation is what the page behind an invitation's link may show.
type OpenInvitation struct {
	Invitation
	OrganizationName string
}

// Invitation finds the invitation of a link. NotFound for a link that never was one or was
// replaced by a newer; Conflict, saying so, when it was used, deleted or has expired.
func (s *Service) Invitation(ctx context.Context, secret LinkSecret) (OpenInvitation, error) {
	inv, err := s.openInvitation(ctx, s.store, secret)
	if err != nil {
		return OpenInvitation{}, err
	}
	org, err := s.store.Organization(ctx, inv.Organization)
	return OpenInvitation{inv, org.Name}, err
}

func (s *Service) openInvitation(ctx context.Context, r InvitationReader, secret LinkSecret) (Invitation, error) {
	digest := secret.digest()
	if digest == nil {
		return Invitation{}, unknownInvitation()
	}
	inv, err := r.InvitationByDigest(ctx, digest)
	if fault.Is(err, fault.NotFound) {
		return Invitation{}, unknownInvitation()
	}
	if err != nil {
		return Invitation{}, err
	}
	switch inv.State(s.now()) {
	case InvitationAccepted:
		return Invitation{}, fault.NewConflict("This invitation was used already. Sign in with your e-mail and password.")
	case InvitationDeleted:
		return Invitation{}, fault.NewConflict("This invitation was deleted. Ask an Admin for a new one.")
	case InvitationExpired:
		return Invitation{}, fault.NewConflict("This invitation has expired. Ask an Admin for a new one.")
	case InvitationPending:
	}
	return inv, nil
}

func unknownInvitation() error {
	f := fault.NewNotFound("This invitation")
	f.Message = "This invitation link is not good, or a newer one has replaced it. Use the newest, or ask an Admin."
	return f
}

// Accept makes a member of whoever has the link, and uses the link up: a second time, even
// at the same moment, is a Conflict. Who is a member without a password (provisioned or brought
// over from another system) gets this one, and what the invitation promises beside what is there. passwordHash comes from package signin. Invalid with
// field "name"; Conflict also when the address became a member meanwhile; Denied when the plan
// has no room; the other errors are those of Invitation. A group that the identity provider
// has taken over meanwhile is left out.
func (s *Service) Accept(ctx context.Context, secret LinkSecret, name, passwordHash string, origin actor.Origin) (Member, error) {
	var m Member
	err := s.store.InTx(ctx, actor.Anonymous(origin), func(tx Tx) error {
		inv, err := s.openInvitation(ctx, tx, secret)
		if err != nil {
			return err
		}
		org, err := tx.HoldOrganization(ctx, inv.Organization)
		if err != nil {
			return err
		}
		var p fault.Problems
		m = Member{ID: ksuid.New().String(), Organization: org.ID, Email: inv.Email, Name: newName(&p, "name", name),
			Role: inv.Role, Status: Active, CreatedAt: tx.Now(), UpdatedAt: tx.Now()}
		if err := p.Err("Some fields need your attention."); err != nil {
			return err
		}
		if err := tx.CloseInvitation(ctx, inv.ID, true); err != nil { // first, so that of two only one gets further
			return err
		}
		known, err := tx.ClaimMember(ctx, org.ID, m.Email, passwordHash)
		if fault.Is(err, fault.NotFound) {
			return accept(ctx, tx, org, inv, m, passwordHash, origin)
		}
		if err == nil {
			m, err = claim(ctx, tx, org, inv, known, m.Name, origin)
		}
		return err
	})
	return m, err
}

func seatFree(ctx context.Context, tx Tx, org Organization) error {
	limit, limited := org.Plan.MemberLimit()
	if !limited {
		return nil
	}
	n, err := tx.CountMembers(ctx, org.ID)
	if err == nil && n >= limit {
		return fault.NewDenied("The organization's plan has no room for another member. Ask an Admin.")
	}
	return err
}

// noteAccepted appends the event of the acceptance and returns the member as who does all that
// follows from it.
func noteAccepted(ctx context.Context, tx Tx, inv Invitation, m Member, origin actor.Origin) (actor.Standing, error) {
	by := actor.Standing{Principal: access.Principal{Kind: access.Member, ID: m.ID, Organization: m.Organization, Role: m.Role},
		Name: m.Name, Email: m.Email, Origin: origin}
	accepted := state{"accepted": true, "member": m.ID}
	return by, tx.AppendEvent(ctx, audit.Did(by, audit.Updated, inv.target()).Changed("", accepted.String()))
}

// claim gives a member who had no password the name that they chose, and what an invitation
// promises.
func claim(ctx context.Context, tx Tx, org Organization, inv Invitation, m Member, name string, origin actor.Origin) (Member, error) {
	by, err := noteAccepted(ctx, tx, inv, m, origin)
	if err != nil {
		return m, err
	}
	if err := tx.AppendEvent(ctx, audit.Did(by, audit.PasswordChanged, m.target())); err != nil {
		return m, err
	}
	if m, err = SetName(ctx, tx, by, m, name); err != nil {
		return m, err
	}
	if inv.Role == access.RoleAdmin && m.Role != inv.Role {
		old := m
		m.Role = inv.Role
		if err := updateMember(ctx, tx, by, audit.ChangedPermission, old, &m); err != nil {
			return m, err
		}
	}
	return m, joinInvited(ctx, tx, org, by, inv, m)
}

// accept makes the member.
func accept(ctx context.Context, tx Tx, org Organization, inv Invitation, m Member, passwordHash string, origin actor.Origin) error {
	known, err := tx.EmailsKnown(ctx, inv.Organization, []string{m.Email})
	if err != nil {
		return err
	}
	if known[m.Email] {
		return fault.NewConflict("You are a member already. Sign in with your e-mail and password.")
	}
	if err := seatFree(ctx, tx, org); err != nil {
		return err
	}
	if err := tx.InsertMember(ctx, m, passwordHash); err != nil {
		return err
	}
	by, err := noteAccepted(ctx, tx, inv, m, origin)
	if err != nil {
		return err
	}
	if err := tx.AppendEvent(ctx, audit.Did(by, audit.AddedToOrganization, m.target()).Changed("", m.state().String())); err != nil {
		return err
	}
	return joinInvited(ctx, tx, org, by, inv, m)
}

// joinInvited gives a member what the invitation promised, as far as it is not there.
func joinInvited(ctx context.Context, tx Tx, org Organization, by actor.Standing, inv Invitation, m Member) error {
	in, err := tx.GroupsOfMembers(ctx, org.ID, []string{m.ID})
	if err != nil {
		return err
	}
	for _, named := range inv.Groups {
		g, err := tx.Group(ctx, org.ID, named.ID)
		if err != nil {
			return err
		}
		if org.Locks(g) || slices.ContainsFunc(in[m.ID], func(n Named) bool { return n.ID == g.ID }) {
			continue
		}
		if err := addToGroup(ctx, tx, by, g, m); err != nil {
			return err
		}
	}
	for _, w := range inv.Workspaces {
		at := Place{MemberPolicy, w.ID, m.ID}
		_, err := tx.PolicyAt(ctx, org.ID, at)
		if fault.Is(err, fault.NotFound) {
			err = tx.InsertPolicy(ctx, emptyPolicy(tx, by, at))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

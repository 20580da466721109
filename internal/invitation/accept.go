package invitation

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"github.com/segmentio/ksuid"

	"latchkey/internal/access"
	"latchkey/internal/account"
	"latchkey/internal/actor"
	"latchkey/internal/audit"
	"latchkey/internal/fault"
	"latchkey/internal/plaintext"
	"latchkey/internal/policy"
	"latchkey/internal/random"
)

// Offer is what the page of an invitation link shows.
type Offer struct {
	Invitation
	OrganizationName string
}

// Open returns the invitation of a link. The error is NotFound if the link is invalid or a newer
// one has replaced it, Denied if the address belongs to a deactivated member, and Conflict if the
// invitation was used, was deleted or has expired, which its message says. A link of a deactivated
// member leaves an event, at most one an hour for an invitation.
func (s *Service) Open(ctx context.Context, secret random.Secret, origin actor.Origin) (Offer, error) {
	inv, err := s.open(ctx, s.store, secret)
	if err != nil {
		return Offer{}, s.noteRefused(ctx, inv, err, origin)
	}
	org, err := s.store.Organization(ctx, inv.Organization)
	return Offer{inv, org.Name}, err
}

func (s *Service) open(ctx context.Context, r digestReader, secret random.Secret) (Invitation, error) {
	digest := secret.Digest()
	if digest == nil {
		return Invitation{}, errInvalidLink()
	}
	inv, err := r.InvitationByDigest(ctx, digest)
	if fault.Is(err, fault.NotFound) {
		return Invitation{}, errInvalidLink()
	}
	if err != nil {
		return Invitation{}, err
	}
	// Before the state: whatever became of the invitation, this is what the person has to know.
	deactivated, err := r.IsDeactivated(ctx, inv.Organization, inv.Email)
	if err != nil {
		return Invitation{}, err
	}
	if deactivated {
		return inv, &fault.Error{Kind: fault.Denied, Cause: errDeactivated,
			Message: "Your account is deactivated, so this invitation cannot be used. Ask an Admin to reactivate you."}
	}
	switch inv.State(s.now()) {
	case Accepted:
		return Invitation{}, fault.NewConflict("This invitation has already been used. Sign in with your email and password.")
	case Deleted:
		return Invitation{}, fault.NewConflict("This invitation was deleted. Ask an Admin for a new one.")
	case Expired:
		return Invitation{}, fault.NewConflict("This invitation has expired. Ask an Admin for a new one.")
	case Pending:
	}
	return inv, nil
}

// errDeactivated is the cause of the error for a link of a deactivated member.
var errDeactivated = errors.New("the invited address belongs to a deactivated member")

// noteRefused returns err. If it is that of a deactivated member's link, it appends an event
// first, unless there is one of this invitation in this hour: who has a dead link must not be
// able to fill the log.
func (s *Service) noteRefused(ctx context.Context, inv Invitation, err error, origin actor.Origin) error {
	if !errors.Is(err, errDeactivated) {
		return err
	}
	ctx = context.WithoutCancel(ctx) // also if the client disconnects
	noted := s.store.InAcceptTx(ctx, actor.Anonymous(origin), func(tx AcceptTx) error {
		fresh, err := tx.RecordBlock(ctx, "invitation-refused:"+inv.ID, tx.Now().Truncate(time.Hour).Add(time.Hour))
		if err != nil || !fresh {
			return err
		}
		by := actor.OfSystem(inv.Organization)
		by.Name, by.Origin = actor.NotSignedIn, origin
		because := audit.Fields{"reason": "the member is deactivated"}
		return tx.AppendEvent(ctx, audit.Did(by, audit.Refused, inv.target()).Changed("", because.String()))
	})
	return cmp.Or(noted, err)
}

// errInvalidLink returns the error for a link that no invitation has.
func errInvalidLink() error {
	f := fault.NewNotFound("This invitation")
	f.Message = "This invitation link is invalid or has been replaced. Use the newest link, or ask an Admin for another."
	return f
}

// Accept makes the person who has the link a member, and uses up the link: the error is Conflict
// the second time, even if both requests come at the same moment. A member without a password
// (provisioned, or migrated from another system) gets this one, and what the invitation grants is
// added to what they have. passwordHash comes from package signin. A group that the identity
// provider manages by now is left out.
//
// The error is also Invalid with the field "name", Conflict if the address belongs to a member by
// now, and Denied if the plan has no room. The others are those of [Service.Open].
func (s *Service) Accept(ctx context.Context, secret random.Secret, name, passwordHash string,
	origin actor.Origin) (account.Member, error) {
	var m account.Member
	var inv Invitation
	err := s.store.InAcceptTx(ctx, actor.Anonymous(origin), func(tx AcceptTx) (err error) {
		if inv, err = s.open(ctx, tx, secret); err != nil {
			return err
		}
		org, err := tx.HoldOrganization(ctx, inv.Organization)
		if err != nil {
			return err
		}
		clean, err := plaintext.Name(name)
		if err != nil {
			return fault.NewInvalid("Some fields need your attention.", fault.Field{Path: "name", Message: fault.Of(err).Message})
		}
		m = account.Member{ID: ksuid.New().String(), Organization: org.ID, Email: inv.Email, Name: clean,
			Role: inv.Role, Status: account.Active, CreatedAt: tx.Now(), UpdatedAt: tx.Now()}
		if err := tx.CloseInvitation(ctx, inv.ID, true); err != nil { // first, so that only one of two requests continues
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
	return m, s.noteRefused(ctx, inv, err, origin)
}

// noteAccepted appends the event of the acceptance, and returns the member as the actor of the
// events that follow.
func noteAccepted(ctx context.Context, tx AcceptTx, inv Invitation, m account.Member, origin actor.Origin) (actor.Standing, error) {
	by := actor.Standing{Principal: access.Principal{Kind: access.Member, ID: m.ID, Organization: m.Organization, Role: m.Role},
		Name: m.Name, Email: m.Email, Origin: origin}
	accepted := audit.Fields{"accepted": true, "member": m.ID}
	return by, tx.AppendEvent(ctx, audit.Did(by, audit.Updated, inv.target()).Changed("", accepted.String()))
}

// claim gives a member who had no password the name that they chose, and what the invitation
// grants.
func claim(ctx context.Context, tx AcceptTx, org account.Organization, inv Invitation, m account.Member, name string,
	origin actor.Origin) (account.Member, error) {
	by, err := noteAccepted(ctx, tx, inv, m, origin)
	if err != nil {
		return m, err
	}
	if err := tx.AppendEvent(ctx, audit.Did(by, audit.PasswordChanged, m.Target())); err != nil {
		return m, err
	}
	if m, err = account.SetName(ctx, tx, by, m, name); err != nil {
		return m, err
	}
	if inv.Role == access.RoleAdmin {
		if m, err = account.SetRole(ctx, tx, by, m, inv.Role); err != nil {
			return m, err
		}
	}
	return m, joinInvited(ctx, tx, org, by, inv, m)
}

// accept adds the member, with what the invitation grants.
func accept(ctx context.Context, tx AcceptTx, org account.Organization, inv Invitation, m account.Member, passwordHash string,
	origin actor.Origin) error {
	known, err := tx.EmailsKnown(ctx, inv.Organization, []string{m.Email})
	if err != nil {
		return err
	}
	if known[m.Email] {
		return fault.NewConflict("You are already a member. Sign in with your email and password.")
	}
	if err := account.SeatFree(ctx, tx, org); err != nil {
		return err
	}
	if err := tx.InsertMember(ctx, m, passwordHash); err != nil {
		return err
	}
	by, err := noteAccepted(ctx, tx, inv, m, origin)
	if err != nil {
		return err
	}
	if err := tx.AppendEvent(ctx, audit.Did(by, audit.AddedToOrganization, m.Target()).Changed("", m.State().String())); err != nil {
		return err
	}
	return joinInvited(ctx, tx, org, by, inv, m)
}

// joinInvited gives a member what the invitation grants, as far as they do not have it yet.
func joinInvited(ctx context.Context, tx joiner, org account.Organization, by actor.Standing, inv Invitation, m account.Member) error {
	in, err := tx.GroupsOfMembers(ctx, org.ID, []string{m.ID})
	if err != nil {
		return err
	}
	for _, named := range inv.Groups {
		g, err := tx.Group(ctx, org.ID, named.ID)
		if err != nil {
			return err
		}
		if org.Locks(g) || slices.ContainsFunc(in[m.ID], func(n account.Named) bool { return n.ID == g.ID }) {
			continue
		}
		if err := account.Enroll(ctx, tx, by, g, m); err != nil {
			return err
		}
	}
	for _, w := range inv.Workspaces {
		_, err := tx.PolicyAt(ctx, org.ID, policy.Place{Kind: policy.OfMember, Workspace: w.ID, Subject: m.ID})
		if fault.Is(err, fault.NotFound) {
			err = account.Enter(ctx, tx, by, m, w.ID)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

package invitation

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/segmentio/ksuid"

	"latchkey/internal/access"
	"latchkey/internal/account"
	"latchkey/internal/actor"
	"latchkey/internal/audit"
	"latchkey/internal/fault"
	"latchkey/internal/plaintext"
	"latchkey/internal/random"
)

// maxInvitations is the number of invitations that can be sent at once.
const maxInvitations = 100

// NewInvitations says whom to invite, and what they get when they accept.
type NewInvitations struct {
	Emails     []string // repeated addresses count once
	Role       access.Role
	Groups     []string // ids
	Workspaces []string // ids
}

// Sent is an invitation with its link, which is not available again.
type Sent struct {
	Invitation
	Link      string
	Mailed    bool
	MailError error // private; nil if it was sent or there is no mailer
}

// Skipped is an address that was not invited, with the reason as a sentence.
type Skipped struct{ Email, Reason string }

// Invited is the result of [Service.Invite].
type Invited struct {
	Sent    []Sent
	Skipped []Skipped
}

// Invite creates an invitation for each address. It skips addresses of members and of pending
// invitations, and reports them. It sends the emails after all invitations are stored. An email
// that fails is reported, and its invitation and link still work.
//
// The error is Invalid with the field "emails" (which names every invalid address), "role",
// "groups" or "workspaces" (a Member needs a group or a workspace). It is Denied if the plan does
// not have room for so many members or the caller is not an Admin. After an error nobody is
// invited.
func (s *Service) Invite(ctx context.Context, by actor.Caller, in NewInvitations, link random.Linker) (Invited, error) {
	var out Invited
	var held account.Organization
	err := s.change(ctx, by, func(tx Tx, org account.Organization) error {
		out, held = Invited{}, org
		draft, emails, err := checkInvite(ctx, tx, org, in)
		if err != nil {
			return err
		}
		if err := mayInvite(tx, draft.Role); err != nil {
			return err
		}
		emails, out.Skipped, err = withoutKnown(ctx, tx, org, emails)
		if err != nil {
			return err
		}
		if err := roomFor(ctx, tx, org, len(emails)); err != nil {
			return err
		}
		draft.InvitedBy, draft.InvitedByName = tx.By().Self(), tx.By().Name
		for _, email := range emails {
			draft.Email = email
			sent, err := invite(ctx, tx, tx.By(), draft, link)
			if err != nil {
				return err
			}
			out.Sent = append(out.Sent, sent)
		}
		return nil
	})
	if err != nil {
		return Invited{}, err
	}
	for i := range out.Sent {
		s.send(ctx, held, &out.Sent[i])
	}
	return out, nil
}

func invite(ctx context.Context, tx Tx, by actor.Standing, draft Invitation, link random.Linker) (Sent, error) {
	secret := random.NewSecret()
	draft.ID, draft.CreatedAt, draft.ExpiresAt = ksuid.New().String(), tx.Now(), tx.Now().Add(Life)
	if err := tx.InsertInvitation(ctx, draft, secret.Digest()); err != nil {
		return Sent{}, err
	}
	err := tx.AppendEvent(ctx, audit.Did(by, audit.Created, draft.target()).Changed("", draft.state().String()))
	return Sent{Invitation: draft, Link: link(secret)}, err
}

// mayInvite returns an Unproven fault if somebody is invited as an Admin in a session that was proven too long ago.
func mayInvite(tx Tx, role access.Role) error {
	if role != access.RoleAdmin {
		return nil
	}
	return tx.By().MustBeProven(tx.Now(), "invite an Admin")
}

// checkInvite returns what all of the invitations have in common, and the addresses. Its error
// has every problem of the command.
func checkInvite(ctx context.Context, tx Tx, org account.Organization, in NewInvitations) (Invitation, []string, error) {
	var p fault.Problems
	draft := Invitation{Organization: org.ID, Role: in.Role}
	emails, problem := checkEmails(in.Emails)
	if problem != "" {
		p.Add("emails", problem)
	}
	if in.Role != access.RoleAdmin && in.Role != access.RoleMember {
		p.Add("role", "Choose Admin or Member.")
	}
	if in.Role == access.RoleMember && !anyOf(in.Groups) && !anyOf(in.Workspaces) {
		p.Add("workspaces", "Choose at least one group or workspace.")
	}
	workspaces, err := account.ChooseWorkspaces(ctx, tx, org.ID, in.Workspaces)
	if err != nil && !addFields(&p, err) {
		return draft, nil, err
	}
	for _, w := range workspaces {
		draft.Workspaces = append(draft.Workspaces, account.Named{ID: w.ID, Name: w.Name})
	}
	groups, err := account.ChooseGroups(ctx, tx, org, in.Groups)
	if fault.Is(err, fault.NotFound) || fault.Is(err, fault.Denied) {
		p.Add("groups", fault.Of(err).Message)
	} else if err != nil {
		return draft, nil, err
	}
	for _, g := range groups {
		draft.Groups = append(draft.Groups, account.Named{ID: g.ID, Name: g.Name})
	}
	return draft, emails, p.Err("Some fields need your attention.")
}

// anyOf reports whether any of ids is not empty.
func anyOf(ids []string) bool {
	return slices.ContainsFunc(ids, func(id string) bool { return id != "" })
}

// addFields adds the fields of err to p. It returns false if err is not Invalid.
func addFields(p *fault.Problems, err error) bool {
	f := fault.Of(err)
	if f.Kind != fault.Invalid {
		return false
	}
	p.AddAll(f.Fields)
	return true
}

// withoutKnown returns the addresses without those of members and of pending invitations, which
// it returns as skipped.
func withoutKnown(ctx context.Context, tx Tx, org account.Organization, emails []string) (rest []string, skipped []Skipped, err error) {
	members, err := tx.EmailsKnown(ctx, org.ID, emails)
	if err != nil {
		return nil, nil, err
	}
	invited, err := tx.EmailsInvited(ctx, org.ID, emails, tx.Now())
	if err != nil {
		return nil, nil, err
	}
	for _, email := range emails {
		switch {
		case members[email]:
			skipped = append(skipped, Skipped{email, "Already a member."})
		case invited[email]:
			skipped = append(skipped, Skipped{email, "Already invited. Resend the invitation to get a new link."})
		default:
			rest = append(rest, email)
		}
	}
	return rest, skipped, nil
}

// roomFor returns an error if the plan has no room for n more members and the pending
// invitations.
func roomFor(ctx context.Context, tx Tx, org account.Organization, n int) error {
	limit, limited := org.Plan.MemberLimit()
	if !limited || n == 0 {
		return nil
	}
	members, err := tx.CountMembers(ctx, org.ID)
	if err != nil {
		return err
	}
	pending, err := tx.CountPendingInvitations(ctx, org.ID, tx.Now())
	if err == nil && members+pending+n > limit {
		return fault.NewDenied(fmt.Sprintf("The %s plan includes %d members, counting pending invitations. %s",
			org.Plan.Label(), limit, access.UpgradeText))
	}
	return err
}

// checkEmails returns each address once, in lower case and in order, or what is wrong with them.
func checkEmails(addresses []string) (emails []string, problem string) {
	var wrong []string
	seen := map[string]bool{}
	for _, address := range addresses {
		email, err := plaintext.Email(address)
		if err != nil {
			wrong = append(wrong, plaintext.Visible(address))
			continue
		}
		if !seen[email] {
			seen[email] = true
			emails = append(emails, email)
		}
	}
	switch {
	case len(wrong) == 1:
		return nil, "This does not look like an email address: " + wrong[0]
	case len(wrong) > 1:
		return nil, "These do not look like email addresses: " + strings.Join(wrong[:min(len(wrong), 10)], ", ")
	case len(emails) == 0:
		return nil, "Enter at least one email address."
	case len(emails) > maxInvitations:
		return nil, fmt.Sprintf("Invite at most %d people at once.", maxInvitations)
	}
	return emails, ""
}

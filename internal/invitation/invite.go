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
)

// maxInvitations is how many can be sent at once.
const maxInvitations = 100

// NewInvitations says whom to invite, and what they get when they join.
type NewInvitations struct {
	Emails     []string // one that is there twice counts once
	Role       access.Role
	Groups     []string // ids
	Workspaces []string // ids
}

// Sent is an invitation with its link, which only this answer holds.
type Sent struct {
	Invitation
	Link      string
	Mailed    bool
	MailError error // private; nil when it was sent, or when there is no mailer
}

// Skipped is an address that was not invited, and why, as a plain sentence.
type Skipped struct{ Email, Reason string }

// Invited is what became of the addresses.
type Invited struct {
	Sent    []Sent
	Skipped []Skipped
}

// Invite makes one invitation per address; each is good for Life. Addresses of
// members and of pending invitations are skipped and reported. Invalid, with nothing
// done, with fields "emails" (naming every address that is none), "role", "groups",
// "workspaces" (a Member needs a group or a workspace); Denied to all but Admins and when
// the plan has no room for so many members. E-mails are sent after all of it is stored: one that
// fails is reported, its invitation and link stay good.
func (s *Service) Invite(ctx context.Context, by actor.Caller, in NewInvitations, link Linker) (Invited, error) {
	var out Invited
	var held account.Organization
	err := s.change(ctx, by, func(tx Tx, org account.Organization) error {
		out, held = Invited{}, org
		draft, emails, err := checkInvite(ctx, tx, org, in)
		if err != nil {
			return err
		}
		emails, out.Skipped, err = notYetThere(ctx, tx, org, emails)
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

func invite(ctx context.Context, tx Tx, by actor.Standing, draft Invitation, link Linker) (Sent, error) {
	secret := newLinkSecret()
	draft.ID, draft.CreatedAt, draft.ExpiresAt = ksuid.New().String(), tx.Now(), tx.Now().Add(Life)
	if err := tx.InsertInvitation(ctx, draft, secret.digest()); err != nil {
		return Sent{}, err
	}
	err := tx.AppendEvent(ctx, audit.Did(by, audit.Created, draft.target()).Changed("", draft.state().String()))
	return Sent{Invitation: draft, Link: link(secret)}, err
}

// checkInvite checks the whole command and reports every problem at once.
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

// anyOf reports whether any id is chosen.
func anyOf(ids []string) bool {
	return slices.ContainsFunc(ids, func(id string) bool { return id != "" })
}

// addFields moves the fields of an Invalid fault to p; false when err is something else.
func addFields(p *fault.Problems, err error) bool {
	f := fault.Of(err)
	if f.Kind != fault.Invalid {
		return false
	}
	p.AddAll(f.Fields)
	return true
}

// notYetThere sorts out who is a member or invited already.
func notYetThere(ctx context.Context, tx Tx, org account.Organization, emails []string) (rest []string, skipped []Skipped, err error) {
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
			skipped = append(skipped, Skipped{email, "Is a member already."})
		case invited[email]:
			skipped = append(skipped, Skipped{email, "Has an invitation already. Resend it to get a new link."})
		default:
			rest = append(rest, email)
		}
	}
	return rest, skipped, nil
}

// roomFor refuses when the plan has no room for n more members beside the pending invitations.
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
		return fault.NewDenied(fmt.Sprintf("The plan %s includes %d members, pending invitations counted. %s",
			org.Plan.Label(), limit, access.UpgradeText))
	}
	return err
}

// checkEmails returns each address once, lower case, in order, or what is wrong with them.
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
		return nil, "This does not look like an e-mail address: " + wrong[0]
	case len(wrong) > 1:
		return nil, "These do not look like e-mail addresses: " + strings.Join(wrong[:min(len(wrong), 10)], ", ")
	case len(emails) == 0:
		return nil, "Enter at least one e-mail address."
	case len(emails) > maxInvitations:
		return nil, fmt.Sprintf("Invite at most %d people at once.", maxInvitations)
	}
	return emails, ""
}

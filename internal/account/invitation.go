package account

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strings"
	"time"
	"unicode"

	"github.com/segmentio/ksuid"

	"latchkey/internal/access"
	"latchkey/internal/actor"
	"latchkey/internal/audit"
	"latchkey/internal/fault"
)

// InvitationLife is how long an invitation can be accepted.
const InvitationLife = 3 * 24 * time.Hour

// maxInvitations is how many can be sent at once.
const maxInvitations = 100

// InvitationReader is what the use cases of invitations read.
type InvitationReader interface {
	// FindInvitations returns one page of the invitations that are not deleted, the
	// newest first, with their groups and workspaces, and how many there are on all pages.
	FindInvitations(ctx context.Context, organization string, q InvitationQuery, now time.Time) ([]Invitation, int, error)
	// InvitationByID returns an invitation of the organization that is not deleted;
	// NotFound otherwise.
	InvitationByID(ctx context.Context, organization, id string) (Invitation, error)
	// InvitationByDigest returns the invitation with this digest of its link's secret,
	// deleted, used and expired ones included; NotFound otherwise.
	InvitationByDigest(ctx context.Context, digest []byte) (Invitation, error)
	// CountPendingInvitations counts those that can be accepted at now.
	CountPendingInvitations(ctx context.Context, organization string, now time.Time) (int, error)
	// EmailsInvited returns which of the addresses (lower case) have an invitation that
	// can be accepted at now.
	EmailsInvited(ctx context.Context, organization string, emails []string, now time.Time) (map[string]bool, error)
}

// InvitationWriter is how the use cases change invitations.
type InvitationWriter interface {
	// InsertInvitation adds an invitation with its groups and workspaces under the digest
	// of its link's secret.
	InsertInvitation(ctx context.Context, i Invitation, digest []byte) error
	// RenewInvitation gives an invitation another digest and end.
	RenewInvitation(ctx context.Context, i Invitation, digest []byte) error
	// CloseInvitation marks an invitation as accepted or deleted now; Conflict when it is
	// either already.
	CloseInvitation(ctx context.Context, id string, accepted bool) error
}

// Invitation lets somebody become a member.
type Invitation struct {
	ID            string
	Organization  string
	Email         string // lower case
	Role          access.Role
	Groups        []Named // that still exist
	Workspaces    []Named // that still exist
	InvitedBy     string  // member id
	InvitedByName string  // as it was then
	CreatedAt     time.Time
	ExpiresAt     time.Time // the first moment at which it cannot be accepted any more
	AcceptedAt    time.Time
	DeletedAt     time.Time
}

// InvitationState is how an invitation stands at a moment.
type InvitationState string

// The states.
const (
	InvitationPending  InvitationState = "pending"
	InvitationExpired  InvitationState = "expired"
	InvitationAccepted InvitationState = "accepted"
	InvitationDeleted  InvitationState = "deleted"
)

// State is how the invitation stands at now.
func (i Invitation) State(now time.Time) InvitationState {
	switch {
	case !i.DeletedAt.IsZero():
		return InvitationDeleted
	case !i.AcceptedAt.IsZero():
		return InvitationAccepted
	case !now.Before(i.ExpiresAt):
		return InvitationExpired
	}
	return InvitationPending
}

// Label is the state in words.
func (s InvitationState) Label() string {
	switch s {
	case InvitationPending:
		return "Pending"
	case InvitationExpired:
		return "Expired"
	case InvitationAccepted:
		return "Accepted"
	case InvitationDeleted:
		return "Deleted"
	}
	return "Unknown"
}

func (i Invitation) target() audit.Target {
	return audit.Target{Type: audit.TargetInvitation, ID: i.ID, Name: i.Email}
}

func (i Invitation) state() state {
	return state{"email": i.Email, "role": i.Role, "groups": namesOf(i.Groups), "workspaces": namesOf(i.Workspaces),
		"expiresAt": audit.FormatTime(i.ExpiresAt)}
}

func namesOf(list []Named) []string {
	out := make([]string, len(list))
	for i, n := range list {
		out[i] = n.Name
	}
	return out
}

// LinkSecret is the secret of an invitation's link. It prints and marshals redacted.
type LinkSecret string

// String never shows the secret.
func (LinkSecret) String() string { return "[redacted]" }

// GoString never shows the secret.
func (LinkSecret) GoString() string { return "[redacted]" }

// MarshalText never shows the secret.
func (LinkSecret) MarshalText() ([]byte, error) { return []byte("[redacted]"), nil }

// Reveal is the secret itself.
func (s LinkSecret) Reveal() string { return string(s) }

// Linker makes the link that carries a secret: the front door knows its own address.
type Linker func(secret LinkSecret) string

const linkSecretBytes = 32

// newLinkSecret makes 256 random bits, base64url without padding, 43 characters.
func newLinkSecret() LinkSecret {
	b := make([]byte, linkSecretBytes)
	// It never fails: when the system has no randomness the program ends.
	_, _ = rand.Read(b)
	return LinkSecret(base64.RawURLEncoding.EncodeToString(b))
}

// digest is what the database keeps of a secret; nil for a text that cannot be one.
func (s LinkSecret) digest() []byte {
	b, err := base64.RawURLEncoding.Strict().DecodeString(string(s))
	if err != nil || len(b) != linkSecretBytes {
		return nil
	}
	sum := sha256.Sum256([]byte(s))
	return sum[:]
}

// InvitationQuery asks for one page of the invitations.
type InvitationQuery struct {
	Search string          // part of the e-mail
	State  InvitationState // only these; "" for all
	Limit  int
	Offset int
}

// InvitationPage is one page of the invitations, the newest first.
type InvitationPage struct {
	Rows  []Invitation
	Total int
	Query InvitationQuery
}

// Invitations returns one page, in a fixed number of queries. Denied to all but Admins.
func (s *Service) Invitations(ctx context.Context, by actor.Standing, q InvitationQuery) (InvitationPage, error) {
	if err := s.may(by, access.ManageInvitations); err != nil {
		return InvitationPage{}, err
	}
	q.Search = strings.TrimSpace(q.Search)
	q.Limit, q.Offset = pageBounds(q.Limit, q.Offset)
	rows, total, err := s.store.FindInvitations(ctx, by.Organization, q, s.now())
	return InvitationPage{rows, total, q}, err
}

// InvitationByID returns one invitation; NotFound when it is deleted or not the
// organization's. Denied to all but Admins.
func (s *Service) InvitationByID(ctx context.Context, by actor.Standing, id string) (Invitation, error) {
	if err := s.may(by, access.ManageInvitations); err != nil {
		return Invitation{}, err
	}
	return s.store.InvitationByID(ctx, by.Organization, id)
}

// InviteForm is the form "Invite users", as it was sent.
type InviteForm struct {
	Emails     string // separated by commas, semicolons, blanks or lines; "Name <address>" works too
	Role       string
	Groups     []string // ids
	Workspaces []string // ids
}

// SentInvitation is an invitation with its link, which only this answer holds.
type SentInvitation struct {
	Invitation
	Link      string
	Mailed    bool
	MailError error // private; nil when it was sent, or when there is no mailer
}

// Skipped is an address that was not invited, and why, as a plain sentence.
type Skipped struct{ Email, Reason string }

// Invited is what became of the form.
type Invited struct {
	Sent    []SentInvitation
	Skipped []Skipped
}

// Invite makes one invitation per address; each is good for InvitationLife. Addresses of
// members and of pending invitations are skipped and reported. Invalid, with nothing
// done, with fields "emails" (naming every address that is none), "role", "groups",
// "workspaces" (a Member needs a group or a workspace); Denied to all but Admins and when
// the plan has no room for so many members. E-mails are sent after all of it is stored: one that
// fails is reported, its invitation and link stay good.
func (s *Service) Invite(ctx context.Context, by actor.Caller, form InviteForm, link Linker) (Invited, error) {
	var out Invited
	var held Organization
	err := s.change(ctx, by, access.ManageInvitations, func(tx Tx, org Organization) error {
		out, held = Invited{}, org
		draft, emails, err := checkInvite(ctx, tx, org, form)
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

func invite(ctx context.Context, tx Tx, by actor.Standing, draft Invitation, link Linker) (SentInvitation, error) {
	secret := newLinkSecret()
	draft.ID, draft.CreatedAt, draft.ExpiresAt = ksuid.New().String(), tx.Now(), tx.Now().Add(InvitationLife)
	if err := tx.InsertInvitation(ctx, draft, secret.digest()); err != nil {
		return SentInvitation{}, err
	}
	err := tx.AppendEvent(ctx, audit.Did(by, audit.Created, draft.target()).Changed("", draft.state().String()))
	return SentInvitation{Invitation: draft, Link: link(secret)}, err
}

// checkInvite checks the whole form, reporting every problem at once.
func checkInvite(ctx context.Context, tx Tx, org Organization, form InviteForm) (Invitation, []string, error) {
	var p fault.Problems
	draft := Invitation{Organization: org.ID}
	emails, problem := parseEmails(form.Emails)
	if problem != "" {
		p.Add("emails", problem)
	}
	role, err := access.ParseRole(form.Role)
	if err != nil {
		p.Add("role", "Choose Admin or Member.")
	}
	draft.Role = role
	if role == access.RoleMember && len(unique(form.Groups)) == 0 && len(unique(form.Workspaces)) == 0 {
		p.Add("workspaces", "Choose at least one group or workspace.")
	}
	workspaces, err := chooseWorkspaces(ctx, tx, org.ID, form.Workspaces)
	if err != nil && !addFields(&p, err) {
		return draft, nil, err
	}
	for _, w := range workspaces {
		draft.Workspaces = append(draft.Workspaces, Named{w.ID, w.Name})
	}
	groups, err := chooseGroups(ctx, tx, org, form.Groups)
	if fault.Is(err, fault.NotFound) || fault.Is(err, fault.Denied) {
		p.Add("groups", fault.Of(err).Message)
	} else if err != nil {
		return draft, nil, err
	}
	for _, g := range groups {
		draft.Groups = append(draft.Groups, Named{g.ID, g.Name})
	}
	return draft, emails, p.Err("Some fields need your attention.")
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
func notYetThere(ctx context.Context, tx Tx, org Organization, emails []string) (rest []string, skipped []Skipped, err error) {
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
func roomFor(ctx context.Context, tx Tx, org Organization, n int) error {
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
		return fault.NewDenied(fmt.Sprintf("The plan %s includes %d members, pending invitations counted. %s", org.Plan.Label(), limit, access.UpgradeText))
	}
	return err
}

// parseEmails reads a pasted list: each address once, lower case, in order, or what is
// wrong with it.
func parseEmails(text string) (emails []string, problem string) {
	var wrong []string
	for _, part := range strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(",;\n\r", r) }) {
		candidates := strings.FieldsFunc(part, unicode.IsSpace)
		if open, end := strings.LastIndex(part, "<"), strings.LastIndex(part, ">"); open >= 0 && end > open {
			candidates = []string{part[open+1 : end]}
		}
		for _, candidate := range candidates {
			email, err := CleanEmail(candidate)
			if err != nil {
				wrong = append(wrong, candidate)
				continue
			}
			emails = append(emails, email)
		}
	}
	emails = unique(emails)
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

// ResendInvitation gives an invitation a new link, good for InvitationLife from now; the
// old link ends. Conflict when it was accepted; NotFound when it is deleted or not the
// organization's; Denied to all but Admins.
func (s *Service) ResendInvitation(ctx context.Context, by actor.Caller, id string, link Linker) (SentInvitation, error) {
	var sent SentInvitation
	var held Organization
	err := s.change(ctx, by, access.ManageInvitations, func(tx Tx, org Organization) error {
		held = org
		inv, err := tx.InvitationByID(ctx, org.ID, id)
		if err != nil {
			return err
		}
		if inv.State(tx.Now()) == InvitationAccepted {
			return fault.NewConflict("This invitation was accepted already.")
		}
		before := inv.state()
		secret := newLinkSecret()
		inv.ExpiresAt = tx.Now().Add(InvitationLife)
		if err := tx.RenewInvitation(ctx, inv, secret.digest()); err != nil {
			return err
		}
		sent = SentInvitation{Invitation: inv, Link: link(secret)}
		return tx.AppendEvent(ctx, audit.Did(tx.By(), audit.Updated, inv.target()).Changed(before.String(), inv.state().String()))
	})
	if err != nil {
		return SentInvitation{}, err
	}
	s.send(ctx, held, &sent)
	return sent, nil
}

// DeleteInvitation ends an invitation: its link grants nothing any more. Conflict when it
// was accepted (delete the member instead); otherwise as ResendInvitation.
func (s *Service) DeleteInvitation(ctx context.Context, by actor.Caller, id string) (Invitation, error) {
	var inv Invitation
	err := s.change(ctx, by, access.ManageInvitations, func(tx Tx, org Organization) error {
		var err error
		if inv, err = tx.InvitationByID(ctx, org.ID, id); err != nil {
			return err
		}
		if inv.State(tx.Now()) == InvitationAccepted {
			return fault.NewConflict("This invitation was accepted already.")
		}
		if err := tx.CloseInvitation(ctx, inv.ID, false); err != nil {
			return err
		}
		return tx.AppendEvent(ctx, audit.Did(tx.By(), audit.Deleted, inv.target()).Changed(inv.state().String(), ""))
	})
	return inv, err
}

package invitation

import (
	"context"
	"fmt"
	"time"

	"latchkey/internal/account"
)

// Mailer sends plain-text emails. After an error the email may not have arrived.
type Mailer interface {
	// Send sends one email.
	Send(ctx context.Context, to, subject, text string) error
}

// message returns the email of an invitation.
func message(org account.Organization, inv Invitation, link string) (subject, text string) {
	subject = "You are invited to " + org.Name + " on Latchkey"
	text = fmt.Sprintf(`%s has invited you to join %s on Latchkey.

Open this link to choose a name and a password:

%s

The link works once, until %s UTC. Do not share it. If you did not expect this email, ignore it.
`, inv.InvitedByName, org.Name, link, inv.ExpiresAt.UTC().Format("2 January 2006, 15:04"))
	return subject, text
}

// sendTimeout limits the time for one email, so that a mail server that does not answer does not
// block the page.
const sendTimeout = 15 * time.Second

// send sends the email of an invitation if there is a mailer, and records the result in sent.
func (s *Service) send(ctx context.Context, org account.Organization, sent *Sent) {
	if s.mailer == nil {
		return
	}
	subject, text := message(org, sent.Invitation, sent.Link)
	ctx, cancel := context.WithTimeout(ctx, sendTimeout)
	defer cancel()
	sent.MailError = s.mailer.Send(ctx, sent.Email, subject, text)
	sent.Mailed = sent.MailError == nil
}

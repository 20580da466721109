package invitation

import (
	"context"
	"fmt"
	"time"

	"latchkey/internal/account"
)

// Mailer sends one plain-text message. An error means that it is not known to have
// arrived; the caller goes on without it.
type Mailer interface {
	Send(ctx context.Context, to, subject, text string) error
}

// message words the e-mail of an invitation.
func message(org account.Organization, inv Invitation, link string) (subject, text string) {
	subject = "You are invited to " + org.Name + " on Latchkey"
	text = fmt.Sprintf(`%s invites you to join %s on Latchkey.

Open this link to choose a name and a password:

%s

The link works once, until %s UTC. Nobody but you should have it. If you did not expect this message, ignore it.
`, inv.InvitedByName, org.Name, link, inv.ExpiresAt.UTC().Format("2 January 2006, 15:04"))
	return subject, text
}

// sendTimeout bounds one message, so that a mail server that hangs does not hold the page.
const sendTimeout = 15 * time.Second

// send hands one invitation to the mailer, if there is one, and notes what became of it.
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

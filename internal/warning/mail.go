package warning

import (
	"context"
	"crypto/rand"
	"fmt"
	"slices"
	"strings"
	"time"

	"latchkey/internal/access"
	"latchkey/internal/account"
	"latchkey/internal/actor"
	"latchkey/internal/fault"
	"latchkey/internal/plaintext"
	"latchkey/internal/token"
)

const (
	mailTimeout  = 30 * time.Second
	mailLease    = 2 * time.Minute // longer than a mail may take
	mailsAtOnce  = 1000            // warnings in one mail
	mostListed   = 50              // of these, tokens that it lists
	mostFailures = 3               // in a row, until the next round
)

// mailWaits returns how long to wait after each failed try.
func mailWaits() []time.Duration {
	return []time.Duration{time.Minute, 5 * time.Minute, 15 * time.Minute, time.Hour, 2 * time.Hour, 4 * time.Hour, 8 * time.Hour,
		12 * time.Hour, 24 * time.Hour}
}

// item is a warning that is to be sent.
type item struct {
	Mail
	about token.Token
}

// Send sends the mails that are due, one for each address, whatever it warns of. Mails that cannot be sent are tried
// again, for two days or until the token has ended. It may run at any time, also on two nodes at once.
func (s *Service) Send(ctx context.Context) error {
	if !s.Mails() {
		return nil
	}
	for failures := 0; failures < mostFailures; {
		due, err := s.d.Queue.MailsToSend(ctx, s.d.Now())
		if err != nil || !due {
			return err
		}
		id, name, err := s.d.Queue.WarnedOrganization(ctx)
		if err != nil {
			return err
		}
		claim := rand.Text()
		items, err := s.claim(ctx, id, claim)
		if err != nil {
			return err
		}
		if len(items) == 0 {
			continue // what was due has become pointless
		}
		sent := s.sendOne(ctx, name, items)
		if err := s.record(context.WithoutCancel(ctx), items, claim, sent, ctx.Err() != nil); err != nil {
			return err
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if failures++; sent == nil {
			failures = 0
		}
	}
	return nil
}

// claim takes the mails that are due for one address, without those that are pointless by now.
func (s *Service) claim(ctx context.Context, organization, claim string) ([]item, error) {
	var items []item
	err := s.d.Queue.InTx(ctx, actor.System(""), func(tx QueueTx) error {
		items = nil
		claimed, err := tx.ClaimMails(ctx, organization, claim, tx.Now().Add(mailLease), mailsAtOnce)
		if err != nil {
			return err
		}
		for _, m := range claimed {
			t, problem, err := pointless(ctx, tx, organization, m)
			if err != nil {
				return err
			}
			if problem == "" {
				items = append(items, item{m, t})
				continue
			}
			m.Next, m.Problem = time.Time{}, problem
			if err := tx.RecordMail(ctx, m, claim); err != nil {
				return err
			}
		}
		return nil
	})
	return items, err
}

// pointless returns why a mail is not to be sent any more; "" if it is.
func pointless(ctx context.Context, tx QueueTx, organization string, m Mail) (token.Token, string, error) {
	t, err := tx.Token(ctx, organization, m.Token)
	switch {
	case fault.Is(err, fault.NotFound):
		return t, "The token was deleted.", nil
	case err != nil:
		return t, "", err
	case m.Days > 0 && !t.ExpiresAt.Equal(m.End):
		return t, "The token has another end.", nil
	}
	if m.Days == 0 {
		if noticed, err := tx.HasNotice(ctx, m.Token); err != nil || !noticed {
			return t, "The token was used since, or the rule was changed.", err
		}
	}
	switch t.State(tx.Now()) {
	case token.Expired, token.Deleted:
		return t, "The token expired before it could be sent.", nil
	case token.Suspended:
		return t, "The token was suspended.", nil
	case token.Active, token.ExpiresSoon:
	}
	if m.Member == "" {
		gone, err := tx.IsDeactivated(ctx, organization, m.Email)
		if gone {
			return t, "The member with this address was deactivated.", nil
		}
		return t, "", err
	}
	who, err := tx.Member(ctx, organization, m.Member)
	if err != nil && !fault.Is(err, fault.NotFound) {
		return t, "", err
	}
	if err != nil || who.Status != account.Active || who.Email != m.Email || m.Reason != IsOwner && who.Role != access.RoleAdmin {
		return t, "Its recipient was not to be warned any more.", nil
	}
	return t, "", nil
}

func (s *Service) sendOne(ctx context.Context, organization string, items []item) error {
	ctx, cancel := context.WithTimeout(ctx, mailTimeout)
	defer cancel()
	subject, text := s.message(organization, items)
	return s.d.Mailer.Send(ctx, items[0].Email, subject, text)
}

// record notes how sending ended. If the server stops, what was cut off counts as not tried.
func (s *Service) record(ctx context.Context, items []item, claim string, failed error, stopping bool) error {
	return s.d.Queue.InTx(ctx, actor.System(""), func(tx QueueTx) error {
		for _, i := range items {
			m, now := i.Mail, tx.Now()
			switch waits := mailWaits(); {
			case failed == nil:
				m.Sent, m.Next, m.Problem = now, time.Time{}, ""
			case stopping:
				m.Next = now
			case m.Tries < len(waits) && now.Add(waits[m.Tries]).Before(m.End):
				m.Next, m.Tries = now.Add(waits[m.Tries]), m.Tries+1
			default:
				m.Next, m.Tries, m.Problem = time.Time{}, m.Tries+1, "The mail server did not take it."
			}
			if err := tx.RecordMail(ctx, m, claim); err != nil {
				return err
			}
		}
		return nil
	})
}

// message returns the mail about one or more warnings.
func (s *Service) message(organization string, items []item) (subject, text string) {
	now := s.d.Now()
	slices.SortStableFunc(items, func(a, b item) int { return a.End.Compare(b.End) })
	var b strings.Builder
	one, several, after := "expires", "expire", "Anything that uses an expired token stops working. Replace it before then."
	unused := len(slices.DeleteFunc(slices.Clone(items), func(i item) bool { return i.Days > 0 }))
	if unused == len(items) {
		one, several, after = "is suspended", "are suspended", "Nobody has used it for long. Use it before then to keep it, or delete it."
	} else if unused > 0 {
		several = "expire or are suspended"
		after += " An unused token is not suspended if somebody uses it before then."
	}
	subject = fmt.Sprintf(`Token "%s" %s in %s`, plaintext.Strip(items[0].about.Name), one, left(items[0].End.Sub(now)))
	if len(items) == 1 {
		fmt.Fprintf(&b, "A token of %s %s soon:\n", organization, one)
	} else {
		subject = fmt.Sprintf("%d tokens of %s %s soon", len(items), organization, several)
		fmt.Fprintf(&b, "%d tokens of %s %s soon:\n", len(items), organization, several)
	}
	for n, i := range items {
		if n == mostListed {
			fmt.Fprintf(&b, "\nand %d more, which Home lists.\n", len(items)-n)
			break
		}
		about := i.about.Kind.Label()
		if i.about.WorkspaceName != "" {
			about += " in " + i.about.WorkspaceName
		}
		what := "expires"
		if i.Days == 0 {
			what = "is suspended because nobody uses it,"
		}
		fmt.Fprintf(&b, "\n%s\n  %s\n  %s on %s UTC, in %s\n  %s\n", plaintext.Strip(i.about.Name), about, what,
			i.End.UTC().Format("2 January 2006, 15:04"), left(i.End.Sub(now)), s.d.Link(i.Token))
	}
	b.WriteString("\n" + after + "\n\n" + because(items) + "\n")
	return subject, b.String()
}

// left returns a time in words, rounded down to days or hours.
func left(d time.Duration) string {
	count := func(n int, one string) string {
		if n == 1 {
			return "1 " + one
		}
		return fmt.Sprintf("%d %ss", n, one)
	}
	switch {
	case d >= 2*day:
		return count(int((d+time.Hour)/day), "day") // a warning is sent a little after its threshold
	case d >= day-time.Hour:
		return count(1, "day")
	case d >= time.Hour:
		return count(int(d/time.Hour), "hour")
	}
	return "less than an hour"
}

// because says why somebody gets a mail.
func because(items []item) string {
	texts := map[Reason]string{IsOwner: "the token is yours", IsContact: "you are the token's contact", IsMaker: "you generated the token",
		IsAdmin: "you are an Admin and the token has no contact"}
	if len(items) > 1 {
		texts = map[Reason]string{IsOwner: "the tokens are yours", IsContact: "you are their contact", IsMaker: "you generated them",
			IsAdmin: "you are an Admin and they have no contact"}
	}
	var list []string
	for _, r := range []Reason{IsOwner, IsContact, IsMaker, IsAdmin} {
		for _, i := range items {
			if i.Reason == r {
				list = append(list, texts[r])
				break
			}
		}
	}
	return "You get this email because " + strings.Join(list, ", or ") + "."
}

package warning

import (
	"context"
	"time"

	"latchkey/internal/access"
	"latchkey/internal/account"
	"latchkey/internal/actor"
	"latchkey/internal/audit"
	"latchkey/internal/fault"
	"latchkey/internal/token"
)

const (
	learnAtOnce = 500       // ends that one transaction gets to know
	dueAtOnce   = 50        // ends that one transaction looks at
	lookAgain   = time.Hour // after a suspended token, and how often it is noted that the server looked
	// clockSlack is how far the clocks of servers may differ. Times that are further ahead come from a clock
	// that was wrong.
	clockSlack = time.Hour
	keepEnds   = 90 * day // after a token has ended
)

// Queue is what the work in the background reads, and how it begins a transaction.
type Queue interface {
	// WarningsToDo reports whether ends of tokens are to be looked at by now, and when that was done last.
	WarningsToDo(ctx context.Context, organization string, now time.Time) (something bool, looked time.Time, err error)
	// MailsToSend reports whether mails are due at now.
	MailsToSend(ctx context.Context, now time.Time) (bool, error)
	// WarnedOrganization returns the id and the name of the installation's organization. The error is NotFound
	// if there is none.
	WarnedOrganization(ctx context.Context) (id, name string, err error)
	// InTx runs fn in one write transaction of the server itself.
	InTx(ctx context.Context, by actor.Caller, fn func(QueueTx) error) error
}

// QueueTx is what the work in the background does in a transaction.
type QueueTx interface {
	Now() time.Time
	Reads
	// HoldThresholds is as in [Tx].
	HoldThresholds(ctx context.Context, organization string) (looked time.Time, list []Threshold, err error)
	// MendEnds corrects what a clock left that was ahead of latest: ends that it saw or warned of count as seen now and
	// as never warned of, and their mails are forgotten. All ends are looked at again, also those that it forgot, and
	// mails that wait for its time are due.
	MendEnds(ctx context.Context, organization string, latest time.Time, longest int) error
	// LearnEnds finds out since when tokens have their ends, of up to limit ends of which that is not known, and
	// has them looked at when the longest threshold is reached. It returns of how many.
	LearnEnds(ctx context.Context, organization string, looked time.Time, longest, limit int) (int, error)
	// DueEnds returns up to limit ends to look at, of which it is known since when tokens have them.
	DueEnds(ctx context.Context, organization string, limit int) ([]End, error)
	// SaveEnd saves Warned, WarnedAt and Next.
	SaveEnd(ctx context.Context, e End) error
	// SaveLook saves when the server looked, and forgets ends before a time.
	SaveLook(ctx context.Context, organization string, at, forget time.Time) error
	// QueueMail queues a mail, instead of those about the same end that were not sent yet.
	QueueMail(ctx context.Context, organization string, m Mail) error
	// ClaimMails takes up to limit due mails for one address until the lease ends.
	ClaimMails(ctx context.Context, organization, claim string, until time.Time, limit int) ([]Mail, error)
	// RecordMail saves Next, Tries, Sent and Problem, unless the claim was lost.
	RecordMail(ctx context.Context, m Mail, claim string) error
	// HasNotice reports whether it was warned that a token is suspended because nobody uses it.
	HasNotice(ctx context.Context, token string) (bool, error)
	// AppendEvent appends an event to the audit log.
	AppendEvent(ctx context.Context, e audit.Event) error
}

// Note warns of the tokens that are due. It may run at any time, also on two nodes at once.
func (s *Service) Note(ctx context.Context) error {
	organization, _, err := s.d.Queue.WarnedOrganization(ctx)
	if fault.Is(err, fault.NotFound) {
		return nil
	}
	for more := true; more && err == nil; {
		more, err = s.noteSome(ctx, organization)
	}
	return err
}

// noteSome warns of some tokens, and reports whether there may be more.
func (s *Service) noteSome(ctx context.Context, organization string) (more bool, err error) {
	now := s.d.Now()
	something, looked, err := s.d.Queue.WarningsToDo(ctx, organization, now)
	if err != nil || !something && !looked.IsZero() && now.Sub(looked).Abs() < lookAgain {
		return false, err
	}
	err = s.d.Queue.InTx(ctx, actor.System(""), func(tx QueueTx) error {
		more, err = s.noteIn(ctx, tx, organization)
		return err
	})
	return more, err
}

func (s *Service) noteIn(ctx context.Context, tx QueueTx, organization string) (more bool, err error) {
	looked, list, err := tx.HoldThresholds(ctx, organization)
	if err != nil {
		return false, err
	}
	now := tx.Now()
	if latest := now.Add(clockSlack); looked.After(latest) {
		if err := tx.MendEnds(ctx, organization, latest, Longest(list)); err != nil {
			return false, err
		}
	}
	learned, err := tx.LearnEnds(ctx, organization, looked, Longest(list), learnAtOnce)
	if err != nil {
		return false, err
	}
	ends, err := tx.DueEnds(ctx, organization, dueAtOnce)
	if err != nil {
		return false, err
	}
	for _, e := range ends {
		if err := s.look(ctx, tx, organization, list, e); err != nil {
			return false, err
		}
	}
	if learned == learnAtOnce || len(ends) == dueAtOnce {
		return true, nil
	}
	return false, tx.SaveLook(ctx, organization, now, now.Add(-keepEnds))
}

// look warns of one end if it is due, and says when to look at it again.
func (s *Service) look(ctx context.Context, tx QueueTx, organization string, list []Threshold, e End) error {
	now := tx.Now()
	e.Next = time.Time{}
	t, err := tx.Token(ctx, organization, e.Token)
	switch {
	case fault.Is(err, fault.NotFound):
		return tx.SaveEnd(ctx, e)
	case err != nil:
		return err
	case !t.ExpiresAt.Equal(e.At) || token.ExpiredAt(e.At, now):
		return tx.SaveEnd(ctx, e)
	case t.State(now) == token.Suspended:
		// Nobody is warned while it does not work anyway. If it works again, the warning is still to come.
		e.Next = now.Add(lookAgain)
		return tx.SaveEnd(ctx, e)
	}
	if days := e.Due(list, now); days > 0 {
		if err := s.warn(ctx, tx, t, days); err != nil {
			return err
		}
		e.Warned, e.WarnedAt = days, now
	}
	e.Next = e.After(list, now)
	return tx.SaveEnd(ctx, e)
}

// warn appends the event of a warning and queues its mails.
func (s *Service) warn(ctx context.Context, tx QueueTx, t token.Token, days int) error {
	after := audit.Fields{"days": days, "expiresAt": audit.FormatTime(t.ExpiresAt)}
	event := audit.Did(actor.OfSystem(t.Organization), audit.Expiring, t.Target()).Changed("", after.String())
	if err := tx.AppendEvent(ctx, event); err != nil || !s.Mails() {
		return err
	}
	to, err := recipients(ctx, tx, t)
	if err != nil {
		return err
	}
	for _, r := range to {
		m := Mail{Recipient: r, Token: t.ID, End: t.ExpiresAt, Days: days, Queued: tx.Now(), Next: tx.Now()}
		if err := tx.QueueMail(ctx, t.Organization, m); err != nil {
			return err
		}
	}
	return nil
}

// recipients returns who is warned of a token: its owner; of a service token its contacts, or else its maker
// if they still are an active Admin, or else all active Admins. Nobody who is deactivated is.
func recipients(ctx context.Context, r Reads, t token.Token) ([]Recipient, error) {
	if t.Kind == token.Personal {
		return member(ctx, r, t.Organization, t.Owner, IsOwner)
	}
	contacts, err := r.Contacts(ctx, t.ID)
	if err != nil {
		return nil, err
	}
	var to []Recipient
	for _, email := range contacts {
		gone, err := r.IsDeactivated(ctx, t.Organization, email)
		if err != nil {
			return nil, err
		}
		if !gone {
			to = append(to, Recipient{Email: email, Reason: IsContact})
		}
	}
	if len(to) > 0 {
		return to, nil
	}
	if to, err = member(ctx, r, t.Organization, t.CreatedBy, IsMaker); err != nil || len(to) > 0 {
		return to, err
	}
	admins, err := r.ActiveAdmins(ctx, t.Organization)
	for _, m := range admins {
		to = append(to, Recipient{m.Email, m.ID, IsAdmin})
	}
	return to, err
}

// member returns a member as the recipient for a reason; nobody if they are not active, or not an Admin any more.
func member(ctx context.Context, r Reads, organization, id string, reason Reason) ([]Recipient, error) {
	m, err := r.Member(ctx, organization, id)
	if fault.Is(err, fault.NotFound) {
		return nil, nil
	}
	if err != nil || m.Status != account.Active || reason != IsOwner && m.Role != access.RoleAdmin {
		return nil, err
	}
	return []Recipient{{m.Email, m.ID, reason}}, nil
}

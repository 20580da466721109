package warning

import (
	"context"
	"fmt"
	"time"

	"latchkey/internal/actor"
	"latchkey/internal/audit"
	"latchkey/internal/fault"
	"latchkey/internal/token"
)

// unusedAtOnce is how many tokens one transaction warns of or suspends.
const unusedAtOnce = 50

// Unused is a token that works, and since when nobody has used it.
type Unused struct {
	Token     string
	IdleSince time.Time // its last use, or its creation
	Noticed   time.Time // when it was warned that the token is suspended; zero: it was not
}

// Suspends returns when an unused token is suspended at the earliest, by a rule of so many days.
func (u Unused) Suspends(days int) time.Time {
	end, notice := u.IdleSince.Add(time.Duration(days)*day), u.Noticed.Add(UnusedNotice)
	if notice.After(end) {
		return notice
	}
	return end
}

// UnusedStore is what the work about unused tokens reads, and how it begins a transaction.
type UnusedStore interface {
	// UnusedRule returns after how many days unused tokens are suspended; 0: never.
	UnusedRule(ctx context.Context, organization string) (int, error)
	// InTx runs fn in one write transaction of the server itself.
	InTx(ctx context.Context, by actor.Caller, fn func(UnusedTx) error) error
}

// UnusedTx is what the work about unused tokens does in a transaction.
type UnusedTx interface {
	Now() time.Time
	Reads
	// UnusedRule is as in [UnusedStore].
	UnusedRule(ctx context.Context, organization string) (int, error)
	// Looks returns when the server looked last.
	Looks(ctx context.Context, organization string) (Looks, error)
	// SaveLooks saves it.
	SaveLooks(ctx context.Context, organization string, l Looks) error
	// EndNotices forgets the notices of tokens that were used since, do not work, or were noticed after a time,
	// or are unused since later than a time; with all, of every token, and when the server looked.
	EndNotices(ctx context.Context, organization string, after, idleBy time.Time, all bool) error
	// EndNotice forgets the notice of a token.
	EndNotice(ctx context.Context, token string) error
	// UnusedTokens returns up to limit tokens with ids after one, that nobody used since a time at the latest,
	// ordered by id: those that were not warned of, or before noticed.
	UnusedTokens(ctx context.Context, organization, after string, since, noticed time.Time, limit int) ([]Unused, error)
	// OrganizationName returns the name of an organization, and locks it until the transaction ends, so that changes
	// of tokens take turns.
	OrganizationName(ctx context.Context, organization string) (string, error)
	// SaveNotice saves a notice.
	SaveNotice(ctx context.Context, organization string, u Unused) error
	// QueueMail is as in [QueueTx].
	QueueMail(ctx context.Context, organization string, m Mail) error
	// SaveTokenSuspension saves by whom and why a token is suspended.
	SaveTokenSuspension(ctx context.Context, t token.Token) error
	// AppendEvent appends an event to the audit log.
	AppendEvent(ctx context.Context, e audit.Event) error
}

// SuspendUnused suspends the tokens that nobody has used for as long as the rules of the organization say, and warns
// of each a week before. Tokens that were unused already when the rule was set have that week as well. It is to run
// every hour; see [Looks].
func (s *Service) SuspendUnused(ctx context.Context) error {
	organization, _, err := s.d.Queue.WarnedOrganization(ctx)
	if fault.Is(err, fault.NotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	looks, days, err := s.lookForUnused(ctx, organization)
	if err != nil || days == 0 {
		return err
	}
	for after := ""; ; {
		last, err := s.unusedPart(ctx, organization, after, days, looks)
		if err != nil || last == "" {
			return err
		}
		after = last
	}
}

// lookForUnused notes that the server looks, and forgets notices that hold no more.
func (s *Service) lookForUnused(ctx context.Context, organization string) (looks Looks, days int, err error) {
	err = s.d.Unused.InTx(ctx, actor.System(organization), func(tx UnusedTx) error {
		if days, err = tx.UnusedRule(ctx, organization); err != nil {
			return err
		}
		// A notice that a longer rule would give later is not for that rule.
		idleBy := tx.Now().Add(clockSlack + UnusedNotice - time.Duration(days)*day)
		if err := tx.EndNotices(ctx, organization, tx.Now().Add(clockSlack), idleBy, days == 0); err != nil || days == 0 {
			return err
		}
		before, err := tx.Looks(ctx, organization)
		if err != nil {
			return err
		}
		looks = before.Next(tx.Now())
		return tx.SaveLooks(ctx, organization, looks)
	})
	return looks, days, err
}

// unusedPart deals with some tokens, and returns the id of the last one, or "" if there are no more.
func (s *Service) unusedPart(ctx context.Context, organization, after string, days int, looks Looks) (last string, err error) {
	rule := time.Duration(days) * day
	err = s.d.Unused.InTx(ctx, actor.System(organization), func(tx UnusedTx) error {
		last = ""
		if _, err := tx.OrganizationName(ctx, organization); err != nil {
			return err
		}
		if now, err := tx.UnusedRule(ctx, organization); err != nil || now != days {
			return err // the rule was changed: the next look obeys the new one
		}
		list, err := tx.UnusedTokens(ctx, organization, after, looks.At.Add(UnusedNotice-rule), looks.At.Add(-UnusedNotice), unusedAtOnce)
		if err != nil {
			return err
		}
		for _, u := range list {
			switch idle := looks.Since(u.IdleSince); {
			case u.Noticed.IsZero() && idle >= rule-UnusedNotice:
				err = s.noticeUnused(ctx, tx, organization, u, days)
			case !u.Noticed.IsZero() && idle >= rule && looks.Since(u.Noticed) >= UnusedNotice:
				err = suspendUnused(ctx, tx, organization, u, days)
			}
			if err != nil {
				return err
			}
		}
		if len(list) == unusedAtOnce {
			last = list[len(list)-1].Token
		}
		return nil
	})
	return last, err
}

// noticeUnused warns that a token will be suspended.
func (s *Service) noticeUnused(ctx context.Context, tx UnusedTx, organization string, u Unused, days int) error {
	t, err := tx.Token(ctx, organization, u.Token)
	if err != nil {
		return err
	}
	u.Noticed = tx.Now()
	if err := tx.SaveNotice(ctx, organization, u); err != nil {
		return err
	}
	at := u.Suspends(days)
	after := audit.Fields{"unusedSince": audit.FormatTime(u.IdleSince), "suspendsAt": audit.FormatTime(at)}
	event := audit.Did(actor.OfSystem(organization), audit.Unused, t.Target()).Changed("", after.String())
	if err := tx.AppendEvent(ctx, event); err != nil || !s.Mails() {
		return err
	}
	to, err := recipients(ctx, tx, t)
	if err != nil {
		return err
	}
	for _, r := range to {
		m := Mail{Recipient: r, Token: t.ID, End: at, Queued: tx.Now(), Next: tx.Now()}
		if err := tx.QueueMail(ctx, organization, m); err != nil {
			return err
		}
	}
	return nil
}

// suspendUnused suspends a token.
func suspendUnused(ctx context.Context, tx UnusedTx, organization string, u Unused, days int) error {
	t, err := tx.Token(ctx, organization, u.Token)
	if err != nil {
		return err
	}
	before := t
	t.Suspension = token.Suspension{At: tx.Now(), Reason: fmt.Sprintf("Nobody used it for %d days.", days)}
	t.Suspended = true
	if err := tx.SaveTokenSuspension(ctx, t); err != nil {
		return err
	}
	if err := tx.EndNotice(ctx, t.ID); err != nil { // who resumes it has the week again
		return err
	}
	event, err := before.SuspendedEvent(t)
	if err != nil {
		return err
	}
	return tx.AppendEvent(ctx, event)
}

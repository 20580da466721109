package warning

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"latchkey/internal/access"
	"latchkey/internal/actor"
	"latchkey/internal/audit"
	"latchkey/internal/fault"
	"latchkey/internal/plaintext"
	"latchkey/internal/random"
	"latchkey/internal/token"
)

// The paths of problems.
const (
	FieldDays     = "days"
	FieldContacts = "emails"
)

// MaxContacts is how many contacts a token may have.
const MaxContacts = 5

const someFields = "Some fields need your attention."

// Days returns how many days before their end the organization warns of tokens, most first. Every member may know.
func (s *Service) Days(ctx context.Context, by actor.Standing) ([]int, error) {
	list, err := s.d.Store.Thresholds(ctx, by.Organization)
	return daysOf(list), err
}

// ParseDays reads a list such as "30, 7, 1". An empty one is valid. The error is Invalid with the field "days".
func ParseDays(text string) ([]int, error) {
	days := []int{}
	for _, part := range strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(" ,;\n\t、，；", r) }) {
		n, err := strconv.Atoi(part)
		if err != nil || n < 1 || n > MaxDays {
			return nil, problem(FieldDays, fmt.Sprintf("Enter whole numbers of days from 1 to %d, separated by commas.", MaxDays))
		}
		if !slices.Contains(days, n) {
			days = append(days, n)
		}
	}
	if len(days) > MaxThresholds {
		return nil, problem(FieldDays, fmt.Sprintf("Enter at most %d numbers.", MaxThresholds))
	}
	slices.Sort(days)
	slices.Reverse(days)
	return days, nil
}

func problem(field, text string) error {
	return fault.NewInvalid(someFields, fault.Field{Path: field, Message: text})
}

// SetDays changes how many days before their end the organization warns of tokens. What is new counts from now
// on: a token that is nearer to its end already is not warned of in arrears. days is as [ParseDays] returns it.
// The error is Denied unless the caller is an Admin.
func (s *Service) SetDays(ctx context.Context, by actor.Caller, days []int) error {
	return s.d.Store.InTx(ctx, by, func(tx Tx) error {
		organization := access.Resource{Organization: tx.By().Organization}
		if err := access.Decide(s.d.Catalogue, tx.By().Principal, access.ManageOrganization, organization).Err("The organization"); err != nil {
			return err
		}
		_, list, err := tx.HoldThresholds(ctx, tx.By().Organization)
		if err != nil {
			return err
		}
		before := daysOf(list)
		if slices.Equal(before, days) {
			return nil
		}
		var chosen []Threshold
		for _, d := range days {
			t := Threshold{d, tx.Now()}
			if i := slices.IndexFunc(list, func(t Threshold) bool { return t.Days == d }); i >= 0 {
				t = list[i]
			}
			chosen = append(chosen, t)
		}
		if err := tx.SaveThresholds(ctx, tx.By().Organization, chosen); err != nil {
			return err
		}
		id, name, err := tx.WarnedOrganization(ctx)
		if err != nil {
			return err
		}
		target := audit.Target{Type: audit.TargetOrganization, ID: id, Name: name}
		return tx.AppendEvent(ctx, audit.Did(tx.By(), audit.Updated, target).
			Changed(audit.Fields{"warningDays": before}.String(), audit.Fields{"warningDays": days}.String()))
	})
}

// SetContacts replaces the contacts of a service token and returns the token. Those who may describe it may do
// so. The error is NotFound for everybody else and for personal tokens, and Invalid with the field "emails".
func (s *Service) SetContacts(ctx context.Context, by actor.Caller, id string, emails []string) (token.Token, error) {
	emails, err := contactsOf(emails)
	if err != nil {
		return token.Token{}, err
	}
	var t token.Token
	err = s.d.Store.InTx(ctx, by, func(tx Tx) error {
		if t, err = tx.Token(ctx, tx.By().Organization, id); err != nil {
			return err
		}
		resource := access.Resource{Organization: t.Organization}
		if t.Kind == token.Personal || !access.Decide(s.d.Catalogue, tx.By().Principal, access.ManageServiceTokens, resource).Allowed {
			return fault.NewNotFound("That token")
		}
		before, err := tx.Contacts(ctx, id)
		if err != nil || slices.Equal(before, emails) {
			return err
		}
		if err := tx.SaveContacts(ctx, id, emails); err != nil {
			return err
		}
		return tx.AppendEvent(ctx, audit.Did(tx.By(), audit.Updated, t.Target()).
			Changed(contactState(t, before), contactState(t, emails)))
	})
	return t, err
}

func contactState(t token.Token, emails []string) string {
	return audit.Fields{"name": t.Name, "contacts": emails}.String()
}

// contactsOf returns addresses as they are stored, each once.
func contactsOf(emails []string) ([]string, error) {
	out := []string{}
	for _, text := range emails {
		email, err := plaintext.Email(text)
		if err != nil {
			return nil, problem(FieldContacts, "That does not look like an email address: "+
				plaintext.Shorten(plaintext.Strip(text), plaintext.MaxName))
		}
		if !slices.Contains(out, email) {
			out = append(out, email)
		}
	}
	if len(out) > MaxContacts {
		return nil, problem(FieldContacts, fmt.Sprintf("Enter at most %d addresses.", MaxContacts))
	}
	return out, nil
}

// About is who is warned of a token and when, and who was.
type About struct {
	Days     []int // before the end, most first
	Contacts []string
	To       []Recipient // by mail, as of now
	Mails    bool        // whether warnings are sent by mail at all
	Warned   int         // the days of the latest warning; 0: there was none
	WarnedAt time.Time
	Sent     []Mail // newest first
	// Suspends is when it is suspended because nobody uses it, as it was warned; zero: it was not.
	Suspends time.Time
}

// About returns what is known of the warnings of a token. The caller got the token from [token.Service.Get], so
// they may see it.
func (s *Service) About(ctx context.Context, t token.Token) (About, error) {
	list, err := s.d.Store.Thresholds(ctx, t.Organization)
	if err != nil {
		return About{}, err
	}
	a := About{Days: daysOf(list), Mails: s.Mails()}
	if a.Contacts, err = s.d.Store.Contacts(ctx, t.ID); err != nil {
		return About{}, err
	}
	if u, noticed, err := s.d.Store.UnusedNotice(ctx, t.ID); err != nil {
		return About{}, err
	} else if days, err := s.d.Store.UnusedRule(ctx, t.Organization); err != nil {
		return About{}, err
	} else if noticed && days > 0 && !t.LastUsedAt.After(u.IdleSince) {
		a.Suspends = u.Suspends(days)
	}
	if t.ExpiresAt.IsZero() {
		return a, nil
	}
	if a.To, err = recipients(ctx, s.d.Store, t); err != nil {
		return About{}, err
	}
	e, sent, err := s.d.Store.WarningOf(ctx, t.ID, t.ExpiresAt)
	a.Warned, a.WarnedAt, a.Sent = e.Warned, e.WarnedAt, sent
	return a, err
}

// Calendar returns the visitor's calendar; ok is false if there is none.
func (s *Service) Calendar(ctx context.Context, by actor.Standing) (c Calendar, ok bool, err error) {
	return s.d.Store.CalendarOf(ctx, by.Self())
}

// MakeCalendar gives the calling member a calendar address with a new secret. One that they had before ends. The error
// is Denied for anybody but a member who is signed in, and Conflict with the cause [fault.ErrRepeated] if the
// form with this key was sent before.
func (s *Service) MakeCalendar(ctx context.Context, by actor.Caller, key string) (random.Secret, error) {
	secret := random.NewSecret()
	err := s.d.Store.InTx(ctx, by, func(tx Tx) error {
		if err := mayOwn(tx.By()); err != nil {
			return err
		}
		old, found, err := tx.CalendarOf(ctx, tx.By().Self())
		if err != nil {
			return err
		}
		if found && key != "" && old.Submission == key {
			return fault.NewRepeated("This form was already sent. The address was shown once and cannot be shown again.")
		}
		c := Calendar{CreatedAt: tx.Now(), Submission: key}
		if err := tx.SaveCalendar(ctx, tx.By().Self(), secret.Digest(), c); err != nil {
			return err
		}
		return tx.AppendEvent(ctx, audit.Did(tx.By(), audit.Created, calendarTarget(tx.By())))
	})
	if err != nil {
		return "", err
	}
	return secret, nil
}

// EndCalendar ends the address of the calling member's calendar. The error is NotFound if there is none.
func (s *Service) EndCalendar(ctx context.Context, by actor.Caller) error {
	return s.d.Store.InTx(ctx, by, func(tx Tx) error {
		if err := mayOwn(tx.By()); err != nil {
			return err
		}
		if err := tx.DeleteCalendar(ctx, tx.By().Self()); err != nil {
			return err
		}
		return tx.AppendEvent(ctx, audit.Did(tx.By(), audit.Deleted, calendarTarget(tx.By())))
	})
}

// mayOwn decides whether the caller may have a calendar. Tokens may not: one would outlive them.
func mayOwn(by actor.Standing) error {
	if by.Kind != access.Member {
		return fault.NewDenied("Sign in to change your calendar link.")
	}
	return nil
}

func calendarTarget(by actor.Standing) audit.Target {
	return audit.Target{Type: audit.TargetCalendar, ID: by.ID, Name: by.Name}
}

// What a calendar has.
const (
	mostEvents = 1000
	keepEvents = 30 * day // after a token has expired
)

// Feed returns the calendar with this secret, for a program that has the address: the member's own tokens that
// expire, and for an Admin also service tokens. The error is NotFound if there is none.
func (s *Service) Feed(ctx context.Context, secret random.Secret) (string, error) {
	digest := secret.Digest()
	if digest == nil {
		return "", noCalendar()
	}
	m, err := s.d.Store.CalendarMember(ctx, digest)
	if fault.Is(err, fault.NotFound) {
		return "", noCalendar()
	}
	if err != nil {
		return "", err
	}
	now := s.d.Now()
	list, err := s.d.Store.CalendarTokens(ctx, m.Organization, m.ID, m.Role == access.RoleAdmin, now.Add(-keepEvents), mostEvents)
	if err != nil {
		return "", err
	}
	return calendar(list, now, s.d.Link), nil
}

// noCalendar returns the one answer for addresses that never were and that have ended.
func noCalendar() error { return fault.NewNotFound("That calendar") }

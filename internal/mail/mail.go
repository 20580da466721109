// Package mail sends plain-text messages over SMTP. It has no queue and does not retry: the
// caller decides what to do if a message cannot be delivered. It is the one place that logs such a failure.
package mail

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"strconv"

	gomail "github.com/wneessen/go-mail"
)

// Sender delivers messages through one SMTP server. It is safe for concurrent use.
type Sender struct {
	from    string
	host    string
	options []gomail.Option
	log     *slog.Logger
}

// New returns a sender for a server's URL:
//
//	smtp://user:password@host:587?from=latchkey@example.com
//
// Scheme smtp uses STARTTLS if the server offers it, and requires it for sending a password
// to another machine. Scheme smtps uses TLS from the start (port 465). The parameter "from"
// is required. The error never contains the password. log gets a line for each message that cannot be
// delivered.
func New(address string, log *slog.Logger) (*Sender, error) {
	u, err := url.Parse(address)
	if err != nil {
		// The parser's own error quotes the address, password included.
		return nil, errors.New("must be a URL like smtp://user:password@host:587?from=latchkey@example.com")
	}
	s := &Sender{from: u.Query().Get("from"), host: u.Hostname(), log: log}
	if s.host == "" || s.from == "" {
		return nil, errors.New("needs a host and ?from=ADDRESS")
	}
	password, hasPassword := u.User.Password()
	local := s.host == "localhost" || s.host == "127.0.0.1" || s.host == "::1"
	switch u.Scheme {
	case "smtps":
		s.options = append(s.options, gomail.WithSSLPort(false))
	case "smtp":
		policy := gomail.TLSOpportunistic
		if hasPassword && !local {
			policy = gomail.TLSMandatory
		}
		s.options = append(s.options, gomail.WithTLSPortPolicy(policy))
	default:
		return nil, fmt.Errorf("has the scheme %q; use smtp or smtps", u.Scheme)
	}
	if u.Port() != "" {
		port, err := strconv.Atoi(u.Port())
		if err != nil {
			return nil, errors.New("has a port that is not a number")
		}
		s.options = append(s.options, gomail.WithPort(port))
	}
	if hasPassword {
		s.options = append(s.options, gomail.WithSMTPAuth(gomail.SMTPAuthAutoDiscover),
			gomail.WithUsername(u.User.Username()), gomail.WithPassword(password))
	}
	if _, err := gomail.NewClient(s.host, s.options...); err != nil {
		return nil, fmt.Errorf("cannot be used: %w", err)
	}
	return s, s.check()
}

// check returns an error if the sender's address is invalid.
func (s *Sender) check() error {
	if err := gomail.NewMsg().From(s.from); err != nil {
		return fmt.Errorf("has an invalid from address: %q", s.from)
	}
	return nil
}

// Send delivers one message to one address. The context limits the whole conversation with
// the server. A failure is logged, with the subject and without the text.
func (s *Sender) Send(ctx context.Context, to, subject, text string) error {
	err := s.send(ctx, to, subject, text)
	if err != nil {
		s.log.ErrorContext(ctx, "cannot send an email", "subject", subject, "to", to, "server", s.host, "error", err)
	}
	return err
}

func (s *Sender) send(ctx context.Context, to, subject, text string) error {
	m := gomail.NewMsg()
	if err := m.From(s.from); err != nil {
		return err
	}
	if err := m.To(to); err != nil {
		return err
	}
	m.Subject(subject)
	m.SetBodyString(gomail.TypeTextPlain, text)
	client, err := gomail.NewClient(s.host, s.options...)
	if err != nil {
		return err
	}
	return client.DialAndSendWithContext(ctx, m)
}

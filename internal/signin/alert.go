package signin

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/mileusna/useragent"

	"latchkey/internal/actor"
	"latchkey/internal/plaintext"
)

// Alert is a kind of email that tells a member what happened to their account. It holds no secret and no link.
type Alert string

// The alerts.
const (
	AlertPassword Alert = "password_changed"
	AlertFactor   Alert = "factor_changed" // a second factor was added or removed
	AlertRecovery Alert = "recovered"      // a password was set by a link
	AlertBrowser  Alert = "new_browser"    // a sign-in with a browser that the member did not use before
)

// Alerts returns every alert.
func Alerts() []Alert { return []Alert{AlertPassword, AlertFactor, AlertRecovery, AlertBrowser} }

// alertQueue is how many alerts wait; more are dropped.
const alertQueue = 256

// happened is something that a member may be alerted to.
type happened struct {
	alert  Alert
	text   string // the first sentence
	at     time.Time
	origin actor.Origin
}

// alert mails a member what happened, after the answer. It must be called after the commit. Without a
// mailer, or if an Admin has muted the alert, nothing is sent.
func (s *Service) alert(of Account, h happened) {
	if s.mailer == nil {
		return
	}
	s.alerts.add(func(ctx context.Context) error {
		settings, err := s.store.SignInSettings(ctx, of.Organization)
		if err != nil || slices.Contains(settings.Muted, h.alert) {
			return err
		}
		organization, err := s.store.OrganizationName(ctx, of.Organization)
		if err != nil {
			return err
		}
		_ = s.mailer.Send(ctx, of.Email, h.subject(), h.message(of, organization)) // it logs what it cannot send
		return nil
	})
}

func (h happened) subject() string {
	return map[Alert]string{
		AlertPassword: "Your Latchkey password was changed",
		AlertFactor:   "Your second factors for Latchkey have changed",
		AlertRecovery: "A new Latchkey password was set by a link",
		AlertBrowser:  "New sign-in to Latchkey",
	}[h.alert]
}

// message returns the text of the email.
func (h happened) message(of Account, organization string) string {
	address := h.origin.IP
	if address == "" {
		address = "unknown"
	}
	return fmt.Sprintf(`%s

Account: %s
Organization: %s
Time: %s UTC
Browser: %s
Address: %s

If this was you, there is nothing to do. Otherwise change your password, and tell an Admin of your organization.
`, h.text, of.Email, organization, h.at.UTC().Format("2 January 2006, 15:04"), DeviceName(h.origin.UserAgent), address)
}

// DeviceName returns the name of a browser in words. It trusts what the browser says about itself, but for
// what does not look like a name.
func DeviceName(agent string) string {
	ua := useragent.Parse(agent)
	name, system := plainWords(ua.Name), plainWords(ua.OS)
	switch {
	case name != "" && system != "":
		return name + " on " + system
	case name != "":
		return name
	}
	return "Unknown browser"
}

// plainWords returns a short text of letters, digits and spaces, so that nobody can put an address into
// a mail by the name of their browser.
func plainWords(s string) string {
	words := strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) || r == ' ' {
			return r
		}
		return -1
	}, s)
	return strings.TrimSpace(plaintext.ClipBytes(words, 40))
}

package signin

import (
	"context"
	"strings"

	"latchkey/internal/actor"
	"latchkey/internal/audit"
	"latchkey/internal/fault"
	"latchkey/internal/plaintext"
)

// Required is the rule that the people of a domain sign in with an identity provider, and not with a password, a passkey or
// a link.
type Required struct {
	Domain   string // of email addresses, in lower case
	Provider string // id
	Name     string // of the provider
}

// Error is the sentence for people.
func (r *Required) Error() string { return "People of " + r.Domain + " sign in with " + r.Name + "." }

// fault returns the error for somebody to whom the rule applies.
func (r *Required) fault() error {
	f := fault.NewDenied(r.Error())
	f.Cause = r
	return f
}

// requiredReader reads such rules.
type requiredReader interface {
	// RequiredOf returns the rule for a domain, in lower case; NotFound if there is none.
	RequiredOf(ctx context.Context, domain string) (Required, error)
}

// RequiredFor returns the rule for an address; nil if its people may sign in in any way.
func RequiredFor(ctx context.Context, r requiredReader, email string) (*Required, error) {
	email = plaintext.EmailKey(email)
	rule, err := r.RequiredOf(ctx, email[strings.LastIndexByte(email, '@')+1:])
	if fault.Is(err, fault.NotFound) {
		return nil, nil //nolint:nilnil // no rule is no error
	}
	if err != nil {
		return nil, err
	}
	return &rule, nil
}

// mayEnter returns an error with a [Required] as its cause if an address must be used with a provider. It is the same for every
// address of the domain, whether it belongs to a member or not.
func mayEnter(ctx context.Context, r requiredReader, email string) error {
	rule, err := RequiredFor(ctx, r, email)
	if err == nil && rule != nil {
		err = rule.fault()
	}
	return err
}

// turnAway is mayEnter for what somebody typed who is not signed in. It records the refusal.
func (s *Service) turnAway(ctx context.Context, email string, origin actor.Origin) error {
	rule, err := RequiredFor(ctx, s.store, email)
	if err != nil || rule == nil {
		return err
	}
	_, err = s.NoteRefused(ctx, email, origin, audit.Fields{"reason": "single sign-on is required", "provider": rule.Name})
	if err != nil {
		return err
	}
	return rule.fault()
}

package identity

import (
	"context"
	"fmt"
	"slices"
	"time"

	"latchkey/internal/account"
	"latchkey/internal/actor"
	"latchkey/internal/audit"
	"latchkey/internal/fault"
	"latchkey/internal/plaintext"
	"latchkey/internal/signin"
)

// TrialLife is how long a trial of a provider allows an Admin to require it.
const TrialLife = 15 * time.Minute

// Requirement is whether the people of a domain must sign in with a provider, and what requiring it means.
type Requirement struct {
	Domain   string
	Required bool
	Problem  string           // why it cannot be required now; empty: it can
	Keepers  []account.Member // Admins who can still sign in with a password and a second factor
	Sessions int              // that end when it is required
}

// Requirements returns that of each domain of a provider. The errors are those of Get.
func (s *Service) Requirements(ctx context.Context, by actor.Standing, id string) ([]Requirement, error) {
	p, err := s.Get(ctx, by, id)
	if err != nil {
		return nil, err
	}
	required, err := s.d.Store.Requirements().RequiredDomains(ctx, p.ID)
	if err != nil {
		return nil, err
	}
	var list []Requirement
	for _, domain := range p.Domains {
		r := Requirement{Domain: domain, Required: slices.Contains(required, domain)}
		if r.Keepers, err = s.d.Store.Requirements().Keepers(ctx, p.Organization, domain); err != nil {
			return nil, err
		}
		if !r.Required {
			if r.Problem, err = unready(ctx, s.d.Store.Requirements(), p, by, r.Keepers, s.d.Store.Now()); err != nil {
				return nil, err
			}
			sessions, err := s.d.Store.Requirements().PasswordSessions(ctx, p.Organization, domain, p.ID)
			if err != nil {
				return nil, err
			}
			r.Sessions = len(sessions)
		}
		list = append(list, r)
	}
	return list, nil
}

// Requirement returns that of one domain; NotFound if the provider does not list it, and otherwise as for Requirements.
func (s *Service) Requirement(ctx context.Context, by actor.Standing, id, domain string) (Requirement, error) {
	list, err := s.Requirements(ctx, by, id)
	i := slices.IndexFunc(list, func(r Requirement) bool { return r.Domain == domain })
	if err == nil && i < 0 {
		err = fault.NewNotFound("That domain")
	}
	if err != nil {
		return Requirement{}, err
	}
	return list[i], nil
}

// unready returns why an Admin cannot require a provider now, or "".
func unready(ctx context.Context, r RequirementReads, p Provider, by actor.Standing, keepers []account.Member,
	now time.Time) (string, error) {
	passed, err := r.TrialPassed(ctx, p.ID, by.ID)
	if err != nil {
		return "", err
	}
	age := now.Sub(passed)
	switch {
	case !p.Enabled:
		return "Enable the provider first.", nil
	case passed.IsZero() || age < 0 || age > TrialLife:
		return "Try the provider first: your trial must have passed within the last 15 minutes.", nil
	case len(keepers) == 0:
		return "At least one active Admin outside of the domain needs a password and a second factor, to get in when the provider fails.", nil
	}
	return "", nil
}

// Require makes the people of a domain sign in with a provider, and ends their sessions that began otherwise. The error is Conflict
// unless the caller has tried the provider within [TrialLife], it is enabled, and an Admin can still sign in without it; and NotFound
// if the provider does not list the domain.
func (s *Service) Require(ctx context.Context, by actor.Caller, id, domain string) (Provider, error) {
	domain = plaintext.Fold(domain)
	return s.change(ctx, by, id, audit.Updated, func(tx Tx, p *Provider) (audit.Fields, error) {
		if !slices.Contains(p.Domains, domain) {
			return nil, fault.NewNotFound("That domain")
		}
		org, err := tx.Providers.Organization(ctx, p.Organization)
		if err == nil {
			err = planned(org)
		}
		if err != nil {
			return nil, err
		}
		keepers, err := tx.Requirements.Keepers(ctx, p.Organization, domain)
		if err != nil {
			return nil, err
		}
		problem, err := unready(ctx, tx.Requirements, *p, tx.Members.By(), keepers, tx.Members.Now())
		if err == nil && problem != "" {
			err = fault.NewConflict(problem)
		}
		if err != nil {
			return nil, err
		}
		if err := tx.Requirements.RequireDomain(ctx, p.Organization, domain, p.ID); err != nil {
			return nil, err
		}
		sessions, err := tx.Requirements.PasswordSessions(ctx, p.Organization, domain, p.ID)
		if err != nil {
			return nil, err
		}
		for _, e := range sessions {
			if _, err := tx.SignIns.EndSession(ctx, e.Session); err != nil {
				return nil, err
			}
		}
		return audit.Fields{"ssoRequiredFor": domain, "sessionsEnded": len(sessions)}, nil
	})
}

// Free lets the people of a domain sign in in any way again. The error is NotFound if that is so.
func (s *Service) Free(ctx context.Context, by actor.Caller, id, domain string) (Provider, error) {
	domain = plaintext.Fold(domain)
	return s.change(ctx, by, id, audit.Updated, func(tx Tx, p *Provider) (audit.Fields, error) {
		return audit.Fields{"ssoNotRequiredFor": domain}, tx.Requirements.FreeDomain(ctx, p.Organization, domain, p.ID)
	})
}

// LockedOut returns the domains whose people must sign in with a provider although the organization's plan includes none, so that
// they cannot sign in at all.
func (s *Service) LockedOut(ctx context.Context, org account.Organization) ([]string, error) {
	if planned(org) == nil {
		return nil, nil
	}
	providers, err := s.d.Store.Providers(ctx, org.ID)
	if err != nil {
		return nil, err
	}
	var domains []string
	for _, p := range providers {
		required, err := s.d.Store.Requirements().RequiredDomains(ctx, p.ID)
		if err != nil {
			return nil, err
		}
		domains = append(domains, required...)
	}
	slices.Sort(domains)
	return domains, nil
}

// needed returns a Conflict if the people of a domain must sign in with a provider, and the domain is not one of those that it keeps.
func needed(ctx context.Context, tx Tx, p Provider, keeps []string) error {
	required, err := tx.Requirements.RequiredDomains(ctx, p.ID)
	if err != nil {
		return err
	}
	for _, domain := range required {
		if !slices.Contains(keeps, domain) {
			return fault.NewConflict(fmt.Sprintf("People of %s must sign in with %s. Stop requiring that first.", domain, p.Name))
		}
	}
	return nil
}

// elsewhere returns a failure if a decision lets somebody in whose domain requires another provider.
func (s *Service) elsewhere(ctx context.Context, tx Tx, p Provider, d Decision) error {
	email := d.Email
	if d.Member.ID != "" {
		email = d.Member.Email
	}
	if d.Verdict == Refused || email == "" {
		return nil
	}
	rule, err := signin.RequiredFor(ctx, tx.SignIns, email)
	if err == nil && rule != nil && rule.Provider != p.ID {
		err = &Failure{Check: CheckMember, Reason: rule.Error(), Public: rule.Error()}
	}
	return err
}

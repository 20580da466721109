package token

import (
	"context"
	"time"

	"latchkey/internal/access"
	"latchkey/internal/actor"
)

const (
	// IdleAfter is how long a token must not have been used to need attention.
	IdleAfter = 90 * 24 * time.Hour
	// OftenDays is the number of days, the present one included, whose refusals count.
	OftenDays = 7
	// OftenRefusals is the least number of refusals in these days that is often, and OftenPercent
	// the share of the requests that they must exceed.
	OftenRefusals = 20
	OftenPercent  = 10
)

// RefusedOften reports whether so many refusals of so many requests within [OftenDays] days are
// often: at least [OftenRefusals], and more than [OftenPercent] in a hundred. Package store has the
// same rule in SQL.
func RefusedOften(requests, refusals int) bool {
	return refusals >= OftenRefusals && refusals*100 > requests*OftenPercent
}

// Refused is a token that is refused often. It may be expired or suspended, and still be tried.
type Refused struct {
	Token
	Requests, Refusals int // in [OftenDays] days
	Latest             Day // with a refusal
}

// Part says which part of a list is wanted.
type Part struct{ Limit, Offset int }

// ExpireSoon returns tokens that work and expire within a time, the soonest first: to Admins those of the
// organization, to members their own. The error is Denied or NotFound for anyone else.
func (s *Service) ExpireSoon(ctx context.Context, by actor.Standing, within time.Duration, p Part) ([]Token, error) {
	owner, err := s.minds(by)
	if err != nil {
		return nil, err
	}
	now := s.now()
	return s.store.EndingTokens(ctx, by.Organization, owner, now, now.Add(within), p.Limit, p.Offset)
}

// RefusedOften is like ExpireSoon for tokens that are refused often, by [RefusedOften]: the latest
// refused first.
func (s *Service) RefusedOften(ctx context.Context, by actor.Standing, p Part) ([]Refused, error) {
	owner, err := s.minds(by)
	if err != nil {
		return nil, err
	}
	last := DayOf(s.now())
	return s.store.RefusedTokens(ctx, by.Organization, owner, last-OftenDays+1, last, p.Limit, p.Offset)
}

// Unused is like ExpireSoon for tokens that work and were neither generated nor used for
// [IdleAfter]: the longest unused first. It leaves out those that became so since [Service.NoteIdle] last looked.
func (s *Service) Unused(ctx context.Context, by actor.Standing, p Part) ([]Token, error) {
	owner, err := s.minds(by)
	if err != nil {
		return nil, err
	}
	return s.store.IdleTokens(ctx, by.Organization, owner, s.now(), p.Limit, p.Offset)
}

// NoteIdle notes which tokens are unused, for [Service.Unused].
func (s *Service) NoteIdle(ctx context.Context) error { return s.store.NoteIdle(ctx, s.now()) }

// minds returns whose tokens the caller minds: "" for those of the organization, otherwise their own.
func (s *Service) minds(by actor.Standing) (owner string, err error) {
	if err := s.maySeePersonal(by, by.Self()); err != nil {
		return "", err
	}
	resource := access.Resource{Organization: by.Organization}
	if access.Decide(s.catalogue, by.Principal, access.ManageServiceTokens, resource).Allowed {
		return "", nil
	}
	return by.Self(), nil
}

// MindedUsage is like [Service.Usage] for all tokens that the caller minds: those of the organization for Admins,
// and otherwise the caller's own.
func (s *Service) MindedUsage(ctx context.Context, by actor.Standing) ([]DayCount, error) {
	owner, err := s.minds(by)
	if err != nil {
		return nil, err
	}
	if owner == "" {
		return s.OrganizationUsage(ctx, by)
	}
	return s.usage(ctx, owner)
}

package token

import (
	"context"

	"latchkey/internal/access"
	"latchkey/internal/actor"
)

// Counts counts tokens by state. It does not count deleted ones.
type Counts struct {
	Active      int // does not include those that expire soon
	ExpiresSoon int
	Expired     int
	Suspended   int
}

// Of returns the number of tokens in a state.
func (c Counts) Of(s State) int {
	switch s {
	case Active:
		return c.Active
	case ExpiresSoon:
		return c.ExpiresSoon
	case Expired:
		return c.Expired
	case Suspended:
		return c.Suspended
	}
	return 0
}

// Add adds n tokens in a state.
func (c *Counts) Add(s State, n int) {
	switch s {
	case Active:
		c.Active += n
	case ExpiresSoon:
		c.ExpiresSoon += n
	case Expired:
		c.Expired += n
	case Suspended:
		c.Suspended += n
	}
}

// Summary is what the home page shows of tokens.
type Summary struct {
	Mine Counts

	All          bool            // whether Organization is set, which it is for Admins
	Organization map[Kind]Counts // of the organization, including all members' tokens
}

// Summary counts the caller's own tokens and, for Admins, those of the organization. The errors
// are those of [Service.Personal].
func (s *Service) Summary(ctx context.Context, by actor.Standing) (Summary, error) {
	if err := s.maySeePersonal(by, by.Self()); err != nil {
		return Summary{}, err
	}
	now := s.now()
	var summary Summary
	var err error
	if summary.Mine, err = s.store.PersonalTokenCounts(ctx, by.Organization, by.Self(), now); err != nil {
		return Summary{}, err
	}
	resource := access.Resource{Organization: by.Organization}
	if !access.Decide(s.catalogue, by.Principal, access.ManageServiceTokens, resource).Allowed {
		return summary, nil
	}
	summary.All = true
	summary.Organization, err = s.store.TokenCounts(ctx, by.Organization, now)
	return summary, err
}

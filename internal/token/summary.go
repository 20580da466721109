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
	Mine       Counts
	MineEnding []Token // own tokens that expire soon; those that expire first come first

	// All reports whether the fields after it are set, which they are for Admins.
	All            bool
	Organization   map[Kind]Counts // of the organization, including all members' tokens
	ServicesEnding []Token         // likewise, up to ten service tokens
}

// maxEnding is the number of service tokens that a summary lists.
const maxEnding = 10

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
	if summary.MineEnding, err = s.store.PersonalTokensEnding(ctx, by.Organization, by.Self(), now, now.Add(SoonAfter)); err != nil {
		return Summary{}, err
	}
	resource := access.Resource{Organization: by.Organization}
	if !access.Decide(s.catalogue, by.Principal, access.ManageServiceTokens, resource).Allowed {
		return summary, nil
	}
	summary.All = true
	if summary.Organization, err = s.store.TokenCounts(ctx, by.Organization, now); err != nil {
		return Summary{}, err
	}
	summary.ServicesEnding, err = s.store.ServiceTokensEnding(ctx, by.Organization, now, now.Add(SoonAfter), maxEnding)
	return summary, err
}

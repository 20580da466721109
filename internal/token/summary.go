package token

import (
	"context"
	"slices"
	"time"

	"latchkey/internal/access"
	"latchkey/internal/actor"
)

// Counts are tokens by state. Deleted ones are never counted.
type Counts struct {
	Active      int // without those that expire soon
	ExpiresSoon int
	Expired     int
	Suspended   int
}

// Of is how many are in the state.
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

// Add counts n more in the state.
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

// Summary is the home page's view of tokens.
type Summary struct {
	Mine       Counts
	MineEnding []Token // own tokens that expire soon, the soonest first

	// For Admins only; All says whether the rest is filled.
	All            bool
	Organization   map[Kind]Counts // of the whole organization, all members'
	ServicesEnding []Token         // up to ten service tokens that expire soon, the soonest first
}

// maxEnding is how many service tokens a summary lists.
const maxEnding = 10

// Summary counts the caller's own tokens and, for Admins, the organization's. NotFound
// and Denied as for [Service.Personal].
func (s *Service) Summary(ctx context.Context, by actor.Standing) (Summary, error) {
	mine, err := s.Personal(ctx, by)
	if err != nil {
		return Summary{}, err
	}
	now := s.now()
	summary := Summary{MineEnding: ending(mine, now)}
	for _, t := range mine {
		summary.Mine.Add(t.State(now), 1)
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

// ending picks the tokens that expire soon, the soonest first.
func ending(tokens []Token, now time.Time) []Token {
	out := []Token{}
	for _, t := range tokens {
		if t.State(now) == ExpiresSoon {
			out = append(out, t)
		}
	}
	slices.SortFunc(out, func(a, b Token) int { return a.ExpiresAt.Compare(b.ExpiresAt) })
	return out
}

package policy

import (
	"context"
	"fmt"

	"latchkey/internal/access"
	"latchkey/internal/actor"
)

// Summary says what saving a policy would do.
type Summary struct {
	// Change is what the subject gains and loses: what is inherited in the place counts
	// as there before and after. Single members of a group may have more from elsewhere.
	Change access.Change
	Audience
	// Joins: saving puts the group or member into the workspace.
	Joins bool
}

// ChangeSummary says what a new policy would add and take away in a place, and whom it
// would concern. Errors as for At, and Invalid as for Save; it changes nothing.
func (s *Service) ChangeSummary(ctx context.Context, by actor.Standing, at Place, body access.Policy) (Summary, error) {
	if err := s.mayManage(by, at.Workspace); err != nil {
		return Summary{}, err
	}
	v, err := loadView(ctx, s.store, by.Organization, at)
	if err != nil {
		return Summary{}, err
	}
	if err := s.checkBody(ctx, s.store, v, body); err != nil {
		return Summary{}, err
	}
	audience, err := s.store.Audience(ctx, by.Organization, at, s.now())
	if err != nil {
		return Summary{}, err
	}
	base := access.Combine(v.Inherited...).Policy()
	return Summary{Change: access.Difference(base.Union(v.Body), base.Union(body)), Audience: audience, Joins: !v.Exists}, nil
}

// Words describes permissions for people, in a list: "Edit Destinations (2 chosen)".
func Words(c *access.Catalogue, list []access.PermissionReach) []string {
	out := make([]string, len(list))
	for i, g := range list {
		out[i] = c.Describe(g.Permission)
		switch n := len(g.Reach.IDs); {
		case g.Reach.All && n > 0:
			out[i] += fmt.Sprintf(" (all but %d)", n)
		case !g.Reach.All:
			out[i] += fmt.Sprintf(" (%d chosen)", n)
		}
	}
	return out
}

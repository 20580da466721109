package policy

import (
	"context"
	"fmt"

	"latchkey/internal/access"
	"latchkey/internal/actor"
)

// Summary is what saving a policy would do.
type Summary struct {
	// Change is what the subject gains and loses. What it inherits is neither. A member of a group
	// may also have permissions from elsewhere, which are not considered.
	Change access.Change
	Audience
	// Joins is whether saving puts the group or member into the workspace.
	Joins bool
}

// ChangeSummary returns what a new policy would add and remove at a place, and whom it would
// affect. It changes nothing. The errors are those of [Service.At], and Invalid as for
// [Service.Save].
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

// Words returns permissions in words, for lists: "Edit Destinations (2 chosen)".
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

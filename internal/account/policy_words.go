package account

import (
	"context"
	"fmt"
	"strings"

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
// would concern. Errors as for Policy, and Invalid as for SavePolicy; it changes nothing.
func (s *Service) ChangeSummary(ctx context.Context, by actor.Standing, at Place, body access.Policy) (Summary, error) {
	if err := s.mayManagePolicy(by, at); err != nil {
		return Summary{}, err
	}
	v, err := viewPolicy(ctx, s.store, by.Organization, at)
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

// text tells the one whose save was refused what happened.
func (c *Collision) text(catalogue *access.Catalogue) string {
	who := "Somebody else"
	if len(c.By) > 0 {
		who = strings.Join(c.By, " and ")
	}
	if c.Removed {
		return who + " removed this policy while you were editing it. Nothing was saved."
	}
	text := who + " changed this policy while you were editing it."
	if added := Words(catalogue, c.Between.Added); len(added) > 0 {
		text += " Added: " + strings.Join(added, ", ") + "."
	}
	if removed := Words(catalogue, c.Between.Removed); len(removed) > 0 {
		text += " Removed: " + strings.Join(removed, ", ") + "."
	}
	if c.Known && c.Between.Empty() {
		text += " It now is as you saw it."
	}
	return text + " Your changes were not saved."
}

// BaselineRow is a workspace as the list of baseline policies shows it.
type BaselineRow struct {
	WorkspaceRow
	Baseline Policy
}

// Baselines lists every workspace by name with its baseline policy and counts, in a fixed
// number of queries. Denied to all but Admins.
func (s *Service) Baselines(ctx context.Context, by actor.Standing) ([]BaselineRow, error) {
	if err := s.may(by, access.ManagePolicies); err != nil {
		return nil, err
	}
	workspaces, err := s.WorkspaceRows(ctx, by)
	if err != nil {
		return nil, err
	}
	policies, err := s.store.PoliciesOf(ctx, by.Organization, BaselinePolicy, "")
	if err != nil {
		return nil, err
	}
	in := make(map[string]Policy, len(policies))
	for _, p := range policies {
		in[p.Workspace] = p
	}
	rows := make([]BaselineRow, len(workspaces))
	for i, w := range workspaces {
		rows[i] = BaselineRow{w, in[w.ID]}
	}
	return rows, nil
}

package policy

import (
	"latchkey/internal/access"
	"latchkey/internal/policy"
)

// Editor converts policies of one workspace to the editor's form and pages, and back. It is the same
// for workspaces, groups, members and tokens.
type Editor struct {
	catalogue *access.Catalogue
	plan      access.Plan
	resources map[string][]policy.Resource // by type, in the order of their names
	names     map[string]policy.Resource   // by id
	inherited []access.Layer               // what the holder has without the edited policy
	given     access.Policy                // union of inherited
}

// NewEditor returns the editor of a policy in the workspace that has these resources. inherited is what
// the holder of the policy has without it: for a token of a workspace, the baseline.
func NewEditor(c *access.Catalogue, plan access.Plan, resources []policy.Resource, inherited ...access.Layer) Editor {
	e := Editor{catalogue: c, plan: plan, inherited: inherited,
		resources: map[string][]policy.Resource{}, names: map[string]policy.Resource{}}
	for _, r := range resources {
		e.resources[r.Type] = append(e.resources[r.Type], r)
		e.names[r.ID] = r
	}
	e.given = access.Combine(inherited...).Policy()
	return e
}

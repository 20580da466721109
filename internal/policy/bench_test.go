package policy_test

import (
	"fmt"
	"testing"

	"latchkey/internal/access"
	"latchkey/internal/policy"
)

// manyPolicies are the policies of a member who is in a number of groups, in one workspace.
func manyPolicies(groups int) []policy.Policy {
	body := func(i int) access.Policy {
		p := access.Policy{"source:edit": access.Only(fmt.Sprint("S", i), fmt.Sprint("S", i+1))}
		for _, perm := range access.BuiltIn().Permissions()[1:10] {
			p[perm] = access.Everywhere()
		}
		return p
	}
	list := []policy.Policy{{ID: "b", Workspace: "w", Kind: policy.Baseline, Body: body(0)}}
	for i := range groups {
		list = append(list, policy.Policy{ID: fmt.Sprint("g", i), Workspace: "w", Kind: policy.OfGroup,
			Subject: fmt.Sprint("g", i), Body: body(i)})
	}
	return append(list, policy.Policy{ID: "m", Workspace: "w", Kind: policy.OfMember, Subject: "m", Body: body(groups)})
}

// BenchmarkEffective computes one member's policy in one workspace, which is already loaded. It
// must take less than 100 µs.
func BenchmarkEffective(b *testing.B) {
	for _, groups := range []int{5, 20, 200} {
		policies := manyPolicies(groups)
		b.Run(fmt.Sprint(groups, "_groups"), func(b *testing.B) {
			for b.Loop() {
				if policy.Effective(policies)["w"] == nil {
					b.Fatal("no policy")
				}
			}
		})
	}
}

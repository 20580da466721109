package account_test

import (
	"fmt"
	"testing"

	"latchkey/internal/access"
	"latchkey/internal/account"
)

// manyPolicies are the policies of a member who is in a number of groups, in one workspace.
func manyPolicies(groups int) []account.Policy {
	body := func(i int) access.Policy {
		p := access.Policy{"source:edit": access.Only(fmt.Sprint("S", i), fmt.Sprint("S", i+1))}
		for _, perm := range access.BuiltIn().Permissions()[1:10] {
			p[perm] = access.Everywhere()
		}
		return p
	}
	list := []account.Policy{{ID: "b", Workspace: "w", Kind: account.BaselinePolicy, Body: body(0)}}
	for i := range groups {
		list = append(list, account.Policy{ID: fmt.Sprint("g", i), Workspace: "w", Kind: account.GroupPolicy, Subject: fmt.Sprint("g", i), Body: body(i)})
	}
	return append(list, account.Policy{ID: "m", Workspace: "w", Kind: account.MemberPolicy, Subject: "m", Body: body(groups)})
}

// BenchmarkEffective computes one member's policy in one workspace, once loaded; it must
// stay under 100 µs.
func BenchmarkEffective(b *testing.B) {
	for _, groups := range []int{5, 20, 200} {
		policies := manyPolicies(groups)
		b.Run(fmt.Sprint(groups, "_groups"), func(b *testing.B) {
			for b.Loop() {
				if account.Effective(policies)["w"] == nil {
					b.Fatal("no policy")
				}
			}
		})
	}
}

package policy_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"latchkey/internal/access"
	"latchkey/internal/fault"
	"latchkey/internal/policy"
	"latchkey/internal/store/storetest"
)

func TestResourcesIn_AreThoseOfEachWorkspaceOneIsIn(t *testing.T) {
	b := storetest.NewBed(t, access.PlanEnterprise)
	staging, empty := b.Workspace("Staging"), b.Workspace("Empty")
	b.Resource(b.Prod, "source", "s1")
	b.Resource(b.Prod, "destination", "d1")
	b.Resource(staging.ID, "source", "s2")
	bo := b.Member("Bo", b.Prod, empty.ID)
	got, err := b.Policies.ResourcesIn(t.Context(), b.Admin, []string{b.Prod, staging.ID, empty.ID})
	b.Must(err)
	want := map[string][]policy.Resource{
		b.Prod:     {{ID: "d1", Type: "destination", Name: "Name of d1"}, {ID: "s1", Type: "source", Name: "Name of s1"}},
		staging.ID: {{ID: "s2", Type: "source", Name: "Name of s2"}},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if got, err = b.Policies.ResourcesIn(t.Context(), b.Caller(bo.ID), []string{b.Prod, empty.ID}); err != nil ||
		len(got) != 1 || len(got[b.Prod]) != 2 {
		t.Errorf("a member reads %v, %v", got, err)
	}
	for _, ids := range [][]string{{b.Prod, staging.ID}, {"nowhere"}} {
		if got, err := b.Policies.ResourcesIn(t.Context(), b.Caller(bo.ID), ids); !fault.Is(err, fault.NotFound) || got != nil {
			t.Errorf("a member reads %v of %v, %v", got, ids, err)
		}
	}
	if got, err := b.Policies.ResourcesIn(t.Context(), b.Admin, nil); err != nil || got == nil || len(got) != 0 {
		t.Errorf("of no workspace: %v, %v", got, err)
	}
}

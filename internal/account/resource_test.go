package account_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"latchkey/internal/access"
	"latchkey/internal/account"
	"latchkey/internal/fault"
)

func TestResourcesIn_AreThoseOfEachWorkspaceOneIsIn(t *testing.T) {
	b := newBed(t, access.PlanEnterprise)
	staging, empty := b.workspace("Staging"), b.workspace("Empty")
	b.resource(b.prod, "source", "s1")
	b.resource(b.prod, "destination", "d1")
	b.resource(staging.ID, "source", "s2")
	bo := b.member("Bo", b.prod, empty.ID)
	got, err := b.ResourcesIn(t.Context(), b.admin, []string{b.prod, staging.ID, empty.ID})
	b.must(err)
	want := map[string][]account.Resource{
		b.prod:     {{ID: "d1", Type: "destination", Name: "Name of d1"}, {ID: "s1", Type: "source", Name: "Name of s1"}},
		staging.ID: {{ID: "s2", Type: "source", Name: "Name of s2"}},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if got, err = b.ResourcesIn(t.Context(), b.caller(bo.ID), []string{b.prod, empty.ID}); err != nil || len(got) != 1 || len(got[b.prod]) != 2 {
		t.Errorf("a member reads %v, %v", got, err)
	}
	for _, ids := range [][]string{{b.prod, staging.ID}, {"nowhere"}} {
		if got, err := b.ResourcesIn(t.Context(), b.caller(bo.ID), ids); !fault.Is(err, fault.NotFound) || got != nil {
			t.Errorf("a member reads %v of %v, %v", got, ids, err)
		}
	}
	if got, err := b.ResourcesIn(t.Context(), b.admin, nil); err != nil || got == nil || len(got) != 0 {
		t.Errorf("of no workspace: %v, %v", got, err)
	}
}

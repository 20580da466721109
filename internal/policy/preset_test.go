package policy_test

import (
	"errors"
	"fmt"
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"

	"latchkey/internal/access"
	"latchkey/internal/account"
	"latchkey/internal/fault"
	"latchkey/internal/policy"
	"latchkey/internal/store"
	"latchkey/internal/store/storetest"
)

func TestPresets_AreCheckedLimitedAndRecorded(t *testing.T) {
	b := storetest.NewBed(t, access.PlanEnterprise)
	presets := policy.NewPresets(store.Presets(b.Store), access.BuiltIn())
	bo := b.Member("Bo", b.Prod)
	for name, grants := range map[string]map[access.Permission]policy.Extent{
		"":            nil,
		"VIEW only":   nil,
		"unknown":     {"rocket:launch": policy.AllResources},
		"no such act": {"member:manage": policy.AllResources},
		"unlimited":   {"source:connect": policy.ChosenResources},
		"extent":      {"source:edit": "most"},
	} {
		_, err := presets.Save(t.Context(), b.Admin.Caller(), name, grants)
		storetest.WantKind(t, err, fault.Invalid)
	}
	_, err := presets.Save(t.Context(), b.Caller(bo.ID).Caller(), "Bo's", nil)
	storetest.WantKind(t, err, fault.Denied)
	grants := map[access.Permission]policy.Extent{"source:edit": policy.ChosenAndFuture, "source:connect": policy.AllResources}
	p, err := presets.Save(t.Context(), b.Admin.Caller(), "Release", grants)
	b.Must(err)
	list, err := presets.List(t.Context(), b.Admin)
	b.Must(err)
	if diff := cmp.Diff([]policy.Preset{p}, list); diff != "" {
		t.Error(diff)
	}
	_, err = presets.Delete(t.Context(), b.Caller(bo.ID).Caller(), p.ID)
	storetest.WantKind(t, err, fault.Denied)
	_, err = presets.Delete(t.Context(), b.Admin.Caller(), p.ID)
	b.Must(err)
	_, err = presets.Delete(t.Context(), b.Admin.Caller(), p.ID)
	storetest.WantKind(t, err, fault.NotFound)
	for i := range access.MaxPresets {
		_, err = presets.Save(t.Context(), b.Admin.Caller(), fmt.Sprint("preset ", i), nil)
		b.Must(err)
	}
	_, err = presets.Save(t.Context(), b.Admin.Caller(), "one more", nil)
	storetest.WantKind(t, err, fault.Denied)
}

func TestRebase_IsDecidedAgainstTheRevisionThatWasSeen(t *testing.T) {
	b := storetest.NewBed(t, access.PlanEnterprise)
	bo := b.Member("Bo")
	all := access.Everywhere()
	place := policy.Place{Kind: policy.OfMember, Workspace: b.Prod, Subject: bo.ID}
	mine := access.Policy{"source:connect": all, "table:edit": all}
	added, err := b.Policies.Add(t.Context(), b.Admin.Caller(), place, access.Policy{"source:connect": all, "audience:edit": all})
	b.Must(err)
	seen := added.Revision()
	cy := account.Member{ID: "cy", Organization: b.Org, Email: "cy@acme.example", Name: "Cy", Role: access.RoleAdmin, Status: account.Active,
		CreatedAt: b.Clock.Now(), UpdatedAt: b.Clock.Now()}
	b.InTx(func(tx *store.Tx) error { return tx.InsertMember(t.Context(), cy, "a hash") })
	now, err := b.Policies.Save(t.Context(), b.Caller(cy.ID).Caller(), place, seen, access.Policy{"audience:edit": all, "profile:edit": all})
	b.Must(err)
	v, got, err := b.Policies.Rebase(t.Context(), b.Admin, place, seen, mine)
	b.Must(err)
	if want := (access.Policy{"profile:edit": all, "table:edit": all}); !got.Equal(want) || v.Revision() != now.Revision() {
		t.Errorf("%s at %+v", got, v.Revision())
	}
	_, got, err = b.Policies.Rebase(t.Context(), b.Admin, place, policy.Revision{}, mine)
	if err != nil || !got.Equal(mine.Union(now.Body)) {
		t.Errorf("both added it: %s %v", got, err)
	}
	// The last one overflows when it is subtracted. SQLite takes a negative limit for none, PostgreSQL refuses it.
	for _, version := range []int64{7, 0, -1, math.MinInt64} {
		never := policy.Revision{Policy: seen.Policy, Version: version}
		_, _, err = b.Policies.Rebase(t.Context(), b.Admin, place, never, mine)
		storetest.WantKind(t, err, fault.Conflict)
		_, err = b.Policies.Save(t.Context(), b.Admin.Caller(), place, never, mine)
		var other *policy.Collision
		if !errors.As(err, &other) || other.Known || len(other.By) != 1 {
			t.Errorf("version %d: %+v", version, other)
		}
	}
	_, _, err = b.Policies.Rebase(t.Context(), b.Caller(bo.ID), place, seen, mine)
	storetest.WantKind(t, err, fault.Denied)
	_, err = b.Policies.Remove(t.Context(), b.Admin.Caller(), place)
	b.Must(err)
	v, got, err = b.Policies.Rebase(t.Context(), b.Admin, place, seen, mine)
	if err != nil || v.Exists || !got.Equal(mine) {
		t.Errorf("after the removal: %s %v", got, err)
	}
}

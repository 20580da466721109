package identity_test

import (
	"slices"
	"strings"
	"testing"

	"latchkey/internal/access"
	"latchkey/internal/audit"
	"latchkey/internal/fault"
	"latchkey/internal/identity"
	"latchkey/internal/store/storetest"
)

func TestTry_ShowsWhatWouldHappenAndChangesNothing(t *testing.T) {
	b := newBed(t, func(in *identity.Settings) { in.NewMembers = identity.Add })
	bo := b.Member("Bo")
	b.Group("Engineers")
	b.rules(identity.Rules{Claim: "groups", Table: []string{"eng = Engineers"}, AdminGroup: "bosses"})
	_, err := b.use.Enable(t.Context(), b.Admin.Caller(), b.p.ID, false)
	b.Must(err)
	try := func(claims map[string]any) identity.Report {
		b.idp.Do(func() { b.idp.Claims = claims })
		d, err := b.use.StartTry(t.Context(), b.Admin, b.p.ID, "")
		b.Must(err)
		r, err := b.use.FinishTry(t.Context(), b.Admin, b.p.ID, d.Browser, b.back(d))
		b.Must(err)
		return r
	}
	before := b.Logged()
	r := try(person("s-bo", bo.Email, true, "groups", []string{"eng", "bosses"}))
	if !r.Passed || r.Verdict != identity.Links || !strings.Contains(r.Member, bo.Email) || !slices.Equal(r.Enter, []string{"Engineers"}) ||
		r.Role != access.RoleAdmin || r.Claims["email"] != bo.Email {
		t.Errorf("%+v", r)
	}
	if r = try(person("s-x", "new@acme.example", true)); !r.Passed || r.Verdict != identity.Joins {
		t.Errorf("%+v", r)
	}
	if r = try(person("s-x", bo.Email, false)); r.Passed || r.Checks[len(r.Checks)-1].Name != identity.CheckAddress {
		t.Errorf("%+v", r)
	}
	if got := b.Events(audit.TargetProvider, before); !slices.Equal(got,
		[]string{"tested Acme Login", "tested Acme Login", "tested Acme Login"}) {
		t.Errorf("%q", got)
	}
	if b.Logged() != before+3 {
		t.Error("trying leaves other events")
	}
	if list, err := b.use.Linked(t.Context(), b.Admin, b.p.ID, 10); err != nil || len(list) != 0 {
		t.Errorf("%v %v", list, err)
	}
	// The trial of one Admin cannot be ended by another session.
	d, err := b.use.StartTry(t.Context(), b.Admin, b.p.ID, "")
	b.Must(err)
	again := b.Caller(b.Ada.ID)
	if r, err := b.use.FinishTry(t.Context(), again, b.p.ID, d.Browser, b.back(d)); err != nil || r.Passed ||
		r.Checks[0].Name != identity.CheckRequest {
		t.Errorf("%+v %v", r, err)
	}
	storetest.WantKind(t, func() error { _, err := b.use.StartTry(t.Context(), b.Caller(bo.ID), b.p.ID, ""); return err }(), fault.Denied)
}

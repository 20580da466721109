package access

import (
	"testing"
	"unicode/utf8"

	"latchkey/internal/fault"
)

func FuzzDecide(f *testing.F) {
	f.Add(uint8(1), "acme", "member", "", "w", "acme", "w", "source", "S1", "m1", "source:edit", "w", "S1", true)
	f.Add(uint8(2), "acme", "admin", "admin", "w", "acme", "", "", "", "", "policy:manage", "w", "", false)
	f.Add(uint8(4), "acme", "", "", "", "acme", "w", "\xff", "\x00", "", ":", "", "", true)
	c := BuiltIn()
	f.Fuzz(func(t *testing.T, kind uint8, org, role, scope, own, itsOrg, workspace, typ, id, owner, perm, member, limit string, all bool) {
		p := Principal{
			Kind: Kind(kind), ID: owner, Owner: owner, Organization: org, Role: Role(role), Scope: Scope(scope), Workspace: own,
			In: map[string]*Effective{member: Combine(baseline(Policy{Permission(perm): {All: all, IDs: []string{limit, id}}}))},
		}
		r := Resource{Organization: itsOrg, Workspace: workspace, Type: typ, ID: id, Owner: owner}
		d := Decide(c, p, Permission(perm), r)
		_, known := c.Lookup(Permission(perm))
		switch {
		case d.Allowed && (d.Hide || org == "" || org != itsOrg || (!known && systemAct(Permission(perm)) == actUnknown)):
			t.Errorf("allowed: %+v", d)
		case (d.Err("It") == nil) != d.Allowed:
			t.Errorf("Err of %+v", d)
		case !utf8.ValidString(Reason{Code: d.Reason.Code, Permission: d.Reason.Permission, Kind: d.Reason.Kind}.Text()):
			t.Errorf("text %q", d.Reason.Text())
		}
		if DecideConnection(c, p, r, r).Allowed && !(org == itsOrg && p.IsIn(workspace)) {
			t.Error("connected outside")
		}
		EffectivePolicy(c, p, workspace)
	})
}

func FuzzParsePolicy(f *testing.F) {
	f.Add(`{"source:edit":{"all":true,"ids":["b","a"]}}`)
	f.Add(`{"source:edit":{"all":true,"ids":[]},"source:edit":{"ids":[],"all":false}}`)
	f.Add("{\"source:edit\":{\"all\":false,\"ids\":[\"\\ud800\\u0000\u2028<&>\"]}}")
	f.Fuzz(func(t *testing.T, text string) {
		p, err := ParsePolicy(text)
		if err != nil {
			if !fault.Is(err, fault.Invalid) {
				t.Fatalf("error %v", err)
			}
			return
		}
		canonical := p.String()
		again, err := ParsePolicy(canonical)
		if err != nil || again.String() != canonical || !again.Equal(p) {
			t.Fatalf("%q becomes %q, then %v (%v)", text, canonical, again, err)
		}
		for perm, reach := range p {
			if !perm.WellFormed() || reach.Empty() || !isIDSet(reach.IDs) {
				t.Fatalf("%q keeps %s %+v", text, perm, reach)
			}
		}
	})
}

package access

import (
	"fmt"
	"testing"
)

// crowd is 200 groups with six permissions each, two of them limited.
func crowd() []Layer {
	c := BuiltIn()
	all := c.Permissions()
	layers := []Layer{baseline(Policy{"source:edit": Only("S1", "S2")})}
	for i := range 200 {
		p := Policy{}
		for j := range 6 {
			perm := all[(i*7+j*5)%len(all)]
			p[perm] = Everywhere()
			if entry, _ := c.Lookup(perm); j < 2 && entry.Limitable {
				p[perm] = Only(fmt.Sprintf("r%03d", i), fmt.Sprintf("r%03d", i+1), "shared")
			}
		}
		layers = append(layers, Layer{Kind: LayerGroup, ID: fmt.Sprint(i), Name: fmt.Sprint("Group ", i), Policy: p})
	}
	return layers
}

// limitedCrowd is the harder case: 200 groups that all limit the same three permissions.
func limitedCrowd() []Layer {
	var layers []Layer
	for i := range 200 {
		ids := Only(fmt.Sprintf("r%03d", i), fmt.Sprintf("r%03d", (i*37)%200), "shared")
		layers = append(layers, Layer{Kind: LayerGroup, ID: fmt.Sprint(i), Policy: Policy{
			"source:edit": ids, "destination:edit": ids, "source:live_events": ids,
		}})
	}
	return layers
}

func allowedQuestions() map[string]func() bool {
	c := BuiltIn()
	few := member(
		baseline(Policy{"source:edit": Only("S1", "S2"), "source:connect": Everywhere(), "destination:connect": Everywhere()}),
		Layer{Kind: LayerGroup, Name: "Analysts", Policy: Policy{"destination:edit": AllBut("D9")}},
	)
	own := Resource{Organization: acme, Workspace: production, Owner: "m1"}
	source, destination := in("source", "S1"), in("destination", "D1")
	ask := func(p Principal, perm Permission, r Resource) func() bool {
		return func() bool { return Decide(c, p, perm, r).Allowed }
	}
	token := tokenOf(few, ScopeReadWrite)
	sat := workspaceToken(Layer{Kind: LayerToken, Policy: perms("source:edit")})
	needed := []Permission{"source:edit", "source:connect"}
	return map[string]func() bool{
		"member":          ask(few, "source:edit", source),
		"member, all but": ask(few, "destination:edit", destination),
		"admin":           ask(admin(), "source:edit", source),
		"personal token":  ask(token, "source:edit", source),
		"workspace token": ask(sat, "source:edit", source),
		"view":            ask(sat, ViewWorkspace, source),
		"audit log":       ask(organizationToken(), ReadAuditLog, Resource{Organization: acme}),
		"own token":       ask(few, ManagePersonalToken, own),
		"create token":    ask(few, CreatePersonalToken, own),
		"all":             func() bool { return DecideAll(c, token, needed, source).Allowed },
		"connection":      func() bool { return DecideConnection(c, token, source, destination).Allowed },
	}
}

func TestDecide_AllowsWithoutAllocating(t *testing.T) {
	for name, ask := range allowedQuestions() {
		if !ask() {
			t.Errorf("%s: not allowed", name)
		}
		if n := testing.AllocsPerRun(200, func() { ask() }); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}

func TestEffectiveAllows_DoesNotAllocate(t *testing.T) {
	e := Combine(crowd()...)
	if n := testing.AllocsPerRun(200, func() { e.Allows("source:edit", "S1") }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkDecide(b *testing.B) {
	for name, ask := range allowedQuestions() {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if !ask() {
					b.Fatal("not allowed")
				}
			}
		})
	}
}

func BenchmarkCombine(b *testing.B) {
	for name, layers := range map[string][]Layer{"200 groups": crowd(), "200 limited groups": limitedCrowd()} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				Combine(layers...)
			}
		})
	}
}

func BenchmarkEffectivePolicy(b *testing.B) {
	c := BuiltIn()
	p := member(crowd()...)
	b.ReportAllocs()
	for b.Loop() {
		EffectivePolicy(c, p, production)
	}
}

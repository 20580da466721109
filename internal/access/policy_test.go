package access

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"latchkey/internal/fault"
)

func TestReach_CoversFutureResourcesOnlyWhenAll(t *testing.T) {
	cases := []struct {
		name              string
		reach             Reach
		chosen, other, tw bool
	}{
		{"nothing", Reach{}, false, false, false},
		{"everywhere", Everywhere(), true, true, true},
		{"only", Only("chosen", "more"), true, false, false},
		{"all but", AllBut("chosen", "more"), false, true, true},
	}
	for _, k := range cases {
		if k.reach.Covers("chosen") != k.chosen || k.reach.Covers("other") != k.other || k.reach.Covers("") != k.tw {
			t.Errorf("%s: %+v covers wrongly", k.name, k.reach)
		}
	}
}

func TestReach_ConstructorsSortAndKeepTheArgumentsAsTheyAre(t *testing.T) {
	ids := []string{"b", "", "a", "b"}
	if diff := cmp.Diff(Reach{IDs: []string{"a", "b"}}, Only(ids...)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(Reach{All: true, IDs: []string{"a", "b"}}, AllBut(ids...)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"b", "", "a", "b"}, ids); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(Reach{}, Only("", "")); diff != "" {
		t.Error(diff)
	}
	sorted := []string{"a", "b"}
	only, clone := Only(sorted...), Policy{"source:edit": {IDs: sorted}}.Clone()
	sorted[0] = "z"
	if !only.Covers("a") || !clone.Allows("source:edit", "a") {
		t.Error("the caller's list is the reach's")
	}
}

func TestReach_IsRightForUnsortedLiterals(t *testing.T) {
	p := Policy{"source:edit": {All: true, IDs: []string{"z", "a"}}}
	e := Combine(baseline(p))
	for _, id := range []string{"a", "z"} {
		if p.Allows("source:edit", id) || e.Allows("source:edit", id) {
			t.Errorf("the exception %s is covered", id)
		}
	}
}

func TestReach_RepeatedIdsCountOnce(t *testing.T) {
	twice := Reach{IDs: []string{"a", "a"}}
	if !twice.Equal(Only("a")) {
		t.Error("not equal")
	}
	if diff := cmp.Diff(Only("a"), twice.Union(Reach{})); diff != "" {
		t.Error(diff)
	}
}

func TestPolicy_AddingAllBeatsExceptionsOfAnother(t *testing.T) {
	p := Policy{"source:edit": AllBut("S1", "S2")}.Union(Policy{"source:edit": Only("S2", "S3")})
	if diff := cmp.Diff(Policy{"source:edit": AllBut("S1")}, p); diff != "" {
		t.Error(diff)
	}
}

func TestPolicy_EmptyReachIsTheSameAsAbsent(t *testing.T) {
	p := Policy{"source:edit": Only(), "table:edit": Everywhere()}
	if !p.Equal(Policy{"table:edit": Everywhere()}) || !(Policy{}).Equal(nil) {
		t.Error("not equal")
	}
	if diff := cmp.Diff([]Permission{"table:edit"}, p.Permissions()); diff != "" {
		t.Error(diff)
	}
	if got := p.String(); got != `{"table:edit":{"all":true,"ids":[]}}` {
		t.Error(got)
	}
}

func TestPolicyJSON_IsCanonical(t *testing.T) {
	p := Policy{"table:edit": {IDs: []string{"b", "a", "b"}}, "source:edit": AllBut("S3"), "audience:edit": Everywhere()}
	const want = `{"audience:edit":{"all":true,"ids":[]},"source:edit":{"all":true,"ids":["S3"]},"table:edit":{"all":false,"ids":["a","b"]}}`
	if got := p.String(); got != want {
		t.Errorf("got %s", got)
	}
	if got := Policy(nil).String(); got != "{}" {
		t.Errorf("nil is %s", got)
	}
	inside, err := json.Marshal(struct{ P Policy }{p})
	if err != nil || string(inside) != `{"P":`+want+`}` {
		t.Errorf("inside another value: %s %v", inside, err)
	}
	var back struct{ P Policy }
	if err := json.Unmarshal(inside, &back); err != nil || !back.P.Equal(p) {
		t.Errorf("back: %v %v", back, err)
	}
}

func TestParsePolicy_IsStrict(t *testing.T) {
	good := `{"source:edit":{"all":true,"ids":[]}}`
	if _, err := ParsePolicy(good); err != nil {
		t.Fatal(err)
	}
	bad := map[string]string{
		"nothing":            ``,
		"null":               `null`,
		"array":              `[]`,
		"number":             `7`,
		"after it":           good + `{}`,
		"cut off":            good[:len(good)-1],
		"repeated":           `{"source:edit":{"all":true,"ids":[]},"source:edit":{"all":false,"ids":[]}}`,
		"repeated by escape": `{"source:edit":{"all":true,"ids":[]},"\u0073ource:edit":{"all":false,"ids":[]}}`,
		"repeated inside":    `{"source:edit":{"all":false,"all":true,"ids":[]}}`,
		"unknown member":     `{"source:edit":{"all":true,"ids":[],"deny":[]}}`,
		"other case":         `{"source:edit":{"All":true,"ids":[]}}`,
		"no all":             `{"source:edit":{"ids":["a"]}}`,
		"no ids":             `{"source:edit":{"all":true}}`,
		"null all":           `{"source:edit":{"all":null,"ids":[]}}`,
		"null ids":           `{"source:edit":{"all":true,"ids":null}}`,
		"null id":            `{"source:edit":{"all":false,"ids":[null]}}`,
		"empty id":           `{"source:edit":{"all":true,"ids":[""]}}`,
		"number id":          `{"source:edit":{"all":false,"ids":[1]}}`,
		"text for all":       `{"source:edit":{"all":"true","ids":[]}}`,
		"reach is null":      `{"source:edit":null}`,
		"reach is true":      `{"source:edit":true}`,
		"no permission":      `{"":{"all":true,"ids":[]}}`,
		"no action":          `{"source":{"all":true,"ids":[]}}`,
		"upper case":         `{"Source:edit":{"all":true,"ids":[]}}`,
		"two colons":         `{"source:edit:x":{"all":true,"ids":[]}}`,
		"bad text":           "{\"source:edit\":{\"all\":false,\"ids\":[\"\xff\"]}}",
	}
	for name, text := range bad {
		if p, err := ParsePolicy(text); !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: %v, %v", name, p, err)
		}
	}
}

func TestParsePolicy_NamesEveryMistake(t *testing.T) {
	_, err := ParsePolicy(`{"source:edit":{},"Bad":{"all":true,"ids":[]},"table:edit":{"all":true,"ids":[""]}}`)
	var paths []string
	for _, f := range fault.Of(err).Fields {
		paths = append(paths, f.Path)
	}
	if diff := cmp.Diff([]string{"source:edit", "Bad", "table:edit"}, paths); diff != "" {
		t.Error(diff)
	}
}

func TestParsePolicy_LeavesTheTargetAloneOnAnError(t *testing.T) {
	p := perms("source:edit")
	if err := json.Unmarshal([]byte(`{"table:edit":{"all":true,"ids":[]},"x":{}}`), &p); err == nil {
		t.Fatal("no error")
	}
	if !p.Equal(perms("source:edit")) {
		t.Errorf("changed to %v", p)
	}
}

func TestDifference_SaysWhatIsGainedAndLost(t *testing.T) {
	before := Policy{"source:edit": Only("S1", "S2"), "table:edit": Everywhere(), "audience:edit": AllBut("A1"), "profile:edit": Only("P")}
	after := Policy{"source:edit": Only("S2", "S3"), "table:edit": AllBut("T1"), "audience:edit": Everywhere(),
		"sql_model:edit": Only("Q"), "profile:edit": Only("P")}
	want := Change{
		Added:   []PermissionReach{{"audience:edit", Only("A1")}, {"source:edit", Only("S3")}, {"sql_model:edit", Only("Q")}},
		Removed: []PermissionReach{{"source:edit", Only("S1")}, {"table:edit", Only("T1")}},
	}
	if diff := cmp.Diff(want, Difference(before, after)); diff != "" {
		t.Error(diff)
	}
	if !Difference(before, before.Clone()).Empty() || Difference(before, after).Empty() {
		t.Error("Empty is wrong")
	}
}

func TestCombine_IsTheUnionOfItsLayersAndNamesTheirSources(t *testing.T) {
	group := func(id string, p Policy) Layer {
		return Layer{Kind: LayerGroup, ID: id, Name: strings.ToUpper(id), Policy: p}
	}
	e := Combine(
		baseline(Policy{"source:edit": Only("S1")}),
		group("g1", Policy{"source:edit": Only("S1", "S2"), "table:edit": AllBut("T1", "T2")}),
		group("g2", Policy{"table:edit": AllBut("T2", "T3"), "audience:edit": Everywhere()}),
		Layer{Kind: LayerMember, Policy: Policy{"table:edit": Only("T2"), "audience:edit": Only("A1")}},
	)
	want := Policy{"source:edit": Only("S1", "S2"), "table:edit": Everywhere(), "audience:edit": Everywhere()}
	if diff := cmp.Diff(want, e.Policy()); diff != "" {
		t.Error(diff)
	}
	sources := func(perm Permission, id string) (out []string) {
		for _, l := range e.Sources(perm, id) {
			out = append(out, l.Source())
		}
		return out
	}
	if diff := cmp.Diff([]string{"Baseline Workspace Policy", "group G1"}, sources("source:edit", "S1")); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"group G2", "Member Workspace Policy"}, sources("audience:edit", "A1")); diff != "" {
		t.Error(diff)
	}
	if got := sources("profile:edit", ""); got != nil {
		t.Errorf("sources of what is not given: %v", got)
	}
	if len(e.Layers()) != 4 {
		t.Errorf("layers %v", e.Layers())
	}
}

func TestEffective_CannotBeChangedFromOutside(t *testing.T) {
	e := Combine(baseline(Policy{"source:edit": Only("S1")}))
	p := e.Policy()
	p["source:edit"].IDs[0] = "S9"
	p["table:edit"] = Everywhere()
	e.Layers()[0].Kind = LayerAdmin
	if !e.Allows("source:edit", "S1") || e.Allows("source:edit", "S9") || e.Allows("table:edit", "") ||
		e.Layers()[0].Kind != LayerBaseline {
		t.Error("changed")
	}
}

func TestEffective_NilGrantsNothing(t *testing.T) {
	var e *Effective
	if e.Allows("source:edit", "S1") || e.Allows("source:edit", "") || len(e.Policy()) != 0 || e.Layers() != nil ||
		e.Sources("source:edit", "") != nil {
		t.Error("grants something")
	}
	p := member()
	p.In[production] = nil
	expect(t, "in, without a policy", Decide(BuiltIn(), p, ViewWorkspace, in("", "")), true)
	expectReason(t, "edit", Decide(BuiltIn(), p, "source:edit", in("source", "S1")), false, Missing)
}

func TestLayer_EverySourceHasItsOwnName(t *testing.T) {
	seen := map[string]bool{}
	for _, kind := range []LayerKind{LayerBaseline, LayerGroup, LayerMember, LayerToken, LayerAdmin, "other"} {
		seen[Layer{Kind: kind, Name: "x"}.Source()] = true
	}
	if len(seen) != 6 {
		t.Errorf("names: %v", seen)
	}
}

func TestCheckResources(t *testing.T) {
	typeOf := map[string]string{"S1": "source", "S2": "source", "D1": "destination"}
	source, both, edit := []string{"source"}, []string{"destination", "source"}, []string{"source:edit"}
	gone := Policy{"source:edit": Only("gone")}
	for name, c := range map[string]struct {
		before, after Policy
		types         []string
		wrong         []string
	}{
		"nothing":         {nil, nil, nil, nil},
		"no limits":       {nil, Policy{"source:edit": Everywhere()}, nil, nil},
		"own resources":   {nil, Policy{"source:edit": Only("S1", "S2"), "destination:edit": AllBut("D1")}, both, nil},
		"one type once":   {nil, Policy{"source:edit": Only("S1"), "source:connect": Only("S2")}, source, nil},
		"unknown":         {nil, Policy{"source:edit": Only("S1", "gone")}, source, edit},
		"another type":    {nil, Policy{"source:edit": Only("D1"), "source:connect": Only("S1")}, source, edit},
		"all but another": {nil, Policy{"source:edit": AllBut("D1")}, source, edit},
		"two mistakes": {nil, Policy{"source:edit": Only("x"), "destination:edit": Only("S1")}, both,
			[]string{"destination:edit", "source:edit"}},
		"what was there":        {gone, Policy{"source:edit": Only("gone")}, nil, nil},
		"and something new":     {gone, Policy{"source:edit": AllBut("gone", "S1")}, source, nil},
		"and something wrong":   {gone, Policy{"source:edit": Only("gone", "D1")}, source, edit},
		"of another permission": {gone, Policy{"source:connect": Only("gone")}, source, []string{"source:connect"}},
	} {
		if d := cmp.Diff(c.types, NewlyLimited(c.before, c.after)); d != "" {
			t.Errorf("%s: types (-want +got)\n%s", name, d)
		}
		var wrong []string
		for _, f := range CheckResources(c.before, c.after, typeOf) {
			wrong = append(wrong, f.Path)
		}
		if d := cmp.Diff(c.wrong, wrong); d != "" {
			t.Errorf("%s: problems (-want +got)\n%s", name, d)
		}
	}
}

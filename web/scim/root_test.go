package scim_test

import (
	"fmt"
	"strings"
	"testing"

	"latchkey/internal/account"
)

const (
	userURN  = "urn:ietf:params:scim:schemas:core:2.0:User"
	groupURN = "urn:ietf:params:scim:schemas:core:2.0:Group"
)

// TestDeactivation_IsNeverASilent200 holds that each way to write "not active" that is answered
// with 200 deactivates, and leaves nothing else in the resource.
func TestDeactivation_IsNeverASilent200(t *testing.T) {
	put := func(attributes string) string { return userStart + `"userName":"x@acme.example",` + attributes + `}` }
	replace := func(value string) string { return patch(`{"op":"replace","value":` + value + `}`) }
	at := func(path, value string) string {
		return patch(`{"op":"Replace","path":"` + path + `","value":` + value + `}`)
	}
	upper := strings.ToUpper(userURN)
	for _, c := range []struct{ name, method, body string }{
		{"the core URN as an object", "PATCH", replace(`{"` + userURN + `":{"active":false}}`)},
		{"in another letter case", "PATCH", replace(`{"` + upper + `":{"ACTIVE":"False"}}`)},
		{"in itself", "PATCH", replace(`{"` + userURN + `":{"` + upper + `":{"active":false}}}`)},
		{"with schemas inside", "PATCH", replace(`{"` + userURN + `":{"schemas":["` + userURN + `"],"active":false}}`)},
		{"as a prefix", "PATCH", replace(`{"` + userURN + `:active":false}`)},
		{"as a prefix within", "PATCH", replace(`{"` + userURN + `":{"` + upper + `:active":false}}`)},
		{"as the path", "PATCH", at(userURN, `{"active":false}`)},
		{"as the path in another letter case", "PATCH", at(upper, `{"active":false}`)},
		{"as the path with a colon", "PATCH", at(userURN+":", `{"active":false}`)},
		{"as the path of itself", "PATCH", at(userURN, `{"`+userURN+`:active":false}`)},
		{"as the beginning of the path", "PATCH", at(upper+":Active", `false`)},
		{"added", "PATCH", patch(`{"op":"add","value":{"` + userURN + `":{"active":false}}}`)},
		{"a list of an object", "PATCH", at("active", `[{"value":"False"}]`)},
		{"a list of an object with more", "PATCH", at("active", `[{"$ref":null,"Value":"False"}]`)},
		{"a list", "PATCH", at("active", `["False"]`)},
		{"a list of a boolean", "PATCH", at("active", `[false]`)},
		{"an object", "PATCH", at("active", `{"value":"false"}`)},
		{"a list without a path", "PATCH", replace(`{"active":[{"value":"False"}]}`)},
		{"a list under the URN", "PATCH", replace(`{"` + userURN + `":{"active":[{"value":"False"}]}}`)},
		{"PUT with the URN as an object", "PUT", put(`"` + userURN + `":{"active":false}`)},
		{"PUT with the URN as a prefix", "PUT", put(`"` + upper + `:active":"False"`)},
		{"PUT of a list", "PUT", put(`"active":[{"value":"False"}]`)},
		{"PUT of all under the URN", "PUT", `{"schemas":["` + userURN + `"],"` + userURN + `":{"userName":"x@acme.example","active":false}}`},
		{"POST with the URN as an object", "POST", put(`"` + userURN + `":{"active":false}`)},
		{"POST with the URN as a prefix", "POST", put(`"` + userURN + `:active":false`)},
		{"POST of a list", "POST", put(`"active":["False"]`)},
	} {
		t.Run(strings.ReplaceAll(c.name, " ", "_"), func(t *testing.T) {
			w := newWorld(t)
			path, status := "/Users", 201
			if c.method != "POST" {
				path, status = "/Users/"+w.want(201, "POST", "/Users", put(`"active":true`)).text("id"), 200
			}
			a := w.want(status, c.method, path, c.body)
			if a.get("active") != false || w.member(a.text("id")).Status != account.Deactivated {
				t.Errorf("the member is %q: %s", w.member(a.text("id")).Status, a.raw)
			}
			for key := range a.body {
				if strings.Contains(key, ":") {
					t.Errorf("stored %q: %s", key, a.raw)
				}
			}
			if list := a.get("schemas").([]any); len(list) != 1 {
				t.Errorf("schemas are %v", list)
			}
		})
	}
}

// TestPatch_OfWhatTheCoreSchemaLacksChangesNothing holds that nothing is stored that the provider
// might take for an attribute with an effect.
func TestPatch_OfWhatTheCoreSchemaLacksChangesNothing(t *testing.T) {
	w := newWorld(t)
	id := w.want(201, "POST", "/Users", userStart+`"userName":"x@y.example","active":true,"shoeSize":44,"name":{"givenName":"X","suffix":"Jr"},
		"urn:acme:2.0:User":{"badge":7}}`).text("id")
	before := w.want(200, "GET", "/Users/"+id, "").raw
	if !strings.Contains(before, `"shoeSize":44`) || !strings.Contains(before, `"suffix":"Jr"`) || !strings.Contains(before, `"badge":7`) {
		t.Errorf("what POST brings is not given back: %s", before)
	}
	for name, c := range map[string]struct{ typ, operation string }{
		"an unknown key":               {"invalidPath", `{"op":"replace","value":{"shoeSize":45}}`},
		"an unknown key beside others": {"invalidPath", `{"op":"add","value":{"title":"Dr","isActive":false}}`},
		"an unknown path":              {"invalidPath", `{"op":"replace","path":"enabled","value":false}`},
		"removing an unknown path":     {"invalidPath", `{"op":"remove","path":"shoeSize"}`},
		"a key that is no path":        {"invalidPath", `{"op":"replace","value":{"the active":false}}`},
		"a key with a slash":           {"invalidPath", `{"op":"replace","value":{"/active":false}}`},
		"an unknown key of the URN":    {"invalidPath", `{"op":"replace","value":{"` + userURN + `":{"enabled":false}}}`},
		"an unknown prefixed key":      {"invalidPath", `{"op":"replace","value":{"` + userURN + `:enabled":false}}`},
		"an unknown prefixed path":     {"invalidPath", `{"op":"replace","path":"` + userURN + `:enabled","value":false}`},
		"a part of the URN":            {"invalidPath", `{"op":"replace","value":{"` + userURN + `.active":false}}`},
		"the URN of groups":            {"invalidPath", `{"op":"replace","value":{"` + groupURN + `":{"active":false}}}`},
		"a path of groups":             {"invalidPath", `{"op":"replace","path":"` + groupURN + `:active","value":false}`},
		"the URN of an old version":    {"invalidPath", `{"op":"replace","value":{"urn:scim:schemas:core:1.0:User":{"active":false}}}`},
		"active in the extension":      {"invalidPath", `{"op":"replace","value":{"` + enterpriseURN + `":{"active":false}}}`},
		"a path in the extension":      {"invalidPath", `{"op":"replace","path":"` + enterpriseURN + `:active","value":false}`},
		"the URN in the extension":     {"invalidPath", `{"op":"replace","value":{"` + enterpriseURN + `":{"` + userURN + `":{"active":false}}}}`},
		"an unknown part of a name":    {"invalidPath", `{"op":"replace","value":{"name":{"active":false}}}`},
		"a part of a name by its path": {"invalidPath", `{"op":"replace","path":"name","value":{"nick":"X"}}`},
		"the password under the URN":   {"invalidPath", `{"op":"add","path":"` + enterpriseURN + `.password","value":"x"}`},
		"the URN as a list":            {"invalidValue", `{"op":"replace","value":{"` + userURN + `":[{"active":false}]}}`},
		"two lists of booleans":        {"invalidValue", `{"op":"replace","path":"active","value":["False","True"]}`},
		"an empty list":                {"invalidValue", `{"op":"replace","path":"active","value":[]}`},
		"twice":                        {"invalidSyntax", `{"op":"replace","value":{"active":true,"` + userURN + `":{"active":false}}}`},
		"twice in two letter cases":    {"invalidSyntax", `{"op":"replace","value":{"active":true,"Active":false}}`},
		"removing the URN":             {"noTarget", `{"op":"remove","path":"` + userURN + `"}`},
		"removing active":              {"mutability", `{"op":"remove","path":"active"}`},
		"no active":                    {"mutability", `{"op":"replace","path":"active","value":null}`},
		"no active under the URN":      {"mutability", `{"op":"replace","value":{"` + userURN + `":{"active":null}}}`},
	} {
		t.Run(strings.ReplaceAll(name, " ", "_"), func(t *testing.T) {
			w := &world{TB: t, ctx: w.ctx, store: w.store, handler: w.handler, sat: w.sat, org: w.org}
			w.problem(400, c.typ, "PATCH", "/Users/"+id, patch(c.operation))
			if after := w.want(200, "GET", "/Users/"+id, "").raw; after != before {
				t.Errorf("changed to %s", after)
			}
		})
	}
	w.problem(400, "invalidSyntax", "PUT", "/Users/"+id, userStart+`"userName":"x@y.example","active":true,"`+userURN+`":{"active":false}}`)
}

// TestExtensions_AreGivenBackUnderTheirOwnURN holds that extensions that only the provider knows
// stay as they came, whichever way they come.
func TestExtensions_AreGivenBackUnderTheirOwnURN(t *testing.T) {
	const acme = "urn:acme:2.0:User"
	for name, c := range map[string]struct{ operation, want string }{
		"an object":              {`{"op":"replace","value":{"` + acme + `":{"badge":7,"shoe size":44,"active":false}}}`, `{"active":false,"badge":7,"shoe size":44}`},
		"an object by its path":  {`{"op":"add","path":"` + acme + `","value":{"badge":7}}`, `{"badge":7,"locker":"A"}`},
		"one attribute":          {`{"op":"add","path":"` + acme + `:badge","value":{"no":7}}`, `{"badge":{"no":7},"locker":"A"}`},
		"in another letter case": {`{"op":"add","path":"URN:ACME:2.0:user:badge","value":7}`, `{"badge":7,"locker":"A"}`},
		"without a path":         {`{"op":"add","value":{"` + acme + `:badge":7}}`, `{"badge":7,"locker":"A"}`},
		"under the core URN":     {`{"op":"add","value":{"` + userURN + `":{"` + acme + `":{"badge":7}}}}`, `{"badge":7,"locker":"A"}`},
		"taken away":             {`{"op":"remove","path":"` + acme + `"}`, ``},
	} {
		t.Run(strings.ReplaceAll(name, " ", "_"), func(t *testing.T) {
			w := newWorld(t)
			extension := `,"` + acme + `":{"locker":"A"}`
			if name == "an object" {
				extension = ""
			}
			id := w.want(201, "POST", "/Users", userStart+`"userName":"x@y.example"`+extension+`}`).text("id")
			a := w.want(200, "PATCH", "/Users/"+id, patch(c.operation))
			if a.get("active") != true {
				t.Errorf("deactivated: %s", a.raw)
			}
			if has := strings.Contains(a.raw, `"`+acme+`":`); has != (c.want != "") || !strings.Contains(a.raw, c.want) {
				t.Errorf("not %s: %s", c.want, a.raw)
			}
		})
	}
}

// TestPatch_BoundsExtensions holds that a provider cannot make a resource of a hundred thousand
// extensions, each compared with all others.
func TestPatch_BoundsExtensions(t *testing.T) {
	w := newWorld(t)
	id := w.want(201, "POST", "/Users", userStart+`"userName":"x@y.example"}`).text("id")
	var keys []string
	for i := range 100_000 {
		keys = append(keys, fmt.Sprintf(`"urn:a:%d:b":1`, i))
	}
	w.problem(400, "invalidValue", "PATCH", "/Users/"+id, patch(`{"op":"add","value":{`+strings.Join(keys, ",")+`}}`))
}

func TestGroups_TakeTheCoreURNAsTheRoot(t *testing.T) {
	w := newWorld(t)
	user := w.want(201, "POST", "/Users", entraUser).text("id")
	made := w.want(201, "POST", "/Groups", groupStart+`"`+groupURN+`":{"displayName":"A","members":[{"value":"`+user+`"}]}}`)
	id := made.text("id")
	if made.text("displayName") != "A" || made.text("members.0.value") != user {
		t.Errorf("made %s", made.raw)
	}
	for name, operation := range map[string]string{
		"B": `{"op":"replace","value":{"` + groupURN + `":{"displayName":"B"}}}`,
		"C": `{"op":"replace","path":"` + strings.ToLower(groupURN) + `","value":{"displayName":"C"}}`,
		"D": `{"op":"replace","value":{"` + groupURN + `:displayName":[{"value":"D"}]}}`,
	} {
		w.want(204, "PATCH", "/Groups/"+id, patch(operation))
		if got := w.want(200, "GET", "/Groups/"+id, "").text("displayName"); got != name {
			t.Errorf("called %q, want %q", got, name)
		}
	}
	w.problem(400, "invalidPath", "PATCH", "/Groups/"+id, patch(`{"op":"replace","value":{"owners":[]}}`))
}

func TestPrefixes_ReachPartsOfAttributes(t *testing.T) {
	w := newWorld(t)
	a := w.want(201, "POST", "/Users", userStart+`"userName":"x@y.example","name":{"familyName":"F"},"`+userURN+`:name.givenName":"G",
		"`+userURN+`:phoneNumbers[type eq \"work\"].value":"1"}`)
	if a.text("name.givenName") != "G" || a.text("name.familyName") != "F" || a.text("phoneNumbers.0.value") != "1" {
		t.Errorf("made %s", a.raw)
	}
}

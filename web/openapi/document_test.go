package openapi

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
)

// breaches returns the places of a document at which generators of clients stop or write code that
// does not compile: a name that two components share, though of two kinds; a const or an enum
// without a type; an array without items.
func breaches(document map[string]any) []string {
	var found []string
	components, _ := document["components"].(map[string]any)
	kinds := map[string]string{}
	for _, kind := range slices.Sorted(maps.Keys(components)) {
		if kind == "securitySchemes" { // no code is generated for them
			continue
		}
		named, _ := components[kind].(map[string]any)
		for _, name := range slices.Sorted(maps.Keys(named)) {
			folded := strings.ToLower(strings.NewReplacer("_", "", "-", "", ".", "").Replace(name))
			if other, taken := kinds[folded]; taken {
				found = append(found, fmt.Sprintf("%s/%s has the name of %s", kind, name, other))
			}
			kinds[folded] = kind + "/" + name
		}
	}
	var walk func(v any, at string, isSchema bool)
	walk = func(v any, at string, isSchema bool) {
		switch v := v.(type) {
		case []any:
			for i, item := range v {
				walk(item, fmt.Sprint(at, "/", i), isSchema)
			}
		case map[string]any:
			if isSchema {
				found = append(found, untyped(v, at)...)
			}
			for _, key := range slices.Sorted(maps.Keys(v)) {
				if isSchema && slices.Contains([]string{"const", "enum", "default", "example", "examples"}, key) {
					continue // values, not schemas
				}
				walk(v[key], at+"/"+key, !isSchema || key != "properties")
			}
		}
	}
	walk(document, "#", true)
	return found
}

// untyped returns what a schema lacks. An object that is no schema has none of the keywords.
func untyped(v map[string]any, at string) []string {
	var found []string
	types, ok := v["type"].([]any)
	if !ok {
		types = []any{v["type"]}
	}
	for _, keyword := range []string{"const", "enum"} {
		if _, has := v[keyword]; has && v["type"] == nil {
			found = append(found, at+" has "+keyword+" without a type")
		}
	}
	if _, has := v["items"]; !has && slices.Contains(types, any("array")) {
		found = append(found, at+" is an array without items")
	}
	return found
}

func parsed(t *testing.T, text []byte) map[string]any {
	t.Helper()
	var document map[string]any
	if err := json.Unmarshal(text, &document); err != nil {
		t.Fatal(err)
	}
	return document
}

func TestDocument_HasNothingThatStopsGenerators(t *testing.T) {
	text, err := New().JSON()
	if err != nil {
		t.Fatal(err)
	}
	for _, breach := range breaches(parsed(t, text)) {
		t.Error(breach)
	}
}

func TestBreaches_AreFound(t *testing.T) {
	for text, want := range map[string]string{
		`{"components":{"parameters":{"source":{}},"schemas":{"Source":{}}}}`:               "schemas/Source has the name of parameters/source",
		`{"components":{"parameters":{"per_page":{}},"responses":{"PerPage":{}}}}`:          "responses/PerPage has the name of parameters/per_page",
		`{"components":{"schemas":{"A":{"properties":{"b":{"const":"x"}}}}}}`:               "#/components/schemas/A/properties/b has const without a type",
		`{"paths":{"/x":{"get":{"parameters":[{"schema":{"enum":["x"]}}]}}}}`:               "#/paths//x/get/parameters/0/schema has enum without a type",
		`{"components":{"schemas":{"A":{"type":"array","maxItems":0}}}}`:                    "#/components/schemas/A is an array without items",
		`{"components":{"schemas":{"A":{"type":["array","null"]}}}}`:                        "#/components/schemas/A is an array without items",
		`{"components":{"schemas":{"A":{"type":"object","properties":{"items":{}}}}}}`:      "",
		`{"components":{"schemas":{"A":{"type":"object","properties":{"const":{}}}}}}`:      "",
		`{"components":{"schemas":{"A":{"type":"array","items":{"type":"string"}}}}}`:       "",
		`{"components":{"securitySchemes":{"basic":{}},"schemas":{"Basic":{"type":"x"}}}}`:  "",
		`{"components":{"schemas":{"A":{"type":["string","null"],"enum":["x",null]}}}}`:     "",
		`{"components":{"schemas":{"A":{"type":"object","default":{"enum":1,"const":2}}}}}`: "",
	} {
		if got := strings.Join(breaches(parsed(t, []byte(text))), "; "); got != want {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
}

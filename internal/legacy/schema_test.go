package legacy_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"latchkey/internal/legacy"
)

// schema is the published description of the format.
func schema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	s, err := jsonschema.NewCompiler().Compile("../../docs/legacy-export.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// valid asks the schema about a text.
func valid(t *testing.T, s *jsonschema.Schema, text string) bool {
	t.Helper()
	value, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return s.Validate(value) == nil
}

// read asks the reader about a text.
func read(text string) bool {
	_, err := legacy.Read(strings.NewReader(text), &export{})
	return err == nil
}

func TestSchema_AcceptsTheExample(t *testing.T) {
	if !valid(t, schema(t), acme(t)) || !read(acme(t)) {
		t.Error("the example is refused")
	}
}

// variants are values that a mistaken exporter might write in place of another.
func variants() []any {
	return []any{nil, "", "x", "read_only", "PRODUCTION", 7, true, []any{}, map[string]any{}, []any{3}, "2024-05-01T12:00:00Z"}
}

// compact is a small export with one of everything, for mutations. References between its
// parts are what a schema cannot know: mutations of them are left out.
const compact = `{"format":"latchkey-legacy-export","version":1,"exported_at":"2024-05-01T12:00:00Z","organization":{"id":"o","name":"O"},
"workspaces":[{"id":"w","name":"W","environment":"PRODUCTION","region":"US","data_privacy":{"members":["m"],"tokens":["s"]}}],
"resources":[{"id":"r","workspace":"w","type":"source","name":"R","definition":"D","lock":{"members":["m"],"tokens":[]}}],
"members":[{"id":"m","email":"m@x.example","name":"M","org_role":"member","status":"active","workspaces":[{"workspace":"w","role":"connections_editor","grant_edit_access":true}]}],
"groups":[{"id":"g","name":"G","description":"all of them","members":["m"],"workspaces":["w"]}],
"personal_tokens":[{"id":"p","name":"P","owner":"m","workspace":"w","scope":"read_write","created_at":"2024-05-01T12:00:00Z","expires_at":"2034-05-01T12:00:00+02:00","secret":"a long enough secret"}],
"service_tokens":[{"id":"s","name":"S","level":"workspace","workspace":"w","role":"read_write","grant_edit_access":false,"created_at":"2024-05-01T12:00:00Z","sha256":"9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"}]}`

func TestSchema_AndTheReaderAgreeOnEveryMutation(t *testing.T) {
	s := schema(t)
	if !valid(t, s, compact) || !read(compact) {
		t.Fatal("the unchanged export is refused")
	}
	checked, refused := 0, 0
	mutate(t, compact, func(path string, text string) {
		inSchema, inReader := valid(t, s, text), read(text)
		if inSchema != inReader {
			t.Errorf("%s: the schema says %v, the reader %v", path, inSchema, inReader)
		}
		if checked++; !inReader {
			refused++
		}
	})
	if checked < 400 || refused < 200 || refused == checked {
		t.Errorf("%d mutations, %d refused: too few of a kind", checked, refused)
	}
}

// order is that of the members of the outermost object.
func order() []string {
	return []string{"format", "version", "exported_at", "organization", "workspaces", "resources", "members", "groups",
		"personal_tokens", "service_tokens"}
}

// inOrder writes the outermost object as the format wants it.
func inOrder(root map[string]any) string {
	var parts []string
	for _, key := range order() {
		if value, ok := root[key]; ok {
			text, _ := json.Marshal(value)
			parts = append(parts, fmt.Sprintf("%q:%s", key, text))
		}
	}
	return "{" + strings.Join(parts, ",") + "}"
}

// mutate removes and replaces every member of every object, one at a time.
func mutate(t *testing.T, text string, check func(path, text string)) {
	t.Helper()
	var root map[string]any
	if err := json.Unmarshal([]byte(text), &root); err != nil {
		t.Fatal(err)
	}
	var walk func(path string, v any)
	walk = func(path string, v any) {
		switch v := v.(type) {
		case []any:
			for i, item := range v {
				walk(fmt.Sprintf("%s[%d]", path, i), item)
			}
		case map[string]any:
			for _, key := range slices.Sorted(maps.Keys(v)) {
				here, old := path+"."+key, v[key]
				for _, other := range variants() {
					v[key] = other
					if !refers(path, key) || other == nil {
						check(fmt.Sprintf("%s = %v", here, other), inOrder(root))
					}
				}
				delete(v, key)
				if !(path == "" && key == "workspaces") && !refersTo(path, key) {
					check(here+" removed", inOrder(root))
				}
				v[key] = old
				walk(here, old)
			}
		}
	}
	walk("", root)
}

// refers reports whether a member is, holds or is referred to by ids of other parts: then
// only the reader can tell whether "x" will do.
func refers(path, key string) bool {
	switch {
	case path == "": // empty lists take away what later ones refer to
		return key == "workspaces" || key == "members"
	case key == "id":
		return path == ".workspaces[0]" || path == ".members[0]"
	}
	return key == "workspace" || key == "owner"
}

// refersTo reports whether other parts need the member.
func refersTo(path, key string) bool { return path == "" && (key == "members" || key == "workspaces") }

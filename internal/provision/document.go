package provision

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strings"

	"latchkey/internal/plaintext"
)

// Document is a resource as attributes by their canonical names: strings, bools, json.Numbers,
// nested Documents (as map[string]any) and lists ([]any). The attributes of an extension are in
// a nested Document under the extension's id.
type Document map[string]any

// maxDocument is the maximum size of a user's stored document, as JSON, in bytes.
const maxDocument = 64 << 10

// maxName is the maximum size of the name of an attribute that is not in the schema, in bytes.
const maxName = 256

// ParseBody parses a JSON object. The error is a Problem of type InvalidSyntax.
func ParseBody(body []byte) (map[string]any, error) {
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber() // to return numbers exactly as they were sent
	var m map[string]any
	if err := d.Decode(&m); err != nil || m == nil {
		return nil, invalid(InvalidSyntax, "The body is not a JSON object.")
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, invalid(InvalidSyntax, "Unexpected text follows the JSON object of the body.")
	}
	return m, nil
}

// read checks a complete resource from a client and returns it in canonical form: known names
// are spelled as in the schema, values have their types, null and empty lists are left out. It
// ignores attributes that only the server sets, and passwords, which must not be stored. It
// keeps attributes that are not in the schema as they were sent.
func (t Resource) read(body map[string]any) (Document, error) {
	urns, err := readSchemas(body)
	if err != nil {
		return nil, err
	}
	if !slices.ContainsFunc(urns, func(u string) bool { return strings.EqualFold(u, t.Core.ID) }) {
		return nil, invalid(InvalidSyntax, "The attribute schemas does not name %s.", t.Core.ID)
	}
	object, err := t.root(body)
	if err != nil {
		return nil, err
	}
	doc := Document{}
	var paths []string
	for _, key := range sortedKeys(object) {
		if _, path := under(t.Core.ID, key); path {
			paths = append(paths, key)
		} else if err := t.put(doc, key, object[key]); err != nil {
			return nil, err
		}
	}
	for _, path := range paths { // into what the names gave
		if err := t.applyAt(doc, Operation{Op: "add", Path: path, Value: object[path], Given: true}, true); err != nil {
			return nil, err
		}
	}
	doc["schemas"] = t.schemas(doc, urns)
	return doc, nil
}

// readSchemas returns the list of schemas of a body.
func readSchemas(body map[string]any) ([]string, error) {
	raw, found, err := member(body, "schemas")
	if err != nil {
		return nil, err
	}
	list, ok := raw.([]any)
	if !found || !ok || len(list) == 0 || len(list) > 32 {
		return nil, invalid(InvalidSyntax, "The attribute schemas must list the schemas of the body.")
	}
	var urns []string
	for _, v := range list {
		s, ok := v.(string)
		if !ok {
			return nil, invalid(InvalidSyntax, "The attribute schemas must list strings.")
		}
		urns = append(urns, s)
	}
	return urns, nil
}

// schemas returns the schemas of a document: the core schema, the extensions in use, and
// others that the client sent.
func (t Resource) schemas(doc Document, sent []string) []any {
	list := []any{t.Core.ID}
	known := func(u string) bool {
		return slices.ContainsFunc(list, func(v any) bool { return strings.EqualFold(v.(string), u) })
	}
	for key := range doc {
		if strings.HasPrefix(strings.ToLower(key), "urn:") && !known(key) {
			list = append(list, key)
		}
	}
	for _, u := range sent {
		if _, ours := t.extension(u); !ours && !known(u) {
			list = append(list, u)
		}
	}
	slices.SortFunc(list[1:], func(a, b any) int { return strings.Compare(a.(string), b.(string)) })
	return list
}

// member finds a key of a JSON object in any letter case. The error is InvalidSyntax if it
// occurs twice.
func member(m map[string]any, name string) (value any, found bool, err error) {
	for key, v := range m {
		if !strings.EqualFold(key, name) {
			continue
		}
		if found {
			return nil, false, invalid(InvalidSyntax, "The attribute %s is repeated.", name)
		}
		value, found = v, true
	}
	return value, found, nil
}

// put sets one attribute of a complete resource.
func (t Resource) put(doc Document, key string, value any) error {
	if ext, ok := t.extension(key); ok {
		return putExtension(doc, ext, value)
	}
	a, known := attribute(t.Core.Attributes, key)
	switch {
	case known && a.ReadOnly, strings.EqualFold(key, "password"):
		return nil
	case !known:
		return putUnknown(doc, key, value)
	}
	v, err := coerce(a, a.Name, value)
	if err != nil {
		return err
	}
	return putOnce(doc, a.Name, v)
}

// putOnce sets an attribute and refuses one that is already set in any letter case.
func putOnce(doc map[string]any, key string, value any) error {
	if _, twice := doc[key]; twice {
		return invalid(InvalidSyntax, "The attribute %s is repeated.", key)
	}
	if value != nil {
		doc[key] = value
	}
	return nil
}

func putUnknown(doc map[string]any, key string, value any) error {
	if len(key) > maxName || !plaintext.Storable(key) {
		return invalid(InvalidSyntax, "The name of an attribute is too long or not valid UTF-8.")
	}
	return putOnce(doc, key, value)
}

func putExtension(doc Document, ext Schema, value any) error {
	if value == nil {
		return nil
	}
	object, ok := value.(map[string]any)
	if !ok {
		return invalid(InvalidValue, "The extension %s must be an object.", ext.ID)
	}
	inner := map[string]any{}
	for key, v := range object {
		a, known := attribute(ext.Attributes, key)
		if !known {
			if err := putUnknown(inner, key, v); err != nil {
				return err
			}
			continue
		}
		v, err := coerce(a, a.Name, v)
		if err != nil {
			return err
		}
		if err := putOnce(inner, a.Name, v); err != nil {
			return err
		}
	}
	if len(inner) == 0 {
		return nil
	}
	return putOnce(doc, ext.ID, inner)
}

// coerce converts a value to the attribute's type; nil means no value. Providers send booleans
// as strings ("False"), a single object instead of a list, and a string instead of an object
// with a value.
func coerce(a Attribute, path string, value any) (any, error) {
	if !a.Multi {
		return coerceOne(a, path, value)
	}
	if value == nil {
		return nil, nil
	}
	list, ok := value.([]any)
	if !ok {
		list = []any{value}
	}
	var out []any
	primary := 0
	for _, v := range list {
		one, err := coerceOne(a, path, v)
		if err != nil {
			return nil, err
		}
		if one == nil {
			continue
		}
		if m, ok := one.(map[string]any); ok && m["primary"] == true {
			primary++
		}
		out = append(out, one)
	}
	if primary > 1 {
		return nil, invalid(InvalidValue, "More than one value of %s is marked as primary.", path)
	}
	if len(out) == 0 {
		return nil, nil
	}
	return out, nil
}

// coerceOne is coerce for one value of a multi-valued attribute.
func coerceOne(a Attribute, path string, value any) (any, error) {
	if value = unwrap(a, value); value == nil {
		return nil, nil
	}
	switch a.Type {
	case Boolean:
		return coerceBool(path, value)
	case Complex:
		return coerceObject(a, path, value)
	case String, DateTime, Reference, Binary:
	}
	s, ok := value.(string)
	if !ok || !plaintext.Storable(s) {
		return nil, invalid(InvalidValue, "The value of %s must be a string.", path)
	}
	return s, nil
}

// unwrap returns a value without the list of one, and a simple one without the object, in which
// one provider sends it: [{"value": "False"}].
func unwrap(a Attribute, value any) any {
	if list, ok := value.([]any); ok && len(list) == 1 {
		value = list[0]
	}
	object, ok := value.(map[string]any)
	if !ok || a.Type == Complex {
		return value
	}
	if inner, found, err := member(object, "value"); found && err == nil {
		return inner
	}
	return value
}

func coerceBool(path string, value any) (any, error) {
	switch v := value.(type) {
	case bool:
		return v, nil
	case string:
		if strings.EqualFold(v, "true") || strings.EqualFold(v, "false") {
			return strings.EqualFold(v, "true"), nil
		}
	}
	return nil, invalid(InvalidValue, "The value of %s must be true or false.", path)
}

func coerceObject(a Attribute, path string, value any) (any, error) {
	object, ok := value.(map[string]any)
	if !ok {
		main, has := attribute(a.Sub, "value")
		if _, isText := value.(string); !has || !isText {
			return nil, invalid(InvalidValue, "The value of %s must be an object.", path)
		}
		object = map[string]any{main.Name: value}
	}
	out := map[string]any{}
	for key, v := range object {
		sub, known := attribute(a.Sub, key)
		if !known {
			if err := putUnknown(out, key, v); err != nil {
				return nil, err
			}
			continue
		}
		v, err := coerce(sub, path+"."+sub.Name, v)
		if err != nil {
			return nil, err
		}
		if err := putOnce(out, sub.Name, v); err != nil {
			return nil, err
		}
	}
	if len(out) == 0 {
		return nil, nil
	}
	return out, nil
}

// text returns a string attribute of the document, or "".
func (d Document) text(name string) string {
	s, _ := d[name].(string)
	return s
}

// clone returns a deep copy, so that a PATCH that fails halfway changes nothing.
func (d Document) clone() Document { return cloneValue(map[string]any(d)).(map[string]any) }

func cloneValue(v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := make(map[string]any, len(v))
		for key, value := range v {
			out[key] = cloneValue(value)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, value := range v {
			out[i] = cloneValue(value)
		}
		return out
	}
	return v
}

package provision

import (
	"encoding/json"
	"slices"
	"strings"
)

// Operation is one operation of a PATCH request (RFC 7644 §3.5.2).
type Operation struct {
	Op    string // add, replace or remove
	Path  string // "" without one
	Value any
	Given bool // a value came, null included
	// Makes says that replacing what a filter does not select makes it. The provider that writes
	// operations with a capital letter means it so; for all others it fails.
	Makes bool
}

// maxOperations is how many operations one request may have.
const maxOperations = 1000

// ParsePatch reads the body of a PATCH request. Names and operations may be in any letter
// case: one large provider capitalises them. The error is a Problem of type InvalidSyntax.
func ParsePatch(body []byte) ([]Operation, error) {
	m, err := ParseBody(body)
	if err != nil {
		return nil, err
	}
	urns, err := readSchemas(m)
	if err != nil {
		return nil, err
	}
	if !slices.ContainsFunc(urns, func(u string) bool { return strings.EqualFold(u, MessagePatch) }) {
		return nil, invalid(InvalidSyntax, "The attribute schemas does not name %s.", MessagePatch)
	}
	raw, _, err := member(m, "Operations")
	if err != nil {
		return nil, err
	}
	list, ok := raw.([]any)
	if !ok || len(list) == 0 || len(list) > maxOperations {
		return nil, invalid(InvalidSyntax, "Operations must list between 1 and %d operations.", maxOperations)
	}
	operations := make([]Operation, len(list))
	for i, v := range list {
		if operations[i], err = parseOperation(v); err != nil {
			return nil, err
		}
	}
	return operations, nil
}

func parseOperation(v any) (Operation, error) {
	m, ok := v.(map[string]any)
	if !ok {
		return Operation{}, invalid(InvalidSyntax, "An operation must be an object.")
	}
	var o Operation
	for name, into := range map[string]*string{"op": &o.Op, "path": &o.Path} {
		raw, found, err := member(m, name)
		if err != nil {
			return Operation{}, err
		}
		text, isText := raw.(string)
		if found && raw != nil && !isText {
			return Operation{}, invalid(InvalidSyntax, "The %s of an operation must be a text.", name)
		}
		*into = text
	}
	o.Op, o.Makes = strings.ToLower(o.Op), o.Op == "Replace"
	if o.Op != "add" && o.Op != "replace" && o.Op != "remove" {
		return Operation{}, invalid(InvalidSyntax, "The op of an operation must be add, replace or remove.")
	}
	var err error
	o.Value, o.Given, err = member(m, "value")
	return o, err
}

// patch applies operations in order to a copy of the document.
func (t Resource) patch(doc Document, operations []Operation) (Document, error) {
	out := doc.clone()
	for _, o := range operations {
		if err := t.apply(out, o); err != nil {
			return nil, err
		}
	}
	sent := []string{}
	if list, ok := out["schemas"].([]any); ok {
		for _, v := range list {
			if s, ok := v.(string); ok {
				sent = append(sent, s)
			}
		}
	}
	out["schemas"] = t.schemas(out, sent)
	return out, nil
}

func (t Resource) apply(doc Document, o Operation) error {
	if o.Op != "remove" && !o.Given {
		return invalid(InvalidValue, "An operation %s needs a value.", o.Op)
	}
	if ext, ok := t.extension(o.Path); ok {
		return t.applyExtension(doc, o, ext, o.Value)
	}
	if o.Path != "" {
		return t.applyAt(doc, o, false)
	}
	if o.Op == "remove" {
		return invalid(NoTarget, "An operation remove needs a path.")
	}
	object, ok := o.Value.(map[string]any)
	if !ok {
		return invalid(InvalidValue, "An operation without a path needs an object as its value.")
	}
	// In a fixed order, so that the same request always has the same outcome.
	for _, key := range sortedKeys(object) {
		if strings.EqualFold(key, "schemas") {
			continue
		}
		if ext, ok := t.extension(key); ok {
			if err := t.applyExtension(doc, o, ext, object[key]); err != nil {
				return err
			}
			continue
		}
		if err := t.applyAt(doc, Operation{Op: o.Op, Path: key, Value: object[key], Given: true, Makes: o.Makes}, true); err != nil {
			return err
		}
	}
	return nil
}

// applyExtension sets the attributes of an extension one by one, or removes all of it.
func (t Resource) applyExtension(doc Document, o Operation, ext Schema, value any) error {
	if o.Op == "remove" || value == nil {
		delete(doc, ext.ID)
		return nil
	}
	object, ok := value.(map[string]any)
	if !ok {
		return invalid(InvalidValue, "The extension %s must be an object.", ext.ID)
	}
	for _, key := range sortedKeys(object) {
		if err := t.applyAt(doc, Operation{Op: o.Op, Path: ext.ID + ":" + key, Value: object[key], Given: true, Makes: o.Makes}, true); err != nil {
			return err
		}
	}
	return nil
}

func sortedKeys(m map[string]any) []string {
	keys := make([]string, 0, len(m))
	for key := range m {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}

// applyAt applies an operation with a path. In an operation without one each member of the
// value takes this way, with named true: then what only the server sets is passed over,
// because providers send resources back as they got them.
func (t Resource) applyAt(doc Document, o Operation, named bool) error {
	target, err := ParsePatchPath(o.Path)
	if err != nil && named {
		return putOrDrop(doc, o.Path, o.Value)
	}
	if err != nil {
		return err
	}
	r, known := t.resolve(target.Path)
	switch {
	case strings.EqualFold(target.Name, "password") && target.URI == "":
		return nil // it must not be kept
	case !known:
		return t.applyUnknown(doc, o, target, named)
	case r.attr.ReadOnly && named:
		return nil
	case r.attr.ReadOnly:
		return invalid(Mutability, "The attribute %s is set by Latchkey.", r.name())
	case o.Op == "remove" && r.attr.Required && r.sub == nil:
		return invalid(Mutability, "The attribute %s is required and cannot be removed.", r.name())
	}
	in := map[string]any(doc)
	if r.schema != "" {
		inner, ok := doc[r.schema].(map[string]any)
		if !ok {
			inner = map[string]any{}
		}
		defer func() { setOrDelete(doc, r.schema, inner) }()
		in = inner
	}
	if r.attr.Multi {
		return patchMany(in, o, r, target.Filter)
	}
	if target.Filter != nil {
		return invalid(InvalidPath, "The attribute %s has one value, so none can be selected.", r.name())
	}
	return patchOne(in, o, r)
}

// applyUnknown keeps attributes of extensions that providers make up, and of values
// without a path any others, as they came.
func (t Resource) applyUnknown(doc Document, o Operation, target PatchPath, named bool) error {
	if o.Op == "remove" {
		o.Value = nil
	}
	ours := target.URI == "" || strings.EqualFold(target.URI, t.Core.ID)
	switch {
	case target.Filter != nil, target.Sub != "", ours && !named:
		return invalid(InvalidPath, "There is no attribute %q.", cut(o.Path))
	case ours:
		return putOrDrop(doc, target.Name, o.Value)
	}
	uri := target.URI
	if ext, ok := t.extension(uri); ok {
		uri = ext.ID
	}
	inner, ok := doc[uri].(map[string]any)
	if !ok {
		inner = map[string]any{}
	}
	if err := putOrDrop(inner, target.Name, o.Value); err != nil {
		return err
	}
	setOrDelete(doc, uri, inner)
	return nil
}

// putOrDrop sets a value as it came; null takes it away.
func putOrDrop(m map[string]any, key string, value any) error {
	delete(m, key)
	return putUnknown(m, key, value)
}

func setOrDelete(m map[string]any, key string, value map[string]any) {
	if len(value) == 0 {
		delete(m, key)
		return
	}
	m[key] = value
}

// patchOne changes an attribute with one value. An object is merged: sub-attributes that
// are not mentioned stay.
func patchOne(in map[string]any, o Operation, r resolved) error {
	name := r.attr.Name
	if r.sub != nil {
		object, ok := in[name].(map[string]any)
		if !ok {
			object = map[string]any{}
		}
		if err := patchSub(object, o, r); err != nil {
			return err
		}
		setOrDelete(in, name, object)
		return nil
	}
	if o.Op == "remove" {
		delete(in, name)
		return nil
	}
	value, err := coerce(r.attr, r.name(), o.Value)
	if err != nil {
		return err
	}
	if value == nil {
		if r.attr.Required {
			return invalid(Mutability, "The attribute %s is required and cannot be removed.", r.name())
		}
		delete(in, name)
		return nil
	}
	old, merge := in[name].(map[string]any)
	if object, ok := value.(map[string]any); ok && merge {
		for key, v := range object {
			old[key] = v
		}
		return nil
	}
	in[name] = value
	return nil
}

// patchSub changes a sub-attribute of one object.
func patchSub(object map[string]any, o Operation, r resolved) error {
	if o.Op == "remove" {
		delete(object, r.sub.Name)
		return nil
	}
	value, err := coerce(*r.sub, r.name(), o.Value)
	if err != nil {
		return err
	}
	if value == nil {
		delete(object, r.sub.Name)
		return nil
	}
	object[r.sub.Name] = value
	return nil
}

// patchMany changes an attribute with several values.
func patchMany(in map[string]any, o Operation, r resolved, filter Expr) error {
	list, _ := in[r.attr.Name].([]any)
	var err error
	switch {
	case filter != nil:
		list, err = patchSelected(list, o, r, filter)
	case r.sub != nil:
		list, err = patchEvery(list, o, r)
	case o.Op == "remove":
		list, err = removeValues(list, o, r)
	default:
		list, err = setValues(list, o, r)
	}
	if err != nil {
		return err
	}
	if len(list) == 0 {
		delete(in, r.attr.Name)
		return nil
	}
	in[r.attr.Name] = list
	return nil
}

// setValues adds values that are not there yet, or replaces all. Of two that are marked as
// primary the newer stays so (RFC 7644 §3.5.2).
func setValues(list []any, o Operation, r resolved) ([]any, error) {
	value, err := coerce(r.attr, r.name(), o.Value)
	if err != nil {
		return nil, err
	}
	fresh, _ := value.([]any)
	if o.Op == "replace" {
		list = nil
	}
	there := make(map[string]bool, len(list)+len(fresh))
	for _, v := range list {
		there[identity(r, v)] = true
	}
	for _, v := range fresh {
		if id := identity(r, v); !there[id] {
			there[id] = true
			demote(list, v)
			list = append(list, v)
		}
	}
	return list, nil
}

// identity is what makes two values the same: the id of a reference, otherwise everything.
func identity(r resolved, v any) string {
	if m, ok := v.(map[string]any); ok && r.attr.Name == "members" {
		id, _ := m["value"].(string)
		return id
	}
	text, err := json.Marshal(v)
	if err != nil { // it came from JSON
		return ""
	}
	return string(text)
}

// demote takes the mark of the primary value from the others if v has it.
func demote(list []any, v any) {
	if m, ok := v.(map[string]any); !ok || m["primary"] != true {
		return
	}
	for _, other := range list {
		if m, ok := other.(map[string]any); ok && m["primary"] == true {
			m["primary"] = false
		}
	}
}

// removeValues takes the named values away, or all when none are named. Naming them in the
// value is what one provider does instead of a filter.
func removeValues(list []any, o Operation, r resolved) ([]any, error) {
	if o.Value == nil {
		return nil, nil
	}
	value, err := coerce(r.attr, r.name(), o.Value)
	if err != nil {
		return nil, err
	}
	gone := map[string]bool{}
	named, _ := value.([]any)
	for _, v := range named {
		gone[mainValue(v)] = true
	}
	return slices.DeleteFunc(list, func(v any) bool { return gone[mainValue(v)] }), nil
}

// mainValue is the sub-attribute "value" of an element.
func mainValue(v any) string {
	if m, ok := v.(map[string]any); ok {
		s, _ := m["value"].(string)
		return s
	}
	return ""
}

// patchEvery changes a sub-attribute of every element.
func patchEvery(list []any, o Operation, r resolved) ([]any, error) {
	if len(list) == 0 && o.Op != "remove" {
		list = []any{map[string]any{}}
	}
	for _, v := range list {
		if object, ok := v.(map[string]any); ok {
			if err := patchSub(object, o, r); err != nil {
				return nil, err
			}
		}
	}
	return slices.DeleteFunc(list, emptyObject), nil
}

func emptyObject(v any) bool {
	m, ok := v.(map[string]any)
	return ok && len(m) == 0
}

// patchSelected changes the elements that a filter selects. Adding to one that is not
// there makes it, as the filter describes it; replacing it fails with NoTarget (RFC 7644
// §3.5.2.3) unless the operation makes what it replaces; removing it changes nothing, so that a
// request can be repeated.
func patchSelected(list []any, o Operation, r resolved, filter Expr) ([]any, error) {
	matches, err := matcher(r.attr, filter)
	if err != nil {
		return nil, err
	}
	if o.Op == "remove" && r.sub == nil {
		return slices.DeleteFunc(list, matches), nil
	}
	found := false
	for i, v := range list {
		if !matches(v) {
			continue
		}
		found = true
		if list[i], err = patchElement(v, o, r); err != nil {
			return nil, err
		}
		demote(append(slices.Clone(list[:i]), list[i+1:]...), list[i])
	}
	if found || o.Op == "remove" {
		return slices.DeleteFunc(list, emptyObject), nil
	}
	fresh := map[string]any{}
	if o.Op != "add" && !o.Makes || !describe(fresh, r.attr, filter) {
		return nil, invalid(NoTarget, "No value of %s is selected by [%s].", r.attr.Name, filter)
	}
	v, err := patchElement(fresh, o, r)
	demote(list, v)
	return append(list, v), err
}

// patchElement changes one element: one of its sub-attributes, or several at once.
func patchElement(v any, o Operation, r resolved) (any, error) {
	object, ok := v.(map[string]any)
	if !ok {
		return v, nil
	}
	if r.sub != nil {
		return object, patchSub(object, o, r)
	}
	if o.Value == nil && len(object) > 0 {
		return object, nil // "add members[value eq …]": the filter says it all
	}
	value, err := coerceOne(r.attr, r.name(), o.Value)
	if err != nil {
		return nil, err
	}
	given, _ := value.(map[string]any)
	for key, value := range given {
		object[key] = value
	}
	return object, nil
}

// describe sets what a filter says an element is, if it consists of equalities only.
func describe(object map[string]any, a Attribute, filter Expr) bool {
	switch e := filter.(type) {
	case Logical:
		return !e.Or && describe(object, a, e.Left) && describe(object, a, e.Right)
	case Comparison:
		sub, ok := attribute(a.Sub, e.Path.Name)
		if !ok || e.Op != Equal {
			return false
		}
		value, err := coerceOne(sub, sub.Name, e.Value)
		object[sub.Name] = value
		return err == nil && value != nil
	}
	return false
}

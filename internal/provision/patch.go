package provision

import (
	"encoding/json"
	"slices"
	"strings"
)

// Operation is one operation of a PATCH request (RFC 7644 §3.5.2).
type Operation struct {
	Op    string // add, replace or remove
	Path  string // "" if there is none
	Value any
	Given bool // there is a value, possibly null
	// CreatesMissing is set if replacing creates an element when the filter selects none. One
	// provider, which writes operations with a capital letter, expects that; for all others
	// the operation fails.
	CreatesMissing bool
}

// maxOperations is the maximum number of operations in one request.
const maxOperations = 1000

// maxAttributes is the maximum number of attributes to which a PATCH adds another extension.
const maxAttributes = 256

// ParsePatch parses the body of a PATCH request. Names and operations can be in any letter
// case, because one large provider capitalizes them. The error is a Problem of type
// InvalidSyntax.
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
			return Operation{}, invalid(InvalidSyntax, "The %s of an operation must be a string.", name)
		}
		*into = text
	}
	o.Op, o.CreatesMissing = strings.ToLower(o.Op), o.Op == "Replace"
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
		return invalid(InvalidValue, "The operation %s needs a value.", o.Op)
	}
	o.Path, _ = under(t.Core.ID, o.Path)
	if ext, ok := t.namesExtension(doc, o.Path); ok {
		return t.applyExtension(doc, o, ext)
	}
	if o.Path != "" {
		return t.applyAt(doc, o, false)
	}
	if o.Op == "remove" {
		return invalid(NoTarget, "The operation remove needs a path.")
	}
	object, ok := o.Value.(map[string]any)
	if !ok {
		return invalid(InvalidValue, "An operation without a path needs an object as its value.")
	}
	object, err := t.root(object)
	if err != nil {
		return err
	}
	// In a fixed order, so that the same request always has the same result.
	for _, key := range sortedKeys(object) {
		one := o.at(key, object[key])
		if ext, ok := t.namesExtension(doc, key); ok {
			err = t.applyExtension(doc, one, ext)
		} else {
			err = t.applyAt(doc, one, true)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// at returns the operation for one attribute of its value.
func (o Operation) at(path string, value any) Operation {
	return Operation{Op: o.Op, Path: path, Value: value, Given: true, CreatesMissing: o.CreatesMissing}
}

// applyExtension sets the attributes of an extension one by one, or removes the extension.
func (t Resource) applyExtension(doc Document, o Operation, ext Schema) error {
	if o.Op == "remove" || o.Value == nil {
		delete(doc, ext.ID)
		return nil
	}
	object, ok := o.Value.(map[string]any)
	if !ok {
		return invalid(InvalidValue, "The extension %s must be an object.", cut(ext.ID))
	}
	for _, key := range sortedKeys(object) {
		one := o.at(ext.ID+":"+key, object[key])
		_, err := ParsePatchPath(one.Path)
		switch known := len(ext.Attributes) > 0; {
		case known && strings.Contains(key, ":"):
			err = invalid(InvalidPath, "There is no attribute %q.", cut(one.Path))
		case known && err == nil:
			err = t.applyAt(doc, one, true)
		default: // a name that only the provider knows
			err = putInExtension(doc, ext.ID, key, one.Value)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// putInExtension sets an attribute of an extension as it was sent.
func putInExtension(doc Document, uri, name string, value any) error {
	inner, ok := doc[uri].(map[string]any)
	if !ok {
		if len(doc) >= maxAttributes {
			return invalid(InvalidValue, "The resource has more than %d attributes.", maxAttributes)
		}
		inner = map[string]any{}
	}
	if err := putOrDrop(inner, name, value); err != nil {
		return err
	}
	setOrDelete(doc, uri, inner)
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

// applyAt applies an operation with a path. For an operation without one it is called for each
// member of the value, with implicit true: then it ignores attributes that only the server sets,
// because providers send resources back as they got them. A core attribute that the schema lacks is
// InvalidPath either way.
func (t Resource) applyAt(doc Document, o Operation, implicit bool) error {
	target, err := ParsePatchPath(o.Path)
	if err != nil {
		return err
	}
	r, known := t.resolve(target.Path)
	switch {
	case strings.EqualFold(target.Name, "password") && target.URI == "":
		return nil // it must not be stored
	case !known:
		return t.applyUnknown(doc, o, target)
	case r.attr.ReadOnly && implicit:
		return nil
	case r.attr.ReadOnly:
		return invalid(Mutability, "The attribute %s is set by Latchkey.", r.name())
	case o.Op == "remove" && r.attr.stays() && r.sub == nil:
		return invalid(Mutability, "The attribute %s cannot be removed.", r.name())
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
		return invalid(InvalidPath, "The attribute %s has a single value, so a filter cannot select one.", r.name())
	}
	return patchOne(in, o, r)
}

// applyUnknown stores an attribute of an extension as it was sent, if the schema does not have it.
// It refuses what is not in the core schema: stored, it would look as if it had an effect. For the
// same reason it refuses attributes of the core schema under a known extension.
func (t Resource) applyUnknown(doc Document, o Operation, target PatchPath) error {
	if o.Op == "remove" {
		o.Value = nil
	}
	wrong := target.URI == "" || len(target.URI) > maxName || isCore(target.URI) || target.Filter != nil || target.Sub != ""
	ext, known := t.extension(target.URI)
	if known {
		_, misplaced := attribute(t.Core.Attributes, target.Name)
		wrong = wrong || misplaced
	}
	switch {
	case wrong:
		return invalid(InvalidPath, "There is no attribute %q.", cut(o.Path))
	case known:
		return putInExtension(doc, ext.ID, target.Name, o.Value)
	}
	return putInExtension(doc, extensionKey(doc, target.URI), target.Name, o.Value)
}

// putOrDrop sets a value as it was sent; null removes it.
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

// patchOne changes an attribute with a single value. It merges objects: sub-attributes that the
// operation does not mention stay.
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
	if err := knowsParts(r, o.Value); err != nil {
		return err
	}
	value, err := coerce(r.attr, r.name(), o.Value)
	if err != nil {
		return err
	}
	if value == nil {
		if r.attr.stays() {
			return invalid(Mutability, "The attribute %s cannot be removed.", r.name())
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

// knowsParts refuses an object of the core schema with a sub-attribute that the schema lacks, as it
// is refused in a path.
func knowsParts(r resolved, value any) error {
	object, ok := value.(map[string]any)
	if !ok || r.schema != "" || r.attr.Type != Complex {
		return nil
	}
	for _, key := range sortedKeys(object) {
		if _, known := attribute(r.attr.Sub, key); !known {
			return invalid(InvalidPath, "There is no attribute %q.", cut(r.name()+"."+key))
		}
	}
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

// setValues adds new values, or replaces all. If two values are marked as primary, only the
// newer one stays primary (RFC 7644 §3.5.2).
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

// identity returns a key that is the same for equal values: the id of a reference, otherwise
// the whole value.
func identity(r resolved, v any) string {
	if m, ok := v.(map[string]any); ok && r.attr.Name == "members" {
		id, _ := m["value"].(string)
		return id
	}
	text, err := json.Marshal(v)
	if err != nil { // never happens: the value came from JSON
		return ""
	}
	return string(text)
}

// demote makes all other values non-primary if v is primary.
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

// removeValues removes the values in the operation, or all if it has none. One provider lists
// the values to remove instead of using a filter.
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

// mainValue returns the sub-attribute "value" of an element.
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

// patchSelected changes the elements that a filter selects. If it selects none, adding creates
// an element as the filter describes it; replacing fails with NoTarget (RFC 7644 §3.5.2.3)
// unless o.CreatesMissing is set; removing does nothing, so that a request can be repeated.
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
	if o.Op != "add" && !o.CreatesMissing || !describe(fresh, r.attr, filter) {
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
		return object, nil // "add members[value eq …]": the filter has all the values
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

// describe sets the sub-attributes that a filter requires, if it consists of equalities only.
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

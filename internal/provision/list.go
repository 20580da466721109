package provision

import (
	"context"
	"slices"
	"strings"
)

// ListQuery asks for a page of a list (RFC 7644 §3.4.2), as the client sent it.
type ListQuery struct {
	Filter     string
	SortBy     string
	Descending bool
	StartIndex int  // counts from 1; less means 1
	Count      *int // nil: DefaultCount; less than 0 means 0, which returns only the total
}

// The size of a page of a list.
const (
	DefaultCount = 100
	MaxCount     = 200
)

// List is one page of a list.
type List struct {
	Total      int // on all pages
	StartIndex int
	Items      []Rendered
}

// Rendered is a resource as a client gets it, including meta.
type Rendered struct {
	ID       string
	Location string
	Version  string // the entity tag
	Document Document
}

// search translates a query. The error is InvalidFilter or InvalidValue if it is not supported.
func (t Resource) search(q ListQuery) (Search, error) {
	s := Search{Descending: q.Descending, Offset: max(q.StartIndex, 1) - 1, Limit: DefaultCount}
	if q.Count != nil {
		s.Limit = min(max(*q.Count, 0), MaxCount)
	}
	if q.Filter != "" {
		e, err := ParseFilter(q.Filter)
		if err != nil {
			return Search{}, err
		}
		if s.Where, err = t.condition(e); err != nil {
			return Search{}, err
		}
	}
	var err error
	s.Sort, err = t.sort(q.SortBy)
	return s, err
}

func (t Resource) sort(by string) (Sort, error) {
	if by == "" {
		return Sort{}, nil
	}
	wrong := invalid(InvalidValue, "The list cannot be sorted by %q.", cut(by))
	target, err := ParsePatchPath(by)
	if err != nil || target.Filter != nil {
		return Sort{}, wrong
	}
	r, ok := t.resolve(target.Path)
	if !ok || r.attr.Multi && !sortsByValue(r) {
		return Sort{}, wrong
	}
	if r.attr.Multi {
		return Sort{Attribute: r.attr.Name}, nil
	}
	fields := map[string]Field{"id": FieldID, "externalId": FieldExternalID, "userName": FieldUserName, "displayName": FieldName,
		"active": FieldActive, "meta.created": FieldCreated, "meta.lastModified": FieldModified}
	if field, ok := fields[r.name()]; ok {
		return Sort{Field: field}, nil
	}
	leaf := r.attr
	if r.sub != nil {
		leaf = *r.sub
	}
	if leaf.Type == Complex || leaf.Type == Binary || r.attr.Name == "meta" {
		return Sort{}, wrong
	}
	return Sort{Attribute: r.name()}, nil
}

// sortsByValue reports whether users can be sorted by an attribute of their documents: by the
// primary value of several, otherwise the first (RFC 7644 §3.4.2.3). It is false for attributes
// that are stored elsewhere or not as a single string.
func sortsByValue(r resolved) bool {
	value, ok := attribute(r.attr.Sub, "value")
	return ok && !r.attr.ReadOnly && r.attr.Name != "members" && value.Type != Binary && (r.sub == nil || r.sub.Name == value.Name)
}

// Users returns a page of the users.
func (s *Service) Users(ctx context.Context, call Call, q ListQuery) (List, error) {
	if err := s.Enter(ctx, call.By); err != nil {
		return List{}, err
	}
	search, err := s.users.search(q)
	if err != nil {
		return List{}, err
	}
	users, total, err := s.store.FindUsers(ctx, call.By.Organization, search)
	if err != nil {
		return List{}, err
	}
	items, err := renderUsers(ctx, s.store, call, users)
	return List{Total: total, StartIndex: search.Offset + 1, Items: items}, err
}

// Groups returns a page of the groups, including those that the provider does not manage.
func (s *Service) Groups(ctx context.Context, call Call, q ListQuery) (List, error) {
	if err := s.Enter(ctx, call.By); err != nil {
		return List{}, err
	}
	search, err := s.groups.search(q)
	if err != nil {
		return List{}, err
	}
	groups, total, err := s.store.FindGroups(ctx, call.By.Organization, search)
	if err != nil {
		return List{}, err
	}
	items, err := renderGroups(ctx, s.store, call, groups)
	return List{Total: total, StartIndex: search.Offset + 1, Items: items}, err
}

// Selection of attributes for an answer (RFC 7644 §3.9).

// Attributes is a client's selection of attributes: only some, or all but some.
type Attributes struct {
	Only, Without []string // paths as the client sent them; at most one of the two is used
}

// Pick returns the selected attributes of a resource, and those that are always returned. It
// ignores unknown paths.
func (t Resource) Pick(doc Document, want Attributes) Document {
	switch {
	case len(want.Only) > 0:
		return t.only(doc, want.Only)
	case len(want.Without) > 0:
		return t.without(doc, want.Without)
	}
	return doc
}

func (t Resource) only(doc Document, paths []string) Document {
	out := Document{"schemas": doc["schemas"]}
	for _, a := range t.Core.Attributes {
		if v, ok := doc[a.Name]; ok && a.Always {
			out[a.Name] = v
		}
	}
	for _, text := range paths {
		if ext, ok := t.extension(text); ok {
			if v, ok := doc[ext.ID]; ok {
				out[ext.ID] = v
			}
			continue
		}
		if r, ok := t.path(text); ok {
			from, into := map[string]any(doc), map[string]any(out)
			if r.schema != "" {
				from, _ = doc[r.schema].(map[string]any)
				into = nested(out, r.schema)
			}
			keep(into, from, r)
			if r.schema != "" && len(into) == 0 {
				delete(out, r.schema)
			}
		}
	}
	return out
}

func (t Resource) path(text string) (resolved, bool) {
	target, err := ParsePatchPath(text)
	if err != nil || target.Filter != nil {
		return resolved{}, false
	}
	return t.resolve(target.Path)
}

// nested returns the object under a key, and creates it if necessary.
func nested(m map[string]any, key string) map[string]any {
	inner, ok := m[key].(map[string]any)
	if !ok {
		inner = map[string]any{}
		m[key] = inner
	}
	return inner
}

// keep copies an attribute or one of its sub-attributes.
func keep(into, from map[string]any, r resolved) {
	value, ok := from[r.attr.Name]
	if !ok {
		return
	}
	if r.sub == nil {
		into[r.attr.Name] = value
		return
	}
	switch value := value.(type) {
	case map[string]any:
		if v, ok := value[r.sub.Name]; ok {
			nested(into, r.attr.Name)[r.sub.Name] = v
		}
	case []any:
		list, ok := into[r.attr.Name].([]any)
		if !ok {
			list = make([]any, len(value))
		}
		for i, v := range value {
			element, ok := list[i].(map[string]any)
			if !ok {
				element = map[string]any{}
			}
			if m, ok := v.(map[string]any); ok && m[r.sub.Name] != nil {
				element[r.sub.Name] = m[r.sub.Name]
			}
			list[i] = element
		}
		into[r.attr.Name] = list
	}
}

func (t Resource) without(doc Document, paths []string) Document {
	out := doc.clone()
	for _, text := range paths {
		if ext, ok := t.extension(text); ok {
			delete(out, ext.ID)
			continue
		}
		r, ok := t.path(text)
		if !ok || r.attr.Always {
			continue
		}
		in := map[string]any(out)
		if r.schema != "" {
			in, _ = out[r.schema].(map[string]any)
		}
		drop(in, r)
	}
	return out
}

func drop(in map[string]any, r resolved) {
	if r.sub == nil {
		delete(in, r.attr.Name)
		return
	}
	elements, ok := in[r.attr.Name].([]any)
	if !ok {
		elements = []any{in[r.attr.Name]}
	}
	for _, v := range elements {
		if m, ok := v.(map[string]any); ok {
			delete(m, r.sub.Name)
		}
	}
}

// SplitAttributes splits a comma-separated list of attributes.
func SplitAttributes(text string) []string {
	return slices.DeleteFunc(strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == ' ' }),
		func(s string) bool { return s == "" })
}

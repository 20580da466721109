package openapi

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
)

// About is the title and description of the document.
type About struct {
	Title       string `json:"title"`
	Version     string `json:"version"`
	Summary     string `json:"summary"`
	Description string `json:"description"`
}

// Group holds the operations of one tag.
type Group struct {
	Name        string
	Description string
	Operations  []Operation
}

// Operation is one method of one path.
type Operation struct {
	ID          string
	Method      string // "GET"
	Path        string // "/v2/sources/{id}"
	Summary     string
	Description string
	Permissions []string // needed for a change; all of them
	Parameters  []Parameter
	Body        []Field // of a JSON or form body
	BodyNote    string
	Statuses    []Status
}

// Parameter is a parameter of the path or the query.
type Parameter struct {
	Name        string
	In          string // "path", "query"
	Description string
	Required    bool
}

// Field is a member of a body.
type Field struct {
	Name        string
	Type        string
	Description string
	Required    bool
}

// Status is one possible response.
type Status struct{ Code, Description string }

// document is the part of OpenAPI that the page needs.
type document struct {
	Info       About                      `json:"info"`
	Tags       []tag                      `json:"tags"`
	Paths      map[string]json.RawMessage `json:"paths"`
	Components struct {
		Parameters map[string]parameter `json:"parameters"`
		Responses  map[string]response  `json:"responses"`
		Schemas    map[string]schema    `json:"schemas"`
	} `json:"components"`
}

type tag struct {
	Name        string `json:"name"`
	Description string `json:"description"`
}

type parameter struct {
	Ref         string `json:"$ref"`
	Name        string `json:"name"`
	In          string `json:"in"`
	Required    bool   `json:"required"`
	Description string `json:"description"`
}

type response struct {
	Ref         string `json:"$ref"`
	Description string `json:"description"`
}

type schema struct {
	Ref         string          `json:"$ref"`
	Type        json.RawMessage `json:"type"` // a name, or a list of names
	Enum        []any           `json:"enum"`
	Description string          `json:"description"`
	Required    []string        `json:"required"`
	Properties  json.RawMessage `json:"properties"`
}

type operation struct {
	Tags        []string    `json:"tags"`
	ID          string      `json:"operationId"`
	Summary     string      `json:"summary"`
	Description string      `json:"description"`
	Permissions []string    `json:"x-permissions"`
	Parameters  []parameter `json:"parameters"`
	RequestBody struct {
		Content map[string]struct {
			Schema schema `json:"schema"`
		} `json:"content"`
	} `json:"requestBody"`
	Responses map[string]response `json:"responses"`
}

// methods returns the order in which a path's operations are shown.
func methods() []string { return []string{"get", "post", "put", "delete"} }

// orderOf returns the paths in the order of the document.
func orderOf(o ordered) []string {
	var out []string
	paths, _ := o.find("paths").(ordered)
	for _, m := range paths {
		out = append(out, m.key)
	}
	return out
}

func (d document) groups(paths []string) []Group {
	at, groups := map[string]int{}, make([]Group, len(d.Tags))
	for i, t := range d.Tags {
		at[t.Name], groups[i] = i, Group{Name: t.Name, Description: t.Description}
	}
	for _, path := range paths {
		var item map[string]json.RawMessage
		if json.Unmarshal(d.Paths[path], &item) != nil {
			continue
		}
		var shared []parameter
		_ = json.Unmarshal(item["parameters"], &shared)
		for _, method := range methods() {
			var op operation
			if json.Unmarshal(item[method], &op) != nil || len(op.Tags) == 0 {
				continue
			}
			i := at[op.Tags[0]]
			groups[i].Operations = append(groups[i].Operations, d.present(method, path, append(shared, op.Parameters...), op))
		}
	}
	return slices.DeleteFunc(groups, func(g Group) bool { return len(g.Operations) == 0 })
}

func (d document) present(method, path string, parameters []parameter, op operation) Operation {
	out := Operation{ID: op.ID, Method: strings.ToUpper(method), Path: path, Summary: op.Summary,
		Description: op.Description, Permissions: op.Permissions}
	for _, p := range parameters {
		if p.Ref != "" {
			p = d.Components.Parameters[refName(p.Ref)]
		}
		out.Parameters = append(out.Parameters, Parameter{p.Name, p.In, p.Description, p.Required})
	}
	for _, media := range op.RequestBody.Content {
		body := d.schema(media.Schema)
		out.BodyNote, out.Body = body.Description, d.fields(body)
	}
	for _, code := range slices.Sorted(maps.Keys(op.Responses)) {
		r := op.Responses[code]
		if r.Ref != "" {
			r = d.Components.Responses[refName(r.Ref)]
		}
		out.Statuses = append(out.Statuses, Status{code, r.Description})
	}
	return out
}

func refName(ref string) string { return ref[strings.LastIndexByte(ref, '/')+1:] }

// schema returns s, or the schema that s refers to.
func (d document) schema(s schema) schema {
	if s.Ref != "" {
		return d.Components.Schemas[refName(s.Ref)]
	}
	return s
}

// fields returns the members of an object in their order.
func (d document) fields(of schema) []Field {
	var out []Field
	for _, name := range keys(of.Properties) {
		var members map[string]schema
		if json.Unmarshal(of.Properties, &members) != nil {
			return nil
		}
		s := d.schema(members[name])
		out = append(out, Field{Name: name, Type: s.typeName(), Description: s.Description, Required: slices.Contains(of.Required, name)})
	}
	return out
}

// typeName returns the type in a word, or "any".
func (s schema) typeName() string {
	var name string
	switch {
	case json.Unmarshal(s.Type, &name) == nil:
		return name
	case len(s.Enum) > 0:
		return "string"
	}
	return "any"
}

// keys returns the names of a JSON object in their order.
func keys(object json.RawMessage) []string {
	d := json.NewDecoder(strings.NewReader(string(object)))
	if _, err := d.Token(); err != nil {
		return nil
	}
	var out []string
	for d.More() {
		name, err := d.Token()
		text, ok := name.(string)
		if err != nil || !ok {
			return out
		}
		var value json.RawMessage
		if d.Decode(&value) != nil {
			return out
		}
		out = append(out, text)
	}
	return out
}

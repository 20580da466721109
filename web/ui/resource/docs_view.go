package resource

import (
	"strings"

	"latchkey/views/component"
	"latchkey/views/layout"
	page "latchkey/views/page/resource"
	"latchkey/web/openapi"
)

// apiDocsView presents the OpenAPI document.
func apiDocsView(about openapi.About, groups []openapi.Group) page.APIDocs {
	m := page.APIDocs{
		Header:   component.PageHeaderModel{Title: "API", Description: about.Summary},
		Base:     layout.Page{Title: "API", Intro: about.Summary, Wide: true},
		Intro:    strings.Split(strings.TrimSpace(about.Description), "\n\n"),
		Document: component.Link{Label: "OpenAPI 3.1 document", Href: "/v2/openapi.json"},
	}
	meanings := map[string]string{}
	for _, g := range groups {
		group := page.APIGroup{ID: strings.ToLower(strings.ReplaceAll(g.Name, " ", "-")), Name: g.Name, Description: g.Description}
		for _, op := range g.Operations {
			group.Operations = append(group.Operations, operationView(op))
			for _, s := range op.Statuses {
				if s.Code != "200" {
					meanings[s.Code] = s.Description
				}
			}
		}
		m.Groups = append(m.Groups, group)
	}
	for _, code := range []string{"400", "401", "403", "404", "409", "413", "429"} {
		if text, ok := meanings[code]; ok {
			m.Statuses = append(m.Statuses, component.Definition{Term: code, Text: text})
		}
	}
	return m
}

func operationView(op openapi.Operation) page.APIOperation {
	v := page.APIOperation{ID: op.ID, Method: op.Method, Path: op.Path, Summary: op.Summary, Description: op.Description,
		Permissions: op.Permissions, BodyNote: op.BodyNote}
	for _, p := range op.Parameters {
		v.Parameters = append(v.Parameters, page.APIField{Name: p.Name, Note: p.In, Text: p.Description})
	}
	for _, f := range op.Body {
		field := page.APIField{Name: f.Name, Note: f.Type, Text: f.Description}
		if f.Required {
			field.Note += ", required"
		}
		v.Body = append(v.Body, field)
	}
	codes := make([]string, len(op.Statuses))
	for i, s := range op.Statuses {
		codes[i] = s.Code
		if s.Code == "200" {
			codes[i] += " " + strings.TrimSuffix(s.Description, ".")
		}
	}
	v.Statuses = strings.Join(codes, ", ")
	return v
}

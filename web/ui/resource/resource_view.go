package resource

import (
	"strings"
	"time"

	"latchkey/internal/access"
	"latchkey/internal/registry"
	"latchkey/views/component"
	page "latchkey/views/page/resource"
	"latchkey/web/ui/kit"
)

// resourcesView presents one page of a workspace's resources. The handler adds the shell.
func resourcesView(found registry.Browse, types []registry.TypeRights, chosen string, q kit.Paging, now time.Time) page.Resources {
	labels := map[string]string{}
	for _, t := range types {
		labels[t.Type] = t.Label
	}
	m := page.Resources{
		Header: component.PageHeaderModel{Title: kit.ResourceTitle,
			Description: "Resources in " + found.Workspace.Name + ", and what you may do with each. Everyone in the workspace can view them."},
		Card:   component.CardModel{ID: "resources", Title: labelOr(labels, chosen, "All resources"), Flush: true},
		Filter: resourceFilter(found, types, chosen, q),
		Table: component.TableModel{ID: "resource-list", Caption: "Resources", Columns: []component.Column{
			{Label: "Name"}, {Label: "Type"}, {Label: "You may"}, {Label: "Changed"}, {Label: "ID"}}},
		Pages: q.Pages(len(found.Items), found.Total, "resource", "resources"),
		Types: typesView(found.Types),
	}
	for _, item := range found.Items {
		m.Rows = append(m.Rows, page.Row{Name: item.Name, Detail: item.Definition, Type: labelOr(labels, item.Type, item.Type), ID: item.ID,
			Secrets: secretTexts(item.Secrets), Changed: kit.When(item.UpdatedAt, now), Access: accessView(item.Name, item.Rights, "View only")})
	}
	if len(m.Rows) == 0 {
		m.None = noResources(found, q, chosen)
	}
	return m
}

// maxSecrets is the number of secrets that a row names.
const maxSecrets = 5

// secretTexts says which secrets are set. Their values are not known here.
func secretTexts(paths []registry.Path) []string {
	var texts []string
	for _, path := range paths[:min(len(paths), maxSecrets)] {
		texts = append(texts, path.String()+": set")
	}
	if n := len(paths) - maxSecrets; n > 0 {
		texts = append(texts, kit.Count(n, "more secret", "more secrets"))
	}
	return texts
}

func labelOr(labels map[string]string, typ, otherwise string) string {
	if label, ok := labels[typ]; ok {
		return label
	}
	return otherwise
}

// resourceFilter offers the types that have resources, and the chosen one.
func resourceFilter(found registry.Browse, types []registry.TypeRights, chosen string, q kit.Paging) component.FilterModel {
	f := q.Filter("resources-filter", "Filter resources", "Name or ID")
	f.Submit = "Filter"
	choice := component.SelectModel{ID: "resources-type", Name: "type", Label: "Type",
		Options: []component.SelectOption{{Value: "", Label: "All types", Selected: chosen == ""}}}
	for _, t := range types {
		if n := found.Counts[t.Type]; n > 0 || t.Type == chosen {
			choice.Options = append(choice.Options, component.SelectOption{Value: t.Type, Selected: t.Type == chosen,
				Label: t.Label + " (" + kit.Thousands(n) + ")"})
		}
	}
	f.Selects = []component.SelectModel{choice}
	if chosen != "" || f.ClearHref != "" {
		f.ClearHref = q.Path
	}
	return f
}

func noResources(found registry.Browse, q kit.Paging, chosen string) *component.EmptyModel {
	if q.Find != "" || chosen != "" || found.Total > 0 {
		return &component.EmptyModel{Title: kit.NoRows(q.Page, found.Total, "Nothing matches this filter."), Inside: true,
			Links: []component.Link{{Label: "Show everything", Href: q.Path}}}
	}
	return &component.EmptyModel{Icon: "database", Title: "No resources yet", Inside: true,
		Text:  "Create sources, destinations, transformations and other resources through the API, with a token for this workspace.",
		Links: []component.Link{{Label: "Read about the API", Href: kit.DocsPath}}}
}

// typesView presents the permissions for whole types. It returns nil if there are none.
func typesView(types []registry.TypeRights) *page.Types {
	m := &page.Types{
		Card: component.CardModel{ID: "types", Title: "For whole types", Flush: true,
			Description: "Permissions for whole resource types."},
		Table: component.TableModel{Caption: "What you may do with types", Columns: []component.Column{{Label: "Type"}, {Label: "You may"}}},
	}
	for _, t := range types {
		if len(t.Rights) > 0 {
			m.Rows = append(m.Rows, page.TypeRow{Label: t.Label, Access: accessView(t.Label, t.Rights, "None")})
		}
	}
	if len(m.Rows) == 0 {
		return nil
	}
	return m
}

// accessView presents the decisions of [access.Decide]: badges for what is allowed, and reasons why the
// rest is not. nothing is the text if nothing is allowed.
func accessView(about string, rights []registry.Right, nothing string) page.Access {
	a := page.Access{About: about}
	for _, r := range rights {
		if r.Decision.Allowed {
			a.May = append(a.May, component.BadgeModel{Text: r.Entry.Label, Tone: component.Good, Icon: "check"})
			continue
		}
		a.Reasons = append(a.Reasons, page.Reason{Label: r.Entry.Label, Text: reasonText(r.Decision.Reason)})
	}
	if len(a.May) == 0 {
		a.Nothing = nothing
	}
	return a
}

// reasonText returns the rule that decided. The reader is in the workspace, so it need not be withheld.
func reasonText(r access.Reason) string { return strings.TrimSpace(r.Text()) }

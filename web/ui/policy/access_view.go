package policy

import (
	"strings"

	"latchkey/internal/access"
	"latchkey/internal/account"
	"latchkey/internal/policy"
	"latchkey/views/component"
	page "latchkey/views/page/policy"
	"latchkey/web/ui/kit"
)

// AccessList says in short what somebody may do in each workspace and where it comes
// from. at is the address of the page with all of it.
func AccessList(view policy.AccessView, catalogue *access.Catalogue, at, description string) page.AccessList {
	m := page.AccessList{Card: component.CardModel{ID: "access-policy", Title: accessTitle, Description: description}}
	if view.Member.Role == access.RoleAdmin && len(view.Access) > 0 {
		m.Items = []page.AccessItem{{Workspace: "Every workspace", Lines: []page.AccessLine{{Source: "Organization role Admin", Gives: "Everything"}},
			Details: component.ButtonModel{Label: "Details", Context: "of every workspace", Variant: component.Ghost, Small: true, Href: at}}}
		return m
	}
	for _, a := range view.Access {
		item := page.AccessItem{Workspace: a.Workspace.Name,
			Details: component.ButtonModel{Label: "Details", Context: "of " + a.Workspace.Name, Variant: component.Ghost, Small: true, Href: kit.Path(at, a.Workspace.ID)}}
		for _, layer := range a.Layers {
			item.Lines = append(item.Lines, page.AccessLine{Source: kit.UpperFirst(layer.Source()), Gives: strings.Join(effective(catalogue, layer.Policy), "; ")})
		}
		m.Items = append(m.Items, item)
	}
	if len(m.Items) == 0 {
		m.Empty = &component.EmptyModel{Icon: "layers", Inside: true, Title: "In no workspace yet",
			Text: "A member policy or a group puts somebody into a workspace. Whoever is in one can view its resources."}
	}
	return m
}

func accessNotice(view policy.AccessView, chosen *policy.WorkspaceAccess) *component.NoticeModel {
	switch {
	case view.Member.Status != account.Active:
		return &component.NoticeModel{Kind: "warning", Title: "Deactivated", Text: view.Member.Name + " may do nothing until reactivation. This is what would apply then."}
	case view.Member.Role == access.RoleAdmin && chosen != nil:
		return &component.NoticeModel{Kind: "info", Text: "The organization role Admin gives everything in every workspace; policies make no difference while it lasts."}
	}
	return nil
}

// fromInherited words the sources for somebody's whole access, of which nothing is inherited
// in any other way than the rest.
func fromInherited(m *component.PolicyModel) {
	word := func(s string) string {
		return strings.ReplaceAll(strings.ReplaceAll(s, "Inherited: ", "From "), "inherited: ", "from ")
	}
	for _, s := range m.Sections {
		for _, r := range s.Rows {
			for i := range r.Cells {
				cell := &r.Cells[i]
				cell.LockedBy, cell.Note = word(cell.LockedBy), word(cell.Note)
				if cell.Limit == nil {
					continue
				}
				for k := range cell.Limit.Options {
					cell.Limit.Options[k].Name = word(cell.Limit.Options[k].Name)
				}
			}
		}
	}
}

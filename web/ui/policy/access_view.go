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

// AccessList summarizes what a member may do in each workspace and where it comes from. at is the
// address of the page with all details.
func AccessList(view policy.AccessView, catalogue *access.Catalogue, at, description string) page.AccessList {
	details := func(of, href string) component.ButtonModel {
		return component.ButtonModel{Label: "Details", Context: "of " + of, Variant: component.Ghost, Small: true, Href: href}
	}
	m := page.AccessList{Card: component.CardModel{ID: "access-policy", Title: accessTitle, Description: description}}
	if view.Member.Role == access.RoleAdmin && len(view.Access) > 0 {
		m.Items = []page.AccessItem{{Workspace: "Every workspace", Details: details("every workspace", at),
			Lines: []page.AccessLine{{Source: "Organization role Admin", Gives: "Everything"}}}}
		return m
	}
	for _, a := range view.Access {
		item := page.AccessItem{Workspace: a.Workspace.Name, Details: details(a.Workspace.Name, kit.Path(at, a.Workspace.ID))}
		for _, layer := range a.Layers {
			item.Lines = append(item.Lines, page.AccessLine{Source: kit.UpperFirst(layer.Source()),
				Gives: strings.Join(effective(catalogue, layer.Policy), "; ")})
		}
		m.Items = append(m.Items, item)
	}
	if len(m.Items) == 0 {
		m.Empty = &component.EmptyModel{Icon: "layers", Inside: true, Title: "Not in a workspace yet",
			Text: "Member policies and groups add people to workspaces. Everyone in a workspace can view its resources."}
	}
	return m
}

func accessNotice(view policy.AccessView, chosen *policy.WorkspaceAccess) *component.NoticeModel {
	switch {
	case view.Member.Status != account.Active:
		return &component.NoticeModel{Kind: "warning", Title: "Deactivated",
			Text: view.Member.Name + " has no access while deactivated. After reactivation, this access applies."}
	case view.Member.Role == access.RoleAdmin && chosen != nil:
		return &component.NoticeModel{Kind: "info",
			Text: "Admins have full access to every workspace. Policies only apply to members who are not Admins."}
	}
	return nil
}

// fromInherited replaces "Inherited:" by "From" for a page that shows a member's whole access: nothing
// on it is the member's own in contrast to what is inherited.
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

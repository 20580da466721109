package people

import (
	"cmp"
	"net/url"
	"slices"
	"strings"
	"time"

	"latchkey/internal/access"
	"latchkey/internal/account"
	"latchkey/internal/plaintext"
	"latchkey/internal/policy"
	"latchkey/views/component"
	page "latchkey/views/page/people"
	"latchkey/web/ui/kit"
)

const stepCreate = "create"

// groupsView returns the tab "Groups". The handler adds the frame.
func groupsView(rows []account.GroupRow, plan access.Plan, q kit.Paging) page.Groups {
	m := page.Groups{
		Card: component.CardModel{ID: "groups", Title: kit.GroupTitle, Flush: true,
			Description: "A group gives all its members the same policies in each linked workspace."},
		Table: component.TableModel{ID: "group-list", Caption: kit.GroupTitle, Columns: []component.Column{
			q.Column("Name", "name"), q.Column("Members", "members"), q.Column("Workspaces", ""), {Label: "Actions", LabelHidden: true, End: true}}},
	}
	m.Table.Columns[1].End = true
	create := &component.ButtonModel{Label: "Create group", Icon: "plus", Href: kit.GroupPath + "/new", Dialog: true}
	if limit, limited := plan.GroupLimit(); limited && len(rows) >= limit {
		create.Disabled, create.Reason = true, access.UpgradeText
		m.Refusal = groupRefusal(plan, limit)
	}
	if len(rows) == 0 {
		m.Empty = &component.EmptyModel{Icon: "users-round", Inside: true, Title: "No groups yet", Action: create,
			Text: "Create a group for members who need the same access, and link it to workspaces with a policy.",
			Hint: "For access that everyone in a workspace needs, use its baseline policy. For one member, use a member policy."}
		return m
	}
	m.Card.Action = create
	rows = sortedGroups(rows, q)
	rows, m.Around = kit.Listed(rows, q, "Name or description", "group", "groups",
		func(g account.GroupRow) string { return g.Name + " " + g.Description })
	for _, g := range rows {
		m.Rows = append(m.Rows, groupRow(g))
	}
	return m
}

func groupRefusal(plan access.Plan, limit int) *component.NoticeModel {
	m := &component.NoticeModel{Kind: "info", Title: "The " + plan.Label() + " plan has no groups", Text: access.UpgradeText}
	if limit > 0 {
		m.Title = "The " + plan.Label() + " plan includes " + kit.Count(limit, "group", "groups")
	}
	return m
}

// sortedGroups returns the groups in the order that q asks for. They arrive sorted by name.
func sortedGroups(rows []account.GroupRow, q kit.Paging) []account.GroupRow {
	sorted := slices.Clone(rows)
	key, descending := q.Order()
	if key == "members" {
		slices.SortStableFunc(sorted, func(a, b account.GroupRow) int { return cmp.Compare(a.Members, b.Members) })
	}
	if descending {
		slices.Reverse(sorted)
	}
	return sorted
}

func groupRow(g account.GroupRow) page.GroupRow {
	at := kit.Path(kit.GroupPath, g.ID)
	return page.GroupRow{Name: g.Name, Description: plaintext.Clip(g.Description, 120), Href: at, Badge: managedBadge(g),
		Members: kit.Thousands(g.Members), Workspaces: namedList(g.Workspaces),
		Menu: component.MenuModel{Label: "Actions for " + g.Name, Items: []component.MenuItem{
			{Label: "View group", Href: at},
			{Label: "Rename", Href: at + "/edit", Dialog: true},
			{Label: "Delete group", Href: at + "/delete", Danger: true, Dialog: true},
		}}}
}

func groupFields(form url.Values, errors kit.FieldErrors) []component.FormField {
	name := kit.TextField(kit.FieldName, "Group name", "", form, errors)
	name.Required, name.Autofocus = true, len(errors) == 0
	description := kit.TextField(fieldDescription, "Description", "What its members have in common.", form, errors)
	description.Optional, description.Rows = true, 3
	return []component.FormField{kit.TextItem(name), kit.AreaItem(description)}
}

// groupBasicsDialog returns the first step. Hidden fields keep the choices of the second step.
func groupBasicsDialog(form url.Values, errors kit.FieldErrors) *component.FormDialogModel {
	m := &component.FormDialogModel{
		Dialog: component.DialogModel{ID: "new-group", Title: "Create group", Description: "Step 1 of 2: name and description.",
			CloseHref: kit.GroupPath},
		Action: kit.GroupPath + "/new", Errors: kit.FormErrors(errors, kit.FieldName, fieldDescription), Fields: groupFields(form, errors),
		Submit: component.ButtonModel{Label: "Next", Name: kit.FieldStep, Value: "next"},
	}
	for _, id := range form[fieldWorkspaces] {
		m.Hidden = append(m.Hidden, component.HiddenField{Name: fieldWorkspaces, Value: id})
	}
	return m
}

// groupWorkspacesDialog returns the second step.
func groupWorkspacesDialog(form url.Values, workspaces []account.Workspace, errors kit.FieldErrors) *component.FormDialogModel {
	m := &component.FormDialogModel{
		Dialog: component.DialogModel{ID: "new-group", Title: "Create group", CloseHref: kit.GroupPath,
			Description: "Step 2 of 2: workspaces to link to " + kit.Shown(strings.TrimSpace(form.Get(kit.FieldName))) + "."},
		Action: kit.GroupPath + "/new", Errors: kit.FormErrors(errors, fieldWorkspaces),
		Hidden: []component.HiddenField{{Name: kit.FieldName, Value: form.Get(kit.FieldName)},
			{Name: fieldDescription, Value: form.Get(fieldDescription)}},
		Fields: []component.FormField{kit.BoxesItem(kit.BoxesField(fieldWorkspaces, "Workspaces",
			"Members get view and baseline access. Add policies to grant more.", form, errors, workspaceChoices(workspaces)))},
		Submit: component.ButtonModel{Label: "Create", Name: kit.FieldStep, Value: stepCreate},
		Back:   &component.ButtonModel{Label: "Back", Variant: component.Outline, Name: kit.FieldStep, Value: kit.StepBack, NoValidate: true},
	}
	return m
}

func groupEditDialog(id string, form url.Values, errors kit.FieldErrors) *component.FormDialogModel {
	at := kit.Path(kit.GroupPath, id)
	return &component.FormDialogModel{
		Dialog: component.DialogModel{ID: "edit-group", Title: "Rename group", CloseHref: at},
		Action: at + "/edit", Errors: kit.FormErrors(errors, kit.FieldName, fieldDescription), Fields: groupFields(form, errors),
		Submit: component.ButtonModel{Label: "Save"},
	}
}

func deleteGroupDialog(d account.GroupRow) *component.ConfirmModel {
	at := kit.Path(kit.GroupPath, d.ID)
	m := &component.ConfirmModel{Alert: component.AlertDialogModel{ID: "delete-group", Title: "Delete group " + d.Name + "?",
		Action: at + "/delete", CancelHref: at,
		Consequence: "Its members immediately lose the access it grants. This cannot be undone.",
		Details: []string{"It has " + kit.Count(d.Members, "member", "members") + " and is linked to " +
			kit.Count(len(d.Workspaces), "workspace", "workspaces") + "."}}}
	if d.Locked {
		m.Alert.Details = append(m.Alert.Details, "The identity provider manages this group and may create it again.")
	}
	return m
}

func removeMembersDialog(g account.Group, sel account.Selection, members []account.Member) *component.ConfirmModel {
	at := kit.Path(kit.GroupPath, g.ID)
	return &component.ConfirmModel{Alert: component.AlertDialogModel{ID: "remove-members",
		Title:       "Remove " + chosenNames(sel, members) + " from " + g.Name + "?",
		Consequence: "They immediately lose the access that the group grants, and its workspaces unless another group or policy includes them.",
		Action:      at + "/members/remove", Hidden: selectionFields(sel, members), Confirm: "Yes, remove", CancelHref: at}}
}

// groupView returns the page of one group. The handler adds the frame.
func groupView(d account.GroupRow, held policy.Held, found account.MemberPage, q kit.Paging, catalogue *access.Catalogue,
	now time.Time) page.Group {
	at := kit.Path(kit.GroupPath, d.ID)
	m := page.Group{
		Header: component.PageHeaderModel{Title: d.Name, Description: d.Description, Back: &component.Link{Label: "Groups", Href: kit.GroupPath},
			More: []component.ButtonModel{
				{Label: "Rename", Icon: "pencil", Variant: component.Outline, Href: at + "/edit", Dialog: true},
				{Label: "Delete group", Variant: component.DangerQuiet, Href: at + "/delete", Dialog: true},
			}},
		Members:  component.CardModel{ID: "group-members", Title: "Group Members", Flush: true},
		List:     userList(found, q, "Group members", now),
		Policies: policyListView(held.Policies, catalogue, at, now),
	}
	m.Policies.Card = component.CardModel{ID: "group-policies", Title: "Group Workspace Policies", Flush: true,
		Description: "Each policy links the group to a workspace and defines what its members can do there beyond the baseline."}
	groupPolicyActions(&m.Policies, len(held.Outside) > 0, at)
	groupMemberActions(&m, d, found, q, at)
	return m
}

func groupPolicyActions(m *page.PolicyList, more bool, at string) {
	var add *component.ButtonModel
	if more {
		add = &component.ButtonModel{Label: "Add workspace policy", Icon: "plus", Href: at + "/policies/new", Dialog: true,
			Variant: component.Outline}
	}
	if m.Card.Action = add; len(m.Rows) == 0 {
		m.Card.Action = nil
		m.Empty = &component.EmptyModel{Icon: "layers", Inside: true, Title: "No linked workspaces yet", Action: add,
			Text: "Add a workspace policy to give the group's members access to a workspace."}
	}
}

// groupMemberActions adds the buttons that add and remove members, unless the identity provider
// manages them.
func groupMemberActions(m *page.Group, d account.GroupRow, found account.MemberPage, q kit.Paging, at string) {
	add := &component.ButtonModel{Label: "Add members", Icon: "user-plus", Href: at + "/members/new"}
	m.Notice = managedNotice(d)
	if d.Locked {
		add = nil
	} else {
		m.List.Bulk = bulkOf(found, q, component.ButtonModel{Label: "Remove from group", Context: "the selected members",
			Variant: component.DangerQuiet, Small: true, Attrs: map[string]any{"formaction": at + "/members/remove"}})
		m.List.Table.Columns = append([]component.Column{{Label: "Select", LabelHidden: true}}, m.List.Table.Columns...)
	}
	m.Members.Action = add
	if d.Members == 0 && q.Find == "" {
		m.Members.Action = nil
		m.List.None = &component.EmptyModel{Icon: "users-round", Inside: true, Title: "No members yet", Action: add,
			Text: "Members get the group's access from their next request."}
		if d.Locked {
			m.List.None.Text = "The identity provider has not added anyone yet. Members that it adds get the group's access from their next request."
		}
		m.List.Filter = component.FilterModel{}
	}
}

// managedBadge returns the badge of a group that the identity provider created, with a lock while
// the provider manages its members. It returns nil for other groups.
func managedBadge(g account.GroupRow) *component.BadgeModel {
	if !g.External {
		return nil
	}
	m := &component.BadgeModel{Text: "Identity provider"}
	if g.Locked {
		m.Icon = "lock"
	}
	return m
}

// managedNotice returns a notice about who manages a group that the identity provider created. It
// returns nil for other groups.
func managedNotice(d account.GroupRow) *component.NoticeModel {
	switch {
	case d.Locked:
		return &component.NoticeModel{Kind: "info", Title: "Managed by the identity provider",
			Text: "Change its name and members in the identity provider. Change its policies here."}
	case d.External:
		return &component.NoticeModel{Kind: "info", Title: "Provisioning is off",
			Text: "The identity provider created this group. While provisioning is off, Admins manage its members. When provisioning is on " +
				"again, the identity provider does."}
	}
	return nil
}

// groupMembersView returns the page that adds members to a group.
func groupMembersView(d account.GroupRow, found account.MemberPage, find string, errors kit.FieldErrors) page.GroupMembers {
	at := kit.Path(kit.GroupPath, d.ID)
	m := page.GroupMembers{
		Header: component.PageHeaderModel{Title: "Add members", Description: "To the group " + d.Name + ".",
			Back: &component.Link{Label: "Group", Href: at}},
		Filter: component.FilterModel{Action: at + "/members/new", Label: "Search members", ID: "pick", Name: "q", Search: "Name or email",
			Value: find, Submit: "Search"},
		Action: at + "/members/new", Errors: kit.FormErrors(errors, "members"), Cancel: at,
	}
	if find != "" {
		m.Filter.ClearHref = m.Filter.Action
	}
	var choices []component.Choice
	for _, row := range found.Rows {
		choices = append(choices, component.Choice{Value: row.ID, Label: row.Name, Help: row.Email})
	}
	m.Members = *kit.BoxesField(kit.FieldMember, "Members who are not in the group", "", nil, nil, choices)
	m.Members.ID, m.Members.Filter, m.Members.Error = "form-members", "", errors["members"]
	if more := found.Total - len(found.Rows); more > 0 {
		m.Members.Help = kit.Thousands(more) + " more are not shown. Search to narrow the list."
	}
	if len(choices) == 0 {
		m.None = &component.EmptyModel{Icon: "users-round", Title: "No members to add", Text: "Every member who matches is already in the group."}
	}
	return m
}

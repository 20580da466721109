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

// groupsView is the tab; the frame is added by the handler.
func groupsView(rows []account.GroupRow, plan access.Plan, q kit.Paging) page.Groups {
	m := page.Groups{
		Card: component.CardModel{ID: "groups", Title: kit.GroupTitle, Flush: true,
			Description: "A group gives all of its members the same policies, workspace by workspace."},
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
			Text: "Put members who need the same into a group, and link the group to workspaces with a policy.",
			Hint: "What everybody in a workspace needs belongs into its baseline; what one member needs, into a member policy."}
		return m
	}
	m.Card.Action = create
	rows = sortedGroups(rows, q)
	rows, m.Around = kit.Listed(rows, q, "Name or description", "group", "groups", func(g account.GroupRow) string { return g.Name + " " + g.Description })
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

// sortedGroups is the groups, which come by name, in the order that q asks for.
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

// groupBasicsDialog is the first step; the second one's answers go along.
func groupBasicsDialog(form url.Values, errors kit.FieldErrors) *component.FormDialogModel {
	m := &component.FormDialogModel{
		Dialog: component.DialogModel{ID: "new-group", Title: "Create group", Description: "Step 1 of 2: what it is.", CloseHref: kit.GroupPath},
		Action: kit.GroupPath + "/new", Errors: kit.FormErrors(errors, kit.FieldName, fieldDescription), Fields: groupFields(form, errors),
		Submit: component.ButtonModel{Label: "Next", Name: kit.FieldStep, Value: "next"},
	}
	for _, id := range form[fieldWorkspaces] {
		m.Hidden = append(m.Hidden, component.HiddenField{Name: fieldWorkspaces, Value: id})
	}
	return m
}

// groupWorkspacesDialog is the second step.
func groupWorkspacesDialog(form url.Values, workspaces []account.Workspace, errors kit.FieldErrors) *component.FormDialogModel {
	m := &component.FormDialogModel{
		Dialog: component.DialogModel{ID: "new-group", Title: "Create group", CloseHref: kit.GroupPath,
			Description: "Step 2 of 2: the workspaces that " + kit.Shown(strings.TrimSpace(form.Get(kit.FieldName))) + " is linked to."},
		Action: kit.GroupPath + "/new", Errors: kit.FormErrors(errors, fieldWorkspaces),
		Hidden: []component.HiddenField{{Name: kit.FieldName, Value: form.Get(kit.FieldName)}, {Name: fieldDescription, Value: form.Get(fieldDescription)}},
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
	m := &component.ConfirmModel{Alert: component.AlertDialogModel{ID: "delete-group", Title: "Delete group " + d.Name + "?", Action: at + "/delete", CancelHref: at,
		Consequence: "Its members lose at once what it gives. This cannot be undone.",
		Details:     []string{"It has " + kit.Count(d.Members, "member", "members") + " and is linked to " + kit.Count(len(d.Workspaces), "workspace", "workspaces") + "."}}}
	if d.Locked {
		m.Alert.Details = append(m.Alert.Details, "The identity provider manages its members and may make it anew.")
	}
	return m
}

func removeMembersDialog(g account.Group, members []account.Member) *component.ConfirmModel {
	at := kit.Path(kit.GroupPath, g.ID)
	return &component.ConfirmModel{Alert: component.AlertDialogModel{ID: "remove-members", Title: "Remove " + memberNames(members) + " from " + g.Name + "?",
		Consequence: "What the group gives is lost at once, and so are its workspaces, unless something else puts them there.",
		Action:      at + "/members/remove", Hidden: memberFields(members), Confirm: "Yes, remove", CancelHref: at}}
}

// groupView is the page of one group; the frame is added by the handler.
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
		Description: "Each links the group to a workspace and says what its members may do there beyond the baseline."}
	groupPolicyActions(&m.Policies, len(held.Outside) > 0, at)
	groupMemberActions(&m, d, q, at)
	return m
}

func groupPolicyActions(m *page.PolicyList, more bool, at string) {
	var add *component.ButtonModel
	if more {
		add = &component.ButtonModel{Label: "Add workspace policy", Icon: "plus", Href: at + "/policies/new", Dialog: true, Variant: component.Outline}
	}
	if m.Card.Action = add; len(m.Rows) == 0 {
		m.Card.Action = nil
		m.Empty = &component.EmptyModel{Icon: "layers", Inside: true, Title: "Linked to no workspace yet", Action: add,
			Text: "Link the group to a workspace, and its members are in it."}
	}
}

// groupMemberActions offers to add and remove members, where that is decided here.
func groupMemberActions(m *page.Group, d account.GroupRow, q kit.Paging, at string) {
	add := &component.ButtonModel{Label: "Add members", Icon: "user-plus", Href: at + "/members/new"}
	m.Notice = managedNotice(d)
	if d.Locked {
		add = nil
	} else {
		m.List.BulkID = bulkForm
		m.List.Bulk = []component.ButtonModel{{Label: "Remove from group", Context: "the selected members", Variant: component.DangerQuiet, Small: true,
			Attrs: map[string]any{"formaction": at + "/members/remove"}}}
		m.List.Table.Columns = append([]component.Column{{Label: "Select", LabelHidden: true}}, m.List.Table.Columns...)
	}
	m.Members.Action = add
	if d.Members == 0 && q.Find == "" {
		m.Members.Action = nil
		m.List.None = &component.EmptyModel{Icon: "users-round", Inside: true, Title: "No members yet", Action: add,
			Text: "Add members, and what the group gives holds for them on their next request."}
		if d.Locked {
			m.List.None.Text = "The identity provider has put nobody into it. Whom it adds has what the group gives on the next request."
		}
		m.List.Filter = component.FilterModel{}
	}
}

// managedBadge marks a group that the identity provider made, with a lock while it alone decides
// who is in it; nil for others.
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

// managedNotice says who decides about a group that the identity provider made; nil for others.
func managedNotice(d account.GroupRow) *component.NoticeModel {
	switch {
	case d.Locked:
		return &component.NoticeModel{Kind: "info", Title: "Managed by the identity provider",
			Text: "Who is in this group is decided there, and its name follows when it changes there. Its policies are decided here."}
	case d.External:
		return &component.NoticeModel{Kind: "info", Title: "Provisioning is off",
			Text: "The identity provider made this group and cannot reach it now, so Admins decide who is in it. Once provisioning is on again, the provider decides anew."}
	}
	return nil
}

// groupMembersView offers members to add.
func groupMembersView(d account.GroupRow, found account.MemberPage, find string, errors kit.FieldErrors) page.GroupMembers {
	at := kit.Path(kit.GroupPath, d.ID)
	m := page.GroupMembers{
		Header: component.PageHeaderModel{Title: "Add members", Description: "To the group " + d.Name + ".", Back: &component.Link{Label: "Group", Href: at}},
		Filter: component.FilterModel{Action: at + "/members/new", Label: "Search members", ID: "pick", Name: "q", Search: "Name or e-mail", Value: find, Submit: "Search"},
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
		m.None = &component.EmptyModel{Icon: "users-round", Title: "Nobody to add", Text: "Everybody who matches is in the group already."}
	}
	return m
}

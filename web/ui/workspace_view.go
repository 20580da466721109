package ui

import (
	"net/url"
	"time"

	"latchkey/internal/account"
	"latchkey/views/component"
	workspacepage "latchkey/views/page/workspace"
)

// workspacesView is the page; the frame is added by the handler.
func workspacesView(rows []account.WorkspaceRow, q pageQuery, now time.Time) workspacepage.Workspaces {
	m := workspacepage.Workspaces{
		Header: component.PageHeaderModel{Title: workspaceTitle, Description: "Isolated environments, each with resources, policies and tokens of its own.",
			Action: &component.ButtonModel{Label: "Create workspace", Icon: "plus", Href: workspacePath + "/new", Dialog: true}},
		Card: component.CardModel{Flush: true},
		Table: component.TableModel{ID: "workspace-list", Caption: workspaceTitle, Columns: []component.Column{
			{Label: "Name"}, {Label: "Environment"}, {Label: "Members", End: true}, {Label: "Groups", End: true}, {Label: "Resources", End: true},
			{Label: "Tokens", End: true}, {Label: "Created"}, {Label: "Actions", LabelHidden: true, End: true}}},
	}
	if len(rows) == 0 {
		m.Empty = &component.EmptyModel{Icon: "layers", Inside: true, Title: "No workspaces yet", Action: m.Header.Action,
			Text: "A workspace holds resources and who may do what with them."}
		m.Header.Action = nil
		return m
	}
	rows, m.Around = listed(rows, q, "Name", "workspace", "workspaces", func(w account.WorkspaceRow) string { return w.Name })
	for _, row := range rows {
		at := path(workspacePath, row.ID)
		m.Rows = append(m.Rows, workspacepage.Row{Name: row.Name, Region: row.Region, Environment: row.Environment.Label(),
			Members: thousands(row.Members), Groups: thousands(row.Groups), Resources: thousands(row.Resources),
			Tokens: thousands(row.ServiceTokens + row.PersonalTokens), Created: timeView(row.CreatedAt, now),
			Menu: component.MenuModel{Label: "Actions for " + row.Name, Items: []component.MenuItem{
				{Label: "Rename", Href: at + "/edit", Dialog: true},
				{Label: "Audit log", Href: auditQuery{}.with(paramWorkspace, row.ID).at()},
				{Label: "Baseline policy", Href: path(baselinePath, row.ID)},
				{Label: "Delete workspace", Href: at + "/delete", Danger: true, Dialog: true},
			}}})
	}
	return m
}

// workspaceDialog makes a workspace, or with an id changes one.
func workspaceDialog(id string, form url.Values, errors fieldErrors) *component.FormDialogModel {
	name := textField(fieldName, "Name", "", form, errors)
	name.Required, name.Autofocus = true, len(errors) == 0
	var regions []component.SelectOption
	for _, r := range account.Regions() {
		regions = append(regions, component.SelectOption{Value: r, Label: r})
	}
	m := &component.FormDialogModel{
		Dialog: component.DialogModel{ID: "workspace", Title: "Create workspace", CloseHref: workspacePath,
			Description: "Admins are in it at once; everybody else comes in by a policy or a group."},
		Action: workspacePath + "/new", Errors: formErrors(errors, fieldName, fieldEnvironment, fieldRegion),
		Fields: []component.FormField{textItem(name), selectItem(selectField(fieldEnvironment, "Environment", form, errors, environmentOptions()...)),
			selectItem(selectField(fieldRegion, "Region", form, errors, regions...))},
		Submit: component.ButtonModel{Label: "Create"},
	}
	if id != "" {
		m.Dialog.Title, m.Dialog.Description, m.Submit.Label = "Rename workspace", "", "Save"
		m.Action = path(workspacePath, id) + "/edit"
	}
	return m
}

// deleteWorkspaceDialog asks for the name.
func deleteWorkspaceDialog(w account.WorkspaceRow, errors fieldErrors) *component.ConfirmModel {
	typed := textField(fieldName, "Type the name of the workspace to confirm", w.Name, url.Values{}, errors)
	return &component.ConfirmModel{Typed: &typed, Alert: component.AlertDialogModel{ID: "delete-workspace", Title: "Delete workspace " + w.Name + "?",
		Consequence: "Its resources and policies go with it, and its tokens are revoked for good. The audit trail stays. This cannot be undone.",
		Details: []string{
			count(w.Resources, "resource goes", "resources go") + ".",
			count(w.ServiceTokens, "live service access token", "live service access tokens") + " and " +
				count(w.PersonalTokens, "live personal access token", "live personal access tokens") + " stop working at once.",
			count(w.Members, "member loses", "members lose") + " access to it.",
		},
		Action: path(workspacePath, w.ID) + "/delete", CancelHref: workspacePath}}
}

package workspace

import (
	"net/url"
	"time"

	"latchkey/internal/account"
	"latchkey/views/component"
	page "latchkey/views/page/workspace"
	"latchkey/web/ui/kit"
)

// workspacesView returns the page "Workspaces". The handler adds the frame.
func workspacesView(rows []account.WorkspaceRow, q kit.Paging, now time.Time) page.Workspaces {
	m := page.Workspaces{
		Header: component.PageHeaderModel{Title: kit.WorkspaceTitle,
			Description: "Isolated environments, each with its own resources, policies and tokens.",
			Action:      &component.ButtonModel{Label: "Create workspace", Icon: "plus", Href: kit.WorkspacePath + "/new", Dialog: true}},
		Card: component.CardModel{Flush: true},
		Table: component.TableModel{ID: "workspace-list", Caption: kit.WorkspaceTitle, Columns: []component.Column{
			{Label: "Name"}, {Label: "Environment"}, {Label: "Members", End: true}, {Label: "Groups", End: true}, {Label: "Resources", End: true},
			{Label: "Tokens", End: true}, {Label: "Created"}, {Label: "Actions", LabelHidden: true, End: true}}},
	}
	if len(rows) == 0 {
		m.Empty = &component.EmptyModel{Icon: "layers", Inside: true, Title: "No workspaces yet", Action: m.Header.Action,
			Text: "A workspace holds resources, and policies that define who can use them."}
		m.Header.Action = nil
		return m
	}
	rows, m.Around = kit.Listed(rows, q, "Name", "workspace", "workspaces", func(w account.WorkspaceRow) string { return w.Name })
	for _, row := range rows {
		at := kit.Path(kit.WorkspacePath, row.ID)
		m.Rows = append(m.Rows, page.Row{Name: row.Name, Region: row.Region, Environment: row.Environment.Label(),
			Members: kit.Thousands(row.Members), Groups: kit.Thousands(row.Groups), Resources: kit.Thousands(row.Resources),
			Tokens: kit.Thousands(row.ServiceTokens + row.PersonalTokens), Created: kit.When(row.CreatedAt, now),
			Menu: component.MenuModel{Label: "Actions for " + row.Name, Items: []component.MenuItem{
				{Label: "Rename", Href: at + "/edit", Dialog: true},
				{Label: "Audit log", Href: kit.AuditIn(row.ID)},
				{Label: "Baseline policy", Href: kit.Path(kit.BaselinePath, row.ID)},
				{Label: "Delete workspace", Href: at + "/delete", Danger: true, Dialog: true},
			}}})
	}
	return m
}

// workspaceDialog returns the dialog that creates a workspace or, if id is not empty, changes one.
func workspaceDialog(id string, form url.Values, errors kit.FieldErrors) *component.FormDialogModel {
	name := kit.TextField(kit.FieldName, "Name", "", form, errors)
	name.Required, name.Autofocus = true, len(errors) == 0
	var regions []component.SelectOption
	for _, r := range account.Regions() {
		regions = append(regions, component.SelectOption{Value: r, Label: r})
	}
	m := &component.FormDialogModel{
		Dialog: component.DialogModel{ID: "workspace", Title: "Create workspace", CloseHref: kit.WorkspacePath,
			Description: "Admins have access immediately. Other members need a policy or a group."},
		Action: kit.WorkspacePath + "/new", Errors: kit.FormErrors(errors, kit.FieldName, fieldEnvironment, fieldRegion),
		Fields: []component.FormField{kit.TextItem(name), kit.SelectItem(kit.SelectField(fieldEnvironment, "Environment", form, errors,
			environmentOptions()...)),
			kit.SelectItem(kit.SelectField(fieldRegion, "Region", form, errors, regions...))},
		Submit: component.ButtonModel{Label: "Create"},
	}
	if id != "" {
		m.Dialog.Title, m.Dialog.Description, m.Submit.Label = "Rename workspace", "", "Save"
		m.Action = kit.Path(kit.WorkspacePath, id) + "/edit"
	}
	return m
}

// deleteWorkspaceDialog returns the confirmation, in which the name must be typed.
func deleteWorkspaceDialog(w account.WorkspaceRow, errors kit.FieldErrors) *component.ConfirmModel {
	typed := kit.TextField(kit.FieldName, "Type the name of the workspace to confirm", w.Name, url.Values{}, errors)
	return &component.ConfirmModel{Typed: &typed, Alert: component.AlertDialogModel{ID: "delete-workspace",
		Title:       "Delete workspace " + w.Name + "?",
		Consequence: "Its resources and policies are deleted, and its tokens are revoked. The audit log keeps its events. This cannot be undone.",
		Details: []string{
			kit.Count(w.Resources, "resource is", "resources are") + " deleted.",
			kit.Count(w.ServiceTokens, "live service access token", "live service access tokens") + " and " +
				kit.Count(w.PersonalTokens, "live personal access token", "live personal access tokens") + " stop working immediately.",
			kit.Count(w.Members, "member loses", "members lose") + " access to it.",
		},
		Action: kit.Path(kit.WorkspacePath, w.ID) + "/delete", CancelHref: kit.WorkspacePath}}
}

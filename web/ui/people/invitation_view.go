package people

import (
	"fmt"
	"net/url"
	"time"

	"latchkey/internal/access"
	"latchkey/internal/account"
	"latchkey/internal/invitation"
	"latchkey/internal/plaintext"
	"latchkey/views/component"
	page "latchkey/views/page/people"
	"latchkey/web/ui/kit"
)

// invitationsView returns the tab "Invitations". The handler adds the frame.
func invitationsView(found invitation.Page, q kit.Paging, now time.Time) page.Invitations {
	m := page.Invitations{
		Card: component.CardModel{ID: "invitations", Title: kit.InvitationTitle, Flush: true,
			Description: "Each invitation link works once and expires after three days."},
		Table: component.TableModel{ID: "invitation-list", Caption: kit.InvitationTitle, Columns: []component.Column{
			{Label: "Email"}, {Label: "Role"}, {Label: "Groups and workspaces"}, {Label: "Invited"}, {Label: "Valid"}, {Label: "State"},
			{Label: "Actions", LabelHidden: true, End: true}}},
		Pages: q.Pages(len(found.Rows), found.Total, "invitation", "invitations"),
	}
	invite := &component.ButtonModel{Label: "Invite users", Icon: "user-plus", Href: kit.InvitationPath + "/new", Dialog: true}
	if found.Total == 0 && q.Find == "" && found.Query.State == "" {
		m.Empty = &component.EmptyModel{Icon: "mail", Inside: true, Title: "No invitations", Action: invite,
			Text: "Invite people by email address. You get a link for each of them to send. If email is set up, Latchkey sends it too."}
		return m
	}
	m.Card.Action = invite
	m.Filter = q.Filter("invitations-filter", "Search invitations", "Email")
	m.Filter.Selects = []component.SelectModel{stateSelect(found.Query.State)}
	if found.Query.State != "" {
		m.Filter.ClearHref = kit.InvitationPath
	}
	for _, inv := range found.Rows {
		m.Rows = append(m.Rows, invitationRow(inv, now))
	}
	if len(m.Rows) == 0 {
		m.None = kit.NoRows(q.Page, found.Total, "No invitation matches this search.")
	}
	return m
}

func stateSelect(chosen invitation.State) component.SelectModel {
	m := component.SelectModel{ID: "invitations-state", Name: fieldState, Label: "State",
		Options: []component.SelectOption{{Value: "", Label: "All"}}}
	for _, s := range []invitation.State{invitation.Pending, invitation.Expired, invitation.Accepted} {
		m.Options = append(m.Options, component.SelectOption{Value: string(s), Label: s.Label(), Selected: s == chosen})
	}
	return m
}

func invitationRow(inv invitation.Invitation, now time.Time) page.InvitationRow {
	state := inv.State(now)
	row := page.InvitationRow{Email: inv.Email, Role: roleBadge(inv.Role), Groups: namedList(inv.Groups),
		Workspaces: namedList(inv.Workspaces),
		Invited:    kit.When(inv.CreatedAt, now), By: inv.InvitedByName, Valid: validity(inv, now),
		State: component.StateModel{Text: state.Label(), Tone: invitationTone(state)}}
	if inv.Role == access.RoleAdmin && len(inv.Workspaces) == 0 {
		row.Workspaces = "All workspaces"
	}
	if state == invitation.Accepted {
		return row
	}
	at := kit.Path(kit.InvitationPath, inv.ID)
	row.Menu = &component.MenuModel{Label: "Actions for " + inv.Email, Items: []component.MenuItem{
		{Label: "Resend with a new link", Post: at + "/resend", Icon: "rotate-cw"},
		{Label: "Delete invitation", Href: at + "/delete", Danger: true, Dialog: true},
	}}
	return row
}

func validity(inv invitation.Invitation, now time.Time) component.TimeModel {
	if !inv.AcceptedAt.IsZero() {
		m := kit.When(inv.AcceptedAt, now)
		m.Text = "Accepted " + m.Text
		return m
	}
	m := kit.When(inv.ExpiresAt, now)
	if now.Before(inv.ExpiresAt) {
		m.Text = "Expires " + m.Text
	} else {
		m.Text = "Expired " + m.Text
	}
	return m
}

func invitationTone(s invitation.State) string {
	switch s {
	case invitation.Pending:
		return component.Info
	case invitation.Accepted:
		return component.Good
	case invitation.Expired:
		return component.Warn
	case invitation.Deleted:
	}
	return component.Neutral
}

// inviteDialog returns the dialog "Invite users".
func inviteDialog(form url.Values, groups []account.GroupRow, workspaces []account.Workspace, errors kit.FieldErrors,
	refused string) *component.FormDialogModel {
	emails := kit.TextField(fieldEmails, "Emails", "Separate addresses with commas or new lines.", form, errors)
	emails.Value, emails.Rows, emails.Required, emails.Autofocus = plaintext.Clip(form.Get(fieldEmails), 30_000), 3, true, len(errors) == 0
	role := &component.ChoiceGroupModel{ID: "form-" + fieldRole, Name: fieldRole, Legend: "Role", Error: errors[fieldRole],
		Choices: []component.Choice{
			{ID: "form-role-member", Value: "member", Label: "Member", Help: "Can do what policies allow."},
			{ID: "form-role-admin", Value: "admin", Label: "Admin", Help: "Has full access to every workspace."}}}
	for i := range role.Choices {
		role.Choices[i].Checked = role.Choices[i].Value == form.Get(fieldRole)
	}
	m := &component.FormDialogModel{
		Dialog: component.DialogModel{ID: "invite", Title: "Invite users", CloseHref: kit.InvitationPath, Wide: true},
		Action: kit.InvitationPath + "/new", Errors: kit.FormErrors(errors, fieldEmails, fieldRole, fieldGroups, fieldWorkspaces),
		Fields: []component.FormField{kit.AreaItem(emails), {Radios: role}}, Submit: component.ButtonModel{Label: "Invite"},
	}
	if refused != "" {
		m.Notice = &component.NoticeModel{Kind: "danger", Text: refused, Live: true}
	}
	if len(groups) > 0 {
		m.Fields = append(m.Fields, kit.BoxesItem(kit.BoxesField(fieldGroups, "Groups", "", form, errors, groupChoices(groups))))
	}
	m.Fields = append(m.Fields, kit.BoxesItem(kit.BoxesField(fieldWorkspaces, "Workspaces", "A Member needs at least one group or workspace.",
		form, errors, workspaceChoices(workspaces))))
	return m
}

// invitedDialog returns the dialog with the links of new invitations, and the addresses that were
// left out. The links are shown only once.
func invitedDialog(out invitation.Invited, now time.Time) page.Links {
	m := page.Links{Dialog: component.DialogModel{ID: "links", Title: "No invitations created", CloseHref: kit.InvitationPath, Wide: true}}
	if len(out.Sent) > 0 {
		m.Dialog.Title = kit.Count(len(out.Sent), "invitation link", "invitation links")
		m.Notices = append(m.Notices, component.NoticeModel{Kind: "warning",
			Text: "Send each link to its recipient. It works once, until " + kit.Exact(out.Sent[0].ExpiresAt, now) + ". You won't see it again."})
	}
	mailed := 0
	for i, sent := range out.Sent {
		m.Links = append(m.Links, component.CodeModel{ID: fmt.Sprintf("link-%d", i), Label: sent.Email, Text: sent.Link,
			Copy: "Copy link", Secret: true})
		if sent.Mailed {
			mailed++
		}
		if sent.MailError != nil {
			m.Notices = append(m.Notices, component.NoticeModel{Kind: "danger",
				Text: "The email to " + sent.Email + " could not be sent. The link below still works."})
		}
	}
	if mailed > 0 {
		m.Notices = append(m.Notices, component.NoticeModel{Kind: "success", Text: kit.Count(mailed, "email was", "emails were") + " sent."})
	}
	for _, s := range out.Skipped {
		m.Notices = append(m.Notices, component.NoticeModel{Kind: "info", Text: s.Email + ": " + kit.LowerFirst(s.Reason)})
	}
	return m
}

func deleteInvitationDialog(inv invitation.Invitation) *component.ConfirmModel {
	return &component.ConfirmModel{Alert: component.AlertDialogModel{ID: "delete-invitation",
		Title:       "Delete the invitation for " + inv.Email + "?",
		Consequence: "Its link stops working. You can invite the address again.",
		Action:      kit.Path(kit.InvitationPath, inv.ID) + "/delete", CancelHref: kit.InvitationPath}}
}

package people

import (
	"strings"
	"time"

	"latchkey/internal/access"
	"latchkey/internal/account"
	"latchkey/views/component"
	page "latchkey/views/page/people"
	"latchkey/web/ui/kit"
	tokenui "latchkey/web/ui/token"
)

// bulkForm is the id of the form to which the checkboxes of a member list belong.
const bulkForm = "bulk"

// bulkOf returns the form for the selected members of a list.
func bulkOf(found account.MemberPage, q kit.Paging, buttons ...component.ButtonModel) *component.BulkModel {
	return &component.BulkModel{ID: bulkForm, Label: "With the selected members", Name: kit.FieldMember, All: selectAll(found, q),
		Total: kit.Thousands(found.Total), State: q.Hidden(), Buttons: buttons}
}

// usersView returns the tab "Users". The handler adds the frame.
func usersView(found account.MemberPage, q kit.Paging, now time.Time) page.Users {
	m := page.Users{
		Card: component.CardModel{ID: "users", Title: kit.UserTitle, Flush: true,
			Description: "Everyone in the organization. Admins have full access. Policies define what members can do.",
			Action:      &component.ButtonModel{Label: "Invite users", Icon: "user-plus", Href: kit.InvitationPath + "/new", Dialog: true}},
		List: userList(found, q, "Members", now),
	}
	m.List.Bulk = bulkOf(found, q,
		component.ButtonModel{Label: "Add to groups", Context: "the selected members", Icon: "users-round",
			Variant: component.Outline, Small: true, Attrs: map[string]any{"formaction": kit.UserPath + "/add-to-groups"}},
		component.ButtonModel{Label: "Delete", Context: "the selected members", Variant: component.DangerQuiet, Small: true,
			Attrs: map[string]any{"formaction": kit.UserPath + "/delete"}})
	m.List.Table.Columns = append([]component.Column{{Label: "Select", LabelHidden: true}}, m.List.Table.Columns...)
	return m
}

// userList returns one page of members.
func userList(found account.MemberPage, q kit.Paging, caption string, now time.Time) page.UserList {
	m := page.UserList{
		Table: component.TableModel{ID: "members", Caption: caption, Columns: []component.Column{
			q.Column("Name", string(account.ByName)), q.Column("Role", string(account.ByRole)), q.Column("Workspaces", ""),
			q.Column("Groups", ""), q.Column("Tokens", string(account.ByTokens)), q.Column("Last seen", string(account.ByLastSeen)),
			{Label: "Actions", LabelHidden: true, End: true},
		}},
		Filter: q.Filter("members-filter", "Search members", "Name or email"),
		Pages:  q.Pages(len(found.Rows), found.Total, "member", "members"),
	}
	m.Table.Columns[4].End = true
	for _, row := range found.Rows {
		m.Rows = append(m.Rows, userRow(row, now))
	}
	if len(m.Rows) == 0 {
		m.None = &component.EmptyModel{Title: kit.NoRows(q.Page, found.Total, "No member matches this search."), Inside: true}
	}
	return m
}

func userRow(row account.MemberRow, now time.Time) page.UserRow {
	u := page.UserRow{
		ID: row.ID, Name: row.Name, Email: row.Email, Href: kit.Path(kit.UserPath, row.ID), Role: roleBadge(row.Role),
		Workspaces: namedList(row.Workspaces), Groups: namedList(row.Groups), Tokens: kit.Thousands(row.LiveTokens),
		LastSeen: kit.When(row.LastSeenAt, now), Menu: memberMenu(row.Member),
	}
	if row.Role == access.RoleAdmin {
		u.Workspaces = "All"
	}
	if row.Status != account.Active {
		state := memberState(row.Member)
		u.State = &state
	}
	return u
}

func roleBadge(r access.Role) component.BadgeModel {
	m := component.BadgeModel{Text: kit.RoleLabel(r)}
	if r == access.RoleAdmin {
		m.Tone = component.Info
	}
	return m
}

func memberState(m account.Member) component.StateModel {
	if m.Status == account.Active {
		return component.StateModel{Text: "Active", Tone: component.Good}
	}
	return component.StateModel{Text: "Deactivated", Tone: component.Neutral, Title: "Cannot sign in. Tokens are suspended."}
}

// namedList returns the text of a cell that lists a few names and counts the others.
func namedList(list []account.Named) string {
	if len(list) == 0 {
		return "–"
	}
	names := make([]string, 0, len(list))
	for _, n := range list {
		names = append(names, n.Name)
	}
	if len(names) > kit.MaxNames {
		names = append(names[:kit.MaxNames-1:kit.MaxNames-1], kit.Thousands(len(names)-kit.MaxNames+1)+" more")
	}
	return strings.Join(names, ", ")
}

// memberMenu returns the menu of a member. Every change in it asks for confirmation.
func memberMenu(m account.Member) component.MenuModel {
	menu := component.MenuModel{Label: "Actions for " + m.Name, Items: []component.MenuItem{
		{Label: "View member details", Href: kit.Path(kit.UserPath, m.ID)},
		{Label: "Add to groups", Href: kit.WithQuery(kit.UserPath+"/add-to-groups", kit.FieldMember, m.ID), Dialog: true},
	}}
	for _, b := range memberButtons(m) {
		menu.Items = append(menu.Items, component.MenuItem{Label: b.Label, Href: b.Href, Danger: b.Variant == component.DangerQuiet,
			Dialog: true})
	}
	return menu
}

// memberButtons returns the changes of a member, the least severe first.
func memberButtons(m account.Member) []component.ButtonModel {
	at := kit.Path(kit.UserPath, m.ID)
	role := component.ButtonModel{Label: "Make Admin", Href: at + "/make-admin", Variant: component.Outline}
	if m.Role == access.RoleAdmin {
		role = component.ButtonModel{Label: "Make Member", Href: at + "/make-member", Variant: component.Outline}
	}
	status := component.ButtonModel{Label: "Deactivate", Href: at + "/deactivate", Variant: component.DangerQuiet}
	if m.Status != account.Active {
		status = component.ButtonModel{Label: "Reactivate", Href: at + "/reactivate", Variant: component.Outline}
	}
	remove := component.ButtonModel{Label: "Delete member", Href: kit.WithQuery(kit.UserPath+"/delete", kit.FieldMember, m.ID),
		Variant: component.DangerQuiet}
	return []component.ButtonModel{role, status, remove}
}

// groupsDialog asks to which groups members are added.
func groupsDialog(members string, groups []account.GroupRow, plan access.Plan, form map[string][]string,
	errors kit.FieldErrors) *component.FormDialogModel {
	m := &component.FormDialogModel{
		Dialog: component.DialogModel{ID: "add-to-groups", Title: "Add to groups", CloseHref: kit.UserPath,
			Description: "Add " + members + " to one or more groups."},
		Action: kit.UserPath + "/add-to-groups", Errors: kit.FormErrors(errors, fieldGroups),
		Submit: component.ButtonModel{Label: "Add to groups"},
	}
	if len(groups) > 0 {
		m.Fields = []component.FormField{kit.BoxesItem(kit.BoxesField(fieldGroups, "Groups", "", form, errors, groupChoices(groups)))}
		return m
	}
	m.Notice = &component.NoticeModel{Kind: "info", Title: "There are no groups yet", Text: "A group gives all its members the same policies.",
		Links: []component.Link{{Label: "Create group", Href: kit.GroupPath + "/new"}}}
	if !plan.Has(access.FeatureGroups) {
		m.Notice.Title, m.Notice.Text, m.Notice.Links = "The "+plan.Label()+" plan has no groups", access.UpgradeText, nil
	}
	m.Submit = component.ButtonModel{Label: "Add to groups", Disabled: true}
	return m
}

// deleteMembersDialog returns the confirmation, with the invitations and tokens that stop working.
func deleteMembersDialog(members []account.Member, ends account.Credentials, back string, at kit.Visit) *component.ConfirmModel {
	title := "Delete " + kit.Count(len(members), "member", "members") + "?"
	if len(members) == 1 {
		title = "Delete member " + members[0].Name + "?"
	}
	m := &component.ConfirmModel{Alert: component.AlertDialogModel{
		ID: "delete-members", Title: title, Action: kit.UserPath + "/delete", CancelHref: kit.UserPath,
		Consequence: "Their sessions end and their personal access tokens are revoked. To return, they need a new invitation. This cannot be " +
			"undone.",
	}}
	if len(members) > 1 {
		m.Alert.Details = append(m.Alert.Details, "Affects "+memberNames(members)+".")
	}
	endedInvitations(m, ends.Invitations, at.Now)
	breaks(m, ends.Tokens, len(members) > 1, back, at)
	return m
}

// maxBreaks is how many invitations a dialog lists, and maxOffers how many tokens.
const (
	maxBreaks = 8
	maxOffers = 25
)

// breaks adds the tokens that stop working, the most recently used first, and offers to replace each of
// them by a service token. back is the address of the dialog, to go on afterwards.
func breaks(m *component.ConfirmModel, tokens []account.HeldToken, several bool, back string, at kit.Visit) {
	if len(tokens) == 0 {
		m.Alert.Details = append(m.Alert.Details, "No live personal access tokens are affected.")
		return
	}
	offered := at.Organization.Plan.Has(access.FeatureTokens)
	if offered {
		m.Alert.Details = append(m.Alert.Details, "For production, replace a token with a service access token first: "+
			"it isn't tied to a person. The personal token keeps working until you confirm this.")
	}
	m.Alert.Details = append(m.Alert.Details,
		kit.Count(len(tokens), "live personal access token stops", "live personal access tokens stop")+" working:")
	for i, t := range tokens {
		if i == maxOffers {
			m.Alert.Offers = append(m.Alert.Offers, component.Offer{
				Text: "And " + kit.Thousands(len(tokens)-i) + " more, last used earlier or never.",
				Link: component.Link{Label: "See all tokens", Href: inventoryOf(tokens)}})
			break
		}
		line := t.Name + " (" + t.Hint + ")"
		if several {
			line += " of " + t.OwnerName
		}
		if t.WorkspaceName != "" {
			line += " in " + t.WorkspaceName
		}
		line += ", " + lastUsedWords(t.LastUsedAt, at.Now) + "."
		if !offered {
			m.Alert.Details = append(m.Alert.Details, line)
			continue
		}
		m.Alert.Offers = append(m.Alert.Offers, component.Offer{Text: line, Context: "instead of " + t.Name,
			Link: component.Link{Label: "Replace with a service token", Href: tokenui.ReplaceHref(t.ID, back)}})
	}
}

// inventoryOf returns the address of the inventory: of the tokens of their owner, or of all if they have several.
func inventoryOf(tokens []account.HeldToken) string {
	for _, t := range tokens {
		if t.Owner != tokens[0].Owner {
			return kit.InventoryPath
		}
	}
	return tokenui.HeldByHref(tokens[0].Owner)
}

// endedInvitations adds the open invitations that end with a member's access, and says why.
func endedInvitations(m *component.ConfirmModel, list []account.OpenInvitation, now time.Time) {
	if len(list) == 0 {
		return
	}
	m.Alert.Details = append(m.Alert.Details, kit.Count(len(list), "pending invitation ends", "pending invitations end")+
		" too, because it was sent to this address or invites an Admin in this member's name:")
	for i, inv := range list {
		if i == maxBreaks {
			m.Alert.Details = append(m.Alert.Details, "and "+kit.Thousands(len(list)-i)+" more.")
			break
		}
		m.Alert.Details = append(m.Alert.Details, inv.Email+" as "+kit.RoleLabel(inv.Role)+", invited by "+inv.InvitedByName+", expires "+
			kit.Relative(inv.ExpiresAt, now)+".")
	}
}

func lastUsedWords(t, now time.Time) string {
	if t.IsZero() {
		return "never used"
	}
	return "last used " + kit.Relative(t, now)
}

func deletedText(gone []account.Member) string {
	if len(gone) == 1 {
		return "Member " + gone[0].Name + " was deleted."
	}
	return kit.Count(len(gone), "member was", "members were") + " deleted."
}

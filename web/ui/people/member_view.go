package people

import (
	"net/url"
	"slices"
	"time"

	"latchkey/internal/access"
	"latchkey/internal/account"
	"latchkey/internal/policy"
	"latchkey/internal/token"
	"latchkey/views/component"
	page "latchkey/views/page/people"
	"latchkey/web/ui/kit"
	policyui "latchkey/web/ui/policy"
	tokenui "latchkey/web/ui/token"
)

// memberView returns the page "Member details". The handler adds the frame and the tokens.
func memberView(d account.MemberDetails, held policy.Held, view policy.AccessView, catalogue *access.Catalogue, now time.Time) page.Member {
	at := kit.Path(kit.UserPath, d.Member.ID)
	m := page.Member{
		Header: component.PageHeaderModel{Title: d.Member.Name, Description: d.Member.Email,
			Back: &component.Link{Label: "Users", Href: kit.UserPath},
			More: []component.ButtonModel{{Label: "Add to groups", Icon: "users-round", Variant: component.Outline, Dialog: true,
				Href: kit.WithQuery(kit.UserPath+"/add-to-groups", kit.FieldMember, d.Member.ID)}}},
		Card:  component.CardModel{ID: "member", Title: "Member details"},
		State: memberState(d.Member), LastSeen: kit.When(d.Member.LastSeenAt, now),
		Facts: []component.Definition{
			{Term: "Email", Text: d.Member.Email}, {Term: "Role", Text: kit.RoleLabel(d.Member.Role)},
			{Term: "Groups", Text: namedList(d.Groups)}, {Term: "Member since", Text: kit.Absolute(d.Member.CreatedAt, now)},
		},
		Access: policyui.AccessList(view, catalogue, at+"/access-policy", "What "+d.Member.Name+" can do now, and where it comes from."),
		Danger: component.CardModel{ID: "danger", Title: "Change or remove", Danger: true},
		Acts:   memberActs(d.Member),
	}
	if !d.Member.AdminUntil.IsZero() && d.Member.Role != access.RoleAdmin {
		m.Facts = slices.Insert(m.Facts, 2, component.Definition{Term: "Earlier role",
			Text: "Was an Admin until " + kit.Absolute(d.Member.AdminUntil, now) + "."})
	}
	if d.Member.Status != account.Active {
		m.Notice = &component.NoticeModel{Kind: "warning", Title: "Deactivated",
			Text: d.Member.Name + " cannot sign in, and all their personal access tokens are suspended. The access below applies after " +
				"reactivation."}
	}
	m.Policies = memberPolicies(d.Member, held, catalogue, at, now)
	return m
}

// memberPolicies returns the section "Member Workspace Policies".
func memberPolicies(member account.Member, held policy.Held, catalogue *access.Catalogue, at string, now time.Time) page.PolicyList {
	m := policyListView(held.Policies, catalogue, at, now)
	m.Card = component.CardModel{ID: "member-policies", Title: "Member Workspace Policies", Flush: true,
		Description: "Each policy gives the member access to a workspace, in addition to what the baseline and groups grant there."}
	add := &component.ButtonModel{Label: "Add workspace policy", Icon: "plus", Href: at + "/policies/new", Dialog: true,
		Variant: component.Outline}
	switch {
	case member.Role == access.RoleAdmin:
		m.Card.Description = "Admins have full access to every workspace. Policies have no effect while the role lasts, and are removed when " +
			"it ends."
		add = nil
	case len(held.Outside) == 0:
		add = nil
	}
	if m.Card.Action = add; len(m.Rows) == 0 {
		m.Card.Action = nil
		m.Empty = &component.EmptyModel{Icon: "layers", Inside: true, Title: "No workspace policies for " + member.Name, Action: add,
			Text: "A workspace policy gives one member access to one workspace.", Hint: "If several members need the same access, use a group."}
	}
	return m
}

// policyListView returns the list of policies of the member or group whose page is at.
func policyListView(policies []policy.Placed, catalogue *access.Catalogue, at string, now time.Time) page.PolicyList {
	m := page.PolicyList{Table: component.TableModel{Caption: "Workspace policies", Columns: []component.Column{
		{Label: "Workspace"}, {Label: "Grants"}, {Label: "Changed"}, {Label: "Actions", LabelHidden: true, End: true}}}}
	for _, p := range policies {
		href := kit.Path(at+"/policies", p.Workspace)
		m.Rows = append(m.Rows, page.PolicyRow{Workspace: p.WorkspaceName, Href: href, Summary: policyui.Gives(catalogue, p.Body),
			Updated: kit.When(p.UpdatedAt, now), By: p.UpdatedBy,
			Buttons: []component.ButtonModel{
				{Label: "Edit", Context: p.WorkspaceName, Href: href, Variant: component.Ghost, Small: true},
				{Label: "Remove", Context: p.WorkspaceName, Href: href + "/remove", Variant: component.DangerQuiet, Small: true, Dialog: true},
			}})
	}
	return m
}

// memberTokens returns the section with a member's tokens.
func memberTokens(owner account.Member, tokens token.Listed, q tokenui.ListQuery, now time.Time) page.MemberTokens {
	m := page.MemberTokens{
		Card: component.CardModel{ID: "member-tokens", Title: kit.PersonalTokenTitle, Flush: true,
			Description: "Created by " + owner.Name + ". They act with " + owner.Name + "'s access, limited by scope."},
		List: tokenui.List(tokens, q, kit.Path(kit.UserPath, owner.ID)+"/tokens", "Personal access tokens of "+owner.Name, now),
	}
	m.List.ShowWorkspace, m.List.ShowScope = true, true
	m.List.Table.Columns = q.Columns([2]string{"Name", "name"}, [2]string{"Workspace and scope", ""},
		[2]string{"Created", "created"}, [2]string{"Last used", "used"}, [2]string{"Expires", "expires"}, [2]string{"State", ""})
	if tokens.Total == 0 {
		m.List.Empty = &component.EmptyModel{Icon: "key-round", Title: "No personal access tokens", Inside: true,
			Text: "Members generate their own tokens, on their profile."}
	}
	return m
}

// memberActs returns the changes of a member, each with its consequence.
func memberActs(m account.Member) []page.MemberAct {
	texts := map[string]string{
		"Send reset link": "Creates a link that sets a new password, for 15 minutes.",
		"Make Admin":      "Admins have full access to every workspace and manage the organization.",
		"Make Member":     "Keeps baseline access in every workspace. Existing policies and group memberships are removed.",
		"Deactivate":      "Ends sessions, and suspends personal access tokens until reactivation.",
		"Reactivate":      "Personal access tokens work again, and the member can sign in.",
		"Delete member":   "Ends sessions and revokes personal access tokens. This cannot be undone.",
	}
	var acts []page.MemberAct
	buttons := memberButtons(m)
	if m.Status == account.Active {
		buttons = slices.Insert(buttons, 0, component.ButtonModel{Label: "Send reset link", Variant: component.Outline,
			Href: kit.Path(kit.UserPath, m.ID) + recoveryPath})
	}
	for _, b := range buttons {
		b.Dialog, b.Small = true, true
		acts = append(acts, page.MemberAct{Text: texts[b.Label], Button: b})
	}
	return acts
}

func memberAlert(m account.Member, id, title, consequence, confirm string) *component.ConfirmModel {
	return &component.ConfirmModel{Alert: component.AlertDialogModel{ID: id, Title: title, Consequence: consequence, Confirm: confirm,
		CancelHref: kit.Path(kit.UserPath, m.ID)}}
}

func makeAdminDialog(m account.Member, _ account.Credentials, _ kit.Visit) *component.ConfirmModel {
	return memberAlert(m, "make-admin", "Make "+m.Name+" an Admin?",
		"Admins have full access to every workspace and manage members, groups, policies and tokens.", "Make Admin")
}

func makeMemberDialog(m account.Member, ends account.Credentials, at kit.Visit) *component.ConfirmModel {
	dialog := memberAlert(m, "make-member", "Make "+m.Name+" a Member?",
		"They keep baseline access in every workspace. Existing policies and group memberships are removed, except in groups that the "+
			"identity provider manages.", "Make Member")
	if n := len(ends.Tokens); n > 0 {
		dialog.Alert.Details = []string{kit.Count(n, "live personal access token loses", "live personal access tokens lose") +
			" permissions immediately."}
	}
	endedInvitations(dialog, ends.Invitations, at.Now)
	return dialog
}

func deactivateDialog(m account.Member, ends account.Credentials, at kit.Visit) *component.ConfirmModel {
	dialog := memberAlert(m, "deactivate", "Deactivate "+m.Name+"?",
		"All sessions end. Personal access tokens are suspended immediately and work again after reactivation.", "Deactivate")
	endedInvitations(dialog, ends.Invitations, at.Now)
	breaks(dialog, ends.Tokens, false, kit.Path(kit.UserPath, m.ID, "deactivate"), at)
	return dialog
}

func reactivateDialog(m account.Member, ends account.Credentials, _ kit.Visit) *component.ConfirmModel {
	dialog := memberAlert(m, "reactivate", "Reactivate "+m.Name+"?", "They can sign in again, and their personal access tokens work again.",
		"Reactivate")
	if n := len(ends.Tokens); n > 0 {
		dialog.Alert.Details = []string{kit.Count(n, "personal access token works", "personal access tokens work") + " again."}
	}
	return dialog
}

// newPolicyDialog asks in which workspace to add a policy.
func newPolicyDialog(at string, outside []account.Workspace) *component.FormDialogModel {
	options := make([]component.SelectOption, len(outside))
	for i, w := range outside {
		options[i] = component.SelectOption{Value: w.ID, Label: w.Name}
	}
	m := &component.FormDialogModel{
		Dialog: component.DialogModel{ID: "new-policy", Title: "Add workspace policy", CloseHref: at,
			Description: "You define the policy in the next step."},
		Action: at + "/policies/new", Submit: component.ButtonModel{Label: "Next"},
		Fields: []component.FormField{kit.SelectItem(kit.SelectField(kit.FieldWorkspace, "Workspace", url.Values{}, nil, options...))},
	}
	if len(outside) == 0 {
		m.Fields, m.Submit.Disabled = nil, true
		m.Notice = &component.NoticeModel{Kind: "info", Text: "Every workspace already has a policy."}
	}
	return m
}

package people

import (
	"net/url"
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

// memberView is the page "Member details"; frame and tokens are added by the handler.
func memberView(d account.MemberDetails, held policy.Held, view policy.AccessView, catalogue *access.Catalogue, now time.Time) page.Member {
	at := kit.Path(kit.UserPath, d.Member.ID)
	m := page.Member{
		Header: component.PageHeaderModel{Title: d.Member.Name, Description: d.Member.Email, Back: &component.Link{Label: "Users", Href: kit.UserPath},
			More: []component.ButtonModel{{Label: "Add to groups", Icon: "users-round", Variant: component.Outline, Dialog: true,
				Href: kit.WithQuery(kit.UserPath+"/add-to-groups", kit.FieldMember, d.Member.ID)}}},
		Card:  component.CardModel{ID: "member", Title: "Member details"},
		State: memberState(d.Member), LastSeen: kit.When(d.Member.LastSeenAt, now),
		Facts: []component.Definition{
			{Term: "E-mail", Text: d.Member.Email}, {Term: "Role", Text: kit.RoleLabel(d.Member.Role)},
			{Term: "Groups", Text: namedList(d.Groups)}, {Term: "Member since", Text: kit.Absolute(d.Member.CreatedAt)},
		},
		Access: policyui.AccessList(view, catalogue, at+"/access-policy", "What "+d.Member.Name+" may do today, and where it comes from."),
		Danger: component.CardModel{ID: "danger", Title: "Change or remove", Danger: true},
		Acts:   memberActs(d.Member),
	}
	if d.Member.Status != account.Active {
		m.Notice = &component.NoticeModel{Kind: "warning", Title: "Deactivated",
			Text: d.Member.Name + " cannot sign in and all personal access tokens are suspended, until reactivation. What follows is what would apply then."}
	}
	m.Policies = memberPolicies(d.Member, held, catalogue, at, now)
	return m
}

// memberPolicies is the section "Member Workspace Policies".
func memberPolicies(member account.Member, held policy.Held, catalogue *access.Catalogue, at string, now time.Time) page.PolicyList {
	m := policyListView(held.Policies, catalogue, at, now)
	m.Card = component.CardModel{ID: "member-policies", Title: "Member Workspace Policies", Flush: true,
		Description: "Each puts the member into a workspace and adds to what the baseline and the groups give there."}
	add := &component.ButtonModel{Label: "Add workspace policy", Icon: "plus", Href: at + "/policies/new", Dialog: true, Variant: component.Outline}
	switch {
	case member.Role == access.RoleAdmin:
		m.Card.Description = "An Admin may do everything in every workspace. Policies make no difference while the role lasts, and go when it is taken away."
		add = nil
	case len(held.Outside) == 0:
		add = nil
	}
	if m.Card.Action = add; len(m.Rows) == 0 {
		m.Card.Action = nil
		m.Empty = &component.EmptyModel{Icon: "layers", Inside: true, Title: "No policy of " + member.Name + "'s own", Action: add,
			Text: "A workspace policy puts one member into one workspace.", Hint: "For several members who need the same, a group is right."}
	}
	return m
}

// policyListView lists the policies of a member or group, whose page is at.
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

// memberTokens is the section of a member's tokens.
func memberTokens(owner account.Member, tokens []token.Token, q tokenui.ListQuery, now time.Time) page.MemberTokens {
	m := page.MemberTokens{
		Card: component.CardModel{ID: "member-tokens", Title: kit.PersonalTokenTitle, Flush: true,
			Description: "Made by " + owner.Name + ". They act with " + owner.Name + "'s access, limited by their scope."},
		List: tokenui.List(tokens, q, kit.Path(kit.UserPath, owner.ID)+"/tokens", "Personal access tokens of "+owner.Name, now),
	}
	m.List.ShowWorkspace, m.List.ShowScope = true, true
	m.List.Table.Columns = q.Columns([2]string{"Name", "name"}, [2]string{"Workspace and scope", ""},
		[2]string{"Created", "created"}, [2]string{"Last used", "used"}, [2]string{"Expires", "expires"}, [2]string{"State", ""})
	if len(tokens) == 0 {
		m.List.Empty = &component.EmptyModel{Icon: "key-round", Title: "No personal access tokens", Inside: true,
			Text: "Only members themselves can make them, on their own profile."}
	}
	return m
}

// memberActs explains the changes beside their buttons.
func memberActs(m account.Member) []page.MemberAct {
	texts := map[string]string{
		"Make Admin":    "An Admin may do everything in every workspace and manage the organization.",
		"Make Member":   "Leaves baseline access in every workspace. Policies and group memberships from before are removed.",
		"Deactivate":    "Suspends sessions and personal access tokens until reactivation. Nothing is lost.",
		"Reactivate":    "Sessions and personal access tokens work again.",
		"Delete member": "Ends sessions and revokes personal access tokens for good.",
	}
	var acts []page.MemberAct
	for _, b := range memberButtons(m) {
		b.Dialog, b.Small = true, true
		acts = append(acts, page.MemberAct{Text: texts[b.Label], Button: b})
	}
	return acts
}

func memberAlert(m account.Member, id, title, consequence, confirm string) *component.ConfirmModel {
	return &component.ConfirmModel{Alert: component.AlertDialogModel{ID: id, Title: title, Consequence: consequence, Confirm: confirm, CancelHref: kit.Path(kit.UserPath, m.ID)}}
}

func makeAdminDialog(m account.Member, _ []account.HeldToken, _ kit.Visit) *component.ConfirmModel {
	return memberAlert(m, "make-admin", "Make "+m.Name+" an Admin?",
		"An Admin may do everything in every workspace and manage members, groups, policies and tokens.", "Make Admin")
}

func makeMemberDialog(m account.Member, tokens []account.HeldToken, _ kit.Visit) *component.ConfirmModel {
	dialog := memberAlert(m, "make-member", "Make "+m.Name+" a Member?",
		"This leaves baseline access in every workspace. Policies and group memberships from before are removed, except in groups that the identity provider manages.", "Make Member")
	if len(tokens) > 0 {
		dialog.Alert.Details = []string{kit.Count(len(tokens), "live personal access token shrinks", "live personal access tokens shrink") + " with it, at once."}
	}
	return dialog
}

func deactivateDialog(m account.Member, tokens []account.HeldToken, at kit.Visit) *component.ConfirmModel {
	dialog := memberAlert(m, "deactivate", "Deactivate "+m.Name+"?",
		"Sessions and personal access tokens are suspended at once and come back with reactivation.", "Deactivate")
	breaks(dialog, tokens, false, at.Now)
	return dialog
}

func reactivateDialog(m account.Member, tokens []account.HeldToken, _ kit.Visit) *component.ConfirmModel {
	dialog := memberAlert(m, "reactivate", "Reactivate "+m.Name+"?", "Signing in and personal access tokens work again.", "Reactivate")
	if len(tokens) > 0 {
		dialog.Alert.Details = []string{kit.Count(len(tokens), "personal access token comes", "personal access tokens come") + " back."}
	}
	return dialog
}

// newPolicyDialog asks for a workspace to add a policy in.
func newPolicyDialog(at string, outside []account.Workspace) *component.FormDialogModel {
	options := make([]component.SelectOption, len(outside))
	for i, w := range outside {
		options[i] = component.SelectOption{Value: w.ID, Label: w.Name}
	}
	m := &component.FormDialogModel{
		Dialog: component.DialogModel{ID: "new-policy", Title: "Add workspace policy", CloseHref: at, Description: "The policy itself comes next."},
		Action: at + "/policies/new", Submit: component.ButtonModel{Label: "Next"},
		Fields: []component.FormField{kit.SelectItem(kit.SelectField(kit.FieldWorkspace, "Workspace", url.Values{}, nil, options...))},
	}
	if len(outside) == 0 {
		m.Fields, m.Submit.Disabled = nil, true
		m.Notice = &component.NoticeModel{Kind: "info", Text: "There is a policy in every workspace already."}
	}
	return m
}

package ui

import (
	"net/url"
	"time"

	"latchkey/internal/access"
	"latchkey/internal/account"
	"latchkey/internal/token"
	"latchkey/views/component"
	peoplepage "latchkey/views/page/people"
)

// memberView is the page "Member details"; frame and tokens are added by the handler.
func memberView(d account.MemberDetails, view account.AccessView, catalogue *access.Catalogue, now time.Time) peoplepage.Member {
	at := path(userPath, d.Member.ID)
	m := peoplepage.Member{
		Header: component.PageHeaderModel{Title: d.Member.Name, Description: d.Member.Email, Back: &component.Link{Label: "Users", Href: userPath},
			More: []component.ButtonModel{{Label: "Add to groups", Icon: "users-round", Variant: component.Outline, Dialog: true,
				Href: withQuery(userPath+"/add-to-groups", fieldMember, d.Member.ID)}}},
		Card:  component.CardModel{ID: "member", Title: "Member details"},
		State: memberState(d.Member), LastSeen: timeView(d.Member.LastSeenAt, now),
		Facts: []component.Definition{
			{Term: "E-mail", Text: d.Member.Email}, {Term: "Role", Text: roleLabel(d.Member.Role)},
			{Term: "Groups", Text: namedList(d.Groups)}, {Term: "Member since", Text: absolute(d.Member.CreatedAt)},
		},
		Access: accessListView(view, catalogue, at+"/access-policy", "What "+d.Member.Name+" may do today, and where it comes from."),
		Danger: component.CardModel{ID: "danger", Title: "Change or remove", Danger: true},
		Acts:   memberActs(d.Member),
	}
	if d.Member.Status != account.Active {
		m.Notice = &component.NoticeModel{Kind: "warning", Title: "Deactivated",
			Text: d.Member.Name + " cannot sign in and all personal access tokens are suspended, until reactivation. What follows is what would apply then."}
	}
	m.Policies = memberPolicies(d, catalogue, at, now)
	return m
}

// memberPolicies is the section "Member Workspace Policies".
func memberPolicies(d account.MemberDetails, catalogue *access.Catalogue, at string, now time.Time) peoplepage.PolicyList {
	m := policyListView(d.Policies, catalogue, at, now)
	m.Card = component.CardModel{ID: "member-policies", Title: "Member Workspace Policies", Flush: true,
		Description: "Each puts the member into a workspace and adds to what the baseline and the groups give there."}
	add := &component.ButtonModel{Label: "Add workspace policy", Icon: "plus", Href: at + "/policies/new", Dialog: true, Variant: component.Outline}
	switch {
	case d.Member.Role == access.RoleAdmin:
		m.Card.Description = "An Admin may do everything in every workspace. Policies make no difference while the role lasts, and go when it is taken away."
		add = nil
	case len(d.Outside) == 0:
		add = nil
	}
	if m.Card.Action = add; len(m.Rows) == 0 {
		m.Card.Action = nil
		m.Empty = &component.EmptyModel{Icon: "layers", Inside: true, Title: "No policy of " + d.Member.Name + "'s own", Action: add,
			Text: "A workspace policy puts one member into one workspace.", Hint: "For several members who need the same, a group is right."}
	}
	return m
}

// policyListView lists the policies of a member or group, whose page is at.
func policyListView(policies []account.PlacedPolicy, catalogue *access.Catalogue, at string, now time.Time) peoplepage.PolicyList {
	m := peoplepage.PolicyList{Table: component.TableModel{Caption: "Workspace policies", Columns: []component.Column{
		{Label: "Workspace"}, {Label: "Gives"}, {Label: "Changed"}, {Label: "Actions", LabelHidden: true, End: true}}}}
	for _, p := range policies {
		href := path(at+"/policies", p.Workspace)
		m.Rows = append(m.Rows, peoplepage.PolicyRow{Workspace: p.WorkspaceName, Href: href, Summary: givesLines(catalogue, p.Body),
			Updated: timeView(p.UpdatedAt, now), By: p.UpdatedBy,
			Buttons: []component.ButtonModel{
				{Label: "Edit", Context: p.WorkspaceName, Href: href, Variant: component.Ghost, Small: true},
				{Label: "Remove", Context: p.WorkspaceName, Href: href + "/remove", Variant: component.DangerQuiet, Small: true, Dialog: true},
			}})
	}
	return m
}

// givesLines says in short what a policy gives, without the names of resources, and what in
// it is not known any more.
func givesLines(catalogue *access.Catalogue, p access.Policy) []string {
	return append(effectiveLines(catalogue, p), unknownLines(catalogue, p)...)
}

// effectiveLines says what a policy allows; never empty.
func effectiveLines(catalogue *access.Catalogue, p access.Policy) []string {
	lines := policyWords{catalogue: catalogue}.phrases(catalogue.Known(p))
	for i, line := range lines {
		lines[i] = upperFirst(line)
	}
	if len(lines) == 0 {
		lines = []string{"View only"}
	}
	return lines
}

// unknownLines names what a policy holds that the catalogue does not have any more.
func unknownLines(catalogue *access.Catalogue, p access.Policy) []string {
	var lines []string
	for _, permission := range catalogue.Unknown(p) {
		lines = append(lines, string(permission)+" is not known any more and allows nothing")
	}
	return lines
}

// memberTokens is the section of a member's tokens.
func memberTokens(owner account.Member, tokens []token.Token, q listQuery, now time.Time) peoplepage.MemberTokens {
	m := peoplepage.MemberTokens{
		Card: component.CardModel{ID: "member-tokens", Title: patTitle, Flush: true,
			Description: "Made by " + owner.Name + ". They act with " + owner.Name + "'s access, limited by their scope."},
		List: tokenList(tokens, q, path(userPath, owner.ID)+"/tokens", "Personal access tokens of "+owner.Name, now),
	}
	m.List.ShowWorkspace, m.List.ShowScope = true, true
	m.List.Table.Columns = q.columns([2]string{"Name", "name"}, [2]string{"Workspace and scope", ""},
		[2]string{"Created", "created"}, [2]string{"Last used", "used"}, [2]string{"Expires", "expires"}, [2]string{"State", ""})
	if len(tokens) == 0 {
		m.List.Empty = &component.EmptyModel{Icon: "key-round", Title: "No personal access tokens", Inside: true,
			Text: "Only members themselves can make them, on their own profile."}
	}
	return m
}

// memberActs explains the changes beside their buttons.
func memberActs(m account.Member) []peoplepage.MemberAct {
	texts := map[string]string{
		"Make Admin":    "An Admin may do everything in every workspace and manage the organization.",
		"Make Member":   "Leaves baseline access in every workspace. Policies and group memberships from before are removed.",
		"Deactivate":    "Suspends sessions and personal access tokens until reactivation. Nothing is lost.",
		"Reactivate":    "Sessions and personal access tokens work again.",
		"Delete member": "Ends sessions and revokes personal access tokens for good.",
	}
	var acts []peoplepage.MemberAct
	for _, b := range memberButtons(m) {
		b.Dialog, b.Small = true, true
		acts = append(acts, peoplepage.MemberAct{Text: texts[b.Label], Button: b})
	}
	return acts
}

func memberAlert(m account.Member, id, title, consequence, confirm string) *component.ConfirmModel {
	return &component.ConfirmModel{Alert: component.AlertDialogModel{ID: id, Title: title, Consequence: consequence, Confirm: confirm, CancelHref: path(userPath, m.ID)}}
}

func makeAdminDialog(m account.Member, _ []account.HeldToken, _ visit) *component.ConfirmModel {
	return memberAlert(m, "make-admin", "Make "+m.Name+" an Admin?",
		"An Admin may do everything in every workspace and manage members, groups, policies and tokens.", "Make Admin")
}

func makeMemberDialog(m account.Member, tokens []account.HeldToken, _ visit) *component.ConfirmModel {
	dialog := memberAlert(m, "make-member", "Make "+m.Name+" a Member?",
		"This leaves baseline access in every workspace. Policies and group memberships from before are removed, except in groups that the identity provider manages.", "Make Member")
	if len(tokens) > 0 {
		dialog.Alert.Details = []string{count(len(tokens), "live personal access token shrinks", "live personal access tokens shrink") + " with it, at once."}
	}
	return dialog
}

func deactivateDialog(m account.Member, tokens []account.HeldToken, at visit) *component.ConfirmModel {
	dialog := memberAlert(m, "deactivate", "Deactivate "+m.Name+"?",
		"Sessions and personal access tokens are suspended at once and come back with reactivation.", "Deactivate")
	breaks(dialog, tokens, false, at.now)
	return dialog
}

func reactivateDialog(m account.Member, tokens []account.HeldToken, _ visit) *component.ConfirmModel {
	dialog := memberAlert(m, "reactivate", "Reactivate "+m.Name+"?", "Signing in and personal access tokens work again.", "Reactivate")
	if len(tokens) > 0 {
		dialog.Alert.Details = []string{count(len(tokens), "personal access token comes", "personal access tokens come") + " back."}
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
		Fields: []component.FormField{selectItem(selectField(fieldWorkspace, "Workspace", url.Values{}, nil, options...))},
	}
	if len(outside) == 0 {
		m.Fields, m.Submit.Disabled = nil, true
		m.Notice = &component.NoticeModel{Kind: "info", Text: "There is a policy in every workspace already."}
	}
	return m
}

package ui

import (
	"slices"
	"strings"

	"latchkey/internal/access"
	"latchkey/internal/account"
	"latchkey/internal/token"
	"latchkey/views/component"
	profilepage "latchkey/views/page/profile"
	tokenpage "latchkey/views/page/token"
)

// profileView is the page "Your Profile"; the frame is added by the handler.
func profileView(v visit, tokens []token.Token, q listQuery, admin bool) profilepage.Profile {
	return profilepage.Profile{
		Header: component.PageHeaderModel{Title: "Your Profile", Description: "What is yours at " + v.Organization.Name + "."},
		Account: profilepage.Account{
			Card: component.CardModel{ID: "account", Title: "Account"},
			Facts: []component.Definition{
				{Term: "Name", Text: v.Member.Name},
				{Term: "E-mail", Text: v.Member.Email},
				{Term: "Role", Text: roleLabel(v.Principal.Role)},
			},
			Edit: []component.ButtonModel{
				{Label: "Change name", Href: profilePath + "/name", Variant: component.Outline, Small: true, Dialog: true},
				{Label: "Change password", Href: profilePath + "/password", Variant: component.Outline, Small: true, Dialog: true},
			},
		},
		Tokens: personalTokensView(v, tokens, q, admin),
	}
}

func roleLabel(r access.Role) string {
	if r == access.RoleAdmin {
		return "Admin"
	}
	return "Member"
}

func personalTokensView(v visit, tokens []token.Token, q listQuery, admin bool) tokenpage.Personal {
	m := tokenpage.Personal{
		Purpose: personalPurpose(v, admin),
		Card: component.CardModel{ID: "personal-access-tokens", Title: patTitle, Flush: true,
			Description: "They act as you, with your access policy as it is at the moment of each request, limited by their scope."},
		List: tokenList(tokens, q, patPath, "Your personal access tokens", v.now),
	}
	m.List.ShowWorkspace, m.List.ShowScope = true, true
	m.List.Table.Columns = q.columns([2]string{"Name", "name"}, [2]string{"Workspace and scope", ""},
		[2]string{"Created", "created"}, [2]string{"Last used", "used"}, [2]string{"Expires", "expires"}, [2]string{"State", ""})
	generate := &component.ButtonModel{Label: "Generate new token", Icon: "plus", Href: patPath + "/new", Dialog: true}
	if m.Refusal = personalRefusal(v); m.Refusal != nil {
		generate = nil
	}
	if len(tokens) > 0 {
		m.Card.Action = generate
		return m
	}
	m.List.Empty = &component.EmptyModel{Icon: "key-round", Title: "No personal access tokens yet", Inside: true, Action: generate,
		Text: "A personal access token lets a script or a tool on your machine use the API as you.",
		Hint: "For what runs in production or is shared with others, a service access token is right: it belongs to nobody and goes on when people leave."}
	return m
}

// personalPurpose says what personal tokens are for, and what to use in production.
func personalPurpose(v visit, admin bool) component.NoticeModel {
	m := component.NoticeModel{Kind: "info", Title: "Personal access tokens are for development and testing",
		Text: "They stop working when their owner leaves, and shrink when their owner's access does. Production and shared automation use service access tokens."}
	if admin {
		m.Links = []component.Link{{Label: "Service access tokens", Href: satPages + "/workspace"}}
	} else {
		m.Text += " " + askAdmin(v) + " for one."
	}
	return m
}

func askAdmin(v visit) string { return "Ask an Admin of " + v.Organization.Name }

// personalRefusal says why the visitor can make no token at all; nil when that is not so.
func personalRefusal(v visit) *component.NoticeModel {
	switch {
	case !v.Organization.Plan.Has(access.FeatureTokens):
		return planRefusal(v)
	case len(v.Workspaces) == 0:
		return &component.NoticeModel{Kind: "warning", Title: "You are in no workspace yet",
			Text: "A personal access token belongs to one workspace. " + askAdmin(v) + " to add you to one."}
	}
	return nil
}

// planRefusal stands instead of "Generate new token" where the plan has no tokens.
func planRefusal(v visit) *component.NoticeModel {
	return &component.NoticeModel{Kind: "warning", Title: "The " + v.Organization.Plan.Label() + " plan has no access tokens",
		Text: access.UpgradeText + " Tokens that exist go on and can be deleted."}
}

// newPersonalForm is the dialog as it opens: the only workspace is chosen already.
func newPersonalForm(v visit) tokenForm {
	f := newTokenForm()
	f.scope = string(access.ScopeReadOnly)
	if len(v.Workspaces) == 1 {
		f.workspace = v.Workspaces[0].ID
	}
	return f
}

func personalTokenDialog(v visit, f tokenForm, errors fieldErrors, may []tokenpage.MayBlock) *tokenpage.Form {
	return &tokenpage.Form{
		Dialog: component.DialogModel{ID: "new-token", Title: "New Personal Access Token", CloseHref: profilePath},
		Action: patPath, Errors: tokenErrors(errors), Hidden: []component.HiddenField{submissionField(f)},
		Name:       nameField(f, errors, "For you to recognize it: what uses it, and where."),
		Workspace:  workspaceField(v.Workspaces, f, errors),
		Scope:      scopeField(f, errors),
		Expiration: expiryField(f, errors, v.now),
		May:        may,
	}
}

// workspaceField offers workspaces. It asks first when there are several.
func workspaceField(workspaces []account.Workspace, f tokenForm, errors fieldErrors) *component.SelectModel {
	m := &component.SelectModel{ID: "token-workspace", Name: fieldWorkspace, Label: "Workspace", Error: errors[fieldWorkspace], Required: true}
	if len(workspaces) > 1 {
		m.Options = []component.SelectOption{{Value: "", Label: "Choose a workspace"}}
	}
	for _, w := range workspaces {
		m.Options = append(m.Options, component.SelectOption{Value: w.ID, Label: w.Name, Selected: w.ID == f.workspace})
	}
	return m
}

func scopeField(f tokenForm, errors fieldErrors) *component.SelectModel {
	m := &component.SelectModel{ID: "token-scope", Name: fieldScope, Label: "Scope", Error: errors[fieldScope], Required: true}
	for _, s := range creatableScopes() {
		m.Options = append(m.Options, component.SelectOption{Value: string(s), Label: s.Label(), Selected: string(s) == f.scope})
	}
	return m
}

func creatableScopes() []access.Scope {
	return []access.Scope{access.ScopeReadOnly, access.ScopeReadWrite}
}

// mayBlocks says what a new token may do, by workspace and scope: the very policy that
// will decide about it. Where resources are not known, nothing is counted and named, and
// workspaces with the same answer share a block.
func mayBlocks(c *access.Catalogue, v visit, resources map[string][]account.Resource) []tokenpage.MayBlock {
	var blocks []tokenpage.MayBlock
	for _, w := range v.Workspaces {
		list, listed := resources[w.ID]
		words := policyWords{catalogue: c, resources: byType(list), listed: listed}
		block := tokenpage.MayBlock{Workspaces: w.ID, Title: w.Name}
		for _, s := range creatableScopes() {
			p := access.EffectivePolicy(c, tokenPrincipal(v, w.ID, s), w.ID)
			phrases := append([]string{words.view()}, words.phrases(p)...)
			block.Lines = append(block.Lines, tokenpage.MayLine{Scope: string(s), Label: s.Label(),
				Text: strings.Join(phrases, "; ") + "."})
		}
		blocks = addBlock(blocks, block, listed)
	}
	return blocks
}

func addBlock(blocks []tokenpage.MayBlock, b tokenpage.MayBlock, alone bool) []tokenpage.MayBlock {
	for i, other := range blocks {
		if !alone && slices.Equal(other.Lines, b.Lines) {
			blocks[i].Workspaces += " " + b.Workspaces
			blocks[i].Title += ", " + b.Title
			return blocks
		}
	}
	return append(blocks, b)
}

func byType(list []account.Resource) map[string][]account.Resource {
	out := map[string][]account.Resource{}
	for _, r := range list {
		out[r.Type] = append(out[r.Type], r)
	}
	return out
}

// tokenPrincipal is a personal token of the visitor as it would be.
func tokenPrincipal(v visit, workspace string, s access.Scope) access.Principal {
	return access.Principal{Kind: access.PersonalToken, ID: "new", Owner: v.Principal.ID, Organization: v.Principal.Organization,
		Role: v.Principal.Role, Scope: s, Workspace: workspace, In: v.Principal.In}
}

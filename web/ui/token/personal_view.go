package token

import (
	"slices"
	"strings"

	"latchkey/internal/access"
	"latchkey/internal/account"
	"latchkey/internal/policy"
	"latchkey/internal/token"
	"latchkey/views/component"
	page "latchkey/views/page/token"
	"latchkey/web/ui/kit"
	policyui "latchkey/web/ui/policy"
)

// Section presents the section of the visitor's own tokens, with dialogs below the address base. admin reports whether the visitor may
// generate service access tokens: if so, the section links to them.
//
// rules are those that apply to the visitor.
func Section(v kit.Visit, tokens token.Listed, q ListQuery, base string, admin bool, rules token.Applied) page.Personal {
	m := page.Personal{
		Purpose: personalPurpose(v, admin),
		Card: component.CardModel{ID: "personal-access-tokens", Title: kit.PersonalTokenTitle, Flush: true,
			Description: "Tokens act on your behalf with your current permissions, limited by scope."},
		List: withRotate(List(tokens, q, base, "Your personal access tokens", v.Now), tokens.Tokens, v.Now),
	}
	m.List.ShowWorkspace, m.List.ShowScope = true, true
	m.List.Table.Columns = q.Columns([2]string{"Name", "name"}, [2]string{"Workspace and scope", ""},
		[2]string{"Created", "created"}, [2]string{"Last used", "used"}, [2]string{"Expires", "expires"}, [2]string{"State", ""})
	generate := &component.ButtonModel{Label: "Generate new token", Icon: "plus", Href: base + "/new", Dialog: true}
	if m.Refusal = personalRefusal(v, rules); m.Refusal != nil {
		generate = nil
	}
	if tokens.Total > 0 {
		m.Card.Action = generate
		return m
	}
	m.List.Empty = &component.EmptyModel{Icon: "key-round", Title: "No personal access tokens yet", Inside: true, Action: generate,
		Text: "A personal access token lets a script or a tool on your machine use the API as you.",
		Hint: "For production or shared automation, use a service access token. " +
			"It isn't tied to a person, so it keeps working when people leave."}
	return m
}

// personalPurpose returns the notice that says what personal tokens are for and what to use in production.
func personalPurpose(v kit.Visit, admin bool) component.NoticeModel {
	m := component.NoticeModel{Kind: "info", Text: "Personal access tokens are for development and testing. " +
		"For production, use"}
	if admin {
		m.Links = []component.Link{{Label: "service access tokens", Href: kit.ServiceTokenPath + "/workspace"}}
	} else {
		m.Text += " service access tokens. " + kit.AskAdmin(v) + " for one."
	}
	return m
}

// personalRefusal returns the reason why the visitor cannot generate tokens, or nil if they can.
func personalRefusal(v kit.Visit, rules token.Applied) *component.NoticeModel {
	switch {
	case !v.Organization.Plan.Has(access.FeatureTokens):
		return planRefusal(v)
	case len(v.Workspaces) == 0:
		return &component.NoticeModel{Kind: "warning", Title: "You aren't in a workspace yet",
			Text: "A personal access token belongs to one workspace. " + kit.AskAdmin(v) + " to add you to one."}
	}
	return ruleRefusal(v, rules)
}

// ruleRefusal returns the notice that the rules let the visitor generate no personal token, or nil if they do.
func ruleRefusal(v kit.Visit, rules token.Applied) *component.NoticeModel {
	switch {
	case !rules.Maker:
		return &component.NoticeModel{Kind: "warning", Title: "You can't generate personal access tokens",
			Text: "The token rules of " + v.Organization.Name + " don't let you. Existing tokens keep working until they end. You can delete them."}
	case !rules.Room:
		return &component.NoticeModel{Kind: "warning", Title: "You have as many tokens as you may have",
			Text: "The token rules of " + v.Organization.Name + " allow " +
				kit.Count(rules.MostPersonal, "personal access token", "personal access tokens") +
				" per member, not counting expired ones. Delete one to generate another."}
	}
	return nil
}

// planRefusal returns the notice that replaces "Generate new token" on a plan without tokens.
func planRefusal(v kit.Visit) *component.NoticeModel {
	return &component.NoticeModel{Kind: "warning", Title: "The " + v.Organization.Plan.Label() + " plan does not include access tokens",
		Text: access.UpgradeText + " Existing tokens keep working. You can delete them."}
}

// newPersonalForm returns the form as it opens. It preselects the workspace if there is only one.
func newPersonalForm(v kit.Visit, l limits) tokenForm {
	f := newForm(l.life())
	f.scope = string(access.ScopeReadOnly)
	if len(v.Workspaces) == 1 {
		f.workspace = v.Workspaces[0].ID
	}
	return f
}

func personalDialog(v kit.Visit, f tokenForm, errors kit.FieldErrors, l limits, may []page.MayBlock) *page.Form {
	return &page.Form{
		Dialog: component.DialogModel{ID: "new-token", Title: "New Personal Access Token", CloseHref: kit.PersonalTokenListPath},
		Action: kit.PersonalTokenListPath, Errors: formErrors(errors), Hidden: []component.HiddenField{submissionField(f)},
		Name:        nameField(f, errors, "Describe what will use this token."),
		Description: descriptionField(f.description, errors),
		Workspace:   workspaceField(v.Workspaces, f, errors),
		Scope:       scopeField(f, errors, l.Scopes()),
		Expiration:  expiryField(f, errors, l.life(), v.Now),
		More:        moreOptions(v, f, errors, l),
		May:         may,
	}
}

// workspaceField returns the choice of a workspace. If there are several, none is preselected.
func workspaceField(workspaces []account.Workspace, f tokenForm, errors kit.FieldErrors) *component.SelectModel {
	m := &component.SelectModel{ID: "token-workspace", Name: kit.FieldWorkspace, Label: "Workspace",
		Error: errors[kit.FieldWorkspace], Required: true}
	if len(workspaces) > 1 {
		m.Options = []component.SelectOption{{Value: "", Label: "Choose a workspace"}}
	}
	for _, w := range workspaces {
		m.Options = append(m.Options, component.SelectOption{Value: w.ID, Label: w.Name, Selected: w.ID == f.workspace})
	}
	return m
}

func scopeField(f tokenForm, errors kit.FieldErrors, scopes []access.Scope) *component.SelectModel {
	m := &component.SelectModel{ID: "token-scope", Name: fieldScope, Label: "Scope", Error: errors[fieldScope], Required: true}
	for _, s := range scopes {
		m.Options = append(m.Options, component.SelectOption{Value: string(s), Label: s.Label(), Selected: string(s) == f.scope})
	}
	return m
}

// mayBlocks describes what a new token may do, by workspace and scope. It reads the policy that will
// decide about the token's requests. If resources is nil, it counts and names none, and workspaces
// with the same text share a block.
func mayBlocks(c *access.Catalogue, v kit.Visit, scopes []access.Scope, resources map[string][]policy.Resource) []page.MayBlock {
	var blocks []page.MayBlock
	listed := resources != nil
	for _, w := range v.Workspaces {
		words := policyui.Words{Catalogue: c, Resources: byType(resources[w.ID]), Listed: listed}
		block := page.MayBlock{Workspaces: w.ID, Title: w.Name}
		for _, s := range scopes {
			p := access.EffectivePolicy(c, v.PersonalToken("new", w.ID, s), w.ID)
			phrases := append([]string{words.View()}, words.Phrases(p)...)
			block.Lines = append(block.Lines, page.MayLine{Scope: string(s), Label: s.Label(),
				Text: strings.Join(phrases, "; ") + "."})
		}
		blocks = addBlock(blocks, block, listed)
	}
	return blocks
}

func addBlock(blocks []page.MayBlock, b page.MayBlock, alone bool) []page.MayBlock {
	for i, other := range blocks {
		if !alone && slices.Equal(other.Lines, b.Lines) {
			blocks[i].Workspaces += " " + b.Workspaces
			blocks[i].Title += ", " + b.Title
			return blocks
		}
	}
	return append(blocks, b)
}

func byType(list []policy.Resource) map[string][]policy.Resource {
	out := map[string][]policy.Resource{}
	for _, r := range list {
		out[r.Type] = append(out[r.Type], r)
	}
	return out
}

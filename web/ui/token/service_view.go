package token

import (
	"latchkey/internal/access"
	"latchkey/internal/token"
	"latchkey/views/component"
	page "latchkey/views/page/token"
	"latchkey/web/ui/kit"
)

// purposeOf returns what a kind of service access token is for.
func purposeOf(k token.Kind) string {
	if k == token.Organization {
		return "For SCIM, the Audit Logs API and organization usage. It can't access workspaces."
	}
	return "For production and shared automation in one workspace, with an access policy of its own. " +
		"Not tied to a person, so it keeps working when people leave."
}

// serviceTokensView presents a sub-tab. The handler adds the frame.
func serviceTokensView(v kit.Visit, tokens token.Listed, k token.Kind, q ListQuery) page.Services {
	m := page.Services{
		SubTabs: component.TabsModel{Label: kit.ServiceTokenTitle, Tabs: []component.Tab{
			{Label: "Organization", Href: kit.ServiceTokenList(token.Organization), Current: k == token.Organization},
			{Label: "Workspace", Href: kit.ServiceTokenList(token.Workspace), Current: k == token.Workspace},
		}},
		Card: component.CardModel{ID: "service-access-tokens", Title: k.Label() + "s", Description: purposeOf(k), Flush: true},
		List: withRotate(List(tokens, q, kit.ServiceTokenPath, "All "+kit.LowerFirst(k.Label())+"s", v.Now), tokens.Tokens, v.Now),
	}
	columns := [][2]string{{"Name", "name"}, {"Created", "created"}, {"Last used", "used"}, {"Expires", "expires"}, {"State", ""}}
	if k == token.Workspace {
		columns = append(columns[:1:1], append([][2]string{{"Workspace", ""}}, columns[1:]...)...)
	}
	m.List.Table.Columns = q.Columns(columns...)
	m.List.ShowMaker, m.List.ShowWorkspace = true, k == token.Workspace
	generate := &component.ButtonModel{Label: "Generate new token", Icon: "plus", Href: kit.ServiceTokenList(k) + "/new",
		Dialog: k == token.Organization}
	if !v.Organization.Plan.Has(access.FeatureTokens) {
		m.Refusal, generate = planRefusal(v), nil
	}
	if tokens.Total > 0 {
		m.Card.Action = generate
		return m
	}
	m.List.Empty = noServiceTokens(k, generate)
	return m
}

func noServiceTokens(k token.Kind, generate *component.ButtonModel) *component.EmptyModel {
	m := &component.EmptyModel{Icon: "bot", Inside: true, Action: generate,
		Title: "No organization tokens yet", Text: "Give one to your identity provider for SCIM, or to the service that collects your audit log.",
		Hint: "To work with the resources of a workspace, generate a workspace token instead."}
	if k == token.Workspace {
		m.Title, m.Text = "No workspace tokens yet", "Give one to a deployment pipeline or a service, with only the permissions that it needs."
		m.Hint = "For trying things out on your own machine, a personal access token is enough."
	}
	return m
}

func organizationTokenDialog(v kit.Visit, f tokenForm, errors kit.FieldErrors, l limits) *page.Form {
	return &page.Form{
		Dialog: component.DialogModel{ID: "new-token", Title: "New Organization Service Access Token", Description: purposeOf(token.Organization),
			CloseHref: kit.ServiceTokenList(token.Organization)},
		Action: kit.ServiceTokenList(token.Organization), Errors: formErrors(errors), Hidden: []component.HiddenField{submissionField(f)},
		Name:        nameField(f, errors, "Describe what will use this token."),
		Description: descriptionField(f.description, errors),
		Expiration:  expiryField(f, errors, l.life(), v.Now),
		More:        moreOptions(v, f, errors, l),
	}
}

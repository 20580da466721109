package ui

import (
	"time"

	"latchkey/internal/access"
	"latchkey/internal/token"
	"latchkey/views/component"
	tokenpage "latchkey/views/page/token"
)

// purposeOf says what a kind of service token is good for.
func purposeOf(k token.Kind) string {
	if k == token.Organization {
		return "Good for exactly three things: provisioning members over SCIM, reading the Audit Logs API, and organization-wide usage figures. Everything in a workspace is closed to it."
	}
	return "For production and shared automation in one workspace, with an access policy of its own. It belongs to nobody and goes on when people leave."
}

// serviceTokensView is a sub-tab; the frame is added by the handler.
func serviceTokensView(v visit, tokens []token.Token, k token.Kind, q listQuery) tokenpage.Services {
	m := tokenpage.Services{
		SubTabs: component.TabsModel{Label: satTitle, Tabs: []component.Tab{
			{Label: "Organization", Href: satList(token.Organization), Current: k == token.Organization},
			{Label: "Workspace", Href: satList(token.Workspace), Current: k == token.Workspace},
		}},
		Card: component.CardModel{ID: "service-access-tokens", Title: k.Label() + "s", Description: purposeOf(k), Flush: true},
		List: tokenList(tokens, q, satPages, "All "+lowerFirst(k.Label())+"s", v.now),
	}
	for i := range m.List.Rows {
		m.List.Rows[i].Href = satPage(m.List.Rows[i].ID)
	}
	columns := [][2]string{{"Name", "name"}, {"Created", "created"}, {"Last used", "used"}, {"Expires", "expires"}, {"State", ""}}
	if k == token.Workspace {
		columns = append(columns[:1:1], append([][2]string{{"Workspace", ""}}, columns[1:]...)...)
	}
	m.List.Table.Columns = q.columns(columns...)
	m.List.ShowMaker, m.List.ShowWorkspace = true, k == token.Workspace
	generate := &component.ButtonModel{Label: "Generate new token", Icon: "plus", Href: satList(k) + "/new", Dialog: k == token.Organization}
	if !v.Organization.Plan.Has(access.FeatureTokens) {
		m.Refusal, generate = planRefusal(v), nil
	}
	if len(tokens) > 0 {
		m.Card.Action = generate
		return m
	}
	m.List.Empty = noServiceTokens(k, generate)
	return m
}

func noServiceTokens(k token.Kind, generate *component.ButtonModel) *component.EmptyModel {
	m := &component.EmptyModel{Icon: "bot", Inside: true, Action: generate,
		Title: "No organization tokens yet", Text: "Give one to your identity provider for SCIM, or to what collects the audit log.",
		Hint: "For work on the resources of a workspace, make a workspace token instead."}
	if k == token.Workspace {
		m.Title, m.Text = "No workspace tokens yet", "Give one to a deployment pipeline or a service, with just the permissions that it needs."
		m.Hint = "For trying things out on your own machine, a personal access token is enough."
	}
	return m
}

func organizationTokenDialog(f tokenForm, errors fieldErrors, now time.Time) *tokenpage.Form {
	return &tokenpage.Form{
		Dialog: component.DialogModel{ID: "new-token", Title: "New Organization Service Access Token", Description: purposeOf(token.Organization),
			CloseHref: satList(token.Organization)},
		Action: satList(token.Organization), Errors: tokenErrors(errors), Hidden: []component.HiddenField{submissionField(f)},
		Name:       nameField(f, errors, "For all Admins to recognize it: what uses it."),
		Expiration: expiryField(f, errors, now),
	}
}

// serviceTokenView is the page of one token, without its policy.
func serviceTokenView(t token.Token, now time.Time) tokenpage.Service {
	row := tokenRow(t, satPages, now)
	row.Delete.Label, row.Delete.Context, row.Delete.Small, row.Delete.Dialog = "Delete token", "", false, false
	row.Delete.Variant = component.Outline
	m := tokenpage.Service{
		Header: component.PageHeaderModel{Title: t.Name, Description: t.Kind.Label(), Action: &row.Delete,
			Back: &component.Link{Label: satTitle, Href: satList(t.Kind)}},
		Card: component.CardModel{ID: "token", Title: "Token"},
		Row:  row,
		Notice: component.NoticeModel{Kind: "info", Title: "What it may do",
			Text: "Its access policy was set when it was made and cannot be edited. To change it, delete the token and generate another."},
	}
	if t.Kind == token.Organization {
		m.Row.Workspace = "the organization"
		m.Notice.Text = purposeOf(t.Kind)
	}
	for _, u := range t.LastUsedFrom {
		m.Uses = append(m.Uses, tokenpage.Use{Address: u.IP, When: timeView(u.At, now)})
	}
	return m
}

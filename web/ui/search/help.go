package search

import (
	"net/http"
	"strings"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"latchkey/internal/access"
	"latchkey/internal/token"
	"latchkey/views/component"
	page "latchkey/views/page/search"
	"latchkey/web/ui/kit"
)

// topic is a section of the page "Help".
type topic struct {
	id, title string
	texts     []string
	places    []place
}

// about returns the text of the topic.
func (t topic) about() string { return strings.Join(t.texts, " ") }

// place is a link, with the permission that its page needs.
type place struct {
	label, href string
	needs       access.Permission
}

// topics returns what the page "Help" explains, in its order.
func topics() []topic {
	return []topic{
		{kit.HelpTokens, "Which kind of token to use", []string{
			"A personal access token acts as you, in one workspace. It never has more access than you have, and ends with your account. " +
				"Use it for development and tests.",
			"A service access token belongs to a workspace or to the organization, not to a person. It keeps working when people leave. " +
				"Use one of a workspace for production, and one of the organization for provisioning, the audit log and usage.",
			"A token is shown once. Keep it in a secret manager, give it an expiration, and delete it as soon as it isn't needed.",
		}, []place{{kit.PersonalTokenTitle, kit.PersonalTokenListPath, ""},
			{kit.ServiceTokenTitle, kit.ServiceTokenPath, access.ManageServiceTokens}, {kit.IdentifyTitle, kit.IdentifyPath, identifies}}},
		{kit.HelpPolicies, "What people and tokens may do", []string{
			"What a member may do in a workspace is the sum of three things: the baseline policy of the workspace, the policies of " +
				"the member's groups, and the member's own policy. Nothing is ever taken away. Admins may do everything.",
			"A personal access token may do what its owner may do at that moment, within its scope. " +
				"A workspace token has a policy of its own, which never changes.",
			"“Explain” answers why somebody may or may not do something.",
		}, []place{{"Your access", kit.ProfilePath, ""}, {kit.BaselineTitle, kit.BaselinePath, access.ManagePolicies},
			{kit.ExplainTitle, kit.ExplainPath, access.ManageMembers}}},
		{kit.HelpProxies, "Protect a service behind a proxy", []string{
			"A proxy such as nginx, Caddy, Traefik or Envoy can ask Latchkey about each request (forward-auth). " +
				"It sends the caller's token to /auth/verify, and lets the request through only if the answer is 200.",
			"The answer has headers that say who the caller is. The file docs/forward-auth.md has an example for each proxy.",
		}, []place{{kit.DocsTitle, kit.DocsPath, ""},
			{"Generate a service access token", kit.ServiceTokenList(token.Workspace), access.ManageServiceTokens}}},
		{kit.HelpIntrospection, "Let a service check tokens itself", []string{
			"A service that receives tokens can ask whether one is active and what it may do (token introspection, RFC 7662), " +
				"at /oauth2/introspect. It needs a client ID and a client secret.",
			"The file docs/introspection.md describes the request and the answer.",
		}, []place{{kit.DocsTitle, kit.DocsPath, ""}, {kit.ClientTitle, kit.ClientPath, access.ManageAPIClients}}},
		{kit.HelpProvisioning, "Members from an identity provider", []string{
			"An identity provider such as Okta or Entra ID can create, update and deactivate members and groups over SCIM 2.0. " +
				"It uses an organization token.",
			"Deactivating a member there ends the member's sessions and suspends their tokens.",
		}, []place{{kit.ProvisioningTitle, kit.ProvisioningPath, access.ManageOrganization},
			{"Organization service access tokens", kit.ServiceTokenList(token.Organization), access.ManageServiceTokens}}},
		{kit.HelpAudit, "Who did what", []string{
			"Every change, sign-in and refused attempt is in the audit log, with the person or the token, the address " +
				"and the time. A changed event is noticed: each one carries the fingerprint of the one before it.",
			"The log can be searched, exported and read with an organization token.",
		}, []place{{kit.AuditTitle, kit.AuditPath, access.ReadAuditLog}, {kit.DocsTitle, kit.DocsPath, ""}}},
		{kit.HelpLinks, "Links that fill in a token form", []string{
			"A link can open the form for a new token with its name, workspace, access and expiration filled in. " +
				"So documentation and error messages can say “create the token you need”. Nothing exists until a person presses “Generate”.",
			"The parameters are name, description, expires, workspace, scope, addresses and grant. The file docs/token-links.md explains them.",
		}, []place{{"Example: a token that may only read, for seven days",
			kit.WithQuery(kit.PersonalTokenListPath+"/new", "name", "example", "scope", "read_only", "expires", "7d"), ""}}},
	}
}

// help shows all topics, each with links to the pages that the visitor may open.
func (h *Handlers) help(c echo.Context) error { return h.showHelp(c, http.StatusOK, nil) }

func (h *Handlers) showHelp(c echo.Context, status int, above templ.Component) error {
	v := kit.VisitOf(c)
	m := page.Help{Shell: h.site.Shell(c, v, kit.HelpTitle), Header: component.PageHeaderModel{Title: kit.HelpTitle,
		Description: "Short answers, with the place of each in the dashboard.",
		More: []component.ButtonModel{
			{Label: kit.ShortcutTitle, Icon: "keyboard", Variant: component.Outline, Href: kit.ShortcutPath, Dialog: true},
			{Label: kit.DocsTitle, Icon: "terminal", Variant: component.Outline, Href: kit.DocsPath}}}}
	for _, t := range topics() {
		shown := page.Topic{Card: component.CardModel{ID: t.id, Title: t.title}, Texts: t.texts}
		for _, p := range t.places {
			if p.needs == "" || h.site.May(v, p.needs) {
				shown.Links = append(shown.Links, component.Link{Label: p.label, Href: p.href})
			}
		}
		m.Topics = append(m.Topics, shown)
	}
	m.Shell.Above = above
	return h.site.HTML(c, status, page.HelpPage(m))
}

// shortcuts shows what the keys do.
func (h *Handlers) shortcuts(c echo.Context) error {
	m := page.Shortcuts{Dialog: component.DialogModel{ID: "shortcuts", Title: kit.ShortcutTitle, CloseHref: kit.HelpPath, Read: true},
		Keys: []page.Shortcut{
			{Does: "Search", Keys: []string{"/"}},
			{Does: "Search, also while typing", Keys: []string{"Ctrl", "K"}},
			{Does: "Show these shortcuts", Keys: []string{"?"}},
			{Does: "Next and previous result, or entry of a menu", Keys: []string{"↓", "↑"}},
			{Does: "Open the result", Keys: []string{"Enter"}},
			{Does: "Close a dialog or a menu", Keys: []string{"Esc"}},
		}}
	return h.site.Dialog(c, http.StatusOK, page.ShortcutDialog(m), h.showHelp)
}

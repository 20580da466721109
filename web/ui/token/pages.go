// Package token serves the pages about tokens: the lists of service access tokens, the wizard that
// generates one for a workspace, the list of personal access tokens, which is also a section of "Your
// Profile", the page of each token, and the page that identifies a token by its secret.
//
// It calls the domain packages token and policy. It exports lists and dialogs of tokens for the areas
// above it. Summaries and the editor of policies come from package policy of the dashboard.
package token

import (
	"latchkey/internal/access"
	"latchkey/internal/policy"
	"latchkey/internal/token"
	"latchkey/internal/warning"
	auditui "latchkey/web/ui/audit"
	"latchkey/web/ui/kit"
	policyui "latchkey/web/ui/policy"
)

// Handlers serves the pages of the area.
type Handlers struct {
	site      *kit.Site
	policies  *policy.Service
	tokens    *token.Service
	inventory *token.Inventory
	rules     *token.RuleBook
	editor    *policyui.Handlers
	log       *auditui.Handlers
	warnings  *warning.Service
}

// New returns the handlers of the area.
func New(site *kit.Site, policies *policy.Service, tokens *token.Service, inventory *token.Inventory, rules *token.RuleBook,
	editor *policyui.Handlers, log *auditui.Handlers, warnings *warning.Service) *Handlers {
	return &Handlers{site: site, policies: policies, tokens: tokens, inventory: inventory, rules: rules,
		editor: editor, log: log, warnings: warnings}
}

// Pages returns the rows of the area.
func (h *Handlers) Pages() []kit.Page {
	const (
		organization = kit.ServiceTokenPath + "/organization"
		workspace    = kit.ServiceTokenPath + "/workspace"
		one          = kit.ServiceTokenPath + "/:id"
		needs        = access.ManageServiceTokens
	)
	own := append([]kit.Page{kit.Get(kit.PersonalTokenListPath, kit.Member, "", h.ownTokens)},
		h.PersonalPages(kit.PersonalTokenListPath, kit.PersonalTokenListPath, h.showOwnTokens)...)
	own = append(own, h.inventoryPages()...)
	return append(own, []kit.Page{
		kit.Get(kit.TokenPath+"/:id", kit.Member, "", h.token),
		kit.Get(kit.TokenPath+"/:id/rename", kit.Member, "", h.editName),
		kit.Post(kit.TokenPath+"/:id/rename", kit.Member, "", h.saveName),
		kit.Get(kit.TokenPath+"/:id/describe", kit.Member, "", h.editDescription),
		kit.Post(kit.TokenPath+"/:id/describe", kit.Member, "", h.saveDescription),
		kit.Get(kit.TokenPath+"/:id/suspend", kit.Member, "", h.confirmSuspend),
		kit.Post(kit.TokenPath+"/:id/suspend", kit.Member, "", h.suspend),
		kit.Get(kit.TokenPath+"/:id/resume", kit.Member, "", h.confirmResume),
		kit.Post(kit.TokenPath+"/:id/resume", kit.Member, "", h.resume),
		kit.Get(kit.TokenPath+"/:id/rotate", kit.Member, "", h.confirmRotate),
		kit.Post(kit.TokenPath+"/:id/rotate", kit.Member, "", h.rotate),
		kit.Get(kit.TokenPath+"/:id/end-previous", kit.Member, "", h.confirmEnd),
		kit.Post(kit.TokenPath+"/:id/end-previous", kit.Member, "", h.endPrevious),
		kit.Get(kit.TokenPath+"/:id/secrets", kit.Member, "", h.secretPart),
		kit.Get(kit.TokenPath+"/:id/addresses", kit.Member, "", h.editAddresses),
		kit.Post(kit.TokenPath+"/:id/addresses", kit.Member, "", h.saveAddresses),
		kit.Get(kit.ServiceTokenPath, kit.Member, needs, h.services),
		kit.Get(organization, kit.Member, needs, h.organizationTokens),
		kit.Get(organization+"/new", kit.Member, needs, h.newOrganizationToken),
		kit.Post(organization, kit.Member, needs, h.generateOrganizationToken),
		kit.Get(workspace, kit.Member, needs, h.workspaceTokens),
		kit.Get(workspace+"/new", kit.Member, needs, h.newWorkspaceToken),
		kit.Post(workspace+"/new", kit.Member, needs, h.workspaceTokenStep),
		kit.Post(workspace+"/summary", kit.Member, needs, h.workspaceTokenSummary),
		kit.Get(one, kit.Member, needs, h.service),
		kit.Get(one+"/contact", kit.Member, needs, h.editContacts),
		kit.Post(one+"/contact", kit.Member, needs, h.saveContacts),
		kit.Get(one+"/delete", kit.Member, needs, h.confirmDelete),
		kit.Post(one+"/delete", kit.Member, needs, h.delete),
		kit.Get(kit.IdentifyPath, kit.Member, access.IdentifyTokens, h.identify),
		kit.Post(kit.IdentifyPath, kit.Member, access.IdentifyTokens, h.lookUp),
	}...)
}

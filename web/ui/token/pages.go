// Package token serves the pages about tokens: the lists of service access tokens, the wizard that
// generates one for a workspace, the section of personal access tokens on "Your Profile", and the page
// that identifies a token by its secret.
//
// It calls the domain packages token and policy. It exports lists and dialogs of tokens for the areas
// above it. Summaries and the editor of policies come from package policy of the dashboard.
package token

import (
	"latchkey/internal/access"
	"latchkey/internal/policy"
	"latchkey/internal/token"
	auditui "latchkey/web/ui/audit"
	"latchkey/web/ui/kit"
)

// Handlers serves the pages of the area.
type Handlers struct {
	site     *kit.Site
	policies *policy.Service
	tokens   *token.Service
	log      *auditui.Handlers
}

// New returns the handlers of the area.
func New(site *kit.Site, policies *policy.Service, tokens *token.Service, log *auditui.Handlers) *Handlers {
	return &Handlers{site: site, policies: policies, tokens: tokens, log: log}
}

// Pages returns the rows of the area.
func (h *Handlers) Pages() []kit.Page {
	const (
		organization = kit.ServiceTokenPath + "/organization"
		workspace    = kit.ServiceTokenPath + "/workspace"
		one          = kit.ServiceTokenPath + "/:id"
		needs        = access.ManageServiceTokens
	)
	return []kit.Page{
		kit.Get(kit.ServiceTokenPath, kit.Member, needs, h.services),
		kit.Get(organization, kit.Member, needs, h.organizationTokens),
		kit.Get(organization+"/new", kit.Member, needs, h.newOrganizationToken),
		kit.Post(organization, kit.Member, needs, h.generateOrganizationToken),
		kit.Get(workspace, kit.Member, needs, h.workspaceTokens),
		kit.Get(workspace+"/new", kit.Member, needs, h.newWorkspaceToken),
		kit.Post(workspace+"/new", kit.Member, needs, h.workspaceTokenStep),
		kit.Post(workspace+"/summary", kit.Member, needs, h.workspaceTokenSummary),
		kit.Get(one, kit.Member, needs, h.service),
		kit.Get(one+"/delete", kit.Member, needs, h.confirmDelete),
		kit.Post(one+"/delete", kit.Member, needs, h.delete),
		kit.Get(kit.IdentifyPath, kit.Member, access.IdentifyTokens, h.identify),
		kit.Post(kit.IdentifyPath, kit.Member, access.IdentifyTokens, h.lookUp),
	}
}

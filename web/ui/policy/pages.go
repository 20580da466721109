// Package policy serves the pages about policies: what a member may do and where it comes from, the
// Baseline Workspace Policies, and the page that explains a decision.
//
// It calls the domain packages policy, account and token. It exports the editor of a policy, with its form,
// its summary and its pages, for the areas above it. It shows no lists of members, groups or tokens.
package policy

import (
	"slices"

	"latchkey/internal/access"
	"latchkey/internal/account"
	"latchkey/internal/policy"
	"latchkey/internal/token"
	"latchkey/web/ui/kit"
)

// Handlers serves the pages of the area.
type Handlers struct {
	site     *kit.Site
	policies *policy.Service
	presets  *policy.Presets
	members  *account.Members
	tokens   *token.Service // to name the token that a question is about
}

// New returns the handlers of the area.
func New(site *kit.Site, policies *policy.Service, presets *policy.Presets, members *account.Members, tokens *token.Service) *Handlers {
	return &Handlers{site: site, policies: policies, presets: presets, members: members, tokens: tokens}
}

// Pages returns the rows of the area.
func (h *Handlers) Pages() []kit.Page {
	const (
		own    = kit.ProfilePath + "/access-policy"
		member = kit.UserPath + "/:id/access-policy"
	)
	return slices.Concat([]kit.Page{
		kit.Get(own, kit.Member, "", h.ownAccess),
		kit.Get(own+"/:workspace", kit.Member, "", h.ownAccess),
		kit.Get(member, kit.Member, access.ManageMembers, h.memberAccess),
		kit.Get(member+"/:workspace", kit.Member, access.ManageMembers, h.memberAccess),
		kit.Get(kit.BaselinePath, kit.Member, access.ManagePolicies, h.baselines),
		kit.Get(kit.PresetPath+"/:id/delete", kit.Member, access.DeletePresets, h.confirmDeletePreset),
		kit.Post(kit.PresetPath+"/:id/delete", kit.Member, access.DeletePresets, h.deletePreset),
		kit.Get(kit.ExplainPath, kit.Member, access.ManageMembers, h.explainPage),
	}, h.EditorPages(kit.BaselinePath+"/:workspace", baselineSpot))
}

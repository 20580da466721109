// Package workspace has the dashboard's page "Workspaces", which creates, renames and deletes them.
//
// It uses package account. The resources of a workspace are shown by web/ui/resource, its members
// by web/ui/people, and its baseline policy by web/ui/policy.
package workspace

import (
	"latchkey/internal/access"
	"latchkey/internal/account"
	"latchkey/web/ui/kit"
)

// Handlers answers the requests of the area.
type Handlers struct {
	site       *kit.Site
	workspaces *account.Workspaces
}

// New returns the handlers of the area.
func New(site *kit.Site, workspaces *account.Workspaces) *Handlers {
	return &Handlers{site: site, workspaces: workspaces}
}

// Pages returns the rows of the area.
func (h *Handlers) Pages() []kit.Page {
	const (
		list  = kit.WorkspacePath
		one   = list + "/:id"
		needs = access.ManageWorkspaces
	)
	return []kit.Page{
		kit.Get(list, kit.Member, needs, h.list),
		kit.Get(list+"/new", kit.Member, needs, h.newWorkspace),
		kit.Post(list+"/new", kit.Member, needs, h.create),
		kit.Get(one+"/edit", kit.Member, needs, h.edit),
		kit.Post(one+"/edit", kit.Member, needs, h.update),
		kit.Get(one+"/delete", kit.Member, needs, h.confirmDelete),
		kit.Post(one+"/delete", kit.Member, needs, h.delete),
	}
}

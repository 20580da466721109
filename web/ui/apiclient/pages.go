// Package apiclient serves the tab "API Clients": the services that may validate the tokens they receive.
//
// It calls the domain package apiclient. Package api answers the requests of those services.
package apiclient

import (
	"latchkey/internal/access"
	"latchkey/internal/apiclient"
	"latchkey/web/ui/kit"
)

// Handlers serves the pages of the area.
type Handlers struct {
	site    *kit.Site
	clients *apiclient.Service
}

// New returns the handlers of the area.
func New(site *kit.Site, clients *apiclient.Service) *Handlers {
	return &Handlers{site: site, clients: clients}
}

// Pages returns the rows of the area.
func (h *Handlers) Pages() []kit.Page {
	return []kit.Page{
		kit.Get(kit.ClientPath, kit.Member, access.ManageAPIClients, h.list),
		kit.Get(kit.ClientPath+"/new", kit.Member, access.ManageAPIClients, h.newClient),
		kit.Post(kit.ClientPath, kit.Member, access.ManageAPIClients, h.add),
		kit.Get(kit.ClientPath+"/:id/delete", kit.Member, access.ManageAPIClients, h.confirmDelete),
		kit.Post(kit.ClientPath+"/:id/delete", kit.Member, access.ManageAPIClients, h.delete),
	}
}

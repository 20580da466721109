// Package provision has the dashboard's tab "Provisioning": the switch for SCIM, the settings that
// an identity provider needs, and its last requests.
//
// It uses package provision. Package scim answers the requests of the identity provider.
package provision

import (
	"latchkey/internal/access"
	"latchkey/internal/provision"
	"latchkey/web/ui/kit"
)

// Handlers answers the requests of the area.
type Handlers struct {
	site      *kit.Site
	provision *provision.Service
}

// New returns the handlers of the area.
func New(site *kit.Site, provision *provision.Service) *Handlers {
	return &Handlers{site: site, provision: provision}
}

// Pages returns the rows of the area.
func (h *Handlers) Pages() []kit.Page {
	return []kit.Page{
		kit.Get(kit.ProvisioningPath, kit.Member, access.ManageOrganization, h.overview),
		kit.Post(kit.ProvisioningPath, kit.Member, access.ManageOrganization, h.toggle),
	}
}

// Package resource serves the page with the resources of a workspace and what the visitor may do with
// each, and the documentation of the API.
//
// It calls the domain package registry, and package audit of the dashboard for the audit trail of a
// workspace. It changes nothing: resources are created through the API.
package resource

import (
	"latchkey/internal/registry"
	"latchkey/web/openapi"
	auditui "latchkey/web/ui/audit"
	"latchkey/web/ui/kit"
)

// Handlers serves the pages of the area.
type Handlers struct {
	site     *kit.Site
	registry *registry.Service
	document *openapi.Document // of the API
	log      *auditui.Handlers
}

// New returns the handlers of the area.
func New(site *kit.Site, registry *registry.Service, document *openapi.Document, log *auditui.Handlers) *Handlers {
	return &Handlers{site: site, registry: registry, document: document, log: log}
}

// Pages returns the rows of the area.
func (h *Handlers) Pages() []kit.Page {
	return []kit.Page{
		kit.Get("/workspaces/:id/resources", kit.Member, "", h.resources),
		kit.Get(kit.DocsPath, kit.Open, "", h.apiDocs),
	}
}

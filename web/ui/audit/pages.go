// Package audit has the dashboard's pages for the audit log: the list with its filter and chart,
// one event in full, exports, and the trails that other pages show.
//
// It uses packages audit and policy. It appends no events; the services do.
package audit

import (
	"latchkey/internal/access"
	"latchkey/internal/audit"
	"latchkey/internal/policy"
	"latchkey/web/ui/kit"
)

// Handlers answers the requests of the area.
type Handlers struct {
	site     *kit.Site
	policies *policy.Service // for the names of the resources in a policy
	audit    *audit.Service
}

// New returns the handlers of the area.
func New(site *kit.Site, policies *policy.Service, audit *audit.Service) *Handlers {
	return &Handlers{site: site, policies: policies, audit: audit}
}

// Pages returns the rows of the area.
func (h *Handlers) Pages() []kit.Page {
	const log = kit.AuditPath
	return []kit.Page{
		kit.Get(log, kit.Member, access.ReadAuditLog, h.list),
		kit.Get(log+"/export/:format", kit.Member, access.ReadAuditLog, h.export),
		kit.Get(log+"/:id", kit.Member, access.ReadAuditLog, h.event),
	}
}

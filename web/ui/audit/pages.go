// Package audit is the dashboard's view of the audit log: the list with its filter and chart,
// one event in full, exports, and trails, the parts of the log that other pages show.
//
// It uses packages audit and policy. It writes no event: those come from the services.
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
	policies *policy.Service // names the resources of a policy in an event
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

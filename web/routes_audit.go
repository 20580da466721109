package web

import (
	"net/http"

	"latchkey/internal/access"
	"latchkey/web/ui"
)

// auditPages are the rows of the audit log.
func auditPages(h *ui.Handlers) []Page {
	const (
		get  = http.MethodGet
		post = http.MethodPost
		logs = "/settings/audit-logs"
	)
	return []Page{
		{get, logs, Member, access.ReadAuditLog, h.AuditLogs},
		{get, logs + "/export/:format", Member, access.ReadAuditLog, h.ExportAuditLogs},
		{get, logs + "/identify-token", Member, access.IdentifyTokens, h.IdentifyToken},
		{post, logs + "/identify-token", Member, access.IdentifyTokens, h.LookUpToken},
		{get, logs + "/:id", Member, access.ReadAuditLog, h.AuditEvent},
	}
}

package web

import (
	"net/http"

	"latchkey/internal/access"
	"latchkey/web/ui"
)

// apiClientPages are the rows of the tab "API Clients".
func apiClientPages(h *ui.Handlers) []Page {
	const (
		get     = http.MethodGet
		post    = http.MethodPost
		clients = "/settings/access-management/api-clients"
	)
	return []Page{
		{get, clients, Member, access.ManageAPIClients, h.APIClients},
		{get, clients + "/new", Member, access.ManageAPIClients, h.NewAPIClient},
		{post, clients, Member, access.ManageAPIClients, h.AddAPIClient},
		{get, clients + "/:id/delete", Member, access.ManageAPIClients, h.ConfirmDeleteAPIClient},
		{post, clients + "/:id/delete", Member, access.ManageAPIClients, h.DeleteAPIClient},
	}
}

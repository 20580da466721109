package ui

import (
	"crypto/rand"
	"net/http"
	"net/url"

	"github.com/labstack/echo/v4"

	"latchkey/internal/fault"
	apiclientpage "latchkey/views/page/apiclient"
	"latchkey/web/respond"
)

const (
	clientPath  = "/settings/access-management/api-clients"
	clientTitle = "API Clients"
)

// APIClients lists the resource servers that may ask about tokens.
func (h *Handlers) APIClients(c echo.Context) error {
	return h.showAPIClients(c, http.StatusOK, apiclientpage.Clients{})
}

// NewAPIClient shows the dialog that adds one.
func (h *Handlers) NewAPIClient(c echo.Context) error {
	form := url.Values{fieldSubmission: {rand.Text()}}
	return h.showAPIClients(c, http.StatusOK, apiclientpage.Clients{New: newClientDialog(form, nil)})
}

// AddAPIClient registers the client and shows its secret, in this response only.
func (h *Handlers) AddAPIClient(c echo.Context) error {
	form, err := readForm(c)
	if err != nil {
		return err
	}
	made, err := h.d.Clients.Register(c.Request().Context(), visitOf(c).caller, form.Get(fieldName), form.Get(fieldSubmission))
	if fault.Is(err, fault.Conflict) {
		return h.showAPIClients(c, http.StatusConflict, apiclientpage.Clients{Notice: submittedClientNotice(fault.Of(err).Message)})
	}
	fields, err := invalid(err)
	if err != nil {
		return err
	}
	if fields != nil {
		form.Set(fieldSubmission, rand.Text())
		return h.showAPIClients(c, respond.Status(fault.Invalid), apiclientpage.Clients{New: newClientDialog(form, fields)})
	}
	return h.showAPIClients(c, http.StatusOK, apiclientpage.Clients{Reveal: revealClientDialog(made, h.baseURL(c))})
}

// ConfirmDeleteAPIClient asks before a client goes.
func (h *Handlers) ConfirmDeleteAPIClient(c echo.Context) error {
	client, err := h.d.Clients.Get(c.Request().Context(), visitOf(c).caller, c.Param("id"))
	if err != nil {
		return err
	}
	return h.showAPIClients(c, http.StatusOK, apiclientpage.Clients{Delete: deleteClientDialog(client)})
}

// DeleteAPIClient ends a client.
func (h *Handlers) DeleteAPIClient(c echo.Context) error {
	client, err := h.d.Clients.Delete(c.Request().Context(), visitOf(c).caller, c.Param("id"))
	if err != nil {
		return err
	}
	return h.done(c, clientPath, "API client "+client.Name+" was deleted.")
}

// showAPIClients shows the list with whatever dialog m has.
func (h *Handlers) showAPIClients(c echo.Context, status int, m apiclientpage.Clients) error {
	v := visitOf(c)
	clients, err := h.d.Clients.List(c.Request().Context(), v.caller)
	if err != nil {
		return err
	}
	m.Frame = h.accessFrame(c, v, clientTitle)
	return h.render.HTML(c, status, apiclientpage.ClientsPage(apiClientsView(m, clients, h.baseURL(c), v.now)))
}

package ui

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"latchkey/internal/token"
	provisionpage "latchkey/views/page/provision"
	"latchkey/web/respond"
)

const (
	provisioningTitle = "Provisioning"
	provisioningPath  = "/settings/access-management/provisioning"
	// shownRequests is how many of the last requests the page lists.
	shownRequests = 50
)

// Provisioning shows the switch of SCIM, what an identity provider needs to be told, and
// the last requests of the provider with how they ended.
func (h *Handlers) Provisioning(c echo.Context) error {
	v := visitOf(c)
	failed := c.QueryParam("show") == "failed"
	requests, err := h.d.Provision.Requests(c.Request().Context(), v.caller, failed, shownRequests)
	if err != nil {
		return err
	}
	m := provisioningView(v, requests, failed, h.baseURL(c))
	m.Frame = h.accessFrame(c, v, provisioningTitle)
	return h.render.HTML(c, http.StatusOK, provisionpage.ProvisioningPage(m))
}

// SwitchProvisioning switches SCIM on or off.
func (h *Handlers) SwitchProvisioning(c echo.Context) error {
	v := visitOf(c)
	form, err := readForm(c)
	if err != nil {
		return err
	}
	var text string
	switch form.Get("switch") {
	case "on":
		text = "SCIM provisioning is switched on."
	case "off":
		text = "SCIM provisioning is switched off."
	default:
		return respond.SeeOther(c, provisioningPath)
	}
	if err := h.d.Provision.Enable(c.Request().Context(), v.caller, form.Get("switch") == "on"); err != nil {
		return err
	}
	return h.done(c, provisioningPath, text)
}

// providerToken is where an Admin makes the token that a provider signs in with.
func providerToken() string { return satList(token.Organization) + "/new" }

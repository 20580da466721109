package provision

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"latchkey/internal/token"
	page "latchkey/views/page/provision"
	"latchkey/web/respond"
	"latchkey/web/ui/kit"
)

// shownRequests is how many of the last requests the page lists.
const shownRequests = 50

// overview shows the switch for SCIM, the settings that an identity provider needs, and the
// provider's last requests with their outcome.
func (h *Handlers) overview(c echo.Context) error {
	v := kit.VisitOf(c)
	failed := c.QueryParam("show") == "failed"
	requests, err := h.provision.Requests(c.Request().Context(), v.Standing, failed, shownRequests)
	if err != nil {
		return err
	}
	m := view(v, requests, failed, h.site.BaseURL())
	m.Frame = h.site.Frame(c, v, kit.ProvisioningTitle)
	return h.site.HTML(c, http.StatusOK, page.ProvisioningPage(m))
}

// The values of the field "switch", one for each button of the page.
const (
	switchOn       = "on"
	switchOff      = "off"
	allowAddresses = "allow-addresses"
	fixAddresses   = "fix-addresses"
)

// toggle switches SCIM on or off, or what it may change.
func (h *Handlers) toggle(c echo.Context) error {
	v := kit.VisitOf(c)
	form, err := kit.ReadForm(c)
	if err != nil {
		return err
	}
	ctx := c.Request().Context()
	var text string
	switch value := form.Get("switch"); value {
	case switchOn, switchOff:
		text = "SCIM provisioning is switched " + value + "."
		err = h.provision.Enable(ctx, v.By, value == switchOn)
	case allowAddresses:
		text = "The identity provider may change email addresses."
		err = h.provision.AllowAddresses(ctx, v.By, true)
	case fixAddresses:
		text = "The identity provider may not change email addresses."
		err = h.provision.AllowAddresses(ctx, v.By, false)
	default:
		return respond.SeeOther(c, kit.ProvisioningPath)
	}
	if err != nil {
		return err
	}
	return h.site.Done(c, kit.ProvisioningPath, text)
}

// providerToken returns the address where an Admin generates the token of an identity provider.
func providerToken() string { return kit.ServiceTokenList(token.Organization) + "/new" }

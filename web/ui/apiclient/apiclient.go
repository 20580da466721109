package apiclient

import (
	"crypto/rand"
	"errors"
	"net/http"
	"net/url"

	"github.com/labstack/echo/v4"

	"latchkey/internal/apiclient"
	"latchkey/internal/fault"
	page "latchkey/views/page/apiclient"
	"latchkey/web/respond"
	"latchkey/web/ui/kit"
)

// list lists the resource servers that may ask about tokens.
func (h *Handlers) list(c echo.Context) error {
	return h.show(c, http.StatusOK, page.Clients{})
}

// newClient shows the dialog that adds one.
func (h *Handlers) newClient(c echo.Context) error {
	form := url.Values{kit.FieldSubmission: {rand.Text()}}
	return h.show(c, http.StatusOK, page.Clients{New: newClientDialog(form, nil)})
}

// add registers the client and shows its secret, in this response only.
func (h *Handlers) add(c echo.Context) error {
	form, err := kit.ReadForm(c)
	if err != nil {
		return err
	}
	made, err := h.register(c, form.Get(kit.FieldName), form.Get(kit.FieldSubmission))
	if errors.Is(err, fault.ErrRepeated) {
		return h.show(c, http.StatusConflict, page.Clients{Notice: submittedClientNotice()})
	}
	fields, err := kit.Invalid(err)
	if err != nil {
		return err
	}
	if fields != nil {
		form.Set(kit.FieldSubmission, rand.Text())
		return h.show(c, respond.Status(fault.Invalid), page.Clients{New: newClientDialog(form, fields)})
	}
	return h.show(c, http.StatusOK, page.Clients{Reveal: revealClientDialog(made, h.site.BaseURL(c))})
}

// register makes the client that a form with a one-time key asks for.
func (h *Handlers) register(c echo.Context, name, key string) (apiclient.Registered, error) {
	if err := kit.CheckSubmission(key); err != nil {
		return apiclient.Registered{}, err
	}
	return h.clients.Register(c.Request().Context(), kit.VisitOf(c).By, apiclient.NewClient{Name: name, IdempotencyKey: key})
}

// confirmDelete asks before a client goes.
func (h *Handlers) confirmDelete(c echo.Context) error {
	client, err := h.clients.Get(c.Request().Context(), kit.VisitOf(c).Standing, c.Param("id"))
	if err != nil {
		return err
	}
	return h.show(c, http.StatusOK, page.Clients{Delete: deleteClientDialog(client)})
}

// delete ends a client.
func (h *Handlers) delete(c echo.Context) error {
	client, err := h.clients.Delete(c.Request().Context(), kit.VisitOf(c).By, c.Param("id"))
	if err != nil {
		return err
	}
	return h.site.Done(c, kit.ClientPath, "API client "+client.Name+" was deleted.")
}

// show shows the list with whatever dialog m has.
func (h *Handlers) show(c echo.Context, status int, m page.Clients) error {
	v := kit.VisitOf(c)
	clients, err := h.clients.List(c.Request().Context(), v.Standing)
	if err != nil {
		return err
	}
	m.Frame = h.site.Frame(c, v, kit.ClientTitle)
	return h.site.HTML(c, status, page.ClientsPage(clientsView(m, clients, h.site.BaseURL(c), v.Now)))
}

package apiclient

import (
	"crypto/rand"
	"errors"
	"net/http"
	"net/url"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"latchkey/internal/apiclient"
	"latchkey/internal/fault"
	"latchkey/views/component"
	page "latchkey/views/page/apiclient"
	"latchkey/web/respond"
	"latchkey/web/ui/kit"
)

// list shows the services that may validate tokens.
func (h *Handlers) list(c echo.Context) error {
	return h.show(c, http.StatusOK, nil)
}

// newClient shows the dialog that adds a client.
func (h *Handlers) newClient(c echo.Context) error {
	form := url.Values{kit.FieldSubmission: {rand.Text()}}
	return h.site.Dialog(c, http.StatusOK, component.FormDialog(newClientDialog(form, nil)), h.show)
}

// add registers the client and shows its secret. No other response contains it.
func (h *Handlers) add(c echo.Context) error {
	form, err := kit.ReadForm(c)
	if err != nil {
		return err
	}
	made, err := h.register(c, form)
	if errors.Is(err, fault.ErrRepeated) {
		return h.show(c, http.StatusConflict, component.Notice(submittedClientNotice()))
	}
	fields, err := kit.Invalid(err)
	if err != nil {
		return err
	}
	if fields != nil {
		form.Set(kit.FieldSubmission, rand.Text())
		return h.site.Dialog(c, respond.Status(fault.Invalid), component.FormDialog(newClientDialog(form, fields)), h.show)
	}
	return h.site.Reveal(c, kit.ClientTitle, component.RevealDialog(revealClientDialog(made, h.site.BaseURL())))
}

// register registers the client that a form describes.
func (h *Handlers) register(c echo.Context, form url.Values) (apiclient.Registered, error) {
	key := form.Get(kit.FieldSubmission)
	if err := kit.CheckSubmission(key); err != nil {
		return apiclient.Registered{}, err
	}
	return h.clients.Register(c.Request().Context(), kit.VisitOf(c).By, apiclient.NewClient{Name: form.Get(kit.FieldName),
		ChecksAddresses: form.Has(fieldChecks), IdempotencyKey: key})
}

// confirmDelete shows the dialog that asks before a client is deleted.
func (h *Handlers) confirmDelete(c echo.Context) error {
	client, err := h.clients.Get(c.Request().Context(), kit.VisitOf(c).Standing, c.Param("id"))
	if err != nil {
		return err
	}
	return h.site.Dialog(c, http.StatusOK, component.AlertDialog(deleteClientDialog(client)), h.show)
}

// delete deletes a client.
func (h *Handlers) delete(c echo.Context) error {
	client, err := h.clients.Delete(c.Request().Context(), kit.VisitOf(c).By, c.Param("id"))
	if err != nil {
		return err
	}
	return h.site.Done(c, kit.ClientPath, "API client "+client.Name+" was deleted.")
}

// show shows the list, with a dialog or notice above it if there is one.
func (h *Handlers) show(c echo.Context, status int, above templ.Component) error {
	v := kit.VisitOf(c)
	clients, err := h.clients.List(c.Request().Context(), v.Standing)
	if err != nil {
		return err
	}
	m := clientsView(clients, h.site.BaseURL(), v.Now)
	m.Frame = h.site.Frame(c, v, kit.ClientTitle)
	m.Frame.Shell.Above = above
	return h.site.HTML(c, status, page.ClientsPage(m))
}

package notify

import (
	"crypto/rand"
	"errors"
	"net/http"
	"net/url"
	"strconv"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"latchkey/internal/fault"
	"latchkey/internal/notify"
	"latchkey/views/component"
	page "latchkey/views/page/notify"
	"latchkey/web/respond"
	"latchkey/web/ui/kit"
)

// list shows the webhooks.
func (h *Handlers) list(c echo.Context) error { return h.show(c, http.StatusOK, nil) }

// show shows the list, with a dialog or notice above it if there is one.
func (h *Handlers) show(c echo.Context, status int, above templ.Component) error {
	v := kit.VisitOf(c)
	webhooks, err := h.notify.List(c.Request().Context(), v.Standing)
	if err != nil {
		return err
	}
	days, err := h.warnings.Days(c.Request().Context(), v.Standing)
	if err != nil {
		return err
	}
	m := webhooksView(webhooks, v.Now)
	m.Warnings, m.Warned = warningsCard(days, h.warnings.Mails())
	m.Calendar = component.CardModel{ID: "calendar", Title: kit.CalendarTitle,
		Action: &component.ButtonModel{Label: "Your calendar link", Variant: component.Outline, Href: kit.CalendarPath}}
	m.Frame = h.site.Frame(c, v, kit.NotificationTitle)
	m.Frame.Shell.Above = above
	return h.site.HTML(c, status, page.WebhooksPage(m))
}

// form answers with the dialog of a form.
func (h *Handlers) form(c echo.Context, status int, m component.FormDialogModel, behind kit.Behind) error {
	return h.site.Dialog(c, status, component.FormDialog(m), behind)
}

// ask answers with a dialog that asks before something is done to a webhook.
func (h *Handlers) ask(c echo.Context, m component.AlertDialogModel) error {
	return h.askAbove(c, m, h.showOne)
}

// askAbove answers with a dialog that asks before something is done.
func (h *Handlers) askAbove(c echo.Context, m component.AlertDialogModel, behind kit.Behind) error {
	return h.site.Dialog(c, http.StatusOK, component.AlertDialog(m), behind)
}

// reveal answers with the dialog that shows a new secret.
func (h *Handlers) reveal(c echo.Context, m component.RevealModel) error {
	return h.site.Reveal(c, kit.NotificationTitle, component.RevealDialog(m))
}

// newWebhook shows the dialog that adds a webhook.
func (h *Handlers) newWebhook(c echo.Context) error {
	form := url.Values{kit.FieldSubmission: {rand.Text()}}
	return h.form(c, http.StatusOK, newDialog(form, nil), h.show)
}

// add adds a webhook and shows its secret. No other response contains it.
func (h *Handlers) add(c echo.Context) error {
	form, err := kit.ReadForm(c)
	if err != nil {
		return err
	}
	if err := kit.CheckSubmission(form.Get(kit.FieldSubmission)); err != nil {
		return err
	}
	made, err := h.notify.Add(c.Request().Context(), kit.VisitOf(c).By, settings(form), form.Get(kit.FieldSubmission))
	if errors.Is(err, fault.ErrRepeated) {
		return h.show(c, http.StatusConflict, component.Notice(submittedNotice()))
	}
	fields, err := kit.Invalid(err)
	if err != nil {
		return err
	}
	if fields != nil {
		form.Set(kit.FieldSubmission, rand.Text())
		return h.form(c, respond.Status(fault.Invalid), newDialog(form, fields), h.show)
	}
	return h.reveal(c, revealDialog(made, "Your new webhook"))
}

// deliveriesShown is how many deliveries a page lists.
const deliveriesShown = 50

// webhook shows one webhook and its deliveries.
func (h *Handlers) webhook(c echo.Context) error { return h.showOne(c, http.StatusOK, nil) }

// showOne shows the page of a webhook, with a dialog or notice above it if there is one.
func (h *Handlers) showOne(c echo.Context, status int, above templ.Component) error {
	v, ctx := kit.VisitOf(c), c.Request().Context()
	w, err := h.notify.Get(ctx, v.Standing, c.Param("id"))
	if err != nil {
		return err
	}
	before, err := strconv.ParseInt(c.QueryParam("before"), 10, 64)
	if err != nil {
		before = 0
	}
	sent, err := h.notify.Deliveries(ctx, v.Standing, w.ID, before, deliveriesShown+1)
	if err != nil {
		return err
	}
	m := webhookView(w, sent, before, v.Now)
	m.Shell = h.site.Shell(c, v, w.Host())
	m.Shell.Above = above
	return h.site.HTML(c, status, page.WebhookPage(m))
}

// edit shows the dialog that changes a webhook.
func (h *Handlers) edit(c echo.Context) error {
	w, err := h.notify.Get(c.Request().Context(), kit.VisitOf(c).Standing, c.Param("id"))
	if err != nil {
		return err
	}
	form := url.Values{notify.FieldURL: {w.URL}, notify.FieldEvents: w.Events}
	return h.form(c, http.StatusOK, editDialog(w.ID, form, nil), h.showOne)
}

// save changes a webhook.
func (h *Handlers) save(c echo.Context) error {
	form, err := kit.ReadForm(c)
	if err != nil {
		return err
	}
	w, err := h.notify.Change(c.Request().Context(), kit.VisitOf(c).By, c.Param("id"), settings(form))
	fields, err := kit.Invalid(err)
	if err != nil {
		return err
	}
	if fields != nil {
		return h.form(c, respond.Status(fault.Invalid), editDialog(c.Param("id"), form, fields), h.showOne)
	}
	return h.site.Done(c, address(w.ID), "Webhook "+w.Host()+" was saved.")
}

// test queues a test message.
func (h *Handlers) test(c echo.Context) error {
	w, err := h.notify.Test(c.Request().Context(), kit.VisitOf(c).By, c.Param("id"))
	if err != nil {
		return err
	}
	return h.site.Done(c, address(w.ID), "A test message is on its way. Reload this page to see the answer.")
}

// enable returns the handler that enables or disables a webhook.
func (h *Handlers) enable(enabled bool) echo.HandlerFunc {
	return func(c echo.Context) error {
		w, err := h.notify.Enable(c.Request().Context(), kit.VisitOf(c).By, c.Param("id"), enabled)
		if err != nil {
			return err
		}
		done := map[bool]string{true: "enabled", false: "disabled"}
		return h.site.Done(c, address(w.ID), "Webhook "+w.Host()+" was "+done[enabled]+".")
	}
}

// confirmRoll shows the dialog that asks before a secret is rolled.
func (h *Handlers) confirmRoll(c echo.Context) error {
	w, err := h.notify.Get(c.Request().Context(), kit.VisitOf(c).Standing, c.Param("id"))
	if err != nil {
		return err
	}
	return h.ask(c, rollDialog(w, rand.Text()))
}

// roll rolls the secret of a webhook and shows the new one. No other response contains it.
func (h *Handlers) roll(c echo.Context) error {
	form, err := kit.ReadForm(c)
	if err != nil {
		return err
	}
	if err := kit.CheckSubmission(form.Get(kit.FieldSubmission)); err != nil {
		return err
	}
	made, err := h.notify.Roll(c.Request().Context(), kit.VisitOf(c).By, c.Param("id"), form.Get(kit.FieldSubmission))
	if errors.Is(err, fault.ErrRepeated) {
		return h.showOne(c, http.StatusConflict, component.Notice(submittedNotice()))
	}
	if err != nil {
		return err
	}
	return h.reveal(c, revealDialog(made, "Your new signing secret"))
}

// confirmDelete shows the dialog that asks before a webhook is deleted.
func (h *Handlers) confirmDelete(c echo.Context) error {
	w, err := h.notify.Get(c.Request().Context(), kit.VisitOf(c).Standing, c.Param("id"))
	if err != nil {
		return err
	}
	return h.ask(c, deleteDialog(w))
}

// delete deletes a webhook.
func (h *Handlers) delete(c echo.Context) error {
	w, err := h.notify.Delete(c.Request().Context(), kit.VisitOf(c).By, c.Param("id"))
	if err != nil {
		return err
	}
	return h.site.Done(c, kit.NotificationPath, "Webhook "+w.Host()+" was deleted.")
}

// delivery shows what was sent, and the answer.
func (h *Handlers) delivery(c echo.Context) error {
	v, ctx := kit.VisitOf(c), c.Request().Context()
	w, err := h.notify.Get(ctx, v.Standing, c.Param("id"))
	if err != nil {
		return err
	}
	d, err := h.notify.Delivery(ctx, v.Standing, w.ID, c.Param("delivery"))
	if err != nil {
		return err
	}
	return h.site.Dialog(c, http.StatusOK, page.MessageDialog(messageDialog(w, d, v.Now)), h.showOne)
}

// sendAgain queues a delivery again.
func (h *Handlers) sendAgain(c echo.Context) error {
	w, err := h.notify.SendAgain(c.Request().Context(), kit.VisitOf(c).By, c.Param("id"), c.Param("delivery"))
	if err != nil {
		return err
	}
	return h.site.Done(c, address(w.ID), "The message is on its way again. Reload this page to see the answer.")
}

package signin

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"latchkey/internal/fault"
	"latchkey/views/component"
	"latchkey/views/layout"
	page "latchkey/views/page/signin"
	"latchkey/web/respond"
	"latchkey/web/ui/kit"
)

const forgotPath = "/forgot-password"

// askForgot asks for the address of somebody who forgot their password. Without a mail server there is no
// such page.
func (h *Handlers) askForgot(c echo.Context) error {
	if !h.signIns.Mails() {
		return fault.NewNotFound("This page")
	}
	return h.site.HTML(c, http.StatusOK, page.ForgotPage(page.Forgot{
		Page:   layout.Page{Title: "Forgot password?", Intro: "We send you a link to set a new one."},
		Action: forgotPath,
		Email: component.FieldModel{ID: "email", Name: "email", Label: "Email", Attrs: kit.EmailAttrs(), Autocomplete: "username",
			Required: true, Autofocus: true},
	}))
}

// forgot asks for a link. The answer is the same for every address.
func (h *Handlers) forgot(c echo.Context) error {
	form, err := kit.ReadForm(c)
	if err != nil {
		return err
	}
	link := kit.Linker(h.site.BaseURL() + kit.RecoverPath)
	if err := h.signIns.Forgot(c.Request().Context(), form.Get("email"), link, kit.Origin(c)); err != nil {
		if to := kit.Required(err, "/"); to != "" {
			return respond.SeeOther(c, to)
		}
		return err
	}
	return h.site.HTML(c, http.StatusOK, page.ForgotPage(page.Forgot{Sent: true, Page: layout.Page{Title: "Forgot password?",
		Flash: []component.NoticeModel{{Kind: "info", Text: "If the address belongs to a member, we have sent a link to it."}}}}))
}

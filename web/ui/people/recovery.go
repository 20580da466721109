package people

import (
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"latchkey/internal/account"
	"latchkey/internal/signin"
	"latchkey/views/component"
	page "latchkey/views/page/people"
	"latchkey/web/ui/kit"
)

// recoveryPath is the last part of the address of the act "Send reset link".
const recoveryPath = "/reset-link"

// confirmRecovery asks for confirmation before a member gets a link that sets a new password.
func (h *Handlers) confirmRecovery(c echo.Context) error { return h.askRecovery(c, http.StatusOK, "") }

func (h *Handlers) askRecovery(c echo.Context, status int, refused string) error {
	d, err := h.members.Details(c.Request().Context(), kit.VisitOf(c).Standing, c.Param("id"))
	if err != nil {
		return err
	}
	dialog := recoveryDialog(d.Member)
	dialog.Alert.Error = refused
	return h.site.Dialog(c, status, component.ConfirmDialog(*dialog), h.showMember)
}

// sendRecovery makes the link and shows it, in this response only. A link that the member already had
// stops working.
func (h *Handlers) sendRecovery(c echo.Context) error {
	made, err := h.signIn.SendRecovery(c.Request().Context(), kit.VisitOf(c).By, c.Param("id"),
		kit.Linker(h.site.BaseURL()+kit.RecoverPath))
	text, status, err := kit.Refusal(err)
	if err != nil {
		return err
	}
	if text != "" {
		return h.askRecovery(c, status, text)
	}
	return h.site.Reveal(c, "Reset link", page.LinksDialog(recoveryLinkDialog(made, kit.VisitOf(c).Now)))
}

func recoveryDialog(m account.Member) *component.ConfirmModel {
	dialog := memberAlert(m, "reset-link", "Create a reset link for "+m.Name+"?",
		"Anyone who has the link can set a new password and sign in as "+m.Name+". It works once, for 15 minutes. An earlier link stops working.",
		"Create link")
	dialog.Alert.Action = kit.Path(kit.UserPath, m.ID) + recoveryPath
	return dialog
}

// recoveryLinkDialog shows a new link, once.
func recoveryLinkDialog(made signin.RecoveryLink, now time.Time) page.Links {
	m := page.Links{Dialog: component.DialogModel{ID: "links", Title: "Reset link", CloseHref: kit.Path(kit.UserPath, made.ID), Wide: true},
		Notices: []component.NoticeModel{{Kind: "warning", Text: "Send the link to " + made.Name + " only. It works once, until " +
			kit.Exact(made.ExpiresAt, now) + ". You won't see it again."}},
		Links: []component.CodeModel{{ID: "link-0", Label: made.Email, Text: made.Link, Copy: "Copy link", Secret: true}}}
	switch {
	case made.Mailed:
		m.Notices = append(m.Notices, component.NoticeModel{Kind: "success", Text: "The link was emailed to " + made.Email + "."})
	case made.MailError != nil:
		m.Notices = append(m.Notices, component.NoticeModel{Kind: "danger", Text: "The email to " + made.Email +
			" could not be sent. The link below still works."})
	}
	return m
}

package people

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"latchkey/internal/account"
	"latchkey/views/component"
	page "latchkey/views/page/people"
	"latchkey/web/ui/kit"
)

// factorPath is the last part of the address of the act "Reset second factor".
const factorPath = "/reset-second-factor"

// factorAct returns the act, or nothing for a member without a second factor. Nobody resets their own here.
func (h *Handlers) factorAct(c echo.Context, v kit.Visit, m account.Member) ([]page.MemberAct, error) {
	if m.ID == v.Member.ID {
		return nil, nil
	}
	has, err := h.signIn.SecurityOf(c.Request().Context(), v.Standing, m.ID)
	if err != nil || len(has.Factors) == 0 {
		return nil, err
	}
	return []page.MemberAct{{Text: "Has " + kit.Count(len(has.Factors), "second factor", "second factors") +
		". Removes them, so that the password is enough to sign in and set up new ones.",
		Button: component.ButtonModel{Label: "Reset second factor", Variant: component.Outline, Small: true, Dialog: true,
			Href: kit.Path(kit.UserPath, m.ID) + factorPath}}}, nil
}

// confirmResetFactors asks for confirmation before a member loses their second factors.
func (h *Handlers) confirmResetFactors(c echo.Context) error {
	return h.askResetFactors(c, http.StatusOK, "")
}

func (h *Handlers) askResetFactors(c echo.Context, status int, refused string) error {
	d, err := h.members.Details(c.Request().Context(), kit.VisitOf(c).Standing, c.Param("id"))
	if err != nil {
		return err
	}
	dialog := memberAlert(d.Member, "reset-second-factor", "Reset the second factor of "+d.Member.Name+"?",
		"Their passkeys, authenticator apps and recovery codes stop working, and their password is enough to sign in. Make sure that "+
			d.Member.Name+" has asked for this.", "Reset second factor")
	dialog.Alert.Action, dialog.Alert.Error = kit.Path(kit.UserPath, d.Member.ID)+factorPath, refused
	return h.site.Dialog(c, status, component.ConfirmDialog(*dialog), h.showMember)
}

// resetFactors removes all second factors of a member.
func (h *Handlers) resetFactors(c echo.Context) error {
	err := h.signIn.ResetFactors(c.Request().Context(), kit.VisitOf(c).By, c.Param("id"))
	text, status, err := kit.Refusal(err)
	if err != nil {
		return err
	}
	if text != "" {
		return h.askResetFactors(c, status, text)
	}
	return h.site.Done(c, kit.Path(kit.UserPath, c.Param("id")), "The second factor was reset.")
}

package profile

import (
	"net/http"

	"github.com/labstack/echo/v4"

	page "latchkey/views/page/profile"
	tokenpage "latchkey/views/page/token"
	"latchkey/web/ui/kit"
	policyui "latchkey/web/ui/policy"
)

// profile shows the visitor's own page.
func (h *Handlers) profile(c echo.Context) error {
	return h.show(c, http.StatusOK, kit.ProfileTitle, tokenpage.Dialogs{})
}

// show shows the page with whatever dialog of personal tokens is open.
func (h *Handlers) show(c echo.Context, status int, title string, dialogs tokenpage.Dialogs) error {
	m, err := h.load(c, title)
	if err != nil {
		return err
	}
	m.Dialogs = dialogs
	return h.site.HTML(c, status, page.ProfilePage(m))
}

// load loads and presents the visitor's page without a dialog.
func (h *Handlers) load(c echo.Context, title string) (page.Profile, error) {
	v := kit.VisitOf(c)
	m := profileView(v)
	var err error
	if m.Tokens, err = h.tokenPages.PersonalSection(c, v, kit.ProfilePath); err != nil {
		return page.Profile{}, err
	}
	if m.Sessions, err = h.sessions(c, v); err != nil {
		return page.Profile{}, err
	}
	m.Access = policyui.AccessList(h.policies.AccessOf(v.Subject), h.site.Catalogue(), kit.ProfilePath+"/access-policy", "What you may do today, and where it comes from.")
	m.Shell = h.site.Shell(c, v, title)
	return m, nil
}

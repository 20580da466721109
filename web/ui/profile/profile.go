package profile

import (
	"net/http"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	page "latchkey/views/page/profile"
	"latchkey/web/ui/kit"
	policyui "latchkey/web/ui/policy"
)

// profile shows the page "Your Profile".
func (h *Handlers) profile(c echo.Context) error {
	return h.show(c, http.StatusOK, nil)
}

// show shows the page, with a dialog or notice above it if there is one.
func (h *Handlers) show(c echo.Context, status int, above templ.Component) error {
	return h.showTitled(c, status, kit.ProfileTitle, above)
}

// showTokens is like show, but titles the page "Personal Access Tokens".
func (h *Handlers) showTokens(c echo.Context, status int, above templ.Component) error {
	return h.showTitled(c, status, kit.PersonalTokenTitle, above)
}

func (h *Handlers) showTitled(c echo.Context, status int, title string, above templ.Component) error {
	m, err := h.load(c, title)
	if err != nil {
		return err
	}
	m.Shell.Above = above
	return h.site.HTML(c, status, page.ProfilePage(m))
}

// load loads and presents the page.
func (h *Handlers) load(c echo.Context, title string) (page.Profile, error) {
	v := kit.VisitOf(c)
	m := profileView(v)
	var err error
	if m.Tokens, err = h.tokenPages.PersonalSection(c, v, kit.PersonalTokenPath, kit.ProfilePath); err != nil {
		return page.Profile{}, err
	}
	if m.Sessions, err = h.sessions(c, v); err != nil {
		return page.Profile{}, err
	}
	m.Access = policyui.AccessList(h.policies.AccessOf(v.Subject), h.site.Catalogue(), kit.ProfilePath+"/access-policy",
		"What you can do now, and where each permission comes from.")
	m.Shell = h.site.Shell(c, v, title)
	return m, nil
}

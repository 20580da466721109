package kit

import (
	"net/http"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"latchkey/views/component"
	"latchkey/views/layout"
	"latchkey/web/respond"
)

// dialogHeader is the request header by which a script asks for a dialog without the page
// behind it. static/js/dialog.js sends it.
const dialogHeader = "Latchkey-Dialog"

// Behind answers with the page behind a dialog. The dialog is above; it may be nil.
type Behind func(c echo.Context, status int, above templ.Component) error

// Dialog answers with a dialog. A script gets only the dialog, and the page behind it is not
// loaded. Other clients get that page with the dialog in it, which works without script.
func (s *Site) Dialog(c echo.Context, status int, dialog templ.Component, behind Behind) error {
	c.Response().Header().Add("Vary", dialogHeader)
	c.SetRequest(s.withBack(c.Request()))
	if c.Request().Header.Get(dialogHeader) != "" {
		return s.HTML(c, status, dialog)
	}
	return behind(c, status, dialog)
}

// Reveal answers with a dialog that shows a new secret, in this response only. The page behind
// it is bare and needs no query: the secret already exists, and a failed query would lose it.
// Notices are left for the next page.
func (s *Site) Reveal(c echo.Context, title string, dialog templ.Component) error {
	respond.Uncompressed(c)
	return s.Dialog(c, http.StatusOK, dialog, func(c echo.Context, status int, dialog templ.Component) error {
		return s.HTML(c, status, layout.BarePage(layout.Bare{
			Shell: s.frame(c, VisitOf(c), title), Header: component.PageHeaderModel{Title: title}, Below: dialog}))
	})
}

package resource

import (
	"net/http"

	"github.com/labstack/echo/v4"

	page "latchkey/views/page/resource"
)

// apiDocs shows the OpenAPI document to everyone. Visitors who are signed in see it in the frame of the
// application.
func (h *Handlers) apiDocs(c echo.Context) error {
	groups, err := h.document.Groups()
	if err != nil {
		return err
	}
	about, err := h.document.About()
	if err != nil {
		return err
	}
	m := apiDocsView(about, groups)
	if v, err := h.site.Visit(c); err == nil {
		shell := h.site.Shell(c, v, m.Header.Title)
		m.Shell = &shell
	}
	return h.site.HTML(c, http.StatusOK, page.APIDocsPage(m))
}

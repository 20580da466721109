package api

import (
	"net/http"

	"github.com/labstack/echo/v4"
)

// openAPI serves GET /v2/openapi.json. The document is public and the same for everybody.
func (h *Workspace) openAPI(c echo.Context) error {
	data, err := h.document.JSON()
	if err != nil {
		return err
	}
	c.Response().Header().Set("Cache-Control", "public, max-age=300")
	return c.JSONBlob(http.StatusOK, data)
}

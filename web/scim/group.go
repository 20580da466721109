package scim

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"latchkey/internal/provision"
)

const displayName = "displayName"

func (h *Handlers) groups() provision.Resource { return h.d.Provision.Resources()[1] }

func (h *Handlers) listGroups(c echo.Context) error {
	q, want, err := readQuery(c)
	if err != nil {
		return err
	}
	return h.answerGroups(c, q, want)
}

func (h *Handlers) searchGroups(c echo.Context) error {
	q, want, err := readSearch(c)
	if err != nil {
		return err
	}
	return h.answerGroups(c, q, want)
}

func (h *Handlers) answerGroups(c echo.Context, q provision.ListQuery, want provision.Attributes) error {
	list, err := h.d.Provision.Groups(c.Request().Context(), h.call(c), q)
	if err != nil {
		return err
	}
	return answerPage(c, h.groups(), list, want)
}

func (h *Handlers) getGroup(c echo.Context) error {
	r, err := h.d.Provision.Group(c.Request().Context(), h.call(c), c.Param("id"))
	if err != nil {
		return err
	}
	return answerResource(c, http.StatusOK, h.groups(), r, displayName)
}

func (h *Handlers) createGroup(c echo.Context) error {
	body, err := readResource(c, displayName)
	if err != nil {
		return err
	}
	r, err := h.d.Provision.CreateGroup(c.Request().Context(), h.call(c), body)
	if err != nil {
		return err
	}
	return answerResource(c, http.StatusCreated, h.groups(), r, displayName)
}

func (h *Handlers) replaceGroup(c echo.Context) error {
	body, err := readResource(c, displayName)
	if err != nil {
		return err
	}
	r, err := h.d.Provision.ReplaceGroup(c.Request().Context(), h.call(c), c.Param("id"), body)
	if err != nil {
		return err
	}
	return answerResource(c, http.StatusOK, h.groups(), r, displayName)
}

func (h *Handlers) patchGroup(c echo.Context) error {
	operations, err := readPatch(c)
	if err != nil {
		return err
	}
	r, err := h.d.Provision.PatchGroup(c.Request().Context(), h.call(c), c.Param("id"), operations)
	if err != nil {
		h.noteGroup(c)
		return err
	}
	if c.QueryParam("attributes") == "" && c.QueryParam("excludedAttributes") == "" {
		// A group may have thousands of members, and providers do not read them from this response.
		about(c, r.Document[displayName])
		c.Response().Header().Set("ETag", r.Version)
		return c.NoContent(http.StatusNoContent)
	}
	return answerResource(c, http.StatusOK, h.groups(), r, displayName)
}

func (h *Handlers) deleteGroup(c echo.Context) error {
	h.noteGroup(c)
	if err := h.d.Provision.DeleteGroup(c.Request().Context(), h.call(c), c.Param("id")); err != nil {
		return err
	}
	return c.NoContent(http.StatusNoContent)
}

func (h *Handlers) noteGroup(c echo.Context) {
	r, err := h.d.Provision.Group(c.Request().Context(), h.call(c), c.Param("id"))
	if err == nil {
		about(c, r.Document[displayName])
	}
}

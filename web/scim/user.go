package scim

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"latchkey/internal/provision"
)

const userName = "userName"

func (h *Handlers) users() provision.Resource { return h.d.Provision.Resources()[0] }

func (h *Handlers) listUsers(c echo.Context) error {
	q, want, err := readQuery(c)
	if err != nil {
		return err
	}
	return h.answerUsers(c, q, want)
}

func (h *Handlers) searchUsers(c echo.Context) error {
	q, want, err := readSearch(c)
	if err != nil {
		return err
	}
	return h.answerUsers(c, q, want)
}

func (h *Handlers) answerUsers(c echo.Context, q provision.ListQuery, want provision.Attributes) error {
	list, err := h.d.Provision.Users(c.Request().Context(), h.call(c), q)
	if err != nil {
		return err
	}
	return answerPage(c, h.users(), list, want)
}

func (h *Handlers) getUser(c echo.Context) error {
	r, err := h.d.Provision.User(c.Request().Context(), h.call(c), c.Param("id"))
	if err != nil {
		return err
	}
	return answerResource(c, http.StatusOK, h.users(), r, userName)
}

func (h *Handlers) createUser(c echo.Context) error {
	body, err := readResource(c, userName)
	if err != nil {
		return err
	}
	r, err := h.d.Provision.CreateUser(c.Request().Context(), h.call(c), body)
	if err != nil {
		return err
	}
	return answerResource(c, http.StatusCreated, h.users(), r, userName)
}

func (h *Handlers) replaceUser(c echo.Context) error {
	body, err := readResource(c, userName)
	if err != nil {
		return err
	}
	r, err := h.d.Provision.ReplaceUser(c.Request().Context(), h.call(c), c.Param("id"), body)
	if err != nil {
		return err
	}
	return answerResource(c, http.StatusOK, h.users(), r, userName)
}

func (h *Handlers) patchUser(c echo.Context) error {
	operations, err := readPatch(c)
	if err != nil {
		return err
	}
	r, err := h.d.Provision.PatchUser(c.Request().Context(), h.call(c), c.Param("id"), operations)
	if err != nil {
		h.noteUser(c)
		return err
	}
	return answerResource(c, http.StatusOK, h.users(), r, userName)
}

func (h *Handlers) deleteUser(c echo.Context) error {
	h.noteUser(c)
	if err := h.d.Provision.DeleteUser(c.Request().Context(), h.call(c), c.Param("id")); err != nil {
		return err
	}
	return c.NoContent(http.StatusNoContent)
}

func (h *Handlers) noteUser(c echo.Context) {
	r, err := h.d.Provision.User(c.Request().Context(), h.call(c), c.Param("id"))
	if err == nil {
		about(c, r.Document[userName])
	}
}

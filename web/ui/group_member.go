package ui

import (
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"latchkey/internal/account"
	"latchkey/internal/fault"
	"latchkey/views/component"
	peoplepage "latchkey/views/page/people"
	"latchkey/web/respond"
)

// pickedMembers is how many members the page that adds them to a group offers at a time.
const pickedMembers = 25

// NewGroupMembers offers members who are not in the group; the search narrows them down.
func (h *Handlers) NewGroupMembers(c echo.Context) error {
	return h.askGroupMembers(c, http.StatusOK, nil)
}

func (h *Handlers) askGroupMembers(c echo.Context, status int, errors fieldErrors) error {
	v, ctx := visitOf(c), c.Request().Context()
	d, err := h.groupOf(c)
	if err != nil {
		return err
	}
	find := shown(strings.TrimSpace(c.QueryParam("q")))
	found, err := h.d.Accounts.FindMembers(ctx, v.caller, account.MemberQuery{Search: find, NotInGroup: d.ID, Limit: pickedMembers})
	if err != nil {
		return err
	}
	m := groupMembersView(d, found, find, errors)
	m.Shell = h.shell(c, v, "Add members")
	return h.render.HTML(c, status, peoplepage.GroupMembersPage(m))
}

// AddGroupMembers makes the chosen ones members of the group.
func (h *Handlers) AddGroupMembers(c echo.Context) error {
	form, err := readForm(c)
	if err != nil {
		return err
	}
	id := c.Param("id")
	added, err := h.d.Accounts.AddToGroups(c.Request().Context(), visitOf(c).caller, form[fieldMember], []string{id})
	wrong, err := invalid(err)
	if err != nil {
		return err
	}
	if wrong != nil {
		return h.askGroupMembers(c, respond.Status(fault.Invalid), wrong)
	}
	return h.done(c, path(groupPath, id), count(added, "member was", "members were")+" added.")
}

// ConfirmRemoveGroupMembers asks before members leave the group.
func (h *Handlers) ConfirmRemoveGroupMembers(c echo.Context) error {
	ids := c.QueryParams()[fieldMember]
	if len(ids) == 0 {
		return h.done(c, path(groupPath, c.Param("id")), "Select members first.")
	}
	d, err := h.groupOf(c)
	if err != nil {
		return err
	}
	members, err := h.chosenMembers(c, ids)
	if err != nil {
		return err
	}
	return h.showGroup(c, http.StatusOK, component.Dialogs{Confirm: removeMembersDialog(d.Group, members)})
}

// RemoveGroupMembers ends the memberships of the chosen ones.
func (h *Handlers) RemoveGroupMembers(c echo.Context) error {
	form, err := readForm(c)
	if err != nil {
		return err
	}
	g, err := h.d.Accounts.RemoveFromGroup(c.Request().Context(), visitOf(c).caller, c.Param("id"), form[fieldMember])
	if err != nil {
		return err
	}
	return h.done(c, path(groupPath, g.ID), count(len(form[fieldMember]), "member was", "members were")+" removed from "+g.Name+".")
}

package people

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"latchkey/internal/account"
	"latchkey/internal/fault"
	"latchkey/views/component"
	page "latchkey/views/page/people"
	"latchkey/web/respond"
	"latchkey/web/ui/kit"
)

// pickedMembers is how many members the page "Add members" offers at a time.
const pickedMembers = 25

// newGroupMembers offers members who are not in the group, filtered by the search.
func (h *Handlers) newGroupMembers(c echo.Context) error {
	return h.askGroupMembers(c, http.StatusOK, nil)
}

func (h *Handlers) askGroupMembers(c echo.Context, status int, errors kit.FieldErrors) error {
	v, ctx := kit.VisitOf(c), c.Request().Context()
	d, err := h.groupOf(c)
	if err != nil {
		return err
	}
	find := kit.Search(c.QueryParam("q"))
	found, err := h.members.Find(ctx, v.Standing, account.MemberQuery{Search: find, NotInGroup: d.ID, Limit: pickedMembers})
	if err != nil {
		return err
	}
	m := groupMembersView(d, found, find, errors)
	m.Shell = h.site.Shell(c, v, "Add members")
	return h.site.HTML(c, status, page.GroupMembersPage(m))
}

// addGroupMembers adds the chosen members to the group.
func (h *Handlers) addGroupMembers(c echo.Context) error {
	form, err := kit.ReadForm(c)
	if err != nil {
		return err
	}
	id := c.Param("id")
	added, err := h.groups.AddMembers(c.Request().Context(), kit.VisitOf(c).By, form[kit.FieldMember], []string{id})
	wrong, err := kit.Invalid(err)
	if err != nil {
		return err
	}
	if wrong != nil {
		return h.askGroupMembers(c, respond.Status(fault.Invalid), wrong)
	}
	return h.site.Done(c, kit.Path(kit.GroupPath, id), kit.Count(added, "member was", "members were")+" added.")
}

// confirmRemoveGroupMembers asks for confirmation before members are removed from the group.
func (h *Handlers) confirmRemoveGroupMembers(c echo.Context) error {
	ids := c.QueryParams()[kit.FieldMember]
	if len(ids) == 0 {
		return h.showGroup(c, respond.Status(fault.Invalid), noneSelected())
	}
	d, err := h.groupOf(c)
	if err != nil {
		return err
	}
	members, err := h.chosenMembers(c, ids)
	if err != nil {
		return err
	}
	return h.site.Dialog(c, http.StatusOK, component.ConfirmDialog(*removeMembersDialog(d.Group, members)), h.showGroup)
}

// removeGroupMembers removes the chosen members from the group.
func (h *Handlers) removeGroupMembers(c echo.Context) error {
	form, err := kit.ReadForm(c)
	if err != nil {
		return err
	}
	g, err := h.groups.RemoveMembers(c.Request().Context(), kit.VisitOf(c).By, c.Param("id"), form[kit.FieldMember])
	if err != nil {
		return err
	}
	return h.site.Done(c, kit.Path(kit.GroupPath, g.ID),
		kit.Count(len(form[kit.FieldMember]), "member was", "members were")+" removed from "+g.Name+".")
}

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
	added, err := h.groups.AddMembers(c.Request().Context(), kit.VisitOf(c).By, account.These(form[kit.FieldMember]...), []string{id})
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
	sel := readSelection(c.QueryParams())
	if sel.Empty() {
		return h.showGroup(c, respond.Status(fault.Invalid), noneSelected())
	}
	return h.askRemove(c, http.StatusOK, sel, "")
}

// askRemove shows the confirmation. If refused is not empty, it says why the last attempt was refused.
func (h *Handlers) askRemove(c echo.Context, status int, sel account.Selection, refused string) error {
	d, err := h.groupOf(c)
	if err != nil {
		return err
	}
	sel.InGroup = d.ID
	members, err := h.members.Chosen(c.Request().Context(), kit.VisitOf(c).Standing, sel)
	if err != nil {
		return refusedSelection(c, err, h.showGroup)
	}
	dialog := removeMembersDialog(d.Group, sel, members)
	dialog.Alert.Error = refused
	return h.site.Dialog(c, status, component.ConfirmDialog(*dialog), h.showGroup)
}

// removeGroupMembers removes the chosen members from the group.
func (h *Handlers) removeGroupMembers(c echo.Context) error {
	form, err := kit.ReadForm(c)
	if err != nil {
		return err
	}
	sel := readSelection(form)
	g, removed, err := h.groups.RemoveMembers(c.Request().Context(), kit.VisitOf(c).By, c.Param("id"), sel)
	if fault.Is(err, fault.Conflict) && sel.All {
		return h.askRemove(c, respond.Status(fault.Conflict), askedAgain(sel), fault.Of(err).Message)
	}
	if err != nil {
		return refusedSelection(c, err, h.showGroup)
	}
	return h.site.Done(c, kit.Path(kit.GroupPath, g.ID), kit.Count(removed, "member was", "members were")+" removed from "+g.Name+".")
}

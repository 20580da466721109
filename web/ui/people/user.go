package people

import (
	"net/http"
	"net/url"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"latchkey/internal/account"
	"latchkey/internal/fault"
	"latchkey/views/component"
	page "latchkey/views/page/people"
	"latchkey/web/respond"
	"latchkey/web/ui/kit"
)

// users lists the members.
func (h *Handlers) users(c echo.Context) error {
	return h.showUsers(c, http.StatusOK, nil)
}

func userQuery(path string, query url.Values) kit.Paging {
	return kit.ReadPaging(path, query, account.DefaultPage,
		string(account.ByName), string(account.ByEmail), string(account.ByRole), string(account.ByLastSeen), string(account.ByTokens))
}

// memberQuery returns the query of the members for the state of the list.
func memberQuery(q kit.Paging) account.MemberQuery {
	key, descending := q.Order()
	return account.MemberQuery{Search: q.Find, Sort: account.MemberSort(key), Descending: descending, Limit: q.Size, Offset: q.Offset()}
}

// showUsers shows the list, with above in front of it.
func (h *Handlers) showUsers(c echo.Context, status int, above templ.Component) error {
	v := kit.VisitOf(c)
	q := userQuery(kit.UserPath, c.QueryParams())
	found, err := h.members.Find(c.Request().Context(), v.Standing, memberQuery(q))
	if err != nil {
		return err
	}
	m := usersView(found, q, v.Now)
	m.Frame = h.site.Frame(c, v, kit.UserTitle)
	m.Frame.Shell.Above = above
	return h.site.HTML(c, status, page.UsersPage(m))
}

// confirmAddToGroups asks to which groups the chosen members are added.
func (h *Handlers) confirmAddToGroups(c echo.Context) error {
	sel := readSelection(c.QueryParams())
	if sel.Empty() {
		return h.showUsers(c, respond.Status(fault.Invalid), noneSelected())
	}
	return h.askGroups(c, http.StatusOK, sel, nil, nil)
}

// askGroups shows the dialog "Add to groups".
func (h *Handlers) askGroups(c echo.Context, status int, sel account.Selection, form url.Values, errors kit.FieldErrors) error {
	v := kit.VisitOf(c)
	members, err := h.members.Chosen(c.Request().Context(), v.Standing, sel)
	if err != nil {
		return refusedSelection(c, err, h.showUsers)
	}
	groups, err := h.groups.List(c.Request().Context(), v.Standing)
	if err != nil {
		return err
	}
	dialog := groupsDialog(chosenNames(sel, members), groups, v.Organization.Plan, form, errors)
	dialog.Hidden = selectionFields(sel, members)
	return h.site.Dialog(c, status, component.FormDialog(*dialog), h.showUsers)
}

// addToGroups adds the chosen members to the chosen groups.
func (h *Handlers) addToGroups(c echo.Context) error {
	form, err := kit.ReadForm(c)
	if err != nil {
		return err
	}
	sel := readSelection(form)
	if sel.Empty() {
		return h.showUsers(c, respond.Status(fault.Invalid), noneSelected())
	}
	added, err := h.groups.AddMembers(c.Request().Context(), kit.VisitOf(c).By, sel, form[fieldGroups])
	if fault.Is(err, fault.Conflict) && sel.All {
		return h.askGroups(c, respond.Status(fault.Conflict), askedAgain(sel), form, kit.FieldErrors{"": fault.Of(err).Message})
	}
	fields, err := kit.Invalid(err)
	if err != nil {
		return err
	}
	if fields != nil {
		return h.askGroups(c, http.StatusBadRequest, askedAgain(sel), form, fields)
	}
	if added == 0 {
		return h.site.Done(c, kit.UserPath, "No changes: they are already in these groups.")
	}
	return h.site.Done(c, kit.UserPath, kit.Count(added, "membership was", "memberships were")+" added.")
}

// confirmDeleteMembers asks for confirmation before members are deleted, and says what stops
// working.
func (h *Handlers) confirmDeleteMembers(c echo.Context) error {
	sel := readSelection(c.QueryParams())
	if sel.Empty() {
		return h.showUsers(c, respond.Status(fault.Invalid), noneSelected())
	}
	return h.askDelete(c, http.StatusOK, sel, "")
}

// askDelete shows the confirmation. If refused is not empty, it says why the last attempt was
// refused.
func (h *Handlers) askDelete(c echo.Context, status int, sel account.Selection, refused string) error {
	v := kit.VisitOf(c)
	ends, err := h.members.Impact(c.Request().Context(), v.Standing, sel)
	if err != nil {
		return refusedSelection(c, err, h.showUsers)
	}
	dialog := deleteMembersDialog(ends.Members, ends.Credentials, previewOf(sel), v)
	dialog.Alert.Error, dialog.Alert.Hidden = refused, selectionFields(sel, ends.Members)
	return h.site.Dialog(c, status, component.ConfirmDialog(*dialog), h.showUsers)
}

// deleteMembers deletes all the chosen members, or none of them on an error.
func (h *Handlers) deleteMembers(c echo.Context) error {
	form, err := kit.ReadForm(c)
	if err != nil {
		return err
	}
	sel := readSelection(form)
	gone, err := h.members.Delete(c.Request().Context(), kit.VisitOf(c).By, sel)
	text, status, err := kit.Refusal(err)
	if err != nil {
		return refusedSelection(c, err, h.showUsers)
	}
	if text != "" {
		return h.askDelete(c, status, askedAgain(sel), text)
	}
	if h.isGone(c, gone) {
		return respond.SeeOther(c, "/sign-in")
	}
	return h.site.Done(c, kit.UserPath, deletedText(gone))
}

// isGone reports whether the visitor is among the deleted members.
func (h *Handlers) isGone(c echo.Context, gone []account.Member) bool {
	for _, m := range gone {
		if m.ID == kit.VisitOf(c).Member.ID {
			return true
		}
	}
	return false
}

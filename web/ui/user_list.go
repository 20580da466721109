package ui

import (
	"net/http"
	"net/url"

	"github.com/labstack/echo/v4"

	"latchkey/internal/account"
	"latchkey/views/component"
	peoplepage "latchkey/views/page/people"
	"latchkey/web/respond"
)

const (
	userPath  = "/settings/access-management/users"
	userTitle = "Users"
)

// Users lists the members.
func (h *Handlers) Users(c echo.Context) error {
	return h.showUsers(c, http.StatusOK, component.Dialogs{})
}

func userQuery(path string, query url.Values) pageQuery {
	return readPageQuery(path, query, account.DefaultPage,
		string(account.ByName), string(account.ByEmail), string(account.ByRole), string(account.ByLastSeen), string(account.ByTokens))
}

// memberQuery is what the list's address asks of the members.
func memberQuery(q pageQuery) account.MemberQuery {
	key, descending := q.order()
	return account.MemberQuery{Search: q.find, Sort: account.MemberSort(key), Descending: descending, Limit: q.size, Offset: q.offset()}
}

// showUsers shows the list with whatever dialog is open.
func (h *Handlers) showUsers(c echo.Context, status int, dialogs component.Dialogs) error {
	v := visitOf(c)
	q := userQuery(userPath, c.QueryParams())
	found, err := h.d.Accounts.FindMembers(c.Request().Context(), v.caller, memberQuery(q))
	if err != nil {
		return err
	}
	m := usersView(found, q, v.now)
	m.Frame = h.accessFrame(c, v, userTitle)
	m.Dialogs = dialogs
	return h.render.HTML(c, status, peoplepage.UsersPage(m))
}

// chosenMembers loads the members that the parameters or the form name.
func (h *Handlers) chosenMembers(c echo.Context, ids []string) ([]account.Member, error) {
	return h.d.Accounts.MembersByID(c.Request().Context(), visitOf(c).caller, ids)
}

// ConfirmAddToGroups asks which groups the chosen members are to come into.
func (h *Handlers) ConfirmAddToGroups(c echo.Context) error {
	ids := c.QueryParams()[fieldMember]
	if len(ids) == 0 {
		return h.done(c, userPath, "Select members first.")
	}
	return h.askGroups(c, http.StatusOK, ids, nil, nil)
}

// askGroups shows the dialog "Add to groups".
func (h *Handlers) askGroups(c echo.Context, status int, ids []string, form url.Values, errors fieldErrors) error {
	v := visitOf(c)
	members, err := h.chosenMembers(c, ids)
	if err != nil {
		return err
	}
	groups, err := h.d.Accounts.GroupRows(c.Request().Context(), v.caller)
	if err != nil {
		return err
	}
	return h.showUsers(c, status, component.Dialogs{Form: groupsDialog(members, groups, v.Organization.Plan, form, errors)})
}

// AddToGroups adds the chosen members to the chosen groups.
func (h *Handlers) AddToGroups(c echo.Context) error {
	form, err := readForm(c)
	if err != nil {
		return err
	}
	added, err := h.d.Accounts.AddToGroups(c.Request().Context(), visitOf(c).caller, form[fieldMember], form[fieldGroups])
	fields, err := invalid(err)
	if err != nil {
		return err
	}
	if fields != nil {
		if len(form[fieldMember]) == 0 {
			return h.done(c, userPath, "Select members first.")
		}
		return h.askGroups(c, http.StatusBadRequest, form[fieldMember], form, fields)
	}
	if added == 0 {
		return h.done(c, userPath, "Nothing to do: they are in these groups already.")
	}
	return h.done(c, userPath, count(added, "membership was", "memberships were")+" added.")
}

// ConfirmDeleteMembers says what breaks before members are deleted.
func (h *Handlers) ConfirmDeleteMembers(c echo.Context) error {
	ids := c.QueryParams()[fieldMember]
	if len(ids) == 0 {
		return h.done(c, userPath, "Select members first.")
	}
	return h.askDelete(c, http.StatusOK, ids, "")
}

// askDelete shows the alert dialog, perhaps with why the last attempt was refused.
func (h *Handlers) askDelete(c echo.Context, status int, ids []string, refused string) error {
	v := visitOf(c)
	members, err := h.chosenMembers(c, ids)
	if err != nil {
		return err
	}
	tokens, err := h.d.Accounts.Impact(c.Request().Context(), v.caller, ids)
	if err != nil {
		return err
	}
	dialog := deleteMembersDialog(members, tokens, v.now)
	dialog.Alert.Error = refused
	return h.showUsers(c, status, component.Dialogs{Confirm: dialog})
}

// DeleteMembers removes the chosen members for good, all or none.
func (h *Handlers) DeleteMembers(c echo.Context) error {
	form, err := readForm(c)
	if err != nil {
		return err
	}
	gone, err := h.d.Accounts.DeleteMembers(c.Request().Context(), visitOf(c).caller, form[fieldMember])
	text, status, err := refusal(err)
	if err != nil {
		return err
	}
	if text != "" {
		return h.askDelete(c, status, form[fieldMember], text)
	}
	if h.isGone(c, gone) {
		return respond.SeeOther(c, "/sign-in")
	}
	return h.done(c, userPath, deletedText(gone))
}

// isGone reports whether the visitor was among those who were deleted.
func (h *Handlers) isGone(c echo.Context, gone []account.Member) bool {
	for _, m := range gone {
		if m.ID == visitOf(c).Member.ID {
			return true
		}
	}
	return false
}

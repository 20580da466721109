package ui

import (
	"net/http"
	"net/url"

	"github.com/labstack/echo/v4"

	"latchkey/internal/account"
	"latchkey/internal/fault"
	peoplepage "latchkey/views/page/people"
	"latchkey/web/respond"
)

const (
	invitationPath  = "/settings/access-management/invitations"
	invitationTitle = "Invitations"
	// acceptPath is where an invitation's link leads. The secret is a query parameter, as
	// the access log has paths only.
	acceptPath  = "/accept-invitation"
	fieldSecret = "secret"
	fieldState  = "state"
)

// Invitations lists the invitations.
func (h *Handlers) Invitations(c echo.Context) error {
	return h.showInvitations(c, http.StatusOK, peoplepage.InvitationDialogs{})
}

func (h *Handlers) showInvitations(c echo.Context, status int, dialogs peoplepage.InvitationDialogs) error {
	v := visitOf(c)
	q := readPageQuery(invitationPath, c.QueryParams(), account.DefaultPage)
	state := account.InvitationState(c.QueryParam(fieldState))
	if state != "" {
		q.keep = url.Values{fieldState: {string(state)}}
	}
	found, err := h.d.Accounts.Invitations(c.Request().Context(), v.caller,
		account.InvitationQuery{Search: q.find, State: state, Limit: q.size, Offset: q.offset()})
	if err != nil {
		return err
	}
	m := invitationsView(found, q, v.now)
	m.Frame = h.accessFrame(c, v, invitationTitle)
	m.Dialogs = dialogs
	return h.render.HTML(c, status, peoplepage.InvitationsPage(m))
}

// NewInvitation shows the dialog "Invite users".
func (h *Handlers) NewInvitation(c echo.Context) error {
	return h.askInvite(c, http.StatusOK, url.Values{fieldRole: {"member"}}, nil, "")
}

func (h *Handlers) askInvite(c echo.Context, status int, form url.Values, errors fieldErrors, refused string) error {
	v := visitOf(c)
	groups, err := h.d.Accounts.GroupRows(c.Request().Context(), v.caller)
	if err != nil {
		return err
	}
	return h.showInvitations(c, status, peoplepage.InvitationDialogs{Form: inviteDialog(form, groups, v.Workspaces, errors, refused)})
}

// Invite makes invitations and shows their links, in this response only.
func (h *Handlers) Invite(c echo.Context) error {
	form, err := readForm(c)
	if err != nil {
		return err
	}
	out, err := h.d.Accounts.Invite(c.Request().Context(), visitOf(c).caller, account.InviteForm{Emails: form.Get(fieldEmails),
		Role: form.Get(fieldRole), Groups: form[fieldGroups], Workspaces: form[fieldWorkspaces]}, h.linker(c))
	if fault.Is(err, fault.Denied) {
		return h.askInvite(c, respond.Status(fault.Denied), form, nil, fault.Of(err).Message)
	}
	wrong, err := invalid(err)
	if err != nil {
		return err
	}
	if wrong != nil {
		return h.askInvite(c, respond.Status(fault.Invalid), form, wrong, "")
	}
	return h.showInvitations(c, http.StatusOK, peoplepage.InvitationDialogs{Links: invitedDialog(out)})
}

// linker makes links with this server's own address.
func (h *Handlers) linker(c echo.Context) account.Linker {
	base := h.baseURL(c)
	return func(secret account.LinkSecret) string {
		return withQuery(base+acceptPath, fieldSecret, secret.Reveal())
	}
}

// ResendInvitation makes a new link and shows it, in this response only. The old one ends.
func (h *Handlers) ResendInvitation(c echo.Context) error {
	sent, err := h.d.Accounts.ResendInvitation(c.Request().Context(), visitOf(c).caller, c.Param("id"), h.linker(c))
	if err != nil {
		return err
	}
	return h.showInvitations(c, http.StatusOK, peoplepage.InvitationDialogs{Links: invitedDialog(account.Invited{Sent: []account.SentInvitation{sent}})})
}

// ConfirmDeleteInvitation asks before an invitation goes.
func (h *Handlers) ConfirmDeleteInvitation(c echo.Context) error {
	inv, err := h.d.Accounts.InvitationByID(c.Request().Context(), visitOf(c).caller, c.Param("id"))
	if err != nil {
		return err
	}
	return h.showInvitations(c, http.StatusOK, peoplepage.InvitationDialogs{Confirm: deleteInvitationDialog(inv)})
}

// DeleteInvitation ends an invitation.
func (h *Handlers) DeleteInvitation(c echo.Context) error {
	inv, err := h.d.Accounts.DeleteInvitation(c.Request().Context(), visitOf(c).caller, c.Param("id"))
	if err != nil {
		return err
	}
	return h.done(c, invitationPath, "The invitation of "+inv.Email+" was deleted.")
}

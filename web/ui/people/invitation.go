package people

import (
	"net/http"
	"net/url"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"latchkey/internal/access"
	"latchkey/internal/account"
	"latchkey/internal/fault"
	"latchkey/internal/invitation"
	"latchkey/internal/plaintext"
	"latchkey/internal/random"
	"latchkey/views/component"
	page "latchkey/views/page/people"
	"latchkey/web/respond"
	"latchkey/web/ui/kit"
)

const (
	// acceptPath is the address of an invitation's link. The secret is in the fragment, which is
	// sent to nobody; openPath takes it by POST.
	acceptPath = "/accept-invitation"
	openPath   = acceptPath + "/open"
	fieldState = "state"
)

// listInvitations lists the invitations.
func (h *Handlers) listInvitations(c echo.Context) error {
	return h.showInvitations(c, http.StatusOK, nil)
}

func (h *Handlers) showInvitations(c echo.Context, status int, above templ.Component) error {
	v := kit.VisitOf(c)
	q := kit.ReadPaging(kit.InvitationPath, c.QueryParams(), account.DefaultPage)
	state := invitation.State(c.QueryParam(fieldState))
	if state != "" {
		q.Keep = url.Values{fieldState: {string(state)}}
	}
	found, err := h.invitations.Find(c.Request().Context(), v.Standing,
		invitation.Query{Search: q.Find, State: state, Limit: q.Size, Offset: q.Offset()})
	if err != nil {
		return err
	}
	m := invitationsView(found, q, v.Now)
	m.Frame = h.site.Frame(c, v, kit.InvitationTitle)
	m.Frame.Shell.Above = above
	return h.site.HTML(c, status, page.InvitationsPage(m))
}

// newInvitation shows the dialog "Invite users".
func (h *Handlers) newInvitation(c echo.Context) error {
	return h.askInvite(c, http.StatusOK, url.Values{fieldRole: {"member"}}, nil, "")
}

func (h *Handlers) askInvite(c echo.Context, status int, form url.Values, errors kit.FieldErrors, refused string) error {
	v := kit.VisitOf(c)
	groups, err := h.groups.List(c.Request().Context(), v.Standing)
	if err != nil {
		return err
	}
	return h.site.Dialog(c, status, component.FormDialog(*inviteDialog(form, groups, v.Workspaces, errors, refused)), h.showInvitations)
}

// invite creates invitations and shows their links, in this response only.
func (h *Handlers) invite(c echo.Context) error {
	form, err := kit.ReadForm(c)
	if err != nil {
		return err
	}
	out, err := h.invitations.Invite(c.Request().Context(), kit.VisitOf(c).By,
		invitation.NewInvitations{Emails: plaintext.Emails(form.Get(fieldEmails)),
			Role: access.Role(form.Get(fieldRole)), Groups: form[fieldGroups], Workspaces: form[fieldWorkspaces]}, h.linker())
	if fault.Is(err, fault.Denied) {
		return h.askInvite(c, respond.Status(fault.Denied), form, nil, fault.Of(err).Message)
	}
	wrong, err := kit.Invalid(err)
	if err != nil {
		return err
	}
	if wrong != nil {
		return h.askInvite(c, respond.Status(fault.Invalid), form, wrong, "")
	}
	return h.site.Reveal(c, kit.InvitationTitle, page.LinksDialog(invitedDialog(out, kit.VisitOf(c).Now)))
}

// linker returns a function that makes invitation links with this server's address.
func (h *Handlers) linker() random.Linker {
	return kit.Linker(h.site.BaseURL() + acceptPath)
}

// resendInvitation creates a new link and shows it, in this response only. The old link stops
// working.
func (h *Handlers) resendInvitation(c echo.Context) error {
	sent, err := h.invitations.Resend(c.Request().Context(), kit.VisitOf(c).By, c.Param("id"), h.linker())
	if err != nil {
		return err
	}
	return h.site.Reveal(c, kit.InvitationTitle,
		page.LinksDialog(invitedDialog(invitation.Invited{Sent: []invitation.Sent{sent}}, kit.VisitOf(c).Now)))
}

// confirmDeleteInvitation asks for confirmation before an invitation is deleted.
func (h *Handlers) confirmDeleteInvitation(c echo.Context) error {
	inv, err := h.invitations.Get(c.Request().Context(), kit.VisitOf(c).Standing, c.Param("id"))
	if err != nil {
		return err
	}
	return h.site.Dialog(c, http.StatusOK, component.ConfirmDialog(*deleteInvitationDialog(inv)), h.showInvitations)
}

// deleteInvitation deletes an invitation.
func (h *Handlers) deleteInvitation(c echo.Context) error {
	inv, err := h.invitations.Delete(c.Request().Context(), kit.VisitOf(c).By, c.Param("id"))
	if err != nil {
		return err
	}
	return h.site.Done(c, kit.InvitationPath, "The invitation for "+inv.Email+" was deleted.")
}

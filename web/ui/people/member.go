package people

import (
	"context"
	"net/http"
	"slices"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"latchkey/internal/access"
	"latchkey/internal/account"
	"latchkey/internal/actor"
	"latchkey/internal/fault"
	"latchkey/internal/policy"
	"latchkey/internal/token"
	"latchkey/views/component"
	page "latchkey/views/page/people"
	"latchkey/web/ui/kit"
	policyui "latchkey/web/ui/policy"
	tokenui "latchkey/web/ui/token"
)

// memberDetails shows the page "Member details".
func (h *Handlers) memberDetails(c echo.Context) error {
	return h.showMember(c, http.StatusOK, nil)
}

// showMember shows the page, with above in front of it.
func (h *Handlers) showMember(c echo.Context, status int, above templ.Component) error {
	v, ctx, id := kit.VisitOf(c), c.Request().Context(), c.Param("id")
	d, err := h.members.Details(ctx, v.Standing, id)
	if err != nil {
		return err
	}
	held, err := h.policies.Held(ctx, v.Standing, policy.OfMember, id)
	if err != nil {
		return err
	}
	view, err := h.policies.EffectiveOf(ctx, v.Standing, id)
	if err != nil {
		return err
	}
	list := tokenui.ReadListQuery(kit.Path(kit.UserPath, id), c.QueryParams())
	tokens, err := h.tokens.OfMember(ctx, v.Standing, id, list.Listing(v.Now))
	if err != nil {
		return err
	}
	m := memberView(d, held, view, h.site.Catalogue(), v.Now)
	factor, err := h.factorAct(c, v, d.Member)
	if err != nil {
		return err
	}
	m.Acts = slices.Concat(factor, m.Acts)
	m.Tokens = memberTokens(d.Member, tokens, list, v.Now)
	m.Shell = h.site.Shell(c, v, "Member details")
	m.Shell.Above = above
	if m.Sessions, err = h.sessions(c, v, d.Member); err != nil {
		return err
	}
	if m.Trail, err = h.log.Trail(c, v, id); err != nil {
		return err
	}
	return h.site.HTML(c, status, page.MemberPage(m))
}

// memberChange is a change of a member that needs confirmation.
type memberChange struct {
	name string // the last part of its address
	do   func(ctx context.Context, by actor.Caller, id string) (account.Member, error)
	ask  func(m account.Member, ends account.Credentials, at kit.Visit) *component.ConfirmModel
	done string // after the member's name
}

// memberChanges returns the changes that a member page offers.
func (h *Handlers) memberChanges() []memberChange {
	m := h.members
	return []memberChange{
		{"make-admin", m.MakeAdmin, makeAdminDialog, " is now an Admin."},
		{"make-member", m.MakeMember, makeMemberDialog, " is now a Member, with baseline access only."},
		{"deactivate", m.Deactivate, deactivateDialog, " was deactivated."},
		{"reactivate", m.Reactivate, reactivateDialog, " was reactivated."},
	}
}

// memberChangePages returns two rows for each change: its confirmation, and the change itself.
func (h *Handlers) memberChangePages() []kit.Page {
	var rows []kit.Page
	for _, change := range h.memberChanges() {
		at := kit.UserPath + "/:id/" + change.name
		rows = append(rows,
			kit.Get(at, kit.Member, access.ManageMembers, func(c echo.Context) error { return h.askMemberChange(c, http.StatusOK, change, "") }),
			kit.Post(at, kit.Member, access.ManageMembers, func(c echo.Context) error { return h.changeMember(c, change) }))
	}
	return rows
}

// askMemberChange asks for confirmation before a role or status changes. If refused is not empty,
// it says why the last attempt was refused.
func (h *Handlers) askMemberChange(c echo.Context, status int, change memberChange, refused string) error {
	v, ctx, id := kit.VisitOf(c), c.Request().Context(), c.Param("id")
	ends, err := h.members.Impact(ctx, v.Standing, account.These(id))
	if err != nil {
		return err
	}
	dialog := change.ask(ends.Members[0], ends.Credentials, v)
	dialog.Alert.Action = kit.Path(kit.UserPath, id, change.name)
	dialog.Alert.CancelHref = h.listOr(c, dialog.Alert.CancelHref)
	dialog.Alert.Error = refused
	return h.site.Dialog(c, status, component.ConfirmDialog(*dialog), h.showMember)
}

// changeMember changes the role or status of a member.
func (h *Handlers) changeMember(c echo.Context, change memberChange) error {
	id := c.Param("id")
	m, err := change.do(c.Request().Context(), kit.VisitOf(c).By, id)
	text, status, err := kit.Refusal(err)
	if err != nil {
		return err
	}
	if text != "" {
		return h.askMemberChange(c, status, change, text)
	}
	if m.ID == kit.VisitOf(c).Member.ID {
		return h.site.Done(c, "/", "You changed your own access: "+m.Name+change.done)
	}
	return h.site.Done(c, h.listOr(c, kit.Path(kit.UserPath, id)), m.Name+change.done)
}

// listOr returns the address of the list of members if the visitor acted there, otherwise page.
func (h *Handlers) listOr(c echo.Context, page string) string {
	if h.site.CameFrom(c, kit.UserPath) {
		return kit.UserPath
	}
	return page
}

// memberToken loads a member's personal token. The error is NotFound if the token belongs to
// another member.
func (h *Handlers) memberToken(c echo.Context) (token.Token, error) {
	t, err := h.tokens.Get(c.Request().Context(), kit.VisitOf(c).Standing, c.Param("token"))
	if err == nil && (t.Kind != token.Personal || t.Owner != c.Param("id")) {
		err = fault.NewNotFound("That token")
	}
	return t, err
}

// confirmDeleteMemberToken asks for confirmation before a member's token is deleted.
func (h *Handlers) confirmDeleteMemberToken(c echo.Context) error {
	t, err := h.memberToken(c)
	if err != nil {
		return err
	}
	at := kit.Path(kit.UserPath, c.Param("id"))
	alert := tokenui.DeleteDialog(t, at+"/tokens", at, kit.VisitOf(c).Now)
	return h.site.Dialog(c, http.StatusOK, component.ConfirmDialog(component.ConfirmModel{Alert: *alert}), h.showMember)
}

// deleteMemberToken deletes a member's token.
func (h *Handlers) deleteMemberToken(c echo.Context) error {
	t, err := h.memberToken(c)
	if err != nil {
		return err
	}
	return h.tokenPages.DeleteToken(c, kit.VisitOf(c), t, kit.Path(kit.UserPath, c.Param("id")))
}

// newMemberPolicy asks in which workspace to add a policy.
func (h *Handlers) newMemberPolicy(c echo.Context) error {
	id := c.Param("id")
	held, err := h.policies.Held(c.Request().Context(), kit.VisitOf(c).Standing, policy.OfMember, id)
	if err != nil {
		return err
	}
	return h.site.Dialog(c, http.StatusOK, component.FormDialog(*newPolicyDialog(kit.Path(kit.UserPath, id), held.Outside)), h.showMember)
}

// chooseMemberWorkspace redirects to the policy editor for the chosen workspace.
func (h *Handlers) chooseMemberWorkspace(c echo.Context) error {
	return h.editor.ToEditor(c, kit.Path(kit.UserPath, c.Param("id")))
}

// memberSpot returns the policy that the path names.
func memberSpot(c echo.Context) policyui.Spot {
	id, workspace := c.Param("id"), c.Param("workspace")
	at := kit.Path(kit.UserPath, id)
	return policyui.Spot{Place: policy.Place{Kind: policy.OfMember, Workspace: workspace, Subject: id},
		At: kit.Path(at+"/policies", workspace), Back: component.Link{Label: "Member details", Href: at}, Title: "Member Workspace Policy"}
}

package ui

import (
	"context"
	"net/http"

	"github.com/labstack/echo/v4"

	"latchkey/internal/account"
	"latchkey/internal/actor"
	"latchkey/internal/fault"
	"latchkey/internal/token"
	"latchkey/views/component"
	peoplepage "latchkey/views/page/people"
)

// MemberDetails shows all that there is to administer about one member.
func (h *Handlers) MemberDetails(c echo.Context) error {
	return h.showMember(c, http.StatusOK, component.Dialogs{})
}

// showMember shows the page with whatever dialog is open.
func (h *Handlers) showMember(c echo.Context, status int, dialogs component.Dialogs) error {
	v, ctx, id := visitOf(c), c.Request().Context(), c.Param("id")
	d, err := h.d.Accounts.MemberDetails(ctx, v.caller, id)
	if err != nil {
		return err
	}
	view, err := h.d.Accounts.EffectiveOf(ctx, v.caller, id)
	if err != nil {
		return err
	}
	tokens, err := h.d.Tokens.OfMember(ctx, v.caller, id)
	if err != nil {
		return err
	}
	m := memberView(d, view, h.d.Catalogue, v.now)
	m.Tokens = memberTokens(d.Member, tokens, readListQuery(path(userPath, id), c.QueryParams()), v.now)
	m.Shell = h.shell(c, v, "Member details")
	m.Dialogs = dialogs
	if m.Trail, err = h.auditTrail(c, v, id); err != nil {
		return err
	}
	return h.render.HTML(c, status, peoplepage.MemberPage(m))
}

// memberChange is one of the changes that a member page asks about.
type memberChange struct {
	name string // the last part of the address
	do   func(ctx context.Context, by actor.Standing, id string) (account.Member, error)
	ask  func(m account.Member, tokens []account.HeldToken, at visit) *component.ConfirmModel
	done string // after the member's name
}

// memberChanges lists them.
func (h *Handlers) memberChanges() []memberChange {
	a := h.d.Accounts
	return []memberChange{
		{"make-admin", a.MakeAdmin, makeAdminDialog, " is an Admin now."},
		{"make-member", a.MakeMember, makeMemberDialog, " is a Member now, with baseline access only."},
		{"deactivate", a.Deactivate, deactivateDialog, " was deactivated."},
		{"reactivate", a.Reactivate, reactivateDialog, " was reactivated."},
	}
}

func (h *Handlers) memberChange(c echo.Context) (memberChange, error) {
	for _, change := range h.memberChanges() {
		if change.name == c.Param("change") {
			return change, nil
		}
	}
	return memberChange{}, fault.NewNotFound("This page")
}

// ConfirmMemberChange asks before a role or a status changes.
func (h *Handlers) ConfirmMemberChange(c echo.Context) error {
	change, err := h.memberChange(c)
	if err != nil {
		return err
	}
	return h.askMemberChange(c, http.StatusOK, change, "")
}

func (h *Handlers) askMemberChange(c echo.Context, status int, change memberChange, refused string) error {
	v, ctx, id := visitOf(c), c.Request().Context(), c.Param("id")
	members, err := h.chosenMembers(c, []string{id})
	if err != nil {
		return err
	}
	tokens, err := h.d.Accounts.Impact(ctx, v.caller, []string{id})
	if err != nil {
		return err
	}
	dialog := change.ask(members[0], tokens, v)
	dialog.Alert.Action = path(userPath, id, change.name)
	dialog.Alert.Error = refused
	return h.showMember(c, status, component.Dialogs{Confirm: dialog})
}

// ChangeMember changes the role or status of a member.
func (h *Handlers) ChangeMember(c echo.Context) error {
	change, err := h.memberChange(c)
	if err != nil {
		return err
	}
	id := c.Param("id")
	m, err := change.do(c.Request().Context(), visitOf(c).caller, id)
	text, status, err := refusal(err)
	if err != nil {
		return err
	}
	if text != "" {
		return h.askMemberChange(c, status, change, text)
	}
	if m.ID == visitOf(c).Member.ID {
		return h.done(c, "/", "You changed your own access: "+m.Name+change.done)
	}
	return h.done(c, path(userPath, id), m.Name+change.done)
}

// memberToken loads a member's personal token; NotFound when it is not that member's.
func (h *Handlers) memberToken(c echo.Context) (token.Token, error) {
	t, err := h.d.Tokens.Get(c.Request().Context(), visitOf(c).caller, c.Param("token"))
	if err == nil && (t.Kind != token.Personal || t.Owner != c.Param("id")) {
		err = fault.NewNotFound("That token")
	}
	return t, err
}

// ConfirmDeleteMemberToken asks before a member's token goes.
func (h *Handlers) ConfirmDeleteMemberToken(c echo.Context) error {
	t, err := h.memberToken(c)
	if err != nil {
		return err
	}
	at := path(userPath, c.Param("id"))
	alert := deleteDialog(t, at+"/tokens", at, visitOf(c).now)
	return h.showMember(c, http.StatusOK, component.Dialogs{Confirm: &component.ConfirmModel{Alert: *alert}})
}

// DeleteMemberToken ends a member's token for good.
func (h *Handlers) DeleteMemberToken(c echo.Context) error {
	t, err := h.memberToken(c)
	if err != nil {
		return err
	}
	return h.deleteToken(c, visitOf(c), t, path(userPath, c.Param("id")))
}

// NewMemberPolicy asks for the workspace that a member is to come into.
func (h *Handlers) NewMemberPolicy(c echo.Context) error {
	d, err := h.d.Accounts.MemberDetails(c.Request().Context(), visitOf(c).caller, c.Param("id"))
	if err != nil {
		return err
	}
	at := path(userPath, d.Member.ID)
	return h.showMember(c, http.StatusOK, component.Dialogs{Form: newPolicyDialog(at, d.Outside)})
}

// ChooseMemberWorkspace leads on to the editor for the chosen workspace.
func (h *Handlers) ChooseMemberWorkspace(c echo.Context) error {
	return h.toEditor(c, path(userPath, c.Param("id")))
}

// memberSpot is the policy that the path names.
func memberSpot(c echo.Context) policySpot {
	id, workspace := c.Param("id"), c.Param("workspace")
	at := path(userPath, id)
	return policySpot{place: account.Place{Kind: account.MemberPolicy, Workspace: workspace, Subject: id},
		at: path(at+"/policies", workspace), back: component.Link{Label: "Member details", Href: at}, title: "Member Workspace Policy"}
}

// MemberPolicy edits a Member Workspace Policy.
func (h *Handlers) MemberPolicy(c echo.Context) error { return h.showPolicy(c, memberSpot(c)) }

// SaveMemberPolicy saves it, or shows the form again.
func (h *Handlers) SaveMemberPolicy(c echo.Context) error { return h.policyStep(c, memberSpot(c)) }

// MemberPolicySummary says what saving the form would change.
func (h *Handlers) MemberPolicySummary(c echo.Context) error {
	return h.policySummary(c, memberSpot(c))
}

// ConfirmRemoveMemberPolicy asks before a member is taken out of a workspace.
func (h *Handlers) ConfirmRemoveMemberPolicy(c echo.Context) error {
	return h.confirmRemovePolicy(c, memberSpot(c))
}

// RemoveMemberPolicy takes a member out of a workspace.
func (h *Handlers) RemoveMemberPolicy(c echo.Context) error { return h.removePolicy(c, memberSpot(c)) }

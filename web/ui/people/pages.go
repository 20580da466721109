// Package people has the dashboard's pages for members, groups and invitations, and the page on
// which an invited person joins.
//
// It uses packages account, policy, invitation and token. Three other areas do part of the work:
// web/ui/policy edits policies, web/ui/token lists and deletes a member's tokens, and web/ui/audit
// shows a member's trail.
package people

import (
	"slices"

	"latchkey/internal/access"
	"latchkey/internal/account"
	"latchkey/internal/invitation"
	"latchkey/internal/policy"
	"latchkey/internal/signin"
	"latchkey/internal/token"
	auditui "latchkey/web/ui/audit"
	"latchkey/web/ui/kit"
	policyui "latchkey/web/ui/policy"
	tokenui "latchkey/web/ui/token"
)

// Deps are the dependencies of the area.
type Deps struct {
	Members     *account.Members
	Groups      *account.Groups
	Policies    *policy.Service
	Invitations *invitation.Service
	Tokens      *token.Service
	Hasher      signin.Hasher // for the password of a person who joins
	SignIn      *signin.Service
	Editor      *policyui.Handlers
	TokenPages  *tokenui.Handlers
	Log         *auditui.Handlers
}

// Handlers answers the requests of the area.
type Handlers struct {
	site        *kit.Site
	members     *account.Members
	groups      *account.Groups
	policies    *policy.Service
	invitations *invitation.Service
	tokens      *token.Service
	hasher      signin.Hasher
	signIn      *signin.Service
	editor      *policyui.Handlers
	tokenPages  *tokenui.Handlers
	log         *auditui.Handlers
}

// New returns the handlers of the area.
func New(site *kit.Site, d Deps) *Handlers {
	return &Handlers{site: site, members: d.Members, groups: d.Groups, policies: d.Policies, invitations: d.Invitations,
		tokens: d.Tokens, hasher: d.Hasher, signIn: d.SignIn, editor: d.Editor, tokenPages: d.TokenPages, log: d.Log}
}

func (h *Handlers) memberPages() []kit.Page {
	const (
		list   = kit.UserPath
		one    = list + "/:id"
		policy = one + "/policies/:workspace"
	)
	return slices.Concat([]kit.Page{
		kit.Get(list, kit.Member, access.ManageMembers, h.users),
		kit.Get(list+"/add-to-groups", kit.Member, access.ManageGroups, h.confirmAddToGroups),
		kit.Post(list+"/add-to-groups", kit.Member, access.ManageGroups, h.addToGroups),
		kit.Get(list+"/delete", kit.Member, access.ManageMembers, h.confirmDeleteMembers),
		kit.Post(list+"/delete", kit.Member, access.ManageMembers, h.deleteMembers),
		kit.Get(one, kit.Member, access.ManageMembers, h.memberDetails),
		kit.Get(one+"/tokens/:token/delete", kit.Member, access.ManageMembers, h.confirmDeleteMemberToken),
		kit.Post(one+"/tokens/:token/delete", kit.Member, access.ManageMembers, h.deleteMemberToken),
		kit.Get(one+"/sessions/end-all", kit.Member, access.ManageMembers, h.confirmEndSessions),
		kit.Post(one+"/sessions/end-all", kit.Member, access.ManageMembers, h.endMemberSessions),
		kit.Post(one+"/sessions/:session/end", kit.Member, access.ManageMembers, h.endMemberSession),
		kit.Get(one+recoveryPath, kit.Member, access.ManageMembers, h.confirmRecovery),
		kit.Post(one+recoveryPath, kit.Member, access.ManageMembers, h.sendRecovery),
		kit.Get(one+factorPath, kit.Member, access.ManageMembers, h.confirmResetFactors),
		kit.Post(one+factorPath, kit.Member, access.ManageMembers, h.resetFactors),
		kit.Get(one+"/policies/new", kit.Member, access.ManagePolicies, h.newMemberPolicy),
		kit.Post(one+"/policies/new", kit.Member, access.ManagePolicies, h.chooseMemberWorkspace),
	}, h.editor.EditorPages(policy, memberSpot), h.editor.RemovalPages(policy, memberSpot))
}

func (h *Handlers) invitationPages() []kit.Page {
	const (
		list = kit.InvitationPath
		one  = list + "/:id"
	)
	return []kit.Page{
		kit.Get(acceptPath, kit.Open, "", h.askLink),
		kit.Post(openPath, kit.Open, "", h.acceptInvitation),
		kit.Post(acceptPath, kit.Open, "", h.joinOrganization),
		kit.Get(list, kit.Member, access.ManageInvitations, h.listInvitations),
		kit.Get(list+"/new", kit.Member, access.ManageInvitations, h.newInvitation),
		kit.Post(list+"/new", kit.Member, access.ManageInvitations, h.invite),
		kit.Post(one+"/resend", kit.Member, access.ManageInvitations, h.resendInvitation),
		kit.Get(one+"/delete", kit.Member, access.ManageInvitations, h.confirmDeleteInvitation),
		kit.Post(one+"/delete", kit.Member, access.ManageInvitations, h.deleteInvitation),
	}
}

func (h *Handlers) groupPages() []kit.Page {
	const (
		list   = kit.GroupPath
		one    = list + "/:id"
		policy = one + "/policies/:workspace"
	)
	return slices.Concat([]kit.Page{
		kit.Get(list, kit.Member, access.ManageGroups, h.listGroups),
		kit.Get(list+"/new", kit.Member, access.ManageGroups, h.newGroup),
		kit.Post(list+"/new", kit.Member, access.ManageGroups, h.groupStep),
		kit.Get(one, kit.Member, access.ManageGroups, h.group),
		kit.Get(one+"/edit", kit.Member, access.ManageGroups, h.editGroup),
		kit.Post(one+"/edit", kit.Member, access.ManageGroups, h.updateGroup),
		kit.Get(one+"/delete", kit.Member, access.ManageGroups, h.confirmDeleteGroup),
		kit.Post(one+"/delete", kit.Member, access.ManageGroups, h.deleteGroup),
		kit.Get(one+"/members/new", kit.Member, access.ManageGroups, h.newGroupMembers),
		kit.Post(one+"/members/new", kit.Member, access.ManageGroups, h.addGroupMembers),
		kit.Get(one+"/members/remove", kit.Member, access.ManageGroups, h.confirmRemoveGroupMembers),
		kit.Post(one+"/members/remove", kit.Member, access.ManageGroups, h.removeGroupMembers),
		kit.Get(one+"/policies/new", kit.Member, access.ManagePolicies, h.newGroupPolicy),
		kit.Post(one+"/policies/new", kit.Member, access.ManagePolicies, h.chooseGroupWorkspace),
	}, h.editor.EditorPages(policy, groupSpot), h.editor.RemovalPages(policy, groupSpot))
}

// Pages returns the rows of the area.
func (h *Handlers) Pages() []kit.Page {
	return slices.Concat(h.memberPages(), h.memberChangePages(), h.invitationPages(), h.groupPages())
}

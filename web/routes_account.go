package web

import (
	"net/http"

	"latchkey/internal/access"
	"latchkey/web/ui"
)

// accountPages are the rows of account administration.
func accountPages(h *ui.Handlers) []Page {
	const (
		get  = http.MethodGet
		post = http.MethodPost
		am   = "/settings/access-management"
		own  = "/settings/profile/access-policy"
		ws   = "/settings/workspaces"
	)
	return []Page{
		// Joining by invitation.
		{get, "/accept-invitation", Open, "", h.AcceptInvitation},
		{post, "/accept-invitation", Open, "", h.JoinOrganization},

		// One's own access policy.
		{get, own, Member, "", h.OwnAccessPolicy},
		{get, own + "/:workspace", Member, "", h.OwnAccessPolicy},

		// Users.
		{get, am + "/users", Member, access.ManageMembers, h.Users},
		{get, am + "/users/add-to-groups", Member, access.ManageGroups, h.ConfirmAddToGroups},
		{post, am + "/users/add-to-groups", Member, access.ManageGroups, h.AddToGroups},
		{get, am + "/users/delete", Member, access.ManageMembers, h.ConfirmDeleteMembers},
		{post, am + "/users/delete", Member, access.ManageMembers, h.DeleteMembers},
		{get, am + "/users/:id", Member, access.ManageMembers, h.MemberDetails},
		{get, am + "/users/:id/access-policy", Member, access.ManageMembers, h.MemberAccessPolicy},
		{get, am + "/users/:id/access-policy/:workspace", Member, access.ManageMembers, h.MemberAccessPolicy},
		{get, am + "/users/:id/:change", Member, access.ManageMembers, h.ConfirmMemberChange},
		{post, am + "/users/:id/:change", Member, access.ManageMembers, h.ChangeMember},
		{get, am + "/users/:id/tokens/:token/delete", Member, access.ManageMembers, h.ConfirmDeleteMemberToken},
		{post, am + "/users/:id/tokens/:token/delete", Member, access.ManageMembers, h.DeleteMemberToken},
		{get, am + "/users/:id/policies/new", Member, access.ManagePolicies, h.NewMemberPolicy},
		{post, am + "/users/:id/policies/new", Member, access.ManagePolicies, h.ChooseMemberWorkspace},
		{get, am + "/users/:id/policies/:workspace", Member, access.ManagePolicies, h.MemberPolicy},
		{post, am + "/users/:id/policies/:workspace", Member, access.ManagePolicies, h.SaveMemberPolicy},
		{post, am + "/users/:id/policies/:workspace/summary", Member, access.ManagePolicies, h.MemberPolicySummary},
		{get, am + "/users/:id/policies/:workspace/remove", Member, access.ManagePolicies, h.ConfirmRemoveMemberPolicy},
		{post, am + "/users/:id/policies/:workspace/remove", Member, access.ManagePolicies, h.RemoveMemberPolicy},

		// Invitations.
		{get, am + "/invitations", Member, access.ManageInvitations, h.Invitations},
		{get, am + "/invitations/new", Member, access.ManageInvitations, h.NewInvitation},
		{post, am + "/invitations/new", Member, access.ManageInvitations, h.Invite},
		{post, am + "/invitations/:id/resend", Member, access.ManageInvitations, h.ResendInvitation},
		{get, am + "/invitations/:id/delete", Member, access.ManageInvitations, h.ConfirmDeleteInvitation},
		{post, am + "/invitations/:id/delete", Member, access.ManageInvitations, h.DeleteInvitation},

		// Baseline Workspace Policies.
		{get, am + "/baseline-policies", Member, access.ManagePolicies, h.Baselines},
		{get, am + "/baseline-policies/:workspace", Member, access.ManagePolicies, h.BaselinePolicy},
		{post, am + "/baseline-policies/:workspace", Member, access.ManagePolicies, h.SaveBaselinePolicy},
		{post, am + "/baseline-policies/:workspace/summary", Member, access.ManagePolicies, h.BaselinePolicySummary},

		// Why somebody may do something, or not.
		{get, am + "/explain", Member, access.ManageMembers, h.Explain},

		// Workspaces.
		{get, ws, Member, access.ManageWorkspaces, h.Workspaces},
		{get, ws + "/new", Member, access.ManageWorkspaces, h.NewWorkspace},
		{post, ws + "/new", Member, access.ManageWorkspaces, h.CreateWorkspace},
		{get, ws + "/:id/edit", Member, access.ManageWorkspaces, h.EditWorkspace},
		{post, ws + "/:id/edit", Member, access.ManageWorkspaces, h.UpdateWorkspace},
		{get, ws + "/:id/delete", Member, access.ManageWorkspaces, h.ConfirmDeleteWorkspace},
		{post, ws + "/:id/delete", Member, access.ManageWorkspaces, h.DeleteWorkspace},
	}
}

// groupPages are the rows of the tab "Groups".
func groupPages(h *ui.Handlers) []Page {
	const (
		get    = http.MethodGet
		post   = http.MethodPost
		groups = "/settings/access-management/groups"
	)
	return []Page{
		{get, groups, Member, access.ManageGroups, h.Groups},
		{get, groups + "/new", Member, access.ManageGroups, h.NewGroup},
		{post, groups + "/new", Member, access.ManageGroups, h.GroupStep},
		{get, groups + "/:id", Member, access.ManageGroups, h.Group},
		{get, groups + "/:id/edit", Member, access.ManageGroups, h.EditGroup},
		{post, groups + "/:id/edit", Member, access.ManageGroups, h.UpdateGroup},
		{get, groups + "/:id/delete", Member, access.ManageGroups, h.ConfirmDeleteGroup},
		{post, groups + "/:id/delete", Member, access.ManageGroups, h.DeleteGroup},
		{get, groups + "/:id/members/new", Member, access.ManageGroups, h.NewGroupMembers},
		{post, groups + "/:id/members/new", Member, access.ManageGroups, h.AddGroupMembers},
		{get, groups + "/:id/members/remove", Member, access.ManageGroups, h.ConfirmRemoveGroupMembers},
		{post, groups + "/:id/members/remove", Member, access.ManageGroups, h.RemoveGroupMembers},
		{get, groups + "/:id/policies/new", Member, access.ManagePolicies, h.NewGroupPolicy},
		{post, groups + "/:id/policies/new", Member, access.ManagePolicies, h.ChooseGroupWorkspace},
		{get, groups + "/:id/policies/:workspace", Member, access.ManagePolicies, h.GroupPolicy},
		{post, groups + "/:id/policies/:workspace", Member, access.ManagePolicies, h.SaveGroupPolicy},
		{post, groups + "/:id/policies/:workspace/summary", Member, access.ManagePolicies, h.GroupPolicySummary},
		{get, groups + "/:id/policies/:workspace/remove", Member, access.ManagePolicies, h.ConfirmRemoveGroupPolicy},
		{post, groups + "/:id/policies/:workspace/remove", Member, access.ManagePolicies, h.RemoveGroupPolicy},
	}
}

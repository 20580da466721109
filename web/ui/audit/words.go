package audit

import (
	"encoding/json"
	"strings"

	"latchkey/internal/audit"
	"latchkey/web/ui/kit"
)

// actorName returns the name of the actor at the time of the event.
func actorName(e audit.Event) string {
	switch {
	case e.ActorName != "":
		return e.ActorName
	case e.ActorType == audit.System:
		return "Unknown"
	}
	return e.ActorID
}

// typeLabel returns the name of a type of target: "Personal access token".
func typeLabel(t audit.TargetType) string {
	switch t {
	case audit.TargetAPIClient:
		return "API client"
	case audit.TargetSQLModel:
		return "SQL model"
	case audit.TargetInvitation:
		return "Invitation"
	case audit.TargetSCIMRequest:
		return "SCIM request"
	}
	return kit.UpperFirst(strings.ReplaceAll(string(t), "_", " "))
}

// typeNoun returns the name of a type of target within a sentence.
func typeNoun(t audit.TargetType) string {
	switch t {
	case audit.TargetAPIClient, audit.TargetSQLModel, audit.TargetSCIMRequest:
		return typeLabel(t)
	}
	return kit.LowerFirst(typeLabel(t))
}

// actionLabel returns the name of an action: "Signed in".
func actionLabel(a audit.Action) string {
	switch a {
	case audit.ResourceAccessUpdated:
		return "Changed access"
	case audit.DeletedUserPermissions:
		return "Removed access"
	case audit.ChangedPermission:
		return "Changed role"
	case audit.SignInFailed:
		return "Failed to sign in"
	case audit.Staged:
		return "Imported into staging"
	case audit.StagingReset:
		return "Reset staging"
	case audit.UsedAfterRevocation:
		return "Used after expiry or revocation"
	case audit.AccessDenied:
		return "Was refused"
	case audit.Provisioned:
		return "Changed provisioning"
	case audit.Read:
		return "Read over SCIM"
	case audit.Unchanged:
		return "Changed nothing over SCIM"
	case audit.Refused:
		return "Was refused over SCIM"
	case audit.Failed:
		return "Failed over SCIM"
	case audit.ConnectedSQLModel:
		return "Connected SQL model"
	case audit.DisconnectedSQLModel:
		return "Disconnected SQL model"
	}
	return kit.UpperFirst(strings.ReplaceAll(string(a), "_", " "))
}

// eventLabel is actionLabel for one event, whose target or actor may say more.
func eventLabel(e audit.Event) string {
	switch {
	case endsForeignSession(e):
		return "Ended a session"
	case e.Action == audit.Refused && e.Target.Type == audit.TargetInvitation:
		return "Was refused"
	}
	return actionLabel(e.Action)
}

// endsForeignSession reports whether an Admin ended a session of somebody else.
func endsForeignSession(e audit.Event) bool {
	return e.Action == audit.SignedOut && e.ActorEmail != e.Target.Name
}

// sentence returns the subject and the rest of a sentence that describes an event: "Ada" and
// "created the personal access token ci-probe". Of a token that expired, the token is the subject.
func sentence(e audit.Event) (who, what string) {
	if e.Action == audit.Expired {
		return typeLabel(e.Target.Type) + ` "` + e.Target.Name + `"`, "expired"
	}
	return actorName(e), eventText(e)
}

// eventText returns what the actor did: "created the personal access token ci-probe".
func eventText(e audit.Event) string {
	name, thing := e.Target.Name, typeNoun(e.Target.Type)
	switch e.Action {
	case audit.SignedIn, audit.SignedOut:
		if endsForeignSession(e) {
			return "ended a session of " + name
		}
		return kit.LowerFirst(actionLabel(e.Action))
	case audit.SignInFailed:
		if e.ActorType == audit.User { // a signed-in member was asked for the password again
			return "failed to confirm the password of " + name
		}
		return "failed to sign in as " + name
	case audit.Uploaded:
		return "uploaded " + name + " to the staging area"
	case audit.Staged:
		return "imported " + name + " into the staging area"
	case audit.StagingReset:
		return "reset the staging area with " + name
	case audit.AddedToOrganization:
		if e.ActorID == e.Target.ID {
			return "joined the organization"
		}
		return "added " + name + " to the organization"
	case audit.RemovedFromOrganization:
		return "removed " + name + " from the organization"
	case audit.ResourceAccessUpdated:
		return "changed the access of " + name
	case audit.DeletedUserPermissions:
		return "removed the access of " + name
	case audit.ChangedPermission:
		return "changed the role of " + name
	case audit.ProfileUpdated:
		return "updated the profile of " + name
	case audit.PasswordChanged:
		return "changed the password of " + name
	case audit.MemberAdded:
		return "added " + memberOf(e.After) + " to the group " + name
	case audit.MemberRemoved:
		return "removed " + memberOf(e.Before) + " from the group " + name
	case audit.UsedAfterRevocation:
		return "tried to use the " + thing + " " + name + " after expiry or revocation"
	case audit.AccessDenied:
		return "was refused with the " + thing + " " + name
	case audit.Pruned:
		return "pruned the audit log"
	case audit.Postponed:
		return "postponed pruning the audit log"
	case audit.Provisioned:
		return "changed the provisioning of " + name
	case audit.Read:
		return "sent the " + thing + " " + name
	case audit.Unchanged:
		return "sent the " + thing + " " + name + ", which changed nothing"
	case audit.Refused:
		return "was refused the " + thing + " " + name
	case audit.Failed:
		return "sent the " + thing + " " + name + ", which failed"
	}
	switch {
	case e.Target.Type == audit.TargetAuditLog && e.Action == audit.Rotated:
		return "replaced the key that signs the audit log"
	case e.Target.Type == audit.TargetPolicy:
		thing = "policy of"
	case isAcceptance(e):
		return "accepted the invitation"
	}
	return kit.LowerFirst(actionLabel(e.Action)) + connecting(e.Action) + " the " + thing + " " + name
}

// isAcceptance reports whether an event is the acceptance of an invitation.
func isAcceptance(e audit.Event) bool {
	var state struct{ Accepted bool }
	return e.Target.Type == audit.TargetInvitation && json.Unmarshal([]byte(e.After), &state) == nil && state.Accepted
}

// connecting returns the preposition between an action and its target.
func connecting(a audit.Action) string {
	switch {
	case strings.HasPrefix(string(a), "connected_"):
		return " to"
	case strings.HasPrefix(string(a), "disconnected_"):
		return " from"
	case a == audit.UpdatedTransformation:
		return " of"
	}
	return ""
}

// memberOf returns the name of the member in the state of a group event.
func memberOf(state string) string {
	var m struct{ Name string }
	if json.Unmarshal([]byte(state), &m) == nil && m.Name != "" {
		return m.Name
	}
	return "a member"
}

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
	case audit.ConfirmFailed:
		return "Failed to confirm who it is"
	case audit.Confirmed:
		return "Confirmed who it is"
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

// isAcceptance reports whether an event is the acceptance of an invitation.
func isAcceptance(e audit.Event) bool {
	var state struct{ Accepted bool }
	return e.Target.Type == audit.TargetInvitation && json.Unmarshal([]byte(e.After), &state) == nil && state.Accepted
}

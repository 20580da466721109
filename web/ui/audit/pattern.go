package audit

import (
	"maps"

	"latchkey/internal/audit"
)

// patterns maps each pair of the vocabulary to its sentence. A name in braces stands for a part that
// [teller.part] fills in. Some events of a pair have a sentence of their own, see [variant].
type patterns map[audit.TargetType]map[audit.Action]string

func allPatterns() patterns {
	all := patterns{}
	maps.Copy(all, peoplePatterns())
	maps.Copy(all, tokenPatterns())
	maps.Copy(all, resourcePatterns())
	maps.Copy(all, housePatterns())
	return all
}

// life returns the sentences of a thing that is created, updated and deleted, and those of more.
func life(noun string, more map[audit.Action]string) map[audit.Action]string {
	out := map[audit.Action]string{
		audit.Created: "{who} created the " + noun + " {name}",
		audit.Updated: "{who} updated the " + noun + " {name}{fields}",
		audit.Deleted: "{who} deleted the " + noun + " {name}",
	}
	maps.Copy(out, more)
	return out
}

func peoplePatterns() patterns {
	return patterns{
		audit.TargetUser: {
			audit.AddedToOrganization:     "{who} added {name} to the organization",
			audit.RemovedFromOrganization: "{who} removed {name} from the organization",
			audit.ChangedPermission:       "{who} changed the role of {name}{role}",
			audit.Deactivated:             "{who} deactivated {name}",
			audit.Reactivated:             "{who} reactivated {name}",
			audit.ProfileUpdated:          "{who} updated the profile of {name}{fields}",
			audit.PasswordChanged:         "{who} changed the password of {name}",
			audit.RecoveryCreated:         "{who} created a password reset link for {name}",
			audit.Recovered:               "{who} set a new password for {name} with a reset link",
			audit.FactorAdded:             "{who} added a second factor",
			audit.FactorRenamed:           "{who} renamed a second factor",
			audit.FactorRemoved:           "{who} removed a second factor",
			audit.FactorsReset:            "{who} reset the second factor of {name}",
			audit.RecoveryCodesCreated:    "{who} generated new recovery codes",
			audit.Provisioned:             "{who} changed the provisioning of {name}{fields}",
			audit.IdentityLinked:          "{who} linked {name} to an account of an identity provider",
			audit.IdentityUnlinked:        "{who} unlinked {name} from an account of an identity provider",
		},
		audit.TargetInvitation: life("invitation", map[audit.Action]string{
			audit.Refused: "{who} was refused the invitation {name}"}),
		audit.TargetPermission: {
			audit.ResourceAccessUpdated:  "{who} changed the access of {name}{change}",
			audit.DeletedUserPermissions: "{who} removed the access of {name}{change}",
		},
		audit.TargetPolicy: {
			audit.Created: "{who} created {policy}{change}",
			audit.Updated: "{who} changed {policy}{change}",
			audit.Deleted: "{who} deleted {policy}{change}",
		},
		audit.TargetPreset: {
			audit.Created: "{who} saved the policy preset {name}",
			audit.Deleted: "{who} deleted the policy preset {name}",
		},
		audit.TargetGroup: life("group", map[audit.Action]string{
			audit.MemberAdded:   "{who} added {other} to the group {name}",
			audit.MemberRemoved: "{who} removed {other} from the group {name}"}),
		audit.TargetSession: {
			audit.SignedIn:      "{who} signed in",
			audit.SignedOut:     "{who} signed out",
			audit.SignInFailed:  "{who} failed to sign in as {name}",
			audit.Confirmed:     "{who} confirmed who they are",
			audit.ConfirmFailed: "{who} failed to confirm who they are",
		},
	}
}

func tokenPatterns() patterns {
	ofKind := func(noun, start string) map[audit.Action]string {
		return map[audit.Action]string{
			audit.Created:   "{who} created the " + noun + " {name}",
			audit.Updated:   "{who} changed the " + noun + " {name}{fields}",
			audit.Deleted:   "{who} deleted the " + noun + " {name}",
			audit.Rotated:   "{who} rotated the " + noun + " {name}",
			audit.Expired:   start + ` "{name}" expired`,
			audit.Suspended: "{who} suspended the " + noun + " {name}",
			audit.Resumed:   "{who} resumed the " + noun + " {name}",
			audit.Expiring:  start + ` "{name}" expires soon`,
			audit.Unused:    start + ` "{name}" is suspended soon because nobody uses it`,
		}
	}
	personal := ofKind("personal access token", "Personal access token")
	personal[audit.UsedAfterRevocation] = "{who} tried to use the personal access token {name} after expiry or revocation{times}"
	personal[audit.AccessDenied] = "{who} was denied {denied} with the personal access token {name}{times}"
	service := ofKind("service access token", "Service access token")
	// The token is the actor as well.
	service[audit.UsedAfterRevocation] = "Service access token {name} was used after expiry or revocation{times}"
	service[audit.AccessDenied] = "{who} was denied {denied}{times}"
	return patterns{
		audit.TargetPersonalToken: personal,
		audit.TargetServiceToken:  service,
		audit.TargetAPIClient: {
			audit.Created: "{who} created the API client {name}",
			audit.Deleted: "{who} deleted the API client {name}",
		},
		audit.TargetCalendar: {
			audit.Created: "{who} created a calendar link",
			audit.Deleted: "{who} revoked their calendar link",
		},
		audit.TargetWebhook: life("webhook", map[audit.Action]string{
			audit.Rotated:     "{who} rolled the signing secret of the webhook {name}",
			audit.Tested:      "{who} sent a test to the webhook {name}",
			audit.Redelivered: "{who} sent a message to the webhook {name} again",
		}),
	}
}

func resourcePatterns() patterns {
	links := func(noun string, pairs ...[3]string) map[audit.Action]string {
		more := map[audit.Action]string{}
		for _, pair := range pairs {
			more[audit.Action(pair[0])] = "{who} " + pair[1] + " {other} " + pair[2] + " the " + noun + " {name}"
		}
		return life(noun, more)
	}
	const connected, disconnected, to, from = "connected", "disconnected", "to", "from"
	destination := links("destination",
		[3]string{string(audit.ConnectedSource), connected, to}, [3]string{string(audit.DisconnectedSource), disconnected, from},
		[3]string{string(audit.ConnectedTransformation), connected, to},
		[3]string{string(audit.RemovedTransformation), disconnected, from})
	destination[audit.UpdatedTransformation] = "{who} changed the transformation of the destination {name} to {other}"
	published := func(noun string) map[audit.Action]string {
		return life(noun, map[audit.Action]string{audit.Published: "{who} published the " + noun + " {name}"})
	}
	return patterns{
		audit.TargetSource: links("source",
			[3]string{string(audit.ConnectedDestination), connected, to}, [3]string{string(audit.DisconnectedDestination), disconnected, from},
			[3]string{string(audit.ConnectedTrackingPlan), connected, to}, [3]string{string(audit.DisconnectedTrackingPlan), disconnected, from},
			[3]string{string(audit.ConnectedSQLModel), connected, to}, [3]string{string(audit.DisconnectedSQLModel), disconnected, from}),
		audit.TargetDestination: destination,
		audit.TargetTrackingPlan: links("tracking plan",
			[3]string{string(audit.ConnectedSource), connected, to}, [3]string{string(audit.DisconnectedSource), disconnected, from}),
		audit.TargetTransformation:        published("transformation"),
		audit.TargetTransformationLibrary: published("transformation library"),
		audit.TargetSQLModel:              life("SQL model", nil),
		audit.TargetProfiles:              life("profiles", nil),
		audit.TargetConnection:            life("connection", nil),
	}
}

// housePatterns returns the sentences about the organization and the installation.
func housePatterns() patterns {
	return patterns{
		audit.TargetWorkspace: life("workspace", nil),
		audit.TargetOrganization: {
			audit.Created:  "{who} created the organization {name}",
			audit.Updated:  "{who} updated the organization {name}{fields}",
			audit.Migrated: "{who} deployed a migration to the organization {name}",
		},
		audit.TargetProvider: life("identity provider", map[audit.Action]string{
			audit.Tested: "{who} tried the identity provider {name}"}),
		audit.TargetAuditLog: {
			audit.Pruned:    "{who} pruned the audit log",
			audit.Postponed: "{who} postponed pruning the audit log",
			audit.Rotated:   "{who} replaced the key that signs the audit log",
		},
		audit.TargetSecretKey: life("secret key", map[audit.Action]string{audit.Rotated: "{who} rotated the secret key {name}"}),
		audit.TargetMigration: {
			audit.Uploaded:     "{who} uploaded {name} to the staging area",
			audit.Staged:       "{who} imported {name} into the staging area",
			audit.StagingReset: "{who} reset the staging area with {name}",
		},
		audit.TargetSCIMRequest: {
			audit.Read:      "{who} sent the SCIM request {name}",
			audit.Unchanged: "{who} sent the SCIM request {name}, which changed nothing",
			audit.Refused:   "{who} was refused the SCIM request {name}",
			audit.Failed:    "{who} sent the SCIM request {name}, which failed",
		},
	}
}

// variant returns the sentence of an event whose actor or state says more than its pair, or "".
func variant(e audit.Event) string {
	self := e.ActorType == audit.User && e.ActorID != "" && e.ActorID == e.Target.ID && e.Target.Type == audit.TargetUser
	switch {
	case self && e.Action == audit.AddedToOrganization:
		return "{who} joined the organization"
	case self && e.Action == audit.PasswordChanged:
		return "{who} changed their own password"
	case self && e.Action == audit.Recovered:
		return "{who} set a new password with a reset link"
	case self && e.Action == audit.ProfileUpdated:
		return "{who} updated their own profile{fields}"
	case endsForeignSession(e):
		return "{who} ended a session of {name}"
	case e.Action == audit.SignInFailed && e.ActorType == audit.User: // a signed-in member was asked for the password again
		return "{who} failed to confirm the password of {name}"
	case changesRules(e):
		return "{who} changed the token rules{rules}"
	case isAcceptance(e):
		return "{who} accepted the invitation"
	}
	return ""
}

package audit

import (
	"maps"
	"slices"
)

// TargetType is the kind of thing that was acted upon, as the audit log API names it.
type TargetType string

// The target types.
const (
	TargetUser                  TargetType = "user"
	TargetInvitation            TargetType = "user_invitation"
	TargetPermission            TargetType = "permission"
	TargetPolicy                TargetType = "policy"
	TargetPreset                TargetType = "policy_preset"
	TargetGroup                 TargetType = "group"
	TargetWorkspace             TargetType = "workspace"
	TargetOrganization          TargetType = "organization"
	TargetSession               TargetType = "session"
	TargetPersonalToken         TargetType = "personal_access_token"
	TargetServiceToken          TargetType = "service_access_token"
	TargetAPIClient             TargetType = "api_client"
	TargetWebhook               TargetType = "webhook"
	TargetProvider              TargetType = "identity_provider"
	TargetCalendar              TargetType = "calendar_link" // the private calendar address of a member
	TargetSource                TargetType = "source"
	TargetDestination           TargetType = "destination"
	TargetTransformation        TargetType = "transformation"
	TargetTransformationLibrary TargetType = "transformation_library"
	TargetTrackingPlan          TargetType = "tracking_plan"
	TargetSQLModel              TargetType = "sql_model"
	TargetProfiles              TargetType = "profiles"
	TargetConnection            TargetType = "connection"
	TargetAuditLog              TargetType = "audit_log"
	TargetSecretKey             TargetType = "secret_key"   // the key that seals secrets of resources
	TargetMigration             TargetType = "migration"    // in the staging area; deploying it is Migrated of the organization
	TargetSCIMRequest           TargetType = "scim_request" // one without any other event
)

// Action is what was done, as the audit log API names it.
type Action string

// The actions.
const (
	Created                  Action = "created"
	Updated                  Action = "updated"
	Deleted                  Action = "deleted"
	Rotated                  Action = "rotated"
	Expired                  Action = "expired"
	Suspended                Action = "suspended"
	Resumed                  Action = "resumed"
	Expiring                 Action = "expiring" // it was warned that the token expires
	Unused                   Action = "unused"   // it was warned that the token is suspended because nobody uses it
	UsedAfterRevocation      Action = "used_after_revocation"
	AccessDenied             Action = "access_denied"
	MemberAdded              Action = "member_added"
	MemberRemoved            Action = "member_removed"
	AddedToOrganization      Action = "added_to_organization"
	RemovedFromOrganization  Action = "removed_from_organization"
	ChangedPermission        Action = "changed_permission"
	ResourceAccessUpdated    Action = "resource_access_updated"
	DeletedUserPermissions   Action = "deleted_user_permissions"
	Deactivated              Action = "deactivated"
	Reactivated              Action = "reactivated"
	ProfileUpdated           Action = "profile_updated"
	PasswordChanged          Action = "password_changed"
	RecoveryCreated          Action = "recovery_created" // a link that sets a new password
	Recovered                Action = "recovered"        // by such a link
	FactorAdded              Action = "second_factor_added"
	FactorRenamed            Action = "second_factor_renamed"
	FactorRemoved            Action = "second_factor_removed"
	FactorsReset             Action = "second_factor_reset" // all of a member
	RecoveryCodesCreated     Action = "recovery_codes_created"
	SignedIn                 Action = "signed_in"
	SignedOut                Action = "signed_out"
	SignInFailed             Action = "sign_in_failed"
	Confirmed                Action = "confirmed"      // who is behind a session, again
	ConfirmFailed            Action = "confirm_failed" // it was tried in vain
	Migrated                 Action = "migrated"
	Uploaded                 Action = "uploaded"
	Staged                   Action = "staged"
	StagingReset             Action = "reset"
	UpdatedTransformation    Action = "updated_transformation"
	ConnectedDestination     Action = "connected_destination"
	DisconnectedDestination  Action = "disconnected_destination"
	ConnectedSource          Action = "connected_source"
	DisconnectedSource       Action = "disconnected_source"
	ConnectedTransformation  Action = "connected_transformation"
	RemovedTransformation    Action = "disconnected_transformation"
	ConnectedTrackingPlan    Action = "connected_tracking_plan"
	DisconnectedTrackingPlan Action = "disconnected_tracking_plan"
	ConnectedSQLModel        Action = "connected_sql_model"
	DisconnectedSQLModel     Action = "disconnected_sql_model"
	Published                Action = "published"
	Pruned                   Action = "pruned"    // the log itself, see [Checkpoint]
	Postponed                Action = "postponed" // pruning the log, see [Service.Prune]
	Provisioned              Action = "provisioned"
	Read                     Action = "read"
	Refused                  Action = "refused"
	Failed                   Action = "failed"
	Unchanged                Action = "unchanged"
	Tested                   Action = "tested"            // a webhook, by a message that says so; an identity provider, by "Try it"
	IdentityLinked           Action = "identity_linked"   // a member to an account of an identity provider
	IdentityUnlinked         Action = "identity_unlinked" // from it
	Redelivered              Action = "redelivered"       // a message of a webhook that was sent before
)

// vocabulary returns the actions that the log may hold of each type of target.
func vocabulary() map[TargetType][]Action {
	life := []Action{Created, Updated, Deleted}
	token := []Action{Created, Updated, Deleted, Rotated, Suspended, Resumed, Expired, Expiring, Unused, UsedAfterRevocation, AccessDenied}
	with := func(base []Action, more ...Action) []Action {
		return append(append([]Action(nil), base...), more...)
	}
	return map[TargetType][]Action{
		TargetUser: {AddedToOrganization, RemovedFromOrganization, ChangedPermission,
			Deactivated, Reactivated, ProfileUpdated, PasswordChanged, RecoveryCreated, Recovered,
			FactorAdded, FactorRenamed, FactorRemoved, FactorsReset, RecoveryCodesCreated, Provisioned,
			IdentityLinked, IdentityUnlinked},
		TargetInvitation:    with(life, Refused),
		TargetPermission:    {ResourceAccessUpdated, DeletedUserPermissions},
		TargetPolicy:        {Created, Updated, Deleted},
		TargetPreset:        {Created, Deleted},
		TargetGroup:         with(life, MemberAdded, MemberRemoved),
		TargetWorkspace:     life,
		TargetOrganization:  {Created, Updated, Migrated},
		TargetSession:       {SignedIn, SignedOut, SignInFailed, Confirmed, ConfirmFailed},
		TargetPersonalToken: token,
		TargetServiceToken:  token,
		TargetAPIClient:     {Created, Deleted},
		TargetCalendar:      {Created, Deleted},
		TargetWebhook:       with(life, Rotated, Tested, Redelivered),
		TargetProvider:      with(life, Tested),
		TargetSource: with(life, ConnectedDestination, DisconnectedDestination,
			ConnectedTrackingPlan, DisconnectedTrackingPlan, ConnectedSQLModel, DisconnectedSQLModel),
		TargetDestination: with(life, ConnectedSource, DisconnectedSource,
			UpdatedTransformation, ConnectedTransformation, RemovedTransformation),
		TargetTransformation:        with(life, Published),
		TargetTransformationLibrary: with(life, Published),
		TargetTrackingPlan:          with(life, ConnectedSource, DisconnectedSource),
		TargetSQLModel:              life,
		TargetProfiles:              life,
		TargetConnection:            life,
		TargetAuditLog:              {Pruned, Postponed, Rotated},
		TargetSecretKey:             {Created, Updated, Rotated, Deleted},
		TargetMigration:             {Uploaded, Staged, StagingReset},
		TargetSCIMRequest:           {Read, Unchanged, Refused, Failed},
	}
}

// TargetTypes returns every target type, sorted.
func TargetTypes() []TargetType { return slices.Sorted(maps.Keys(vocabulary())) }

// Actions returns every action that some target may have, sorted.
func Actions() []Action {
	all := map[Action]bool{}
	for _, actions := range vocabulary() {
		for _, a := range actions {
			all[a] = true
		}
	}
	return slices.Sorted(maps.Keys(all))
}

// InVocabulary reports whether the log may hold action on target. The store refuses any other
// pair: a misspelled event is a bug that must not reach the log.
func InVocabulary(target TargetType, action Action) bool {
	return slices.Contains(vocabulary()[target], action)
}

// ActionsOn returns the actions that the log may hold on a type of target, sorted.
func ActionsOn(target TargetType) []Action { return slices.Sorted(slices.Values(vocabulary()[target])) }

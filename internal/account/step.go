package account

import (
	"context"

	"github.com/segmentio/ksuid"

	"latchkey/internal/access"
	"latchkey/internal/actor"
	"latchkey/internal/audit"
	"latchkey/internal/fault"
	"latchkey/internal/plaintext"
)

// The functions below are for changes that no Admin makes: those of an identity provider (package
// provision) and of a person who accepts an invitation (package invitation). Each is one step of a
// transaction in which the caller has already decided and locked the organization. Each appends
// its audit event.

// memberInserter adds members.
type memberInserter interface {
	recorder
	// InsertMember adds a member. The error is Conflict if the email address is taken.
	InsertMember(ctx context.Context, m Member, passwordHash string) error
}

// seatCounter counts the members that the plan limits.
type seatCounter interface {
	// CountMembers returns the number of the organization's members, including deactivated ones.
	CountMembers(ctx context.Context, organization string) (int, error)
}

// joiner adds members who have only the baseline.
type joiner interface {
	memberInserter
	seatCounter
	credentialEnder
	resetter
}

// enterer puts members into workspaces.
type enterer interface {
	recorder
	entrance
}

// statusSetter deactivates and reactivates members.
type statusSetter interface {
	memberUpdater
	adminCounter
	resetter
	// HoldOrganization returns the organization and locks its row.
	HoldOrganization(ctx context.Context, id string) (Organization, error)
}

// SeatFree returns an error of kind Denied if the organization's plan has no room for another
// member.
func SeatFree(ctx context.Context, tx seatCounter, org Organization) error {
	limit, limited := org.Plan.MemberLimit()
	if !limited {
		return nil
	}
	n, err := tx.CountMembers(ctx, org.ID)
	if err == nil && n >= limit {
		return fault.NewDenied("The organization's plan has no room for another member. Ask an Admin.")
	}
	return err
}

// Join adds a member with the role Member, who is in every workspace with only its baseline. If
// the member is deactivated, the invitations to the address end. The error is Conflict if the
// email address is taken, Denied if the plan has no room, and Invalid for an email address or a
// name that is not allowed.
func Join(ctx context.Context, tx joiner, by actor.Standing, org Organization, m Member) (Member, error) {
	var err error
	if m.Email, err = plaintext.Email(m.Email); err != nil {
		return Member{}, err
	}
	if m.Name, err = plaintext.Name(m.Name); err != nil {
		return Member{}, err
	}
	if err := SeatFree(ctx, tx, org); err != nil {
		return Member{}, err
	}
	m.ID, m.Organization, m.Role = ksuid.New().String(), org.ID, access.RoleMember
	m.CreatedAt, m.UpdatedAt = tx.Now(), tx.Now()
	if err := tx.InsertMember(ctx, m, ""); err != nil {
		return Member{}, err
	}
	if err := tx.AppendEvent(ctx, audit.Did(by, audit.AddedToOrganization, m.Target()).Changed("", m.State().String())); err != nil {
		return Member{}, err
	}
	if m.Status == Deactivated {
		if err := EndCredentials(ctx, tx, by, Suspended, m); err != nil {
			return Member{}, err
		}
	}
	return m, baselineOnly(ctx, tx, org, by, m)
}

// SetStatus deactivates or reactivates a member. Setting the current status changes nothing. An
// Admin is reactivated as a Member with only the baselines: the callers are no Admins, and only
// an Admin may make one. The error is Conflict for the last active Admin.
func SetStatus(ctx context.Context, tx statusSetter, by actor.Standing, m Member, status Status) (Member, error) {
	if m.Status == status {
		return m, nil
	}
	action := audit.Reactivated
	if status == Deactivated {
		action = audit.Deactivated
	} else if m.Role == access.RoleAdmin {
		org, err := tx.HoldOrganization(ctx, m.Organization)
		if err != nil {
			return m, err
		}
		if m, err = SetRole(ctx, tx, by, m, access.RoleMember); err != nil {
			return m, err
		}
		if err := baselineOnly(ctx, tx, org, by, m); err != nil {
			return m, err
		}
	}
	old := m
	m.Status = status
	if err := saveMember(ctx, tx, by, action, old, &m); err != nil {
		return old, err
	}
	return m, keepAnAdmin(ctx, tx, m.Organization)
}

// NoteProvisioned appends an event for a change that affects only the identity provider's own
// document about a member. before and now report whether there was and is such a document, and
// attributes are the names of those that changed. Their values (telephone numbers, addresses) are
// not logged, because the log cannot forget them.
func NoteProvisioned(ctx context.Context, tx recorder, by actor.Standing, m Member, before, now bool, attributes []string) error {
	was, is := audit.Fields{"provisioned": before}, audit.Fields{"provisioned": now}
	if len(attributes) > 0 {
		is["attributes"] = attributes
	}
	return tx.AppendEvent(ctx, audit.Did(by, audit.Provisioned, m.Target()).Changed(was.String(), is.String()))
}

// SetName renames a member. Setting the current name changes nothing. The error is Invalid for a
// name that is not allowed.
func SetName(ctx context.Context, tx memberUpdater, by actor.Standing, m Member, name string) (Member, error) {
	old := m
	var err error
	if m.Name, err = plaintext.Name(name); err != nil || m.Name == old.Name {
		return old, err
	}
	return m, saveMember(ctx, tx, by, audit.ProfileUpdated, old, &m)
}

// SetEmail changes the email address of a member, whose tokens and sessions stay. The open
// invitations to both addresses end. Setting the current one changes nothing. The error is Conflict if another member has the address, and Invalid
// for an address that is not allowed.
func SetEmail(ctx context.Context, tx emailUpdater, by actor.Standing, m Member, address string) (Member, error) {
	old := m
	var err error
	if m.Email, err = plaintext.Email(address); err != nil || m.Email == old.Email {
		return old, err
	}
	if err := tx.UpdateEmail(ctx, m); err != nil {
		return old, err
	}
	for _, address := range []Member{old, m} {
		if err := EndCredentials(ctx, tx, by, Moved, address); err != nil {
			return old, err
		}
	}
	return m, saveMember(ctx, tx, by, audit.ProfileUpdated, old, &m)
}

// SetRole changes the organization role of a member. Setting the current role changes nothing. It
// does not check that an active Admin is left, and a member who loses the role Admin keeps
// policies and groups.
func SetRole(ctx context.Context, tx memberUpdater, by actor.Standing, m Member, role access.Role) (Member, error) {
	old := m
	if m.Role = role; m == old {
		return old, nil
	}
	return m, saveMember(ctx, tx, by, audit.ChangedPermission, old, &m)
}

// Enter puts a member into a workspace, with view and its baseline only.
func Enter(ctx context.Context, tx enterer, by actor.Standing, m Member, workspace string) error {
	return tx.InsertEntry(ctx, newEntry(tx, by, Entry{Organization: m.Organization, Workspace: workspace, Member: m.ID}))
}

// ManageGroup adds a group whose members the identity provider manages. The group is in no
// workspace, since that is for Admins to decide. The error is Conflict if the name is taken,
// Denied if the plan has no room for another group, and Invalid for a name that is not allowed.
func ManageGroup(ctx context.Context, tx groupInserter, by actor.Standing, org Organization, name, externalID string) (Group, error) {
	if err := groupNameTaken(ctx, tx, Group{Organization: org.ID, Name: name}); err != nil {
		return Group{}, err
	}
	g, err := newGroup(ctx, tx, org, GroupSettings{Name: name})
	if err != nil {
		return Group{}, err
	}
	g.External, g.ExternalID = true, externalID
	g.CreatedAt, g.UpdatedAt = tx.Now(), tx.Now()
	if err := tx.InsertGroup(ctx, g); err != nil {
		return Group{}, err
	}
	return g, tx.AppendEvent(ctx, audit.Did(by, audit.Created, g.Target()).Changed("", managedState(g).String()))
}

// managedState returns what an event records about a group and who manages its members.
func managedState(g Group) audit.Fields {
	s := g.State()
	s["external"], s["externalId"] = g.External, g.ExternalID
	return s
}

func groupNameTaken(ctx context.Context, tx groupLister, g Group) error {
	groups, err := tx.Groups(ctx, g.Organization)
	if err == nil && groupNameFree(groups, g) != nil {
		return fault.NewConflict("Another group has this name.")
	}
	return err
}

// RenameGroup changes the name and the description of a group, and records that the identity
// provider manages its members from now on. If nothing differs, it does nothing. store saves
// External and ExternalID, which UpdateGroup does not. The errors are those of [ManageGroup].
func RenameGroup(ctx context.Context, tx groupUpdater, by actor.Standing, old, g Group,
	store func(context.Context, Group) error) (Group, error) {
	settings, err := GroupSettings{Name: g.Name, Description: g.Description}.clean()
	if err != nil {
		return old, err
	}
	if g.Name, g.Description = settings.Name, settings.Description; g == old {
		return old, nil
	}
	if err := groupNameTaken(ctx, tx, g); err != nil {
		return old, err
	}
	g.UpdatedAt = tx.Now()
	if err := tx.UpdateGroup(ctx, g); err != nil {
		return old, err
	}
	if err := store(ctx, g); err != nil {
		return old, err
	}
	return g, tx.AppendEvent(ctx, audit.Did(by, audit.Updated, g.Target()).Changed(managedState(old).String(), managedState(g).String()))
}

// RemoveGroup deletes a group, so its members lose what it granted.
func RemoveGroup(ctx context.Context, tx groupDeleter, by actor.Standing, g Group) error {
	if err := tx.DeleteGroup(ctx, g.Organization, g.ID); err != nil {
		return err
	}
	return tx.AppendEvent(ctx, audit.Did(by, audit.Deleted, g.Target()).Changed(managedState(g).String(), ""))
}

// Enroll adds a member to a group. It does not check who manages the group.
func Enroll(ctx context.Context, tx enroller, by actor.Standing, g Group, m Member) error {
	if err := tx.AddToGroup(ctx, g.ID, m.ID); err != nil {
		return err
	}
	return tx.AppendEvent(ctx, membershipEvent(by, audit.MemberAdded, g, m))
}

// Withdraw removes a member from a group. It does not check who manages the group. The error is
// NotFound if the member is not in it.
func Withdraw(ctx context.Context, tx withdrawer, by actor.Standing, g Group, m Member) error {
	if err := tx.RemoveFromGroup(ctx, g.ID, m.ID); err != nil {
		return err
	}
	return tx.AppendEvent(ctx, membershipEvent(by, audit.MemberRemoved, g, m))
}

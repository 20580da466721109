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

// What others than an Admin may do with members and groups, by the same rules: an identity
// provider (package provision), and somebody who accepts an invitation (package invitation).
// These are steps of a transaction that their package has begun, has decided about and holds
// the organization in; each writes its audit event.

// memberInserter adds members.
type memberInserter interface {
	recorder
	// InsertMember is a Conflict when the e-mail is taken.
	InsertMember(ctx context.Context, m Member, passwordHash string) error
}

// seatCounter counts who takes up a seat of the plan.
type seatCounter interface {
	// CountMembers counts the organization's members, deactivated ones included.
	CountMembers(ctx context.Context, organization string) (int, error)
}

// joiner makes members with baseline only.
type joiner interface {
	memberInserter
	seatCounter
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
}

// SeatFree is Denied when the organization's plan has no room for another member.
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

// Join adds a member with baseline only: in every workspace, by an entry of its
// own. The role is Member. Conflict when the e-mail is taken; Denied when the plan has no
// room; Invalid for an e-mail or name that cannot be.
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
	return m, baselineOnly(ctx, tx, org, by, m)
}

// SetStatus deactivates or reactivates a member. Having that status already changes
// nothing. Conflict for the last active Admin.
func SetStatus(ctx context.Context, tx statusSetter, by actor.Standing, m Member, status Status) (Member, error) {
	if m.Status == status {
		return m, nil
	}
	action := audit.Reactivated
	if status == Deactivated {
		action = audit.Deactivated
	}
	old := m
	m.Status = status
	if err := updateMember(ctx, tx, by, action, old, &m); err != nil {
		return old, err
	}
	return m, keepAnAdmin(ctx, tx, m.Organization)
}

// NoteProvisioned appends the event of a change that only the identity provider's own document
// about a member shows: whether there is one, before and now, and the names of the attributes
// that are others. Their values (telephone numbers, addresses) stay out of a log from which
// nothing can be taken.
func NoteProvisioned(ctx context.Context, tx recorder, by actor.Standing, m Member, before, now bool, attributes []string) error {
	was, is := audit.Fields{"provisioned": before}, audit.Fields{"provisioned": now}
	if len(attributes) > 0 {
		is["attributes"] = attributes
	}
	return tx.AppendEvent(ctx, audit.Did(by, audit.Provisioned, m.Target()).Changed(was.String(), is.String()))
}

// SetName renames a member. The same name changes nothing; Invalid for one that cannot be.
func SetName(ctx context.Context, tx memberUpdater, by actor.Standing, m Member, name string) (Member, error) {
	old := m
	var err error
	if m.Name, err = plaintext.Name(name); err != nil || m.Name == old.Name {
		return old, err
	}
	return m, updateMember(ctx, tx, by, audit.ProfileUpdated, old, &m)
}

// SetRole gives a member another organization role. The same role changes nothing. It does not
// look whether an active Admin is left, nor take anything away with the role Admin.
func SetRole(ctx context.Context, tx memberUpdater, by actor.Standing, m Member, role access.Role) (Member, error) {
	old := m
	if m.Role = role; m == old {
		return old, nil
	}
	return m, updateMember(ctx, tx, by, audit.ChangedPermission, old, &m)
}

// Enter puts a member into a workspace, where it gives no more than view and the baseline.
func Enter(ctx context.Context, tx enterer, by actor.Standing, m Member, workspace string) error {
	return tx.InsertEntry(ctx, newEntry(tx, by, Entry{Organization: m.Organization, Workspace: workspace, Member: m.ID}))
}

func updateMember(ctx context.Context, tx memberUpdater, by actor.Standing, action audit.Action, old Member, m *Member) error {
	m.UpdatedAt = tx.Now()
	if err := tx.UpdateMember(ctx, *m); err != nil {
		return err
	}
	return tx.AppendEvent(ctx, audit.Did(by, action, m.Target()).Changed(old.State().String(), m.State().String()))
}

// ManageGroup adds a group whose members the identity provider manages. It has no
// workspaces: those and their policies are the Admins' business. Conflict when the name is
// taken; Denied when the plan has no room for another; Invalid for a name that cannot be.
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

// managedState is what the log keeps of a group with who manages its members.
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

// RenameGroup renames a group and notes that its members are managed by the identity
// provider from now on. No difference changes nothing. store keeps what UpdateGroup does
// not: External and ExternalID. Errors as for ManageGroup.
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

// RemoveGroup removes a group: its members lose what it gave.
func RemoveGroup(ctx context.Context, tx groupDeleter, by actor.Standing, g Group) error {
	if err := tx.DeleteGroup(ctx, g.Organization, g.ID); err != nil {
		return err
	}
	return tx.AppendEvent(ctx, audit.Did(by, audit.Deleted, g.Target()).Changed(managedState(g).String(), ""))
}

// Enroll makes a member one of the group's, whoever manages it.
func Enroll(ctx context.Context, tx enroller, by actor.Standing, g Group, m Member) error {
	if err := tx.AddToGroup(ctx, g.ID, m.ID); err != nil {
		return err
	}
	return tx.AppendEvent(ctx, membershipEvent(by, audit.MemberAdded, g, m))
}

// Withdraw ends a membership, whoever manages the group; NotFound when there is none.
func Withdraw(ctx context.Context, tx withdrawer, by actor.Standing, g Group, m Member) error {
	if err := tx.RemoveFromGroup(ctx, g.ID, m.ID); err != nil {
		return err
	}
	return tx.AppendEvent(ctx, membershipEvent(by, audit.MemberRemoved, g, m))
}

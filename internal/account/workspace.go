package account

import (
	"context"
	"slices"
	"time"

	"github.com/segmentio/ksuid"

	"latchkey/internal/access"
	"latchkey/internal/actor"
	"latchkey/internal/audit"
	"latchkey/internal/fault"
	"latchkey/internal/plaintext"
)

// Workspaces is the use cases of workspaces. All are for Admins.
type Workspaces struct {
	store     WorkspaceStore
	catalogue *access.Catalogue
	now       func() time.Time
}

// WorkspaceStore is what [Workspaces] reads, and the way into a transaction.
type WorkspaceStore interface {
	// InTx runs fn in one write transaction for the caller: all or nothing. The error is
	// Unauthenticated if the caller's session or token no longer works.
	InTx(ctx context.Context, by actor.Caller, fn func(WorkspaceTx) error) error
	workspaceCounter
	// Workspace returns NotFound outside the organization.
	Workspace(ctx context.Context, organization, id string) (Workspace, error)
}

// WorkspaceTx is what [Workspaces] does inside a transaction.
type WorkspaceTx interface {
	Tx
	workspaceCounter
	workspaceInserter
	tokenEnder
	// Workspace returns NotFound outside the organization.
	Workspace(ctx context.Context, organization, id string) (Workspace, error)
	// UpdateWorkspace saves name, environment and region; Conflict when the name is taken.
	UpdateWorkspace(ctx context.Context, w Workspace) error
	// DeleteWorkspace removes the workspace with its policies, resources and connections.
	// Its tokens are not its: see TombstoneTokens.
	DeleteWorkspace(ctx context.Context, organization, id string) error
	// TokensOfWorkspace lists the tokens of both kinds of a workspace that are not
	// deleted, expired ones included.
	TokensOfWorkspace(ctx context.Context, organization, workspace string) ([]HeldToken, error)
}

// workspaceLister lists workspaces.
type workspaceLister interface {
	// Workspaces lists an organization's workspaces by name.
	Workspaces(ctx context.Context, organization string) ([]Workspace, error)
}

// workspaceCounter lists workspaces and counts what is in them.
type workspaceCounter interface {
	workspaceLister
	// WorkspaceCounts counts what is in each workspace of the organization, by id, with
	// the tokens that are live at now.
	WorkspaceCounts(ctx context.Context, organization string, now time.Time) (map[string]WorkspaceCounts, error)
}

// workspaceInserter adds workspaces.
type workspaceInserter interface {
	recorder
	entrance
	// InsertWorkspace is a Conflict when the name is taken.
	InsertWorkspace(ctx context.Context, w Workspace) error
}

// entrance puts groups and members into workspaces.
type entrance interface {
	// InsertEntry is a Conflict when the group or member is in the workspace by a policy of
	// its own already.
	InsertEntry(ctx context.Context, e Entry) error
}

func (s *Workspaces) change(ctx context.Context, by actor.Caller, fn func(WorkspaceTx, Organization) error) error {
	return Change(ctx, s.store.InTx, s.catalogue, by, access.ManageWorkspaces, fn)
}

// WorkspaceCounts is how much there is in a workspace.
type WorkspaceCounts struct {
	Members        int // that are in it: Admins, by a policy of their own, by a group
	Groups         int // that are linked to it
	Resources      int
	ServiceTokens  int // live
	PersonalTokens int // live
}

// WorkspaceRow is a workspace with its counts.
type WorkspaceRow struct {
	Workspace
	WorkspaceCounts
}

// Regions lists where workspaces may be, as the public API spells it.
func Regions() []string { return []string{"US", "EU"} }

// WorkspaceSettings is what an Admin chooses of a workspace.
type WorkspaceSettings struct {
	Name        string
	Environment Environment
	Region      string
}

// clean checks the settings. Invalid with the paths "name", "environment", "region".
func (f WorkspaceSettings) clean() (WorkspaceSettings, error) {
	var p fault.Problems
	f.Name = newName(&p, "name", f.Name)
	if f.Environment != Production && f.Environment != Development {
		p.Add("environment", "Choose Production or Development.")
	}
	if !slices.Contains(Regions(), f.Region) {
		p.Add("region", "Choose a region.")
	}
	return f, p.Err("Some fields need your attention.")
}

// Target is what the audit log says of a workspace.
func (w Workspace) Target() audit.Target {
	return audit.Target{Type: audit.TargetWorkspace, ID: w.ID, Name: w.Name, Workspace: w.ID}
}

// State is what the audit log keeps of a workspace.
func (w Workspace) State() audit.Fields {
	return audit.Fields{"name": w.Name, "environment": w.Environment, "region": w.Region}
}

// List lists the organization's workspaces by name, with their counts, in a fixed
// number of queries. Denied to all but Admins.
func (s *Workspaces) List(ctx context.Context, by actor.Standing) ([]WorkspaceRow, error) {
	if err := May(s.catalogue, by, access.ManageWorkspaces); err != nil {
		return nil, err
	}
	return WorkspaceRows(ctx, s.store, by.Organization, s.now())
}

// WorkspaceRows lists an organization's workspaces by name, with their counts and the tokens that
// are live at now. It decides nothing.
func WorkspaceRows(ctx context.Context, r workspaceCounter, organization string, now time.Time) ([]WorkspaceRow, error) {
	list, err := r.Workspaces(ctx, organization)
	if err != nil {
		return nil, err
	}
	counts, err := r.WorkspaceCounts(ctx, organization, now)
	if err != nil {
		return nil, err
	}
	rows := make([]WorkspaceRow, len(list))
	for i, w := range list {
		rows[i] = WorkspaceRow{w, counts[w.ID]}
	}
	return rows, nil
}

// Get returns a workspace with its counts; NotFound when it is not the
// organization's, Denied to all but Admins.
func (s *Workspaces) Get(ctx context.Context, by actor.Standing, id string) (WorkspaceRow, error) {
	if err := May(s.catalogue, by, access.ManageWorkspaces); err != nil {
		return WorkspaceRow{}, err
	}
	w, err := s.store.Workspace(ctx, by.Organization, id)
	if err != nil {
		return WorkspaceRow{}, err
	}
	counts, err := s.store.WorkspaceCounts(ctx, by.Organization, s.now())
	return WorkspaceRow{w, counts[id]}, err
}

// Create adds a workspace with a view-only baseline. Nobody but the Admins is in
// it. Denied to all but Admins; Invalid with fields "name" (also when it is taken),
// "environment", "region".
func (s *Workspaces) Create(ctx context.Context, by actor.Caller, in WorkspaceSettings) (Workspace, error) {
	var w Workspace
	err := s.change(ctx, by, func(tx WorkspaceTx, org Organization) error {
		in, err := in.clean()
		if err != nil {
			return err
		}
		w = Workspace{ID: ksuid.New().String(), Organization: org.ID, Name: in.Name, Environment: in.Environment,
			Region: in.Region, CreatedAt: tx.Now(), UpdatedAt: tx.Now()}
		if err := workspaceNameFree(ctx, tx, w); err != nil {
			return err
		}
		return insertWorkspace(ctx, tx, tx.By(), w)
	})
	return w, err
}

// Update renames a workspace or changes what it is for. Errors as for
// Create; NotFound when it is not the organization's.
func (s *Workspaces) Update(ctx context.Context, by actor.Caller, id string, in WorkspaceSettings) (Workspace, error) {
	var w Workspace
	err := s.change(ctx, by, func(tx WorkspaceTx, org Organization) error {
		old, err := tx.Workspace(ctx, org.ID, id)
		if err != nil {
			return err
		}
		in, err := in.clean()
		if err != nil {
			return err
		}
		w = old
		w.Name, w.Environment, w.Region = in.Name, in.Environment, in.Region
		if w == old {
			return nil
		}
		w.UpdatedAt = tx.Now()
		if err := workspaceNameFree(ctx, tx, w); err != nil {
			return err
		}
		if err := tx.UpdateWorkspace(ctx, w); err != nil {
			return err
		}
		return tx.AppendEvent(ctx, audit.Did(tx.By(), audit.Updated, w.Target()).Changed(old.State().String(), w.State().String()))
	})
	return w, err
}

// Delete removes a workspace for good: its policies, resources and connections go
// with it, its tokens are revoked for good, the audit trail stays. typedName must be its
// name, as a guard against the wrong row: Invalid with field "name" otherwise. NotFound
// when it is not the organization's; Denied to all but Admins.
func (s *Workspaces) Delete(ctx context.Context, by actor.Caller, id, typedName string) (Workspace, error) {
	var w Workspace
	err := s.change(ctx, by, func(tx WorkspaceTx, org Organization) error {
		var err error
		if w, err = tx.Workspace(ctx, org.ID, id); err != nil {
			return err
		}
		if typed, err := plaintext.Name(typedName); err != nil || typed != w.Name {
			return fault.NewInvalid("Some fields need your attention.",
				fault.Field{Path: "name", Message: "Type the name of the workspace exactly: " + w.Name})
		}
		counts, err := tx.WorkspaceCounts(ctx, org.ID, tx.Now())
		if err != nil {
			return err
		}
		tokens, err := tx.TokensOfWorkspace(ctx, org.ID, w.ID)
		if err != nil {
			return err
		}
		if err := endTokens(ctx, tx, tx.By(), tokens, "Its workspace was deleted."); err != nil {
			return err
		}
		if err := tx.DeleteWorkspace(ctx, org.ID, w.ID); err != nil {
			return err
		}
		before := w.State()
		before["members"], before["groups"] = counts[id].Members, counts[id].Groups
		before["resources"], before["tokens"] = counts[id].Resources, len(tokens)
		return tx.AppendEvent(ctx, audit.Did(tx.By(), audit.Deleted, w.Target()).Changed(before.String(), ""))
	})
	return w, err
}

// workspaceNameFree refuses a name that another workspace has, in any letter case.
func workspaceNameFree(ctx context.Context, tx workspaceLister, w Workspace) error {
	list, err := tx.Workspaces(ctx, w.Organization)
	if err != nil {
		return err
	}
	for _, other := range list {
		if other.ID != w.ID && plaintext.SameName(other.Name, w.Name) {
			return nameTaken("Another workspace has this name.")
		}
	}
	return nil
}

// insertWorkspace adds a workspace with its baseline (view only) and tells the log.
func insertWorkspace(ctx context.Context, tx workspaceInserter, by actor.Standing, w Workspace) error {
	if err := tx.InsertWorkspace(ctx, w); err != nil {
		return err
	}
	if err := tx.InsertEntry(ctx, newEntry(tx, by, Entry{Organization: w.Organization, Workspace: w.ID})); err != nil {
		return err
	}
	return tx.AppendEvent(ctx, audit.Did(by, audit.Created, w.Target()).Changed("", w.State().String()))
}

// newEntry completes an entry that by makes now.
func newEntry(tx recorder, by actor.Standing, e Entry) Entry {
	e.ID, e.At, e.By = ksuid.New().String(), tx.Now(), by.Name
	return e
}

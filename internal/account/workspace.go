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

// Workspaces is the use cases of workspaces. All of them are for Admins.
type Workspaces struct {
	store     WorkspaceStore
	catalogue *access.Catalogue
	now       func() time.Time
}

// WorkspaceStore is what [Workspaces] reads, and how it begins a transaction.
type WorkspaceStore interface {
	WorkspaceReads
	// InTx runs fn in one write transaction of the caller, which is committed if fn returns nil.
	// The error is Unauthenticated if the caller's session or token no longer works.
	InTx(ctx context.Context, by actor.Caller, fn func(WorkspaceTx) error) error
}

// WorkspaceReads is what [Workspaces] reads outside of transactions.
type WorkspaceReads interface {
	workspaceCounter
	// Workspace returns a workspace. The error is NotFound if it is not in the organization.
	Workspace(ctx context.Context, organization, id string) (Workspace, error)
}

// WorkspaceTx is what [Workspaces] does inside a transaction.
type WorkspaceTx interface {
	Tx
	workspaceCounter
	workspaceInserter
	tokenEnder
	// Workspace returns a workspace. The error is NotFound if it is not in the organization.
	Workspace(ctx context.Context, organization, id string) (Workspace, error)
	// UpdateWorkspace saves the name, the environment and the region. The error is Conflict if
	// the name is taken.
	UpdateWorkspace(ctx context.Context, w Workspace) error
	// DeleteWorkspace deletes the workspace with its policies, resources and connections. It does
	// not delete its tokens: see TombstoneTokens.
	DeleteWorkspace(ctx context.Context, organization, id string) error
	// TokensOfWorkspace returns the personal and service tokens of a workspace that are not
	// deleted, including expired ones.
	TokensOfWorkspace(ctx context.Context, organization, workspace string) ([]HeldToken, error)
}

// workspaceLister lists workspaces.
type workspaceLister interface {
	// Workspaces returns the organization's workspaces, sorted by name.
	Workspaces(ctx context.Context, organization string) ([]Workspace, error)
}

// workspaceCounter lists workspaces and counts what is in them.
type workspaceCounter interface {
	workspaceLister
	// WorkspaceCounts returns the counts of workspaces of the organization, by id. Tokens count if
	// they are live at now.
	WorkspaceCounts(ctx context.Context, organization string, workspaces []string, now time.Time) (map[string]WorkspaceCounts, error)
}

// workspaceInserter adds workspaces.
type workspaceInserter interface {
	recorder
	entrance
	// InsertWorkspace adds a workspace. The error is Conflict if the name is taken.
	InsertWorkspace(ctx context.Context, w Workspace) error
}

// entrance puts groups and members into workspaces.
type entrance interface {
	// InsertEntry adds an entry. The error is Conflict if the group or member already has a
	// policy of its own in the workspace.
	InsertEntry(ctx context.Context, e Entry) error
}

func (s *Workspaces) change(ctx context.Context, by actor.Caller, fn func(WorkspaceTx, Organization) error) error {
	return Change(ctx, s.store.InTx, s.catalogue, by, access.ManageWorkspaces, fn)
}

// WorkspaceCounts counts what is in a workspace.
type WorkspaceCounts struct {
	Members        int // Admins, and members with a policy of their own or of a group
	Groups         int // that are in it
	Resources      int
	ServiceTokens  int // live
	PersonalTokens int // live
}

// WorkspaceRow is a workspace with its counts.
type WorkspaceRow struct {
	Workspace
	WorkspaceCounts
}

// Regions returns the regions that a workspace can be in, as the public API spells them.
func Regions() []string { return []string{"US", "EU"} }

// WorkspaceSettings is what an Admin chooses for a workspace.
type WorkspaceSettings struct {
	Name        string
	Environment Environment
	Region      string
}

// clean returns the settings as they are stored. The error is Invalid with the fields "name",
// "environment" and "region".
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

// Target returns the workspace as the target of an event.
func (w Workspace) Target() audit.Target {
	return audit.Target{Type: audit.TargetWorkspace, ID: w.ID, Name: w.Name, Workspace: w.ID}
}

// State returns what an event records about the workspace.
func (w Workspace) State() audit.Fields {
	return audit.Fields{"name": w.Name, "environment": w.Environment, "region": w.Region}
}

// List returns the organization's workspaces, sorted by name, in a fixed number of queries. Those that
// shown chooses have their counts; nil chooses all. The error is Denied unless the caller is an Admin.
func (s *Workspaces) List(ctx context.Context, by actor.Standing, shown func([]Workspace) []Workspace) ([]WorkspaceRow, error) {
	if err := May(s.catalogue, by, access.ManageWorkspaces); err != nil {
		return nil, err
	}
	return WorkspaceRows(ctx, s.store, by.Organization, s.now(), shown)
}

// WorkspaceRows returns an organization's workspaces, sorted by name, those that shown chooses with
// their counts at now. It does not check permissions.
func WorkspaceRows(ctx context.Context, r workspaceCounter, organization string, now time.Time,
	shown func([]Workspace) []Workspace) ([]WorkspaceRow, error) {
	list, err := r.Workspaces(ctx, organization)
	if err != nil {
		return nil, err
	}
	counted := list
	if shown != nil {
		counted = shown(list)
	}
	ids := make([]string, len(counted))
	for i, w := range counted {
		ids[i] = w.ID
	}
	counts, err := r.WorkspaceCounts(ctx, organization, ids, now)
	if err != nil {
		return nil, err
	}
	rows := make([]WorkspaceRow, len(list))
	for i, w := range list {
		rows[i] = WorkspaceRow{w, counts[w.ID]}
	}
	return rows, nil
}

// Get returns a workspace with its counts. The error is NotFound if it is not in the
// organization, and Denied unless the caller is an Admin.
func (s *Workspaces) Get(ctx context.Context, by actor.Standing, id string) (WorkspaceRow, error) {
	if err := May(s.catalogue, by, access.ManageWorkspaces); err != nil {
		return WorkspaceRow{}, err
	}
	w, err := s.store.Workspace(ctx, by.Organization, id)
	if err != nil {
		return WorkspaceRow{}, err
	}
	counts, err := s.store.WorkspaceCounts(ctx, by.Organization, []string{id}, s.now())
	return WorkspaceRow{w, counts[id]}, err
}

// Create adds a workspace with a view-only baseline. Only Admins are in it. The error is Denied
// unless the caller is an Admin, and Invalid with the fields "name" (also if it is taken),
// "environment" and "region".
func (s *Workspaces) Create(ctx context.Context, by actor.Caller, in WorkspaceSettings) (Workspace, error) {
	var w Workspace
	err := s.change(ctx, by, func(tx WorkspaceTx, org Organization) error {
		there, err := tx.Workspaces(ctx, org.ID)
		if err != nil {
			return err
		}
		if err := access.Room(len(there), access.MaxWorkspaces, "An organization", "workspaces"); err != nil {
			return err
		}
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

// Update changes the settings of a workspace. The error is NotFound if it is not in the
// organization, and otherwise as for [Workspaces.Create].
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

// Delete deletes a workspace with its policies, resources, connections and tokens. Its audit
// events stay. typedName must be its name, which protects against deleting the wrong one: the
// error is Invalid with the field "name" otherwise. It is NotFound if the workspace is not in the
// organization, Denied unless the caller is an Admin, and Unproven.
func (s *Workspaces) Delete(ctx context.Context, by actor.Caller, id, typedName string) (Workspace, error) {
	var w Workspace
	err := s.change(ctx, by, func(tx WorkspaceTx, org Organization) error {
		err := tx.By().MustBeProven(tx.Now(), "delete a workspace")
		if err != nil {
			return err
		}
		if w, err = tx.Workspace(ctx, org.ID, id); err != nil {
			return err
		}
		if !plaintext.Retyped(typedName, w.Name) {
			return fault.NewInvalid("Some fields need your attention.",
				fault.Field{Path: "name", Message: "Type the name of the workspace exactly: " + w.Name})
		}
		counts, err := tx.WorkspaceCounts(ctx, org.ID, []string{id}, tx.Now())
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

// workspaceNameFree returns an error if another workspace has the name of w, in any letter case.
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

// insertWorkspace adds a workspace with its view-only baseline, and appends the event.
func insertWorkspace(ctx context.Context, tx workspaceInserter, by actor.Standing, w Workspace) error {
	if err := tx.InsertWorkspace(ctx, w); err != nil {
		return err
	}
	if err := tx.InsertEntry(ctx, newEntry(tx, by, Entry{Organization: w.Organization, Workspace: w.ID})); err != nil {
		return err
	}
	return tx.AppendEvent(ctx, audit.Did(by, audit.Created, w.Target()).Changed("", w.State().String()))
}

// newEntry returns e with its id, the time and the name of the caller.
func newEntry(tx recorder, by actor.Standing, e Entry) Entry {
	e.ID, e.At, e.By = ksuid.New().String(), tx.Now(), by.Name
	return e
}

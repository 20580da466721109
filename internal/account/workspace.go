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
)

// WorkspaceReader is what the use cases of workspaces read.
type WorkspaceReader interface {
	// Workspace returns NotFound outside the organization.
	Workspace(ctx context.Context, organization, id string) (Workspace, error)
	// WorkspaceCounts counts what is in each workspace of the organization, by id, with
	// the tokens that are live at now.
	WorkspaceCounts(ctx context.Context, organization string, now time.Time) (map[string]WorkspaceCounts, error)
}

// WorkspaceWriter is how the use cases change workspaces.
type WorkspaceWriter interface {
	// InsertWorkspace is a Conflict when the name is taken.
	InsertWorkspace(ctx context.Context, w Workspace) error
	// UpdateWorkspace saves name, environment and region; Conflict when the name is taken.
	UpdateWorkspace(ctx context.Context, w Workspace) error
	// DeleteWorkspace removes the workspace with its policies, resources and connections.
	// Its tokens are not its: see TombstoneTokens.
	DeleteWorkspace(ctx context.Context, organization, id string) error
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

// WorkspaceForm is what can be said about a workspace.
type WorkspaceForm struct {
	Name        string
	Environment Environment
	Region      string
}

// clean checks the form; Invalid with fields "name", "environment", "region".
func (f WorkspaceForm) clean() (WorkspaceForm, error) {
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

func (w Workspace) target() audit.Target {
	return audit.Target{Type: audit.TargetWorkspace, ID: w.ID, Name: w.Name, Workspace: w.ID}
}

func (w Workspace) state() state {
	return state{"name": w.Name, "environment": w.Environment, "region": w.Region}
}

// WorkspaceRows lists the organization's workspaces by name, with their counts, in a fixed
// number of queries. Denied to all but Admins.
func (s *Service) WorkspaceRows(ctx context.Context, by actor.Standing) ([]WorkspaceRow, error) {
	if err := s.may(by, access.ManageWorkspaces); err != nil {
		return nil, err
	}
	list, err := s.store.Workspaces(ctx, by.Organization)
	if err != nil {
		return nil, err
	}
	counts, err := s.store.WorkspaceCounts(ctx, by.Organization, s.now())
	if err != nil {
		return nil, err
	}
	rows := make([]WorkspaceRow, len(list))
	for i, w := range list {
		rows[i] = WorkspaceRow{w, counts[w.ID]}
	}
	return rows, nil
}

// Workspace returns a workspace with its counts; NotFound when it is not the
// organization's, Denied to all but Admins.
func (s *Service) Workspace(ctx context.Context, by actor.Standing, id string) (WorkspaceRow, error) {
	if err := s.may(by, access.ManageWorkspaces); err != nil {
		return WorkspaceRow{}, err
	}
	w, err := s.store.Workspace(ctx, by.Organization, id)
	if err != nil {
		return WorkspaceRow{}, err
	}
	counts, err := s.store.WorkspaceCounts(ctx, by.Organization, s.now())
	return WorkspaceRow{w, counts[id]}, err
}

// CreateWorkspace adds a workspace with a view-only baseline. Nobody but the Admins is in
// it. Denied to all but Admins; Invalid with fields "name" (also when it is taken),
// "environment", "region".
func (s *Service) CreateWorkspace(ctx context.Context, by actor.Caller, form WorkspaceForm) (Workspace, error) {
	var w Workspace
	err := s.change(ctx, by, access.ManageWorkspaces, func(tx Tx, org Organization) error {
		form, err := form.clean()
		if err != nil {
			return err
		}
		w = Workspace{ID: ksuid.New().String(), Organization: org.ID, Name: form.Name, Environment: form.Environment,
			Region: form.Region, CreatedAt: tx.Now(), UpdatedAt: tx.Now()}
		if err := workspaceNameFree(ctx, tx, w); err != nil {
			return err
		}
		return insertWorkspace(ctx, tx, tx.By(), w)
	})
	return w, err
}

// UpdateWorkspace renames a workspace or changes what it is for. Errors as for
// CreateWorkspace; NotFound when it is not the organization's.
func (s *Service) UpdateWorkspace(ctx context.Context, by actor.Caller, id string, form WorkspaceForm) (Workspace, error) {
	var w Workspace
	err := s.change(ctx, by, access.ManageWorkspaces, func(tx Tx, org Organization) error {
		old, err := tx.Workspace(ctx, org.ID, id)
		if err != nil {
			return err
		}
		form, err := form.clean()
		if err != nil {
			return err
		}
		w = old
		w.Name, w.Environment, w.Region = form.Name, form.Environment, form.Region
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
		return tx.AppendEvent(ctx, audit.Did(tx.By(), audit.Updated, w.target()).Changed(old.state().String(), w.state().String()))
	})
	return w, err
}

// DeleteWorkspace removes a workspace for good: its policies, resources and connections go
// with it, its tokens are revoked for good, the audit trail stays. typedName must be its
// name, as a guard against the wrong row: Invalid with field "name" otherwise. NotFound
// when it is not the organization's; Denied to all but Admins.
func (s *Service) DeleteWorkspace(ctx context.Context, by actor.Caller, id, typedName string) (Workspace, error) {
	var w Workspace
	err := s.change(ctx, by, access.ManageWorkspaces, func(tx Tx, org Organization) error {
		var err error
		if w, err = tx.Workspace(ctx, org.ID, id); err != nil {
			return err
		}
		if typed, err := CleanName(typedName); err != nil || typed != w.Name {
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
		before := w.state()
		before["members"], before["groups"], before["resources"], before["tokens"] = counts[id].Members, counts[id].Groups, counts[id].Resources, len(tokens)
		return tx.AppendEvent(ctx, audit.Did(tx.By(), audit.Deleted, w.target()).Changed(before.String(), ""))
	})
	return w, err
}

// workspaceNameFree refuses a name that another workspace has, in any letter case.
func workspaceNameFree(ctx context.Context, tx Tx, w Workspace) error {
	list, err := tx.Workspaces(ctx, w.Organization)
	if err != nil {
		return err
	}
	for _, other := range list {
		if other.ID != w.ID && sameName(other.Name, w.Name) {
			return nameTaken("Another workspace has this name.")
		}
	}
	return nil
}

// insertWorkspace adds a workspace with its baseline (view only) and tells the log.
func insertWorkspace(ctx context.Context, tx Tx, by actor.Standing, w Workspace) error {
	if err := tx.InsertWorkspace(ctx, w); err != nil {
		return err
	}
	baseline := Policy{ID: ksuid.New().String(), Organization: w.Organization, Workspace: w.ID,
		Kind: BaselinePolicy, Body: access.Policy{}, Version: 1, UpdatedAt: w.CreatedAt, UpdatedBy: by.Name}
	if err := tx.InsertPolicy(ctx, baseline); err != nil {
		return err
	}
	return tx.AppendEvent(ctx, audit.Did(by, audit.Created, w.target()).Changed("", w.state().String()))
}

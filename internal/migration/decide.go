package migration

import (
	"context"
	"slices"

	"latchkey/internal/access"
	"latchkey/internal/actor"
	"latchkey/internal/fault"
	"latchkey/internal/legacy"
	"latchkey/internal/policy"
)

// Choose resolves the conflict of one item. The error is Invalid for a choice that the conflict
// does not offer, NotFound if there is no such item, and Conflict if nothing is staged.
func (s *Service) Choose(ctx context.Context, by actor.Caller, seq int64, choice Choice) (Item, error) {
	var i Item
	err := s.change(ctx, by, func(tx Tx, m Migration) error {
		var err error
		if i, err = tx.StagedItem(ctx, m.ID, seq); err != nil {
			return err
		}
		if !slices.Contains(i.Conflict.Choices(), choice) {
			return fault.NewInvalid("Choose one of the options.", fault.Field{Path: "choice", Message: "Choose one of the options."})
		}
		if err := decide(ctx, tx, m, &i, choice); err != nil {
			return err
		}
		return follow(ctx, tx, m, i.Conflict)
	}, Staged)
	return i, err
}

// ChooseAll resolves every open conflict of a kind and returns their number. Errors are those
// of Choose.
func (s *Service) ChooseAll(ctx context.Context, by actor.Caller, conflict Conflict, choice Choice) (int, error) {
	if !slices.Contains(conflict.Choices(), choice) {
		return 0, fault.NewInvalid("Choose one of the options.", fault.Field{Path: "choice", Message: "Choose one of the options."})
	}
	decided := 0
	err := s.change(ctx, by, func(tx Tx, m Migration) error {
		decided = 0 // the transaction may be a retry
		for _, kind := range conflict.kinds() {
			err := each(ctx, tx, m.ID, kind, func(i *Item) error {
				if i.Conflict != conflict || !i.Open() {
					return nil
				}
				decided++
				return decide(ctx, tx, m, i, choice)
			})
			if err != nil {
				return err
			}
		}
		if decided == 0 {
			return nil
		}
		return follow(ctx, tx, m, conflict)
	}, Staged)
	return decided, err
}

// kinds returns the kinds of items that can have the conflict.
func (c Conflict) kinds() []Kind {
	switch c {
	case SameName:
		return []Kind{Workspaces}
	case SameEmail, Removed:
		return []Kind{Members}
	case SameGroup, ManagedGroup:
		return []Kind{Groups}
	case SameDigest:
		return []Kind{PersonalTokens, ServiceTokens}
	}
	return nil
}

func decide(ctx context.Context, tx Tx, m Migration, i *Item, choice Choice) error {
	i.Choice = choice
	i.Rank = i.rank()
	return tx.UpdateItem(ctx, m.ID, *i)
}

// follow compares again the items that depend on a choice: contents of a workspace depend on
// where it goes, tokens on whether their owner is imported, groups on who joins them and on each
// other, and the recorded state of existing members on whether the import changes them.
func follow(ctx context.Context, tx Tx, m Migration, conflict Conflict) error {
	var kinds []Kind
	switch conflict {
	case SameName, Removed:
		kinds = Kinds()
	case SameEmail, SameGroup, ManagedGroup:
		kinds = []Kind{Workspaces, Resources, Members, Groups}
	case SameDigest:
		return nil
	}
	st, err := newStage(ctx, tx, m)
	if err != nil {
		return err
	}
	return st.save(true, kinds...)
}

// Find returns one page of staged items and their number on all pages.
func (s *Service) Find(ctx context.Context, by actor.Standing, q Query) ([]Item, int, error) {
	o, err := s.Overview(ctx, by)
	if err != nil || o.Empty() {
		return nil, 0, err
	}
	return s.store.FindStaged(ctx, o.Staging.ID, q)
}

// Tallies counts the items in the staging area. It returns none if the area is empty.
func (s *Service) Tallies(ctx context.Context, by actor.Standing) ([]Tally, error) {
	o, err := s.Overview(ctx, by)
	if err != nil || o.Empty() {
		return nil, err
	}
	return s.store.Tallies(ctx, o.Staging.ID)
}

// View is a staged item with what is needed to show and edit it.
type View struct {
	Item
	Migration Migration
	Plan      access.Plan
	Places    []ViewPlace // one per policy of the item, in the same order
	Members   []string    // of a group: the first members in the file
	More      int         // of a group: the number of further members
	Groups    []string    // of a member: their groups in the file
	Here      *Here       // of an existing member: their current access
}

// Here is the current access of an existing member.
type Here struct {
	Role     access.Role
	Policies []HerePolicy // their own policies, by workspace name
}

// HerePolicy is a current policy.
type HerePolicy struct {
	Workspace string // its name
	Body      access.Policy
}

// ViewPlace is the workspace of a staged policy, as it will be after deploying.
type ViewPlace struct {
	Name      string
	Baseline  access.Policy
	Resources []policy.Resource // those that are there and those that come
}

// Item returns a staged item; NotFound if there is none, Conflict before the import.
func (s *Service) Item(ctx context.Context, by actor.Standing, seq int64) (View, error) {
	o, err := s.Overview(ctx, by)
	switch {
	case err != nil:
		return View{}, err
	case o.Staging.State != Staged:
		return View{}, fault.NewConflict("Nothing is staged.")
	}
	v := View{Migration: o.Staging}
	if v.Item, err = s.store.StagedItem(ctx, o.Staging.ID, seq); err != nil {
		return v, err
	}
	org, err := s.store.Organization(ctx, by.Organization)
	if err != nil {
		return v, err
	}
	v.Plan = org.Plan
	if v.Places, err = viewPlaces(ctx, s.store, o.Staging, v.After.Policies); err != nil {
		return v, err
	}
	return v, v.company(ctx, s.store)
}

// mostNames is the maximum number of members of a group that are listed.
const mostNames = 50

// company loads the members of a group or the groups of a member.
func (v *View) company(ctx context.Context, r viewReader) error {
	switch v.Kind {
	case Groups:
		g, err := decoded[legacy.Group](v.Item)
		if err != nil {
			return err
		}
		first := g.Members[:min(len(g.Members), mostNames)]
		v.More = len(g.Members) - len(first)
		members, err := r.StagedByRef(ctx, v.Migration.ID, Members, first)
		for _, m := range members {
			v.Members = append(v.Members, m.Name)
		}
		return err
	case Members:
		if err := v.today(ctx, r); err != nil {
			return err
		}
		return each(ctx, r, v.Migration.ID, Groups, func(i *Item) error {
			g, err := decoded[legacy.Group](*i)
			if err == nil && !i.LeftOut() && slices.Contains(g.Members, v.Ref) {
				v.Groups = append(v.Groups, i.Name)
			}
			return err
		})
	case Workspaces, Resources, PersonalTokens, ServiceTokens:
	}
	return nil
}

// today loads the current access of an existing member.
func (v *View) today(ctx context.Context, r viewReader) error {
	if v.Conflict != SameEmail {
		return nil
	}
	organization := v.Migration.Organization
	m, err := r.Member(ctx, organization, v.Local)
	if fault.Is(err, fault.NotFound) {
		return nil // removed since; deploying will find out
	}
	if err != nil {
		return err
	}
	v.Here = &Here{Role: m.Role}
	policies, err := r.PoliciesOf(ctx, organization, policy.OfMember, m.ID)
	if err != nil {
		return err
	}
	workspaces, err := r.Workspaces(ctx, organization)
	for _, w := range workspaces {
		for _, p := range policies {
			if p.Workspace == w.ID {
				v.Here.Policies = append(v.Here.Policies, HerePolicy{w.Name, p.Body})
			}
		}
	}
	return err
}

// viewPlaces loads the workspaces of policies.
func viewPlaces(ctx context.Context, r viewReader, m Migration, policies []Policy) ([]ViewPlace, error) {
	places, at := make([]ViewPlace, len(policies)), map[string][]int{}
	for n, p := range policies {
		at[p.Workspace] = append(at[p.Workspace], n)
	}
	err := each(ctx, r, m.ID, Workspaces, func(i *Item) error {
		if len(at[i.Ref]) == 0 {
			return nil
		}
		place, err := viewPlace(ctx, r, m, *i)
		for _, n := range at[i.Ref] {
			places[n] = place
		}
		return err
	})
	return places, err
}

func viewPlace(ctx context.Context, r viewReader, m Migration, w Item) (ViewPlace, error) {
	place := ViewPlace{Name: w.Name, Baseline: access.Policy{}}
	baseline, err := r.Baseline(ctx, m.Organization, w.Local)
	if err == nil {
		place.Baseline = baseline.Body
		place.Resources, err = r.Resources(ctx, m.Organization, w.Local)
	}
	if err != nil && !fault.Is(err, fault.NotFound) {
		return place, err
	}
	return place, each(ctx, r, m.ID, Resources, func(i *Item) error {
		x, err := resourceOf(*i)
		if err == nil && x.Workspace == w.Ref && !i.Imported {
			place.Resources = append(place.Resources, policy.Resource{ID: i.Local, Type: x.Type, Name: x.Name})
		}
		return err
	})
}

// SavePolicy replaces the staged policy of an item in a workspace, given by its id in the old
// system. The error is Invalid, by permission, for what the catalogue or the plan does not allow
// and for resources that the workspace will not have; NotFound if the item has no policy there;
// or Conflict for an item that is left out.
func (s *Service) SavePolicy(ctx context.Context, by actor.Caller, seq int64, workspace string, body access.Policy) error {
	return s.change(ctx, by, func(tx Tx, m Migration) error {
		i, err := tx.StagedItem(ctx, m.ID, seq)
		if err != nil {
			return err
		}
		if i.LeftOut() || i.Stays() {
			return fault.NewConflict("This item is left out or keeps its current access, so its policy has no effect.")
		}
		at := slices.IndexFunc(i.After.Policies, func(p Policy) bool { return p.Workspace == workspace })
		if at < 0 {
			return fault.NewNotFound("That policy")
		}
		if err := s.checkPolicy(ctx, tx, m, i.After.Policies[at], body); err != nil {
			return err
		}
		if i.After.Policies[at].Body.Equal(body) {
			return nil
		}
		i.After.Policies[at].Body, i.After.Policies[at].Edited = body, true
		return tx.UpdateItem(ctx, m.ID, i)
	}, Staged)
}

// checkPolicy returns all problems of an edited policy.
func (s *Service) checkPolicy(ctx context.Context, tx Tx, m Migration, old Policy, body access.Policy) error {
	org, err := tx.Existing.Organization(ctx, m.Organization)
	if err != nil {
		return err
	}
	places, err := viewPlaces(ctx, tx.Existing, m, []Policy{old})
	if err != nil {
		return err
	}
	types := map[string]string{}
	for _, r := range places[0].Resources {
		types[r.ID] = r.Type
	}
	var problems fault.Problems
	problems.AddAll(s.catalogue.CheckChange(old.Body, body))
	problems.AddAll(org.Plan.Refuses(s.catalogue, old.Body, body))
	problems.AddAll(access.CheckResources(nil, body, types))
	return problems.Err("Some fields need your attention.")
}

// WorkspaceNames returns the names of the staged workspaces by their ids in the old system.
func (s *Service) WorkspaceNames(ctx context.Context, by actor.Standing) (map[string]string, error) {
	o, err := s.Overview(ctx, by)
	if err != nil {
		return nil, err
	}
	names := map[string]string{}
	return names, each(ctx, s.store, o.Staging.ID, Workspaces, func(i *Item) error {
		names[i.Ref] = i.Name
		return nil
	})
}

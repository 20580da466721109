package registry

import (
	"context"

	"latchkey/internal/access"
	"latchkey/internal/account"
	"latchkey/internal/actor"
)

// BrowseQuery selects a page of a workspace's resources.
type BrowseQuery struct {
	Type   string // "" for all
	Search string // part of a name, in any letter case, or a whole id; "" for all
	Page   int    // counts from 1
	Size   int    // how many; at least 1
}

// Offset is how many to leave out before the page.
func (q BrowseQuery) Offset() int { return max(0, q.Page-1) * q.Size }

// Right is one permission with the answer to whether the caller has it, and why.
type Right struct {
	Entry    access.Entry
	Decision access.Decision
}

// Browsed is a resource with what the caller may do with it.
type Browsed struct {
	Resource
	Rights []Right // every permission of its type, asked for this resource
}

// TypeRights is what the caller may do with a type as such.
type TypeRights struct {
	Type   string
	Label  string
	Rights []Right // Connect, Create & Delete, and whatever else is for the whole type
}

// Browse is a page of resources.
type Browse struct {
	Workspace account.Workspace
	Items     []Browsed
	Total     int            // of what the query selects
	Counts    map[string]int // of what the search selects, by type
	Types     []TypeRights   // of the chosen type, or of every type with resources
}

// Browse shows whoever is in the workspace what is there, with what they may do. The
// answers are those of access.Decide that a change would get.
func (s *Service) Browse(ctx context.Context, by actor.Standing, workspace string, q BrowseQuery) (Browse, error) {
	w, err := s.enter(ctx, s.store, by, workspace)
	if err != nil {
		return Browse{}, err
	}
	b := Browse{Workspace: w}
	if b.Counts, err = s.store.BrowseCounts(ctx, w.ID, q.Search); err != nil {
		return Browse{}, err
	}
	for typ, n := range b.Counts {
		if q.Type == "" || q.Type == typ {
			b.Total += n
		}
	}
	found, err := s.store.Browse(ctx, w.ID, q)
	if err != nil {
		return Browse{}, err
	}
	for _, r := range found {
		b.Items = append(b.Items, Browsed{r, s.rights(by, r.where(w))})
	}
	for _, typ := range s.types() {
		if typ == q.Type || (q.Type == "" && b.Counts[typ] > 0) {
			at := access.Resource{Organization: w.Organization, Workspace: w.ID, Type: typ}
			b.Types = append(b.Types, TypeRights{typ, s.catalogue.TypeLabel(typ), s.typeRights(by, at)})
		}
	}
	return b, nil
}

// rights asks about every permission of a resource's type. To connect it is to have Edit
// and Connect on it, so that is what Connect says.
func (s *Service) rights(by actor.Standing, at access.Resource) []Right {
	var out []Right
	for _, entry := range s.entries(at.Type) {
		needed := []access.Permission{entry.Permission}
		if entry.Permission.Action() == "connect" {
			needed = append(needed, access.NewPermission(at.Type, "edit"))
		}
		out = append(out, Right{entry, access.DecideAll(s.catalogue, by.Principal, needed, at)})
	}
	return out
}

// typeRights asks about the permissions that are for a whole type.
func (s *Service) typeRights(by actor.Standing, at access.Resource) []Right {
	var out []Right
	for _, entry := range s.entries(at.Type) {
		if !entry.Limitable {
			out = append(out, Right{entry, access.Decide(s.catalogue, by.Principal, entry.Permission, at)})
		}
	}
	return out
}

// entries lists what the catalogue has about a type, over all sections.
func (s *Service) entries(typ string) []access.Entry {
	var out []access.Entry
	for _, section := range s.catalogue.Sections() {
		for _, row := range s.catalogue.Types(section) {
			if row.Type == typ {
				out = append(out, row.Entries...)
			}
		}
	}
	return out
}

// types lists the catalogue's types in its order, each once.
func (s *Service) types() []string {
	var out []string
	seen := map[string]bool{}
	for _, section := range s.catalogue.Sections() {
		for _, row := range s.catalogue.Types(section) {
			if !seen[row.Type] {
				out, seen[row.Type] = append(out, row.Type), true
			}
		}
	}
	return out
}

// Types lists the resource types that can be browsed: those of the catalogue, in its order.
func (s *Service) Types() []TypeRights {
	var out []TypeRights
	for _, typ := range s.types() {
		out = append(out, TypeRights{Type: typ, Label: s.catalogue.TypeLabel(typ)})
	}
	return out
}

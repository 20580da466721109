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

// Offset returns the number of resources before the page.
func (q BrowseQuery) Offset() int { return max(0, q.Page-1) * q.Size }

// Right is one permission and the decision whether the caller has it.
type Right struct {
	Entry    access.Entry
	Decision access.Decision
}

// Browsed is a resource with the caller's permissions on it.
type Browsed struct {
	Resource
	Rights  []Right // every permission of its type, for this resource
	Secrets []Path  // that are set in its configuration
}

// TypeRights are the caller's permissions on a whole type.
type TypeRights struct {
	Type   string
	Label  string
	Rights []Right // Connect, Create & Delete, and other type-wide permissions
}

// Browse is a page of resources.
type Browse struct {
	Workspace account.Workspace
	Items     []Browsed
	Total     int            // resources that match the query
	Counts    map[string]int // resources that match the search, by type
	Types     []TypeRights   // of the selected type, or of every type with resources
}

// Browse returns resources to a caller in the workspace, with the caller's permissions. These
// are the decisions of access.Decide that a change would get.
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
	ids := make([]string, len(found))
	for i, r := range found {
		ids[i] = r.ID
	}
	secrets, err := s.store.SecretPaths(ctx, ids)
	if err != nil {
		return Browse{}, err
	}
	for _, r := range found {
		b.Items = append(b.Items, Browsed{r, s.rights(by, r.where(w)), secrets[r.ID]})
	}
	for _, typ := range s.types() {
		if typ == q.Type || (q.Type == "" && b.Counts[typ] > 0) {
			at := access.Resource{Organization: w.Organization, Workspace: w.ID, Type: typ}
			b.Types = append(b.Types, TypeRights{typ, s.catalogue.TypeLabel(typ), s.typeRights(by, at)})
		}
	}
	return b, nil
}

// rights decides every permission of a resource's type. Connecting needs Edit and Connect, so
// the right for Connect combines both.
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

// typeRights decides the type-wide permissions.
func (s *Service) typeRights(by actor.Standing, at access.Resource) []Right {
	var out []Right
	for _, entry := range s.entries(at.Type) {
		if !entry.Limitable {
			out = append(out, Right{entry, access.Decide(s.catalogue, by.Principal, entry.Permission, at)})
		}
	}
	return out
}

// entries returns the catalogue's entries for a type, over all sections.
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

// types returns the catalogue's types in its order, each once.
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

// Types returns the resource types that can be browsed: those of the catalogue, in its order.
func (s *Service) Types() []TypeRights {
	var out []TypeRights
	for _, typ := range s.types() {
		out = append(out, TypeRights{Type: typ, Label: s.catalogue.TypeLabel(typ)})
	}
	return out
}

package migration

import (
	"fmt"
	"strings"

	"latchkey/internal/account"
	"latchkey/internal/legacy"
	"latchkey/internal/plaintext"
)

// prepare loads the data that the items of a batch are compared with.
func (st *stage) prepare(kind Kind, items []Item) (err error) {
	switch kind {
	case Workspaces:
		var refs []string
		for _, i := range items {
			refs = append(refs, i.Ref)
		}
		taken, err := st.tx.Existing.WorkspaceIDsTaken(st.ctx, refs)
		for id := range taken {
			if _, ours := st.byID[id]; !ours {
				st.byID[id] = account.Workspace{} // of another organization
			}
		}
		return err
	case Resources:
		ids := make([]string, 0, 2*len(items))
		for _, i := range items {
			ids = append(ids, i.Ref)
			if linked := st.links[Resources][i.Ref]; linked != "" && linked != i.Ref {
				ids = append(ids, linked)
			}
		}
		st.located, err = st.tx.Existing.LocatedResources(st.ctx, ids)
	case PersonalTokens, ServiceTokens:
		digests := make([][]byte, len(items))
		for n, i := range items {
			digests[n] = i.Digest
		}
		st.held, err = st.tx.Existing.HeldDigests(st.ctx, digests)
	case Members:
		if st.groups.inside == nil {
			st.groups.inside = map[string]map[string]bool{}
			err = st.lookInside()
		}
	case Groups:
	}
	return err
}

// compare finds out whether the item exists already. It clears a choice that no longer fits.
func (st *stage) compare(i *Item) error {
	i.Imported = false
	var found Conflict
	switch i.Kind {
	case Workspaces:
		found = st.compareWorkspace(i)
	case Resources:
		return st.compareResource(i)
	case Members:
		found = st.compareMember(i)
	case Groups:
		found = st.compareGroup(i)
	case PersonalTokens, ServiceTokens:
		found = st.compareToken(i)
	}
	if found != i.Conflict {
		i.Conflict, i.Choice = found, ""
	}
	switch i.Kind {
	case Workspaces:
		st.settle(i)
	case Groups:
		st.settleGroup(i)
	case Resources, Members, PersonalTokens, ServiceTokens:
	}
	return nil
}

func (st *stage) compareWorkspace(i *Item) Conflict {
	if w, here := st.byID[st.links[Workspaces][i.Ref]]; here && w.Organization == st.m.Organization {
		i.Imported, i.Local = true, w.ID
		return ""
	}
	if _, taken := st.byName[plaintext.NameKey(i.Name)]; taken {
		return SameName
	}
	return ""
}

// settle decides where the workspace goes: into an existing one, or into a new one, which keeps
// the old id if that is free.
func (st *stage) settle(i *Item) {
	existing := st.byName[plaintext.NameKey(i.Name)]
	p := place{local: i.Local, name: i.Name}
	switch {
	case i.Imported:
		p.name = st.byID[i.Local].Name
	case i.Conflict == SameName && i.Choice != AsNew:
		p = place{existing.ID, existing.Name}
	default:
		if _, taken := st.byID[p.local]; taken || p.local == "" {
			p.local = st.freeWorkspaceID(i.Ref)
		}
		p.name = freeName(i.Name, st.names)
	}
	i.Local, st.workspaces[i.Ref] = p.local, p
}

func (st *stage) freeWorkspaceID(ref string) string {
	if _, taken := st.byID[ref]; taken {
		return newID()
	}
	return ref
}

// freeName returns name, with a suffix if it is taken, and marks the result as taken.
func freeName(name string, taken map[string]bool) string {
	for n := 1; ; n++ {
		suffix := ""
		switch {
		case n == 2:
			suffix = " (imported)"
		case n > 2:
			suffix = fmt.Sprintf(" (imported %d)", n-1)
		}
		base := plaintext.Clip(name, plaintext.MaxName-len(suffix))
		if free := strings.TrimSpace(base) + suffix; !taken[plaintext.NameKey(free)] {
			taken[plaintext.NameKey(free)] = true
			return free
		}
	}
}

// compareResource keeps a resource's id if it is free. An existing one with the same id and
// type in the same workspace counts as the same resource.
func (st *stage) compareResource(i *Item) error {
	x, err := decoded[legacy.Resource](*i)
	if err != nil {
		return err
	}
	target, before := st.workspaces[x.Workspace].local, i.Local
	i.Imported, i.Local = st.resourceID(*i, x, target)
	if before != "" && before != i.Local {
		st.moved[before] = i.Local
	}
	return nil
}

// resourceID returns the id that a resource of the workspace has or will have.
func (st *stage) resourceID(i Item, x legacy.Resource, target string) (known bool, id string) {
	for _, id := range []string{st.links[Resources][i.Ref], i.Ref} {
		if at, there := st.located[id]; there && at.Workspace == target && at.Type == x.Type {
			return true, id
		}
	}
	if _, taken := st.located[i.Ref]; !taken {
		return false, i.Ref
	}
	if _, stale := st.located[i.Local]; i.Local == "" || i.Local == i.Ref || stale {
		return false, newID()
	}
	return false, i.Local
}

func (st *stage) compareMember(i *Item) Conflict {
	linked := st.links[Members][i.Ref]
	if _, here := st.present[linked]; here {
		i.Imported, i.Local = true, linked
		return ""
	}
	if other, taken := st.emails[i.Detail]; taken {
		i.Local = other.ID
		return SameEmail
	}
	if _, stale := st.present[i.Local]; i.Local == "" || stale || i.Local == linked {
		i.Local = newID()
	}
	if linked != "" {
		return Removed
	}
	return ""
}

func (st *stage) compareToken(i *Item) Conflict {
	held, taken := st.held[string(i.Digest)]
	switch linked := st.links[i.Kind][i.Ref]; {
	case taken && held.ID == linked:
		// It was imported before. If it has been deleted since, it does not come back.
		i.Imported, i.Local = true, linked
		return ""
	case taken:
		return SameDigest
	}
	if i.Local == "" || i.Local == st.links[i.Kind][i.Ref] {
		i.Local = newID()
	}
	return ""
}

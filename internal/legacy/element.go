package legacy

import (
	"fmt"
	"strings"

	"latchkey/internal/access"
	"latchkey/internal/plaintext"
)

// The two kinds of token ids.
const (
	personal = "personal"
	service  = "service"
)

func (r *reader) workspace(path string, n node) error {
	f, ok := r.object(path, n)
	if !ok {
		return nil
	}
	w := Workspace{ID: f.id("id"), Name: f.requiredName("name"),
		Environment: f.choice("environment", "PRODUCTION", "PRODUCTION", "DEVELOPMENT"), Region: f.choice("region", "US", "US", "EU")}
	if privacy := f.subjects("data_privacy"); privacy != nil {
		w.Privacy = *privacy
		r.named = append(r.named, named{f.at("data_privacy"), w.Privacy})
	}
	f.unique("id", w.ID, r.workspaces)
	if !f.done() {
		return nil
	}
	r.summary.Counts.Workspaces++
	r.summary.Counts.Private += len(w.Privacy.Members) + len(w.Privacy.Tokens)
	return r.sink.Workspace(w)
}

// unique records an id, and a problem if it was seen before.
func (f *fields) unique(key, id string, seen map[string]bool) {
	if seen[id] && id != "" {
		f.problem(key, "This ID is repeated.")
	}
	seen[id] = true
}

func (r *reader) resource(path string, n node) error {
	f, ok := r.object(path, n)
	if !ok {
		return nil
	}
	x := Resource{ID: f.id("id"), Workspace: f.workspace("workspace"), Type: f.choice("type", "", r.types...),
		Name: f.requiredName("name"), Definition: f.name("definition"), Lock: f.subjects("lock")}
	f.unique("id", x.ID, r.resources)
	if x.Lock != nil {
		r.named = append(r.named, named{f.at("lock"), *x.Lock})
	}
	if !f.done() {
		return nil
	}
	if r.summary.Counts.Resources++; x.Lock != nil {
		r.summary.Counts.Locks++
	}
	return r.sink.Resource(x)
}

// workspace reads the id of a workspace in the file.
func (f *fields) workspace(key string) string {
	id := f.id(key)
	if isID(id) && !f.r.workspaces[id] {
		f.problem(key, "The file has no workspace with this ID.")
	}
	return id
}

func (r *reader) member(path string, n node) error {
	f, ok := r.object(path, n)
	if !ok {
		return nil
	}
	m := Member{ID: f.id("id"), Email: f.email("email"), Name: f.name("name"), Admin: f.choice("org_role", "", "admin", "member") == "admin",
		Active: f.choice("status", "active", "active", "deactivated") == "active"}
	if m.Name == "" {
		m.Name, _, _ = strings.Cut(m.Email, "@")
		m.Name = plaintext.Clip(m.Name, plaintext.MaxName)
	}
	m.Grants = f.grants("workspaces")
	if r.members[m.ID] != nil {
		f.problem("id", "Another member has this ID.")
	}
	if other := r.emails[m.Email]; other != "" {
		f.problem("email", "Another member has this address: "+other+".")
	}
	known := &person{admin: m.Admin, in: make(map[string]bool, len(m.Grants))}
	for _, g := range m.Grants {
		known.in[g.Workspace] = true
	}
	r.members[m.ID], r.emails[m.Email] = known, path
	if !f.done() {
		return nil
	}
	if r.summary.Counts.Members++; m.Admin {
		r.summary.Counts.Admins++
	}
	return r.sink.Member(m)
}

// grants reads a member's roles, at most one per workspace.
func (f *fields) grants(key string) []Grant {
	n, _ := f.of(key, list)
	var out []Grant
	seen := map[string]bool{}
	for i, item := range n.items {
		inner, ok := f.r.object(fmt.Sprintf("%s[%d]", f.at(key), i), item)
		if ok {
			g := inner.grant()
			inner.unique("workspace", g.Workspace, seen)
			inner.done()
			out = append(out, g)
		}
		f.wrong = inner.wrong || f.wrong
	}
	return out
}

// grant reads a role in a workspace.
func (f *fields) grant() Grant {
	words := make([]string, 0, len(Roles()))
	for _, role := range Roles() {
		words = append(words, string(role))
	}
	g := Grant{Workspace: f.workspace("workspace"), Role: Role(f.choice("role", "", words...)),
		EditAccess: f.truth("grant_edit_access", false)}
	if g.EditAccess && g.Role.oldest() {
		f.warn("grant_edit_access", "This is ignored for the roles read_only and read_write.")
	}
	return g
}

func (r *reader) group(path string, n node) error {
	f, ok := r.object(path, n)
	if !ok {
		return nil
	}
	g := Group{ID: f.id("id"), Name: f.requiredName("name"), Description: f.description("description"),
		Members: f.ids("members"), Workspaces: f.ids("workspaces")}
	f.unique("id", g.ID, r.groups)
	g.Members = f.existing("members", g.Members)
	f.placed("workspaces", g.Workspaces)
	if !f.done() {
		return nil
	}
	r.summary.Counts.Groups++
	return r.sink.Group(g)
}

// existing drops, with a warning, ids that are repeated or not those of members in the file.
func (f *fields) existing(key string, ids []string) []string {
	seen := make(map[string]bool, len(ids))
	out := make([]string, 0, len(ids))
	for i, id := range ids {
		at := fmt.Sprintf("%s[%d]", key, i)
		switch {
		case id == "": // reported already
		case f.r.members[id] == nil:
			f.warn(at, "There is no such member: the entry is ignored.")
		case seen[id]:
			f.warn(at, "The member is repeated in this list.")
		default:
			out = append(out, id)
		}
		seen[id] = true
	}
	return out
}

// placed checks a list of workspaces in the file, which must not repeat any.
func (f *fields) placed(key string, ids []string) {
	seen := make(map[string]bool, len(ids))
	for i, id := range ids {
		at := fmt.Sprintf("%s[%d]", key, i)
		if id != "" && !f.r.workspaces[id] {
			f.problem(at, "The file has no workspace with this ID.")
		}
		f.unique(at, id, seen)
	}
}

func (r *reader) personalToken(path string, n node) error {
	f, ok := r.object(path, n)
	if !ok {
		return nil
	}
	t := PersonalToken{ID: f.id("id"), Name: f.requiredName("name"), Owner: f.id("owner"), Workspace: f.workspace("workspace"),
		Scope: access.Scope(f.choice("scope", "", string(access.ScopeReadOnly), string(access.ScopeReadWrite),
			string(access.ScopeAdmin))), Secret: f.secret()}
	owner := r.members[t.Owner]
	switch {
	case isID(t.Owner) && owner == nil:
		f.problem("owner", "The file has no member with this ID.")
	case owner != nil && !owner.admin && !owner.in[t.Workspace]:
		f.warn("workspace", "The owner is not in this workspace: the token has no permissions.")
	case owner != nil && !owner.admin && t.Scope == access.ScopeAdmin:
		f.warn("scope", "The owner is not an Admin: the token acts as Read-Write.")
	}
	f.token(t.ID, personal, t.Secret)
	if !f.done() {
		return nil
	}
	r.summary.Counts.PersonalTokens++
	return r.sink.PersonalToken(t)
}

func (r *reader) serviceToken(path string, n node) error {
	f, ok := r.object(path, n)
	if !ok {
		return nil
	}
	t := ServiceToken{ID: f.id("id"), Name: f.requiredName("name"), Secret: f.secret()}
	switch f.choice("level", "", "organization", "workspace") {
	case "workspace":
		t.Grant = f.grant()
	case "organization":
		for _, key := range []string{"workspace", "role", "grant_edit_access"} {
			if _, there := f.take(key); there {
				f.problem(key, "An organization token must not have this.")
			}
		}
	}
	f.token(t.ID, service, t.Secret)
	if !f.done() {
		return nil
	}
	r.summary.Counts.ServiceTokens++
	return r.sink.ServiceToken(t)
}

// token records the id and the digest of a token, both of which must be unique in the file.
func (f *fields) token(id, kind string, s Secret) {
	if f.r.tokens[id] != "" && id != "" {
		f.problem("id", "Another token has this ID.")
	}
	f.r.tokens[id] = kind
	if s.Digest == [32]byte{} {
		return
	}
	if other := f.r.digests[s.Digest]; other != "" {
		f.problem("", "Another token has the same secret: "+other+".")
		return
	}
	f.r.digests[s.Digest] = f.path
}

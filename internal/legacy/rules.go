package legacy

import (
	"maps"
	"slices"
	"strings"

	"latchkey/internal/access"
)

// Effect is the effect of a note on the subject's permissions.
type Effect string

// The effects.
const (
	// Less: the subject loses permissions that cannot be expressed without granting too much.
	Less Effect = "less"
	// Watch: the permissions are the same, but somebody should review them.
	Watch Effect = "watch"
)

// Note is a remark on the conversion of a role. Permissions are those that it concerns, in
// catalogue order.
type Note struct {
	Effect      Effect              `json:"effect"`
	Permissions []access.Permission `json:"permissions,omitempty"`
	Text        string              `json:"text"`
}

// Rules converts roles to policies. Add every workspace and resource of an export before
// calling Member and Token. It is not safe for concurrent use. The policies that it returns are
// shared: do not change them.
type Rules struct {
	catalogue *access.Catalogue
	workspace map[string]*terrain
	made      map[string]mapped
}

// terrain is what the conversion of roles in one workspace depends on.
type terrain struct {
	privacy map[subject]bool
	locks   map[string][]string         // ids of locked resources by type
	allowed map[subject]map[string]bool // ids of locked resources that a subject can change
}

// subject is a member or a service token.
type subject struct {
	token bool
	id    string
}

// mapped is a policy with notes about it.
type mapped struct {
	policy access.Policy
	notes  []Note
}

// NewRules returns rules without any workspace. They grant only permissions of the built-in
// catalogue, because an operator's own did not exist in the legacy system.
func NewRules() *Rules {
	return &Rules{catalogue: access.BuiltIn(), workspace: map[string]*terrain{}, made: map[string]mapped{}}
}

// AddWorkspace adds a workspace and its Data Privacy list.
func (r *Rules) AddWorkspace(w Workspace) {
	t := &terrain{privacy: map[subject]bool{}, locks: map[string][]string{}, allowed: map[subject]map[string]bool{}}
	for s := range w.Privacy.each() {
		t.privacy[s] = true
	}
	r.workspace[w.ID] = t
}

// AddResource adds a resource of a workspace that was added before. Policies will refer to it
// by the id as.
func (r *Rules) AddResource(x Resource, as string) {
	t := r.workspace[x.Workspace]
	if t == nil || x.Lock == nil {
		return
	}
	t.locks[x.Type] = append(t.locks[x.Type], as)
	for s := range x.Lock.each() {
		if t.allowed[s] == nil {
			t.allowed[s] = map[string]bool{}
		}
		t.allowed[s][as] = true
	}
}

// each returns the subjects as a set.
func (s Subjects) each() map[subject]bool {
	out := make(map[subject]bool, len(s.Members)+len(s.Tokens))
	for _, id := range s.Members {
		out[subject{id: id}] = true
	}
	for _, id := range s.Tokens {
		out[subject{token: true, id: id}] = true
	}
	return out
}

// Member returns the Member Workspace Policy for a member's role in a workspace, with the locks
// there and its Data Privacy list. It is empty, never nil, for a viewer.
func (r *Rules) Member(member string, g Grant) (access.Policy, []Note) {
	return r.policy(subject{id: member}, g)
}

// Token returns the policy of a workspace's service token, converted in the same way. It is
// empty for organization tokens, which have none.
func (r *Rules) Token(t ServiceToken) (access.Policy, []Note) {
	return r.policy(subject{token: true, id: t.ID}, t.Grant)
}

func (r *Rules) policy(s subject, g Grant) (access.Policy, []Note) {
	t := r.workspace[g.Workspace]
	if t == nil {
		return access.Policy{}, nil
	}
	own := slices.Sorted(maps.Keys(t.allowed[s]))
	key := strings.Join(append([]string{g.Workspace, string(g.Role), yesNo(g.EditAccess), yesNo(t.privacy[s])}, own...), "\n")
	m, ok := r.made[key]
	if !ok {
		m = r.mirror(t, s, g)
		r.made[key] = m
	}
	return m.policy, m.notes
}

func yesNo(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

// The actions of the catalogue that roles grant.
const (
	edit         = "edit"
	connect      = "connect"
	createDelete = "create_delete"
)

// mirror builds the policy: what the role grants on all resources, then the locks, then privacy.
func (r *Rules) mirror(t *terrain, s subject, g Grant) mapped {
	m := mapped{policy: access.Policy{}}
	for _, row := range r.catalogue.Types(access.SectionResources) {
		for _, entry := range row.Entries {
			if g.gives(row.Type, entry.Permission.Action()) {
				m.policy[entry.Permission] = access.Everywhere()
			}
		}
		m.lock(row, t.closed(row.Type, s))
	}
	if t.privacy[s] {
		m.privacy(r.catalogue)
	}
	return m
}

// gives reports whether the role grants an action on all resources of a type, ignoring locks.
//
// Libraries and transformations are special: a Connections Admin or Editor can connect them, but
// change them only with "Grant edit access", which lets even a Connections Viewer change them.
// The oldest roles have neither this exception nor the switch.
func (g Grant) gives(typ, action string) bool {
	apart := typ == "transformation" || typ == "transformation_library"
	if apart && g.EditAccess && !g.Role.oldest() && action != connect {
		return true
	}
	switch g.Role {
	case ReadWrite:
		return true
	case ConnectionsAdmin:
		return !apart || action == connect
	case ConnectionsEditor:
		return action == connect || action == edit && !apart
	case ConnectionsViewer, ReadOnly:
	}
	return false
}

// closed returns the locked resources of a type that the subject cannot change.
func (t *terrain) closed(typ string, s subject) []string {
	var out []string
	for _, id := range t.locks[typ] {
		if !t.allowed[s][id] {
			out = append(out, id)
		}
	}
	return out
}

// lock removes the locked resources of a type from Edit. If Edit cannot be limited, it removes
// Edit entirely, because a lock must hold. Create & Delete applies to the whole type, as in the
// role.
func (m *mapped) lock(row access.ResourceType, closed []string) {
	perm := access.NewPermission(row.Type, edit)
	if _, given := m.policy[perm]; !given || len(closed) == 0 {
		return
	}
	if !limitable(row, perm) {
		delete(m.policy, perm)
		m.notes = append(m.notes, Note{Less, []access.Permission{perm},
			row.Label + ": Edit cannot be limited to selected resources and is left out, because some are locked."})
		return
	}
	m.policy[perm] = access.AllBut(closed...)
	if wide := access.NewPermission(row.Type, createDelete); !m.policy[wide].Empty() {
		m.notes = append(m.notes, Note{Watch, []access.Permission{wide},
			row.Label + ": Create & Delete applies to all of them, as in the role. A lock prevents editing, not deleting."})
	}
}

func limitable(row access.ResourceType, perm access.Permission) bool {
	return slices.ContainsFunc(row.Entries, func(e access.Entry) bool { return e.Permission == perm && e.Limitable })
}

// privacy adds the permissions to see personal data of all sources, destinations and
// transformations.
func (m *mapped) privacy(c *access.Catalogue) {
	for _, row := range c.Types(access.SectionPII) {
		switch row.Type {
		case "source", "destination", "transformation":
			for _, entry := range row.Entries {
				m.policy[entry.Permission] = access.Everywhere()
			}
		}
	}
}

// Describe returns the grant in words.
func (g Grant) Describe() string {
	if g.EditAccess && !g.Role.oldest() {
		return g.Role.Label() + " with edit access"
	}
	return g.Role.Label()
}

// Catalogue returns the catalogue of the permissions that the rules grant.
func (r *Rules) Catalogue() *access.Catalogue { return r.catalogue }

package access

import "latchkey/internal/plaintext"

// Preset is a starting point for a policy that a catalogue has by itself.
type Preset struct {
	Name  string
	Grant Policy
}

// Presets returns the built-in presets, from the least to the most. None of them names resources:
// "View only" grants nothing, because viewing is always included, "Editor" grants Edit and Connect
// in [SectionResources], and "Full access" grants everything, personal data and the operator's own
// permissions included.
func (c *Catalogue) Presets() []Preset {
	editor := Policy{}
	for _, row := range c.Types(SectionResources) {
		for _, entry := range row.Entries {
			if action := entry.Permission.Action(); action == actionEdit || action == actionConnect {
				editor[entry.Permission] = Everywhere()
			}
		}
	}
	return []Preset{{"View only", Policy{}}, {"Editor", editor}, {"Full access", c.Everything()}}
}

// IsPresetName reports whether name is that of a built-in preset, or what the select says before one
// is chosen. The case does not matter: saved presets stand beside them.
func (c *Catalogue) IsPresetName(name string) bool {
	for _, p := range append(c.Presets(), Preset{Name: "Choose a preset"}) {
		if plaintext.SameName(p.Name, name) {
			return true
		}
	}
	return false
}

// Merge applies what was changed from base to mine on top of theirs, which was changed from base as
// well: what mine added is added, what mine removed is removed, and everything else is as in theirs.
// The sets of resources are merged one by one, so no two changes contradict each other: what both
// added or both removed stays so, and nobody can add what the other one removed.
func Merge(base, mine, theirs Policy) Policy {
	out := Policy{}
	for perm := range mine.Union(theirs) {
		added, removed := mine[perm].Minus(base[perm]), base[perm].Minus(mine[perm])
		if reach := theirs[perm].Union(added).Minus(removed); !reach.Empty() {
			out[perm] = reach
		}
	}
	return out
}

package policy

import (
	"strings"

	"latchkey/internal/access"
	"latchkey/internal/policy"
	"latchkey/web/ui/kit"
)

// Words describes policies of one workspace in plain words.
type Words struct {
	Catalogue *access.Catalogue
	Resources map[string][]policy.Resource // by type
	Listed    bool                         // whether Resources is known; if not, no resource is named
}

// View returns the phrase for what everyone in the workspace may do.
func (w Words) View() string {
	n := 0
	for _, list := range w.Resources {
		n += len(list)
	}
	switch {
	case !w.Listed:
		return "view the workspace's resources"
	case n == 0:
		return "view resources (none yet)"
	}
	return "view " + kit.Count(n, "resource", "resources")
}

// Phrases returns what p allows: one phrase for each kind of action, and one for each limited
// permission, as in "edit Destinations and Tables", "edit 1 of 3 Audiences (Trial users)". It leaves out
// unknown permissions.
func (w Words) Phrases(p access.Policy) []string {
	var out []string
	for _, section := range w.Catalogue.Sections() {
		for _, verb := range w.verbs(section) {
			out = append(out, verb.phrases(w, p)...)
		}
	}
	return out
}

// verb is one kind of action with all its permissions in one section.
type verb struct {
	text    string
	entries []access.Entry
	labels  []string // of the types, parallel to entries
}

// verbs groups a section's permissions by kind of action.
func (w Words) verbs(section access.Section) []verb {
	var out []verb
	at := map[string]int{}
	for _, row := range w.Catalogue.Types(section) {
		for _, entry := range row.Entries {
			text := verbText(section, entry)
			if _, seen := at[text]; !seen {
				at[text] = len(out)
				out = append(out, verb{text: text})
			}
			v := &out[at[text]]
			v.entries, v.labels = append(v.entries, entry), append(v.labels, row.Label)
		}
	}
	return out
}

func verbText(section access.Section, entry access.Entry) string {
	switch text := kit.LowerFirst(strings.ReplaceAll(entry.Label, "&", "and")); {
	case section == access.SectionPII && entry.Permission.Action() == "data_access":
		return "read the data of"
	case section == access.SectionPII:
		return "see " + text + " of"
	case section == access.SectionResources:
		return strings.ToLower(text)
	default:
		return text
	}
}

func (v verb) phrases(w Words, p access.Policy) []string {
	var whole, limited []string
	for i, entry := range v.entries {
		switch reach := p[entry.Permission]; {
		case reach.Unlimited():
			whole = append(whole, v.labels[i])
		case !reach.Empty():
			limited = append(limited, v.text+" "+w.part(entry.Permission.Type(), v.labels[i], reach))
		}
	}
	switch {
	case len(whole) == 0:
		return limited
	case len(whole) == len(v.entries) && len(whole) > 1:
		return []string{v.text + " everything"}
	}
	return append([]string{v.text + " " + kit.Enumerate(whole)}, limited...)
}

// part describes which resources of a type a limited reach covers.
func (w Words) part(typ, label string, r access.Reach) string {
	if !w.Listed {
		if r.All {
			return "most " + label + ", future ones included"
		}
		return kit.Thousands(len(r.IDs)) + " " + label
	}
	var in, except []string
	for _, resource := range w.Resources[typ] {
		if r.Covers(resource.ID) {
			in = append(in, resource.Name)
		} else {
			except = append(except, resource.Name)
		}
	}
	total := len(in) + len(except)
	switch {
	case r.All && len(except) == 0:
		return label
	case r.All && len(in) == 0:
		return "future " + label + " only"
	case r.All && len(except) <= kit.MaxNames:
		return label + " except " + kit.Enumerate(except) + ", future ones included"
	case r.All:
		return w.some(in, total, label) + " and all future ones"
	case len(in) == 0:
		return label + " that no longer exist"
	case len(in) == total && total > 1:
		return "all " + kit.Thousands(total) + " current " + label + ", but no future ones"
	}
	return w.some(in, total, label)
}

// some returns "2 of 7 Tables (orders and users)".
func (w Words) some(names []string, total int, label string) string {
	shown := names
	if len(names) > kit.MaxNames {
		shown = append(append([]string{}, names[:kit.MaxNames-1]...), kit.Count(len(names)-kit.MaxNames+1, "other", "others"))
	}
	return kit.Thousands(len(names)) + " of " + kit.Thousands(total) + " " + label + " (" + kit.Enumerate(shown) + ")"
}

// Difference returns the names of the permissions that are gained and lost when after replaces before.
func (w Words) Difference(before, after access.Policy) (gained, lost []string) {
	change := access.Difference(before, after)
	return w.list(change.Added), w.list(change.Removed)
}

func (w Words) list(permissions []access.PermissionReach) []string {
	var out []string
	for _, p := range permissions {
		text := w.Catalogue.Describe(p.Permission)
		if entry, known := w.Catalogue.Lookup(p.Permission); known && !p.Reach.Unlimited() {
			text = entry.Label + " " + w.part(p.Permission.Type(), w.Catalogue.TypeLabel(p.Permission.Type()), p.Reach)
		}
		out = append(out, text)
	}
	return out
}

// Gives summarizes what a policy grants, without the names of resources, and lists its unknown
// permissions.
func Gives(catalogue *access.Catalogue, p access.Policy) []string {
	return append(effective(catalogue, p), unknown(catalogue, p)...)
}

// effective summarizes what a policy allows. It is never empty.
func effective(catalogue *access.Catalogue, p access.Policy) []string {
	lines := Words{Catalogue: catalogue}.Phrases(catalogue.Known(p))
	for i, line := range lines {
		lines[i] = kit.UpperFirst(line)
	}
	if len(lines) == 0 {
		lines = []string{"View only"}
	}
	return lines
}

// unknown returns a sentence for each permission of a policy that the catalogue does not have.
func unknown(catalogue *access.Catalogue, p access.Policy) []string {
	var lines []string
	for _, permission := range catalogue.Unknown(p) {
		lines = append(lines, string(permission)+" is unknown and has no effect")
	}
	return lines
}

// Gist returns a policy in a few words, for lists: on how many types it grants each kind of action.
func Gist(catalogue *access.Catalogue, p access.Policy) string {
	var parts []string
	words := Words{Catalogue: catalogue}
	for _, section := range catalogue.Sections() {
		private := 0
		for _, v := range words.verbs(section) {
			given, limited := 0, 0
			for _, entry := range v.entries {
				switch reach := p[entry.Permission]; {
				case reach.Unlimited():
					given++
				case !reach.Empty():
					limited++
				}
			}
			switch {
			case given+limited == 0:
			case section == access.SectionPII:
				private += given + limited
			default:
				parts = append(parts, v.gist(given, limited))
			}
		}
		if private > 0 {
			parts = append(parts, "personal data ("+kit.Count(private, "permission", "permissions")+")")
		}
	}
	if len(parts) == 0 {
		return "View only"
	}
	return kit.UpperFirst(strings.Join(parts, ", "))
}

// gist returns on how many types an action is granted, wholly or in part.
func (v verb) gist(given, limited int) string {
	text := v.text + " " + kit.Thousands(given+limited) + " of " + kit.Count(len(v.entries), "type", "types")
	if given == len(v.entries) {
		text = v.text + " everything"
	}
	if limited > 0 {
		text += " (" + kit.Thousands(limited) + " in part)"
	}
	return text
}

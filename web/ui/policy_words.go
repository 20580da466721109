package ui

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"latchkey/internal/access"
	"latchkey/internal/account"
)

// maxNames is how many resources a phrase names.
const maxNames = 3

// policyWords says policies of one workspace in plain words.
type policyWords struct {
	catalogue *access.Catalogue
	resources map[string][]account.Resource // by type
	listed    bool                          // whether resources is known
}

// view is the phrase for what everybody in the workspace may do.
func (w policyWords) view() string {
	n := 0
	for _, list := range w.resources {
		n += len(list)
	}
	switch {
	case !w.listed:
		return "view the workspace's resources"
	case n == 0:
		return "view resources, of which there are none yet"
	}
	return "view " + count(n, "resource", "resources")
}

// phrases lists what p allows, one phrase per kind of act and what is limited apart:
// "edit Destinations and Tables", "edit 1 of 3 Audiences (Trial users)". What nothing is
// known about is left out.
func (w policyWords) phrases(p access.Policy) []string {
	var out []string
	for _, section := range w.catalogue.Sections() {
		for _, verb := range w.verbs(section) {
			out = append(out, verb.phrases(w, p)...)
		}
	}
	return out
}

// verb is one kind of act with all that it can be about in one section.
type verb struct {
	text    string
	entries []access.Entry
	labels  []string // of the types, beside entries
}

// verbs groups a section's permissions by their labels.
func (w policyWords) verbs(section access.Section) []verb {
	var out []verb
	at := map[string]int{}
	for _, row := range w.catalogue.Types(section) {
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
	switch text := lowerFirst(strings.ReplaceAll(entry.Label, "&", "and")); {
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

func lowerFirst(s string) string {
	r, size := utf8.DecodeRuneInString(s)
	return string(unicode.ToLower(r)) + s[size:]
}

func (v verb) phrases(w policyWords, p access.Policy) []string {
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
	return append([]string{v.text + " " + enumerate(whole)}, limited...)
}

// part says which resources of a type a limited reach covers.
func (w policyWords) part(typ, label string, r access.Reach) string {
	if !w.listed {
		if r.All {
			return "most " + label + ", future ones included"
		}
		return thousands(len(r.IDs)) + " " + label
	}
	var in, except []string
	for _, resource := range w.resources[typ] {
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
	case r.All && len(except) <= maxNames:
		return label + " except " + enumerate(except) + ", future ones included"
	case r.All:
		return w.some(in, total, label) + " and all future ones"
	case len(in) == 0:
		return label + " that do not exist any more"
	case len(in) == total && total > 1:
		return "all " + thousands(total) + " " + label + " of today, but no future ones"
	}
	return w.some(in, total, label)
}

// some is "2 of 7 Tables (orders and users)".
func (w policyWords) some(names []string, total int, label string) string {
	shown := names
	if len(names) > maxNames {
		shown = append(append([]string{}, names[:maxNames-1]...), count(len(names)-maxNames+1, "other", "others"))
	}
	return thousands(len(names)) + " of " + thousands(total) + " " + label + " (" + enumerate(shown) + ")"
}

// enumerate joins names as a sentence does: "a, b and c".
func enumerate(names []string) string {
	if len(names) < 2 {
		return strings.Join(names, "")
	}
	return strings.Join(names[:len(names)-1], ", ") + " and " + names[len(names)-1]
}

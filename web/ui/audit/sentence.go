package audit

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/labstack/echo/v4"

	"latchkey/internal/access"
	"latchkey/internal/actor"
	"latchkey/internal/audit"
	page "latchkey/views/page/audit"
	"latchkey/web/ui/kit"
	policyui "latchkey/web/ui/policy"
)

// teller writes the sentences about events.
type teller struct {
	patterns   patterns
	words      policyui.Words // names no resources, so that a page of events needs no query for each workspace
	workspaces map[string]string
	existing   audit.Existing // what names may link to; nil for a visitor who may not see these pages
}

// teller returns what tells events to the visitor. It links names only for those who may read the
// whole log: they may see every page that a name links to.
func (h *Handlers) teller(c echo.Context, v kit.Visit, events []audit.Event) (teller, error) {
	t := h.plainTeller(v)
	if !v.Organization.Plan.Has(access.FeatureAuditLog) || !h.site.May(v, access.ReadAuditLog) {
		return t, nil
	}
	var err error
	t.existing, err = h.audit.Existing(c.Request().Context(), v.Standing, namedIn(events))
	return t, err
}

// plainTeller returns what tells events without links.
func (h *Handlers) plainTeller(v kit.Visit) teller {
	return teller{patterns: allPatterns(), words: policyui.Words{Catalogue: h.site.Catalogue()}, workspaces: h.workspaceNames(v)}
}

// namedIn returns the ids of the things that the sentences about events name.
func namedIn(events []audit.Event) []string {
	ids := map[string]bool{}
	for _, e := range events {
		for _, id := range []string{e.ActorID, e.Target.ID, e.Workspace, otherOf(e).id} {
			if id != "" {
				ids[id] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(ids))
}

// sentence returns what happened, without a full stop: "Ada created the group Analysts".
func (t teller) sentence(e audit.Event) page.Sentence {
	pattern := variant(e)
	if pattern == "" {
		pattern = t.pattern(e)
	}
	var out page.Sentence
	for pattern != "" {
		text, rest, found := strings.Cut(pattern, "{")
		if text != "" {
			out = append(out, page.Part{Text: text})
		}
		name := ""
		if found {
			name, rest, _ = strings.Cut(rest, "}")
		}
		out = append(out, t.part(name, e)...)
		pattern = rest
	}
	return out
}

// pattern returns the sentence of the event's pair. Events of an older or newer release may have
// another pair.
func (t teller) pattern(e audit.Event) string {
	pattern, ok := t.patterns[e.Target.Type][e.Action]
	if !ok {
		return "{who}: " + kit.LowerFirst(actionLabel(e.Action)) + ", " + typeNoun(e.Target.Type) + " {name}"
	}
	if e.Action == audit.AccessDenied {
		if _, known := t.denied(e); !known {
			pattern = strings.Replace(pattern, "was denied {denied}", "was refused", 1) + ": {reason}"
		}
	}
	return pattern
}

// part returns what a name in a pattern stands for.
func (t teller) part(name string, e audit.Event) page.Sentence {
	text := ""
	switch name {
	case "who":
		return page.Sentence{t.actor(e)}
	case "name":
		return page.Sentence{{Text: cmpOr(e.Target.Name, e.Target.ID), Name: true, Href: t.targetHref(e)}}
	case "other":
		return t.other(e)
	case "policy":
		return t.policy(e)
	case "change":
		text = t.change(e)
	case "fields":
		text = changedFields(e)
	case "rules":
		text = changedRules(e)
	case "role":
		text = changedRole(e)
	case "denied":
		text, _ = t.denied(e)
	case "reason":
		text = kit.LowerFirst(refusalOf(e).Reason)
	case "times":
		if n := refusalOf(e).Attempts; n > 1 {
			text = " (" + kit.Thousands(n) + " times)"
		}
	}
	if text == "" {
		return nil
	}
	return page.Sentence{{Text: text}}
}

func (t teller) actor(e audit.Event) page.Part {
	if e.ActorType == audit.System && (e.ActorName == "" || e.ActorName == actor.NotSignedIn) {
		return page.Part{Text: "Someone"}
	}
	p := page.Part{Text: actorName(e), Name: true}
	switch e.ActorType {
	case audit.User:
		p.Href = t.href(e.ActorID, kit.Path(kit.UserPath, e.ActorID))
	case audit.ServiceAccessToken:
		p.Href = t.href(e.ActorID, kit.TokenPage(e.ActorID))
	}
	return p
}

// href returns address if the thing with this id still exists.
func (t teller) href(id, address string) string {
	if _, ok := t.existing[id]; !ok {
		return ""
	}
	return address
}

// targetHref returns the page of the event's target, or "" if it has none.
func (t teller) targetHref(e audit.Event) string {
	id := e.Target.ID
	switch e.Target.Type {
	case audit.TargetUser:
		return t.href(id, kit.Path(kit.UserPath, id))
	case audit.TargetGroup:
		return t.href(id, kit.Path(kit.GroupPath, id))
	case audit.TargetPersonalToken, audit.TargetServiceToken:
		return t.href(id, kit.TokenPage(id))
	case audit.TargetWorkspace:
		return t.href(id, kit.ResourcePath(id))
	case audit.TargetPermission:
		return t.href(id, kit.Path(kit.UserPath, t.existing[id], "access-policy", e.Workspace))
	case audit.TargetPolicy:
		if t.isBaseline(e) {
			return t.href(e.Workspace, kit.Path(kit.BaselinePath, e.Workspace))
		}
		return t.href(id, kit.Path(kit.GroupPath, t.existing[id]))
	}
	return ""
}

// isBaseline reports whether a policy was the baseline of a workspace, and not that of a group. The
// event of a policy that was deleted says so only by its name: that of the workspace, or "Analysts in
// Production".
func (t teller) isBaseline(e audit.Event) bool {
	if subject, ok := t.existing[e.Target.ID]; ok {
		return subject == ""
	}
	if name, ok := t.workspaces[e.Workspace]; ok && (name == e.Target.Name || strings.HasSuffix(e.Target.Name, " in "+name)) {
		return name == e.Target.Name
	}
	return !strings.Contains(e.Target.Name, " in ")
}

func (t teller) policy(e audit.Event) page.Sentence {
	name := page.Part{Text: e.Target.Name, Name: true, Href: t.targetHref(e)}
	if t.isBaseline(e) {
		return page.Sentence{name, {Text: "'s baseline"}}
	}
	return page.Sentence{{Text: "the policy of "}, name}
}

// second is the second thing that an event names.
type second struct{ noun, name, id string }

// otherOf returns the member of an event of a group, or the other end of a connection.
func otherOf(e audit.Event) second {
	noun, key := "", ""
	switch e.Action {
	case audit.MemberAdded, audit.MemberRemoved:
		noun, key = "member", "name"
	case audit.ConnectedDestination, audit.DisconnectedDestination:
		noun, key = "destination", "destination"
	case audit.ConnectedSource, audit.DisconnectedSource:
		noun, key = "source", "source"
	case audit.ConnectedTransformation, audit.UpdatedTransformation, audit.RemovedTransformation:
		noun, key = "transformation", "transformation"
	case audit.ConnectedTrackingPlan, audit.DisconnectedTrackingPlan:
		noun, key = "tracking plan", "trackingPlan"
	case audit.ConnectedSQLModel, audit.DisconnectedSQLModel:
		noun, key = "SQL model", "sqlModel"
	default:
		return second{}
	}
	fields := stateFields(cmpOr(e.After, e.Before))
	other := second{noun: noun, name: stringIn(fields, key)}
	if noun == "member" {
		other.id = stringIn(fields, "member")
	}
	return other
}

func stringIn(fields map[string]json.RawMessage, key string) string {
	var text string
	_ = json.Unmarshal(fields[key], &text) // anything else than a string counts as none
	return text
}

func (t teller) other(e audit.Event) page.Sentence {
	o := otherOf(e)
	switch {
	case o.name == "" && o.noun == "SQL model":
		return page.Sentence{{Text: "an SQL model"}}
	case o.name == "":
		return page.Sentence{{Text: "a " + o.noun}}
	case o.noun == "member":
		return page.Sentence{{Text: o.name, Name: true, Href: t.href(o.id, kit.Path(kit.UserPath, o.id))}}
	}
	return page.Sentence{{Text: "the " + o.noun + " "}, {Text: o.name, Name: true}}
}

// change returns what a policy gained and lost: ": gained Edit Destinations; lost Connect Tables".
func (t teller) change(e audit.Event) string {
	before, errBefore := statePolicy([]byte(e.Before))
	after, errAfter := statePolicy([]byte(e.After))
	if errBefore != nil || errAfter != nil {
		return ""
	}
	gained, lost := t.words.Difference(before, after)
	var parts []string
	if len(gained) > 0 {
		parts = append(parts, "gained "+few(gained))
	}
	if len(lost) > 0 {
		parts = append(parts, "lost "+few(lost))
	}
	if len(parts) == 0 {
		return ""
	}
	return ": " + strings.Join(parts, "; ")
}

// few enumerates the first of names and counts the others.
func few(names []string) string {
	if len(names) > kit.MaxNames {
		names = append(slices.Clone(names[:kit.MaxNames-1]), kit.Count(len(names)-kit.MaxNames+1, "other", "others"))
	}
	return kit.Enumerate(names)
}

// changedFields returns which fields an event changed: ": name and region".
func changedFields(e audit.Event) string {
	if e.Before == "" || e.After == "" {
		return ""
	}
	before, after := stateFields(e.Before), stateFields(e.After)
	var names []string
	for _, name := range slices.Sorted(maps.Keys(union(before, after))) {
		if name != "version" && valueText(before[name], e.Time) != valueText(after[name], e.Time) {
			names = append(names, kit.LowerFirst(fieldLabel(name)))
		}
	}
	if len(names) == 0 {
		return ""
	}
	return ": " + few(names)
}

// changedRole returns the roles of a member before and after: " from Member to Admin".
func changedRole(e audit.Event) string {
	was, is := stringIn(stateFields(e.Before), "role"), stringIn(stateFields(e.After), "role")
	if was == "" || is == "" || was == is {
		return ""
	}
	return " from " + kit.RoleLabel(access.Role(was)) + " to " + kit.RoleLabel(access.Role(is))
}

// refused is the state of an event about refused attempts.
type refused struct {
	Reason   string
	Attempts int
}

func refusalOf(e audit.Event) refused {
	var r refused
	_ = json.Unmarshal([]byte(e.After), &r) // an event without a reason has none to tell
	r.Reason = strings.TrimSuffix(strings.TrimPrefix(r.Reason, "Not allowed: "), ".")
	if r.Reason == "" {
		r.Reason = "no reason was recorded"
	}
	return r
}

// denied returns the label of the permission that a refusal names: "Create & Delete Event Stream
// Sources". known is false if it names none.
func (t teller) denied(e audit.Event) (label string, known bool) {
	for _, word := range strings.Fields(refusalOf(e).Reason) {
		permission := access.Permission(strings.Trim(word, ".,:;"))
		if _, ok := t.words.Catalogue.Lookup(permission); ok {
			return t.words.Catalogue.Describe(permission), true
		}
		if slices.Contains(access.SystemActs(), permission) {
			return policyui.ActLabel(permission), true
		}
	}
	return "", false
}

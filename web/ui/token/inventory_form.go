package token

import (
	"maps"
	"net/url"
	"slices"
	"time"

	"latchkey/internal/access"
	"latchkey/internal/token"
	"latchkey/internal/zone"
	"latchkey/views/component"
	"latchkey/web/ui/kit"
)

// The parameters of the inventory's address besides those of every list.
const (
	paramKind     = "kind"
	paramOwner    = "owner"
	paramEnds     = "expires" // one of endSpans, or endsLater or endsNever
	paramFrom     = "from"    // a date
	paramTo       = "to"      // a date
	paramUnused   = "unused"  // one of unusedSpans
	paramGrants   = "grants"  // a permission
	paramResource = "resource"
	paramMaker    = "maker"
	paramBreaks   = "breaks" // breaksSaved, or rules that are not saved
)

func inventoryParams() []string {
	return append([]string{paramKind, paramOwner, kit.FieldWorkspace, paramEnds}, foldedParams()...)
}

// foldedParams returns the parameters of the fields that are folded.
func foldedParams() []string {
	return []string{paramBreaks, paramUnused, paramGrants, paramResource, paramMaker, paramFrom, paramTo}
}

// The choices of the filter "Expires" that are no span.
const (
	endsLater = "later"
	endsNever = "none"
)

// span is a length of time to choose.
type span struct {
	value, label string
	days         int
}

func endSpans() []span {
	return []span{{in7Days, "In the next 7 days", 7}, {in30Days, "In the next 30 days", 30}, {in90Days, "In the next 90 days", 90},
		{in1Year, "In the next year", 365}}
}

func unusedSpans() []span {
	return []span{{in30Days, "30 days", 30}, {in90Days, "90 days", 90}, {"180d", "180 days", 180}, {in1Year, "1 year", 365}}
}

// length returns the length of the span with a value, or 0.
func length(spans []span, value string) time.Duration {
	for _, s := range spans {
		if s.value == value {
			return time.Duration(s.days) * kit.Day
		}
	}
	return 0
}

// breaksSaved is the choice of tokens that break the rules of the organization.
const breaksSaved = "1"

// BreakingHref returns the address of the inventory with the tokens that break the rules of the organization.
func BreakingHref() string { return kit.WithQuery(kit.InventoryPath, paramBreaks, breaksSaved) }

// DraftHrefs returns the addresses of the inventory, and of its export, with the tokens that break rules which are
// not saved.
func DraftHrefs(r token.Rules) (list, export string) {
	return kit.WithQuery(kit.InventoryPath, paramBreaks, r.String()), kit.WithQuery(kit.InventoryPath+"/export/csv", paramBreaks, r.String())
}

// HeldByHref returns the address of the inventory with the tokens of one member.
func HeldByHref(member string) string { return kit.WithQuery(kit.InventoryPath, paramOwner, member) }

// inventoryQuery is the state of the inventory. The URL carries it.
type inventoryQuery struct{ ListQuery }

// readInventory reads the state from a query, or from the fields of a form.
func readInventory(values url.Values) inventoryQuery {
	q := inventoryQuery{ReadListQuery(kit.InventoryPath, values)}
	q.keep = url.Values{}
	for _, name := range inventoryParams() {
		if value := kit.Search(values.Get(name)); value != "" && name != paramBreaks {
			q.keep.Set(name, value)
		}
	}
	breaks := values.Get(paramBreaks)
	if _, err := token.ParseRules(breaks); err == nil || breaks == breaksSaved {
		q.keep.Set(paramBreaks, breaks)
	}
	return q
}

// filters reports whether the list leaves tokens out.
func (q inventoryQuery) filters() bool { return q.ListQuery.filters() || len(q.keep) > 0 }

// hidden returns the state as fields of a form.
func (q inventoryQuery) hidden() []component.HiddenField {
	values := q.values()
	var out []component.HiddenField
	for _, name := range slices.Sorted(maps.Keys(values)) {
		out = append(out, component.HiddenField{Name: name, Value: values.Get(name)})
	}
	return out
}

// query returns the page of the inventory that q asks for.
func (q inventoryQuery) query(f token.Filter) token.Query {
	l := q.Listing(time.Time{})
	return token.Query{Filter: f, Sort: l.Sort, Reverse: l.Reverse, Limit: l.Limit, Offset: l.Offset}
}

// filter returns which tokens q chooses, those that break rules aside. The problems have the names of fields.
func (q inventoryQuery) filter(c *access.Catalogue, now time.Time) (token.Filter, kit.FieldErrors) {
	wrong := kit.FieldErrors{}
	f := token.Filter{Owner: q.keep.Get(paramOwner), Workspace: q.keep.Get(kit.FieldWorkspace), State: q.state, MadeBy: q.keep.Get(paramMaker),
		Text: q.find, Resource: q.keep.Get(paramResource), UnusedFor: length(unusedSpans(), q.keep.Get(paramUnused))}
	if k := token.Kind(q.keep.Get(paramKind)); slices.Contains(kinds(), k) {
		f.Kind = k
	}
	f.Grants, _ = c.Lookup(access.Permission(q.keep.Get(paramGrants)))
	if f.Resource != "" && f.Grants.Permission == "" {
		wrong[paramResource] = "Choose a permission under Grants as well."
	}
	switch ends := q.keep.Get(paramEnds); ends {
	case endsLater:
		f.EndsFrom = now.Add(length(endSpans(), in1Year))
	case endsNever:
		f.NeverEnds = true
	default:
		if n := length(endSpans(), ends); n > 0 {
			f.EndsFrom, f.EndsBefore = now, now.Add(n)
		}
	}
	for _, name := range []string{paramFrom, paramTo} {
		text := q.keep.Get(name)
		if text == "" {
			continue
		}
		day, err := zone.ParseDay(text, now.Location())
		switch {
		case err != nil:
			wrong[name] = "Enter a date as year-month-day, for example 2031-12-31."
		case name == paramFrom && day.After(f.EndsFrom):
			f.EndsFrom = day
		case name == paramTo && (f.EndsBefore.IsZero() || zone.AddDays(day, 1).Before(f.EndsBefore)):
			f.EndsBefore = zone.AddDays(day, 1)
		}
	}
	return f, wrong
}

func kinds() []token.Kind { return []token.Kind{token.Personal, token.Workspace, token.Organization} }

// filterForm returns the form above the list, and its folded fields.
func (q inventoryQuery) filterForm(v kit.Visit, c *access.Catalogue, wrong kit.FieldErrors) (component.FilterModel, []component.FormField) {
	f := component.FilterModel{Action: q.path, Label: "Filter tokens", ID: "inventory", Name: "q", Search: "Name, hint or ID", Value: q.find}
	if q.sort != "" {
		f.Hidden = []component.HiddenField{{Name: "sort", Value: q.sort}}
	}
	if q.filters() {
		f.ClearHref = kit.InventoryPath
	}
	choose := func(name, label, all string, options ...component.SelectOption) component.SelectModel {
		m := kit.SelectField(name, label, q.keep, nil, append([]component.SelectOption{{Label: all}}, options...)...)
		m.ID = "inventory-" + name
		return *m
	}
	var kindOptions, places, ends, unused, grants []component.SelectOption
	for _, k := range kinds() {
		kindOptions = append(kindOptions, component.SelectOption{Value: string(k), Label: k.Label()})
	}
	for _, w := range v.Workspaces {
		places = append(places, component.SelectOption{Value: w.ID, Label: w.Name})
	}
	for _, s := range endSpans() {
		ends = append(ends, component.SelectOption{Value: s.value, Label: s.label})
	}
	ends = append(ends, component.SelectOption{Value: endsLater, Label: "In more than a year"},
		component.SelectOption{Value: endsNever, Label: "No expiration"})
	for _, s := range unusedSpans() {
		unused = append(unused, component.SelectOption{Value: s.value, Label: s.label})
	}
	for _, p := range c.Permissions() {
		grants = append(grants, component.SelectOption{Value: string(p), Label: c.Describe(p)})
	}
	state := q.stateField()
	state.ID = "inventory-state"
	f.Selects = []component.SelectModel{choose(paramKind, "Kind", "All kinds", kindOptions...),
		choose(kit.FieldWorkspace, "Workspace", "All workspaces", places...), state, choose(paramEnds, "Expires", "Any time", ends...)}
	text := func(name, label, typ string) component.FieldModel {
		return component.FieldModel{ID: "inventory-" + name, Name: name, Label: label, Type: typ, Value: kit.Shown(q.keep.Get(name)),
			Error: wrong[name], Autocomplete: "off"}
	}
	f.Fields = []component.FieldModel{text(paramOwner, "Owner", "")}
	unusedField := choose(paramUnused, "Unused for", "Any time", unused...)
	grantsField := choose(paramGrants, "Grants", "Anything", grants...)
	broken := []component.SelectOption{{Value: breaksSaved, Label: "Yes"}}
	if draft := q.keep.Get(paramBreaks); draft != "" && draft != breaksSaved {
		broken = append(broken, component.SelectOption{Value: draft, Label: "Rules that are not saved"})
	}
	breaksField := choose(paramBreaks, "Breaks a rule", "Any", broken...)
	at := " (" + kit.Zone(v.Now) + ")"
	return f, []component.FormField{kit.SelectItem(&breaksField), kit.SelectItem(&unusedField), kit.SelectItem(&grantsField),
		kit.TextItem(text(paramResource, "On resource (ID)", "")), kit.TextItem(text(paramMaker, "Made by", "")),
		kit.TextItem(text(paramFrom, "Expires from"+at, "date")), kit.TextItem(text(paramTo, "Expires until"+at, "date"))}
}

// folded reports whether a folded field is set.
func (q inventoryQuery) folded() bool {
	return slices.ContainsFunc(foldedParams(), q.keep.Has)
}

package audit

import (
	"time"

	"latchkey/internal/access"
	"latchkey/internal/audit"
	"latchkey/views/component"
	page "latchkey/views/page/audit"
	"latchkey/web/ui/kit"
)

// header returns the header of the page.
func header(v kit.Visit) component.PageHeaderModel {
	return component.PageHeaderModel{Title: kit.AuditTitle,
		Description: "Every change, sign-in and refused attempt at " + v.Organization.Name + ", with the person or token and the address.",
		More:        []component.ButtonModel{{Label: "Identify token", Icon: "search", Variant: component.Outline, Href: kit.IdentifyPath}}}
}

// upgrade returns what the page shows instead of the log on a plan without it.
func upgrade(v kit.Visit) *component.EmptyModel {
	return &component.EmptyModel{Icon: "lock", Title: "Audit Logs are not part of the " + v.Organization.Plan.Label() + " plan",
		Text: access.UpgradeText,
		Hint: "Latchkey records events on every plan, so the log is complete after an upgrade."}
}

// logView returns the page without its frame, chart and details.
func logView(v kit.Visit, q logQuery, found audit.Found, errors kit.FieldErrors) page.Log {
	m := page.Log{Header: header(v), Card: component.CardModel{ID: "events", Title: "Events", Flush: true},
		Errors: errors.Summary([]string{paramText, paramWho, paramFrom, paramTo}, map[string]string{
			paramText: "audit-search", paramWho: "audit-who", paramFrom: "audit-from", paramTo: "audit-to"}),
		Filter: filterView(v, q, errors), Only: onlyView(q, found), Pages: pagesView(q, found), Export: exportMenu(q),
		Table: component.TableModel{ID: "audit", Caption: "Events", Columns: []component.Column{
			{Label: "User"}, {Label: "Action"}, {Label: "Target"}, {Label: "Type"}, {Label: "When"}}},
	}
	for _, e := range found.Events {
		m.Rows = append(m.Rows, rowView(e, found.Tokens, q, v.Now))
	}
	switch {
	case len(m.Rows) > 0:
	case errors != nil:
		m.Empty = &component.EmptyModel{Title: "This filter cannot be applied.", Inside: true}
	case q.filtered():
		m.Empty = &component.EmptyModel{Title: "No event matches this filter.", Inside: true,
			Links: []component.Link{{Label: "Show everything", Href: kit.AuditPath}}}
	default:
		m.Empty = &component.EmptyModel{Icon: "scroll-text", Title: "No events yet", Text: "Latchkey records every change here.", Inside: true}
	}
	return m
}

func rowView(e audit.Event, tokens map[string]audit.TokenName, q logQuery, now time.Time) page.Row {
	row := page.Row{Who: actorName(e), WhoNote: e.ActorEmail, Target: e.Target.Name, Type: typeLabel(e.Target.Type),
		When: kit.When(e.When(), now),
		Action: component.ButtonModel{Label: eventLabel(e), Context: e.Target.Name + ": details", Variant: component.Plain, Small: true,
			Dialog: true, Href: q.at(e.ID)}}
	if e.ActorType == audit.ServiceAccessToken {
		row.WhoNote = tokens[e.TokenID].Hint
	}
	if row.Target == "" {
		row.Target = e.Target.ID
	}
	return row
}

// filterView returns the form above the list.
func filterView(v kit.Visit, q logQuery, errors kit.FieldErrors) component.FilterModel {
	m := component.FilterModel{Action: kit.AuditPath, Label: "Filter events", ID: "audit", Name: paramText,
		Search: "Name, email, address or id", Value: q.Get(paramText),
		Selects: []component.SelectModel{
			selectView(q, "audit-action", paramAction, "Action", "All actions", actionOptions()),
			selectView(q, "audit-type", paramType, "Type", "All types", typeOptions()),
		},
		Fields: []component.FieldModel{
			{ID: "audit-who", Name: paramWho, Label: "User or token", Value: q.Get(paramWho), Error: errors[paramWho], Autocomplete: "off"},
			{ID: "audit-from", Name: paramFrom, Label: "From (UTC)", Type: "date", Value: q.Get(paramFrom), Error: errors[paramFrom]},
			{ID: "audit-to", Name: paramTo, Label: "To (UTC)", Type: "date", Value: q.Get(paramTo), Error: errors[paramTo]},
		},
	}
	if len(v.Workspaces) > 0 || q.Get(kit.ParamWorkspace) != "" {
		var list [][2]string
		for _, w := range v.Workspaces {
			list = append(list, [2]string{w.ID, w.Name})
		}
		m.Selects = append(m.Selects, selectView(q, "audit-workspace", kit.ParamWorkspace, "Workspace", "All workspaces", list))
	}
	for _, name := range []string{paramBy, kit.ParamAbout} {
		if value := q.Get(name); value != "" {
			m.Hidden = append(m.Hidden, component.HiddenField{Name: name, Value: value})
		}
	}
	if q.filtered() {
		m.ClearHref = kit.AuditPath
	}
	return m
}

// selectView returns a select of values with their labels. It adds the chosen value if it is not
// among them.
func selectView(q logQuery, id, name, label, all string, options [][2]string) component.SelectModel {
	m := component.SelectModel{ID: id, Name: name, Label: label, Options: []component.SelectOption{{Label: all}}}
	chosen, known := q.Get(name), q.Get(name) == ""
	for _, o := range options {
		known = known || o[0] == chosen
		m.Options = append(m.Options, component.SelectOption{Value: o[0], Label: o[1], Selected: o[0] == chosen})
	}
	if !known {
		m.Options = append(m.Options, component.SelectOption{Value: chosen, Label: chosen, Selected: true})
	}
	return m
}

func actionOptions() [][2]string {
	var out [][2]string
	for _, a := range audit.Actions() {
		out = append(out, [2]string{string(a), actionLabel(a)})
	}
	return out
}

func typeOptions() [][2]string {
	var out [][2]string
	for _, t := range audit.TargetTypes() {
		out = append(out, [2]string{string(t), typeLabel(t)})
	}
	return out
}

// onlyView returns the conditions that came with links. It takes names from the events found.
func onlyView(q logQuery, found audit.Found) []page.Only {
	var out []page.Only
	if id := q.Get(paramBy); id != "" {
		name := id
		for _, e := range found.Events {
			if e.ActorID == id {
				name = actorName(e)
				break
			}
		}
		out = append(out, page.Only{Text: "Only what " + name + " did", ClearHref: q.with(paramBy, "").at()})
	}
	if id := q.Get(kit.ParamAbout); id != "" {
		out = append(out, page.Only{Text: "Only what " + nameOf(id, found) + " did, and what was done to it",
			ClearHref: q.with(kit.ParamAbout, "").at()})
	}
	return out
}

// nameOf returns the name of an id in the events, or the id itself.
func nameOf(id string, found audit.Found) string {
	if t, ok := found.Tokens[id]; ok {
		return t.Name
	}
	for _, e := range found.Events {
		switch id {
		case e.Target.ID:
			return e.Target.Name
		case e.ActorID:
			return actorName(e)
		}
	}
	return id
}

func pagesView(q logQuery, found audit.Found) component.PaginationModel {
	m := component.PaginationModel{Label: "Pages", Summary: kit.Count(found.Total, "event", "events")}
	n := len(found.Events)
	if n == 0 {
		return m
	}
	m.Summary = kit.Thousands(found.Before+1) + "–" + kit.Thousands(found.Before+n) + " of " + kit.Thousands(found.Total)
	if found.Before > 0 {
		m.PrevHref = q.with(paramBefore, found.Events[0].ID).at()
	}
	if found.More() {
		m.NextHref = q.with(paramAfter, found.Events[n-1].ID).at()
	}
	return m
}

func exportMenu(q logQuery) component.MenuModel {
	return component.MenuModel{Label: "Export these events", Text: "Export", Items: []component.MenuItem{
		{Label: "CSV, for spreadsheets", Href: q.with().at("export", "csv"), Icon: "table-2"},
		{Label: "JSON Lines, for programs", Href: q.with().at("export", "jsonl"), Icon: "terminal"},
	}}
}

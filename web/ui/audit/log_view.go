package audit

import (
	"slices"
	"strings"

	"latchkey/internal/access"
	"latchkey/internal/audit"
	"latchkey/views/component"
	page "latchkey/views/page/audit"
	"latchkey/web/ui/kit"
)

// header returns the header of the page.
func header(v kit.Visit) component.PageHeaderModel {
	return component.PageHeaderModel{Title: kit.AuditTitle, Help: kit.HelpTopic(kit.HelpAudit),
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
func logView(v kit.Visit, q logQuery, found audit.Found, t teller, errors kit.FieldErrors) page.Log {
	m := page.Log{Header: header(v), Card: component.CardModel{ID: "events", Title: "Events", Flush: true},
		Errors: errors.Summary([]string{paramText, paramWho, paramFrom, paramTo}, map[string]string{
			paramText: "audit-search", paramWho: "audit-search", paramFrom: "audit-from", paramTo: "audit-to"}),
		Filter: filterView(v, q, errors), Only: onlyView(q, found), Pages: pagesView(q, found), Export: exportMenu(q),
		Table: component.TableModel{ID: "audit", Caption: "Events", Columns: []component.Column{
			{Label: "Event"}, {Label: "When"}}},
		Ranges: rangeLinks(q),
	}
	for _, e := range found.Events {
		m.Rows = append(m.Rows, rowView(v, e, found.Tokens, q, t))
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

func rowView(v kit.Visit, e audit.Event, tokens map[string]audit.TokenName, q logQuery, t teller) page.Row {
	return page.Row{What: t.sentence(e), More: moreView(v, e, tokens[e.TokenID], t), When: kit.When(e.When(), v.Now), Href: q.at(e.ID),
		Label: strings.TrimSpace(eventLabel(e) + " " + e.Target.Name)}
}

// moreView returns what the list shows of an event in place: who and from where, and what changed. It
// names no resources of policies; the event's page does.
func moreView(v kit.Visit, e audit.Event, carrier audit.TokenName, t teller) []page.Fact {
	var out []page.Fact
	add := func(term, text string) {
		if text != "" {
			out = append(out, page.Fact{Term: term, Text: text})
		}
	}
	add("Email", e.ActorEmail)
	if e.TokenID != "" {
		add("Token used", strings.TrimSpace(cmpOr(carrier.Name, e.TokenID)+" "+carrier.Hint))
	}
	if e.Workspace != "" {
		add("Workspace", workspaceName(v, e.Workspace))
	}
	if isReport(e) {
		add("Reason", kit.UpperFirst(stringIn(stateFields(e.After), "reason")))
	}
	if change := changeView(v, e, t.words); change != nil {
		add("Gained", strings.Join(change.Gained, ", "))
		add("Lost", strings.Join(change.Lost, ", "))
		for _, f := range change.Facts {
			if f.Note != "" {
				add(f.Term, f.Text+" ("+kit.LowerFirst(f.Note)+")")
			}
		}
	}
	add("IP address", e.Origin.IP)
	return out
}

// rangeLinks returns the links to the events of the last hours and days. The chosen one leads back to
// all times.
func rangeLinks(q logQuery) []page.Range {
	var out []page.Range
	for _, r := range ranges() {
		link := page.Range{Label: r.label, Chosen: q.Get(paramLast) == r.value}
		value := r.value
		if link.Chosen {
			value = ""
		}
		link.Href = q.with(paramFrom, "", paramTo, "", paramLast, value).at()
		out = append(out, link)
	}
	return out
}

// filterView returns the form above the list.
func filterView(v kit.Visit, q logQuery, errors kit.FieldErrors) component.FilterModel {
	m := component.FilterModel{Action: kit.AuditPath, Label: "Filter events", ID: "audit", Name: paramText,
		Search: "Name, email, address or ID", Value: q.Get(paramText),
		Selects: []component.SelectModel{
			selectView(q, "audit-action", paramAction, "Action", "All actions", actionOptions(q)),
		},
		Fields: []component.FieldModel{
			{ID: "audit-from", Name: paramFrom, Label: "From (" + kit.Zone(v.Now) + ")", Type: "date", Value: q.Get(paramFrom),
				Error: errors[paramFrom]},
			{ID: "audit-to", Name: paramTo, Label: "To (" + kit.Zone(v.Now) + ")", Type: "date", Value: q.Get(paramTo), Error: errors[paramTo]},
		},
	}
	if len(v.Workspaces) > 0 || q.Get(kit.ParamWorkspace) != "" {
		var list []component.SelectOption
		for _, w := range v.Workspaces {
			list = append(list, component.SelectOption{Value: w.ID, Label: w.Name})
		}
		m.Selects = append(m.Selects, selectView(q, "audit-workspace", kit.ParamWorkspace, "Workspace", "All workspaces", list))
	}
	for _, name := range []string{paramBy, kit.ParamAbout, paramWho, paramLast} {
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
func selectView(q logQuery, id, name, label, all string, options []component.SelectOption) component.SelectModel {
	m := component.SelectModel{ID: id, Name: name, Label: label, Options: []component.SelectOption{{Label: all}}}
	chosen, known := q.Get(name), q.Get(name) == ""
	for _, o := range options {
		o.Selected = o.Value == chosen
		known = known || o.Selected
		m.Options = append(m.Options, o)
	}
	if !known {
		m.Options = append(m.Options, component.SelectOption{Value: chosen, Label: chosen, Selected: true})
	}
	return m
}

// actionOptions returns every pair of the vocabulary, grouped by type of target. An action on any type,
// which older links choose, comes first.
func actionOptions(q logQuery) []component.SelectOption {
	var out []component.SelectOption
	if typ, action := q.pair(); typ == "" && slices.Contains(audit.Actions(), action) {
		out = append(out, component.SelectOption{Value: string(action), Label: actionLabel(action)})
	}
	for _, t := range audit.TargetTypes() {
		group := typeLabel(t)
		out = append(out, component.SelectOption{Group: group, Value: pairValue(t, anyAction), Label: group + ": all actions"})
		for _, a := range audit.ActionsOn(t) {
			out = append(out, component.SelectOption{Group: group, Value: pairValue(t, a), Label: group + ": " + kit.LowerFirst(actionLabel(a))})
		}
	}
	return out
}

// onlyView returns the conditions that came with links. It takes names from the events found.
func onlyView(q logQuery, found audit.Found) []page.Only {
	var out []page.Only
	if who := q.Get(paramWho); who != "" {
		out = append(out, page.Only{Text: "Only by people and tokens that match “" + who + "”",
			ClearHref: q.with(paramWho, "").at()})
	}
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

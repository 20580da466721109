package ui

import (
	"encoding/json"
	"strings"
	"time"

	"latchkey/internal/access"
	"latchkey/internal/audit"
	"latchkey/views/component"
	auditpage "latchkey/views/page/audit"
)

// actorName is who did it, as the log kept it.
func actorName(e audit.Event) string {
	switch {
	case e.ActorName != "":
		return e.ActorName
	case e.ActorType == audit.System:
		return "Somebody unknown"
	}
	return e.ActorID
}

// typeLabel names a kind of target: "Personal access token".
func typeLabel(t audit.TargetType) string {
	switch t {
	case audit.TargetAPIClient:
		return "API client"
	case audit.TargetSQLModel:
		return "SQL model"
	case audit.TargetInvitation:
		return "Invitation"
	case audit.TargetSCIMRequest:
		return "SCIM request"
	}
	return upperFirst(strings.ReplaceAll(string(t), "_", " "))
}

// typeNoun is the same within a sentence.
func typeNoun(t audit.TargetType) string {
	switch t {
	case audit.TargetAPIClient, audit.TargetSQLModel, audit.TargetSCIMRequest:
		return typeLabel(t)
	}
	return lowerFirst(typeLabel(t))
}

// actionLabel names an action: "Signed in".
func actionLabel(a audit.Action) string {
	switch a {
	case audit.ResourceAccessUpdated:
		return "Changed access"
	case audit.DeletedUserPermissions:
		return "Removed access"
	case audit.ChangedPermission:
		return "Changed role"
	case audit.SignInFailed:
		return "Failed to sign in"
	case audit.Staged:
		return "Imported into staging"
	case audit.StagingReset:
		return "Reset staging"
	case audit.UsedAfterRevocation:
		return "Used after its end"
	case audit.AccessDenied:
		return "Was refused"
	case audit.Provisioned:
		return "Changed provisioning"
	case audit.Read:
		return "Read over SCIM"
	case audit.Unchanged:
		return "Changed nothing over SCIM"
	case audit.Refused:
		return "Was refused over SCIM"
	case audit.Failed:
		return "Failed over SCIM"
	case audit.ConnectedSQLModel:
		return "Connected SQL model"
	case audit.DisconnectedSQLModel:
		return "Disconnected SQL model"
	}
	return upperFirst(strings.ReplaceAll(string(a), "_", " "))
}

// eventText says an event in words: "created the personal access token ci-probe".
func eventText(e audit.Event) string {
	name, thing := e.Target.Name, typeNoun(e.Target.Type)
	switch e.Action {
	case audit.SignedIn, audit.SignedOut:
		return lowerFirst(actionLabel(e.Action))
	case audit.SignInFailed:
		if e.ActorType == audit.User { // who is signed in was asked again
			return "failed to prove the password of " + name
		}
		return "failed to sign in as " + name
	case audit.Uploaded:
		return "uploaded " + name + " to the staging area"
	case audit.Staged:
		return "imported " + name + " into the staging area"
	case audit.StagingReset:
		return "reset the staging area with " + name
	case audit.AddedToOrganization:
		return "added " + name + " to the organization"
	case audit.RemovedFromOrganization:
		return "removed " + name + " from the organization"
	case audit.ResourceAccessUpdated:
		return "changed the access of " + name
	case audit.DeletedUserPermissions:
		return "removed the access of " + name
	case audit.ChangedPermission:
		return "changed the role of " + name
	case audit.ProfileUpdated:
		return "updated the profile of " + name
	case audit.PasswordChanged:
		return "changed the password of " + name
	case audit.MemberAdded:
		return "added " + memberOf(e.After) + " to the group " + name
	case audit.MemberRemoved:
		return "removed " + memberOf(e.Before) + " from the group " + name
	case audit.UsedAfterRevocation:
		return "tried to use the " + thing + " " + name + " after its end"
	case audit.AccessDenied:
		return "was refused with the " + thing + " " + name
	case audit.Pruned:
		return "pruned the audit log"
	case audit.Provisioned:
		return "changed what is provisioned of " + name
	case audit.Read:
		return "sent the " + thing + " " + name
	case audit.Unchanged:
		return "sent the " + thing + " " + name + ", which changed nothing"
	case audit.Refused:
		return "was refused the " + thing + " " + name
	case audit.Failed:
		return "sent the " + thing + " " + name + ", which failed"
	}
	if e.Target.Type == audit.TargetPolicy {
		thing = "policy of"
	}
	return lowerFirst(actionLabel(e.Action)) + connecting(e.Action) + " the " + thing + " " + name
}

// connecting is the little word that an action needs before what it was done to.
func connecting(a audit.Action) string {
	switch {
	case strings.HasPrefix(string(a), "connected_"):
		return " to"
	case strings.HasPrefix(string(a), "disconnected_"):
		return " from"
	case a == audit.UpdatedTransformation:
		return " of"
	}
	return ""
}

// memberOf is the member that an event of a group is about.
func memberOf(state string) string {
	var m struct{ Name, Email string }
	if json.Unmarshal([]byte(state), &m) == nil && m.Name != "" {
		return m.Name
	}
	return "a member"
}

// auditHeader heads the page.
func auditHeader(v visit) component.PageHeaderModel {
	return component.PageHeaderModel{Title: auditTitle,
		Description: "Every change, sign-in and refused attempt at " + v.Organization.Name + ": who or which token did it, and from where.",
		More:        []component.ButtonModel{{Label: "Identify token", Icon: "search", Variant: component.Outline, Href: identifyPath}}}
}

// auditUpgrade stands in place of the log on a plan without it.
func auditUpgrade(v visit) *component.EmptyModel {
	return &component.EmptyModel{Icon: "lock", Title: "Audit Logs are not part of the " + v.Organization.Plan.Label() + " plan", Text: access.UpgradeText,
		Hint: "Events are written down on every plan, so nothing is missing later."}
}

// auditLogView is the page without its frame, chart and details.
func auditLogView(v visit, q auditQuery, found audit.Found, errors fieldErrors) auditpage.Log {
	m := auditpage.Log{Header: auditHeader(v), Card: component.CardModel{ID: "events", Title: "Events", Flush: true},
		Errors: errors.summary([]string{paramText, paramWho, paramFrom, paramTo}, map[string]string{
			paramText: "audit-search", paramWho: "audit-who", paramFrom: "audit-from", paramTo: "audit-to"}),
		Filter: auditFilter(v, q, errors), Only: auditOnly(q, found), Pages: auditPages(q, found), Export: auditExportMenu(q),
		Table: component.TableModel{ID: "audit", Caption: "Events", Columns: []component.Column{
			{Label: "User"}, {Label: "Action"}, {Label: "Target"}, {Label: "Type"}, {Label: "When"}}},
	}
	for _, e := range found.Events {
		m.Rows = append(m.Rows, auditRow(e, found.Tokens, q, v.now))
	}
	switch {
	case len(m.Rows) > 0:
	case errors != nil:
		m.Empty = &component.EmptyModel{Title: "This filter cannot be applied.", Inside: true}
	case q.filtered():
		m.Empty = &component.EmptyModel{Title: "No event matches this filter.", Inside: true, Links: []component.Link{{Label: "Show everything", Href: auditPath}}}
	default:
		m.Empty = &component.EmptyModel{Icon: "scroll-text", Title: "Nothing has happened yet", Text: "Every change leaves an event here.", Inside: true}
	}
	return m
}

func auditRow(e audit.Event, tokens map[string]audit.TokenName, q auditQuery, now time.Time) auditpage.Row {
	row := auditpage.Row{Who: actorName(e), WhoNote: e.ActorEmail, Target: e.Target.Name, Type: typeLabel(e.Target.Type), When: timeView(e.Time, now),
		Action: component.ButtonModel{Label: actionLabel(e.Action), Context: e.Target.Name + ": details", Variant: component.Plain, Small: true, Dialog: true, Href: q.at(e.ID)}}
	if e.ActorType == audit.ServiceAccessToken {
		row.WhoNote = tokens[e.TokenID].Hint
	}
	if row.Target == "" {
		row.Target = e.Target.ID
	}
	return row
}

// auditFilter is the form above the list.
func auditFilter(v visit, q auditQuery, errors fieldErrors) component.FilterModel {
	m := component.FilterModel{Action: auditPath, Label: "Filter events", ID: "audit", Name: paramText, Search: "Name, e-mail, address or id", Value: q.Get(paramText),
		Selects: []component.SelectModel{
			auditSelect(q, "audit-action", paramAction, "Action", "All actions", auditActions()),
			auditSelect(q, "audit-type", paramType, "Type", "All types", auditTypes()),
		},
		Fields: []component.FieldModel{
			{ID: "audit-who", Name: paramWho, Label: "User or token", Value: q.Get(paramWho), Error: errors[paramWho], Autocomplete: "off"},
			{ID: "audit-from", Name: paramFrom, Label: "From", Type: "date", Value: q.Get(paramFrom), Error: errors[paramFrom]},
			{ID: "audit-to", Name: paramTo, Label: "To", Type: "date", Value: q.Get(paramTo), Error: errors[paramTo]},
		},
	}
	if len(v.Workspaces) > 0 || q.Get(paramWorkspace) != "" {
		var list [][2]string
		for _, w := range v.Workspaces {
			list = append(list, [2]string{w.ID, w.Name})
		}
		m.Selects = append(m.Selects, auditSelect(q, "audit-workspace", paramWorkspace, "Workspace", "All workspaces", list))
	}
	for _, name := range []string{paramBy, paramAbout} {
		if value := q.Get(name); value != "" {
			m.Hidden = append(m.Hidden, component.HiddenField{Name: name, Value: value})
		}
	}
	if q.filtered() {
		m.ClearHref = auditPath
	}
	return m
}

// auditSelect offers values with their labels. A chosen value that is not among them stays.
func auditSelect(q auditQuery, id, name, label, all string, options [][2]string) component.SelectModel {
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

func auditActions() [][2]string {
	var out [][2]string
	for _, a := range audit.Actions() {
		out = append(out, [2]string{string(a), actionLabel(a)})
	}
	return out
}

func auditTypes() [][2]string {
	var out [][2]string
	for _, t := range audit.TargetTypes() {
		out = append(out, [2]string{string(t), typeLabel(t)})
	}
	return out
}

// auditOnly says what links have narrowed the list down to, by the names in what was found.
func auditOnly(q auditQuery, found audit.Found) []auditpage.Only {
	var out []auditpage.Only
	if id := q.Get(paramBy); id != "" {
		name := id
		for _, e := range found.Events {
			if e.ActorID == id {
				name = actorName(e)
				break
			}
		}
		out = append(out, auditpage.Only{Text: "Only what " + name + " did", ClearHref: q.with(paramBy, "").at()})
	}
	if id := q.Get(paramAbout); id != "" {
		out = append(out, auditpage.Only{Text: "Only what " + nameOf(id, found) + " did, and what was done to it", ClearHref: q.with(paramAbout, "").at()})
	}
	return out
}

// nameOf is the name that the events have for an id.
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

func auditPages(q auditQuery, found audit.Found) component.PaginationModel {
	m := component.PaginationModel{Label: "Pages", Summary: count(found.Total, "event", "events")}
	n := len(found.Events)
	if n == 0 {
		return m
	}
	m.Summary = thousands(found.Before+1) + "–" + thousands(found.Before+n) + " of " + thousands(found.Total)
	if found.Before > 0 {
		m.PrevHref = q.with(paramBefore, found.Events[0].ID).at()
	}
	if found.More() {
		m.NextHref = q.with(paramAfter, found.Events[n-1].ID).at()
	}
	return m
}

func auditExportMenu(q auditQuery) component.MenuModel {
	return component.MenuModel{Label: "Export these events", Text: "Export", Items: []component.MenuItem{
		{Label: "CSV, for spreadsheets", Href: q.with().at("export", "csv"), Icon: "table-2"},
		{Label: "JSON Lines, for programs", Href: q.with().at("export", "jsonl"), Icon: "terminal"},
	}}
}

// auditTrailView is the section of another page; all leads to the rest.
func auditTrailView(found audit.Found, all auditQuery, now time.Time) *auditpage.Trail {
	m := &auditpage.Trail{Card: component.CardModel{ID: "audit-trail", Title: "Audit trail"}, Empty: "Nothing has happened yet."}
	for _, e := range found.Events {
		m.Items = append(m.Items, auditpage.TrailItem{Href: all.at(e.ID),
			Activity: auditpage.Activity{Who: actorName(e), What: eventText(e), When: timeView(e.Time, now)}})
	}
	if found.Total > 0 {
		m.Card.Action = &component.ButtonModel{Label: "All " + count(found.Total, "event", "events"), Variant: component.Outline, Small: true, Href: all.at()}
		if found.Total == 1 {
			m.Card.Action.Label = "Open in Audit Logs"
		}
	}
	return m
}

package component_test

import (
	"fmt"

	"github.com/a-h/templ"

	"latchkey/views/component"
)

func homeParts() []templ.Component {
	return []templ.Component{
		component.PageHeader(component.PageHeaderModel{Title: "Home", Description: "What your tokens are doing."}),
		component.Stats([]component.Tile{
			{Label: "Active tokens", Value: "12", Href: "/list"},
			{Label: "Expire soon", Value: "2", Note: "within 7 days", Tone: component.Warn, Href: "/list?state=soon"},
			{Label: "Suspended", Value: "0"},
			{Label: "Members", Value: "7", Note: "of 10 on your plan"},
		}),
		with(component.Card(component.CardModel{ID: "soon", Title: "Soon to expire", Description: "Make a new token before the old one ends.",
			Flush: true}), tokenTable("soon-table", 2)),
		with(component.Card(component.CardModel{ID: "usage", Title: "Plan"}),
			component.Progress(component.ProgressModel{ID: "members", Label: "Members", Value: 7, Max: 10, Text: "7 of 10"}),
			component.Definitions([]component.Definition{{Term: "Plan", Text: "Enterprise"},
				{Term: "Organization id", Text: "2x9JkQ0fHk7sGbC5mJ1TqvWcXyZ", Code: true}})),
		component.Passkey(component.PasskeyModel{Kind: "get", Action: "/sign-in/passkey", Field: "passkey", Without: "Use your password.",
			Hidden: []component.HiddenField{{Name: "next", Value: "/"}}, Button: component.ButtonModel{Label: "Sign in with a passkey"}}),
		component.Sessions(component.SessionsModel{Card: component.CardModel{ID: "sessions", Title: "Sessions", Flush: true}, End: "End",
			List: []component.SessionRow{{Device: "Firefox on Linux", IP: "192.0.2.1", Current: true},
				{Device: "Safari on macOS", IP: "2001:db8::1", EndHref: "/end"}},
			All: &component.ButtonModel{Label: "End all sessions", Href: "/end-all", Variant: component.DangerQuiet, Small: true, Dialog: true}}),
	}
}

func tokenTable(id string, n int) templ.Component {
	names := []string{"ci-probe", "laptop", "Quarterly export for the finance team, read-only", "old-admin"}
	states := []component.StateModel{{Text: "Active", Tone: component.Good}, {Text: "Expires soon", Tone: component.Warn},
		{Text: "Expired", Tone: component.Bad}, {Text: "Suspended", Title: "Its owner is deactivated."}}
	rows := make([]templ.Component, 0, n)
	for i := range n {
		created := component.TimeModel{Machine: "2026-03-04T10:21:00Z", Text: "3 days ago", Absolute: "4 March 2026, 10:21 UTC"}
		rows = append(rows, with(component.Row(),
			with(component.RowHead("Name"), component.Stacked(names[i%4], "lkpat_…a1B2")),
			with(component.Cell("Workspace"), text("Production")),
			with(component.Cell("Scope"), component.Badge(component.BadgeModel{Text: "Read-Only"})),
			with(component.Cell("Last used"), component.Time(component.TimeModel{Text: "Never"})),
			with(component.Cell("Created"), component.Time(created)),
			with(component.Cell("Expires"), component.Due(component.TimeModel{Machine: "2026-04-04T10:21:00Z", Text: "in 27 days",
				Absolute: "4 April 2026, 10:21 UTC"}, states[i%4].Tone)),
			with(component.Cell("State"), component.State(states[i%4])),
			with(component.CellActions(), rowMenu(names[i%4]), component.Button(component.ButtonModel{Label: "Delete", Context: names[i%4],
				Href: "/delete", Variant: component.DangerQuiet, Small: true, Dialog: true})),
		))
	}
	return with(component.Table(component.TableModel{ID: id, Caption: "Tokens " + id, Columns: []component.Column{
		{Label: "Name", SortHref: "?sort=name", Sorted: "ascending"}, {Label: "Workspace"}, {Label: "Scope"},
		{Label: "Last used", SortHref: "?sort=used"}, {Label: "Created", SortHref: "?sort=created"},
		{Label: "Expires", SortHref: "?sort=expires"}, {Label: "State"}, {Label: "Actions", LabelHidden: true},
	}}), rows...)
}

func rowMenu(name string) templ.Component {
	return component.Menu(component.MenuModel{Label: "Actions for " + name,
		Items: []component.MenuItem{{Label: "Rotate", Href: "/x", Icon: "rotate-cw"}, {Label: "Policy", Href: "/view", Icon: "eye"},
			{Label: "Delete", Href: "/delete", Icon: "trash-2", Danger: true, Dialog: true}}})
}

func listParts() []templ.Component {
	return []templ.Component{
		component.PageHeader(component.PageHeaderModel{Title: "Your Profile",
			Description: "Your name, your tokens and what you may do in each workspace."}),
		component.SubTabs(component.TabsModel{Label: "Your profile", Tabs: []component.Tab{{Label: "Profile", Href: "/kit"},
			{Label: "Personal Access Tokens", Href: "/list", Current: true, Count: "4"}, {Label: "Access Policy", Href: "/view"}}}),
		component.Notice(component.NoticeModel{Title: "For development and testing",
			Text:  "A personal access token ends with your own access. Use a service access token in production.",
			Links: []component.Link{{Label: "Service Access Tokens", Href: "/empty"}}}),
		with(component.Card(component.CardModel{ID: "tokens", Title: "Personal Access Tokens",
			Description: "Tokens act with your own access, never more.", Flush: true,
			Action: &component.ButtonModel{Label: "Generate new token", Icon: "plus", Href: "/dialog", Dialog: true}}),
			component.Filter(component.FilterModel{Action: "/list", Label: "Filter tokens", Name: "q", Search: "Search", Live: "#token-list",
				ClearHref: "/list",
				Selects: []component.SelectModel{{ID: "state", Name: "state", Label: "State",
					Options: []component.SelectOption{{Value: "", Label: "All states"}, {Value: "active", Label: "Active", Selected: true}}}}}),
			tokenTable("token-list", 4),
			component.Pagination(component.PaginationModel{Summary: "1–4 of 213", NextHref: "/list?after=4"})),
	}
}

func emptyParts() []templ.Component {
	return []templ.Component{
		component.PageHeader(component.PageHeaderModel{Title: "Access Management", Description: "Who and what may work in your organization."}),
		component.Tabs(component.TabsModel{Label: "Access management",
			Tabs: []component.Tab{{Group: "People", Label: "Users", Href: "/a"}, {Group: "People", Label: "Invitations", Href: "/b", Count: "3"},
				{Group: "People", Label: "Groups", Href: "/c"}, {Group: "Policies", Label: "Baseline Workspace Policies", Href: "/d"},
				{Group: "Tokens", Label: "Service Access Tokens", Href: "/empty", Current: true},
				{Group: "Tools", Label: "Migration", Href: "/e"}}}),
		component.SubTabs(component.TabsModel{Label: "Service access tokens",
			Tabs: []component.Tab{{Label: "Organization", Href: "/empty", Current: true}, {Label: "Workspace", Href: "/f"}}}),
		component.Empty(component.EmptyModel{Icon: "key-round", Title: "No organization tokens yet",
			Text:   "An organization token is good for SCIM provisioning, the Audit Logs API and organization-wide usage.",
			Hint:   "For pipelines inside one workspace, use a workspace token.",
			Action: &component.ButtonModel{Label: "Generate new token", Icon: "plus", Href: "/dialog", Dialog: true},
			Links:  []component.Link{{Label: "Workspace tokens", Href: "/f"}}}),
	}
}

func newTokenDialog() templ.Component {
	return with(component.Dialog(component.DialogModel{ID: "new-token", Title: "New Personal Access Token", CloseHref: "/list"}),
		form(
			component.ErrorSummary(component.ErrorSummaryModel{Errors: []component.FieldError{{FieldID: "name",
				Text: "You already have a token with this name."}}}),
			component.TextField(component.FieldModel{ID: "name", Name: "name", Label: "Token name",
				Help: "Say what will use it, for example ci-probe.", Value: "ci-probe", Error: "You already have a token with this name.",
				MaxLength: 64, Required: true, Autocomplete: "off"}),
			component.Select(component.SelectModel{ID: "workspace", Name: "workspace", Label: "Workspace",
				Options: []component.SelectOption{{Value: "1", Label: "Production", Selected: true}, {Value: "2", Label: "Staging"}}}),
			component.RadioGroup(component.ChoiceGroupModel{ID: "scope", Name: "scope", Legend: "Scope", Boxes: true,
				Choices: []component.Choice{{ID: "scope-ro", Value: "ro", Label: "Read-Only", Help: "Views what you may view.", Checked: true},
					{ID: "scope-rw", Value: "rw", Label: "Read-Write", Help: "Everything you may do."}}}),
			component.ExpiryField(component.ExpiryModel{Preview: "Expires on Saturday, 4 April 2026, 10:21 UTC.",
				Select: component.SelectModel{ID: "expires", Name: "expires", Label: "Expiration",
					Options: []component.SelectOption{{Value: "7", Label: "7 days", Until: "Expires on Wednesday, 11 March 2026."},
						{Value: "30", Label: "30 days", Selected: true, Until: "Expires on Saturday, 4 April 2026, 10:21 UTC."},
						{Value: "date", Label: "A date"}, {Value: "never", Label: "No expiration", Until: "Never expires."}}},
				Date: component.FieldModel{ID: "until", Name: "until", Label: "Last day", Min: "2026-03-05"}}),
			with(component.Actions(), component.CancelLink("/list"), component.Button(component.ButtonModel{Label: "Generate"})),
		))
}

func deleteDialog() templ.Component {
	return component.AlertDialog(component.AlertDialogModel{ID: "delete-token", Title: "Delete token ci-probe?",
		Consequence: "Whatever uses it is refused from its next request on. This cannot be undone.",
		Details:     []string{"Last used 3 hours ago."}, Action: "/tokens/1/delete",
		Hidden: []component.HiddenField{{Name: "version", Value: "1"}}, CancelHref: "/list"})
}

// formDialog has every kind of field once.
func formDialog() templ.Component {
	choices := []component.Choice{{ID: "one", Value: "1", Label: "One", Checked: true}, {ID: "two", Value: "2", Label: "Two"}}
	more := []component.Choice{{ID: "red", Value: "1", Label: "Red", Checked: true}, {ID: "blue", Value: "2", Label: "Blue"}}
	return component.FormDialog(component.FormDialogModel{
		Dialog: component.DialogModel{ID: "form", Title: "Invite users", Description: "Step 2 of 2.", CloseHref: "/list"}, Action: "/form",
		Errors: component.ErrorSummaryModel{Errors: []component.FieldError{{FieldID: "form-name", Text: "Enter a name."}}},
		Notice: &component.NoticeModel{Kind: "info", Text: "Members get view and baseline access."},
		Hidden: []component.HiddenField{{Name: "step", Value: "2"}},
		Fields: []component.FormField{
			{Text: &component.FieldModel{ID: "form-name", Name: "name", Label: "Name", Error: "Enter a name."}},
			{Area: &component.FieldModel{ID: "form-about", Name: "about", Label: "Description", Optional: true}},
			{Secret: &component.FieldModel{ID: "form-password", Name: "password", Label: "Password", Autocomplete: "new-password"}},
			{Select: &component.SelectModel{ID: "form-region", Name: "region", Label: "Region",
				Options: []component.SelectOption{{Value: "EU", Label: "EU"}}}},
			{Boxes: &component.ChoiceGroupModel{ID: "form-groups", Name: "groups", Legend: "Groups", Choices: choices}},
			{Radios: &component.ChoiceGroupModel{ID: "form-role", Name: "role", Legend: "Role", Choices: more}},
		},
		Submit: component.ButtonModel{Label: "Create"}, Back: &component.ButtonModel{Label: "Back", Variant: component.Outline, Name: "step",
			Value: "back"},
	})
}

func confirmDialog() templ.Component {
	return component.ConfirmDialog(component.ConfirmModel{
		Alert: component.AlertDialogModel{ID: "delete-workspace", Title: "Delete workspace Staging?", Consequence: "This cannot be undone.",
			Action: "/workspaces/1/delete", CancelHref: "/list"},
		Typed: &component.FieldModel{ID: "typed", Name: "name", Label: "Type the name of the workspace to confirm", Help: "Staging"}})
}

// searchParts are two lists: one that is searched and cut into pages, and one in which nothing matches.
func searchParts() []templ.Component {
	filter := func(id string) *component.FilterModel {
		return &component.FilterModel{Action: "/search", Label: "Search " + id, ID: id, Name: "q", Search: "Name", Submit: "Search"}
	}
	return []templ.Component{
		component.PageHeader(component.PageHeaderModel{Title: "Groups"}),
		with(component.Around(component.AroundModel{Filter: filter("groups"),
			Pages: &component.PaginationModel{Summary: "1–4 of 213", NextHref: "/search?page=2"}}), tokenTable("group-list", 4)),
		component.Around(component.AroundModel{Filter: filter("others"), None: "No group matches this search."}),
	}
}

func revealDialog() templ.Component {
	return component.RevealDialog(component.RevealModel{ID: "reveal", Title: "Token ci-probe is ready",
		Value: "lkpat_0123456789abcdefghijABCDEFGHIJ0123456789abcdefghi", CloseHref: "/list",
		Curl: `curl -H "Authorization: Bearer lkpat_0123456789abcdefghijABCDEFGHIJ0123456789abcdefghi" ` +
			`https://latchkey.example.com/v2/workspace`,
		Facts: []component.Definition{{Term: "Workspace", Text: "Production"}, {Term: "Expires", Text: "4 April 2026, 10:21 UTC"}}})
}

func kitParts() []templ.Component {
	buttons := []templ.Component{}
	for _, v := range []string{component.Primary, component.Outline, component.Ghost, component.Danger, component.DangerQuiet,
		component.Plain} {
		buttons = append(buttons, component.Button(component.ButtonModel{Label: "Button " + v, Variant: v, Icon: "plus"}))
	}
	selected := component.BulkModel{ID: "selected-kinds", Label: "With the selected kinds", Name: "kind",
		Buttons: []component.ButtonModel{{Label: "Delete", Href: "/delete", Variant: component.DangerQuiet, Small: true}}}
	return []templ.Component{
		component.PageHeader(component.PageHeaderModel{Title: "Every part", Description: "One of each.",
			Back: &component.Link{Label: "Home", Href: "/"}, Action: &component.ButtonModel{Label: "Invite", Icon: "user-plus", Href: "/x"},
			More: []component.ButtonModel{{Label: "Download", Variant: component.Outline, Icon: "download", Name: "as", Value: "csv",
				NoValidate: true}}}),
		with(component.Card(component.CardModel{ID: "buttons", Title: "Buttons"}),
			element(`<div class="page-header-actions">`, `</div>`, buttons...),
			component.Button(component.ButtonModel{Label: "New group", Disabled: true,
				Reason: "Upgrade to access this feature and additional capabilities."})),
		with(component.Card(component.CardModel{ID: "notices", Title: "Notices"}),
			component.Notice(component.NoticeModel{Kind: "info", Text: "For your information.", Live: true}),
			component.Notice(component.NoticeModel{Kind: "success", Text: "Token deleted."}),
			component.Notice(component.NoticeModel{Kind: "warning", Title: "Preview Mode", Text: "Live access does not change before Deploy."}),
			component.Notice(component.NoticeModel{Kind: "danger", Text: "The file could not be read."})),
		with(component.Card(component.CardModel{ID: "forms", Title: "Form", Danger: true}),
			element(`<form class="form" id="kit-form" method="post" action="/x">`, `</form>`, kitFields()...)),
		with(component.Card(component.CardModel{ID: "small", Title: "Small parts"}),
			component.Stepper(component.StepperModel{Current: 2, Steps: []string{"Name and workspace", "Access policy", "Done"}}),
			component.KeyHint([]string{"Ctrl", "K"}), component.Code("source:edit"), component.CopyCode("code-id", "2ZzT8", "Copy ID"),
			component.Badge(component.BadgeModel{Text: "New", Tone: component.Info, Icon: "check"}),
			component.Badge(component.BadgeModel{Text: "Late", Tone: component.Warn}),
			component.Badge(component.BadgeModel{Text: "Bad", Tone: component.Bad}),
			component.Badge(component.BadgeModel{Text: "Good", Tone: component.Good}),
			with(component.DefinitionList(), with(component.DefinitionItem("Owner"), text("Ada"))),
			component.CodeBlock(component.CodeModel{ID: "snippet", Label: "nginx", Text: "auth_request /verify;\nproxy_http_version 1.1;"}),
			component.Menu(component.MenuModel{Label: "Actions for ada@example.com",
				Items: []component.MenuItem{{Label: "Edit", Href: "/x", Icon: "pencil"}, {Label: "Deactivate", Post: "/y", Icon: "circle-x"},
					{Label: "Remove", Href: "/z", Danger: true, Dialog: true, Icon: "trash-2"}}}),
			component.Empty(component.EmptyModel{Icon: "inbox", Title: "Nothing here", Inside: true}),
			with(component.CardFooter(), text("Changed 3 days ago"), component.Button(component.ButtonModel{Label: "Save"}))),
		with(component.Card(component.CardModel{}), with(component.Table(component.TableModel{Caption: "Numbers",
			Columns: []component.Column{{Label: "Select", LabelHidden: true}, {Label: "Name"}, {Label: "Count", End: true}}}),
			with(component.Row(), component.SelectRow(selected, "sources", "Sources"), with(component.RowHead("Name"), text("Sources")),
				with(component.CellEnd("Count"), text("1,204"))),
		), component.Bulk(selected)),
	}
}

func kitFields() []templ.Component {
	people := make([]component.Choice, 0, 12)
	for i := range 12 {
		people = append(people, component.Choice{ID: fmt.Sprintf("p%d", i), Value: fmt.Sprint(i), Label: fmt.Sprintf("Person %d", i),
			Checked: i == 2})
	}
	people[1].Disabled, people[1].Reason = true, "Already a member."
	return []templ.Component{
		component.TextField(component.FieldModel{ID: "search-it", Name: "s", Label: "Search", Type: "search"}),
		component.TextField(component.FieldModel{ID: "ro", Name: "ro", Label: "Organization id", ReadOnly: true, Value: "org_1"}),
		component.TextArea(component.FieldModel{ID: "about", Name: "about", Label: "Description", Optional: true,
			Help: "What the group is for."}),
		component.DateField(component.FieldModel{ID: "day", Name: "day", Label: "Day", Value: "2026-03-04", Error: "The day is in the past."}),
		component.CheckboxGroup(component.ChoiceGroupModel{ID: "people", Name: "people", Legend: "Members",
			Help: "They get this group's policies.", Error: "Choose at least one.", Filter: "Find a person", Choices: people}),
	}
}

func policyParts() []templ.Component {
	return []templ.Component{
		component.PageHeader(component.PageHeaderModel{Title: "Workspace SAT access policy",
			Description: "What etl-runner may do in Production.", Back: &component.Link{Label: "Service Access Tokens", Href: "/list"}}),
		component.Stepper(component.StepperModel{Current: 2, Steps: []string{"Name and workspace", "Access policy"}}),
		component.Notice(component.NoticeModel{Kind: "warning",
			Text: "The policy cannot be edited afterwards. To change it, delete the token and make another."}),
		element(`<form class="form form-wide" method="post" action="/save" data-once>`, `</form>`,
			component.PolicyEditor(policyModel()),
			with(component.Actions(), component.Button(component.ButtonModel{Label: "Back", Variant: component.Outline, Name: "step",
				Value: "back", NoValidate: true}), component.Button(component.ButtonModel{Label: "Generate", Name: "step", Value: "generate"}))),
	}
}

func policyModel() component.PolicyModel {
	limit := func(selected bool) *component.Limit {
		l := &component.Limit{Selected: selected, Total: 14, Future: selected}
		for i := range 9 {
			l.Options = append(l.Options, component.Option{ID: fmt.Sprintf("res_%d", i), Name: fmt.Sprintf("Checkout events %d", i+1),
				Checked: i%3 == 0})
		}
		l.Options[1].Locked, l.Options[1].LockedBy = true, "Inherited: baseline"
		l.Hidden = []string{"res_12"}
		return l
	}
	rows := []component.PolicyRow{}
	for i, typ := range [][2]string{{"source", "Event Stream Sources"}, {"destination", "Destinations"}, {"table", "Tables"},
		{"sql_model", "SQL Models"}, {"transformation", "Transformations"}, {"tracking_plan", "Tracking Plans"}} {
		cell := func(action, label string) component.PolicyCell {
			return component.PolicyCell{Permission: typ[0] + ":" + action, Label: label + " " + typ[1], Caption: label, Present: true}
		}
		edit, connect, create := cell("edit", "Edit"), cell("connect", "Connect"), cell("create_delete", "Create & Delete")
		edit.Limitable, edit.Limit, edit.Checked = true, limit(i == 0), i < 2
		connect.Locked, connect.LockedBy = i < 2, "Inherited: baseline"
		create.Checked = i == 4
		rows = append(rows, component.PolicyRow{Type: typ[0], Label: typ[1], Cells: []component.PolicyCell{edit, connect, create}})
	}
	lib := component.PolicyCell{Permission: "transformation_library:edit", Label: "Edit Transformation Libraries", Caption: "Edit",
		Present: true, Disabled: true}
	rows = append(rows, component.PolicyRow{Type: "transformation_library", Label: "Transformation Libraries",
		Note: "Edit covers create, edit and delete.", Cells: []component.PolicyCell{lib, {}, {}}})
	pii := func(p, label, caption string, checked bool) component.PolicyCell {
		return component.PolicyCell{Permission: p, Label: label, Caption: caption, Present: true, Checked: checked, Limitable: true,
			Limit: limit(checked), Note: "Baseline: 2 resources"}
	}
	return component.PolicyModel{
		SummaryHref: "/summary",
		Summary: component.PolicySummaryModel{Lines: []string{"View everything in Production.",
			"Edit 4 of 14 Event Stream Sources, and all future ones.", "Connect sources and destinations (baseline)."}},
		Sections: []component.PolicySection{
			{ID: "resources", Title: "Resources", Description: "Viewing is always included.",
				Columns: []string{"Edit", "Connect", "Create & Delete"}, Rows: rows},
			{ID: "pii", Title: "Data Privacy (PII)", Description: "Who may see personal data in events.", Rows: []component.PolicyRow{
				{Type: "destination", Label: "Destinations", Cells: []component.PolicyCell{pii("destination:live_events",
					"Live events of Destinations", "Live events", true), pii("destination:failure_samples", "Failure samples of Destinations",
					"Failure samples", false), pii("destination:data_access", "Data access of Destinations", "Data access", false)}},
				{Type: "tracking_plan", Label: "Tracking Plans", Cells: []component.PolicyCell{pii("tracking_plan:violations",
					"Violations of Tracking Plans", "Violations", false)}},
			}},
		},
	}
}

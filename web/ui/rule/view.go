package rule

import (
	"strconv"

	"latchkey/internal/plaintext"
	"latchkey/internal/token"
	"latchkey/views/component"
	page "latchkey/views/page/rule"
	"latchkey/web/ui/kit"
	tokenui "latchkey/web/ui/token"
)

// notices returns what there is to know about the rules as they are.
func notices(r token.Ruling, broken int) []component.NoticeModel {
	var out []component.NoticeModel
	if r.Sweep.Pending() {
		done := "suspended"
		if r.Sweep.Answer == token.Shorten {
			done = "shortened"
		}
		out = append(out, component.NoticeModel{Kind: "info", Title: "The rules are being applied",
			Text: "The tokens that break them are being " + done + ", as " + r.Sweep.ByName + " decided. This takes a few minutes at most."})
	}
	if broken > 0 && !r.Sweep.Pending() {
		out = append(out, component.NoticeModel{Kind: "info", Title: kit.Count(broken, "token breaks", "tokens break") + " the rules",
			Text: "They keep working until they end.", Links: []component.Link{{Label: "List them", Href: tokenui.BreakingHref()}}})
	}
	return out
}

// sections presents the form.
func (f form) sections(wrong kit.FieldErrors) []page.Section {
	number := func(name, label, help string) component.FormField {
		m := kit.TextField(name, label, help, f.Values, wrong)
		m.Attrs = map[string]any{"inputmode": "numeric"}
		return kit.TextItem(m)
	}
	boxes := func(name, legend, help string, choices ...component.Choice) component.FormField {
		return kit.BoxesItem(kit.BoxesField(name, legend, help, f.Values, wrong, choices))
	}
	longest := "In days, counted from when a token is generated or rotated. Empty: up to ten years. " +
		"A longest lifetime excludes tokens without expiration."
	standard := "In days. Empty: 30, or the longest lifetime if that is shorter."
	groups := kit.TextField(token.FieldRuleGroups, "Groups",
		"One name a line, for \"Members of these groups\". Admins need to be in one as well.",
		f.Values, wrong)
	groups.Value, groups.Rows = plaintext.Clip(plaintext.Mend(f.Get(token.FieldRuleGroups)), maxGroupText), 3
	makers := kit.SelectField(fieldMakers, "Who may generate personal access tokens", f.Values, wrong,
		component.SelectOption{Value: everybody, Label: "Everybody"},
		component.SelectOption{Value: string(token.InGroups), Label: "Members of these groups"},
		component.SelectOption{Value: string(token.Nobody), Label: "Nobody"})
	scopes := kit.SelectField(fieldScopes, "Scopes of personal access tokens", f.Values, wrong,
		component.SelectOption{Value: readWrite, Label: "Read-Only and Read-Write"}, component.SelectOption{Value: readOnly, Label: "Read-Only"})
	return []page.Section{
		{Card: component.CardModel{ID: "personal-rules", Title: kit.PersonalTokenTitle}, Fields: []component.FormField{
			number(token.FieldPersonalLongest, "Longest lifetime of personal access tokens", longest),
			boxes(fieldPersonal, "Personal access tokens without expiration", "",
				component.Choice{Value: forever, Label: "Allow tokens without expiration"}),
			number(token.FieldPersonalDefault, "Default expiration of personal access tokens", standard),
			kit.SelectItem(makers), kit.AreaItem(groups), kit.SelectItem(scopes),
			number(token.FieldMostPersonal, "Personal access tokens per member",
				"Not counting expired ones. Empty: no rule. Members who have more keep them, and cannot generate others."),
		}},
		{Card: component.CardModel{ID: "service-rules", Title: kit.ServiceTokenTitle}, Fields: []component.FormField{
			number(token.FieldServiceLongest, "Longest lifetime of service access tokens", longest),
			boxes(fieldService, "Service access tokens", "",
				component.Choice{Value: forever, Label: "Allow service access tokens without expiration"},
				component.Choice{Value: addresses, Label: "Require allowed addresses for service access tokens"}),
			number(token.FieldServiceDefault, "Default expiration of service access tokens", standard),
		}},
		{Card: component.CardModel{ID: "all-rules", Title: "All tokens"}, Fields: []component.FormField{
			number(token.FieldUnusedDays, "Suspend tokens unused for",
				"In days, at least 30. Empty: never. Owners and contacts are warned 7 days before. "+
					"Time during which the server was down does not count."),
			boxes(fieldAll, "Rotation", "", component.Choice{Value: rotate, Label: "Let tokens rotate themselves"},
				component.Choice{Value: reused, Label: "Suspend a token when an old value of it is used after its end",
					Help: "Anyone who has the old value can then suspend the token."}),
		}},
	}
}

// askDialog asks what happens to the tokens that break new rules.
func askDialog(f form, r token.Rules, broken int, wrong kit.FieldErrors) component.FormDialogModel {
	values := f.Values
	if !values.Has(token.FieldAnswer) {
		values.Set(token.FieldAnswer, string(token.Leave))
	}
	if !values.Has(token.FieldDays) {
		values.Set(token.FieldDays, strconv.Itoa(standardEnd))
	}
	answer := kit.BoxesField(token.FieldAnswer, "What happens to these tokens", "", values, wrong, []component.Choice{
		{Value: string(token.Leave), Label: "Leave them until they end",
			Help: "Rotating them does not make them last longer than the rules allow."},
		{Value: string(token.Shorten), Label: "Shorten them", Help: "They expire after the days below at the latest."},
		{Value: string(token.Suspend), Label: "Suspend them",
			Help: "They are refused immediately. They can be resumed once they keep the rules."}})
	days := kit.TextField(token.FieldDays, "Days until shortened tokens expire", "1 to 365.", values, wrong)
	days.Attrs = map[string]any{"inputmode": "numeric"}
	list, export := tokenui.DraftHrefs(r)
	title := kit.Count(broken, "token breaks", "tokens break") + " the new rules"
	return component.FormDialogModel{
		Dialog: component.DialogModel{ID: "broken-rules", Title: title, CloseHref: kit.RulePath,
			Description: "The rules are not saved yet. They apply to new tokens, and to rotations, as soon as you choose Apply."},
		Action: kit.RulePath, Errors: kit.FormErrors(wrong, token.FieldAnswer, token.FieldDays),
		Notice: &component.NoticeModel{Kind: "info", Title: "See which ones first", Links: []component.Link{
			{Label: "List them", Href: list}, {Label: "Export CSV", Href: export}}},
		Hidden: append(f.carried(), component.HiddenField{Name: fieldTold, Value: strconv.Itoa(broken)}),
		Fields: []component.FormField{{Radios: answer}, kit.TextItem(days)},
		Submit: component.ButtonModel{Label: "Apply"},
	}
}

// savedText says what was done.
func savedText(a token.Answer, done token.Ruled) string {
	text := "The token rules were saved."
	if done.Changed > 0 {
		text += " " + kit.Count(done.Changed, "token was", "tokens were")
		if a == token.Shorten {
			text += " shortened."
		} else {
			text += " suspended."
		}
	}
	if done.More {
		text += " The others follow in the background."
	}
	return text
}

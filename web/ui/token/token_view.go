package token

import (
	"fmt"
	"slices"
	"time"

	"latchkey/internal/token"
	"latchkey/views/component"
	"latchkey/views/page/audit"
	page "latchkey/views/page/token"
	"latchkey/web/ui/kit"
)

// tokenView presents the facts of a token. The handler adds the other sections.
func tokenView(v kit.Visit, t token.Token, rotates bool) page.Token {
	own := t.Kind == token.Personal && t.Owner == v.Member.ID
	m := page.Token{
		Header: component.PageHeaderModel{Title: t.Name, Description: t.Kind.Label(),
			Back: &component.Link{Label: kit.ServiceTokenTitle, Href: kit.ServiceTokenList(t.Kind)}},
		Facts: component.CardModel{ID: "facts", Title: "Facts"},
		Kind:  t.Kind.Label(), SeenBy: "Admins",
		Row: rowView(t, "", v.Now),
	}
	remove := deleteHref(t)
	if t.Kind == token.Personal {
		m.Owner, m.Scope, m.SeenBy = t.OwnerName, t.Scope.Label(), t.OwnerName+" and Admins"
		m.Header.Back = &component.Link{Label: "Tokens of " + t.OwnerName, Href: kit.Path(kit.UserPath, t.Owner)}
	}
	if own {
		m.SeenBy = "You and Admins"
		m.Header.Back = &component.Link{Label: kit.PersonalTokenTitle, Href: kit.PersonalTokenListPath}
		remove = kit.Path(kit.PersonalTokenListPath, t.ID, "delete")
	}
	m.Description = t.Description
	if t.State(v.Now) == token.Suspended || t.Suspension.Set() {
		m.Why, m.Reason = whySuspended(t, v.Now), t.Suspension.Reason
	}
	if rotates && rotatable(t, v.Now) {
		m.Acts = append(m.Acts, component.ButtonModel{Label: "Rotate", Variant: component.Outline, Dialog: true,
			Href: kit.Path(kit.TokenPath, t.ID, "rotate")})
	}
	m.Acts = append(m.Acts, []component.ButtonModel{
		{Label: "Rename", Variant: component.Outline, Dialog: true, Href: kit.Path(kit.TokenPath, t.ID, "rename")},
		{Label: "Describe", Variant: component.Outline, Dialog: true, Href: kit.Path(kit.TokenPath, t.ID, "describe")},
	}...)
	if t.Kind != token.Personal {
		m.Acts = append(m.Acts, component.ButtonModel{Label: "Contact", Variant: component.Outline, Dialog: true,
			Href: kit.Path(kit.ServiceTokenPath, t.ID, "contact")})
	}
	if own || t.Kind != token.Personal {
		m.Acts = append(m.Acts, component.ButtonModel{Label: "Duplicate", Variant: component.Outline, Dialog: t.Kind != token.Workspace,
			Href: duplicateHref(t)})
	}
	switch {
	case t.Suspension.Set():
		m.Acts = append(m.Acts, component.ButtonModel{Label: "Resume", Variant: component.Outline, Dialog: true,
			Href: kit.Path(kit.TokenPath, t.ID, "resume")})
	case !token.ExpiredAt(t.ExpiresAt, v.Now):
		m.Acts = append(m.Acts, component.ButtonModel{Label: "Suspend", Variant: component.Outline, Dialog: true,
			Href: kit.Path(kit.TokenPath, t.ID, "suspend")})
	}
	m.Acts = append(m.Acts, component.ButtonModel{Label: "Delete", Variant: component.Danger, Dialog: true, Href: remove})
	for _, u := range t.LastUsedFrom {
		m.Uses = append(m.Uses, page.Use{Address: u.IP, When: kit.When(u.At, v.Now)})
	}
	return m
}

// grantsView presents what a token may do: first what is granted, in words, then the whole policy.
func grantsView(text string, all *component.PolicyModel) page.Grants {
	m := page.Grants{Card: component.CardModel{ID: "grants", Title: "Grants", Description: text}}
	if all != nil {
		m.Lines = all.Summary.Lines
		all.Summary = component.PolicySummaryModel{}
		m.All = all
	}
	return m
}

// slotWidth is the width of a bar and the gap after it.
const slotWidth = 10

// UsageView presents the counts of the last days, oldest first.
func UsageView(days []token.DayCount) page.Usage {
	m := page.Usage{
		Card: component.CardModel{ID: "usage", Title: "Usage"},
		Text: fmt.Sprintf("No requests in the last %d days.", len(days)),
		Table: component.TableModel{ID: "usage-days", Caption: "Requests and refusals per day (UTC)",
			Columns: []component.Column{{Label: "Day"}, {Label: "Requests"}, {Label: "Refusals"}}},
	}
	requests, refusals, most := 0, 0, 0
	for _, d := range days {
		requests, refusals, most = requests+d.Requests, refusals+d.Refusals, max(most, d.Requests)
	}
	if requests == 0 {
		return m
	}
	m.Text = fmt.Sprintf("%s in the last %d days, %s refused. Days are in UTC.", kit.Count(requests, "request", "requests"), len(days),
		kit.Thousands(refusals))
	m.Bars = &audit.Bars{Picture: true, ViewBox: fmt.Sprintf("0 0 %d 100", len(days)*slotWidth),
		Label: "Requests per day, with the refused ones in red", First: kit.ShortDate(days[0].Day.Time()),
		Last: kit.ShortDate(days[len(days)-1].Day.Time())}
	for i, d := range days {
		m.Bars.Bars = append(m.Bars.Bars, usageBar(d, i, most))
		m.Days = append(m.Days, page.UsageDay{Day: kit.Date(d.Day.Time()), Requests: kit.Thousands(d.Requests),
			Refusals: kit.Thousands(d.Refusals)})
	}
	slices.Reverse(m.Days)
	return m
}

// usageBar returns the bar of a day in the slot from the left. Days with any request or refusal can be seen.
func usageBar(d token.DayCount, slot, most int) audit.Bar {
	b := audit.Bar{Left: fmt.Sprintf("%.1f", float64(slot*slotWidth)+1.5)}
	if d.Requests == 0 {
		return b
	}
	height := max(3, 100*d.Requests/most)
	b.Top, b.Height = fmt.Sprint(100-height), fmt.Sprint(height)
	b.Label = fmt.Sprintf("%s: %s, %s refused", kit.Date(d.Day.Time()), kit.Count(d.Requests, "request", "requests"),
		kit.Thousands(d.Refusals))
	if d.Refusals > 0 {
		marked := min(height, max(3, 100*d.Refusals/most))
		b.Marked, b.MarkedTop = fmt.Sprint(marked), fmt.Sprint(100-marked)
	}
	return b
}

// state returns a token's state in words and colour.
func state(t token.Token, now time.Time) component.StateModel {
	s := t.State(now)
	m := component.StateModel{Text: s.Label()}
	switch s {
	case token.Active:
		m.Tone = component.Good
	case token.ExpiresSoon:
		m.Tone, m.Title = component.Warn, "Expires "+kit.Exact(t.ExpiresAt, now)
	case token.Expired:
		m.Tone, m.Title = component.Bad, "Expired "+kit.Exact(t.ExpiresAt, now)
	case token.Suspended:
		m.Tone, m.Title = component.Neutral, whySuspended(t, now)
	case token.Deleted:
		m.Tone = component.Neutral
	}
	return m
}

// dueTone returns the colour of the text that says when a token ends.
func dueTone(t token.Token, now time.Time) string {
	switch t.State(now) {
	case token.ExpiresSoon:
		return component.Warn
	case token.Expired:
		return component.Bad
	case token.Active, token.Suspended, token.Deleted:
	}
	return component.Neutral
}

// expiry returns when a token ends or has ended.
func expiry(end, now time.Time) component.TimeModel {
	m := kit.Moment(end, now, "No expiration")
	if end.IsZero() {
		return m
	}
	m.Absolute = kit.Exact(end, now)
	if !now.Before(end) {
		m.Text = "Expired " + m.Text
	}
	return m
}

// expires returns a sentence that says when a token ends.
func expires(end, now time.Time) string {
	if end.IsZero() {
		return "Never expires."
	}
	return "Expires " + endText(end, now) + "."
}

// endWords returns a sentence that says when a token with this choice would end; "" if a date decides.
func endWords(c choice, now time.Time) string {
	if c.value == onDate {
		return ""
	}
	return expires(c.endsAt, now)
}

// makerOf returns the name of the person or system that made a token.
func makerOf(t token.Token) string {
	if t.CreatedByName == "" {
		return "an unknown user"
	}
	return t.CreatedByName
}

package profile

import (
	"latchkey/views/component"
	page "latchkey/views/page/profile"
	"latchkey/web/ui/kit"
)

// profileView presents the page "Your Profile". The handler adds its other sections and the frame.
func profileView(v kit.Visit) page.Profile {
	return page.Profile{
		Header: component.PageHeaderModel{Title: kit.ProfileTitle, Description: "Your account, tokens and sessions."},
		Account: page.Account{
			Card: component.CardModel{ID: "account", Title: "Account"},
			Facts: []component.Definition{
				{Term: "Name", Text: v.Member.Name},
				{Term: "Email", Text: v.Member.Email},
				{Term: "Role", Text: kit.RoleLabel(v.Principal.Role)},
				{Term: "Time zone", Text: zoneText(v)},
			},
			Edit: []component.ButtonModel{
				{Label: "Change name", Href: kit.ProfilePath + "/name", Variant: component.Outline, Small: true, Dialog: true},
				{Label: "Change time zone", Href: kit.ProfilePath + "/time-zone", Variant: component.Outline, Small: true, Dialog: true},
				{Label: kit.CalendarTitle, Href: kit.CalendarPath, Variant: component.Outline, Small: true},
				{Label: "Change password", Href: kit.ProfilePath + "/password", Variant: component.Outline, Small: true, Dialog: true},
				{Label: kit.SecurityTitle, Href: kit.SecurityPath, Variant: component.Outline, Small: true, Icon: "shield-check"},
			},
		},
	}
}

// zoneText says in which time zone the visitor sees times, and why.
func zoneText(v kit.Visit) string {
	if kit.Zone(v.Now) == v.Member.TimeZone {
		return v.Member.TimeZone
	}
	return browsersZone + ": " + kit.Zone(v.Now)
}

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
			},
			Edit: []component.ButtonModel{
				{Label: "Change name", Href: kit.ProfilePath + "/name", Variant: component.Outline, Small: true, Dialog: true},
				{Label: "Change password", Href: kit.ProfilePath + "/password", Variant: component.Outline, Small: true, Dialog: true},
			},
		},
	}
}

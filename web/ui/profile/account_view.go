package profile

import (
	"cmp"
	"fmt"

	"github.com/mileusna/useragent"

	"latchkey/internal/plaintext"
	"latchkey/internal/signin"
	"latchkey/views/component"
	page "latchkey/views/page/profile"
	"latchkey/web/ui/kit"
)

func nameDialog(name string, errs kit.FieldErrors) component.FormDialogModel {
	return component.FormDialogModel{
		Dialog: component.DialogModel{ID: "edit-name", Title: "Change your name", CloseHref: kit.ProfilePath},
		Action: kit.ProfilePath + "/name", Submit: component.ButtonModel{Label: "Save"},
		Errors: errs.Summary([]string{"name"}, map[string]string{"name": "profile-name"}),
		Fields: []component.FormField{{Text: &component.FieldModel{ID: "profile-name", Name: "name", Label: "Name", Value: name,
			Error: errs["name"], Autocomplete: "name", Required: true, MaxLength: plaintext.MaxName}}},
	}
}

// passwordDialog returns the dialog that changes the password. It never contains what was typed.
func passwordDialog(errs kit.FieldErrors) component.FormDialogModel {
	return component.FormDialogModel{
		Dialog: component.DialogModel{ID: "edit-password", Title: "Change your password", CloseHref: kit.ProfilePath,
			Description: "All your other sessions will be signed out. Your tokens keep working."},
		Action: kit.ProfilePath + "/password", Submit: component.ButtonModel{Label: "Change password"},
		Errors: errs.Summary([]string{"current", "new"}, map[string]string{"current": "password-current", "new": "password-new"}),
		Fields: []component.FormField{
			{Secret: &component.FieldModel{ID: "password-current", Name: "current", Label: "Current password", Error: errs["current"],
				Autocomplete: "current-password", Required: true}},
			{Secret: &component.FieldModel{ID: "password-new", Name: "new", Label: "New password", Error: errs["new"],
				Autocomplete: "new-password", Required: true,
				Help: fmt.Sprintf("At least %d characters. Length is the only rule.", signin.MinPassword)}},
		},
	}
}

// sessionsView lists the sessions, the current one first.
func sessionsView(list []signin.Session, v kit.Visit) page.Sessions {
	m := page.Sessions{Card: component.CardModel{ID: "sessions", Title: "Sessions", Flush: true,
		Description: "The browsers where you are signed in. If you don't recognize a session, sign it out and change your password."}}
	others := 0
	for _, s := range list {
		row := page.SessionRow{Device: deviceName(s.UserAgent), IP: cmp.Or(s.IP, "unknown"), Current: s.ID == v.By.Ref.ID,
			Started: kit.When(s.CreatedAt, v.Now), LastSeen: kit.When(s.LastSeenAt, v.Now)}
		if row.Current {
			m.List = append([]page.SessionRow{row}, m.List...)
			continue
		}
		row.EndHref = sessionsPath + "/" + s.ID + "/end"
		others++
		m.List = append(m.List, row)
	}
	if others > 0 {
		m.EndOthersHref = sessionsPath + "/end-others"
	}
	return m
}

// deviceName returns the name of a browser in words. It trusts what the browser says about itself.
func deviceName(agent string) string {
	ua := useragent.Parse(agent)
	switch {
	case ua.Name != "" && ua.OS != "":
		return ua.Name + " on " + ua.OS
	case ua.Name != "":
		return ua.Name
	}
	return "Unknown browser"
}

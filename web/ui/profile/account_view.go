package profile

import (
	"slices"

	"latchkey/internal/plaintext"
	"latchkey/internal/signin"
	"latchkey/internal/zone"
	"latchkey/views/component"
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

// browsersZone is the choice of those who choose no time zone.
const browsersZone = "Browser's"

func zoneDialog(chosen string, errs kit.FieldErrors) component.FormDialogModel {
	list := component.SelectModel{ID: "profile-time-zone", Name: "time_zone", Label: "Time zone", Error: errs["time_zone"],
		Options: []component.SelectOption{{Label: browsersZone}}}
	for _, name := range zone.Names() {
		list.Options = append(list.Options, component.SelectOption{Value: name, Label: name, Selected: name == chosen})
	}
	if _, known := zone.Find(chosen); known && !slices.Contains(zone.Names(), chosen) { // an older name
		list.Options = append(list.Options, component.SelectOption{Value: chosen, Label: chosen, Selected: true})
	}
	return component.FormDialogModel{
		Dialog: component.DialogModel{ID: "edit-time-zone", Title: "Change your time zone", CloseHref: kit.ProfilePath,
			Description: "Pages show times in this zone, and dates that you enter are days in it. The API, exports and provisioning use UTC. " +
				"Without JavaScript, \"" + browsersZone + "\" is UTC."},
		Action: kit.ProfilePath + "/time-zone", Submit: component.ButtonModel{Label: "Save"},
		Errors: errs.Summary([]string{"time_zone"}, map[string]string{"time_zone": list.ID}),
		Fields: []component.FormField{{Select: &list}},
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
				Help: signin.PasswordHelp}},
		},
	}
}

// sessionsView lists the sessions, the current one first.
func sessionsView(list []signin.Session, v kit.Visit) component.SessionsModel {
	m := component.SessionsModel{End: "Sign out", Card: component.CardModel{ID: "sessions", Title: "Sessions", Flush: true,
		Description: "The browsers where you are signed in. If you don't recognize a session, sign it out and change your password."}}
	m.List = kit.SessionRows(list, v, func(s signin.Session, current bool) string {
		if current {
			return ""
		}
		return sessionsPath + "/" + s.ID + "/end"
	})
	if len(list) > 1 {
		m.All = &component.ButtonModel{Label: "Sign out all others", Variant: component.Outline}
		m.AllHref = sessionsPath + "/end-others"
	}
	return m
}

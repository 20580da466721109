package profile

import (
	"fmt"

	"latchkey/internal/plaintext"
	"latchkey/internal/signin"
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

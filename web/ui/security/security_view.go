package security

import (
	"net/url"
	"strings"
	"time"

	"latchkey/internal/plaintext"
	"latchkey/internal/signin"
	"latchkey/views/component"
	page "latchkey/views/page/security"
	"latchkey/web/ui/kit"
)

// fewCodes is the number of recovery codes from which on down the page warns.
const fewCodes = 3

// securityView presents the page without its frame. off is why there are no passkeys on this server, or "".
func securityView(has signin.Security, off string, now time.Time) page.Security {
	addApp := component.ButtonModel{Label: "Set up authenticator app", Href: appPath + "/new", Dialog: true}
	addKey := component.ButtonModel{Label: "Add passkey", Href: passkeyPath + "/new", Dialog: true}
	m := page.Security{
		Header: component.PageHeaderModel{Title: kit.SecurityTitle, Description: "How you prove who you are when you sign in.",
			Back: &component.Link{Label: kit.ProfileTitle, Href: kit.ProfilePath}},
		Factors: component.CardModel{ID: "second-factors", Title: "Second factors", Flush: true,
			Description: "With one, your password alone is not enough to sign in. A passkey also signs you in without the password."},
	}
	if len(has.Factors) == 0 {
		m.Empty = &component.EmptyModel{Icon: "shield-check", Inside: true, Title: "No second factor", Action: &addKey,
			Text: "A passkey is kept by your device or password manager, and works by fingerprint, face or PIN. " +
				"An authenticator app shows a new code every 30 seconds.",
			Links: []component.Link{{Label: addApp.Label, Href: addApp.Href}}}
		if off != "" {
			m.Empty.Action, m.Empty.Links, m.Empty.Hint = &addApp, nil, off
		}
		return m
	}
	m.Off = off
	for _, add := range []component.ButtonModel{addKey, addApp} {
		if add.Small, add.Variant = true, component.Outline; off == "" || add.Label != addKey.Label {
			m.Add = append(m.Add, add)
		}
	}
	m.Table = component.TableModel{Caption: "Second factors", Columns: []component.Column{
		{Label: "Name"}, {Label: "Added"}, {Label: "Last used"}, {Label: "Actions", LabelHidden: true, End: true}}}
	for _, f := range has.Factors {
		m.Rows = append(m.Rows, page.Factor{Name: f.Name, Kind: kindText(f, has), Made: kit.When(f.CreatedAt, now),
			Used: kit.When(f.LastUsedAt, now), Rename: component.ButtonModel{Label: "Rename", Context: f.Name, Variant: component.Ghost,
				Href: kit.Path(kit.SecurityPath+"/second-factors", f.ID, "rename"), Small: true, Dialog: true},
			Remove: component.ButtonModel{Label: "Remove", Context: f.Name,
				Href: removePath(f.ID), Variant: component.DangerQuiet, Small: true, Dialog: true}})
	}
	m.Codes = &component.CardModel{ID: "recovery-codes", Title: "Recovery codes",
		Description: "Each stands in for a second factor once, for example when you have lost your phone. Keep them apart from your password."}
	m.Left = kit.Count(has.RecoveryCodes, "code is left.", "codes are left.")
	if has.RecoveryCodes <= fewCodes {
		m.Few = &component.NoticeModel{Kind: "warning", Text: "You have few recovery codes left. Generate new ones before you need them."}
	}
	m.Renew = component.ButtonModel{Label: "New recovery codes", Href: recoveryPath + "/new", Variant: component.Outline, Small: true,
		Dialog: true}
	return m
}

func removePath(id string) string { return kit.Path(kit.SecurityPath+"/second-factors", id, "remove") }

// passwordField returns the field for the current password. It never holds what was typed.
func passwordField(errs kit.FieldErrors) component.FormField {
	return component.FormField{Secret: &component.FieldModel{ID: "form-" + fieldPassword, Name: fieldPassword, Label: "Your password",
		Error: errs[fieldPassword], Autocomplete: "current-password", Required: true}}
}

func newAppDialog(form url.Values, errs kit.FieldErrors) component.FormDialogModel {
	name := kit.TextField(kit.FieldName, "Name", "To tell it apart, for example the name of your phone.", form, errs)
	name.Required, name.MaxLength = true, plaintext.MaxName
	return component.FormDialogModel{
		Dialog: component.DialogModel{ID: "new-app", Title: "Set up authenticator app", CloseHref: kit.SecurityPath},
		Action: appPath, Errors: kit.FormErrors(errs, kit.FieldName, fieldPassword),
		Fields: []component.FormField{kit.TextItem(name), passwordField(errs)}, Submit: component.ButtonModel{Label: "Continue"},
	}
}

func setUpDialog(e signin.Enrolment, errs kit.FieldErrors) page.SetUp {
	return page.SetUp{
		Dialog: component.DialogModel{ID: "set-up-app", Title: "Set up authenticator app", CloseHref: kit.SecurityPath,
			Description: "Scan the QR code with the app, or type the key into it. Then enter the code that the app shows. " +
				"All your other sessions will be signed out."},
		QR: e.QR, Key: component.CodeModel{ID: "set-up-key", Label: "Key", Text: e.Key, Copy: "Copy key", Secret: true},
		Action: kit.Path(appPath, e.Factor.ID), Errors: kit.FormErrors(errs, fieldCode),
		Code: component.FieldModel{ID: "form-" + fieldCode, Name: fieldCode, Label: "Code", Error: errs[fieldCode], Autocomplete: "one-time-code",
			Required: true, Autofocus: len(errs) == 0, MaxLength: 12, Attrs: map[string]any{"inputmode": "numeric"}},
	}
}

func codesDialog(codes []string) page.Codes {
	return page.Codes{
		Dialog: component.DialogModel{ID: "recovery-codes-new", Title: "Recovery codes", CloseHref: kit.SecurityPath},
		Notice: component.NoticeModel{Kind: "warning", Text: "Save these codes now. You won't be able to see them again. " +
			"Each works once. Earlier codes no longer work."},
		Text: component.CodeModel{ID: "recovery-codes-text", Label: "Recovery codes", Text: strings.Join(codes, "\n"), Secret: true},
	}
}

func removeDialog(f signin.Factor, errs kit.FieldErrors) component.FormDialogModel {
	gone := "Its codes no longer work. "
	if f.Kind == signin.PasskeyFactor {
		gone = "It no longer signs you in here. Delete it from your device or password manager as well. "
	}
	return component.FormDialogModel{
		Dialog: component.DialogModel{ID: "remove-factor", Title: "Remove " + f.Name + "?", CloseHref: kit.SecurityPath,
			Description: gone + "Without any second factor your password is enough to sign in, and your recovery codes are deleted."},
		Action: removePath(f.ID), Errors: kit.FormErrors(errs, fieldPassword), Fields: []component.FormField{passwordField(errs)},
		Submit: component.ButtonModel{Label: "Remove", Variant: component.Danger},
	}
}

func newCodesDialog(errs kit.FieldErrors) component.FormDialogModel {
	return component.FormDialogModel{
		Dialog: component.DialogModel{ID: "new-codes", Title: "New recovery codes", CloseHref: kit.SecurityPath,
			Description: "You get ten new codes. The earlier ones stop working."},
		Action: recoveryPath, Errors: kit.FormErrors(errs, fieldPassword), Fields: []component.FormField{passwordField(errs)},
		Submit: component.ButtonModel{Label: "Generate"},
	}
}

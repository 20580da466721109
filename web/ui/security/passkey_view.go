package security

import (
	"net/url"

	"latchkey/internal/plaintext"
	"latchkey/internal/signin"
	"latchkey/views/component"
	page "latchkey/views/page/security"
	"latchkey/web/ui/kit"
)

func newPasskeyDialog(form url.Values, errs kit.FieldErrors) component.FormDialogModel {
	name := kit.TextField(kit.FieldName, "Passkey name",
		"To tell it apart, for example the name of the device or password manager.", form, errs)
	name.Required, name.MaxLength = true, plaintext.MaxName
	return component.FormDialogModel{
		Dialog: component.DialogModel{ID: "new-passkey", Title: "Add passkey", CloseHref: kit.SecurityPath},
		Action: passkeyPath, Errors: kit.FormErrors(errs, kit.FieldName, fieldPassword),
		Fields: []component.FormField{kit.TextItem(name), passwordField(errs)}, Submit: component.ButtonModel{Label: "Continue"},
	}
}

func createDialog(f signin.Factor, problem string) page.Create {
	m := page.Create{
		Dialog: component.DialogModel{ID: "create-passkey", Title: "Create passkey " + f.Name, CloseHref: kit.SecurityPath,
			Description: "Your browser asks where to keep the passkey: on this device, in a password manager, on your phone or on a " +
				"security key with a PIN. All your other sessions will be signed out."},
		Form: *kit.PasskeyForm("create", kit.Path(passkeyPath, f.ID),
			component.ButtonModel{Label: "Create passkey", Attrs: map[string]any{"autofocus": true}}),
	}
	m.Form.Without = "Turn it on, or set up an authenticator app instead."
	if problem != "" {
		m.Errors.Errors = []component.FieldError{{Text: problem}}
	}
	return m
}

func renameDialog(f signin.Factor, form url.Values, errs kit.FieldErrors) component.FormDialogModel {
	name := kit.TextField(kit.FieldName, "Name", "", form, errs)
	name.Required, name.MaxLength = true, plaintext.MaxName
	return component.FormDialogModel{
		Dialog: component.DialogModel{ID: "rename-factor", Title: "Rename " + f.Name, CloseHref: kit.SecurityPath},
		Action: kit.Path(kit.SecurityPath+"/second-factors", f.ID, "rename"), Errors: kit.FormErrors(errs, kit.FieldName),
		Fields: []component.FormField{kit.TextItem(name)}, Submit: component.ButtonModel{Label: "Rename"},
	}
}

// kindText says in words what a factor is.
func kindText(f signin.Factor, has signin.Security) string {
	if f.Kind != signin.PasskeyFactor {
		return "Authenticator app"
	}
	for _, p := range has.Passkeys {
		switch {
		case p.Factor.ID != f.ID:
		case !p.Works:
			return "Passkey for " + p.Party + ", not for this address"
		case p.IsCopied:
			return "Passkey, synced or backed up"
		case p.MayBeCopied:
			return "Passkey, not backed up yet"
		}
	}
	return "Passkey on one device"
}

package sso

import (
	"net/url"
	"strings"

	"latchkey/internal/account"
	"latchkey/internal/identity"
	"latchkey/views/component"
	"latchkey/web/ui/kit"
)

// Fields that only this area has.
const (
	fieldPreset = "preset"
	fieldAgain  = "admin_again"
	again       = "yes"
)

// address returns the address of a provider's page.
func address(id string) string { return kit.Path(kit.ProviderPath, id) }

// settings returns what the form of a provider says.
func settings(form url.Values) identity.Settings {
	return identity.Settings{Preset: form.Get(fieldPreset), Name: form.Get(identity.FieldName), Issuer: form.Get(identity.FieldIssuer),
		ClientID: form.Get(identity.FieldClientID), Secret: form.Get(identity.FieldSecret),
		Domains:    strings.FieldsFunc(form.Get(identity.FieldDomains), func(r rune) bool { return strings.ContainsRune(" ,;\t\r\n", r) }),
		NewMembers: identity.NewMembers(form.Get(identity.FieldNewMembers)), MetadataURL: form.Get(identity.FieldMetadataURL),
		Metadata: form.Get(identity.FieldMetadata), SubjectAttribute: form.Get(identity.FieldSubject)}
}

// fields returns the fields of the form of a provider. secret is the help of the client secret.
func fields(form url.Values, errors kit.FieldErrors, secret string) []component.FormField {
	preset := identity.PresetOf(form.Get(fieldPreset))
	name := kit.TextField(identity.FieldName, "Name", "The sign-in page says \"Continue with\" and this name.", form, errors)
	name.Required, name.Autofocus = true, len(errors) == 0
	domains := kit.TextField(identity.FieldDomains, "Email domains", "Separate with commas or new lines. "+
		"The provider is trusted with addresses of these domains, and their people are sent to it.", form, errors)
	domains.Optional, domains.Rows = true, 2
	members := component.FormField{Radios: kit.BoxesField(identity.FieldNewMembers, "New members",
		"What happens to people who are not members yet.",
		form, errors, newMembers())}
	if preset.Kind == identity.KindSAML {
		return append(append([]component.FormField{kit.TextItem(name)}, samlFields(preset, form, errors)...), kit.AreaItem(domains), members)
	}
	issuer := kit.TextField(identity.FieldIssuer, "Issuer URL", preset.IssuerHelp+" For example "+preset.Issuer, form, errors)
	issuer.Required = true
	issuer.Attrs = map[string]any{"inputmode": "url", "autocapitalize": "none", "spellcheck": "false"}
	client := kit.TextField(identity.FieldClientID, "Client ID", "", form, errors)
	client.Required = true
	hidden := component.FieldModel{ID: "form-" + identity.FieldSecret, Name: identity.FieldSecret, Label: "Client secret", Help: secret,
		Error: errors[identity.FieldSecret], Autocomplete: "off"}
	return []component.FormField{kit.TextItem(name), kit.TextItem(issuer), kit.TextItem(client), {Secret: &hidden}, kit.AreaItem(domains),
		members}
}

// samlFields returns the fields that only SAML has.
func samlFields(preset identity.Preset, form url.Values, errors kit.FieldErrors) []component.FormField {
	address := kit.TextField(identity.FieldMetadataURL, "Metadata URL",
		preset.IssuerHelp+" It is read again every 6 hours, so new certificates work by themselves.", form, errors)
	address.Optional = true
	address.Attrs = map[string]any{"inputmode": "url", "autocapitalize": "none", "spellcheck": "false"}
	pasted := kit.TextField(identity.FieldMetadata, "Metadata", "If the provider has no URL for it: paste its XML.", form, errors)
	pasted.Optional, pasted.Rows = true, 4
	subject := kit.TextField(identity.FieldSubject, "Subject attribute", "The attribute that says who somebody is and never changes. "+
		"Empty: the NameID. Another one later removes the links to members.", form, errors)
	subject.Optional = true
	return []component.FormField{kit.TextItem(address), kit.AreaItem(pasted), kit.TextItem(subject)}
}

// newMembers returns the choices for people who are no members.
func newMembers() []component.Choice {
	return []component.Choice{
		{Value: string(identity.Refuse), Label: "Refuse", Help: "Invitations or SCIM add members."},
		{Value: string(identity.Add), Label: "Add with baseline access"},
		{Value: string(identity.Wait), Label: "Add, but wait for approval", Help: "They can sign in once an Admin has activated them."},
	}
}

func fieldOrder() []string {
	return []string{identity.FieldName, identity.FieldMetadataURL, identity.FieldMetadata, identity.FieldSubject,
		identity.FieldIssuer, identity.FieldClientID, identity.FieldSecret, identity.FieldDomains,
		identity.FieldNewMembers}
}

func newDialog(form url.Values, errors kit.FieldErrors) component.FormDialogModel {
	preset := identity.PresetOf(form.Get(fieldPreset))
	return component.FormDialogModel{
		Dialog: component.DialogModel{ID: "new-provider", Title: preset.Dialog, CloseHref: kit.ProviderPath,
			Description: "After this, you will see the addresses to enter at the provider. Nobody can sign in with it until you enable it."},
		Action: kit.ProviderPath, Errors: kit.FormErrors(errors, fieldOrder()...),
		Fields: fields(form, errors, "It is stored encrypted and not shown again."),
		Hidden: []component.HiddenField{
			{Name: kit.FieldSubmission, Value: form.Get(kit.FieldSubmission)},
			{Name: fieldPreset, Value: preset.Key}},
		Submit: component.ButtonModel{Label: "Save"},
	}
}

func editDialog(id string, form url.Values, errors kit.FieldErrors) component.FormDialogModel {
	return component.FormDialogModel{
		Dialog: component.DialogModel{ID: "edit-provider", Title: "Edit identity provider", CloseHref: address(id)},
		Action: address(id) + "/edit", Errors: kit.FormErrors(errors, fieldOrder()...),
		Fields: fields(form, errors, "Leave it empty to keep the secret. "+
			"Another issuer needs its own secret, removes the links to members and ends their sessions."),
		Hidden: []component.HiddenField{{Name: fieldPreset, Value: form.Get(fieldPreset)}},
		Submit: component.ButtonModel{Label: "Save"},
	}
}

// rules returns what the form of groups says.
func rules(form url.Values) identity.Rules {
	return identity.Rules{Claim: form.Get(identity.FieldClaim), Table: strings.Split(form.Get(identity.FieldTable), "\n"),
		AdminGroup: form.Get(identity.FieldAdminGroup), AdminAgain: form.Get(fieldAgain) == again}
}

// tableText returns the table of groups as lines of the form.
func tableText(p identity.Provider, groups []account.Group) string {
	var lines []string
	for _, m := range p.Groups {
		if name := groupName(groups, m.Group); name != "" {
			lines = append(lines, m.Value+" = "+name)
		}
	}
	return strings.Join(lines, "\n")
}

// groupName returns the name of a group; "" if it is gone.
func groupName(groups []account.Group, id string) string {
	for _, g := range groups {
		if g.ID == id {
			return g.Name
		}
	}
	return ""
}

func rulesDialog(id string, form url.Values, errors kit.FieldErrors) component.FormDialogModel {
	claim := kit.TextField(identity.FieldClaim, "Groups claim", "The claim that lists a person's groups. Empty leaves groups alone.",
		form, errors)
	claim.Optional, claim.Autofocus = true, len(errors) == 0
	table := kit.TextField(identity.FieldTable, "Group mapping", "One per line: value at the provider = group in Latchkey. "+
		"Members get these groups at each sign-in, and lose those that the claim does not name.", form, errors)
	table.Optional, table.Rows = true, 6
	admins := kit.TextField(identity.FieldAdminGroup, "Admins are in", "People with this value become Admins, all others Members. "+
		"The last active Admin always stays one. Empty leaves roles alone.", form, errors)
	admins.Optional = true
	return component.FormDialogModel{
		Dialog: component.DialogModel{ID: "provider-groups", Title: "Groups", CloseHref: address(id)},
		Action: address(id) + "/groups", Errors: kit.FormErrors(errors, identity.FieldClaim, identity.FieldTable, identity.FieldAdminGroup),
		Fields: []component.FormField{kit.TextItem(claim), kit.AreaItem(table), kit.TextItem(admins),
			kit.BoxesItem(kit.BoxesField(fieldAgain, "Demoted Admins", "", form, errors, []component.Choice{
				{Value: again, Label: "Also make those Admins whom an Admin has demoted"}}))},
		Submit: component.ButtonModel{Label: "Save"},
	}
}

func disableDialog(p identity.Provider) component.AlertDialogModel {
	return component.AlertDialogModel{ID: "disable-provider", Title: "Disable " + p.Name + "?", Confirm: "Yes, disable",
		Consequence: "Nobody can sign in with it, and all sessions that began with it end now.",
		Action:      address(p.ID) + "/disable", CancelHref: address(p.ID)}
}

func removeDialog(p identity.Provider) component.AlertDialogModel {
	return component.AlertDialogModel{ID: "remove-provider", Title: "Remove " + p.Name + "?", Confirm: "Yes, remove",
		Consequence: "All sessions that began with it end now, and the links to members are removed. Members stay. This cannot be undone.",
		Action:      address(p.ID) + "/remove", CancelHref: address(p.ID)}
}

func unlinkDialog(p identity.Provider, member string) component.AlertDialogModel {
	return component.AlertDialogModel{ID: "unlink-member", Title: "Unlink this member from " + p.Name + "?", Confirm: "Yes, unlink",
		Consequence: "Their sessions that began with it end now. Their next sign-in links them again if their address is proven.",
		Action:      kit.Path(address(p.ID), "members", member, "unlink"), CancelHref: address(p.ID)}
}

package apiclient

import (
	"cmp"
	"net/url"
	"time"

	"latchkey/internal/apiclient"
	"latchkey/views/component"
	page "latchkey/views/page/apiclient"
	"latchkey/web/ui/kit"
)

// clientsView presents the tab. The handler adds the frame.
func clientsView(clients []apiclient.Client, baseURL string, now time.Time) page.Clients {
	var m page.Clients
	add := &component.ButtonModel{Label: "Add API client", Icon: "plus", Href: kit.ClientPath + "/new", Dialog: true}
	m.Card = component.CardModel{ID: "api-clients", Title: kit.ClientTitle, Flush: true,
		Description: "Services that can validate the tokens they receive."}
	m.HowTo = component.CardModel{ID: "ask", Title: "How a service validates a token",
		Description: "With token introspection (RFC 7662), its client ID and its secret. It can also revoke a token that it receives (RFC 7009)."}
	m.Lines = []component.CodeModel{
		{ID: "introspect", Label: "Validate this token", Text: requestLine("CLIENT_ID:SECRET", baseURL, "introspect")},
		{ID: "revoke", Label: "Revoke this token", Text: requestLine("CLIENT_ID:SECRET", baseURL, "revoke")},
	}
	if len(clients) == 0 {
		m.Empty = &component.EmptyModel{Icon: "server", Inside: true, Action: add, Title: "No API clients yet",
			Text: "Add one for each service that has to validate the tokens it receives.",
			Hint: "A proxy in front of an API does not need one. It sends the token itself to /auth/verify."}
		return m
	}
	m.Card.Action = add
	m.Table = component.TableModel{ID: "api-clients-list", Caption: "All API clients", Columns: []component.Column{
		{Label: "Name"}, {Label: "Secret"}, {Label: "Created"}, {Label: "Actions", LabelHidden: true, End: true}}}
	for _, c := range clients {
		m.Rows = append(m.Rows, clientRow(c, now))
	}
	return m
}

func clientRow(c apiclient.Client, now time.Time) page.Row {
	return page.Row{Name: c.Name, ID: c.ID, Hint: c.Hint, Maker: cmp.Or(c.CreatedByName, "an unknown user"),
		Created: kit.When(c.CreatedAt, now), ChecksAddresses: c.ChecksAddresses,
		Delete: component.ButtonModel{Label: "Delete", Context: c.Name, Variant: component.DangerQuiet, Small: true,
			Href: kit.Path(kit.ClientPath, c.ID) + "/delete", Dialog: true}}
}

// requestLine returns a command that sends a token to an endpoint below /oauth2.
func requestLine(credential, baseURL, endpoint string) string {
	return `curl -u "` + credential + `" --data-urlencode "token=TOKEN" ` + baseURL + "/oauth2/" + endpoint
}

// fieldChecks is the box that says that a service checks addresses itself.
const fieldChecks = "checks_addresses"

func newClientDialog(form url.Values, errors kit.FieldErrors) component.FormDialogModel {
	name := kit.TextField(kit.FieldName, "Name", "The service that will use it.", form, errors)
	name.Required, name.Autofocus = true, len(errors) == 0
	checks := component.ChoiceGroupModel{ID: "checks", Name: fieldChecks, Legend: "Allowed addresses", Choices: []component.Choice{{
		ID: "checks-addresses", Value: "on", Label: "Checks addresses itself", Checked: form.Has(fieldChecks),
		Help: "It gets the allowed addresses of a token and compares them with its client's address. " +
			"Otherwise it must send that address as client_ip, or tokens with allowed addresses are inactive."}}}
	return component.FormDialogModel{
		Dialog: component.DialogModel{ID: "new-api-client", Title: "New API Client", CloseHref: kit.ClientPath,
			Description: "After this, you will see its secret once."},
		Action: kit.ClientPath, Errors: kit.FormErrors(errors, kit.FieldName),
		Fields: []component.FormField{kit.TextItem(name), kit.BoxesItem(&checks)},
		Hidden: []component.HiddenField{{Name: kit.FieldSubmission, Value: form.Get(kit.FieldSubmission)}},
		Submit: component.ButtonModel{Label: "Add"},
	}
}

// revealClientDialog returns the dialog that shows the secret of a new client. It cannot be shown again.
func revealClientDialog(c apiclient.Registered, baseURL string) component.RevealModel {
	return component.RevealModel{ID: "reveal", Title: "Your new API client", Label: "Secret", Value: c.Secret.Reveal(),
		CloseHref: kit.ClientPath, Warning: "Make sure to copy this secret now. You won't be able to see it again.",
		Facts: []component.Definition{{Term: "Name", Text: c.Name}, {Term: "Client ID", Text: c.ID, Code: true}},
		Curl:  requestLine(c.ID+":"+c.Secret.Reveal(), baseURL, "introspect")}
}

func deleteClientDialog(c apiclient.Client) component.AlertDialogModel {
	return component.AlertDialogModel{ID: "delete-api-client", Title: "Delete API client " + c.Name + "?",
		Consequence: "The service that uses it can no longer validate tokens, effective immediately. " +
			"Tokens are not affected. This cannot be undone.",
		Action: kit.Path(kit.ClientPath, c.ID) + "/delete", CancelHref: kit.ClientPath}
}

// submittedClientNotice returns the answer to a form that was sent twice.
func submittedClientNotice() component.NoticeModel {
	return component.NoticeModel{Kind: "warning", Title: "This form was already sent", Live: true,
		Text: "The API client was added, and its secret was shown once. It cannot be shown again. " +
			"If you did not copy it, delete the client and add another one.",
		Links: []component.Link{{Label: "Add another API client", Href: kit.ClientPath + "/new"}}}
}

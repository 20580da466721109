package notify

import (
	"net/url"

	"latchkey/internal/notify"
	"latchkey/views/component"
	"latchkey/web/ui/kit"
)

// address returns the address of a webhook's page.
func address(id string) string { return kit.Path(kit.NotificationPath, id) }

// settings returns what the form of a webhook says.
func settings(form url.Values) notify.Settings {
	return notify.Settings{URL: form.Get(notify.FieldURL), Events: form[notify.FieldEvents]}
}

// fields returns the fields of the form of a webhook.
func fields(form url.Values, errors kit.FieldErrors) []component.FormField {
	target := kit.TextField(notify.FieldURL, "URL", "Messages are sent there with POST, signed with a secret.", form, errors)
	target.Required, target.Autofocus = true, len(errors) == 0
	target.Attrs = map[string]any{"inputmode": "url", "autocapitalize": "none", "spellcheck": "false"}
	var events []component.Choice
	for _, k := range notify.Offered() {
		events = append(events, component.Choice{Value: k.Type, Label: k.Label, Help: k.Type})
	}
	return []component.FormField{kit.TextItem(target), kit.BoxesItem(kit.BoxesField(notify.FieldEvents, "Events", "", form, errors, events))}
}

func newDialog(form url.Values, errors kit.FieldErrors) component.FormDialogModel {
	return component.FormDialogModel{
		Dialog: component.DialogModel{ID: "new-webhook", Title: "Add webhook", CloseHref: kit.NotificationPath,
			Description: "After this, you will see its signing secret once."},
		Action: kit.NotificationPath, Errors: kit.FormErrors(errors, notify.FieldURL, notify.FieldEvents), Fields: fields(form, errors),
		Hidden: []component.HiddenField{{Name: kit.FieldSubmission, Value: form.Get(kit.FieldSubmission)}},
		Submit: component.ButtonModel{Label: "Save"},
	}
}

func editDialog(id string, form url.Values, errors kit.FieldErrors) component.FormDialogModel {
	return component.FormDialogModel{
		Dialog: component.DialogModel{ID: "edit-webhook", Title: "Edit webhook", CloseHref: address(id)},
		Action: address(id) + "/edit", Errors: kit.FormErrors(errors, notify.FieldURL, notify.FieldEvents), Fields: fields(form, errors),
		Submit: component.ButtonModel{Label: "Save"},
	}
}

// revealDialog returns the dialog that shows a new secret. It cannot be shown again.
func revealDialog(made notify.Made, title string) component.RevealModel {
	return component.RevealModel{ID: "reveal", Title: title, Label: "Signing secret", Value: made.Secret.Reveal(),
		CloseHref: address(made.ID), Warning: "Make sure to copy this secret now. You won't be able to see it again.",
		Facts: []component.Definition{{Term: "URL", Text: made.URL}}}
}

func rollDialog(w notify.Webhook, key string) component.AlertDialogModel {
	return component.AlertDialogModel{ID: "roll-webhook", Title: "Roll the signing secret of " + w.Host() + "?",
		Consequence: "You will see the new secret once. For 24 hours, messages are signed with both the old and the new secret.",
		Action:      address(w.ID) + "/roll", CancelHref: address(w.ID), Confirm: "Yes, roll",
		Hidden: []component.HiddenField{{Name: kit.FieldSubmission, Value: key}}}
}

func deleteDialog(w notify.Webhook) component.AlertDialogModel {
	return component.AlertDialogModel{ID: "delete-webhook", Title: "Delete webhook " + w.Host() + "?",
		Consequence: "Nothing more is sent to it, and its deliveries are removed. This cannot be undone.",
		Action:      address(w.ID) + "/delete", CancelHref: address(w.ID)}
}

// submittedNotice returns the answer to a form that was sent twice.
func submittedNotice() component.NoticeModel {
	return component.NoticeModel{Kind: "warning", Title: "This form was already sent", Live: true,
		Text: "The signing secret was shown once and cannot be shown again. If you did not copy it, roll the secret of the webhook."}
}

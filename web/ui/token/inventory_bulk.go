package token

import (
	"cmp"
	"context"
	"net/url"
	"slices"
	"time"

	"latchkey/internal/token"
	"latchkey/views/component"
	"latchkey/web/ui/kit"
)

// bulkAct is what can be done with several tokens at once, after a dialog.
type bulkAct struct {
	name   string // the last part of its address
	button component.ButtonModel
	ask    func(tokens []token.Token, form url.Values, wrong kit.FieldErrors, now time.Time) component.FormDialogModel
	do     func(ctx context.Context, v kit.Visit, sel token.Selection, form url.Values) (changed []token.Token, err error)
	done   func(changed []token.Token, now time.Time) string
	none   string // why nothing was changed
}

// bulkActs returns what the inventory offers, the least severe first.
func (h *Handlers) bulkActs() []bulkAct {
	return []bulkAct{
		{name: "suspend", button: component.ButtonModel{Label: "Suspend", Variant: component.Outline}, ask: suspendTokensDialog,
			do: func(ctx context.Context, v kit.Visit, sel token.Selection, form url.Values) ([]token.Token, error) {
				return h.inventory.Suspend(ctx, v.By, sel, form.Get(fieldReason))
			},
			done: was(" suspended"), none: "all of them are suspended already or have expired."},
		{name: "resume", button: component.ButtonModel{Label: "Resume", Variant: component.Outline}, ask: resumeTokensDialog,
			do: func(ctx context.Context, v kit.Visit, sel token.Selection, _ url.Values) ([]token.Token, error) {
				return h.inventory.Resume(ctx, v.By, sel)
			},
			done: was(" resumed"), none: "none of them was suspended by somebody."},
		{name: "shorten", button: component.ButtonModel{Label: "Shorten expiration", Context: "of ", Variant: component.Outline},
			ask: shortenTokensDialog,
			do: func(ctx context.Context, v kit.Visit, sel token.Selection, form url.Values) ([]token.Token, error) {
				return h.inventory.Shorten(ctx, v.By, sel, endOf(form, v.Now))
			},
			done: func(changed []token.Token, now time.Time) string {
				return kit.Count(len(changed), "token expires", "tokens expire") + " " + endText(changed[0].ExpiresAt, now) + "."
			}, none: "all of them expire earlier."},
		{name: "delete", button: component.ButtonModel{Label: "Delete", Variant: component.DangerQuiet}, ask: deleteTokensDialog,
			do: func(ctx context.Context, v kit.Visit, sel token.Selection, _ url.Values) ([]token.Token, error) {
				return h.inventory.Delete(ctx, v.By, sel)
			},
			done: was(" deleted")},
	}
}

// was returns the notice that something was done with tokens.
func was(done string) func([]token.Token, time.Time) string {
	return func(changed []token.Token, _ time.Time) string {
		if len(changed) == 1 {
			return "Token " + changed[0].Name + " was" + done + "."
		}
		return kit.Count(len(changed), "token was", "tokens were") + done + "."
	}
}

// endOf returns the expiration that a form chooses. It is in the past for none.
func endOf(form url.Values, now time.Time) time.Time {
	f := parseForm(form)
	if end := f.expiresAt(now); !end.IsZero() {
		return end
	}
	return time.Unix(0, 0)
}

// bulkDialog returns a dialog about tokens. title names one of them, or how many they are.
func bulkDialog(title string, tokens []token.Token, text string, wrong kit.FieldErrors,
	submit component.ButtonModel) component.FormDialogModel {
	what := kit.Count(len(tokens), "token", "tokens")
	if len(tokens) == 1 {
		what = "token " + tokens[0].Name
	}
	return component.FormDialogModel{Errors: formErrors(wrong), Submit: submit,
		Dialog: component.DialogModel{ID: "bulk-tokens", Title: title + what, Description: text}}
}

func suspendTokensDialog(tokens []token.Token, form url.Values, wrong kit.FieldErrors, _ time.Time) component.FormDialogModel {
	m := bulkDialog("Suspend ", tokens, "Anything that uses them is refused immediately, until they are resumed.", wrong,
		component.ButtonModel{Label: "Suspend", Variant: component.Danger})
	m.Fields = []component.FormField{kit.AreaItem(reasonField(form.Get(fieldReason), wrong))}
	return m
}

func resumeTokensDialog(tokens []token.Token, _ url.Values, wrong kit.FieldErrors, _ time.Time) component.FormDialogModel {
	return bulkDialog("Resume ", tokens,
		"Anyone who has them can use them again immediately, unless they have expired or their owner is deactivated.",
		wrong, component.ButtonModel{Label: "Yes, resume"})
}

func shortenTokensDialog(tokens []token.Token, form url.Values, wrong kit.FieldErrors, now time.Time) component.FormDialogModel {
	f := tokenForm{expiration: cmp.Or(form.Get(fieldExpiration), defaultExpiration), date: form.Get(fieldDate)}
	if f.expiration == never {
		f.expiration = defaultExpiration
	}
	m := bulkDialog("Shorten expiration of ", tokens,
		"They expire then at the latest. Tokens that expire earlier keep their expiration.",
		wrong, component.ButtonModel{Label: "Shorten expiration"})
	expiry := expiryField(f, wrong, token.Lifetime{}, now)
	isNever := func(o component.SelectOption) bool { return o.Value == never }
	expiry.Select.Options = slices.DeleteFunc(expiry.Select.Options, isNever)
	m.Fields = []component.FormField{{Expiry: &expiry}}
	return m
}

func deleteTokensDialog(tokens []token.Token, _ url.Values, wrong kit.FieldErrors, _ time.Time) component.FormDialogModel {
	return bulkDialog("Delete ", tokens, "Anything that uses them stops working immediately. This cannot be undone.", wrong,
		component.ButtonModel{Label: "Yes, delete"})
}

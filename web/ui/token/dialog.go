package token

import (
	"net/url"
	"time"

	"github.com/labstack/echo/v4"

	"latchkey/internal/token"
	"latchkey/views/component"
	"latchkey/web/ui/kit"
)

// DeleteDialog returns the dialog that asks before t is deleted. The token's delete page is below
// base, and "Cancel" leads to cancel.
func DeleteDialog(t token.Token, base, cancel string, now time.Time) *component.AlertDialogModel {
	return &component.AlertDialogModel{
		ID: "delete-token", Title: "Delete token " + t.Name + "?",
		Consequence: "Anything that uses it stops working immediately. This cannot be undone.",
		Action:      base + "/" + url.PathEscape(t.ID) + "/delete", CancelHref: cancel,
		Details: []string{lastUse(t, now)},
	}
}

// lastUse returns a sentence that says when a token was last used.
func lastUse(t token.Token, now time.Time) string {
	if t.LastUsedAt.IsZero() {
		return "Never used."
	}
	return "Last used " + kit.Relative(t.LastUsedAt, now) + " (" + kit.Absolute(t.LastUsedAt, now) + ")."
}

// DeleteToken deletes t and redirects to list with a notice.
func (h *Handlers) DeleteToken(c echo.Context, v kit.Visit, t token.Token, list string) error {
	if _, err := h.tokens.Delete(c.Request().Context(), v.By, t.ID); err != nil {
		return err
	}
	return h.site.Done(c, list, "Token "+t.Name+" was deleted.")
}

// revealDialog returns the dialog that shows the secret of a new token. The secret cannot be shown again.
func revealDialog(g token.Generated, baseURL, closeHref string, now time.Time) *component.RevealModel {
	m := &component.RevealModel{
		ID: "reveal", Title: "Your new token", Value: g.Secret.Reveal(), CloseHref: closeHref,
		Curl:  `curl -H "Authorization: Bearer ` + g.Secret.Reveal() + `" ` + baseURL + "/v2/token",
		Facts: []component.Definition{{Term: "Name", Text: g.Name}},
	}
	if g.WorkspaceName != "" {
		m.Facts = append(m.Facts, component.Definition{Term: "Workspace", Text: g.WorkspaceName})
	}
	if g.Scope != "" {
		m.Facts = append(m.Facts, component.Definition{Term: "Scope", Text: g.Scope.Label()})
	}
	m.Facts = append(m.Facts, component.Definition{Term: "Expiration", Text: expires(g.ExpiresAt, now)})
	if !g.Addresses.None() {
		m.Facts = append(m.Facts, component.Definition{Term: "Allowed addresses", Text: allowedWords(g.Addresses)})
	}
	return m
}

// submittedNotice returns the answer to a form that was sent twice.
func submittedNotice(list, again string) *component.NoticeModel {
	return &component.NoticeModel{Kind: "warning", Title: "This form was already sent", Live: true,
		Text: "The token was generated, and its value was shown once. It cannot be shown again. " +
			"If you did not copy it, delete the token and generate another one.",
		Links: []component.Link{{Label: "See your tokens", Href: list}, {Label: "Generate another token", Href: again}}}
}

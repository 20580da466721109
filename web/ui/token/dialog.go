package token

import (
	"net/url"
	"time"

	"github.com/labstack/echo/v4"

	"latchkey/internal/token"
	"latchkey/views/component"
	"latchkey/web/ui/kit"
)

// DeleteDialog asks before a token goes.
func DeleteDialog(t token.Token, base, cancel string, now time.Time) *component.AlertDialogModel {
	m := &component.AlertDialogModel{
		ID: "delete-token", Title: "Delete token " + t.Name + "?",
		Consequence: "Whatever uses it stops working at once. This cannot be undone.",
		Action:      base + "/" + url.PathEscape(t.ID) + "/delete", CancelHref: cancel,
		Details: []string{"It was never used."},
	}
	if !t.LastUsedAt.IsZero() {
		m.Details = []string{"Last used " + kit.Relative(t.LastUsedAt, now) + " (" + kit.Absolute(t.LastUsedAt) + ")."}
	}
	return m
}

// DeleteToken deletes t, leaves a notice and leads to the list.
func (h *Handlers) DeleteToken(c echo.Context, v kit.Visit, t token.Token, list string) error {
	if _, err := h.tokens.Delete(c.Request().Context(), v.By, t.ID); err != nil {
		return err
	}
	return h.site.Done(c, list, "Token "+t.Name+" was deleted.")
}

// revealDialog shows the secret of a new token, this once.
func revealDialog(g token.Generated, baseURL, closeHref string) *component.RevealModel {
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
	m.Facts = append(m.Facts, component.Definition{Term: "Expiration", Text: expires(g.ExpiresAt)})
	return m
}

// submittedNotice answers a form that was sent twice.
func submittedNotice(list, again string) *component.NoticeModel {
	return &component.NoticeModel{Kind: "warning", Title: "This form was already sent", Live: true,
		Text: "This form was already sent, and the token exists: its value was shown once and cannot be shown again. " +
			"If you did not copy it, delete the token and generate another.",
		Links: []component.Link{{Label: "See your tokens", Href: list}, {Label: "Generate another token", Href: again}}}
}

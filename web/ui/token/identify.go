package token

import (
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"latchkey/internal/fault"
	"latchkey/internal/token"
	"latchkey/views/component"
	page "latchkey/views/page/token"
	"latchkey/web/respond"
	"latchkey/web/ui/kit"
)

// identify shows the form that looks up a token.
func (h *Handlers) identify(c echo.Context) error {
	return h.showIdentified(c, http.StatusOK, identifyView(nil))
}

// lookUp identifies a pasted token and shows whether it works and what was done with it. It only
// hashes the pasted text, which does not get into the response, the URL, the log or the database.
func (h *Handlers) lookUp(c echo.Context) error {
	v := kit.VisitOf(c)
	form, err := kit.ReadForm(c)
	if err != nil {
		return err
	}
	pasted := form.Get(kit.FieldToken)
	t, err := h.tokens.Identify(c.Request().Context(), v.Standing, pasted)
	if fault.Is(err, fault.NotFound) {
		m := identifyView(nil)
		m.Answer = unknownToken(token.Mistyped(pasted))
		return h.showIdentified(c, http.StatusOK, m)
	}
	errors, err := kit.Invalid(err)
	if err != nil {
		return err
	}
	if errors != nil {
		return h.showIdentified(c, respond.Status(fault.Invalid), identifyView(errors))
	}
	m := identifyView(nil)
	m.Answer, m.Found = identifiedView(t, v.Now)
	if m.Found.Trail, err = h.log.Trail(c, v, t.ID); err != nil {
		return err
	}
	return h.showIdentified(c, http.StatusOK, m)
}

func (h *Handlers) showIdentified(c echo.Context, status int, m page.Identify) error {
	v := kit.VisitOf(c)
	m.Shell, m.Tabs = h.site.Shell(c, v, kit.IdentifyTitle), h.site.AccessTabs(c, v)
	return h.site.HTML(c, status, page.IdentifyPage(m))
}

func identifyView(errors kit.FieldErrors) page.Identify {
	return page.Identify{
		Header: component.PageHeaderModel{Title: kit.IdentifyTitle, Back: &component.Link{Label: kit.AuditTitle, Href: kit.AuditPath},
			Description: "Found a token in a repository, a log or a chat? Check which one it is and whether it still works."},
		Action: kit.IdentifyPath,
		Errors: errors.Summary([]string{kit.FieldToken}, map[string]string{kit.FieldToken: "identify-token"}),
		Field: component.FieldModel{ID: "identify-token", Name: kit.FieldToken, Label: "Token or its SHA-256 digest",
			Autocomplete: "off", Required: true, MaxLength: token.MaxPasted, Rows: 3,
			Error: errors[kit.FieldToken],
			Help:  "The token may be anywhere in what you paste, such as a header or a line of a log. It is hashed for the lookup and not stored.",
			Attrs: map[string]any{"spellcheck": "false", "autocapitalize": "off", "data-1p-ignore": true}},
	}
}

// unknownToken returns the answer for a text that belongs to no token. mistyped reports whether it looks like one.
func unknownToken(mistyped bool) *component.NoticeModel {
	m := &component.NoticeModel{Kind: "info", Title: "No token has this value", Live: true,
		Text: "It was never a token of this organization, or you pasted only part of one."}
	if mistyped {
		m.Text = "This looks like a token, but its checksum is invalid. Part of it may be missing."
	}
	return m
}

// identifiedView describes the token. It does not know the secret.
func identifiedView(t token.Token, now time.Time) (*component.NoticeModel, *page.Identified) {
	m := &page.Identified{Card: component.CardModel{ID: "token", Title: t.Name}, State: state(t, now)}
	add := func(term, text string, code bool) {
		if text != "" {
			m.Facts = append(m.Facts, component.Definition{Term: term, Text: text, Code: code})
		}
	}
	if t.Previous {
		add("Value", "An old one: the token was rotated since", false)
	}
	add("Kind", t.Kind.Label(), false)
	add("Token", t.Hint, true)
	add("Owner", t.OwnerName, false)
	add("Workspace", t.WorkspaceName, false)
	if t.Scope != "" {
		add("Scope", t.Scope.Label(), false)
	}
	add("Created", kit.Absolute(t.CreatedAt, now)+" by "+makerOf(t), false)
	add("Last used", kit.Moment(t.LastUsedAt, now, "Never").Text, false)
	for _, use := range t.LastUsedFrom {
		add("Used from", use.IP+", "+kit.Relative(use.At, now), false)
	}
	add("Expires", expiry(t.ExpiresAt, now).Text, false)
	if !t.DeletedAt.IsZero() {
		add("Deleted", kit.Absolute(t.DeletedAt, now), false)
	}
	switch t.State(now) {
	case token.Active, token.ExpiresSoon:
		m.Acts = []component.ButtonModel{{Label: "Delete token", Variant: component.Danger, Dialog: true, Href: deleteHref(t)}}
		return &component.NoticeModel{Kind: "danger", Title: "This token still works", Live: true,
			Text: "Anyone who has it can use it. Delete it and replace it wherever it is in use."}, m
	case token.Suspended:
		text := "It does not work while its owner is deactivated. It works again when the owner is reactivated."
		if t.Suspension.Set() {
			text = whySuspended(t, now) + " It works again when it is resumed."
		}
		return &component.NoticeModel{Kind: "warning", Title: "This token is suspended", Live: true, Text: text}, m
	}
	return &component.NoticeModel{Kind: "success", Title: "This token no longer works", Live: true,
		Text: "It has expired or was deleted, for example together with its owner or workspace."}, m
}

// deleteHref returns the address where an Admin deletes a token.
func deleteHref(t token.Token) string {
	if t.Kind == token.Personal {
		return kit.Path(kit.UserPath, t.Owner, "tokens", t.ID, "delete")
	}
	return kit.Path(kit.ServiceTokenPath, t.ID, "delete")
}

package token

import (
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"latchkey/internal/token"
	"latchkey/views/component"
	page "latchkey/views/page/token"
	"latchkey/web/ui/kit"
)

// secretPart answers with the part of a token's page about its secrets, which a script asks for.
func (h *Handlers) secretPart(c echo.Context) error {
	v := kit.VisitOf(c)
	t, err := h.tokens.Get(c.Request().Context(), v.Standing, c.Param("id"))
	if err != nil {
		return err
	}
	m, err := h.secrets(c, v, t)
	if err != nil {
		return err
	}
	if m.Poll == "" {
		return c.NoContent(http.StatusNoContent)
	}
	return h.site.HTML(c, http.StatusOK, page.SecretsPart(m))
}

// secrets returns the section about the secrets of a token.
func (h *Handlers) secrets(c echo.Context, v kit.Visit, t token.Token) (page.Secrets, error) {
	secrets, err := h.tokens.Secrets(c.Request().Context(), v.Standing, t.ID)
	if err != nil {
		return page.Secrets{}, err
	}
	m := secretsView(t, secrets, quietOf(c.QueryParams()), v.Now)
	used, found, err := h.tokens.UsedAfterEnd(c.Request().Context(), v.Standing, t)
	if found && err == nil {
		m.Alarm = alarm(used, v.Now)
	}
	return m, err
}

// alarm says that a previous secret was used after its end.
func alarm(u token.SecretUse, now time.Time) *component.NoticeModel {
	text := "Somebody still has it: last tried " + kit.Relative(u.At, now) + " (" + kit.Absolute(u.At, now) + ")"
	if u.IP != "" {
		text += " from " + u.IP
	}
	if u.Agent != "" {
		text += " with " + u.Agent
	}
	return &component.NoticeModel{Kind: "danger", Title: "An old value of this token was used after its end",
		Text: text + ". It was refused. Find out what still uses it."}
}

// secretsView presents the secrets of a token: the current one and those before it.
func secretsView(t token.Token, secrets []token.SecretState, quiet time.Duration, now time.Time) page.Secrets {
	m := page.Secrets{
		Card: component.CardModel{ID: "secrets", Title: "Secrets"},
		Table: component.TableModel{ID: "secret-list", Caption: "Values of the token", Columns: []component.Column{{Label: "Value"},
			{Label: "Made"}, {Label: "Ends"}, {Label: "Last used"}}},
	}
	o, both := token.OverlapOf(secrets, now)
	for _, s := range secrets {
		m.Rows = append(m.Rows, secretRow(t, s, both, now))
	}
	if !both {
		return m
	}
	m.Table.Columns = append(m.Table.Columns, component.Column{Label: "Uses in 1 hour"}, component.Column{Label: "Uses in 1 day"})
	base := kit.TokenPage(t.ID)
	m.Poll, m.Then = kit.WithQuery(base+"/secrets", quietParam, quiet.String()), base
	m.Lost = component.NoticeModel{Kind: "warning", Text: "This section could not be refreshed. Reload the page."}
	for _, u := range o.Previous.LastUsedFrom {
		if !u.At.Before(o.Current.MadeAt) { // before that, it was the current one
			m.StillUsed = append(m.StillUsed, secretPlace(u, now))
		}
	}
	m.Safe = safeNotice(o, quiet, now)
	for _, d := range quiets() {
		m.Quiets = append(m.Quiets, page.Quiet{Label: quietLabel(d), Chosen: d == quiet,
			Href: kit.WithQuery(base, quietParam, d.String()) + "#secrets"})
	}
	m.End = &component.ButtonModel{Label: "End the old token now", Variant: component.Danger, Dialog: true, Href: base + "/end-previous"}
	return m
}

func secretRow(t token.Token, s token.SecretState, counted bool, now time.Time) page.SecretRow {
	r := page.SecretRow{Label: "Current", Hint: s.Hint, Made: kit.When(s.MadeAt, now), Ends: expiry(t.ExpiresAt, now),
		LastUsed: kit.When(s.LastUsedAt, now)}
	if !s.Previous() && s.LastUsedAt.Before(s.FirstUsedAt) {
		r.LastUsed = kit.When(s.FirstUsedAt, now)
	}
	if !s.Previous() && t.LastUsedAt.After(s.LastUsedAt) && !counted && !s.FirstUsedAt.IsZero() {
		r.LastUsed = kit.When(t.LastUsedAt, now)
	}
	if s.Previous() {
		r.Label, r.Ends = "Previous", kit.When(s.EndsAt, now)
		if !s.Overlaps(now) {
			r.Label = "Ended"
			if !s.EndedAt.IsZero() {
				r.Ends = kit.When(s.EndedAt, now)
			}
		}
	}
	if counted {
		r.Hour, r.Day = kit.Thousands(s.Uses.Hour), kit.Thousands(s.Uses.Day)
	}
	return r
}

func secretPlace(u token.SecretUse, now time.Time) page.SecretPlace {
	p := page.SecretPlace{Address: u.IP, Agent: u.Agent, When: kit.When(u.At, now)}
	if p.Address == "" {
		p.Address = "Unknown address (introspection)"
	}
	return p
}

func safeNotice(o token.Overlap, quiet time.Duration, now time.Time) component.NoticeModel {
	switch {
	case o.SafeToEnd(quiet, now):
		return component.NoticeModel{Kind: "success", Title: "Safe to end now",
			Text: "The new token is in use, and the old one was not used for " + quietLabel(quiet) + "."}
	case o.Current.FirstUsedAt.IsZero():
		return component.NoticeModel{Kind: "info", Title: "Not safe to end yet", Text: "The new token was not used yet."}
	}
	return component.NoticeModel{Kind: "info", Title: "Not safe to end yet",
		Text: "The old token must be silent for " + quietLabel(quiet) + " after the new one was first used. Uses show here within half a minute."}
}

func quietLabel(d time.Duration) string {
	if d < time.Hour {
		return kit.Count(int(d.Minutes()), "minute", "minutes")
	}
	return kit.Count(int(d.Hours()), "hour", "hours")
}

// endOfOld returns when the previous secret ends, after its hint.
func endOfOld(s token.SecretState, now time.Time) string {
	if !s.Overlaps(now) {
		return "no longer works."
	}
	return "works until " + kit.Absolute(s.EndsAt, now) + "."
}

package notify

import (
	"crypto/rand"
	"errors"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"latchkey/internal/access"
	"latchkey/internal/fault"
	"latchkey/internal/random"
	"latchkey/internal/verify"
	"latchkey/internal/warning"
	"latchkey/views/component"
	page "latchkey/views/page/notify"
	"latchkey/web/respond"
	"latchkey/web/ui/kit"
)

const (
	// feedEnding is the ending of the addresses of calendars.
	feedEnding = ".ics"
	// An address may ask for so many calendars at once, and for one more after each interval.
	feedBurst = 30
	feedEvery = 10 * time.Second
)

func newFeedLimiter(now func() time.Time) *verify.Limiter {
	return verify.NewLimiter(feedBurst, feedEvery, now)
}

// feed serves a calendar to a program that has its address, which is the only proof it needs. What never was and
// what has ended have the same answer. The access log leaves out what is below [kit.FeedPath].
func (h *Handlers) feed(c echo.Context) error {
	header := c.Response().Header()
	header.Set("Cache-Control", "no-store")
	header.Set("Referrer-Policy", "no-referrer")
	header.Set("X-Robots-Tag", "noindex")
	from, _ := netip.ParseAddr(c.RealIP())
	if wait := h.feeds.Wait(from); wait > 0 {
		header.Set("Retry-After", respond.RetryAfter(wait))
		return c.String(http.StatusTooManyRequests, "Too many requests\n")
	}
	h.feeds.Fail(from)
	secret, _ := strings.CutSuffix(c.Param("file"), feedEnding)
	text, err := h.warnings.Feed(c.Request().Context(), random.Secret(secret))
	if fault.Is(err, fault.NotFound) || err == nil && !strings.HasSuffix(c.Param("file"), feedEnding) {
		return c.String(http.StatusNotFound, "Not found\n")
	}
	if err != nil {
		return err
	}
	header.Set("Content-Disposition", `inline; filename="latchkey.ics"`)
	return c.Blob(http.StatusOK, "text/calendar; charset=utf-8", []byte(text))
}

// calendar shows the page of the visitor's calendar link.
func (h *Handlers) calendar(c echo.Context) error { return h.showCalendar(c, http.StatusOK, nil) }

func (h *Handlers) showCalendar(c echo.Context, status int, above templ.Component) error {
	v := kit.VisitOf(c)
	link, found, err := h.warnings.Calendar(c.Request().Context(), v.Standing)
	if err != nil {
		return err
	}
	m := calendarView(v, link, found)
	m.Shell = h.site.Shell(c, v, kit.CalendarTitle)
	m.Shell.Above = above
	return h.site.HTML(c, status, page.CalendarPage(m))
}

// makeCalendar makes a calendar link and shows it. No other response contains it.
func (h *Handlers) makeCalendar(c echo.Context) error {
	form, err := kit.ReadForm(c)
	if err != nil {
		return err
	}
	if err := kit.CheckSubmission(form.Get(kit.FieldSubmission)); err != nil {
		return err
	}
	secret, err := h.warnings.MakeCalendar(c.Request().Context(), kit.VisitOf(c).By, form.Get(kit.FieldSubmission))
	if errors.Is(err, fault.ErrRepeated) {
		return h.showCalendar(c, http.StatusConflict, component.Notice(component.NoticeModel{Kind: "warning", Live: true,
			Title: "This form was already sent",
			Text:  "The link was shown once and cannot be shown again. If you did not copy it, make a new one."}))
	}
	if err != nil {
		return err
	}
	return h.site.Reveal(c, kit.CalendarTitle, component.RevealDialog(component.RevealModel{ID: "reveal", Title: "Your calendar link",
		Label: "Calendar link", Value: h.site.BaseURL() + kit.FeedPath + "/" + secret.Reveal() + feedEnding, CloseHref: kit.CalendarPath,
		Warning: "Make sure to copy this link now. You won't be able to see it again. " +
			"Anyone who has it can read your calendar, so don't share it."}))
}

// confirmRevoke shows the dialog that asks before the link is revoked.
func (h *Handlers) confirmRevoke(c echo.Context) error {
	_, found, err := h.warnings.Calendar(c.Request().Context(), kit.VisitOf(c).Standing)
	if err == nil && !found {
		err = fault.NewNotFound("Your calendar link")
	}
	if err != nil {
		return err
	}
	return h.askAbove(c, component.AlertDialogModel{ID: "revoke-calendar", Title: "Revoke your calendar link?",
		Consequence: "Calendars that use it are no longer updated. You can make a new link at any time.",
		Action:      kit.CalendarPath + "/revoke", CancelHref: kit.CalendarPath, Confirm: "Yes, revoke"}, h.showCalendar)
}

// revoke ends the visitor's calendar link.
func (h *Handlers) revoke(c echo.Context) error {
	if err := h.warnings.EndCalendar(c.Request().Context(), kit.VisitOf(c).By); err != nil {
		return err
	}
	return h.site.Done(c, kit.CalendarPath, "Your calendar link was revoked.")
}

// calendarView presents the page. The handler adds the shell.
func calendarView(v kit.Visit, link warning.Calendar, found bool) page.Calendar {
	m := page.Calendar{
		Header: component.PageHeaderModel{Title: kit.CalendarTitle, Back: &component.Link{Label: kit.ProfileTitle, Href: kit.ProfilePath}},
		Card: component.CardModel{ID: "calendar", Title: "Expirations in your calendar",
			Description: "Subscribe to a private link in your calendar program to see when your tokens expire."},
		Facts: []component.Definition{{Term: "Shows", Text: "Your personal access tokens"}, {Term: "State", Text: "No link yet"}},
		Make: page.Act{Text: "The link is shown once. Anyone who has it can read your calendar.", Action: kit.CalendarPath,
			Hidden: []component.HiddenField{{Name: kit.FieldSubmission, Value: rand.Text()}},
			Button: component.ButtonModel{Label: "Make link"}},
	}
	if v.Principal.Role == access.RoleAdmin {
		m.Facts[0].Text += " and all service access tokens"
	}
	if found {
		m.Facts[1].Text = "Works. Made " + kit.Absolute(link.CreatedAt, v.Now)
		m.Make.Text = "Lost the link, or shared it by mistake? A new one replaces it at once."
		m.Make.Button = component.ButtonModel{Label: "Make new link", Variant: component.Outline}
		m.Revoke = &component.ButtonModel{Label: "Revoke", Context: "calendar link", Variant: component.Danger, Dialog: true,
			Href: kit.CalendarPath + "/revoke"}
	}
	return m
}

package ui

import (
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"latchkey/internal/fault"
	page "latchkey/views/page/problem"
	"latchkey/web/respond"
	"latchkey/web/ui/kit"
)

// Problem renders a fault as a page, for a signed-in member with the navigation and a link to the list that the
// address is below. If the page cannot be rendered, it answers with the public text alone.
func (d *Dashboard) Problem(c echo.Context, f *fault.Error) {
	status := respond.Status(f.Kind)
	m := page.Problem{Link: kit.HomeLink()}
	m.Title, m.Text = problemText(f)
	if f.Kind == fault.Internal || f.Kind == fault.Unavailable {
		m.RequestID = c.Response().Header().Get(echo.HeaderXRequestID)
	}
	kit.RetryAfter(c, f)
	shown := page.ProblemPage(m)
	if shell, way, ok := d.site.ProblemFrame(c, m.Title, f.Kind); ok {
		m.Link = way
		shown = page.FramedPage(shell, m)
	}
	if err := d.site.HTML(c, status, shown); err != nil {
		http.Error(c.Response(), f.Message, status)
	}
}

// withheld is the text of a page that was not found. It does not say whether there is such a thing.
const withheld = "It doesn't exist, or you don't have access to it."

// problemText returns the title and the text of a fault's page. The first sentence of a fault that is about
// something in particular is its title, because only that says what happened.
func problemText(f *fault.Error) (title, text string) {
	switch f.Kind {
	case fault.NotFound, fault.Denied, fault.Conflict:
		title, text, _ = strings.Cut(f.Message, ". ")
		title = kit.UpperFirst(strings.TrimSuffix(title, "."))
	default:
		return problemTitle(f.Kind), f.Message
	}
	if f.Kind == fault.NotFound && text == "" {
		text = withheld
	}
	return title, text
}

func problemTitle(k fault.Kind) string {
	switch k {
	case fault.Invalid:
		return "This action isn't available"
	case fault.Unauthenticated:
		return "Sign in first"
	case fault.Throttled:
		return "Too many attempts"
	case fault.TooLarge:
		return "This request is too large"
	case fault.Encoded:
		return "This request is compressed"
	case fault.Unavailable:
		return "Temporarily unavailable"
	case fault.Unproven:
		return kit.ConfirmTitle
	case fault.Internal, fault.NotFound, fault.Denied, fault.Conflict, fault.Abandoned:
	}
	return "Something went wrong"
}

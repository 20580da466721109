package ui

import (
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"latchkey/internal/fault"
	"latchkey/views/component"
	page "latchkey/views/page/problem"
	"latchkey/web/respond"
	"latchkey/web/ui/kit"
)

// Problem renders a fault as a page. If the page cannot be rendered, it answers with the public text alone.
func (d *Dashboard) Problem(c echo.Context, f *fault.Error) {
	status := respond.Status(f.Kind)
	m := page.Problem{Link: component.Link{Label: "Go to Home", Href: "/"}}
	m.Title, m.Text = problemText(f)
	if f.Kind == fault.Internal || f.Kind == fault.Unavailable {
		m.RequestID = c.Response().Header().Get(echo.HeaderXRequestID)
	}
	kit.RetryAfter(c, f)
	if err := d.site.HTML(c, status, page.ProblemPage(m)); err != nil {
		http.Error(c.Response(), f.Message, status)
	}
}

// problemText returns the title and the text of a fault's page. The first sentence of a conflict is its
// title, because only that names what is in the way.
func problemText(f *fault.Error) (title, text string) {
	if f.Kind != fault.Conflict {
		return problemTitle(f.Kind), f.Message
	}
	title, text, _ = strings.Cut(f.Message, ". ")
	return strings.TrimSuffix(title, "."), text
}

func problemTitle(k fault.Kind) string {
	switch k {
	case fault.NotFound:
		return "Not found"
	case fault.Denied:
		return "Not allowed"
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
	case fault.Internal, fault.Conflict, fault.Abandoned:
	}
	return "Something went wrong"
}

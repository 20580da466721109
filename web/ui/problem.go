package ui

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"latchkey/internal/fault"
	"latchkey/views/component"
	page "latchkey/views/page/problem"
	"latchkey/web/respond"
)

// Problem renders a fault as a page. It never fails: a client gets an answer.
func (d *Dashboard) Problem(c echo.Context, f *fault.Error) {
	status := respond.Status(f.Kind)
	m := page.Problem{Title: problemTitle(f.Kind), Text: f.Message,
		Link: component.Link{Label: "Go to Home", Href: "/"}}
	if f.Kind == fault.Internal || f.Kind == fault.Unavailable {
		m.RequestID = c.Response().Header().Get(echo.HeaderXRequestID)
	}
	if err := d.site.HTML(c, status, page.ProblemPage(m)); err != nil {
		http.Error(c.Response(), f.Message, status)
	}
}

func problemTitle(k fault.Kind) string {
	switch k {
	case fault.NotFound:
		return "Not found"
	case fault.Denied:
		return "Not allowed"
	case fault.Invalid:
		return "This action isn't available"
	case fault.Conflict:
		return "This has already changed"
	case fault.Unauthenticated:
		return "Sign in first"
	case fault.Throttled:
		return "Too many attempts"
	case fault.TooLarge:
		return "Too much at once"
	case fault.Unavailable:
		return "Not available right now"
	case fault.Internal:
	}
	return "Something went wrong"
}

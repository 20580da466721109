package kit

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/labstack/echo/v4"

	"latchkey/internal/fault"
	"latchkey/views/component"
	"latchkey/web/respond"
)

// Done adds a notice for the next page and redirects there. If that is the list from which the form was sent, it keeps
// its page, search and order.
func (s *Site) Done(c echo.Context, to, notice string) error {
	if err := s.sessions.AddNotice(c.Response(), c.Request(), notice); err != nil {
		return err
	}
	return respond.SeeOther(c, s.asLeft(c.Request(), to))
}

// listParams are the parameters that carry the state of a list.
func listParams() []string { return []string{"q", "sort", "page", "state", "only"} }

// asLeft returns the address of a list with the state in which the visitor left it: the one in the address of the page
// that sent the form, if that is the list, or a dialog above it. A browser tells that only to its own site.
func (s *Site) asLeft(r *http.Request, to string) string {
	from, err := url.Parse(r.Referer())
	if err != nil || strings.ContainsAny(to, "?#") {
		return to
	}
	path := strings.TrimPrefix(from.Path, s.public.Path())
	if path != to && !strings.HasPrefix(path, to+"/") {
		return to
	}
	query, state := from.Query(), url.Values{}
	for _, name := range listParams() {
		if value := query.Get(name); value != "" {
			state.Set(name, value)
		}
	}
	if len(state) == 0 {
		return to
	}
	return to + "?" + state.Encode()
}

// takeFlash returns the notices of the previous request and removes them.
func (s *Site) takeFlash(c echo.Context) []component.NoticeModel {
	var notices []component.NoticeModel
	for _, text := range s.sessions.TakeNotices(c.Response(), c.Request()) {
		notices = append(notices, component.NoticeModel{Kind: "success", Text: text})
	}
	return notices
}

// RetryAfter sets the header that says when a client may try again, if the fault passes.
func RetryAfter(c echo.Context, f *fault.Error) { respond.SayWhen(c.Response().Header(), f) }

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
func listParams() []string {
	return []string{"q", "sort", "page", "state", "only",
		"kind", "owner", "workspace", "expires", "from", "to", "unused", "grants", "resource", "maker", "breaks"} // of the inventory
}

// fieldBack is the field by which the form of a dialog says from which page the dialog was opened.
const fieldBack = "back"

// origin returns the page from which a form was sent or, if a dialog is in between, from which that was opened. A
// browser tells the address of a page only to its own site. The result is for comparison only: it may be anything.
func (s *Site) origin(r *http.Request) *url.URL {
	if r.PostForm == nil && r.ParseForm() != nil {
		return &url.URL{}
	}
	if back := r.PostForm.Get(fieldBack); back != "" {
		return parsed(back)
	}
	from := parsed(r.Referer())
	from.Path = strings.TrimPrefix(from.Path, s.public.Path())
	return from
}

// parsed returns the parts of an address. Those of a text that is none are empty.
func parsed(text string) *url.URL {
	u, err := url.Parse(text)
	if err != nil {
		return &url.URL{}
	}
	return u
}

// CameFrom reports whether a form was sent from a list, or from a dialog that was opened there.
func (s *Site) CameFrom(c echo.Context, list string) bool { return s.origin(c.Request()).Path == list }

// withBack returns the request with what the dialog in its answer needs to lead back to where it was opened. Without
// script that is known only now: the page that sends the form is the dialog's.
func (s *Site) withBack(r *http.Request) *http.Request {
	from := s.origin(r)
	if from.Path == "" {
		from = r.URL
	}
	return r.WithContext(component.WithBack(r.Context(), backTo(from)))
}

// backTo returns the page at an address, in the state that the address carries.
func backTo(from *url.URL) component.Back {
	query, state := from.Query(), url.Values{}
	for _, name := range listParams() {
		if value := query.Get(name); value != "" {
			state.Set(name, value)
		}
	}
	return component.Back{Field: fieldBack, Path: from.Path, State: state.Encode()}
}

// asLeft returns the address of a list with the state in which the visitor left it: the one in the address of the page
// that sent the form, if that is the list, or a dialog above it.
func (s *Site) asLeft(r *http.Request, to string) string { return backTo(s.origin(r)).AsLeft(to) }

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

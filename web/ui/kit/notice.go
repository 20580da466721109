package kit

import (
	"github.com/labstack/echo/v4"

	"latchkey/internal/fault"
	"latchkey/views/component"
	"latchkey/web/respond"
)

// Done adds a notice for the next page and redirects there.
func (s *Site) Done(c echo.Context, to, notice string) error {
	if err := s.sessions.AddNotice(c.Response(), c.Request(), notice); err != nil {
		return err
	}
	return respond.SeeOther(c, to)
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

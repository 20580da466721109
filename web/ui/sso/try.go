package sso

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"latchkey/internal/access"
	"latchkey/internal/fault"
	"latchkey/internal/identity"
	page "latchkey/views/page/sso"
	"latchkey/web/respond"
	"latchkey/web/ui/kit"
)

// try leads an Admin to a provider to see what a sign-in would do.
func (h *Handlers) try(c echo.Context) error {
	d, err := h.identity.StartTry(c.Request().Context(), kit.VisitOf(c).Standing, c.Param("id"), h.site.Binding(c))
	if err != nil {
		return err
	}
	return h.site.Depart(c, d)
}

// tried shows what a sign-in would do. The address is open to everybody, so it loads the visitor itself.
func (h *Handlers) tried(c echo.Context, answer identity.Answer) error {
	v, err := h.site.Visit(c)
	if fault.Is(err, fault.Unauthenticated) {
		return respond.SeeOther(c, "/sign-in")
	}
	if err != nil {
		return err
	}
	if !h.site.May(v, access.ManageOrganization) {
		return fault.NewDenied("Only Admins can open this page.")
	}
	r, err := h.identity.FinishTry(c.Request().Context(), v.Standing, c.Param("id"), h.site.Binding(c), answer)
	if err != nil {
		return err
	}
	m := reportView(r)
	m.Shell = h.site.Shell(c, v, "Try "+r.Provider.Name)
	return h.site.HTML(c, http.StatusOK, page.AdminPage(m))
}

// failure shows what failed, by the code that somebody was shown.
func (h *Handlers) failure(c echo.Context) error {
	v, code := kit.VisitOf(c), c.QueryParam("code")
	l, err := h.identity.Failure(c.Request().Context(), v.Standing, code)
	if err != nil {
		return err
	}
	m := failureView(l, v.Now)
	m.Shell = h.site.Shell(c, v, "Sign-in "+l.Code)
	return h.site.HTML(c, http.StatusOK, page.AdminPage(m))
}

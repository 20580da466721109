package kit

import (
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"latchkey/internal/access"
	"latchkey/internal/fault"
	"latchkey/views/component"
	"latchkey/views/layout"
)

// HomeLink returns the link to the home page.
func HomeLink() component.Link { return component.Link{Label: "Go to Home", Href: "/"} }

// ProblemFrame returns the frame of an error page for a signed-in member, and the link to go on with. It reports false
// for anybody else, and where the visitor cannot be loaded: then the page has no frame. Notices are left for the next
// page.
func (s *Site) ProblemFrame(c echo.Context, title string, kind fault.Kind) (layout.Shell, component.Link, bool) {
	v, loaded := c.Get(visitKey).(Visit)
	if !loaded {
		if !ofVisitors(kind) {
			return layout.Shell{}, component.Link{}, false
		}
		var err error
		if v, err = s.Visit(c); err != nil {
			return layout.Shell{}, component.Link{}, false
		}
	}
	return s.frame(c, v, title), s.wayOn(c.Request(), v), true
}

// ofVisitors reports whether a fault is about what a visitor asked for, so that loading the visitor is likely to work.
func ofVisitors(kind fault.Kind) bool {
	switch kind {
	case fault.NotFound, fault.Denied, fault.Invalid, fault.Conflict, fault.TooLarge, fault.Encoded, fault.Unproven:
		return true
	case fault.Internal, fault.Unauthenticated, fault.Throttled, fault.Unavailable, fault.Abandoned:
	}
	return false
}

// wayOn returns a link to the list that the address of a request is below, if the visitor may open it, otherwise to the
// home page.
func (s *Site) wayOn(r *http.Request, v Visit) component.Link {
	lists := append(accessTabs(), accessTab{"", WorkspaceTitle, WorkspacePath, access.ManageWorkspaces},
		accessTab{"", AuditTitle, AuditPath, access.ReadAuditLog}, accessTab{"", ProfileTitle, ProfilePath, ""})
	for _, list := range lists {
		below := strings.HasPrefix(r.URL.Path, list.href+"/") || r.URL.Path == list.href && r.Method == http.MethodPost
		if below && (list.needs == "" || s.May(v, list.needs)) {
			return component.Link{Label: "Back to " + list.label, Href: list.href}
		}
	}
	return HomeLink()
}

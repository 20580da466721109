package audit

import (
	"github.com/labstack/echo/v4"

	"latchkey/internal/access"
	"latchkey/internal/audit"
	page "latchkey/views/page/audit"
	"latchkey/web/ui/kit"
)

// trailLength is how many events a section of another page shows.
const trailLength = 8

// Trail returns the latest events of a member or token for a section of its page: what it did and
// what was done to it. It returns nil for a visitor who may not read the audit log, and on a plan
// without it.
func (h *Handlers) Trail(c echo.Context, v kit.Visit, about string) (*page.Trail, error) {
	return h.section(c, v, audit.Filter{About: about}, logQuery{}.with(kit.ParamAbout, about))
}

// WorkspaceTrail returns the latest events in a workspace, under the conditions of [Handlers.Trail].
func (h *Handlers) WorkspaceTrail(c echo.Context, v kit.Visit, workspace string) (*page.Trail, error) {
	return h.section(c, v, audit.Filter{Workspace: workspace}, logQuery{}.with(kit.ParamWorkspace, workspace))
}

func (h *Handlers) section(c echo.Context, v kit.Visit, f audit.Filter, all logQuery) (*page.Trail, error) {
	if !v.Organization.Plan.Has(access.FeatureAuditLog) || !h.site.May(v, access.ReadAuditLog) {
		return nil, nil
	}
	found, err := h.audit.Find(c.Request().Context(), v.Standing, audit.Query{Filter: f, Limit: trailLength})
	if err != nil {
		return nil, err
	}
	t, err := h.teller(c, v, found.Events)
	if err != nil {
		return nil, err
	}
	return trailView(t.activityView(found.Events, all, v), found.Total, all), nil
}

// Activity returns one line for each event, with links for a visitor who may read the audit log.
func (h *Handlers) Activity(c echo.Context, v kit.Visit, events []audit.Event) ([]page.Activity, error) {
	t, err := h.teller(c, v, events)
	if err != nil {
		return nil, err
	}
	return t.activityView(events, logQuery{}, v), nil
}

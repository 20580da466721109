package resource

import (
	"net/http"
	"net/url"

	"github.com/labstack/echo/v4"

	"latchkey/internal/registry"
	page "latchkey/views/page/resource"
	"latchkey/web/ui/kit"
)

// resourcesPerPage is the number of resources on a page.
const resourcesPerPage = 20

// resources shows the resources of a workspace, what the visitor may do with each, and why not more.
func (h *Handlers) resources(c echo.Context) error {
	v, workspace := kit.VisitOf(c), c.Param("id")
	q := kit.ReadPaging(kit.ResourcePath(workspace), c.QueryParams(), resourcesPerPage)
	typ := kit.Shown(c.QueryParam("type"))
	if typ != "" {
		q.Keep = url.Values{"type": {typ}}
	}
	found, err := h.registry.Browse(c.Request().Context(), v.Standing, workspace,
		registry.BrowseQuery{Type: typ, Search: kit.Shown(q.Find), Page: q.Page, Size: q.Size})
	if err != nil {
		return err
	}
	m := resourcesView(found, h.registry.Types(), typ, q, v.Now)
	m.Shell = h.site.Shell(c, v, kit.ResourceTitle)
	m.Shell.Workspace = kit.ResourceSwitcher(v, workspace)
	if m.Trail, err = h.log.WorkspaceTrail(c, v, workspace); err != nil {
		return err
	}
	return h.site.HTML(c, http.StatusOK, page.ResourcesPage(m))
}

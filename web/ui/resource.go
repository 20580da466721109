package ui

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/labstack/echo/v4"

	"latchkey/internal/registry"
	"latchkey/views/layout"
	resourcepage "latchkey/views/page/resource"
)

const (
	resourceTitle = "Resources"
	resourcePages = 20 // rows of a page
)

// resourcePath is the address of a workspace's resources.
func resourcePath(workspace string) string {
	return "/workspaces/" + url.PathEscape(workspace) + "/resources"
}

// resourceNav is the navigation entry "Resources". It leads to the workspace that the
// reader is looking at, otherwise to the first; there is none for who is in no workspace.
func resourceNav(path string, v visit) (layout.NavItem, bool) {
	if len(v.Workspaces) == 0 {
		return layout.NavItem{}, false
	}
	item := layout.NavItem{Label: resourceTitle, Icon: "database", Href: resourcePath(v.Workspaces[0].ID)}
	for _, w := range v.Workspaces {
		if href := resourcePath(w.ID); path == href {
			item.Href, item.Current = href, true
		}
	}
	return item, true
}

// resourceSwitcher leads to the same page of the other workspaces.
func resourceSwitcher(v visit, workspace string) *layout.Switcher {
	s := &layout.Switcher{}
	for _, w := range v.Workspaces {
		item := layout.SwitcherItem{Label: w.Name, Note: w.Environment.Label(), Href: resourcePath(w.ID), Current: w.ID == workspace}
		if item.Current {
			s.Current = w.Name
		}
		s.Items = append(s.Items, item)
	}
	return s
}

// Resources shows what is in a workspace, per type, with what the reader may do and why.
func (h *Handlers) Resources(c echo.Context) error {
	v, workspace := visitOf(c), c.Param("id")
	q := readPageQuery(resourcePath(workspace), c.QueryParams(), resourcePages)
	typ := storable(c.QueryParam("type"))
	if typ != "" {
		q.keep = url.Values{"type": {typ}}
	}
	found, err := h.d.Registry.Browse(c.Request().Context(), v.caller, workspace,
		registry.BrowseQuery{Type: typ, Search: storable(q.find), Page: q.page, Size: q.size})
	if err != nil {
		return err
	}
	m := resourcesView(found, h.d.Registry.Types(), typ, q, v.now)
	m.Shell = h.shell(c, v, resourceTitle)
	m.Shell.Workspace = resourceSwitcher(v, workspace)
	if m.Trail, err = h.workspaceTrail(c, v, workspace); err != nil {
		return err
	}
	return h.render.HTML(c, http.StatusOK, resourcepage.ResourcesPage(m))
}

// APIDocs shows the OpenAPI document to everybody, in the application's frame to who is
// signed in.
func (h *Handlers) APIDocs(c echo.Context) error {
	groups, err := h.d.Document.Groups()
	if err != nil {
		return err
	}
	about, err := h.d.Document.About()
	if err != nil {
		return err
	}
	m := apiDocsView(about, groups)
	if v, err := h.visit(c); err == nil {
		shell := h.shell(c, v, m.Header.Title)
		m.Shell = &shell
	}
	return h.render.HTML(c, http.StatusOK, resourcepage.APIDocsPage(m))
}

// storable is text that any database takes as a parameter.
func storable(text string) string { return strings.ReplaceAll(shown(text), "\x00", "") }

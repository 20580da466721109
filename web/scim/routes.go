package scim

import (
	"net/http"
	"slices"
	"strings"

	"github.com/labstack/echo/v4"
)

// Route is one row of the route table. All routes are behind [Handlers.Chain].
type Route struct {
	Method string
	Path   string
	Handle echo.HandlerFunc
}

// methods returns the methods that routes can have; the server itself refuses others.
func methods() []string {
	return []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodHead, http.MethodOptions}
}

// Routes returns the route table. Its last rows answer everything else with a SCIM error.
func Routes(h *Handlers) []Route {
	table := complete(Endpoints(h))
	for _, method := range methods() {
		table = append(table,
			Route{method, Base + "/Bulk", h.notImplemented},
			Route{method, Base + "/Me", h.notImplemented},
			Route{method, Base, h.notFound},
			Route{method, Base + "/*", h.notFound})
	}
	return table
}

// Endpoints returns the routes that do something. [Routes] adds those that only refuse.
func Endpoints(h *Handlers) []Route {
	const (
		get, post, put, patch, del = http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete
	)
	return []Route{
		{get, Base + "/Users", h.listUsers},
		{post, Base + "/Users", h.createUser},
		{post, Base + "/Users/.search", h.searchUsers},
		{get, Base + "/Users/:id", h.getUser},
		{put, Base + "/Users/:id", h.replaceUser},
		{patch, Base + "/Users/:id", h.patchUser},
		{del, Base + "/Users/:id", h.deleteUser},

		{get, Base + "/Groups", h.listGroups},
		{post, Base + "/Groups", h.createGroup},
		{post, Base + "/Groups/.search", h.searchGroups},
		{get, Base + "/Groups/:id", h.getGroup},
		{put, Base + "/Groups/:id", h.replaceGroup},
		{patch, Base + "/Groups/:id", h.patchGroup},
		{del, Base + "/Groups/:id", h.deleteGroup},

		{get, Base + "/ServiceProviderConfig", h.serviceProviderConfig},
		{get, Base + "/ResourceTypes", h.resourceTypes},
		{get, Base + "/ResourceTypes/:id", h.resourceType},
		{get, Base + "/Schemas", h.schemas},
		{get, Base + "/Schemas/:id", h.schema},
	}
}

// complete adds to every path a refusal of its other methods, and variants of the path with
// one more slash: at the end, or after the base URL, which clients may configure with a
// trailing slash. It leaves HEAD to the server's table, which adds it wherever GET is.
func complete(table []Route) []Route {
	var paths []string
	allowed := map[string][]string{}
	for _, r := range table {
		if allowed[r.Path] == nil {
			paths = append(paths, r.Path)
		}
		allowed[r.Path] = append(allowed[r.Path], r.Method)
		if r.Method == http.MethodGet {
			allowed[r.Path] = append(allowed[r.Path], http.MethodHead)
		}
	}
	for _, path := range paths {
		refuses := wrongMethod(allowed[path])
		for _, method := range methods() {
			if !slices.Contains(allowed[path], method) {
				table = append(table, Route{method, path, refuses})
			}
		}
	}
	for _, r := range slices.Clone(table) {
		table = append(table, Route{r.Method, r.Path + "/", r.Handle}, Route{r.Method, Base + "/" + strings.TrimPrefix(r.Path, Base), r.Handle})
	}
	return table
}

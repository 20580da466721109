package api

import (
	"net/http"
	"slices"
	"strings"

	"github.com/labstack/echo/v4"

	"latchkey/web/respond"
)

// Others adds to a route table what HTTP expects (RFC 9110, section 9): OPTIONS with the methods
// of a path, and 405 with them for all other methods. HEAD is among the methods of a path with
// GET; the server's table adds its rows for all front doors. Paths are not secret: the OpenAPI
// document is public.
func Others(routes []Route) []Route {
	methods := map[string][]string{}
	var paths []string
	var out []Route
	for _, r := range routes {
		if methods[r.Path] == nil {
			paths = append(paths, r.Path)
		}
		methods[r.Path] = append(methods[r.Path], r.Method)
		if r.Method == http.MethodGet {
			methods[r.Path] = append(methods[r.Path], http.MethodHead)
		}
	}
	for _, path := range paths {
		allow := strings.Join(append(methods[path], http.MethodOptions), ", ")
		out = append(out, Route{http.MethodOptions, path, true, options(allow)})
		for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete} {
			if !slices.Contains(methods[path], method) {
				out = append(out, Route{method, path, true, wrongMethod(allow)})
			}
		}
	}
	return out
}

func options(allow string) echo.HandlerFunc {
	return func(c echo.Context) error {
		c.Response().Header().Set("Allow", allow)
		return c.NoContent(http.StatusNoContent)
	}
}

func wrongMethod(allow string) echo.HandlerFunc {
	return func(c echo.Context) error {
		respond.WrongMethod(c.Response(), allow)
		return nil
	}
}

// Unserved answers every path of the API that no route has.
func (h *Handlers) Unserved(c echo.Context) error {
	respond.Unserved(c.Response(), h.d.Issuer()+docsPath)
	return nil
}

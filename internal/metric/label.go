package metric

import (
	"net/http"
	"slices"
	"strings"
)

// doorOf returns the front door that a path belongs to. The set of results is small and fixed.
func doorOf(path string) string {
	for _, d := range []struct{ prefix, door string }{
		{"/auth/verify", "forward_auth"},
		{"/oauth2/", "oauth2"},
		{"/.well-known/", "oauth2"},
		{"/v2/", "api"},
		{"/scim/", "scim"},
		{"/static/", "static"},
		{"/healthz", "health"},
		{"/readyz", "health"},
	} {
		if strings.HasPrefix(path, d.prefix) {
			return d.door
		}
	}
	return "page"
}

// methodOf returns a standard HTTP method, or "other" for anything else.
func methodOf(method string) string {
	if slices.Contains([]string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch,
		http.MethodDelete, http.MethodOptions}, method) {
		return method
	}
	return "other"
}

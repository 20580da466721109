// Package respond turns results into HTTP responses. It translates fault kinds to status
// codes in one table, and renders components to memory first, so that a partial page is never
// sent.
//
// Each front door has its own error renderer here; handlers only return errors.
package respond

import (
	"net/http"

	"latchkey/internal/fault"
)

// Status returns the HTTP status code of a fault kind. This is the only translation.
func Status(kind fault.Kind) int {
	switch kind {
	case fault.NotFound:
		return http.StatusNotFound
	case fault.Denied:
		return http.StatusForbidden
	case fault.Invalid:
		return http.StatusBadRequest
	case fault.Conflict:
		return http.StatusConflict
	case fault.Unauthenticated:
		return http.StatusUnauthorized
	case fault.Throttled:
		return http.StatusTooManyRequests
	case fault.TooLarge:
		return http.StatusRequestEntityTooLarge
	case fault.Encoded:
		return http.StatusUnsupportedMediaType
	case fault.Unavailable:
		return http.StatusServiceUnavailable
	case fault.Internal:
	}
	return http.StatusInternalServerError
}

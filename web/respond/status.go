// Package respond turns results into HTTP answers: fault kinds into status codes in one
// table, and components into whole responses, rendered to memory first so that a
// failure half-way never reaches the wire.
//
// Each front door has its own error renderer here; handlers only return errors.
package respond

import (
	"net/http"

	"latchkey/internal/fault"
)

// Status is the one translation of fault kinds to HTTP status codes.
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
	case fault.Unavailable:
		return http.StatusServiceUnavailable
	case fault.Internal:
	}
	return http.StatusInternalServerError
}

// Package respond turns results into HTTP responses. It translates fault kinds to status
// codes in one table, and renders components to memory first, so that a partial page is never
// sent.
//
// Each front door has its own error renderer here; handlers only return errors.
package respond

import (
	"cmp"
	"net/http"
	"time"

	"latchkey/internal/fault"
)

// StatusAbandoned is the status in the log of a request whose client gave up. It is no status of HTTP, but
// nginx and others use it like this.
const StatusAbandoned = 499

// Status returns the HTTP status code of a fault kind. This is the only translation.
func Status(kind fault.Kind) int {
	switch kind {
	case fault.NotFound:
		return http.StatusNotFound
	case fault.Denied, fault.Unproven:
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
	case fault.Abandoned:
		return StatusAbandoned
	case fault.Internal:
	}
	return http.StatusInternalServerError
}

// RetryUnavailable is when to try again if nothing else is known about a dependency that is away.
const RetryUnavailable = 5 * time.Second

// SayWhen sets Retry-After for the faults that pass: Throttled and Unavailable.
func SayWhen(h http.Header, f *fault.Error) {
	switch f.Kind {
	case fault.Throttled:
		h.Set("Retry-After", RetryAfter(f.RetryAfter))
	case fault.Unavailable:
		h.Set("Retry-After", RetryAfter(cmp.Or(f.RetryAfter, RetryUnavailable)))
	default:
	}
}

package request

import (
	"context"
	"errors"
	"net"
	"net/http"

	"latchkey/internal/fault"
)

// Fault returns the fault in an error that a request ended with. It is Abandoned if the request failed only
// because its client had gone: queries end with the request that asks them.
func Fault(r *http.Request, err error) *fault.Error {
	if err != nil && errors.Is(err, context.Canceled) && gone(r) {
		return fault.NewAbandoned(err)
	}
	return fault.Of(err)
}

// gone reports whether the client has closed the connection. A server that cuts its requests gives another
// cause.
func gone(r *http.Request) bool {
	return errors.Is(context.Cause(r.Context()), context.Canceled)
}

// Broken is the error of an answer that broke off after its beginning was sent.
type Broken struct {
	Request *http.Request
	Cause   error
}

// Error returns the text of the cause.
func (b *Broken) Error() string { return b.Cause.Error() }

// Unwrap returns the cause.
func (b *Broken) Unwrap() error { return b.Cause }

// Abandoned reports whether the client did not want the rest, or could not be sent it.
func (b *Broken) Abandoned() bool {
	var stored *fault.Error
	var network *net.OpError
	return gone(b.Request) || !errors.As(b.Cause, &stored) && errors.As(b.Cause, &network)
}

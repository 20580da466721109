// Package request is what every front door does with a request before its handler runs: it
// bounds the body, reads it before a gate says yes, and names the request.
//
// It authenticates nobody and answers nothing.
package request

import (
	"bytes"
	"io"
	"net/http"

	"github.com/labstack/echo/v4"

	"latchkey/internal/fault"
)

// maxHeld is the largest body, in bytes, that is read into memory as a whole. A body with a
// larger limit is an upload, whose handler reads it as it comes.
const maxHeld = 4 << 20

const limitKey = "latchkey.limit"

// Limit makes reading more than most bytes of the body fail with *http.MaxBytesError. A body
// that says it is longer is refused by its head, unless late is set: then its handler is to
// find out, for front doors that record what they refuse.
//
// The limit is that of a copy of the request: net/http goes by its own request's body when
// it answers one that was not read. It would wait for any other, even if the client holds
// it back.
func Limit(most int64, late bool) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			r := c.Request()
			if r.ContentLength > most && !late {
				return fault.NewTooLarge("The request is too large.")
			}
			limited := r.WithContext(r.Context())
			limited.Body = http.MaxBytesReader(c.Response(), r.Body, most)
			c.SetRequest(limited)
			c.Set(limitKey, most)
			return next(c)
		}
	}
}

// Hold reads the body into memory, unless it is an upload or there is none, and reports
// whether it read anything. A client decides how long that takes, so a gate that has let the
// request in calls Hold and then looks again at who asks: a body that is held back buys no
// time. An error of reading is left for the handler, behind what was read before it.
func Hold(c echo.Context) bool {
	r := c.Request()
	limit, _ := c.Get(limitKey).(int64)
	if r.Body == nil || r.Body == http.NoBody || r.ContentLength == 0 || limit > maxHeld {
		return false
	}
	var held bytes.Buffer
	_, err := held.ReadFrom(r.Body)
	r.Body = body{io.MultiReader(&held, failing{err}), r.Body}
	return true
}

// body is what was read, with the end of the body that it was read from.
type body struct {
	io.Reader
	io.Closer
}

// failing is the rest of a body that could not be read to its end.
type failing struct{ err error }

// Read returns the error that ended the body; io.EOF when there was none.
func (f failing) Read([]byte) (int, error) {
	if f.err == nil {
		return 0, io.EOF
	}
	return 0, f.err
}

// Package request does what every front door does before a handler runs: it limits the body,
// reads it before a gate lets the request in, and identifies the request.
//
// It does not authenticate and writes no responses.
package request

import (
	"bytes"
	"io"
	"mime"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"latchkey/internal/fault"
)

// maxHeld is the largest body, in bytes, that is read into memory as a whole. A body with a
// larger limit is an upload, which its handler streams.
const maxHeld = 4 << 20

const (
	limitKey = "latchkey.limit"
	heldKey  = "latchkey.body"
)

// Plain refuses a body with a Content-Encoding, which nothing here decodes, and says in the
// header of the response that only plain bodies are accepted (RFC 9110, section 15.5.16). A
// request without a body may have any headers.
func Plain(header http.Header, r *http.Request) error {
	if r.Body == nil || r.Body == http.NoBody || r.ContentLength == 0 {
		return nil
	}
	for _, line := range r.Header["Content-Encoding"] {
		for coding := range strings.SplitSeq(line, ",") {
			if coding = strings.TrimSpace(coding); coding != "" && !strings.EqualFold(coding, "identity") {
				header.Set("Accept-Encoding", "identity")
				return fault.NewEncoded("Send the body without Content-Encoding: compressed bodies are not accepted.")
			}
		}
	}
	return nil
}

// Limit refuses encoded bodies (see [Plain]) and makes reading more than most bytes of the
// body fail with *http.MaxBytesError. A request whose Content-Length is larger is refused
// before its body is read. With late set, its handler finds out both, for front doors that
// record what they refuse.
//
// The limit applies to a copy of the request, because net/http uses the body of the original
// request when it answers without reading it. It would wait for any other body, even one that
// the client holds back.
func Limit(most int64, late bool) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			r := c.Request()
			if !late {
				if err := Plain(c.Response().Header(), r); err != nil {
					return err
				}
				if r.ContentLength > most {
					return fault.NewTooLarge("The request is too large.")
				}
			}
			limited := r.WithContext(r.Context())
			limited.Body = http.MaxBytesReader(c.Response(), r.Body, most)
			c.SetRequest(limited)
			c.Set(limitKey, most)
			return next(c)
		}
	}
}

// Hold reads the body into memory, unless it is an upload or empty, and reports whether it
// read anything. The client controls how long that takes, so a gate that has let the request
// in calls Hold and then checks the caller again: holding back the body gains no time. The
// handler gets a read error after the bytes that were read before it.
func Hold(c echo.Context) bool {
	r := c.Request()
	limit, _ := c.Get(limitKey).(int64)
	if r.Body == nil || r.Body == http.NoBody || r.ContentLength == 0 || limit > maxHeld {
		return false
	}
	var held bytes.Buffer
	_, err := held.ReadFrom(r.Body)
	if err == nil {
		c.Set(heldKey, held.Bytes())
	}
	r.Body = body{io.MultiReader(&held, failing{err}), r.Body}
	return true
}

// Form returns the body that [Hold] has read, if it is a form as browsers send it without files. A request without a
// body is an empty form.
func Form(c echo.Context) (body []byte, ok bool) {
	if r := c.Request(); c.Get(heldKey) == nil && (r.Body == nil || r.Body == http.NoBody || r.ContentLength == 0) {
		return nil, true
	}
	kind, _, err := mime.ParseMediaType(c.Request().Header.Get(echo.HeaderContentType))
	body, ok = c.Get(heldKey).([]byte)
	return body, ok && err == nil && kind == echo.MIMEApplicationForm
}

// Replace gives the request another form, as if it had come with it.
func Replace(c echo.Context, form []byte) {
	r := c.Request().Clone(c.Request().Context())
	r.Form, r.PostForm, r.ContentLength = nil, nil, int64(len(form))
	r.Body = io.NopCloser(bytes.NewReader(form))
	c.SetRequest(r)
	c.Set(heldKey, form)
}

// body returns the bytes that were read and closes the original body.
type body struct {
	io.Reader
	io.Closer
}

// failing is the rest of a body whose reading failed.
type failing struct{ err error }

// Read returns the error that ended the body, or io.EOF if there was none.
func (f failing) Read([]byte) (int, error) {
	if f.err == nil {
		return 0, io.EOF
	}
	return 0, f.err
}

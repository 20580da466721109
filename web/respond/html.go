package respond

import (
	"bytes"
	"fmt"
	"net/http"
	"sync"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"
)

// maxKept is the largest buffer that is returned to the pool.
const maxKept = 256 << 10

// buffers recycles render buffers; see [HTML].
type buffers struct{ pool sync.Pool }

// Renderer writes HTML components. One serves a whole server.
type Renderer struct {
	buffers buffers
	writers writers
	below   string // path that the server is below; "" at the root
}

// NewRenderer returns a renderer. below is the path that the server is below, e.g. "/latchkey",
// or "" at the root. Components write addresses as if it were at the root.
func NewRenderer(below string) *Renderer {
	return &Renderer{buffers: buffers{sync.Pool{New: func() any { return new(bytes.Buffer) }}}, below: below}
}

// HTML renders page to memory and then sends it. Every page is private, because it may show
// what only this member may see, so caches must not store it. It is compressed for clients that take
// gzip, unless [Uncompressed] was called.
func (r *Renderer) HTML(c echo.Context, status int, page templ.Component) error {
	buf := r.buffers.pool.Get().(*bytes.Buffer)
	buf.Reset()
	defer func() {
		if buf.Cap() <= maxKept {
			// It may have held a secret.
			clear(buf.Bytes())
			r.buffers.pool.Put(buf)
		}
	}()
	if err := page.Render(c.Request().Context(), buf); err != nil {
		return fmt.Errorf("render: %w", err)
	}
	c.Response().Header().Set("Cache-Control", "no-store")
	if r.below == "" {
		return c.HTMLBlob(status, r.writers.compress(c, buf.Bytes()))
	}
	moved := rebase(buf.Bytes(), r.below)
	defer clear(moved) // as above
	return c.HTMLBlob(status, r.writers.compress(c, moved))
}

// rebase puts a path before every address of this server in rendered HTML, which begins with "/".
// It looks for the attributes that hold addresses. Rendered text cannot look like one, because
// its quotes are escaped.
func rebase(html []byte, below string) []byte {
	const start = `="/`
	out := make([]byte, 0, len(html)+len(html)/8)
	for {
		i := bytes.Index(html, []byte(start))
		if i < 0 {
			return append(out, html...)
		}
		name := html[bytes.LastIndexAny(html[:i], " \n\t")+1 : i]
		out = append(out, html[:i+len(start)-1]...)
		if isAddress(string(name)) {
			out = append(out, below...)
		}
		html = html[i+len(start)-1:]
	}
}

// isAddress reports whether an attribute holds the address of a page or a file.
func isAddress(attribute string) bool {
	switch attribute {
	case "href", "src", "action", "formaction", "data-poll", "data-poll-then", "data-close", "data-secret-close",
		"data-summary-href", "data-passkey-options":
		return true
	}
	return false
}

// SeeOther redirects after a successful change, so that a reload does not repeat it.
func SeeOther(c echo.Context, location string) error {
	c.Response().Header().Set("Cache-Control", "no-store")
	return c.Redirect(http.StatusSeeOther, location)
}

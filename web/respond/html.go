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
type Renderer struct{ buffers buffers }

// NewRenderer returns a renderer.
func NewRenderer() *Renderer {
	return &Renderer{buffers{sync.Pool{New: func() any { return new(bytes.Buffer) }}}}
}

// HTML renders page to memory and then sends it. Every page is private, because it may show
// what only this member may see, so caches must not store it.
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
	return c.HTMLBlob(status, buf.Bytes())
}

// SeeOther redirects after a successful change, so that a reload does not repeat it.
func SeeOther(c echo.Context, location string) error {
	c.Response().Header().Set("Cache-Control", "no-store")
	return c.Redirect(http.StatusSeeOther, location)
}

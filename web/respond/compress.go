package respond

import (
	"bytes"
	"compress/gzip"
	"math/rand/v2"
	"strings"
	"sync"

	"github.com/labstack/echo/v4"

	"latchkey/static"
)

const (
	// worthwhile is the size in bytes from which a page is compressed; less fits into one packet.
	worthwhile = 1400
	// maxPadding is how many bytes a compressed page may be longer than it needs to be.
	maxPadding = 64
	// uncompressed is the key in a request's context that forbids compression.
	uncompressed = "respond.uncompressed"
)

// Uncompressed keeps the answer to this request from being compressed, because it holds a secret:
// from the size of compressed answers somebody who sees them pass can guess what is in them, if they
// also repeat what the request said (the BREACH attack).
func Uncompressed(c echo.Context) { c.Set(uncompressed, true) }

// writers holds gzip writers, which are large.
type writers struct{ pool sync.Pool }

// compress returns the page as the client takes it. What a page repeats of a search stands beside
// people's data, so the size says little: it has a random part.
func (w *writers) compress(c echo.Context, page []byte) []byte {
	header := c.Response().Header()
	header.Add("Vary", "Accept-Encoding")
	if len(page) < worthwhile || c.Get(uncompressed) != nil || !static.AcceptsGzip(strings.Join(c.Request().Header["Accept-Encoding"], ",")) {
		return page
	}
	var out bytes.Buffer
	out.Grow(len(page) / 4)
	zip, _ := w.pool.Get().(*gzip.Writer)
	if zip == nil {
		zip, _ = gzip.NewWriterLevel(&out, gzip.BestSpeed) // the level is valid
	} else {
		zip.Reset(&out)
	}
	defer w.pool.Put(zip)
	zip.Comment = strings.Repeat("-", rand.IntN(maxPadding))
	_, _ = zip.Write(page) // a buffer takes everything
	_ = zip.Close()
	header.Set("Content-Encoding", "gzip")
	return out.Bytes()
}

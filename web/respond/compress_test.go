package respond

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"
)

// answer renders a page of so many bytes for a client that takes some encodings.
func answer(t *testing.T, r *Renderer, accepts string, size int, before func(echo.Context)) (*http.Response, []byte) {
	t.Helper()
	request := httptest.NewRequest(http.MethodGet, "/", nil)
	request.Header.Set("Accept-Encoding", accepts)
	w := httptest.NewRecorder()
	c := echo.New().NewContext(request, w)
	before(c)
	if err := r.HTML(c, http.StatusOK, templ.Raw(strings.Repeat(`<a href="/x">é</a> `, size/20))); err != nil {
		t.Fatal(err)
	}
	return w.Result(), w.Body.Bytes()
}

func TestHTML_IsCompressedForClientsThatTakeGzip(t *testing.T) {
	nothing := func(echo.Context) {}
	for _, c := range []struct {
		accepts string
		size    int
		before  func(echo.Context)
		zipped  bool
	}{
		{"gzip", 20_000, nothing, true},
		{"br, gzip;q=0.5", 20_000, nothing, true},
		{"", 20_000, nothing, false},
		{"br", 20_000, nothing, false},
		{"gzip;q=0", 20_000, nothing, false},
		{"gzip", 1000, nothing, false},
		{"gzip", 20_000, Uncompressed, false},
	} {
		for _, below := range []string{"", "/keys"} {
			r, sizes := NewRenderer(below), map[int]bool{}
			for range 20 { // writers are used again
				res, body := answer(t, r, c.accepts, c.size, c.before)
				sizes[len(body)] = true
				if zipped := res.Header.Get("Content-Encoding") == "gzip"; zipped != c.zipped || res.Header.Get("Vary") != "Accept-Encoding" {
					t.Fatalf("%+v: compressed: %v, Vary %q", c, zipped, res.Header.Get("Vary"))
				}
				if c.zipped {
					zip, err := gzip.NewReader(bytes.NewReader(body))
					if err != nil {
						t.Fatal(err)
					}
					if body, err = io.ReadAll(zip); err != nil {
						t.Fatal(err)
					}
				}
				if want := strings.Repeat(`<a href="`+below+`/x">é</a> `, c.size/20); string(body) != want {
					t.Fatalf("%+v: %.200s", c, body)
				}
			}
			if (len(sizes) > 1) != c.zipped {
				t.Errorf("%+v: %d different sizes", c, len(sizes))
			}
		}
	}
}

// Package static serves the embedded style sheets, scripts and images, under URLs that
// change with their content.
//
// Every file lives below one folder named by a digest of the whole tree
// (/static/<hash>/css/latchkey.css), so that relative imports between modules and
// relative URLs in style sheets resolve under the same digest, and every response may be
// cached forever. The package serves nothing else: no listing, no other hash, no file
// that is not embedded. It adds no security headers; the web server does.
package static

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"strconv"
	"strings"
	"sync"
)

// Prefix is where the handler expects to be mounted.
const Prefix = "/static/"

//go:embed css/*.css js/*.js vendor/basecoat/*.css favicon.svg
var files embed.FS

// load reads the embedded tree once, on first use.
var load = sync.OnceValue(func() *tree {
	t, err := newTree(files)
	if err != nil {
		panic(fmt.Sprintf("static: embedded files: %v", err))
	}
	return t
})

// tree holds the content of every file under one digest. It never changes.
type tree struct {
	hash  string
	files map[string]asset
}

type asset struct {
	plain, gzipped []byte
	contentType    string
}

// newTree reads all files of fsys.
func newTree(fsys fs.FS) (*tree, error) {
	t := &tree{files: map[string]asset{}}
	sum := sha256.New()
	err := fs.WalkDir(fsys, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := fs.ReadFile(fsys, name)
		if err != nil {
			return err
		}
		fmt.Fprintf(sum, "%s\x00%d\x00", name, len(b))
		sum.Write(b)
		zipped, err := compress(b)
		if err != nil {
			return err
		}
		t.files[name] = asset{plain: b, gzipped: zipped, contentType: contentType(name)}
		return nil
	})
	if err != nil {
		return nil, err
	}
	t.hash = hex.EncodeToString(sum.Sum(nil))[:16]
	return t, nil
}

func compress(b []byte) ([]byte, error) {
	var buf bytes.Buffer
	w, err := gzip.NewWriterLevel(&buf, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(b); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return buf.Bytes(), nil
}

// contentType has its own table because the system's differs between machines.
func contentType(name string) string {
	switch path.Ext(name) {
	case ".css":
		return "text/css; charset=utf-8"
	case ".js":
		return "text/javascript; charset=utf-8"
	case ".svg":
		return "image/svg+xml"
	}
	return "application/octet-stream"
}

// Path returns the URL path of an embedded file, such as "css/latchkey.css".
// It panics for a name that is not embedded: that is a mistake in a template, which
// rendering the template reveals.
func Path(name string) string {
	t := load()
	if _, ok := t.files[name]; !ok {
		panic("static: no file " + strconv.Quote(name))
	}
	return Prefix + t.hash + "/" + name
}

// Handler returns a handler for GET and HEAD below Prefix. It answers 404 for everything
// but the exact URL of an embedded file.
func Handler() http.Handler {
	return load()
}

// ServeHTTP implements http.Handler.
func (t *tree) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "method not allowed", http.StatusMethodNotAllowed)
		return
	}
	name, ok := strings.CutPrefix(r.URL.Path, Prefix+t.hash+"/")
	a, found := t.files[name]
	if !ok || !found {
		http.NotFound(w, r)
		return
	}
	h := w.Header()
	h.Set("Content-Type", a.contentType)
	h.Set("Cache-Control", "public, max-age=31536000, immutable")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Add("Vary", "Accept-Encoding")
	body := a.plain
	if AcceptsGzip(r.Header.Get("Accept-Encoding")) {
		h.Set("Content-Encoding", "gzip")
		body = a.gzipped
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	if r.Method == http.MethodHead {
		return
	}
	_, _ = w.Write(body) // the client may be gone
}

// AcceptsGzip reports whether an Accept-Encoding header allows gzip (RFC 9110, section
// 12.5.3).
func AcceptsGzip(header string) bool {
	for item := range strings.SplitSeq(header, ",") {
		coding, params, _ := strings.Cut(item, ";")
		coding = strings.ToLower(strings.TrimSpace(coding))
		if coding != "gzip" && coding != "*" {
			continue
		}
		q, hasQ := strings.CutPrefix(strings.ReplaceAll(params, " ", ""), "q=")
		if !hasQ {
			return true
		}
		weight, err := strconv.ParseFloat(q, 64)
		return err == nil && weight > 0
	}
	return false
}

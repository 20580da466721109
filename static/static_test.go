package static

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"path"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
)

func get(t *testing.T, method, target, encoding string) *http.Response {
	t.Helper()
	r := httptest.NewRequest(method, target, nil)
	if encoding != "" {
		r.Header.Set("Accept-Encoding", encoding)
	}
	w := httptest.NewRecorder()
	Handler().ServeHTTP(w, r)
	return w.Result()
}

func body(t *testing.T, res *http.Response) []byte {
	t.Helper()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestHandler_ServesAFileForEver(t *testing.T) {
	res := get(t, "GET", Path("css/latchkey.css"), "")
	want, err := files.ReadFile("css/latchkey.css")
	if err != nil {
		t.Fatal(err)
	}
	if res.StatusCode != http.StatusOK || !bytes.Equal(body(t, res), want) {
		t.Errorf("status %d, or another body than the file", res.StatusCode)
	}
	got := map[string]string{}
	for _, name := range []string{"Content-Type", "Cache-Control", "Vary", "X-Content-Type-Options", "Content-Encoding"} {
		got[name] = res.Header.Get(name)
	}
	wantHeader := map[string]string{
		"Content-Type": "text/css; charset=utf-8", "Cache-Control": "public, max-age=31536000, immutable",
		"Vary": "Accept-Encoding", "X-Content-Type-Options": "nosniff", "Content-Encoding": "",
	}
	if diff := cmp.Diff(wantHeader, got); diff != "" {
		t.Error(diff)
	}
}

func TestHandler_CompressesForThoseWhoAcceptIt(t *testing.T) {
	res := get(t, "GET", Path("js/app.js"), "br, gzip;q=0.8")
	if got := res.Header.Get("Content-Encoding"); got != "gzip" {
		t.Fatalf("Content-Encoding %q", got)
	}
	r, err := gzip.NewReader(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	if want, _ := files.ReadFile("js/app.js"); !bytes.Equal(got, want) {
		t.Error("the compressed body is another text")
	}
}

func TestHandler_HeadHasNoBody(t *testing.T) {
	res := get(t, "HEAD", Path("favicon.svg"), "")
	if res.StatusCode != 200 || len(body(t, res)) != 0 || res.Header.Get("Content-Type") != "image/svg+xml" {
		t.Errorf("status %d, header %v", res.StatusCode, res.Header)
	}
}

func TestHandler_AnythingElseIsNotFound(t *testing.T) {
	root := strings.TrimSuffix(Path("favicon.svg"), "favicon.svg")
	for _, target := range []string{
		"/static/", root, root + "css", root + "css/", root + "css/none.css", root + "static.go", root + "static_test.go",
		root + "vendor/README.md", "/static/0000000000000000/favicon.svg", "/static/favicon.svg", root + "../static.go", root + "css/../favicon.svg", "/favicon.svg",
	} {
		res := get(t, "GET", "http://latchkey.example"+target, "")
		if res.StatusCode != http.StatusNotFound {
			t.Errorf("%s: status %d", target, res.StatusCode)
		}
		if got := res.Header.Get("Cache-Control"); got != "" {
			t.Errorf("%s: a refusal may be cached: %q", target, got)
		}
	}
}

func TestHandler_RefusesOtherMethods(t *testing.T) {
	res := get(t, "POST", Path("favicon.svg"), "")
	if res.StatusCode != http.StatusMethodNotAllowed || res.Header.Get("Allow") != "GET, HEAD" {
		t.Errorf("status %d, Allow %q", res.StatusCode, res.Header.Get("Allow"))
	}
}

func TestPath_ChangesWithAnyFile(t *testing.T) {
	hash := func(content string) string {
		tr, err := newTree(fstest.MapFS{"a.css": {Data: []byte("a{}")}, "b.js": {Data: []byte(content)}})
		if err != nil {
			t.Fatal(err)
		}
		return tr.hash
	}
	if first := hash("1"); first == hash("2") || first != hash("1") {
		t.Error("the digest must follow the content and nothing else")
	}
}

func TestPath_PanicsForAFileThatIsNotThere(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("no panic")
		}
	}()
	Path("css/none.css")
}

func TestAcceptsGzip_ReadsWeights(t *testing.T) {
	for header, want := range map[string]bool{
		"": false, "gzip": true, "GZIP": true, "br": false, "gzip;q=0": false, "gzip; q=0.0": false, "gzip;q=0.1": true, "*": true, "*;q=0": false, "br, gzip": true, "gzip;q=x": false,
	} {
		if got := AcceptsGzip(header); got != want {
			t.Errorf("%q: %v", header, got)
		}
	}
}

// The whole kit must stay small enough for a slow line.
func TestStylesAndScriptsStayUnder60KBCompressed(t *testing.T) {
	const budget = 60 * 1024
	total := 0
	for name, a := range load().files {
		if ext := path.Ext(name); ext == ".css" || ext == ".js" {
			total += len(a.gzipped)
		}
	}
	t.Logf("%d bytes", total)
	if total == 0 || total > budget {
		t.Errorf("%d bytes compressed, the budget is %d", total, budget)
	}
}

// The content security policy forbids what these texts would need.
func TestScripts_UseNothingThatThePolicyForbids(t *testing.T) {
	for name, a := range load().files {
		for _, bad := range []string{"eval(", "innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "new Function", "javascript:", ".style.", "setAttribute(\"style", "//cdn", "@import"} {
			if path.Ext(name) != ".svg" && bytes.Contains(a.plain, []byte(bad)) {
				t.Errorf("%s contains %s", name, bad)
			}
		}
	}
}

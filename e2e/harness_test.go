package e2e

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The tests in this file check the harness itself, against a small server that
// misbehaves in one way per path.

// sound is a page without a fault; %s goes into its main part.
const sound = `<!doctype html><html lang="en"><head><title>Sound</title>
<link rel="icon" href="data:,"></head><body><main><h1>Sound</h1>%s</main></body></html>`

func fixture(t *testing.T) *server {
	t.Helper()
	elsewhere := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(elsewhere.Close)
	pages := map[string]string{
		"/sound":    `<form><label for="n">Token name</label><input id="n"><button>Generate</button></form>`,
		"/console":  `<script src="/js/console"></script>`,
		"/throws":   `<script src="/js/throws"></script>`,
		"/inline":   `<p style="color: red">red</p>`,
		"/script":   `<script>document.title = "changed"</script>`,
		"/foreign":  `<a href="` + elsewhere.URL + `/page">away</a>`,
		"/missing":  `<script src="/js/none"></script>`,
		"/links":    `<a href="/broken">broken</a>`,
		"/unnamed":  `<form><input name="n"></form>`,
		"/contrast": `<p class="pale">pale</p>`,
		"/dialog": `<dialog open aria-label="New token"><label>Scope <select><option>Read-Only<option>Read-Write</select></label>
			<label><input type="checkbox"> Forever</label><button>Generate</button></dialog><button>Generate</button>
			<ul><li>first <button>Delete</button></li><li>second <button>Delete</button></li></ul>`,
	}
	scripts := map[string]string{"console": `console.error("boom")`, "throws": `throw new Error("thrown")`}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{page}", func(w http.ResponseWriter, r *http.Request) {
		body, ok := pages[r.URL.Path]
		if !ok {
			http.Error(w, "no such page", http.StatusNotFound)
			return
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:")
		fmt.Fprintf(w, strings.Replace(sound, "</head>", `<link rel="stylesheet" href="/css/pale"></head>`, 1), body)
	})
	mux.HandleFunc("GET /broken", func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, "broken", http.StatusInternalServerError)
	})
	mux.HandleFunc("GET /css/pale", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/css")
		fmt.Fprint(w, ".pale { color: #ddd; background: #fff }")
	})
	mux.HandleFunc("GET /js/{name}", func(w http.ResponseWriter, r *http.Request) {
		script, ok := scripts[r.PathValue("name")]
		if !ok {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", "text/javascript")
		fmt.Fprint(w, script)
	})
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return &server{URL: s.URL}
}

// openWatched opens a page whose problems do not fail the test.
func openWatched(t *testing.T, s *server, opts ...pageOption) *page {
	t.Helper()
	p, err := openPage(s, opts...)
	if err != nil {
		t.Fatal(err)
	}
	p.adopt(t)
	t.Cleanup(func() { _ = p.Context().Close() })
	return p
}

func TestWatch_ReportsWhatAPageDoesWrong(t *testing.T) {
	t.Parallel()
	s := fixture(t)
	tests := []struct {
		path, want string
		opts       []pageOption
	}{
		{path: "/console", want: "console error: boom"},
		{path: "/throws", want: "uncaught exception"},
		{path: "/inline", want: "CSP violation"},
		{path: "/inline", want: "CSP violation", opts: []pageOption{noScript}},
		{path: "/script", want: "CSP violation"},
		{path: "/missing", want: "console error: Failed to load resource"},
		{path: "/broken", want: "answer 500"},
	}
	for _, tt := range tests {
		p := openWatched(t, s, tt.opts...)
		p.open(tt.path)
		if got := strings.Join(p.settle(), "\n"); !strings.Contains(got, tt.want) {
			t.Errorf("%s: reported %q, want %q in it", tt.path, got, tt.want)
		}
	}
}

func TestWatch_ReportsARequestToAnotherOrigin(t *testing.T) {
	t.Parallel()
	p := openWatched(t, fixture(t))
	p.open("/foreign")
	p.click("link", "away")
	p.reaches("/page")
	if got := strings.Join(p.settle(), "\n"); !strings.Contains(got, "request to another origin") {
		t.Errorf("reported %q", got)
	}
}

func TestWatch_ReportsWhatAnotherTabDoesWrong(t *testing.T) {
	t.Parallel()
	p := openWatched(t, fixture(t))
	tab := p.newTab()
	tab.open("/console")
	if got := strings.Join(tab.settle(), "\n"); !strings.Contains(got, "boom") {
		t.Errorf("reported %q", got)
	}
}

func TestWatch_LeavesRefusedDocumentsAndToleratedProblemsOut(t *testing.T) {
	t.Parallel()
	p := openWatched(t, fixture(t))
	if status := p.open("/nowhere"); status != http.StatusNotFound {
		t.Errorf("status %d, want 404", status)
	}
	p.open("/console")
	p.tolerate("^console error: boom")
	if got := p.settle(); got != nil {
		t.Errorf("reported %q, want nothing", got)
	}
}

func TestAxe_FindsAnUnlabelledFieldAndPaleText(t *testing.T) {
	t.Parallel()
	s := fixture(t)
	for path, rule := range map[string]string{"/unnamed": "label", "/contrast": "color-contrast"} {
		for _, opts := range [][]pageOption{nil, {noScript}, {mobile, dark}} {
			p := openWatched(t, s, opts...)
			p.open(path)
			broken, err := audit(p)
			if err != nil {
				t.Fatal(err)
			}
			if len(broken) != 1 || broken[0].ID != rule || !strings.Contains(broken[0].String(), "\n  at [") {
				t.Errorf("%s with %d options: %v, want one violation of %s", path, len(opts), broken, rule)
			}
		}
	}
}

func TestNewPage_PassesASoundPage(t *testing.T) {
	t.Parallel()
	s := fixture(t)
	for _, opt := range []pageOption{mobile, dark, noScript} {
		p := newPage(t, s, opt)
		p.open("/sound")
		p.sees("heading", "Sound")
		p.lacks("heading", "sound")
		p.fill("Token name", "ci-probe")
		if got := p.value("Token name"); got != "ci-probe" || strings.Contains(p.html(), got) {
			t.Errorf("value %q; it belongs into the field and not into the document", got)
		}
		axe(t, p)
	}
}

func TestScope_ActsInsideItsPartOnly(t *testing.T) {
	t.Parallel()
	p := newPage(t, fixture(t))
	p.open("/dialog")
	dialog := p.within("dialog", "New token")
	dialog.choose("Scope", "Read-Write")
	dialog.check("Forever")
	dialog.click("button", "Generate") // the page has two of that name
	dialog.lacksText("second")
	p.row("second").click("button", "Delete")
	if got, want := p.focused(), `- button "Delete"`; got != want {
		t.Errorf("focus on %s, want %s", got, want)
	}
	if !p.isChecked("Forever") {
		t.Error("the checkbox is not on")
	}
	p.uncheck("Forever")
	if p.isChecked("Forever") {
		t.Error("the checkbox is still on")
	}
}

func TestPage_TabReachesWhatAKeyboardReaches(t *testing.T) {
	t.Parallel()
	s := fixture(t)
	p := newPage(t, s)
	p.open("/sound")
	p.tabTo("button", "Generate")
	p.press("Enter")
	p.arrives("the page that the form leads to", func(address string) bool { return address == s.URL+"/sound?" })
}

func TestPage_ClipboardIsReadable(t *testing.T) {
	t.Parallel()
	p := newPage(t, fixture(t))
	p.open("/sound")
	p.eval(`() => navigator.clipboard.writeText("copied")`)
	if got := p.clipboard(); got != "copied" {
		t.Errorf("clipboard %q", got)
	}
}

func TestPage_OptionsReachTheBrowser(t *testing.T) {
	t.Parallel()
	s := fixture(t)
	p := newPage(t, s, mobile, dark)
	p.open("/sound")
	got := p.eval(`() => [innerWidth, matchMedia("(prefers-color-scheme: dark)").matches].join()`)
	if got != "360,true" && got != "980,true" { // 980 where a page has no viewport of its own
		t.Errorf("width and dark: %v", got)
	}
}

func TestScreenshot_WritesOnlyWhereItIsAskedTo(t *testing.T) {
	folder := t.TempDir()
	p := newPage(t, fixture(t))
	p.open("/sound")
	t.Setenv("LATCHKEY_SCREENSHOTS", "")
	screenshot(t, p, "none")
	t.Setenv("LATCHKEY_SCREENSHOTS", folder)
	screenshot(t, p, "sound")
	found, err := filepath.Glob(filepath.Join(folder, "*"))
	if err != nil || len(found) != 1 || filepath.Base(found[0]) != "sound.png" {
		t.Fatalf("files %v, %v; want sound.png", found, err)
	}
	if info, err := os.Stat(found[0]); err != nil || info.Size() < 1000 {
		t.Errorf("sound.png: %v, %v", info, err)
	}
}

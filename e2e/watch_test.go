package e2e

import (
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"sync"

	"github.com/playwright-community/playwright-go"
)

// watch collects what goes wrong in a browser context by itself. Its methods are
// called from the driver's reading goroutine: they must not call the driver.
type watch struct {
	origin string // the only origin that pages may ask, scheme://host:port

	mu        sync.Mutex
	documents map[string]bool // URLs that were navigated to
	tolerated []*regexp.Regexp
	found     []string
}

// observe attaches a watch to everything that happens in the context, pop-ups
// included.
func observe(context playwright.BrowserContext, origin string) *watch {
	w := &watch{origin: origin, documents: map[string]bool{}}
	context.OnConsole(w.console)
	context.OnWebError(func(e playwright.WebError) { w.report("uncaught exception: %v", e.Error()) })
	context.OnRequest(w.request)
	context.OnResponse(w.response)
	context.OnPage(func(p playwright.Page) {
		p.OnCrash(func(playwright.Page) { w.report("the page crashed") })
	})
	return w
}

// console reports errors. Chromium also logs one for each document that is
// answered 4xx, which is what the tests of refusals ask for: that one is left out.
func (w *watch) console(m playwright.ConsoleMessage) {
	if m.Type() != "error" {
		return
	}
	at := ""
	if l := m.Location(); l != nil {
		at = l.URL
	}
	kind := "console error"
	switch text := m.Text(); {
	case strings.Contains(text, "Content Security Policy"):
		kind = "CSP violation"
	case strings.HasPrefix(text, "Failed to load resource: the server responded") && w.isDocument(at):
		return
	}
	w.report("%s: %s (%s)", kind, m.Text(), at)
}

func (w *watch) request(r playwright.Request) {
	if r.IsNavigationRequest() {
		w.mu.Lock()
		w.documents[withoutFragment(r.URL())] = true
		w.mu.Unlock()
	}
	u, err := url.Parse(r.URL())
	if err != nil {
		w.report("request to an unreadable URL: %s", r.URL())
		return
	}
	switch u.Scheme {
	case "data", "blob", "about":
		return
	}
	if u.Scheme+"://"+u.Host != w.origin {
		w.report("request to another origin: %s", r.URL())
	}
}

func (w *watch) response(r playwright.Response) {
	if r.Status() >= 500 {
		w.report("answer %d: %s", r.Status(), r.URL())
	}
}

func (w *watch) isDocument(address string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.documents[withoutFragment(address)]
}

func (w *watch) report(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.found = append(w.found, text)
}

// tolerate leaves problems out that match the pattern.
func (w *watch) tolerate(pattern string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.tolerated = append(w.tolerated, regexp.MustCompile(pattern))
}

// problems are the reports so far, without the tolerated ones.
func (w *watch) problems() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	var left []string
	for _, text := range w.found {
		if !w.tolerates(text) {
			left = append(left, text)
		}
	}
	return left
}

func (w *watch) tolerates(text string) bool {
	for _, pattern := range w.tolerated {
		if pattern.MatchString(text) {
			return true
		}
	}
	return false
}

func withoutFragment(address string) string {
	before, _, _ := strings.Cut(address, "#")
	return before
}

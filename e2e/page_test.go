package e2e

import (
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/playwright-community/playwright-go"
)

// waitLimit is how long, in milliseconds, an action or expectation waits.
const waitLimit = 7000

// arrivalLimit is how long a page may take to be left for another.
const arrivalLimit = 30 * time.Second

// pageOption changes the browser context that a page lives in.
type pageOption func(*playwright.BrowserNewContextOptions)

// mobile is a phone, 360 px wide, with a touch screen.
func mobile(o *playwright.BrowserNewContextOptions) {
	o.Viewport = &playwright.Size{Width: 360, Height: 740}
	o.HasTouch = playwright.Bool(true)
	o.IsMobile = playwright.Bool(true)
}

// tablet is 820 px wide: tables are tables there, with little room.
func tablet(o *playwright.BrowserNewContextOptions) {
	o.Viewport = &playwright.Size{Width: 820, Height: 1180}
}

// dark asks for the dark colour scheme.
func dark(o *playwright.BrowserNewContextOptions) {
	o.ColorScheme = playwright.ColorSchemeDark
}

// noScript switches JavaScript off for the pages; axe still runs.
func noScript(o *playwright.BrowserNewContextOptions) {
	o.JavaScriptEnabled = playwright.Bool(false)
}

// page is a tab of a fresh browser context: no cookies, no storage, shared with
// nobody. Its verbs (click, fill, sees …) come from scope, here the whole page.
type page struct {
	playwright.Page
	scope
	server *server
	watch  *watch

	noScript bool
}

// newPage opens a tab. At the test's end it fails the test for all that its watch
// has found, and says where the page was if the test failed.
func newPage(t *testing.T, s *server, opts ...pageOption) *page {
	t.Helper()
	p, err := openPage(s, opts...)
	if err != nil {
		t.Fatalf("new page: %v", err)
	}
	p.adopt(t)
	t.Cleanup(func() { p.finish(t) })
	return p
}

// newTab opens another tab that has the same cookies.
func (p *page) newTab() *page {
	p.t.Helper()
	tab, err := p.Context().NewPage()
	if err != nil {
		p.t.Fatalf("new tab: %v", err)
	}
	other := &page{Page: tab, server: p.server, watch: p.watch, noScript: p.noScript}
	other.adopt(p.t)
	return other
}

// openPage is newPage without the test.
func openPage(s *server, opts ...pageOption) (*page, error) {
	options := playwright.BrowserNewContextOptions{
		Viewport:      &playwright.Size{Width: 1280, Height: 800},
		ColorScheme:   playwright.ColorSchemeLight,
		ReducedMotion: playwright.ReducedMotionReduce,
		Locale:        playwright.String("en-US"),
		TimezoneId:    playwright.String("UTC"),
		Permissions:   []string{"clipboard-read", "clipboard-write"},
	}
	for _, opt := range opts {
		opt(&options)
	}
	context, err := shared.browser.NewContext(options)
	if err != nil {
		return nil, err
	}
	context.SetDefaultTimeout(waitLimit)
	p := &page{server: s, watch: observe(context, s.URL)}
	p.noScript = options.JavaScriptEnabled != nil && !*options.JavaScriptEnabled
	if p.Page, err = context.NewPage(); err != nil {
		_ = context.Close()
		return nil, err
	}
	return p, nil
}

func (p *page) adopt(t *testing.T) {
	p.scope = scope{t: t, page: p, root: p.Page.Locator(":root"), expect: playwright.NewPlaywrightAssertions(waitLimit)}
}

// finish reports and closes the page's context.
func (p *page) finish(t *testing.T) {
	for _, problem := range p.settle() {
		t.Errorf("%s: %s", t.Name(), problem)
	}
	if t.Failed() && !p.IsClosed() {
		t.Logf("the page was %s\n%s", p.URL(), p.outline())
	}
	if err := p.Context().Close(); err != nil {
		t.Errorf("closing the browser context: %v", err)
	}
}

// settle returns the problems once the events that are under way have come in:
// the driver delivers in order, so one more answer is enough.
func (p *page) settle() []string {
	if !p.IsClosed() {
		_, _ = p.Evaluate("0")
	}
	return p.watch.problems()
}

// outline is the page as assistive technology sees it, cut to a readable length.
func (p *page) outline() string {
	text, err := p.Page.Locator("body").AriaSnapshot()
	if err != nil {
		return err.Error()
	}
	if len(text) > 3000 {
		text = text[:3000] + "…"
	}
	return text
}

// open goes to a path of the server, or to a whole URL, and returns the status.
func (p *page) open(path string) int {
	p.t.Helper()
	target := path
	if strings.HasPrefix(path, "/") {
		target = p.server.URL + path
	}
	answer, err := p.Goto(target)
	if err != nil {
		p.t.Fatalf("open %s: %v", path, err)
	}
	if answer == nil { // only the fragment changed
		return 200
	}
	return answer.Status()
}

// path is the path of the present URL, with query and fragment.
func (p *page) path() string {
	u, err := url.Parse(p.URL())
	if err != nil {
		return p.URL()
	}
	u.Scheme, u.Host = "", ""
	return u.String()
}

// reaches waits until the path, without query and fragment, is the given one, and no longer:
// what comes next waits for what it needs of the page.
func (p *page) reaches(path string) {
	p.t.Helper()
	same := func(address string) bool {
		u, err := url.Parse(address)
		return err == nil && u.Path == path
	}
	p.arrives(path, same)
}

// arrives waits until the page has an address that is wanted. It asks the page again and again:
// the driver's own waiting looks once and then for a navigation, and misses one between the two.
func (p *page) arrives(what string, wanted func(address string) bool) {
	p.t.Helper()
	for end := time.Now().Add(arrivalLimit); !wanted(p.URL()); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			p.t.Fatalf("at %s, not at %s", p.URL(), what)
		}
	}
}

// press types a key or a chord ("Tab", "Enter", "Shift+Tab") on what has focus.
func (p *page) press(keys ...string) {
	p.t.Helper()
	for _, key := range keys {
		if err := p.Keyboard().Press(key); err != nil {
			p.t.Fatalf("press %s: %v", key, err)
		}
	}
}

// html is the document as it is now.
func (p *page) html() string {
	p.t.Helper()
	text, err := p.Content()
	if err != nil {
		p.t.Fatalf("content of %s: %v", p.path(), err)
	}
	return text
}

// eval runs a JavaScript expression or function in the page.
func (p *page) eval(script string, arg ...any) any {
	p.t.Helper()
	value, err := p.Evaluate(script, arg...)
	if err != nil {
		p.t.Fatalf("%s: %v", script, err)
	}
	return value
}

// focused is the snapshot of the element that has the focus: - button "Generate".
func (p *page) focused() string {
	p.t.Helper()
	text, err := p.Page.Locator(":focus").AriaSnapshot()
	if err != nil {
		p.t.Fatalf("what has focus: %v", err)
	}
	return text
}

// tabTo presses Tab until the element has focus, as a keyboard user does.
func (p *page) tabTo(role, name string) {
	p.t.Helper()
	const limit = 120
	target := p.find(role, name)
	for range limit {
		p.press("Tab")
		here, err := target.Evaluate("e => e === document.activeElement", nil)
		if err != nil {
			p.t.Fatalf("tab to %s %q: %v", role, name, err)
		}
		if here == true {
			return
		}
	}
	p.t.Fatalf("%s %q is not reached by Tab", role, name)
}

// clipboard is the text on the clipboard. All pages of the browser share it.
func (p *page) clipboard() string {
	p.t.Helper()
	return p.eval("() => navigator.clipboard.readText()").(string)
}

// tolerate leaves out problems that match the pattern, for a test that provokes
// them on purpose.
func (p *page) tolerate(pattern string) { p.watch.tolerate(pattern) }

// signIn signs in on the page "Sign in" and waits until it is left.
func signIn(t *testing.T, p *page, email, password string) {
	t.Helper()
	p.open("/sign-in")
	p.fill("Email", email)
	p.fill("Password", password)
	p.click("button", "Sign in")
	p.arrives("a page for "+email, func(address string) bool { return !strings.Contains(address, "/sign-in") })
	for end := time.Now().Add(arrivalLimit); ; time.Sleep(10 * time.Millisecond) {
		// An error means that a page is just being left for the next. WaitForFunction would need eval in
		// the page, which its policy forbids.
		if state, err := p.Evaluate("document.readyState"); err == nil && state == "complete" {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("sign in as %s: %s does not load", email, p.URL())
		}
	}
}

// screenshot writes NAME.png of the whole page into $LATCHKEY_SCREENSHOTS, and
// does nothing when that is not set.
func screenshot(t *testing.T, p *page, name string) {
	t.Helper()
	folder := os.Getenv("LATCHKEY_SCREENSHOTS")
	if folder == "" {
		return
	}
	_, err := p.Screenshot(playwright.PageScreenshotOptions{
		Path:     playwright.String(filepath.Join(folder, name+".png")),
		FullPage: playwright.Bool(true),
	})
	if err != nil {
		t.Fatalf("screenshot %s: %v", name, err)
	}
}
